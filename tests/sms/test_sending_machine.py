"""Any order of claims, crashes, answers, reports, STOPs and decisions keeps the promises: checked against a model."""

import random
import uuid
from datetime import UTC, datetime, timedelta

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

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
HOW = ["taken", "taken", "taken but lost", "taken but lost", "lost", *REFUSALS]
# What happens, and how often beside the others.
STEPS = {
    "queue": 3,
    "work": 5,
    "claim": 3,
    "mark": 3,
    "post": 4,
    "record": 4,
    "report": 4,
    "wait": 3,
    "workers_die": 1,
    "cancel": 1,
    "send_again": 2,
    "opt_out": 1,
    "opt_in": 3,
    "release": 2,
}


class World:
    """Acme sends; `taken` is what Twilio has really made, by attempt: the truth."""

    def __init__(self) -> None:
        self.checks = 0
        self.moment = START
        self.cast = factories.make_cast()
        let_send(self.cast)
        self.leased: list[Claimed] = []
        self.marked: list[Claimed] = []
        self.ever_marked: set[uuid.UUID] = set()
        self.answers: list[Result] = []
        self.taken: dict[uuid.UUID, tuple[Claimed, str]] = {}
        self.again: dict[uuid.UUID, int] = {}
        self.ranks: dict[uuid.UUID, int] = {}

    def step(self, name: str, dice: random.Random) -> None:
        with clock.frozen(self.moment):
            getattr(self, name)(dice)
            self.check()

    def queue(self, dice: random.Random) -> None:
        if not optouts.is_opted_out(self.cast.acme, OUR_NUMBER, THEIR_NUMBER):
            outbound.send(audit.PORTAL, self.cast.acme, to=THEIR_NUMBER, body="Hello")

    def work(self, dice: random.Random) -> None:
        """Do in one step what a worker does, so that most runs get far."""
        for name in ("claim", "mark", "post", "record"):
            getattr(self, name)(dice)

    def claim(self, dice: random.Random) -> None:
        Sender.objects.update(rate=1000, next_send_at=self.moment)
        self.leased += sending.claim(dice.randint(1, 3))

    def mark(self, dice: random.Random) -> None:
        batch, self.leased = self.leased, []
        for item in sending.mark(batch):
            assert item.attempt not in self.ever_marked
            self.ever_marked.add(item.attempt)
            self.marked.append(item)

    def post(self, dice: random.Random) -> None:
        if not self.marked:
            return
        item, how = self.marked.pop(dice.randrange(len(self.marked))), dice.choice(HOW)
        if how.startswith("taken"):
            self.taken[item.attempt] = (item, f"SM{uuid.uuid4().hex}")
        if how == "taken":
            answer = Answer(201, sid=self.taken[item.attempt][1], status="queued")
        else:
            answer = REFUSALS.get(how, Answer(text="timeout"))
        self.answers.append(Result(item, answer))

    def record(self, dice: random.Random) -> None:
        dice.shuffle(self.answers)
        count = dice.randint(0, len(self.answers))
        batch, self.answers = self.answers[:count], self.answers[count:]
        recording.record(batch)

    def report(self, dice: random.Random) -> None:
        if self.taken:
            item, sid = dice.choice(list(self.taken.values()))
            status = dice.choice(["sent", "undelivered", "delivered", "odd"])
            found = StatusReport(sid, item.configuration.account.account_sid, status, "", "", "", "", "", "", ())
            reports.apply_report(item.tenant, found, message_id=item.message, attempt_number=item.number)

    def wait(self, dice: random.Random) -> None:
        self.moment += timedelta(seconds=dice.choice([1, 1, 30, 130, 200]))
        with clock.frozen(self.moment):
            sweeps.end_leases()
            sweeps.expire()

    def workers_die(self, dice: random.Random) -> None:
        self.leased, self.marked, self.answers = [], [], []

    def cancel(self, dice: random.Random) -> None:
        outbound.cancel(audit.PORTAL, self.any_message(dice))

    def send_again(self, dice: random.Random) -> None:
        message = self.any_message(dice)
        if outbound.send_again(audit.PORTAL, message):
            self.again[message.pk] = self.again.get(message.pk, 0) + 1

    def opt_out(self, dice: random.Random) -> None:
        optouts.add(self.cast.acme, OUR_NUMBER, THEIR_NUMBER, source="text")

    def opt_in(self, dice: random.Random) -> None:
        self.cast.acme.opt_outs.filter(ended_at=None).update(ended_at=clock.now())

    def release(self, dice: random.Random) -> None:
        breaker.release(audit.PORTAL, Configuration.objects.get())

    def any_message(self, dice: random.Random) -> Message:
        return dice.choice(list(Message.objects.order_by("pk")))

    def made(self, message: Message) -> int:
        """How many texts Twilio has made of a message."""
        return sum(item.message == message.pk for item, _ in self.taken.values())

    def check(self) -> None:
        self.checks += 1
        for message in Message.objects.all():
            again = self.again.get(message.pk, 0)
            assert self.made(message) <= 1 + again, "sent twice, and nobody said so"
            if message.state == "accepted":
                assert self.made(message), "said to be sent, and is not"
            if message.state in SETTLED_UNSENT and not again:
                assert not self.made(message), f"said to be {message.state}, and was sent"
            if message.state == "sending":
                current = message.attempts.get(number=message.attempt_count)
                assert message.lease_token == current.lease_token
                assert current.phase != "done"
        for attempt in Attempt.objects.all():
            assert attempt.provider_rank >= self.ranks.get(attempt.pk, 0), "the status fell"
            self.ranks[attempt.pk] = attempt.provider_rank
            if attempt.provider_sid:
                assert self.taken[attempt.pk][1] == attempt.provider_sid, "another's SID"


ANY_STEP = st.tuples(
    st.sampled_from([name for name, often in STEPS.items() for _ in range(often)]), st.integers(0, 999)
)


@pytest.mark.django_db
@pytest.mark.timeout(600)
@pytest.mark.usefixtures("hinted")
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(ANY_STEP, min_size=40, max_size=60))
def test_any_order_of_events_keeps_the_promises(steps: list[tuple[str, int]]) -> None:
    with transaction.atomic():
        with clock.frozen(START):
            world = World()
        for name, seed in [("queue", 1), ("queue", 2), *steps]:
            world.step(name, random.Random(seed))
        assert world.checks == len(steps) + 2
        transaction.set_rollback(True)
