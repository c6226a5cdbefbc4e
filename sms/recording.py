"""Record what Twilio answered, many texts in one transaction; fenced: only the holder of a lease decides.

A worker that comes too late changes nothing, but what it learned is not lost: it may add a SID to an unknown text.
"""

import logging
import random
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from sms import breaker, claims, errors, failing_over, optouts, pacing, reports
from sms.errors import Verdict
from sms.models import Attempt, Configuration, Message, Sender
from sms.outcomes import Answer, Outcome, Phase, judge
from sms.sending import Claimed, close, free
from sms.status import MessageState
from tenants import clock
from tenants.models import Tenant

log = logging.getLogger(__name__)

_dice = random.SystemRandom()
# When Twilio's list is first searched for a text of unknown outcome.
FIRST_SEARCH_SECONDS = 20.0
_NOTE_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Result:
    """A text that was posted, and the answer."""

    claimed: Claimed
    answer: Answer


def record(results: Sequence[Result]) -> None:
    """Record answers. One that the database refuses does not take the others with it."""
    for result in results:
        _react(result)
    try:
        _record(results)
    except IntegrityError:
        for result in results:
            _record_alone(result)
    _note_used({result.claimed.configuration.pk for result in results if judge(result.answer) is None})


def _record_alone(result: Result) -> None:
    try:
        _record([result])
    except IntegrityError:
        # Its lease ends, and the text becomes unknown.
        log.exception("sms.record.refused message=%s", result.claimed.message.hex)


@transaction.atomic
def _record(results: Sequence[Result]) -> None:
    now = clock.now()
    locked = Message.objects.select_for_update(no_key=True).defer("raw").order_by("pk")
    rows = {row.pk: row for row in locked.filter(pk__in=[result.claimed.message for result in results])}
    taken: list[Result] = []
    for result in results:
        row = rows.get(result.claimed.message)
        if row is None:
            continue
        verdict = judge(result.answer)
        if row.state != MessageState.SENDING or row.lease_token != result.claimed.token:
            _late(row, result)
        elif verdict is None:
            taken.append(result)
        else:
            _SETTLE[verdict](row, result, now)
    _accepted(taken, now)
    reports.touch(row.conversation_id for row in rows.values())


def _accepted(taken: Sequence[Result], now: datetime) -> None:
    if not taken:
        return
    claims.write(
        Attempt,
        ("id", "provider_sid", "http_status"),
        [(result.claimed.attempt, result.answer.sid, result.answer.http_status) for result in taken],
        phase=Phase.DONE,
        outcome=Outcome.ACCEPTED,
        finished_at=now,
    )
    claims.write(
        Message,
        ("id", "provider_sid", "account_sid"),
        [
            (result.claimed.message, result.answer.sid, result.claimed.configuration.account.account_sid)
            for result in taken
        ],
        state=MessageState.ACCEPTED,
        state_reason="",
        due_at=now + timedelta(seconds=reports.FIRST_LOOK_SECONDS),
        lease_token="",
        lease_until=None,
    )
    reports.note_created([(item.claimed.message, item.claimed.attempt, item.answer.status) for item in taken])
    reports.attach_orphans(_as_attempt(result) for result in taken)


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
    reason = _("Twilio asks to slow down") if answer.http_status else _("Twilio cannot be reached")
    _queue(row, now + timedelta(seconds=wait), reason)


def _held(row: Message, result: Result, now: datetime) -> None:
    """Put a text back whose configuration is held; it is due as soon as that is released."""
    _close(result, Outcome.NOT_SENT, now)
    _queue(row, now, _("Held: Twilio refuses the account"))


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


def _react(result: Result) -> None:
    """Do what an answer asks of more than its own text, each in a transaction of its own."""
    claimed, verdict = result.claimed, judge(result.answer)
    if verdict == Verdict.STOP_CONFIGURATION:
        breaker.hold(claimed.configuration.pk, result.answer.code)
    elif verdict == Verdict.SUPPRESS_PAIR:
        with transaction.atomic():
            optouts.add(Tenant.objects.get(pk=claimed.tenant), claimed.ours, claimed.theirs, source="twilio")
    elif verdict == Verdict.REQUEUE:
        _slow_down(result)


def _slow_down(result: Result) -> None:
    """Let every sender of the account's configuration pause: the refusal was not about this one text."""
    wait = result.answer.retry_after or 1.0
    with transaction.atomic():
        senders = Sender.objects.filter(configuration=result.claimed.configuration)
        until = clock.in_seconds(wait)
        list(senders.select_for_update(no_key=True).order_by("pk").values_list("pk"))
        senders.filter(next_send_at__lt=until).update(next_send_at=until)


def _note_used(configurations: set[uuid.UUID]) -> None:
    """Note when configurations last sent, every few seconds and one at a time: it is for people only."""
    now = clock.now()
    recent = now - timedelta(seconds=_NOTE_SECONDS)
    for configuration in sorted(configurations):
        Configuration.objects.filter(pk=configuration).exclude(last_out_at__gt=recent).update(last_out_at=now)
