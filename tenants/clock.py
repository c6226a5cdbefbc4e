"""What is now: the database's time, the same for every process. The only source of time."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.db import connection

_RESYNC_SECONDS = 60.0
_frozen: datetime | None = None
# The database's time (seconds since 1970) and when, by this machine's steady clock, it was read: one tuple, so that
# threads never see half of it.
_read: tuple[float, float] | None = None


def now() -> datetime:
    """Return the current moment in UTC. Never asks the database: `sync` does."""
    if _frozen is not None:
        return _frozen
    known = _read
    seconds = known[0] + (time.monotonic() - known[1]) if known else time.time()
    return datetime.fromtimestamp(seconds + settings.CLOCK_OFFSET_SECONDS, UTC)


def sync(*, force: bool = False) -> None:
    """Learn the database's time once a minute; called at the start of a page, a webhook or a round of work.

    On SQLite the database's time is this machine's own, which every process shares.
    """
    global _read
    if connection.vendor == "sqlite":
        return
    if _read is not None and not force and time.monotonic() - _read[1] < _RESYNC_SECONDS:
        return
    with connection.cursor() as cursor:
        before = time.monotonic()
        cursor.execute("SELECT EXTRACT(EPOCH FROM clock_timestamp())")
        _read = float(cursor.fetchone()[0]), (before + time.monotonic()) / 2


@contextmanager
def frozen(moment: datetime) -> Iterator[None]:
    """Stand still at a moment (UTC), for tests."""
    global _frozen
    before, _frozen = _frozen, moment
    try:
        yield
    finally:
        _frozen = before


def in_seconds(seconds: float) -> datetime:
    """Return the moment that many seconds from now."""
    return now() + timedelta(seconds=seconds)
