"""Any order of claims, crashes, answers, reports, STOPs and decisions keeps the promises: checked against a model.

`HYPOTHESIS_PROFILE=full` looks at 2,000 runs instead of a few; `test_transitions.py` does the same without tables.
"""

import os
import random
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sms import callbacks, optouts, outbound, reconcile, sending, sweeps
from sms.models import Attempt, Configuration, Message, Sender
from sms.queueing import breaker, opening, recording
from sms.queueing.outcomes import Answer
from sms.queueing.recording import Result
from sms.sending import Claimed
from sms.status import may_move
from sms.twilio import history
from sms.twilio.history import Entry, Page, SentText
from sms.webhooks.payloads import StatusReport
from tenants import audit, clock, stopping
from tests import factories
from tests.factories import OUR_NUMBER, THEIR_NUMBER
from tests.sms.rules_scene import decide_by, rule

START = datetime(2026, 3, 1, tzinfo=UTC)
SETTLED_UNSENT = {"canceled", "suppressed", "expired", "rejected", "queued", "held"}
# What Acme's rule does with the next text: START is a Sunday, so that a rule that waits holds until some hours later.
RULES: dict[str, dict[str, Any]] = {
    "sends": {},
    "holds": {"action": "hold"},
    "waits": {"when_closed": "hold", "hours": {"sun": [["00:20", "23:00"]]}},
}
REFUSALS = {
    "rejected": Answer(400, code="21211"),
    "busy": Answer(429, code="20429"),
    "refused": Answer(sent=False),
    "credentials": Answer(401, code="20003"),
}
STATUSES = ["queued", "sending", "sent", "undelivered", "delivered", "read", "odd"]
FULL = os.environ.get("HYPOTHESIS_PROFILE") == "full"
HOW = ["taken", "taken", "taken but lost", "taken but lost", "lost", *REFUSALS]
# What happens, and how often beside the others.
STEPS = {
    "queue": 3,
    "queue_held": 2,
    "let_go": 2,
    "release_text": 2,
    "work": 5,
    "claim": 3,
    "mark": 3,
    "post": 4,
    "record": 4,
    "callback": 4,
    "apply": 3,
    "search": 3,
    "wait": 4,
    "workers_die": 1,
    "cancel": 1,
    "send_again": 2,
    "mark_as_sent": 1,
    "stop_sending": 1,
    "resume_sending": 3,
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
        decide_by(self.cast, rule(self.cast))
        self.leased: list[Claimed] = []
        self.marked: list[Claimed] = []
        self.ever_marked: set[uuid.UUID] = set()
        self.answers: list[Result] = []
        self.taken: dict[uuid.UUID, tuple[Claimed, str]] = {}
        self.listed: list[tuple[Claimed, str, datetime]] = []
        self.again: dict[uuid.UUID, int] = {}
        # Whom a person has vouched for: the portal believes it.
        self.vouched: set[uuid.UUID] = set()
        self.states: dict[uuid.UUID, str] = {}
        self.texts = 0
        self.ranks: dict[uuid.UUID, int] = {}

    def step(self, name: str, dice: random.Random) -> None:
        with clock.frozen(self.moment):
            getattr(self, name)(dice)
            self.check()

    def queue(self, dice: random.Random) -> None:
        if not optouts.is_opted_out(self.cast.acme, OUR_NUMBER, THEIR_NUMBER):
            self.texts += 1
            outbound.send(audit.PORTAL, self.cast.acme, to=THEIR_NUMBER, body=f"Hello {self.texts}")

    def queue_held(self, dice: random.Random) -> None:
        """Write a text that a rule holds, for a person or until the office opens; then the rule sends again."""
        decide_by(self.cast, rule(self.cast, **RULES[dice.choice(["holds", "waits"])]))
        self.queue(dice)
        decide_by(self.cast, rule(self.cast, **RULES["sends"]))

    def let_go(self, dice: random.Random) -> None:
        """Let go what waits for the opening, which may have come or not."""
        due = set(Message.objects.filter(state="held", due_at__lte=self.moment).values_list("pk", flat=True))
        opening.let_go()
        assert not Message.objects.filter(pk__in=due, state="held").exists()

    def release_text(self, dice: random.Random) -> None:
        message = self.any_message(dice)
        if outbound.release(audit.PORTAL, message):
            assert message.state == "held"

    def work(self, dice: random.Random) -> None:
        """Do in one step what a worker does, so that most runs get far."""
        for name in ("claim", "mark", "post", "record"):
            getattr(self, name)(dice)
            self.check()

    def claim(self, dice: random.Random) -> None:
        Sender.objects.update(rate=1000, next_send_at=self.moment)
        self.leased += sending.claim(dice.randint(1, 3))

    def mark(self, dice: random.Random) -> None:
        batch, self.leased = self.leased, []
        stopped = stopping.current(None) or optouts.is_opted_out(self.cast.acme, OUR_NUMBER, THEIR_NUMBER)
        for item in sending.mark(batch):
            assert not stopped, "posted although somebody had said stop"
            assert item.attempt not in self.ever_marked
            self.ever_marked.add(item.attempt)
            self.marked.append(item)

    def post(self, dice: random.Random) -> None:
        if not self.marked:
            return
        item, how = self.marked.pop(dice.randrange(len(self.marked))), dice.choice(HOW)
        if how.startswith("taken"):
            self.take(item)
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

    def take(self, item: Claimed) -> None:
        """Let Twilio make a text of it."""
        sid = f"SM{uuid.uuid4().hex}"
        self.taken[item.attempt] = (item, sid)
        self.listed.append((item, sid, self.moment))

    def callback(self, dice: random.Random) -> None:
        """Let Twilio report, perhaps twice, and perhaps something older than before."""
        if self.taken:
            item, sid = dice.choice(list(self.taken.values()))
            account = item.configuration.account.account_sid
            report = StatusReport(sid, account, dice.choice(STATUSES), "", "", "", "", "", "", ())
            for _ in range(dice.choice([1, 1, 2])):
                callbacks.store(item.tenant, report, message_id=item.message, attempt_number=item.number)

    def apply(self, dice: random.Random) -> None:
        callbacks.apply_due()

    def search(self, dice: random.Random) -> None:
        """Look into Twilio's list, which tells the truth."""
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(history, "sent_to", lambda *asked: [self.as_sent(*line) for line in self.listed])
            patch.setattr(history, "page", lambda *asked, **how: Page(tuple(map(self.as_entry, self.listed)), ""))
            reconcile.search_unknown()

    def as_sent(self, item: Claimed, sid: str, at: datetime) -> SentText:
        return SentText(sid, item.configuration.account.account_sid, "sent", "", item.body, 0, at)

    def as_entry(self, line: tuple[Claimed, str, datetime]) -> Entry:
        item, sid, at = line
        account = item.configuration.account.account_sid
        return Entry(
            sid, account, "outbound-api", "sent", "", item.body, 0, 1, item.ours, item.theirs, "", at, at
        )  # fmt: skip

    def wait(self, dice: random.Random) -> None:
        self.moment += timedelta(seconds=dice.choice([1, 1, 30, 130, 200, 1000]))
        with clock.frozen(self.moment):
            sweeps.end_leases()
            self.check()
            sweeps.expire()

    def workers_die(self, dice: random.Random) -> None:
        self.leased, self.marked, self.answers = [], [], []

    def cancel(self, dice: random.Random) -> None:
        outbound.cancel(audit.PORTAL, self.any_message(dice))

    def send_again(self, dice: random.Random) -> None:
        message = self.any_message(dice)
        if outbound.send_again(audit.PORTAL, message):
            self.again[message.pk] = self.again.get(message.pk, 0) + 1

    def mark_as_sent(self, dice: random.Random) -> None:
        message = self.any_message(dice)
        if outbound.mark_as_sent(audit.PORTAL, message):
            self.vouched.add(message.pk)

    def stop_sending(self, dice: random.Random) -> None:
        stopping.stop_everything(audit.PORTAL)

    def resume_sending(self, dice: random.Random) -> None:
        stopping.resume_everything(audit.PORTAL)

    def opt_out(self, dice: random.Random) -> None:
        """Let them say STOP; what follows the commit may come at once, or never."""
        optouts.add(self.cast.acme, OUR_NUMBER, THEIR_NUMBER, source="text")
        if dice.random() < 0.5:
            optouts.close_waiting(self.cast.acme, OUR_NUMBER, THEIR_NUMBER)

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
            before = self.states.get(message.pk, message.state)
            assert before == message.state or may_move(before, message.state), f"{before} became {message.state}"
            self.states[message.pk] = message.state
            if message.state == "accepted" and message.pk not in self.vouched:
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
                # Of two attempts at one text, a list cannot tell which it shows.
                mine = {sid for item, sid in self.taken.values() if item.message == attempt.message_id}
                assert attempt.provider_sid in mine, "another's SID"

    def settle(self) -> None:
        """Mend everything, and let all the work be done: then no text may be left without an end."""
        dice = random.Random(0)
        for name in ("workers_die", "resume_sending", "release", "opt_in", "wait", "apply"):
            self.step(name, dice)
        with clock.frozen(self.moment):
            for message in Message.objects.filter(state="held"):
                assert outbound.release(audit.PORTAL, message)
        for _ in range(3):
            self.moment += timedelta(seconds=1000)
            with clock.frozen(self.moment):
                sweeps.end_leases()
                Sender.objects.update(rate=1000, next_send_at=self.moment)
                for item in sending.mark(sending.claim(50)):
                    self.take(item)
                    recording.record([Result(item, Answer(201, sid=self.taken[item.attempt][1], status="queued"))])
                self.search(dice)
                self.check()
        left = set(Message.objects.values_list("state", flat=True))
        assert not left & {"queued", "sending", "held"}, left
        for message in Message.objects.filter(state="unknown"):
            # Twilio's list was read and is truthful: what is still unknown was never made.
            again = self.again.get(message.pk, 0)
            assert again or not self.made(message), "unknown, and Twilio shows it"


ANY_STEP = st.tuples(
    st.sampled_from([name for name, often in STEPS.items() for _ in range(often)]), st.integers(0, 999)
)


@pytest.mark.django_db
@pytest.mark.timeout(7200 if FULL else 600)
@pytest.mark.usefixtures("hinted")
@settings(max_examples=2000 if FULL else 25, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(ANY_STEP, min_size=40, max_size=60))
def test_any_order_of_events_keeps_the_promises(steps: list[tuple[str, int]]) -> None:
    with transaction.atomic():
        with clock.frozen(START):
            world = World()
        for name, seed in [("queue", 1), ("queue", 2), *steps]:
            world.step(name, random.Random(seed))
        assert world.checks >= len(steps) + 2
        world.settle()
        transaction.set_rollback(True)
