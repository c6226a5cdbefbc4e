"""The world of a run: the whole portal on its own folder, ports, database and broker, and the sandbox Twilio."""

import base64
import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from portal.keys import socket_path
from portal.ports import answers_http
from portal.supervisor import Supervisor
from tests import servers
from tests.chaos.database import Away, Database, Row
from tests.chaos.proxy import Proxy
from tests.chaos.services import Broker, Cluster, Program

ROOT = Path(__file__).resolve().parents[2]
# A lease of 3.6 s, a grace of 18 s: short enough to wait for, long enough for a busy machine.
TIME_SCALE = 0.02
PATIENCE = 60.0
# Each is armed by removing the file that says that it has struck: nothing needs to be restarted for that.
FAILPOINTS = (
    "accept.before_commit",
    "accept.committed",
    "hint.published",
    "send.received",
    "send.claimed",
    "send.marked",
    "send.answered",
    "send.recorded",
    "hook.before_insert",
    "hook.stored",
    "spool.after_tmp",
    "spool.after_rename",
    "drain.after_insert",
    "import.page_stored",
    "deliver.claimed",
    "deliver.done",
    "status.applying",
)
KEYS = [f"k{n}:{base64.b64encode(bytes([n]) * 32).decode()}" for n in (1, 2)]


@dataclass(frozen=True)
class Company:
    """What the load knows of a tenant."""

    slug: str
    key: str
    numbers: tuple[str, ...]


class World:
    """Everything that runs; use it as a context manager."""

    def __init__(self, engine: str, seed: int, *, checkout: Path = ROOT, say: Callable[[str], None] = print) -> None:
        self.engine, self.seed, self.checkout, self.say = engine, seed, checkout, say
        self.folder = Path(tempfile.mkdtemp(prefix=f"chaos-{engine}-"))
        self.var_dir = self.folder / "var"
        self.var_dir.mkdir(mode=0o700)
        self.history = self.folder / "history.jsonl"
        self.history.touch()
        self.journal_path = self.folder / "sandbox" / "journal.jsonl"
        self.programs: dict[str, Program] = {}
        self.companies: list[Company] = []
        self.web_port = servers.free_port()
        self.cluster: Cluster | None = None
        self.to_database: Proxy | None = None
        self.to_broker: Proxy | None = None
        self._stack = contextlib.ExitStack()
        self._started = time.monotonic()

    def __enter__(self) -> "World":
        try:
            self._start()
        except BaseException:
            for path in sorted(self.folder.glob("*.log")):
                self.log("\n  ".join([f"{path}:", *path.read_text(errors="replace").splitlines()[-3:]]))
            self._stack.close()
            raise
        return self

    def __exit__(self, kind: object, *error: object) -> None:
        self._stack.close()

    def discard(self) -> None:
        """Remove the folder: nothing was wrong."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def log(self, text: str) -> None:
        """Say what happens, with the seconds since the start."""
        self.say(f"[{self.engine} {time.monotonic() - self._started:6.1f}] {text}")

    # --- Starting ---

    def _start(self) -> None:
        self._start_sandbox()
        self._start_database()
        self._start_broker()
        self._seed()
        for point in FAILPOINTS:
            self.disarm(point)
        supervisor = Supervisor(ROOT, self.var_dir, socket_path(self.var_dir), port=self.web_port)
        for program in supervisor._portal_programs():
            self._add(program.name, list(program.command))
        if (self.checkout / "sms/management/commands/spool.py").exists() and "spool" not in self.programs:
            self._add("spool", [sys.executable, "manage.py", "spool"])
        for name in self.portal:
            self.programs[name].start()
        self.wait(lambda: answers_http("127.0.0.1", self.web_port), "the web server")
        self.log(f"started in {self.folder}")

    @property
    def portal(self) -> list[str]:
        """The names of the portal's own programs."""
        return [name for name in self.programs if name != "sandbox"]

    def _start_sandbox(self) -> None:
        port = servers.free_port()
        options = ["--port", str(port), "--state", str(self.folder / "sandbox"), "--step-seconds", "0.05"]
        self._add("sandbox", [sys.executable, "-m", "sms.sandbox", *options, "--seed", str(self.seed)])
        self.programs["sandbox"].start()
        self.sandbox_url = f"http://127.0.0.1:{port}"
        self.to_twilio = Proxy(port)
        self._stack.callback(self.to_twilio.close)
        self.wait(lambda: self.control("GET", "/settings"), "the sandbox")

    def _start_database(self) -> None:
        if self.engine == "sqlite":
            self.database = Database(f"sqlite:///{self.var_dir / 'portal.sqlite3'}")
            return
        self.cluster = Cluster(self.folder)
        self._stack.callback(self.cluster.stop)
        self.cluster.start()
        self.database = Database(self.cluster.url)
        self.to_database = Proxy(self.cluster.port)
        self._stack.callback(self.to_database.close)

    def _start_broker(self) -> None:
        embedded = self.engine == "sqlite"
        self.broker = Broker(self.folder, self.var_dir, socket_path(self.var_dir) if embedded else None)
        self._stack.callback(self.broker.program.kill)
        self.broker.start()
        if not embedded:
            self.to_broker = Proxy(self.broker.port)
            self._stack.callback(self.to_broker.close)

    def environment(self, **more: str) -> dict[str, str]:
        """Return what the portal's programs are given; nothing of the caller's own settings."""
        inherited = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ}
        web = f"http://127.0.0.1:{self.web_port}"
        own = {
            "VAR_DIR": str(self.var_dir),
            "DEMO": "1",
            "TIME_SCALE": str(TIME_SCALE),
            "SANDBOX_URL": f"http://127.0.0.1:{self.to_twilio.port}",
            "LOCAL_BASE_URL": web,
            "PUBLIC_BASE_URL": web,
            "BIND": f"127.0.0.1:{self.web_port}",
            "SECRET_KEY": "chaos" * 12,
            "FIELD_KEYS": ",".join(KEYS),
            "WEBHOOK_KEY_SECRETS": "c4" * 32,
            "FAILPOINTS": ",".join(f"{name}:crash:once" for name in FAILPOINTS),
            "WEB_THREADS": "6",
            "SEND_IN_FLIGHT": "20",
            "PYTHONUNBUFFERED": "1",
            "PYTHONWARNINGS": "ignore:::celery.platforms",
        }
        if self.to_database is not None and self.cluster is not None:
            own["DATABASE_URL"] = self.cluster.url_at(self.to_database.port)
        if self.to_broker is not None:
            own["REDIS_URL"] = f"redis://127.0.0.1:{self.to_broker.port}/0"
        return {**inherited, **own, **more}

    def _add(self, name: str, command: list[str]) -> None:
        env = dict(os.environ) if name == "sandbox" else self.environment()
        program = self.programs[name] = Program(name, command, self.folder, self.checkout, env)
        self._stack.callback(program.kill)

    def run(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run a program of the portal to its end."""
        return subprocess.run(
            [sys.executable, *arguments],
            cwd=self.checkout,
            env=self.environment(**{"FAILPOINTS": ""} | environment),
            capture_output=True,
            text=True,
            check=False,
        )

    def _seed(self) -> None:
        accounts = {slug: self.control("POST", "/accounts", {"friendly_name": slug}) for slug in ("north", "south")}
        done = self.run("-m", "tests.chaos.seed", json.dumps(accounts))
        if done.returncode:
            raise RuntimeError(f"The world could not be made:\n{done.stdout}{done.stderr}")
        for slug, made in json.loads(done.stdout.splitlines()[-1]).items():
            self.companies.append(Company(slug, made["key"], tuple(made["numbers"])))
            for e164 in made["numbers"]:
                wanted = {"phone_number": e164, "sms_url": made["sms_url"]}
                wanted["sms_fallback_url"] = made["sms_fallback_url"]
                self.control("POST", f"/accounts/{accounts[slug]['sid']}/numbers", wanted)

    # --- While it runs ---

    def control(self, method: str, path: str, body: Any = None) -> Any:
        """Call the sandbox's control API; None when it does not answer."""
        data = None if body is None else json.dumps(body).encode()
        headers = {"Content-Type": "application/json"}
        request = urllib.request.Request(f"{self.sandbox_url}/sandbox{path}", data, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                text = answer.read()
        except OSError:
            return None
        return json.loads(text) if text else {}

    def fault(self, kind: str, **wanted: Any) -> None:
        """Order a fault of the sandbox."""
        self.control("POST", "/faults", {"kind": kind, **wanted})

    def arm(self, point: str) -> None:
        """Let the next process that comes by this failpoint crash."""
        (self.var_dir / "failpoints" / point).unlink(missing_ok=True)

    def disarm(self, point: str) -> None:
        """Let a failpoint be passed."""
        folder = self.var_dir / "failpoints"
        folder.mkdir(exist_ok=True)
        (folder / point).touch()

    def has_struck(self, point: str) -> bool:
        """Whether an armed failpoint was reached."""
        return (self.var_dir / "failpoints" / point).exists()

    def knows(self, point: str) -> bool:
        """Whether this version of the portal has the failpoint at all."""
        places = (self.checkout / app for app in ("sms", "tenants", "portal"))
        return any(f'failpoint("{point}")' in path.read_text() for app in places for path in app.rglob("*.py"))

    def journal(self, *kinds: str) -> Iterator[Row]:
        """Yield what the sandbox has written down."""
        with self.journal_path.open() as file:
            for line in file:
                if line.endswith("\n"):
                    entry: Row = json.loads(line)
                    if not kinds or entry["kind"] in kinds:
                        yield entry

    def rows(self, statement: str, *values: Any) -> list[Row]:
        """Ask the database; nothing when it is away."""
        try:
            return self.database.rows(statement, *values)
        except Away:
            return []

    def wait(self, ready: Callable[[], Any], what: str, seconds: float = PATIENCE) -> Any:
        """Wait for something; programs that have died meanwhile are started again."""
        deadline = time.monotonic() + seconds
        while not (found := ready()):
            if time.monotonic() > deadline:
                raise Stuck(f"waited {seconds:g} s in vain for {what}")
            self.revive()
            time.sleep(0.05)
        return found

    def revive(self) -> None:
        """Start again what died although it was wanted, as `manage.py up` does."""
        for program in self.programs.values():
            if program.wanted and not program.is_alive:
                program.kill()
                program.start()

    @contextlib.contextmanager
    def without_database(self) -> Iterator[None]:
        """Take the database away: PostgreSQL is stopped as by a crash; SQLite's lock is held by somebody else."""
        if self.cluster is None:
            with self.database.held():
                yield
            return
        self.cluster.stop_at_once()
        try:
            yield
        finally:
            self.cluster.start()

    def heal(self) -> None:
        """End every fault; start everything that is down."""
        self.control("DELETE", "/faults")
        for proxy in (self.to_twilio, self.to_database, self.to_broker):
            if proxy is not None:
                proxy.heal()
        for point in FAILPOINTS:
            self.disarm(point)
        if self.cluster is not None:
            self.cluster.program.thaw()
            if not self.cluster.program.is_alive:
                self.cluster.start()
        self.broker.program.thaw()
        if not self.broker.program.is_alive:
            self.broker.start()
        for program in self.programs.values():
            if program.is_alive:
                program.thaw()
            else:
                program.kill()
                program.start()


class Stuck(Exception):
    """Something that must happen did not."""
