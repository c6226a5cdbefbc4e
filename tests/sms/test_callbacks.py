"""Status callbacks: one statement while Twilio waits; applied later, many at once, each for itself."""

import threading
from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from sms import callbacks, inbound, outbound, reports, sending, sweeps
from sms.models import Configuration, Message, Sender, StatusEvent
from sms.queueing import recording
from sms.queueing.outcomes import Answer
from sms.queueing.recording import Result
from sms.webhooks import limits, registry
from tenants import audit, clock
from tests import factories
from tests.factories import THEIR_NUMBER
from tests.sms.conftest import let_send
from tests.sms.test_reports import OTHER_SID, SID, report
from tests.sms.webhook_client import BASE, path_of, post

ANNOUNCE = callbacks._announce

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("hinted")]


@pytest.fixture
def cast(db: None) -> factories.Cast:
    cast = factories.make_cast()
    let_send(cast)
    return cast


def taken(cast: factories.Cast, *sids: str) -> list[Message]:
    """Return texts that Twilio has taken under these SIDs."""
    messages = []
    for sid in sids:
        message = outbound.send(audit.PORTAL, cast.acme, to=THEIR_NUMBER, body="Hello")
        Sender.objects.update(rate=1000, next_send_at=clock.now())
        [item] = sending.mark(sending.claim(1))
        recording.record([Result(item, Answer(201, sid=sid, status="queued"))])
        message.refresh_from_db()
        messages.append(message)
    return messages


def sids(number: int) -> list[str]:
    return [f"SM{n:032x}" for n in range(1, number + 1)]


def store(cast: factories.Cast, message: Message, status: str, sid: str = SID, **wanted: Any) -> bool:
    found = report(cast, status, sid=sid, **wanted)
    return callbacks.store(cast.acme.id, found, message_id=message.id, attempt_number=1)


def test_a_callback_costs_one_statement_while_twilio_waits(cast: factories.Cast, settings: Any) -> None:
    settings.PUBLIC_BASE_URL = BASE
    registry.forget()
    limits.forget()
    [message] = taken(cast, SID)
    path = path_of(cast.configuration, f"status/{message.id.hex}/1")
    fields = {"MessageSid": SID, "AccountSid": cast.account.account_sid}
    Configuration.objects.update(webhook_method="POST")
    post(path, {**fields, "MessageStatus": "sending"})
    with CaptureQueriesContext(connection) as queries:
        assert post(path, {**fields, "MessageStatus": "sent"}).status_code == 200
    assert [query["sql"].split()[0] for query in queries] == ["INSERT"]
    message.refresh_from_db()
    assert message.provider_status == "queued"
    assert inbound.work() == 2
    message.refresh_from_db()
    assert message.provider_status == "sent"


def test_a_batch_costs_the_same_however_many_there_are(cast: factories.Cast) -> None:
    costs = []
    messages = dict(zip(sids(24), taken(cast, *sids(24)), strict=True))
    for some in (sids(24)[:2], sids(24)[2:]):
        for sid in some:
            assert store(cast, messages[sid], "sent", sid)
            assert store(cast, messages[sid], "delivered", sid)
        with CaptureQueriesContext(connection) as queries:
            assert callbacks.apply_due() == 2 * len(some)
        costs.append(len(queries))
    assert costs[0] == costs[1] <= 12
    assert set(Message.objects.values_list("provider_status", "due_at")) == {("delivered", None)}
    assert not StatusEvent.objects.filter(attempt=None).exists()


def test_open_pages_learn_of_it(cast: factories.Cast) -> None:
    [message] = taken(cast, SID)
    assert message.conversation is not None
    version = message.conversation.version
    store(cast, message, "sent")
    callbacks.apply_due()
    message.conversation.refresh_from_db()
    assert message.conversation.version > version


def test_a_duplicate_that_comes_before_the_first_is_applied_is_not_lost(cast: factories.Cast) -> None:
    [message] = taken(cast, SID)
    assert store(cast, message, "delivered")
    assert not store(cast, message, "delivered")
    assert callbacks.apply_due() == 1
    assert not store(cast, message, "delivered")
    assert callbacks.apply_due() == 0
    message.refresh_from_db()
    assert message.provider_status == "delivered"


def fail(*args: object) -> None:
    raise RuntimeError("canary")


def test_one_that_fails_waits_and_holds_up_nobody(cast: factories.Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    bad, good = taken(cast, SID, OTHER_SID)
    store(cast, bad, "undelivered", code="21610")
    store(cast, good, "delivered", OTHER_SID)
    with monkeypatch.context() as patch:
        patch.setattr(reports, "react", fail)
        assert inbound.work() == 2
    good.refresh_from_db()
    assert good.provider_status == "delivered"
    [waiting] = StatusEvent.objects.filter(due_at__isnull=False)
    assert waiting.provider_sid == SID
    with clock.frozen(clock.in_seconds(60)):
        assert callbacks.apply_due() == 1
    assert cast.acme.opt_outs.filter(their_address=THEIR_NUMBER).exists()
    assert not StatusEvent.objects.filter(due_at__isnull=False).exists()


def test_a_report_that_waits_is_not_taken_for_an_orphan_when_the_sid_becomes_known(cast: factories.Cast) -> None:
    message = outbound.send(audit.PORTAL, cast.acme, to=THEIR_NUMBER, body="Hello")
    Sender.objects.update(rate=1000, next_send_at=clock.now())
    [item] = sending.mark(sending.claim(1))
    store(cast, message, "delivered")
    recording.record([Result(item, Answer(201, sid=SID, status="queued"))])
    message.refresh_from_db()
    assert message.provider_status == "queued"
    assert callbacks.apply_due() == 1
    message.refresh_from_db()
    assert (message.provider_status, message.due_at) == ("delivered", None)


def test_many_reports_are_announced_once_and_not_at_once(
    cast: factories.Cast, hinted: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    timers: list[Any] = []

    class Timer:
        def __init__(self, seconds: float, act: Any) -> None:
            timers.append(act)

        def start(self) -> None:
            pass

    monkeypatch.setattr(threading, "Timer", Timer)
    monkeypatch.setattr(callbacks, "_announce", ANNOUNCE)
    [message] = taken(cast, SID)
    hinted.clear()
    with transaction.atomic():
        for status in ("sending", "sent", "delivered"):
            store(cast, message, status)
    for _ in range(3):
        callbacks._announce()
    [act] = timers
    assert hinted == []
    act()
    assert hinted == ["inbound"]


def test_the_sweep_announces_reports_whose_hint_was_lost(cast: factories.Cast, hinted: list[str]) -> None:
    [message] = taken(cast, SID)
    store(cast, message, "sent")
    hinted.clear()
    sweeps.announce_due()
    assert hinted == ["inbound"]
    callbacks.apply_due()
    hinted.clear()
    sweeps.announce_due()
    assert hinted == []


# --- Beside others, on real connections ---


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_two_workers_apply_each_report_once(transactional_db: None) -> None:
    cast = factories.make_cast()
    let_send(cast)
    messages = dict(zip(sids(30), taken(cast, *sids(30)), strict=True))
    for sid, message in messages.items():
        for status in ("sending", "sent", "delivered"):
            store(cast, message, status, sid)
    start, done = threading.Barrier(3), []

    def work() -> None:
        try:
            start.wait(30)
            while count := callbacks.apply_due():
                done.append(count)
        finally:
            connection.close()

    workers = [threading.Thread(target=work) for _ in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert sum(done) == 90
    assert set(Message.objects.values_list("provider_status", flat=True)) == {"delivered"}
    assert not callbacks.has_due()


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("first", ["callback", "record"])
def test_a_callback_and_the_record_of_its_text_never_wait_in_a_ring(transactional_db: None, first: str) -> None:
    cast = factories.make_cast()
    let_send(cast)
    message = outbound.send(audit.PORTAL, cast.acme, to=THEIR_NUMBER, body="Hello")
    Sender.objects.update(rate=1000, next_send_at=clock.now())
    [item] = sending.mark(sending.claim(1))
    store(cast, message, "delivered")
    steps = {
        "callback": callbacks.apply_due,
        "record": lambda: recording.record([Result(item, Answer(201, sid=SID, status="queued"))]),
    }
    held, failed = threading.Event(), []

    def second() -> None:
        try:
            held.wait(30)
            steps["record" if first == "callback" else "callback"]()
        except Exception as error:
            failed.append(error)
        finally:
            connection.close()

    other = threading.Thread(target=second)
    other.start()
    with transaction.atomic():
        Message.objects.select_for_update(no_key=True).get(pk=message.pk)
        held.set()
        steps[first]()
    other.join(30)
    callbacks.apply_due()
    message.refresh_from_db()
    assert (failed, message.state, message.provider_sid) == ([], "accepted", SID)
    assert message.provider_status == "delivered"
