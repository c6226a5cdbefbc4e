"""Let only so many processes of this machine do a kind of work at once; a process that dies frees its place."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from django.conf import settings


@contextmanager
def one_of(name: str, count: int) -> Iterator[bool]:
    """Hold one of so many places until the end of the block; False when all are taken.

    Where the data folder takes no locks, everybody has a place: this spares workers, nothing depends on it.
    """
    with suppress(OSError):
        settings.VAR_DIR.mkdir(parents=True, exist_ok=True)
        for number in range(count):
            with (settings.VAR_DIR / f"{name}.{number}.lock").open("a") as file:
                try:
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    continue
                yield True
                return
        yield False
        return
    yield True
