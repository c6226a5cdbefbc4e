"""The races of sending and receiving, on real connections that start at the same moment, again and again."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.db import connections

from rules.models import RuleSet
from sms import callbacks, inbound, optouts, outbound, sending, sweeps
from sms.models import Attempt, Delivery, Message, Sender, StatusEvent
from sms.queueing import recording
from sms.queueing.outcomes import Answer
from sms.queueing.recording import Result
from sms.sending import Claimed
from sms.webhooks.payloads import InboundText, StatusReport
from tenants import audit, clock
from tests import factories
from tests.factories import OUR_NUMBER
from tests.sms.conftest import let_send

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("hinted")]
ROUNDS = 200
# Of those that take more statements.
SOME = 60
LOST = Answer(text="timeout")


class Two:
    """Two workers with a connection each, kept over all rounds."""

    def __init__(self) -> None:
        self._pools = [ThreadPoolExecutor(1), ThreadPoolExecutor(1)]

    def at_once(self, first: Callable[[], Any], second: Callable[[], Any]) -> tuple[Any, Any]:
        """Let both do their step at the same moment; returns what each returned."""
        together = threading.Barrier(2)

        def run(step: Callable[[], Any]) -> Any:
            together.wait(20)
            return step()

        steps = zip(self._pools, (first, second), strict=True)
        one, other = [pool.submit(run, step) for pool, step in steps]
        return one.result(30), other.result(30)

    def end(self) -> None:
        for pool in self._pools:
            pool.submit(connections.close_all).result(30)
            pool.shutdown()


@pytest.fixture
def two() -> Iterator[Two]:
    workers = Two()
    yield workers
    workers.end()


@pytest.fixture
def acme() -> factories.Cast:
    cast = factories.make_cast()
    let_send(cast)
    # Their own clocks stand still for nobody: whoever comes second in a round must not find the sender pausing.
    return cast


def queue(cast: factories.Cast, count: int) -> list[Message]:
    """Write texts that wait to be sent, each to another number, as `outbound.send` leaves them."""
    sending.make_sender(cast.configuration, OUR_NUMBER)
    Sender.objects.update(rate=1_000_000, next_send_at=clock.now())
    return Message.objects.bulk_create(
        Message(
            tenant=cast.acme,
            direction="out",
            configuration=cast.configuration,
            our_address=OUR_NUMBER,
            their_address=f"+1303555{number:04}",
            body="Hello",
            state="queued",
            account_sid=cast.account.account_sid,
        )
        for number in range(count)
    )


def claim(cast: factories.Cast) -> Claimed:
    """Lease the next one."""
    [item] = sending.claim(1)
    return item


def post(cast: factories.Cast) -> Claimed:
    [item] = sending.mark([claim(cast)])
    return item


def taken(item: Claimed, number: int) -> Result:
    return Result(item, Answer(201, sid=f"SM{number:032x}", status="queued"))


def call_back(item: Claimed, number: int, status: str = "delivered") -> int:
    """Take and apply a report, as a web server and a worker do."""
    account = item.configuration.account.account_sid
    report = StatusReport(f"SM{number:032x}", account, status, "", "", "", "", "", "", ())
    callbacks.store(item.tenant, report, message_id=item.message, attempt_number=item.number)
    return callbacks.apply_due()


def settle() -> None:
    """Apply what a worker left to the next one because another held it."""
    while callbacks.apply_due():
        continue


def test_claim_and_claim_never_take_the_same_text(acme: factories.Cast, two: Two) -> None:
    messages = {message.pk for message in queue(acme, ROUNDS)}
    claimed: list[Claimed] = []
    while len(claimed) < ROUNDS:
        one, other = two.at_once(lambda: sending.claim(1), lambda: sending.claim(1))
        assert one or other
        claimed += one + other
    assert len(claimed) == ROUNDS
    assert {item.message for item in claimed} == messages
    assert set(Message.objects.values_list("state", "attempt_count")) == {("sending", 1)}
    assert Attempt.objects.count() == ROUNDS


def test_claim_and_cancel_leave_nothing_that_could_still_be_posted(acme: factories.Cast, two: Two) -> None:
    for message in queue(acme, ROUNDS):
        claimed, canceled = two.at_once(
            lambda: sending.claim(1),
            lambda message=message: outbound.cancel(audit.PORTAL, message),  # type: ignore[misc]
        )
        assert canceled
        assert sending.mark([item for item in claimed if item.message == message.pk]) == []
        sending.give_back(claimed)
    assert set(Message.objects.values_list("state", flat=True)) == {"canceled"}
    assert not Attempt.objects.exclude(phase="done").exists()


def test_a_marker_or_a_cancel_never_both(acme: factories.Cast, two: Two) -> None:
    queue(acme, ROUNDS)
    for _ in range(ROUNDS):
        item = claim(acme)
        message = Message.objects.get(pk=item.message)
        marked, canceled = two.at_once(
            lambda item=item: sending.mark([item]),  # type: ignore[misc]
            lambda message=message: outbound.cancel(audit.PORTAL, message),  # type: ignore[misc]
        )
        assert canceled != bool(marked)
        message.refresh_from_db()
        assert message.state == ("canceled" if canceled else "sending")


def test_a_stop_is_before_a_marker_or_after_it(acme: factories.Cast, two: Two) -> None:
    queue(acme, ROUNDS)
    for _ in range(ROUNDS):
        item = claim(acme)

        def stop(item: Claimed = item) -> None:
            optouts.add(acme.acme, item.ours, item.theirs, source="text")

        marked, _ = two.at_once(lambda item=item: sending.mark([item]), stop)  # type: ignore[misc]
        assert Message.objects.get(pk=item.message).state == ("sending" if marked else "suppressed")


def test_a_report_and_the_answer_end_alike_in_either_order(acme: factories.Cast, two: Two) -> None:
    queue(acme, SOME)
    for number in range(SOME):
        item = post(acme)
        two.at_once(
            lambda item=item, number=number: recording.record([taken(item, number)]),  # type: ignore[misc]
            lambda item=item, number=number: call_back(item, number),  # type: ignore[misc]
        )
    settle()
    assert set(Message.objects.values_list("state", "provider_status", "due_at")) == {("accepted", "delivered", None)}
    assert set(Attempt.objects.values_list("outcome", "provider_rank")) == {("accepted", 60)}
    assert Attempt.objects.values("provider_sid").distinct().count() == SOME
    assert not StatusEvent.objects.filter(attempt=None).exists()


def test_a_report_shows_that_an_unclear_answer_was_a_yes_in_either_order(acme: factories.Cast, two: Two) -> None:
    queue(acme, SOME)
    for number in range(SOME):
        item = post(acme)
        two.at_once(
            lambda item=item: recording.record([Result(item, LOST)]),  # type: ignore[misc]
            lambda item=item, number=number: call_back(item, number, "sent"),  # type: ignore[misc]
        )
    settle()
    assert set(Message.objects.values_list("state", "provider_status")) == {("accepted", "sent")}


def test_two_reports_of_one_text_leave_the_higher(acme: factories.Cast, two: Two) -> None:
    queue(acme, SOME)
    for number in range(SOME):
        item = post(acme)
        recording.record([taken(item, number)])
        two.at_once(
            lambda item=item, number=number: call_back(item, number, "sent"),  # type: ignore[misc]
            lambda item=item, number=number: call_back(item, number, "delivered"),  # type: ignore[misc]
        )
    settle()
    assert set(Attempt.objects.values_list("provider_status", "provider_rank")) == {("delivered", 60)}
    assert set(Message.objects.values_list("provider_status", flat=True)) == {"delivered"}
    assert StatusEvent.objects.count() == 2 * SOME


def test_an_answer_counts_although_the_lease_ends_at_the_same_moment(acme: factories.Cast, two: Two) -> None:
    """The sweep says unknown, the worker accepted: whoever is first, Twilio's SID is kept and nothing is posted."""
    queue(acme, SOME)
    for number in range(SOME):
        item = post(acme)
        Message.objects.filter(pk=item.message).update(lease_until=clock.now() - timedelta(seconds=1))
        two.at_once(
            sweeps.end_leases,
            lambda item=item, number=number: recording.record([taken(item, number)]),  # type: ignore[misc]
        )
    assert set(Message.objects.values_list("state", "attempt_count")) == {("accepted", 1)}
    assert not Message.objects.filter(provider_sid="").exists()


def test_a_lease_that_ends_and_a_marker_never_both(acme: factories.Cast, two: Two) -> None:
    queue(acme, ROUNDS)
    for _ in range(ROUNDS):
        item = claim(acme)
        Message.objects.filter(pk=item.message).update(lease_until=clock.now() - timedelta(seconds=1))
        _, marked = two.at_once(sweeps.end_leases, lambda item=item: sending.mark([item]))  # type: ignore[misc]
        assert not marked
        message = Message.objects.get(pk=item.message)
        assert message.state == "queued"
        Message.objects.filter(pk=item.message).update(state="canceled")


def inbound_text(cast: factories.Cast, number: int) -> InboundText:
    account = cast.account.account_sid
    theirs = f"+1303555{number:04}"
    return InboundText(f"SM{number:032x}", account, theirs, OUR_NUMBER, "Hello", "", "", 1, (), ())


def test_the_spool_and_the_sweep_store_one_text_once_and_it_is_delivered_once(acme: factories.Cast, two: Two) -> None:
    targets = [{"kind": "email", "address": "desk@acme.example"}]
    rule = {"id": "b" * 32, "name": "Desk", "enabled": True, "conditions": [{"kind": "all_numbers"}]}
    document = {"rules": [rule | {"targets": targets}]}
    RuleSet.objects.create(tenant=acme.acme, kind="inbound", version=1, document=document)
    where: dict[str, Any] = {"tenant_id": acme.acme.pk, "configuration_id": acme.configuration.pk}
    for number in range(SOME):
        text = inbound_text(acme, number)
        stored = two.at_once(
            lambda text=text: inbound.accept(text, raw=b"x", **where),  # type: ignore[misc]
            lambda text=text: inbound.accept(text, raw=b"", source="list", **where),  # type: ignore[misc]
        )
        assert sorted(stored) == [False, True]
        done = two.at_once(inbound.work, inbound.work)
        assert sum(done) <= 1
    inbound.work()
    assert set(Message.objects.values_list("state", flat=True)) == {"routed"}
    assert Message.objects.count() == Delivery.objects.count() == SOME
    assert set(acme.acme.conversations.values_list("inbound_count", flat=True)) == {1}
