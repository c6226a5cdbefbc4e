"""How long this thread waits for PostgreSQL before it gives up: kept by the client, whatever the server does.

A frozen server neither answers nor refuses, and its own time limits stand still with it.
"""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

_CONNECT_SECONDS = 0.8


@dataclass(slots=True)
class _Limits:
    """What holds for a thread: a moment by which all must be done, or seconds for each statement."""

    until: float | None = None
    each: float | None = None


class _Thread(threading.local):
    limits = _Limits()


_thread = _Thread()
# When, by the steady clock, a statement of this process was last given up.
_missed_at = float("-inf")


@contextmanager
def all_within(seconds: float) -> Iterator[None]:
    """Give everything in a block, connecting included, so many seconds together."""
    with _limited(_Limits(until=time.monotonic() + seconds)):
        yield


@contextmanager
def each_within(seconds: float) -> Iterator[None]:
    """Give each statement in a block so many seconds of its own."""
    with _limited(_Limits(each=seconds)):
        yield


@contextmanager
def _limited(limits: _Limits) -> Iterator[None]:
    before, _thread.limits = _thread.limits, limits
    try:
        yield
    finally:
        _thread.limits = before


def left() -> float | None:
    """Return how many seconds the next statement may take; None when there is no limit."""
    limits = _thread.limits
    if limits.until is not None:
        return max(0.0, limits.until - time.monotonic())
    return limits.each


def left_to_connect() -> float | None:
    """Return how many seconds a new connection may take; None leaves it to the connection's own setting."""
    until = _thread.limits.until
    return None if until is None else min(max(0.0, until - time.monotonic()), _CONNECT_SECONDS)


def note_missed() -> None:
    """Remember that the server did not answer in time."""
    global _missed_at
    _missed_at = time.monotonic()


def missed_lately(seconds: float) -> bool:
    """Whether the server kept somebody of this process waiting in vain, so many seconds ago at most."""
    return time.monotonic() - _missed_at < seconds
