"""Run the whole product as one command; restart what dies, leave nothing behind."""

import fcntl
import os
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import TextIO

from portal import broker, ports
from portal.processes import Program, spawn

QUEUES = ("send", "inbound", "deliver", "maint")
# Two children more than queues: a slow task in each, and two that wait for Twilio at once, still leave one free.
WORKER_CHILDREN = len(QUEUES) + 2
START_SECONDS = 60.0


class CannotStart(Exception):
    """The product cannot run here; the text says why and what to do."""


class Stopped(Exception):
    """Somebody asked to stop while the product was still starting."""


@dataclass
class Supervisor:
    """The programs of the product and the order in which they live."""

    base_dir: Path
    var_dir: Path
    kv_socket: Path
    host: str = "127.0.0.1"
    port: int = 8000
    demo: bool = False
    out: TextIO = field(default_factory=lambda: sys.stdout)
    programs: list[Program] = field(default_factory=list)
    environment: dict[str, str] = field(default_factory=dict)
    _stops: int = 0
    _preparing: Program | None = None

    def run(self) -> int:
        """Run until told to stop and return the exit status."""
        # Texts, keys and logs are nobody else's business on a shared machine.
        os.umask(0o077)
        lock = hold_lock(self.var_dir, self.address)
        ports.require_free(self.host, self.port)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            # nohup asks not to hear of a closed terminal; a Ctrl-C is always meant.
            if number != signal.SIGHUP or signal.getsignal(number) is not signal.SIG_IGN:
                signal.signal(number, self._on_signal)
        status = 0
        try:
            self._start_all()
            self._watch()
        except Stopped:
            pass
        except (CannotStart, broker.NoBroker) as problem:
            self.say("portal", str(problem))
            status = 1
        finally:
            self._stop_all()
            lock.close()
        return status

    @property
    def address(self) -> str:
        return f"http://{'127.0.0.1' if self.host == '0.0.0.0' else self.host}:{self.port}"  # noqa: S104 (compared, not bound)

    def say(self, name: str, text: str) -> None:
        # One write for the whole line: several programs speak at once.
        self.out.write(f"{name:<8}| {text}\n")
        self.out.flush()

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        self._stops += 1
        if self._preparing:
            self._preparing.sweep()

    def _start_all(self) -> None:
        self.environment = self._environment()
        if not os.environ.get("REDIS_URL"):
            self.say("portal", "Starting the broker ...")
            self._wait(lambda: not broker.answers_ping(self.kv_socket), "The broker of an earlier run does not end.")
            self._start(Program("broker", broker.command(self.var_dir, self.kv_socket)))
            self._wait(
                lambda: broker.answers_ping(self.kv_socket), f"The broker does not start: see {self.var_dir}/kv/."
            )
        if self.demo:
            self.say("portal", "Starting the sandbox Twilio ...")
            self._start(self._sandbox())
            port = int(self.environment["SANDBOX_URL"].rsplit(":", 1)[1])
            self._wait(lambda: ports.accepts("127.0.0.1", port), "The sandbox Twilio does not start.")
        greeting = self._prepare()
        self.say("portal", "Starting web, worker, beat and spool ...")
        for program in self._portal_programs():
            self._start(program)
        self._wait(lambda: ports.answers_http(self.host, self.port), "The web server does not answer.")
        self.out.write(f"\nThe portal is running at {self.address}\n{greeting}Stop it with Ctrl-C.\n\n")
        self.out.flush()

    def _environment(self) -> dict[str, str]:
        extra = {"VAR_DIR": str(self.var_dir), "DEMO": str(int(self.demo)), "LOCAL_BASE_URL": self.address}
        extra |= {"BIND": f"{self.host}:{self.port}", "PYTHONUNBUFFERED": "1"}
        # Celery warns at length about root, whom a container or a trial machine often has.
        extra["PYTHONWARNINGS"] = os.environ.get("PYTHONWARNINGS", "ignore:::celery.platforms")
        if self.demo:
            extra["SANDBOX_URL"] = f"http://127.0.0.1:{ports.free(self.port + 1)}"
        return {**os.environ, **extra}

    def _sandbox(self) -> Program:
        port = self.environment["SANDBOX_URL"].rsplit(":", 1)[1]
        options = ["--host", "127.0.0.1", "--port", port, "--state", str(self.var_dir / "sandbox")]
        return Program("sandbox", [sys.executable, "-m", "sms.sandbox", *options])

    def _portal_programs(self) -> list[Program]:
        celery = [sys.executable, "-m", "celery", "-A", "portal", "--quiet"]
        worker = [*celery, "worker", *worker_options(), "--concurrency", str(WORKER_CHILDREN)]
        return [
            Program(
                "web",
                [sys.executable, "-m", "gunicorn", "-c", "python:portal.gunicorn_config", "portal.wsgi"],
            ),
            Program("worker", worker, grace=40.0),
            Program("beat", [*celery, "beat", "--loglevel", "WARNING", "--pidfile="]),
            Program("spool", [sys.executable, "manage.py", "spool"]),
        ]

    def _prepare(self) -> str:
        """Migrate, build and seed in a process of its own; return what to tell the reader at the end."""
        process = spawn([sys.executable, "manage.py", "prepare"], self.environment, str(self.base_dir))
        self._preparing = Program("prepare", [], process=process)
        greeting = ""
        for line in process.stdout or ():
            if line.startswith("> "):
                self.say("portal", line[2:].rstrip())
            else:
                greeting += line
        status, self._preparing = process.wait(), None
        if self._stops:
            raise Stopped
        if status:
            raise CannotStart(f"The portal could not be prepared:\n{greeting}")
        return greeting

    def _start(self, program: Program) -> None:
        if program not in self.programs:
            self.programs.append(program)
        program.start(self.environment, str(self.base_dir), self.say)

    def _wait(self, ready: Callable[[], bool], failure: str) -> None:
        deadline = time.monotonic() + START_SECONDS
        while not ready():
            if self._stops:
                raise Stopped
            if time.monotonic() > deadline:
                raise CannotStart(failure)
            self._revive()
            time.sleep(0.1)

    def _watch(self) -> None:
        while not self._stops:
            self._revive()
            time.sleep(0.2)

    def _revive(self) -> None:
        """Start again whatever died, at once the first time and ever later when it keeps dying."""
        for program in self.programs:
            if not program.is_dead():
                continue
            if not program.due:
                program.sweep()
                code = program.process.returncode if program.process else None
                self.say(
                    "portal",
                    f"{program.name} ended ({code}); starting it again in {program.plan_restart():g} s",
                )
            elif time.monotonic() >= program.due:
                self._start(program)

    def _stop_all(self) -> None:
        if self.programs:
            self.say("portal", "Stopping ...")
        before = self._stops
        for program in reversed(self.programs):
            program.end(lambda: self._stops > max(before, 1))
        if self.programs:
            self.say("portal", "Stopped.")


def worker_options() -> list[str]:
    """Return the worker's options that `up` and the containers share."""
    return ["--queues", ",".join(QUEUES), "--loglevel", "WARNING", "--without-gossip", "--without-mingle"]


def hold_lock(var_dir: Path, address: str) -> TextIO:
    """Take the lock that keeps a second copy away from the same data."""
    try:
        var_dir.mkdir(parents=True, exist_ok=True)
        lock = (var_dir / "up.lock").open("a+")
    except OSError as problem:
        raise CannotStart(
            f"{var_dir} cannot be written to ({problem.strerror}). Set VAR_DIR to a folder that you may write to."
        ) from problem
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as problem:
        lock.seek(0)
        running = lock.read().strip() or "an unknown address"
        lock.close()
        raise CannotStart(f"The portal is already running from this folder, at {running}. Stop it first.") from problem
    lock.truncate(0)
    lock.write(f"{address}\n")
    lock.flush()
    return lock
