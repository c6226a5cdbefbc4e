"""`make check`: every stage, its time, and a last line that says what could not be proved here."""

import contextlib
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import tests.environment  # noqa: E402, F401 (sets the surroundings of everything below)
from tests import promises, servers  # noqa: E402 (found through the line above)

PYTEST = ["-m", "pytest", "-q"]
_NO_SERVERS = 3  # what tests.bench says when it can start none
skips: list[str] = []


def python(*arguments: str, **environment: str) -> bool:
    """Run a Python program of the checkout and say whether it succeeded."""
    own = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
    return subprocess.run([sys.executable, *arguments], cwd=ROOT, env={**own, **environment}).returncode == 0


def tool(name: str, *arguments: str) -> bool:
    return subprocess.run([Path(sys.executable).with_name(name), *arguments], cwd=ROOT).returncode == 0


def mendable(ok: bool) -> bool:
    if not ok:
        print("`make format` mends this.")
    return ok


def format_() -> bool:
    return mendable(tool("ruff", "format", "--check", "--quiet", "."))


def lint() -> bool:
    return tool("ruff", "check", "--quiet", ".")


def templates() -> bool:
    files = sorted(str(path) for path in ROOT.glob("templates/**/*.html"))
    return not files or mendable(tool("djade", "--check", "--target-version", "5.2", *files))


def types() -> bool:
    # What mypy remembers can hide a module that is new; only a fresh look may fail.
    remembered = subprocess.run([sys.executable, "-m", "mypy"], cwd=ROOT, capture_output=True)
    return remembered.returncode == 0 or python("-m", "mypy", "--no-incremental")


def sqlite() -> bool:
    return python(*PYTEST, "-n", "2", "-m", "not browser and not processes and not postgres")


def postgres() -> bool:
    with _postgres_url() as url:
        if url is None:
            return True
        return python(*PYTEST, "-n", "2", "-m", "not browser and not processes", DATABASE_URL=url)


def processes() -> bool:
    return python(*PYTEST, "-m", "processes and not browser")


def chaos() -> bool:
    return python("-m", "tests.chaos", "--short")


def bench() -> bool:
    """Measure a little of each kind: the figures must come about; whether one is short is not asked here."""
    figures = "webhook_intake,webhook_intake_embedded,send,status_callbacks,end_to_end,rule_decision,log_page"
    command = [sys.executable, "-m", "tests.bench", "--quick", "--only", figures]
    status = subprocess.run(command, cwd=ROOT).returncode
    if status == _NO_SERVERS:
        skips.append("bench (no PostgreSQL or no broker)")
    return status in (0, _NO_SERVERS)


def browser() -> bool:
    if servers.chromium() is None:
        skips.append("browser (no Chromium)")
        return True
    return python(*PYTEST, "-m", "browser")


@contextlib.contextmanager
def _postgres_url() -> Iterator[str | None]:
    """Give a PostgreSQL to test on: the one named, the machine's own, or the one from the wheel."""
    if url := os.environ.get("TEST_DATABASE_URL") or _machine_postgres():
        yield url
        return
    with contextlib.ExitStack() as stack:
        try:
            url = stack.enter_context(servers.postgres())
        except servers.Unavailable as problem:
            skips.append(f"PostgreSQL ({problem})")
            url = None
        yield url


def _machine_postgres() -> str | None:
    """Return the machine's own server if it lets us in without a password and is new enough."""
    import psycopg

    try:
        socket.create_connection(("127.0.0.1", 5432), timeout=1).close()
        with psycopg.connect(host="127.0.0.1", user="postgres", dbname="postgres", connect_timeout=3) as connection:
            new_enough = connection.info.server_version >= 150000
            return f"postgres://postgres@127.0.0.1:5432/portal_{os.getpid()}" if new_enough else None
    except (OSError, psycopg.Error):
        return None


def promises_() -> bool:
    """Say whether each test that a promise of the README names has passed, in one of the stages before."""
    missing = promises.unproved(Path(os.environ[promises.NOTE_IN]))
    if skips:
        print(f"not proved here: {len(missing)} tests that promises name")
        return True
    for name in missing:
        print(f"A promise names {name}, which did not pass.")
    return not missing


STAGES: dict[str, Callable[[], bool]] = {
    "format": format_,
    "lint": lint,
    "templates": templates,
    "types": types,
    "sqlite": sqlite,
    "postgres": postgres,
    "processes": processes,
    "chaos": chaos,
    "bench": bench,
    "browser": browser,
    "promises": promises_,
}


@contextlib.contextmanager
def _passed_tests_noted() -> Iterator[None]:
    """Let the stages note which tests passed, for the last of them."""
    before = os.environ.get(promises.NOTE_IN)
    with tempfile.TemporaryDirectory(prefix="portal-check-") as folder:
        os.environ[promises.NOTE_IN] = str(Path(folder) / "passed")
        yield
    if before is None:
        del os.environ[promises.NOTE_IN]
    else:
        os.environ[promises.NOTE_IN] = before


def main(names: list[str]) -> int:
    with _passed_tests_noted():
        failed = [name for name in names or STAGES if not _timed(name)]
    if failed:
        print(f"FAILED: {', '.join(failed)}")
    elif not skips:
        print("All green.")
    for skip in skips:
        print(f"SKIPPED: {skip}")
    return int(bool(failed or (skips and os.environ.get("CI"))))


def _timed(name: str) -> bool:
    print(f"== {name}", flush=True)
    started = time.monotonic()
    ok = STAGES[name]()
    print(f"== {name}: {'ok' if ok else 'FAILED'} in {time.monotonic() - started:.0f} s\n", flush=True)
    return ok


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
