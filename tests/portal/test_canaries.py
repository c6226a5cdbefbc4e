"""A real worker that is alive and consumes only some queues: readiness names the others."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import redis

from portal import broker
from tests.servers import ROOT, wait_until

pytestmark = [pytest.mark.processes, pytest.mark.timeout(240)]


class Surroundings:
    """A data folder with its own database and broker, and the programs started on it."""

    def __init__(self, folder: Path) -> None:
        self.socket = folder / "kv.sock"
        self.environment = {
            **{name: value for name, value in os.environ.items() if name != "DATABASE_URL"},
            "VAR_DIR": str(folder),
            "REDIS_URL": f"unix://{self.socket}",
            "TIME_SCALE": "0.1",
            "PYTHONWARNINGS": "ignore:::celery.platforms",
        }
        self.folder = folder
        self.running: list[subprocess.Popen[bytes]] = []

    def start(self, *command: str) -> subprocess.Popen[bytes]:
        process = subprocess.Popen(command, cwd=ROOT, env=self.environment, start_new_session=True)
        self.running.append(process)
        return process

    def celery(self, *arguments: str) -> subprocess.Popen[bytes]:
        return self.start(sys.executable, "-m", "celery", "-A", "portal", "--quiet", *arguments)

    def manage(self, *arguments: str) -> str:
        command = [sys.executable, "manage.py", *arguments]
        return subprocess.run(
            command, cwd=ROOT, env=self.environment, check=True, capture_output=True, text=True, timeout=120
        ).stdout

    def report(self) -> Any:
        said = self.manage("shell", "--no-imports", "-c", REPORT)
        return json.loads(said.splitlines()[-1])

    def end(self) -> None:
        for process in reversed(self.running):
            process.terminate()
        for process in self.running:
            try:
                process.wait(60)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


REPORT = "import json; from django.test import Client; print(json.dumps(Client().get('/readyz').json()))"


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Surroundings]:
    # A socket's path has a shortest length of its own to keep to.
    found = Surroundings(tmp_path)
    try:
        found.start(*broker.command(tmp_path, found.socket))
        wait_until(lambda: broker.answers_ping(found.socket), 30, lambda: "no broker")
        found.manage("migrate", "--verbosity", "0")
        yield found
    finally:
        found.end()


def test_readiness_names_the_queues_that_a_living_worker_does_not_consume(here: Surroundings) -> None:
    here.celery("worker", "--queues", "send,maint", "--loglevel", "WARNING", "--concurrency", "2", "--without-mingle")
    here.celery("beat", "--loglevel", "WARNING", "--pidfile=")
    with redis.Redis.from_url(f"unix://{here.socket}") as server:
        wait_until(lambda: int(server.llen("inbound")) and int(server.llen("deliver")), 60, lambda: "no canaries")
    seen: list[Any] = []

    def both_sing() -> bool:
        seen.append(here.report())
        return {name for name, queue in seen[-1]["queues"].items() if queue["state"] == "ok"} == {"send", "maint"}

    wait_until(both_sing, 90, lambda: f"{seen[-1]}")
    told = seen[-1]
    assert (told["ready"], told["broker"]) == (True, "ok")
    for queue in ("inbound", "deliver"):
        assert told["queues"][queue]["state"].startswith("Not consumed. Restart the worker")
        assert any(problem.startswith(f"Queue {queue}: ") for problem in told["problems"])
    # A second worker takes what the first left: nothing is left to say.
    here.celery("worker", "--queues", "inbound,deliver", "--loglevel", "WARNING", "--concurrency", "2", "-n", "two@%h")

    def all_sing() -> bool:
        seen.append(here.report())
        return not seen[-1]["problems"]

    wait_until(all_sing, 90, lambda: f"{seen[-1]}")
