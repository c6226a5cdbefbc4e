"""Whether this process found the database away a moment ago: then requests do not all wait to find it out again."""

import threading
import time

from django.db import InterfaceError, OperationalError

_LOOK_AGAIN_SECONDS = 1.0
_LOOK_SECONDS = 1.5
_lock = threading.Lock()
_until = 0.0


def is_on() -> bool:
    """Say whether to spool at once; during an outage one request in a second looks whether the database is back."""
    global _until
    if not _until:
        return False
    with _lock:
        now = time.monotonic()
        if now < _until:
            return True
        # This caller looks; those who come meanwhile do not wait with it.
        _until = now + _LOOK_SECONDS
    return False


def note(trouble: Exception) -> bool:
    """Remember trouble that means that the database is away; returns whether this is news."""
    global _until
    if not isinstance(trouble, (OperationalError, InterfaceError)):
        return True
    with _lock:
        is_news, _until = not _until, time.monotonic() + _LOOK_AGAIN_SECONDS
    return is_news


def over() -> None:
    """Note that the database answers."""
    global _until
    _until = 0.0
