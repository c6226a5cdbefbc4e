"""The sandbox Twilio as a process of its own, and Acme set up to send through it."""

from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import pytest

from rules.models import RuleSet
from sms import callbacks, outbound
from sms.models import Configuration, Message, PhoneNumber, Sender
from sms.queueing import send_loop
from sms.webhooks import payloads
from tenants import audit, clock, hints
from tests import factories
from tests.contract.description import assert_agree
from tests.factories import OUR_NUMBER, THEIR_NUMBER
from tests.sandbox.harness import Receiver, Sandbox

SANDBOX_SID = "AC5a4db0c55a4d" + "0" * 19


@pytest.fixture(scope="session")
def running_sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """Run it for the whole session, and compare in the end what all tests together asked of it with the description."""
    with Sandbox(Path(tmp_path_factory.mktemp("sandbox")), record=True) as sandbox:
        yield sandbox
        assert_agree(sandbox.journal("request"))


@pytest.fixture
def hinted(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The queues that were hinted; no broker is asked."""
    queues: list[str] = []
    monkeypatch.setattr(hints, "note", queues.append)
    monkeypatch.setattr(callbacks, "_announce", callbacks._announce_now)
    return queues


def later(seconds: float) -> AbstractContextManager[None]:
    """Let the clock stand at a later moment."""
    return clock.frozen(clock.now() + timedelta(seconds=seconds))


def fresh(message: Message) -> Message:
    """Return a text as the database has it now."""
    return Message.objects.get(pk=message.pk)


def let_send(cast: factories.Cast, *configurations: Configuration) -> RuleSet:
    """Give Acme a default number and an outbound rule for all destinations by these configurations."""
    cast.acme.default_number = OUR_NUMBER
    cast.acme.save()
    routes = [
        {"id": f"{n:032x}", "configuration": found.id.hex, "label": found.name}
        for n, found in enumerate(configurations or [cast.configuration], 1)
    ]
    rule = {"id": "a" * 32, "name": "Everything", "enabled": True, "conditions": [{"kind": "all"}], "routes": routes}
    version = cast.acme.rule_sets.count() + 1
    return RuleSet.objects.create(tenant=cast.acme, kind="outbound", version=version, document={"rules": [rule]})


@dataclass
class World:
    """Acme with a sandbox account, and the receiver that stands for the portal's web server."""

    cast: factories.Cast
    sandbox: Sandbox
    receiver: Receiver
    account: dict[str, Any]
    applied: list[str] = field(default_factory=list)

    def queue(self, body: str = "Hello", to: str = THEIR_NUMBER, **wanted: Any) -> Message:
        return outbound.send(audit.PORTAL, self.cast.acme, to=to, body=body, **wanted)

    def send(self, body: str = "Hello", to: str = THEIR_NUMBER, **wanted: Any) -> Message:
        """Queue a text, work until nothing is due, and return it as it is then."""
        message = self.queue(body, to, **wanted)
        send_loop.work()
        message.refresh_from_db()
        return message

    def pump(self, message: Message | None = None) -> None:
        """Store the status callbacks that have arrived since the last time, as the web server would, and apply them."""
        self.sandbox.wait_quiet()
        while len(self.applied) < len(self.receiver.requests):
            got = self.receiver.requests[len(self.applied)]
            self.applied.append(got.path)
            parts = got.path.split("/")
            report = payloads.parse_status(parse_qsl(got.body.decode(), keep_blank_values=True))
            callbacks.store(self.cast.acme.id, report, message_id=_uuid(parts[-2]), attempt_number=int(parts[-1]))
        while callbacks.apply_due():
            pass
        if message is not None:
            message.refresh_from_db()

    def created(self, message: Message) -> list[dict[str, Any]]:
        """Return what the sandbox made of a message: the ground truth."""
        entries = self.sandbox.journal("message.created")
        texts = [entry.get("message", entry) for entry in entries]
        return [text for text in texts if message.id.hex in (text.get("status_callback") or "")]

    def fault(self, kind: str, **wanted: Any) -> None:
        self.sandbox.fault(kind, **{"match": {"account": self.account["sid"]}} | wanted)


def _uuid(text: str) -> Any:
    import uuid

    return uuid.UUID(hex=text)


@pytest.fixture
def world(transactional_db: None, running_sandbox: Sandbox, settings: Any, hinted: list[str]) -> Iterator[World]:
    cast = factories.make_cast()
    account = running_sandbox.account(friendly_name="Acme")
    cast.account.account_sid = account["sid"]
    from tenants import secrets

    secrets.seal(cast.account, "auth_token", account["auth_token"])
    cast.account.save()
    running_sandbox.control("DELETE", "/faults")
    for e164 in (OUR_NUMBER, factories.OUR_SECOND_NUMBER):
        _own(running_sandbox, account, e164)
    let_send(cast)
    settings.SANDBOX_URL = running_sandbox.url
    Sender.objects.create(tenant=cast.acme, configuration=cast.configuration, address=OUR_NUMBER, rate=1000)
    with Receiver() as receiver:
        settings.LOCAL_BASE_URL = receiver.url
        yield World(cast, running_sandbox, receiver, account)
        running_sandbox.control("DELETE", "/faults")
        running_sandbox.wait_quiet()
    for e164 in (OUR_NUMBER, factories.OUR_SECOND_NUMBER):
        running_sandbox.control("DELETE", f"/accounts/{account['sid']}/numbers/{e164.replace('+', '%2B')}")


def _own(sandbox: Sandbox, account: dict[str, Any], e164: str) -> None:
    sandbox.number(account, e164)


@pytest.fixture
def longer_held(world: World) -> None:
    """Let Acme have had its numbers and its configuration for a year, so that texts may be older than the test."""
    PhoneNumber.objects.update(assigned_at=clock.now() - timedelta(days=390))
    Configuration.objects.update(created_at=clock.now() - timedelta(days=390), signed_at=clock.now())
