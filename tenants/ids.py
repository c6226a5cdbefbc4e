"""Make primary keys: UUIDv7, ordered by time and monotonic within a process. PURE but for its own counter."""

import secrets
import threading
import time
import uuid
from datetime import UTC, datetime

_lock = threading.Lock()
_last = 0
# How far a repeated moment moves on: by chance, so that processes forked from one never walk the same ids.
_STEP_BITS = 40


def new_id() -> uuid.UUID:
    """Return a UUIDv7 (RFC 9562) that is greater than every earlier one of this process."""
    global _last
    chance = secrets.randbits(74 + _STEP_BITS)
    fresh = (time.time_ns() // 1_000_000) << 74 | chance >> _STEP_BITS
    with _lock:
        _last = max(fresh, _last + 1 + (chance & ((1 << _STEP_BITS) - 1)))
        value = _last
    return _uuid(value)


def id_at(moment: datetime) -> uuid.UUID:
    """Return a UUIDv7 that stands where a row of another moment belongs: what is written in after the event."""
    return _uuid(round(moment.timestamp() * 1000) << 74 | secrets.randbits(74))


def moment_of(row: uuid.UUID) -> datetime:
    """Return the moment from which a UUIDv7 was made."""
    return datetime.fromtimestamp((row.int >> 80) / 1000, UTC)


def _uuid(value: int) -> uuid.UUID:
    high, low = value >> 62, value & ((1 << 62) - 1)
    milliseconds, random_a = high >> 12, high & 0xFFF
    return uuid.UUID(int=milliseconds << 80 | 0x7 << 76 | random_a << 64 | 0b10 << 62 | low)
