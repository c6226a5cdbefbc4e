"""What every figure is given: databases, a broker, the portal's programs, and how long it may measure."""

import base64
import contextlib
import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Any

from portal.broker import NoBroker
from portal.broker import _program as broker_program
from tests.bench import databases, machine
from tests.bench.databases import Cluster, Database, Postgres, Sqlite
from tests.bench.machine import Failed
from tests.servers import free_port

_INHERITED = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "LD_LIBRARY_PATH")
PUBLIC = "https://portal.example"
_KEYS = {
    "SECRET_KEY": "bench " * 12,
    "FIELD_KEYS": f"k1:{base64.b64encode(b'bench' * 6 + b'ab').decode()}",
    "WEBHOOK_KEY_SECRETS": "bench" * 12,
}


class Bench:
    """One run. Everything it starts ends with it."""

    def __init__(self, *, quick: bool) -> None:
        self.quick = quick
        self.names: frozenset[str] = frozenset()
        self.seconds = 0.5 if quick else 2.0
        self.rounds = 3 if quick else 8
        self._made = 0

    def __enter__(self) -> "Bench":
        self.stack = contextlib.ExitStack()
        self.folder = machine.folder()
        self.stack.callback(shutil.rmtree, self.folder, ignore_errors=True)
        return self

    def __exit__(self, *problem: object) -> None:
        self.stack.close()

    def wants(self, name: str) -> bool:
        """Whether this figure was asked for."""
        return name in self.names

    def start(self) -> None:
        """Start the servers that all figures share."""
        _ = self.cluster, self.broker

    @cached_property
    def cluster(self) -> Cluster:
        """The PostgreSQL of this run."""
        return self.stack.enter_context(databases.cluster(self.folder))

    @cached_property
    def broker(self) -> str:
        """The address of this run's broker."""
        try:
            program, port = broker_program(), free_port()
        except NoBroker as problem:
            raise Failed(str(problem)) from problem
        data, log = self.folder / "kv", self.folder / "kv.log"
        data.mkdir()
        options = ["--bind", "127.0.0.1", "--port", port, "--dir", data, "--save", ""]
        command = [program, *options, "--appendonly", "yes", "--appendfsync", "everysec"]
        self.stack.enter_context(machine.program(command, dict(os.environ), log))
        machine.wait_until(lambda: accepts(port), 20, lambda: f"The broker does not start: {machine.tail(log)}")
        return f"redis://127.0.0.1:{port}"

    @cached_property
    def _template(self) -> str:
        database = self.cluster.create("migrated")
        self.manage(database, "migrate", "--verbosity", "0")
        self.manage(database, "createcachetable", "--verbosity", "0")
        return "migrated"

    def database(self, engine: str = "postgresql") -> Database:
        """Return a fresh database with the portal's tables."""
        self._made += 1
        if engine == "postgresql":
            made = self.cluster.create(f"bench_{self._made}", self._template)
            made.describe()
            self.stack.callback(made.close)
            return made
        folder = self.folder / f"sqlite_{self._made}"
        folder.mkdir()
        embedded = Sqlite(folder)
        self.manage(embedded, "migrate", "--verbosity", "0")
        return embedded

    def bare_database(self) -> Postgres:
        """Return an empty PostgreSQL database, for a floor that makes its own table."""
        self._made += 1
        made = self.cluster.create(f"floor_{self._made}")
        made.describe()
        self.stack.callback(made.close)
        return made

    def environment(self, database: Database, **more: str) -> dict[str, str]:
        """Return the surroundings of the portal's programs on a database: production, and nothing inherited."""
        var = self.folder / "var"
        var.mkdir(exist_ok=True)
        base = {
            "DJANGO_SETTINGS_MODULE": "portal.settings",
            "VAR_DIR": str(var),
            "PUBLIC_BASE_URL": PUBLIC,
            "REDIS_URL": self.broker,
            **_KEYS,
        }
        return {**self.plain(), **base, **database.environment, **more}

    def plain(self) -> dict[str, str]:
        """Return surroundings in which nothing is inherited that could set up a portal."""
        kept = {name: value for name, value in os.environ.items() if name in _INHERITED}
        return kept | {"PYTHONUNBUFFERED": "1"}

    def manage(self, database: Database, *arguments: str, **more: str) -> str:
        """Run a command of manage.py."""
        return self._run(["manage.py", *arguments], self.environment(database, **more))

    def child(self, database: Database, module: str, *arguments: object, **more: str) -> Any:
        """Run a module of ours inside the portal's settings; its last line is JSON, which is returned."""
        said = self._run(["-m", module, *arguments], self.environment(database, **more))
        return json.loads(said.strip().splitlines()[-1])

    def _run(self, arguments: list[object], environment: dict[str, str]) -> str:
        command = [str(part) for part in machine.python(*arguments)]
        done = subprocess.run(command, cwd=machine.ROOT, env=environment, capture_output=True, text=True)
        if done.returncode:
            raise Failed(f"{' '.join(map(str, arguments))}: {(done.stderr or done.stdout).strip()[-1500:]}")
        return done.stdout

    @contextlib.contextmanager
    def running(
        self, name: str, command: list[object], environment: dict[str, str]
    ) -> Iterator["subprocess.Popen[bytes]"]:
        """Run a program of ours to the end of the block."""
        with machine.program(machine.python(*command), environment, self.path(f"{name}.log")) as process:
            yield process

    def log(self, name: str) -> str:
        """Return the end of what a program said."""
        return machine.tail(self.path(f"{name}.log"))

    def path(self, name: str) -> Path:
        return self.folder / name


def accepts(port: int) -> bool:
    """Say whether something listens there."""
    import socket

    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True
