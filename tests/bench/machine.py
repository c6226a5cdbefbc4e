"""The processes of a benchmark: started here, ended here, and what they cost in CPU time."""

import contextlib
import os
import platform
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
_PATIENCE = 8.0
_TICK = os.sysconf("SC_CLK_TCK")


class Failed(Exception):
    """A figure cannot be measured; the text says why."""


def cores() -> int:
    """Return how many processors we may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def describe() -> str:
    """Say what the machine is."""
    return f"{cores()} cores, Python {platform.python_version()}, {platform.system()} {platform.release()}"


def folder() -> Path:
    """Make a folder on a real disk: in memory, a commit costs nothing and measures nothing."""
    places = [Path(os.environ["BENCH_DIR"])] if os.environ.get("BENCH_DIR") else [Path("/var/tmp"), ROOT]  # noqa: S108
    for place in places:
        if place.is_dir() and os.access(place, os.W_OK) and file_system(place) not in ("tmpfs", "ramfs"):
            return Path(tempfile.mkdtemp(prefix="portal-bench-", dir=place))
    raise Failed("No folder on a disk was found: set BENCH_DIR to one that is not in memory.")


def file_system(path: Path) -> str:
    """Return the kind of file system that holds a folder."""
    best, kind, mounts = "", "", Path("/proc/self/mounts")
    for line in mounts.read_text().splitlines() if mounts.exists() else []:
        point, name = line.split()[1:3]
        if len(point) > len(best) and path.resolve().is_relative_to(point):
            best, kind = point, name
    return kind


@contextlib.contextmanager
def program(
    command: Iterable[object], environment: Mapping[str, str], log: Path
) -> Iterator["subprocess.Popen[bytes]"]:
    """Run a program to the end of the block; what it says goes to a file."""
    with log.open("ab") as out:
        process = subprocess.Popen([str(part) for part in command], cwd=ROOT, env=environment, stdout=out, stderr=out)
    try:
        yield process
    finally:
        end(process)


def end(process: "subprocess.Popen[bytes]") -> None:
    """Ask a program to stop, and insist: nothing of it is left behind."""
    family = [process.pid, *tree(process.pid)]
    process.terminate()
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(_PATIENCE)
        return
    for pid in {*family, *tree(process.pid)}:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    process.wait(20)


def wait_until(ready: Callable[[], object], seconds: float, complaint: Callable[[], str]) -> None:
    """Wait for something real."""
    deadline = time.monotonic() + seconds
    while not ready():
        if time.monotonic() > deadline:
            raise Failed(complaint())
        time.sleep(0.02)


def tree(pid: int) -> list[int]:
    """Return the descendants of a process."""
    children = Path(f"/proc/{pid}/task/{pid}/children")
    with contextlib.suppress(OSError):
        return [found for child in map(int, children.read_text().split()) for found in (child, *tree(child))]
    return []


def cpu(pid: int) -> float:
    """Return the CPU seconds that a process, its descendants and their ended children have used."""
    return sum(_used(one) for one in (pid, *tree(pid)))


def _used(pid: int) -> float:
    with contextlib.suppress(OSError):
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
        return sum(map(int, fields[11:15])) / _TICK
    return 0.0


def python(*arguments: object) -> list[object]:
    return [sys.executable, *arguments]


def tail(path: Path) -> str:
    """Return the end of a log."""
    return path.read_text(errors="replace")[-1500:] if path.exists() else ""
