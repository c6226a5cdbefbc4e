"""Named places at which tests let a process die, wait or fail: nothing happens unless FAILPOINTS arms them.

FAILPOINTS="send.marked:crash:once,hook.stored:sleep=2,deliver.done:raise:hit=3"; `hit=3` strikes the third time a
process comes by, `once` strikes one single time, whatever is restarted: a file in the data folder remembers it.
Removing that file arms the place again.
"""

import os
import threading
import time
from dataclasses import dataclass
from pathlib import Path


class Failed(RuntimeError):
    """A failpoint was told to raise."""


@dataclass(slots=True)
class Point:
    """What happens at one place."""

    name: str
    action: str
    seconds: float = 0.0
    hit: int = 0
    once: bool = False
    passed: int = 0


_points: dict[str, Point] | None = None
_folder = Path()
_lock = threading.Lock()


def failpoint(name: str) -> None:
    """Mark a place in the code where a test may make this process fail."""
    if _points is not None:
        _reach(name)


def arm(text: str, folder: Path) -> None:
    """Read FAILPOINTS; an empty one disarms all. What `once` has used up is remembered in the folder.

    Raises:
        ValueError: it cannot be read.
    """
    global _points, _folder
    _folder = folder
    points = [_parse(part.strip()) for part in text.split(",") if part.strip()]
    _points = {point.name: point for point in points} or None


def _parse(text: str) -> Point:
    name, _, rest = text.partition(":")
    action, *options = rest.split(":")
    word, _, seconds = action.partition("=")
    if word not in ("crash", "sleep", "raise") or (word == "sleep") != bool(seconds):
        raise ValueError(f"FAILPOINTS: {text!r} is not NAME:crash|sleep=SECONDS|raise[:hit=N][:once]")
    point = Point(name, word, float(seconds or 0))
    for option in options:
        key, _, number = option.partition("=")
        if key == "once" and not number:
            point.once = True
        elif key == "hit":
            point.hit = int(number)
        else:
            raise ValueError(f"FAILPOINTS: {option!r} is neither hit=N nor once")
    return point


def _reach(name: str) -> None:
    point = (_points or {}).get(name)
    if point is None or not _strikes(point):
        return
    if point.action == "crash":
        os._exit(137)
    if point.action == "raise":
        raise Failed(name)
    time.sleep(point.seconds)


def _strikes(point: Point) -> bool:
    with _lock:
        point.passed += 1
        if point.hit and point.passed != point.hit:
            return False
    if not point.once:
        return True
    _folder.mkdir(parents=True, exist_ok=True)
    try:
        os.close(os.open(_folder / point.name, os.O_CREAT | os.O_EXCL))
    except FileExistsError:
        return False
    return True
