"""Programs of a world: started, killed, frozen and revived; a PostgreSQL and a broker that may be maltreated."""

import contextlib
import ctypes
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from portal import broker
from tests import servers

_libc = ctypes.CDLL(None) if sys.platform == "linux" else None
_PR_SET_PDEATHSIG = 1


def _die_with_us() -> None:
    """Leave nothing behind, however the harness ends."""
    if _libc is not None:
        _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


class Program:
    """One process (and what it starts), in a session of its own, writing to a log of its own."""

    def __init__(self, name: str, command: Sequence[str], folder: Path, cwd: Path, env: Mapping[str, str]) -> None:
        self.name, self.command, self.cwd, self.env = name, list(command), cwd, dict(env)
        self.log = folder / f"{name}.log"
        self.wanted = False
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self.wanted = True
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                self.command,
                cwd=self.cwd,
                env=self.env,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                preexec_fn=_die_with_us,
            )

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    @property
    def is_alive(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def children(self) -> list[int]:
        """Return the ids of its children, and of theirs."""
        return _descendants(self.pid) if self.is_alive else []

    def kill(self) -> None:
        """Kill it and everything it started, as a power cut would."""
        self.wanted = False
        self._signal_group(signal.SIGKILL)
        if self._process is not None:
            self._process.wait()

    def terminate(self, seconds: float = 60.0) -> None:
        """Ask it to finish what it has in hand, and wait for that."""
        self.wanted = False
        if self._process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            self._process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(seconds)
        self.kill()

    def freeze(self) -> None:
        for pid in [self.pid, *self.children()]:
            send_signal(pid, signal.SIGSTOP)

    def thaw(self) -> None:
        for pid in [*self.children(), self.pid]:
            send_signal(pid, signal.SIGCONT)

    def _signal_group(self, number: signal.Signals) -> None:
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, number)


def send_signal(pid: int, number: signal.Signals) -> None:
    """Signal a process that may be gone already."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.kill(pid, number)


def _descendants(pid: int) -> list[int]:
    found: list[int] = []
    with contextlib.suppress(OSError):
        for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
            found += [int(child), *_descendants(int(child))]
    return found


class Cluster:
    """A PostgreSQL of our own on a TCP port; committed is durable against everything but the machine's power."""

    SETTINGS = ("fsync=off", "full_page_writes=off", "synchronous_commit=on", "max_connections=100")

    def __init__(self, folder: Path) -> None:
        programs = servers._postgres_programs()
        # PostgreSQL refuses to run as root; a user namespace makes it somebody else without changing the machine.
        prefix = ["unshare", "--user", "--map-user=65534", "--map-group=65534"] if os.geteuid() == 0 else []
        self._probe = [*prefix, str(programs / "pg_isready"), "-q", "-h", "127.0.0.1"]
        self.port = servers.free_port()
        servers._run([*prefix, programs / "initdb", "-D", folder / "pg", "-U", "portal", *servers.INITDB])
        options = [part for setting in self.SETTINGS for part in ("-c", setting)]
        place = ["-D", str(folder / "pg"), "-k", str(folder), "-h", "127.0.0.1", "-p", str(self.port)]
        command = [*prefix, str(programs / "postgres"), *place, *options]
        self.program = Program("postgres", command, folder, folder, os.environ)

    def start(self) -> None:
        self.program.start()
        probe = [*self._probe, "-p", str(self.port)]
        _wait(lambda: subprocess.run(probe, check=False).returncode == 0, "PostgreSQL does not start")

    def stop_at_once(self) -> None:
        """Stop as a crash would: nothing is finished, the log is replayed at the next start."""
        self.program.wanted = False
        send_signal(self.program.pid, signal.SIGQUIT)
        with contextlib.suppress(subprocess.TimeoutExpired):
            assert self.program._process is not None
            self.program._process.wait(20)

    def stop(self) -> None:
        if self.program.is_alive:
            self.program.thaw()
            self.stop_at_once()
        self.program.kill()

    @property
    def url(self) -> str:
        return self.url_at(self.port)

    def url_at(self, port: int) -> str:
        return f"postgres://portal@127.0.0.1:{port}/postgres"


class Broker:
    """A broker of our own: on the portal's unix socket (the embedded default) or on a TCP port."""

    def __init__(self, folder: Path, var_dir: Path, path: Path | None) -> None:
        self.folder = var_dir / "kv"
        self.path = path
        self.port = 0 if path else servers.free_port()
        command = broker.command(var_dir, path or folder / "unused.sock")
        command[command.index("--port") + 1] = str(self.port)
        self.program = Program("broker", command, folder, folder, os.environ)

    def start(self) -> None:
        self.program.start()
        _wait(lambda: self.ask("PING").startswith(b"+PONG"), "the broker does not start")

    def forget(self) -> None:
        """Lose what it had kept on disk; only while it is down."""
        for path in sorted(self.folder.rglob("*"), reverse=True):
            if path.is_file() and path.suffix != ".log":
                path.unlink()

    def ask(self, command: str) -> bytes:
        """Send it one command; returns what it says, nothing when it is away."""
        address = str(self.path) if self.path else ("127.0.0.1", self.port)
        family = socket.AF_UNIX if self.path else socket.AF_INET
        with contextlib.suppress(OSError), socket.socket(family) as connection:
            connection.settimeout(2)
            connection.connect(address)
            connection.sendall(f"{command}\r\n".encode())
            return connection.recv(1024)
        return b""


def _wait(ready: object, complaint: str, seconds: float = 60.0) -> None:
    deadline = time.monotonic() + seconds
    while not ready():  # type: ignore[operator]
        if time.monotonic() > deadline:
            raise RuntimeError(complaint)
        time.sleep(0.05)
