"""A token rotated while texts flow both ways, on the product's real processes, cut off at every step: none is lost."""

import http.client
import json
import os
import sqlite3
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.sandbox.harness import Sandbox
from tests.servers import ROOT, Product, wait_until

pytestmark = [pytest.mark.processes, pytest.mark.timeout(420)]

OURS, PHONE = "+12025550101", "+12025550199"
KILLED = 137
SEED = """
import json, os
from sms.models import Sender
from sms.setup import configuring
from tenants import api_keys, audit, secrets
from tests import factories
from tests.sms.conftest import let_send
cast = factories.make_cast()
cast.account.account_sid = os.environ["SID"]
secrets.seal(cast.account, "auth_token", os.environ["TOKEN"])
cast.account.save()
let_send(cast)
Sender.objects.create(tenant=cast.acme, configuration=cast.configuration, address=factories.OUR_NUMBER, rate=1000)
_, key = api_keys.create(audit.PORTAL, cast.acme, "Load")
print(json.dumps([key, configuring.webhook_url(cast.configuration)]))
"""
STEP = """
import os
from sms.models import Configuration, TwilioAccount
from sms.rotating import flow
from tenants.audit import PORTAL
account = TwilioAccount.objects.get()
step = {
    "create": lambda: flow.create(PORTAL, account),
    "verify": lambda: flow.verify(PORTAL, account, Configuration.objects.select_related("account").get()),
    "promote": lambda: flow.promote(PORTAL, account, everywhere=False),
}[os.environ["STEP"]]
step()
"""
IN = "SELECT body FROM sms_message WHERE direction = 'in' ORDER BY body"
OUT = "SELECT body, state, provider_status FROM sms_message WHERE direction = 'out' ORDER BY body"
REFUSED = "SELECT COUNT(*) FROM sms_refusedrequest"
HELD = "SELECT COUNT(*) FROM tenants_auditentry WHERE action = 'sms.configuration.held'"


class Traffic:
    """Somebody who texts in, and a program that texts out, without a pause."""

    def __init__(self, product: Product, sandbox: Sandbox, key: str) -> None:
        self._product, self._sandbox, self._key = product, sandbox, key
        self._stop = threading.Event()
        self.sent: list[str] = []
        self.received: list[str] = []
        self.webhooks: list[Any] = []
        self.problems: list[str] = []
        self._threads = [threading.Thread(target=run, daemon=True) for run in (self._send, self._receive)]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(60)

    def _send(self) -> None:
        headers = {"Authorization": f"Bearer {self._key}", "Content-Type": "application/json"}
        while not self._stop.wait(0.2):
            body = f"out {len(self.sent)}"
            connection = http.client.HTTPConnection("127.0.0.1", self._product.port, timeout=30)
            try:
                wanted = json.dumps({"to": PHONE, "body": body})
                connection.request("POST", "/api/v1/messages", wanted, headers)
                answer = connection.getresponse()
                said = answer.read()
            finally:
                connection.close()
            if answer.status not in (200, 201, 202):
                self.problems.append(f"{answer.status} {said!r}")
                return
            self.sent.append(body)

    def _receive(self) -> None:
        while not self._stop.wait(0.2):
            body = f"in {len(self.received)}"
            self.webhooks.append(self._sandbox.text(PHONE, OURS, body)["webhook"])
            self.received.append(body)


class Site:
    """The product with Acme's account at the sandbox, and steps of a rotation as programs that can die."""

    def __init__(self, folder: Path, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self.account = sandbox.account(friendly_name="Acme")
        without = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
        self.product = Product(folder, "--no-demo", SANDBOX_URL=sandbox.url, TIME_SCALE="0.1")
        self.product.wait_for("Stop it with Ctrl-C", 180)
        own = {"SID": self.account["sid"], "TOKEN": self.account["auth_token"], "LOCAL_BASE_URL": self.product.address}
        self.environment = without | self.product.environment | own
        self.environment.pop("DATABASE_URL", None)
        self.key, url = json.loads(self.python(SEED))
        sandbox.number(self.account, OURS, sms_url=url)

    def run(self, code: str, **environment: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "manage.py", "shell", "--no-imports", "-c", code]
        told = self.environment | environment
        return subprocess.run(command, cwd=ROOT, env=told, capture_output=True, text=True, timeout=60, check=False)

    def python(self, code: str) -> str:
        done = self.run(code)
        assert done.returncode == 0, done.stderr
        return done.stdout.splitlines()[-1]

    def step(self, name: str) -> None:
        """Do a step; while who died at it may still be at it, try again."""
        tried: list[str] = []

        def done() -> bool:
            tried.append(self.run(STEP, STEP=name).stderr)
            return not tried[-1]

        wait_until(done, 30, lambda: tried[-1])

    def die_at(self, place: str, name: str) -> None:
        """Do a step in a process that dies on its way."""
        died: list[str] = []

        def dead() -> bool:
            done = self.run(STEP, STEP=name, FAILPOINTS=f"{place}:crash")
            died.append(done.stderr)
            return done.returncode == KILLED

        wait_until(dead, 30, lambda: died[-1])

    def rows(self, statement: str) -> list[tuple[Any, ...]]:
        with closing(
            sqlite3.connect(f"file:{self.product.folder}/portal.sqlite3?mode=ro", uri=True, timeout=20)
        ) as database:
            return database.execute(statement).fetchall()

    def stood(self) -> list[tuple[Any, ...]]:
        return self.rows("SELECT step, begun FROM sms_tokenrotation")

    def tokens(self) -> tuple[str, str]:
        found = self.sandbox.control("GET", f"/accounts/{self.account['sid']}")
        return found["auth_token"], found["secondary_auth_token"] or ""

    def end(self) -> None:
        self.product.stop()
        self.sandbox.control("DELETE", f"/accounts/{self.account['sid']}/numbers/{OURS.replace('+', '%2B')}")


@pytest.fixture
def site(tmp_path: Path, running_sandbox: Sandbox) -> Iterator[Site]:
    here = Site(tmp_path, running_sandbox)
    try:
        yield here
    finally:
        here.end()


def test_a_token_is_rotated_under_load_and_no_text_is_lost_refused_or_doubled(site: Site) -> None:
    old = site.tokens()[0]
    traffic = Traffic(site.product, site.sandbox, site.key)
    traffic.start()
    try:
        wait_until(lambda: len(traffic.sent) > 3 and len(traffic.received) > 3, 30, lambda: f"{traffic.problems}")
        site.die_at("rotation.created", "create")
        lost = site.tokens()[1]
        assert lost, "Twilio has made a token that nobody knows"
        site.step("create")
        second = site.tokens()[1]
        assert second not in ("", lost)
        site.die_at("rotation.verified", "verify")
        site.step("verify")
        site.die_at("rotation.promoting", "promote")
        assert site.tokens() == (old, second), "it died before it asked"
        site.die_at("rotation.promoted", "promote")
        assert site.tokens() == (second, ""), "it died after Twilio did it"
        # From here on nobody presses anything: the portal asks, follows, sees the new token at work, drops the old one.
        wait_until(lambda: site.stood() == [("finished", "")], 120, lambda: f"{site.stood()} {site.product.output}")
        after = len(traffic.sent), len(traffic.received)
        wait_until(
            lambda: len(traffic.sent) > after[0] + 3 and len(traffic.received) > after[1] + 3, 30, lambda: "no traffic"
        )
    finally:
        traffic.stop()
    assert not traffic.problems
    _nothing_is_lost(site, traffic)


def _nothing_is_lost(site: Site, traffic: Traffic) -> None:
    def settled() -> bool:
        ways = {row[1:] for row in site.rows(OUT)}
        return ways == {("accepted", "delivered")} and len(site.rows(IN)) >= len(traffic.received)

    def told() -> str:
        return f"{Counter(row[1:] for row in site.rows(OUT))} {len(site.rows(IN))}\n{site.product.output}"

    wait_until(settled, 60, told)
    assert [row[0] for row in site.rows(IN)] == sorted(traffic.received)
    assert [row[0] for row in site.rows(OUT)] == sorted(traffic.sent)
    assert (site.rows(REFUSED), site.rows(HELD)) == ([(0,)], [(0,)])
    made = [entry.get("message", entry) for entry in site.sandbox.journal("message.created")]
    ours = [text for text in made if text["account_sid"] == site.account["sid"]]
    assert sorted(text["body"] for text in ours if text["to"] == PHONE) == sorted(traffic.sent), "each left once"
    sids = {text["sid"] for text in ours}
    calls = [entry for entry in site.sandbox.journal("webhook") if entry["sid"] in sids]
    assert {entry["status"] for entry in calls if entry["status"] is not None} == {200}
