"""The pure parts by themselves: the table of moves, the judgement of answers and Twilio's ladder keep the promises.

A model with no table and no clock of its own does whatever these three allow, in any order, against a Twilio that
knows the truth. A hundred and fifty runs of 60 steps; with `HYPOTHESIS_PROFILE=full` two thousand.
"""

import os
from dataclasses import dataclass, field

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from sms.errors import CODES, Verdict
from sms.queueing.outcomes import Answer, Outcome, Phase, judge
from sms.status import RANKS, MessageState, climbs, may_move

S = MessageState
RUNS = 2_000 if os.environ.get("HYPOTHESIS_PROFILE") == "full" else 150
# What a verdict makes of a text that is being sent, as `recording` does it.
SETTLED = {
    None: (S.ACCEPTED, Outcome.ACCEPTED),
    Verdict.REJECTED: (S.REJECTED, Outcome.REJECTED),
    Verdict.SUPPRESS_PAIR: (S.REJECTED, Outcome.REJECTED),
    Verdict.REQUEUE: (S.QUEUED, Outcome.NOT_SENT),
    Verdict.STOP_CONFIGURATION: (S.QUEUED, Outcome.NOT_SENT),
    Verdict.STOP_SENDER: (S.QUEUED, Outcome.NOT_SENT),
    Verdict.UNKNOWN: (S.UNKNOWN, Outcome.AMBIGUOUS),
}
ENDED = {S.CANCELED, S.EXPIRED, S.SUPPRESSED, S.BLOCKED, S.REJECTED, S.ACCEPTED}
UNSENT = {S.QUEUED, S.HELD, S.CANCELED, S.EXPIRED, S.SUPPRESSED, S.BLOCKED, S.REJECTED}


@dataclass
class Try:
    """One attempt: how far we think it has come, and whether Twilio has made a text of it."""

    number: int
    phase: Phase = Phase.CLAIMED
    outcome: Outcome | None = None
    made: bool = False
    bound: bool = False
    rank: int = 0
    highest: int = 0
    reports: list[str] = field(default_factory=list)


def refusals() -> st.SearchStrategy[tuple[Answer, bool]]:
    """Answers by which Twilio says that it has made nothing: every code of the table, and codes of tomorrow."""
    codes = st.sampled_from(sorted(CODES)) | st.integers(10_000, 99_999).map(str) | st.just("")
    statuses = st.sampled_from([400, 401, 403, 404, 405, 409, 410, 422, 429])
    return st.builds(lambda status, code: (Answer(status, code=code), False), statuses, codes)


def unclear() -> st.SearchStrategy[tuple[Answer, bool]]:
    """Answers, and their absence, after which Twilio may have made a text, or not."""
    answers = [Answer(), Answer(text="reset"), *(Answer(status) for status in (200, 201, 302, 500, 502, 503, 504))]
    coded = [Answer(500, code="20500"), Answer(503, code="20429"), Answer(500, code="21211")]
    return st.tuples(st.sampled_from(answers + coded), st.booleans())


ANSWERS = st.one_of(
    st.just((Answer(201, sid="SM1", status="queued"), True)),
    st.just((Answer(sent=False), False)),
    refusals(),
    unclear(),
)


class OneText(RuleBasedStateMachine):
    """One text on its way; each rule is something that may happen at any moment."""

    @initialize()
    def order(self) -> None:
        self.state = S.QUEUED
        self.tries: list[Try] = []
        self.late: list[tuple[Try, Answer]] = []
        self.opted_out = False
        self.again = 0
        self.vouched = False

    def move(self, new: MessageState) -> bool:
        """Do what the statements do: change the state only from one that the table allows."""
        if not may_move(self.state, new):
            return False
        self.state = new
        return True

    @property
    def current(self) -> Try:
        return self.tries[-1]

    def is_in(self, *states: MessageState) -> bool:
        return self.state in states

    @precondition(lambda self: self.is_in(*ENDED))
    @rule()
    def order_another(self) -> None:
        """What has ended stays so: the next text begins."""
        self.order()

    @precondition(lambda self: self.is_in(S.QUEUED))
    @rule(told=ANSWERS, in_time=st.booleans())
    def work(self, told: tuple[Answer, bool], in_time: bool) -> None:
        """Do in one step what a worker does, so that most texts get far."""
        self.claim()
        self.mark()
        if self.is_in(S.SENDING):
            self.respond(told, in_time)

    @precondition(lambda self: self.is_in(S.QUEUED))
    @rule()
    def claim(self) -> None:
        assert self.move(S.SENDING)
        self.tries.append(Try(len(self.tries) + 1))

    @precondition(lambda self: self.is_in(S.SENDING) and self.current.phase == Phase.CLAIMED)
    @rule()
    def mark(self) -> None:
        if self.opted_out:
            self.close(Outcome.NOT_SENT)
            assert self.move(S.SUPPRESSED)
        else:
            self.current.phase = Phase.POSTING

    @precondition(lambda self: self.is_in(S.SENDING) and self.current.phase == Phase.POSTING)
    @rule(told=ANSWERS, in_time=st.booleans())
    def respond(self, told: tuple[Answer, bool], in_time: bool) -> None:
        """Let Twilio answer. What comes too late, after the lease, is kept for later."""
        answer, made = told
        self.current.made = made
        if in_time:
            self.record(self.current, answer)
        else:
            self.late.append((self.current, answer))
            self.lease_ends()

    def record(self, attempt: Try, answer: Answer) -> None:
        state, outcome = SETTLED[judge(answer)]
        attempt.phase, attempt.outcome = Phase.DONE, outcome
        attempt.bound = outcome == Outcome.ACCEPTED
        assert self.move(state), (self.state, state)

    def close(self, outcome: Outcome) -> None:
        self.current.phase, self.current.outcome = Phase.DONE, outcome

    @precondition(lambda self: self.late)
    @rule()
    def answer_comes_late(self) -> None:
        """Only a SID counts any more."""
        attempt, answer = self.late.pop()
        if judge(answer) is None:
            self.bind(attempt)

    @precondition(lambda self: self.is_in(S.SENDING))
    @rule()
    def lease_ends(self) -> None:
        if self.current.phase == Phase.CLAIMED:
            self.close(Outcome.NOT_SENT)
            assert self.move(S.QUEUED)
        else:
            self.close(Outcome.AMBIGUOUS)
            assert self.move(S.UNKNOWN)

    def bind(self, attempt: Try) -> None:
        """Learn that Twilio has an attempt: what is newer and not posted is called back."""
        attempt.bound, attempt.phase, attempt.outcome = True, Phase.DONE, Outcome.ACCEPTED
        if self.state == S.SENDING and attempt is not self.current:
            if self.current.phase != Phase.CLAIMED:
                return
            self.close(Outcome.NOT_SENT)
        self.move(S.ACCEPTED)

    @precondition(lambda self: any(attempt.made for attempt in self.tries))
    @rule(status=st.sampled_from([*RANKS, "a word of tomorrow"]), which=st.integers(0, 9), twice=st.booleans())
    def report(self, status: str, which: int, twice: bool) -> None:
        """Let a report come, of any attempt, in any order, once or twice."""
        made = [attempt for attempt in self.tries if attempt.made]
        attempt = made[which % len(made)]
        if not attempt.bound:
            self.bind(attempt)
        for _ in range(1 + twice):
            attempt.reports.append(status)
            attempt.highest = max(attempt.highest, RANKS.get(status, 0))
            if climbs(attempt.rank, status):
                assert RANKS[status] > attempt.rank
                attempt.rank = RANKS[status]

    @precondition(lambda self: self.is_in(S.UNKNOWN))
    @rule(requeue=st.booleans())
    def list_is_read(self, requeue: bool) -> None:
        """Find the text in a list that tells the truth, or that it is not there."""
        shown = [attempt for attempt in self.tries if attempt.made and not attempt.bound]
        if shown:
            self.bind(shown[0])
        elif requeue and not any(attempt.made for attempt in self.tries):
            self.close(Outcome.NOT_SENT)
            assert self.move(S.QUEUED)

    @precondition(lambda self: self.is_in(S.SENDING, S.HELD))
    @rule()
    def cancel(self) -> None:
        if self.state == S.SENDING:
            if self.current.phase != Phase.CLAIMED:
                return
            self.close(Outcome.NOT_SENT)
            assert self.move(S.CANCELED)
        elif self.state in (S.QUEUED, S.HELD):
            assert self.move(S.CANCELED)

    @precondition(lambda self: self.tries and not self.opted_out)
    @rule()
    def stop_word(self) -> None:
        self.opted_out = True
        if self.state in (S.QUEUED, S.HELD):
            assert self.move(S.SUPPRESSED)

    @precondition(lambda self: self.tries and self.is_in(S.QUEUED, S.HELD))
    @rule()
    def time_runs_out(self) -> None:
        assert self.move(S.EXPIRED)

    @precondition(lambda self: self.is_in(S.QUEUED))
    @rule()
    def hold(self) -> None:
        assert self.move(S.HELD)

    @precondition(lambda self: self.is_in(S.HELD))
    @rule()
    def release(self) -> None:
        assert self.move(S.QUEUED)

    @precondition(lambda self: self.is_in(S.UNKNOWN, S.REJECTED))
    @rule()
    def send_again(self) -> None:
        assert self.move(S.QUEUED)
        self.again += 1
        self.opted_out = False

    @precondition(lambda self: self.is_in(S.UNKNOWN))
    @rule()
    def mark_as_sent(self) -> None:
        assert self.move(S.ACCEPTED)
        self.vouched = True

    # --- What must hold, whatever happened ---

    @invariant()
    def never_sent_twice_by_us(self) -> None:
        assert sum(attempt.made for attempt in self.tries) <= 1 + self.again

    @invariant()
    def honest(self) -> None:
        made = any(attempt.made for attempt in self.tries)
        if self.state == S.ACCEPTED:
            assert made or self.vouched
        if self.state in UNSENT and not self.again:
            assert not made, f"said to be {self.state}, and Twilio has it"

    @invariant()
    def a_status_never_falls_and_ends_at_the_highest(self) -> None:
        for attempt in self.tries:
            assert attempt.rank == attempt.highest

    @invariant()
    def one_attempt_at_a_time(self) -> None:
        assert all(attempt.phase == Phase.DONE for attempt in self.tries[:-1])
        assert [attempt.number for attempt in self.tries] == list(range(1, len(self.tries) + 1))
        if self.state == S.SENDING:
            assert self.current.phase != Phase.DONE

    def teardown(self) -> None:
        """V1: from wherever it stands, a text can come to an end that people see."""
        if self.state == S.QUEUED:
            assert may_move(S.QUEUED, S.SENDING)
            assert may_move(S.QUEUED, S.EXPIRED)
        if self.state == S.SENDING:
            self.lease_ends()
        assert self.state not in (S.SENDING, S.RECEIVED, S.ROUTED, S.UNROUTED)


def test_the_model_knows_every_verdict() -> None:
    assert set(SETTLED) == {None, *Verdict}


TestOneText = pytest.mark.timeout(3600)(OneText.TestCase)
TestOneText.settings = settings(
    max_examples=RUNS, stateful_step_count=60, deadline=None, suppress_health_check=list(HealthCheck)
)
