"""`manage.py drain`: every queue without Celery, and no broker anywhere."""

import os
import signal
import threading
from datetime import timedelta
from io import StringIO
from typing import Any
from unittest.mock import MagicMock

import pytest
from django.core import mail
from django.core.management import CommandError, call_command
from django.db import OperationalError

from rules.models import RuleSet
from sms import callbacks, delivering, inbound, sweeps
from sms.models import Delivery, IdempotencyKey, Message, Sender, StatusEvent
from sms.queueing import send_loop
from sms.webhooks import intake, registry, spool
from sms.webhooks.payloads import StatusReport
from tenants import clock
from tests import factories
from tests.factories import OUR_NUMBER, THEIR_NUMBER
from tests.sms.conftest import World
from tests.sms.webhook_client import BASE, path_of, post, text


def drain(*options: str) -> list[str]:
    out = StringIO()
    call_command("drain", *options, stdout=out)
    return out.getvalue().splitlines()


@pytest.fixture
def no_broker(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Note every connection that Celery would open."""
    opened: list[str] = []
    monkeypatch.setattr("kombu.Connection.ensure_connection", lambda *arguments, **options: opened.append("opened"))
    return opened


def email_rule(cast: factories.Cast) -> None:
    rule = {
        "id": f"{1:032x}",
        "name": "Desk",
        "enabled": True,
        "conditions": [{"kind": "all_numbers"}],
        "targets": [{"kind": "email", "address": "desk@acme.example"}],
    }
    version = cast.acme.rule_sets.count() + 1
    RuleSet.objects.create(tenant=cast.acme, kind="inbound", version=version, document={"rules": [rule]})


def test_everything_moves_without_celery_and_without_a_broker(
    world: World, settings: Any, tmp_path: Any, no_broker: list[str]
) -> None:
    settings.VAR_DIR, settings.PUBLIC_BASE_URL = tmp_path, BASE
    registry.forget()
    cast, now = world.cast, clock.now()
    email_rule(cast)
    # A text on disk, because the database was away when it came; and one that was received before.
    with pytest.MonkeyPatch.context() as outage:
        outage.setattr(intake, "take", away)
        parameters = text(cast.configuration, Body="From the disk")
        answer = post(path_of(cast.configuration), parameters, token=world.account["auth_token"])
        assert answer.status_code == 200
    assert spool.has_any()
    factories.make_inbound(cast.configuration, ours=OUR_NUMBER, theirs=THEIR_NUMBER, body="From the table")
    # A delivery that failed once and is due again.
    old = factories.make_inbound(cast.configuration, ours=OUR_NUMBER, theirs=THEIR_NUMBER, state="routed")
    Delivery.objects.create(
        tenant=cast.acme, message=old, kind="email", settings={"address": "late@acme.example"}, tries=1, due_at=now
    )
    # Texts to send: one new, one whose worker died before it posted, one whose time is over.
    world.queue("New")
    died = world.queue("Died", to="+12025550177")
    over = world.queue("Over", to="+12025550178")
    Message.objects.filter(pk=died.pk).update(state="sending", lease_until=now - timedelta(seconds=1), attempt_count=1)
    died.attempts.create(tenant=cast.acme, number=1, configuration=cast.configuration, phase="claimed")
    Message.objects.filter(pk=over.pk).update(expires_at=now)
    IdempotencyKey.objects.create(tenant=cast.acme, key="old", request_digest="x", message=old)
    IdempotencyKey.objects.update(created_at=now - timedelta(days=8))
    said = drain("--housekeeping")
    # The sandbox's reports come while it works: how many, nobody can say.
    assert said[0].startswith("spool=1 inbound=2 deliver=3 send=2")
    assert {"expired=1", "leases=1", "retention=1"} <= set(said[1].split())
    states = dict(Message.objects.values_list("body", "state"))
    assert states == {
        "From the disk": "routed", "From the table": "routed", "Hello": "routed",
        "New": "accepted", "Died": "accepted", "Over": "expired",
    }  # fmt: skip
    assert sorted(sent.to[0] for sent in mail.outbox) == ["desk@acme.example"] * 2 + ["late@acme.example"]
    assert not Delivery.objects.exclude(state="delivered").exists()
    assert not spool.has_any()
    assert not IdempotencyKey.objects.exists()
    assert no_broker == []


def away(*arguments: Any, **wanted: Any) -> Any:
    raise OperationalError("away")


def test_reports_are_applied_too(world: World) -> None:
    message = world.send()
    attempt = message.attempts.get()
    report = StatusReport(attempt.provider_sid, attempt.account_sid, "delivered", "", "", "", "", "", "", ())
    callbacks.store(world.cast.acme.id, report, message_id=message.pk, attempt_number=1)
    assert StatusEvent.objects.filter(due_at__isnull=False).count() == 1
    assert drain()[0] == "spool=0 inbound=1 deliver=0 send=0"
    message.refresh_from_db()
    assert message.provider_status == "delivered"


@pytest.mark.django_db
@pytest.mark.usefixtures("hinted")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_cleanly_when_it_is_asked_to(monkeypatch: pytest.MonkeyPatch, number: signal.Signals) -> None:
    """The signal comes in the middle of a round: what comes after is told to take nothing more."""
    asked: list[bool] = []

    def work(should_stop: Any) -> int:
        os.kill(os.getpid(), number)
        return 1

    def next_queue(should_stop: Any) -> int:
        asked.append(should_stop())
        return 0

    monkeypatch.setattr(inbound, "work", work)
    monkeypatch.setattr(delivering, "work", next_queue)
    monkeypatch.setattr(send_loop, "work", next_queue)
    before = signal.getsignal(number)
    assert drain("--seconds", "60")[0] == "spool=0 inbound=1 deliver=0 send=0"
    assert asked == [True, True]
    assert signal.getsignal(number) is before


@pytest.mark.django_db
@pytest.mark.usefixtures("hinted")
def test_a_database_that_is_away_is_waited_for_as_long_as_there_is_time(monkeypatch: pytest.MonkeyPatch) -> None:
    tries: list[int] = []
    enough = threading.Event()

    def sweep() -> dict[str, int]:
        tries.append(1)
        if len(tries) < 3:
            raise OperationalError("away")
        enough.set()
        os.kill(os.getpid(), signal.SIGTERM)
        return {}

    monkeypatch.setattr(sweeps, "sweep", sweep)
    monkeypatch.setattr("sms.management.commands.drain.connections", MagicMock())
    assert drain("--seconds", "60")[0] == "spool=0 inbound=0 deliver=0 send=0"
    assert (len(tries), enough.is_set()) == (3, True)


@pytest.mark.django_db
@pytest.mark.usefixtures("hinted")
def test_without_time_it_says_that_the_database_is_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sweeps, "sweep", away)
    monkeypatch.setattr("sms.management.commands.drain.connections", MagicMock())
    with pytest.raises(CommandError, match="The database does not answer"):
        drain()


@pytest.mark.django_db
@pytest.mark.usefixtures("hinted")
def test_hourly_jobs_run_only_when_asked_for(cast: factories.Cast) -> None:
    message = factories.make_inbound(cast.configuration, ours=OUR_NUMBER, theirs=THEIR_NUMBER, state="routed")
    IdempotencyKey.objects.create(tenant=cast.acme, key="old", request_digest="x", message=message)
    IdempotencyKey.objects.update(created_at=clock.now() - timedelta(days=8))
    Sender.objects.all().delete()
    inbound.work()
    drain()
    assert IdempotencyKey.objects.exists()
    assert "retention=1" in drain("--housekeeping")[1].split()
    assert not IdempotencyKey.objects.exists()
