"""Real workers that end in mid-traffic: asked to, they leave nothing open; killed, only what they were posting."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from celery import current_app

from portal import broker
from portal.keys import celery_broker_url
from tests.sandbox.harness import Sandbox
from tests.servers import ROOT, wait_until

pytestmark = [pytest.mark.processes, pytest.mark.timeout(240)]
TEXTS = 60
PLACES = 8

SEED = """
import os
from sms.models import Sender
from tests import factories
from tests.sms.conftest import let_send
cast = factories.make_cast()
cast.account.account_sid = os.environ["SID"]
cast.account.save()
from tenants import audit, secrets
secrets.seal(cast.account, "auth_token", os.environ["TOKEN"])
cast.account.save()
let_send(cast)
from sms import outbound
for number in range(int(os.environ["TEXTS"])):
    outbound.send(audit.PORTAL, cast.acme, to=f"+1202555{2000 + number}", body="Hello")
Sender.objects.update(rate=1000)
"""
STATES = """
import json
from collections import Counter
from sms.models import Attempt, Message
states = Counter(Message.objects.values_list("state", flat=True))
phases = Counter(Attempt.objects.values_list("phase", "outcome"))
print(json.dumps([states, {" ".join(key): count for key, count in phases.items()}]))
"""
END_LEASES = "from sms import sweeps; sweeps.end_leases()"


class Site:
    """A data folder with its broker, a sandbox Twilio that takes its time, and workers that come and go."""

    def __init__(self, folder: Path, sandbox: Sandbox) -> None:
        self.sandbox, self.socket = sandbox, folder / "kv.sock"
        self.account = sandbox.account(friendly_name="Acme")
        sandbox.number(self.account, "+12025550101")
        self.environment = {
            **{name: value for name, value in os.environ.items() if name != "DATABASE_URL"},
            "VAR_DIR": str(folder),
            "REDIS_URL": f"unix://{self.socket}",
            "SANDBOX_URL": sandbox.url,
            "SEND_IN_FLIGHT": str(PLACES),
            "PYTHONWARNINGS": "ignore:::celery.platforms",
            **{"SID": self.account["sid"], "TOKEN": self.account["auth_token"], "TEXTS": str(TEXTS)},
        }
        self.running: list[subprocess.Popen[bytes]] = []

    def start(self, *command: str) -> subprocess.Popen[bytes]:
        process = subprocess.Popen(command, cwd=ROOT, env=self.environment, start_new_session=True)
        self.running.append(process)
        return process

    def worker(self) -> subprocess.Popen[bytes]:
        """Start a worker and tell it that there are texts."""
        options = ["--queues", "send", "--concurrency", "1", "--loglevel", "WARNING", "--without-mingle"]
        process = self.start(sys.executable, "-m", "celery", "-A", "portal", "--quiet", "worker", *options)
        with current_app.connection_for_write(url=celery_broker_url(f"unix://{self.socket}")) as connection:
            current_app.send_task("send.work", queue="send", connection=connection, retry=False)
        return process

    def python(self, code: str, **environment: str) -> str:
        command = [sys.executable, "manage.py", "shell", "--no-imports", "-c", code]
        done = subprocess.run(
            command, cwd=ROOT, env=self.environment | environment, check=True, capture_output=True, timeout=60
        )
        return done.stdout.decode()

    def manage(self, *arguments: str, **environment: str) -> None:
        command = [sys.executable, "manage.py", *arguments]
        subprocess.run(command, cwd=ROOT, env=self.environment | environment, check=True, capture_output=True)

    def states(self) -> tuple[dict[str, int], dict[str, int]]:
        """Count texts by state, and attempts by phase and outcome."""
        states, phases = json.loads(self.python(STATES).splitlines()[-1])
        return states, phases

    def asked(self) -> int:
        """Count the texts that the sandbox has made for this account."""
        return len(self.created())

    def created(self) -> list[str]:
        entries: list[dict[str, Any]] = self.sandbox.journal("message.created")
        texts = [entry.get("message", entry) for entry in entries]
        return [text["to"] for text in texts if text["account_sid"] == self.account["sid"]]

    def wait_for(self, count: int) -> None:
        wait_until(lambda: self.asked() >= count, 60, lambda: f"only {self.asked()} texts were sent")

    def end(self) -> None:
        for process in reversed(self.running):
            if process.poll() is None:
                process.terminate()
                process.wait(60)
        self.sandbox.control("DELETE", f"/accounts/{self.account['sid']}/numbers/%2B12025550101")


@pytest.fixture
def site(tmp_path: Path, running_sandbox: Sandbox) -> Iterator[Site]:
    here = Site(tmp_path, running_sandbox)
    try:
        here.start(*broker.command(tmp_path, here.socket))
        wait_until(lambda: broker.answers_ping(here.socket), 30, lambda: "no broker")
        here.manage("migrate", "--verbosity", "0")
        here.python(SEED)
        running_sandbox.fault("delay", seconds=0.4, match={"account": here.account["sid"]})
        yield here
    finally:
        here.end()
        running_sandbox.control("DELETE", "/faults")


def test_workers_that_are_asked_to_end_leave_nothing_open(site: Site) -> None:
    for round_number in range(1, 3):
        worker = site.worker()
        site.wait_for(round_number * 2 * PLACES)
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(60) == 0
        states, phases = site.states()
        assert set(states) <= {"accepted", "queued"}, "neither unknown nor left to a lease"
        assert set(phases) <= {"done accepted", "done not_sent"}
        assert states.get("queued", 0) > 0, "it ended in the middle"
    site.manage("drain")
    states, _phases = site.states()
    assert states == {"accepted": TEXTS}
    assert sorted(site.created()) == sorted({*site.created()})
    assert site.asked() == TEXTS


def test_a_killed_worker_leaves_only_what_it_was_posting(site: Site) -> None:
    worker = site.worker()
    site.wait_for(2 * PLACES)
    os.killpg(worker.pid, signal.SIGKILL)
    worker.wait(30)
    states, phases = site.states()
    posting = phases.get("posting ", 0)
    assert 0 < posting <= PLACES
    site.python(END_LEASES, CLOCK_OFFSET_SECONDS="400")
    states, _phases = site.states()
    assert states.get("unknown") == posting
    assert states.get("sending") is None
    site.manage("drain", CLOCK_OFFSET_SECONDS="400")
    states, _phases = site.states()
    assert set(states) <= {"accepted", "unknown"}, "the list may show what became of those"
    assert states["accepted"] == site.asked() >= TEXTS - posting
    assert len(site.created()) == len({*site.created()})
