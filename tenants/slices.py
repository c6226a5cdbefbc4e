"""A slice of time for work that may be long: it stops at a good place, and goes on in the next slice."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_ends: ContextVar[float | None] = ContextVar("slice_ends", default=None)


class Unfinished(Exception):
    """The slice is over and something is left to do; what was done is done."""


@contextmanager
def of(seconds: float) -> Iterator[None]:
    """Give the work inside so much time, by the wall clock."""
    before = _ends.set(time.monotonic() + seconds)
    try:
        yield
    finally:
        _ends.reset(before)


def check() -> None:
    """Stop here if the slice is over; called where a part is committed. Outside a slice there is time for all.

    Raises:
        Unfinished: it is over.
    """
    ends = _ends.get()
    if ends is not None and time.monotonic() > ends:
        raise Unfinished


def each(part: Callable[[], int]) -> int:
    """Do one part after the other until one finds nothing more to do; returns how much all did."""
    total = 0
    while done := part():
        total += done
        check()
    return total
