"""Start, watch and end one program of the product, so that none outlives its supervisor."""

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

FIRST_WAIT = 0.5
LONGEST_WAIT = 15.0
STEADY_AFTER = 30.0
_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None) if sys.platform == "linux" else None


@dataclass(eq=False)
class Program:
    """One program: how to start it, how long it may take to stop, and the process that runs it now."""

    name: str
    command: Sequence[str]
    grace: float = 10.0
    process: "subprocess.Popen[str] | None" = None
    started: float = 0.0
    wait: float = FIRST_WAIT
    due: float = field(default=0.0)

    def start(self, environment: Mapping[str, str], cwd: str, say: Callable[[str, str], None]) -> None:
        """Start the program in a session of its own and pass on what it writes."""
        self.process = spawn(self.command, environment, cwd)
        self.started = time.monotonic()
        self.due = 0.0
        threading.Thread(target=_pass_on, args=(self, self.process, say), daemon=True).start()

    def is_dead(self) -> bool:
        return self.process is not None and self.process.poll() is not None

    def plan_restart(self) -> float:
        """Choose when the dead program starts again and return the seconds until then; a failing one waits longer."""
        now = time.monotonic()
        if now - self.started > STEADY_AFTER:
            self.wait = FIRST_WAIT
        wait, self.wait = self.wait, min(self.wait * 2, LONGEST_WAIT)
        self.due = now + wait
        return wait

    def end(self, hurry: Callable[[], bool]) -> None:
        """Ask the program to stop, insist after its grace, and leave nothing of its session behind."""
        if self.process is None:
            return
        _signal(self.process.pid, signal.SIGTERM, group=False)
        deadline = time.monotonic() + self.grace
        while self.process.poll() is None and time.monotonic() < deadline and not hurry():
            time.sleep(0.05)
        self.sweep()
        self.process.wait()

    def sweep(self) -> None:
        """Kill what is left of the program's session, such as the children of a killed worker."""
        if self.process is not None:
            _signal(self.process.pid, signal.SIGKILL, group=True)


def spawn(command: Sequence[str], environment: Mapping[str, str], cwd: str) -> "subprocess.Popen[str]":
    """Start a command in its own session; it gets SIGTERM when this process dies, however it dies."""
    parent = os.getpid()
    return subprocess.Popen(  # noqa: S603 (our own programs)
        command,
        env=dict(environment),
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        start_new_session=True,
        preexec_fn=lambda: _die_with(parent),
    )


def _die_with(parent: int) -> None:
    if _libc is not None:
        _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:
            os._exit(1)


def _signal(pid: int, number: signal.Signals, *, group: bool) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        if group:
            os.killpg(pid, number)
        else:
            os.kill(pid, number)


def _pass_on(program: Program, process: "subprocess.Popen[str]", say: Callable[[str, str], None]) -> None:
    if process.stdout is None:
        return
    for line in process.stdout:
        if line.strip():
            say(program.name, line.rstrip())
