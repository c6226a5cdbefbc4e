"""Any order of claims, crashes, answers, reports, STOPs and decisions keeps the promises: checked against a model."""

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from sms import breaker, optouts, outbound, recording, reports, sending, sweeps
from sms.models import Attempt, Configuration, Message, Sender
from sms.outcomes import Answer
from sms.recording import Result
from sms.sending import Claimed
from sms.webhooks.payloads import StatusReport
from tenants import audit, clock
from tests import factories
from tests.factories import OUR_NUMBER, THEIR_NUMBER
from tests.sms.conftest import let_send

START = datetime(2026, 3, 1, tzinfo=UTC)
SETTLED_UNSENT = {"canceled", "suppressed", "expired", "rejected", "queued"}
REFUSALS = {
    "rejected": Answer(400, code="21211"),
    "busy": Answer(429, code="20429"),
    "refused": Answer(sent=False),
    "credentials": Answer(401, code="20003"),
}


class Sending(RuleBasedStateMachine):
    """Acme sends; `taken` is what Twilio has really made, by attempt: the truth."""

    def __init__(self) -> None:
        super().__init__()
        self.moment = START
        self.frozen: Any = None
        self.stand_at(START)
        self.outer = transaction.atomic()
        self.outer.__enter__()
        self.cast = factories.make_cast()
        let_send(self.cast)
        self.leased: list[Claimed] = []
        self.marked: list[Claimed] = []
        self.ever_marked: set[uuid.UUID] = set()
        self.answers: list[Result] = []
        self.taken: dict[uuid.UUID, tuple[Claimed, str]] = {}
        self.again: dict[uuid.UUID, int] = {}
        self.ranks: dict[uuid.UUID, int] = {}

    def stand_at(self, moment: datetime) -> None:
        if self.frozen is not None:
            self.frozen.__exit__(None, None, None)
        self.moment, self.frozen = moment, clock.frozen(moment)
        self.frozen.__enter__()

    def teardown(self) -> None:
        transaction.set_rollback(True)
        self.outer.__exit__(None, None, None)
        self.frozen.__exit__(None, None, None)

    @rule()
    def queue(self) -> None:
        if not optouts.is_opted_out(self.cast.acme, OUR_NUMBER, THEIR_NUMBER):
            outbound.send(audit.PORTAL, self.cast.acme, to=THEIR_NUMBER, body="Hello")

    @rule(count=st.integers(1, 3))
    def claim(self, count: int) -> None:
        Sender.objects.update(rate=1000)
        self.leased += sending.claim(count)

    @precondition(lambda self: self.leased)
    @rule()
    def mark(self) -> None:
        batch, self.leased = self.leased, []
        for item in sending.mark(batch):
            assert item.attempt not in self.ever_marked
            self.ever_marked.add(item.attempt)
            self.marked.append(item)

    @precondition(lambda self: self.marked)
    @rule(how=st.sampled_from(["taken", "taken but lost", "lost", *REFUSALS]))
    def post(self, how: str) -> None:
        item = self.marked.pop(0)
        if how.startswith("taken"):
            self.taken[item.attempt] = (item, f"SM{uuid.uuid4().hex}")
        if how == "taken":
            answer = Answer(201, sid=self.taken[item.attempt][1], status="queued")
        else:
            answer = REFUSALS.get(how, Answer(text="timeout"))
        self.answers.append(Result(item, answer))

    @precondition(lambda self: self.answers)
    @rule(pick=st.randoms(use_true_random=False))
    def record(self, pick: Any) -> None:
        pick.shuffle(self.answers)
        count = pick.randint(1, len(self.answers))
        batch, self.answers = self.answers[:count], self.answers[count:]
        recording.record(batch)

    @precondition(lambda self: self.taken)
    @rule(pick=st.randoms(use_true_random=False), status=st.sampled_from(["sent", "undelivered", "delivered", "odd"]))
    def report(self, pick: Any, status: str) -> None:
        item, sid = pick.choice(list(self.taken.values()))
        account = item.configuration.account.account_sid
        found = StatusReport(sid, account, status, "", "", "", "", "", "", ())
        reports.apply_report(item.tenant, found, message_id=item.message, attempt_number=item.number)

    @rule(seconds=st.sampled_from([1, 30, 130, 200]))
    def wait(self, seconds: int) -> None:
        self.stand_at(self.moment + timedelta(seconds=seconds))
        sweeps.end_leases()
        sweeps.expire()

    @rule()
    def workers_die(self) -> None:
        self.leased, self.marked, self.answers = [], [], []

    @rule(pick=st.randoms(use_true_random=False), deed=st.sampled_from(["cancel", "send_again"]))
    def decide(self, pick: Any, deed: str) -> None:
        messages = list(Message.objects.order_by("pk"))
        if not messages:
            return
        message = pick.choice(messages)
        if deed == "cancel":
            outbound.cancel(audit.PORTAL, message)
        elif outbound.send_again(audit.PORTAL, message):
            self.again[message.pk] = self.again.get(message.pk, 0) + 1

    @rule(stop=st.booleans())
    def opt_out(self, stop: bool) -> None:
        if stop:
            optouts.add(self.cast.acme, OUR_NUMBER, THEIR_NUMBER, source="text")
        else:
            self.cast.acme.opt_outs.filter(ended_at=None).update(ended_at=clock.now())

    @rule()
    def release(self) -> None:
        breaker.release(audit.PORTAL, Configuration.objects.get())

    def made(self, message: uuid.UUID) -> int:
        """How many texts Twilio has made of a message."""
        return sum(item.message == message for item, _ in self.taken.values())

    @invariant()
    def nothing_is_sent_twice_unless_a_person_said_so(self) -> None:
        for message in Message.objects.all():
            assert self.made(message.pk) <= 1 + self.again.get(message.pk, 0)

    @invariant()
    def what_is_said_is_true(self) -> None:
        for message in Message.objects.all():
            if message.state == "accepted":
                assert self.made(message.pk)
            elif message.state in SETTLED_UNSENT and not self.again.get(message.pk):
                assert not self.made(message.pk), message.state

    @invariant()
    def a_sid_is_the_one_that_twilio_gave(self) -> None:
        for attempt in Attempt.objects.exclude(provider_sid=""):
            assert self.taken[attempt.pk][1] == attempt.provider_sid

    @invariant()
    def a_status_only_climbs(self) -> None:
        for attempt in Attempt.objects.all():
            assert attempt.provider_rank >= self.ranks.get(attempt.pk, 0)
            self.ranks[attempt.pk] = attempt.provider_rank

    @invariant()
    def who_is_being_sent_has_a_lease(self) -> None:
        for message in Message.objects.filter(state="sending"):
            assert message.lease_token
            assert message.lease_until is not None
            assert message.attempts.filter(number=message.attempt_count).exclude(phase="done").exists()


@pytest.mark.django_db
@pytest.mark.timeout(600)
@pytest.mark.usefixtures("hinted")
def test_any_order_of_events_keeps_the_promises() -> None:
    run_state_machine_as_test(
        Sending,
        settings=settings(
            max_examples=40, stateful_step_count=40, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )
