"""Record what Twilio answered, many texts in one transaction; fenced: only the holder of a lease decides.

A worker that comes too late changes nothing, but what it learned is not lost: it may add a SID to an unknown text.
"""

import logging
import random
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from sms import claims, errors, optouts, pacing, reports
from sms.errors import Verdict
from sms.models import Attempt, Configuration, Message
from sms.queueing import breaker, failing_over, slowing
from sms.queueing.claimed import Claimed
from sms.queueing.outcomes import Answer, Outcome, Phase, is_slow_down, judge
from sms.sending import close, free
from sms.status import MessageState, rank_of
from tenants import clock
from tenants.models import Tenant

log = logging.getLogger(__name__)

_dice = random.SystemRandom()
# When Twilio's list is first searched for a text of unknown outcome.
FIRST_SEARCH_SECONDS = 20.0
_NOTE_SECONDS = 5.0
_CREDENTIALS_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Result:
    """A text that was posted, and the answer."""

    claimed: Claimed
    answer: Answer


_Judged = tuple[Result, Verdict | None]


@dataclass
class Noted:
    """When a worker last did what is needed every few seconds only, by the row it is about."""

    at: dict[uuid.UUID, float] = field(default_factory=dict)

    def is_time(self, row: uuid.UUID, seconds: float) -> bool:
        """Whether so many seconds have passed since the last time; then this is the next."""
        now = time.monotonic()
        if now - self.at.get(row, -seconds) < seconds:
            return False
        self.at[row] = now
        return True


def record(results: Sequence[Result], noted: Noted | None = None) -> None:
    """Record answers. One that the database refuses does not take the others with it."""
    judged = [(result, judge(result.answer)) for result in results]
    for result, verdict in judged:
        if verdict is not None:
            _react(result, verdict)
    _slow_down([result for result, verdict in judged if verdict == Verdict.REQUEUE])
    try:
        _record(judged)
    except IntegrityError:
        for pair in judged:
            _record_alone(pair)
    _note_used([result.claimed for result, verdict in judged if verdict is None], noted or Noted())


def _record_alone(pair: _Judged) -> None:
    try:
        _record([pair])
    except IntegrityError:
        # Its lease ends, and the text becomes unknown.
        log.exception("sms.record.refused message=%s", pair[0].claimed.message.hex)


_ROW = claims.columns(Message, "id", "state", "lease_token", "conversation")


@transaction.atomic
def _record(judged: Sequence[_Judged]) -> None:
    now = clock.now()
    among, values = claims.among("id", sorted({result.claimed.message for result, _verdict in judged}))
    statement = (
        "SELECT id, state, lease_token, conversation_id FROM sms_message "  # noqa: S608 (constants)
        f"WHERE {among} AND direction = 'out' ORDER BY id {claims.locked()}"
    )
    rows = {row[0]: row[1:] for row in claims.fetch(statement, values, _ROW)}
    taken: list[Result] = []
    for result, verdict in judged:
        state, token, _conversation = rows.get(result.claimed.message, ("", "", None))
        if not state:
            continue
        if state != MessageState.SENDING or token != result.claimed.token:
            _late(_row(result), result)
        elif verdict is None:
            taken.append(result)
        else:
            _SETTLE[verdict](_row(result), result, now)
    _accepted(taken, now)
    _touch({conversation for _state, _token, conversation in rows.values() if conversation is not None})


def _touch(conversations: set[uuid.UUID]) -> None:
    """Tell live pages that conversations have changed; locked in order, so that nobody waits in a circle."""
    if not conversations:
        return
    among, values = claims.among("id", sorted(conversations))
    held = f"SELECT id FROM sms_conversation WHERE {among} ORDER BY id {claims.locked()}"  # noqa: S608 (constants)
    claims.run(f"UPDATE sms_conversation SET version = version + 1 WHERE id IN ({held})", values)  # noqa: S608


def _row(result: Result) -> Message:
    """Return the whole message, which this transaction has locked."""
    return Message.objects.defer("raw").get(pk=result.claimed.message)


def _accepted(taken: Sequence[Result], now: datetime) -> None:
    if not taken:
        return
    firsts = [(result, *_first_status(result.answer.status)) for result in taken]
    claims.write(
        Attempt,
        ("id", "provider_sid", "http_status", "provider_status", "provider_rank"),
        [(one.claimed.attempt, one.answer.sid, one.answer.http_status, status, rank) for one, status, rank in firsts],
        phase=str(Phase.DONE),
        outcome=str(Outcome.ACCEPTED),
        finished_at=now,
    )
    claims.write(
        Message,
        ("id", "provider_sid", "account_sid", "provider_status"),
        [
            (one.claimed.message, one.answer.sid, one.claimed.configuration.account.account_sid, status)
            for one, status, _rank in firsts
        ],
        state=str(MessageState.ACCEPTED),
        state_reason="",
        due_at=now + timedelta(seconds=reports.FIRST_LOOK_SECONDS),
        lease_token="",
        lease_until=None,
    )
    if _have_early_reports([result.answer.sid for result in taken]):
        reports.attach_orphans(_as_attempt(result) for result in taken)


def _have_early_reports(sids: Sequence[str]) -> bool:
    """Whether Twilio reported on any of these before we knew it; hardly ever, so nothing is made for it in advance."""
    among, values = claims.among("provider_sid", sids)
    statement = f"SELECT 1 FROM sms_statusevent WHERE attempt_id IS NULL AND {among} LIMIT 1"  # noqa: S608 (constants)
    return bool(claims.fetch(statement, values, ()))


def _first_status(word: str) -> tuple[str, int]:
    """Return what Twilio's first word is worth: the word and its rank; nothing if it is not known."""
    rank = rank_of(word)
    return ("", 0) if rank is None else (word, rank)


def _as_attempt(result: Result) -> Attempt:
    claimed = result.claimed
    return Attempt(
        id=claimed.attempt,
        tenant_id=claimed.tenant,
        message_id=claimed.message,
        number=claimed.number,
        account_sid=claimed.configuration.account.account_sid,
        provider_sid=result.answer.sid,
    )


def _late(row: Message, result: Result) -> None:
    """Add what a late answer knows: a SID for an attempt without one. Nothing else counts any more."""
    attempt = row.attempts.filter(pk=result.claimed.attempt, provider_sid="").first()
    if judge(result.answer) is None and attempt is not None:
        reports.bind(row, attempt, result.answer.sid)


def _rejected(row: Message, result: Result, now: datetime) -> None:
    """Close a text that Twilio refuses, or give it the next route when the code says that another may carry it."""
    answer = result.answer
    _close(result, Outcome.REJECTED, now)
    free([row.pk]).update(
        state=MessageState.REJECTED,
        state_reason=answer.text[:60],
        error_code=answer.code[:10],
        due_at=None,
        lease_token="",
        lease_until=None,
    )
    if errors.explain(answer.code).next_route:
        failing_over.take_next_route(row, now)


def _requeued(row: Message, result: Result, now: datetime) -> None:
    """Put a text back that Twilio certainly does not have; the code, Twilio or our ladder says when it is due."""
    answer = result.answer
    longest = pacing.LONGEST_SLOW_DOWN if answer.http_status else pacing.LONGEST_WAIT
    ladder = pacing.wait_before_retry(row.attempt_count, longest, _dice.random())
    wait = max(errors.explain(answer.code).wait, answer.retry_after or 0, ladder)
    _close(result, Outcome.NOT_SENT, now)
    reason = _("Twilio asks to wait") if answer.http_status else _("Twilio cannot be reached")
    reason = _("Twilio asks to slow down") if is_slow_down(answer) else reason
    _queue(row, now + timedelta(seconds=wait), reason)


def _held(row: Message, result: Result, now: datetime) -> None:
    """Put a text back whose configuration is held; it is due as soon as that is released.

    Where it is not, the credentials have just changed, or are just changing: the next try takes those of that moment.
    """
    _close(result, Outcome.NOT_SENT, now)
    if Configuration.objects.filter(pk=result.claimed.configuration.pk, held_reason="").exists():
        _queue(row, now + timedelta(seconds=_CREDENTIALS_SECONDS), _("Sent again with the new credentials"))
        return
    _queue(row, now, _("Held: Twilio refuses the account"))


def _stopped(row: Message, result: Result, now: datetime) -> None:
    """Give a text its next route; without one it waits for its sender to be released."""
    _close(result, Outcome.REJECTED, now)
    _queue(row, now, failing_over.SENDER_STOPPED)
    failing_over.take_next_route(row, now)


def _queue(row: Message, due_at: datetime, reason: str) -> None:
    free([row.pk]).update(
        state=MessageState.QUEUED, state_reason=reason[:60], due_at=due_at, lease_token="", lease_until=None
    )


def _unknown(row: Message, result: Result, now: datetime) -> None:
    """Say honestly that Twilio may have the text; the list, a report or a person will tell."""
    _close(result, Outcome.AMBIGUOUS, now)
    free([row.pk]).update(
        state=MessageState.UNKNOWN,
        state_reason=_("No clear answer from Twilio"),
        due_at=now + timedelta(seconds=FIRST_SEARCH_SECONDS),
        lease_token="",
        lease_until=None,
    )


_Settle = Callable[[Message, Result, datetime], None]
_SETTLE: Mapping[Verdict, _Settle] = {
    Verdict.REJECTED: _rejected,
    Verdict.SUPPRESS_PAIR: _rejected,
    Verdict.REQUEUE: _requeued,
    Verdict.STOP_CONFIGURATION: _held,
    Verdict.STOP_SENDER: _stopped,
    Verdict.UNKNOWN: _unknown,
}


def _close(result: Result, outcome: Outcome, now: datetime) -> None:
    answer = result.answer
    close(
        result.claimed.attempt,
        outcome,
        now,
        http_status=answer.http_status or None,
        error_code=answer.code[:10],
        note=answer.text[:250],
    )


def _react(result: Result, verdict: Verdict) -> None:
    """Do what an answer asks of more than its own text, each in a transaction of its own."""
    claimed, code = result.claimed, result.answer.code
    if verdict == Verdict.STOP_CONFIGURATION:
        breaker.hold(claimed.configuration.pk, code, claimed.configuration.account.version)
    elif verdict == Verdict.SUPPRESS_PAIR:
        with transaction.atomic():
            optouts.add(Tenant.objects.get(pk=claimed.tenant), claimed.ours, claimed.theirs, source="twilio")
    elif verdict == Verdict.STOP_SENDER:
        breaker.stop_sender(claimed.configuration.pk, claimed.ours, code)


def _slow_down(results: Sequence[Result]) -> None:
    """Slow the accounts that Twilio asked to; once each, by the longest time it named."""
    asked: dict[uuid.UUID, float] = {}
    for result in results:
        if is_slow_down(result.answer):
            wait = result.answer.retry_after or 0.0
            asked[result.claimed.account] = max(asked.get(result.claimed.account, 0.0), wait)
    for account in sorted(asked):
        slowing.slow_down(account, asked[account] or None)


def _note_used(taken: Sequence[Claimed], noted: Noted) -> None:
    """Note now and then when configurations last sent, for people only; let slowed accounts recover."""
    for configuration in sorted({claimed.configuration.pk for claimed in taken}):
        if noted.is_time(configuration, _NOTE_SECONDS):
            now = clock.now()
            recent = now - timedelta(seconds=_NOTE_SECONDS)
            Configuration.objects.filter(pk=configuration).exclude(last_out_at__gt=recent).update(last_out_at=now)
    slowed = {claimed.account for claimed in taken if claimed.configuration.account.concurrency is not None}
    for account in sorted(slowed):
        if noted.is_time(account, 1.0):
            slowing.speed_up(account)
