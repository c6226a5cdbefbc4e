"""What is now: the database's time, the same for every process. The only source of time."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.db import connection

_RESYNC_SECONDS = 60.0
_frozen: datetime | None = None
_offset = 0.0
_synced_at: float | None = None


def now() -> datetime:
    """Return the current moment in UTC. Never asks the database: `sync` does."""
    if _frozen is not None:
        return _frozen
    return datetime.fromtimestamp(time.time() + _offset + settings.CLOCK_OFFSET_SECONDS, UTC)


def sync(*, force: bool = False) -> None:
    """Learn the database's time once a minute; called at the start of a page or of a round of work."""
    global _offset, _synced_at
    if connection.vendor == "sqlite" or (
        not force and _synced_at is not None and time.monotonic() - _synced_at < _RESYNC_SECONDS
    ):
        return
    with connection.cursor() as cursor:
        before = time.time()
        cursor.execute("SELECT EXTRACT(EPOCH FROM clock_timestamp())")
        _offset = float(cursor.fetchone()[0]) - (before + time.time()) / 2
    _synced_at = time.monotonic()


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


os.register_at_fork(after_in_child=lambda: globals().update(_synced_at=None))
