"""Hold off strangers: a ceiling on unverified requests, counted in this process. Verified ones are never limited."""

import threading
import time
from collections import OrderedDict

_WINDOW_SECONDS = 60
_REMEMBERED = 10_000
_lock = threading.Lock()
_counts: OrderedDict[tuple[str, int], int] = OrderedDict()

BAD_KEY_PER_ADDRESS = 30
BAD_SIGNATURE_PER_KEY = 300


def exceeded(name: str, ceiling: int) -> bool:
    """Count one unverified request under a name; return whether this minute's ceiling is passed."""
    slot = (name, int(time.monotonic() // _WINDOW_SECONDS))
    with _lock:
        _counts[slot] = _counts.get(slot, 0) + 1
        _counts.move_to_end(slot)
        while len(_counts) > _REMEMBERED:
            _counts.popitem(last=False)
        return _counts[slot] > ceiling


def forget() -> None:
    """Start counting anew, for tests."""
    with _lock:
        _counts.clear()
