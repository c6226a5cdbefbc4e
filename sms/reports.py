"""What Twilio reports about a text we sent: events are only added, an attempt's status only climbs."""

import logging
import uuid
from collections.abc import Iterable, Sequence
from typing import Any

from django.db import transaction
from django.db.models import F, QuerySet

from sms import errors, optouts
from sms.errors import Aftermath
from sms.models import Attempt, Conversation, Direction, Message, StatusEvent
from sms.queueing import breaker
from sms.queueing.outcomes import Outcome, Phase
from sms.status import FINAL, MessageState, rank_of, sources_of
from sms.webhooks.payloads import StatusReport
from tenants import clock

log = logging.getLogger(__name__)

# When Twilio is asked about a text that it took and about which it has said nothing final.
FIRST_LOOK_SECONDS = 600.0


def apply_report(
    tenant_id: uuid.UUID,
    report: StatusReport,
    *,
    message_id: uuid.UUID | None = None,
    attempt_number: int | None = None,
    source: str = "callback",
) -> StatusEvent:
    """Keep a report as an event and move its attempt up the ladder; what fits no attempt is kept as an orphan.

    The first signed report for an attempt without a SID binds it: the text was taken, whatever we saw.
    """
    with transaction.atomic():
        event = _event(tenant_id, report, source)
        message = _settle(event, message_id, attempt_number)
        StatusEvent.objects.bulk_create([event], ignore_conflicts=True)
    if message is not None and not event.note:
        react(message, event)
    return event


def apply_event(event: StatusEvent) -> Message | None:
    """Apply a stored report inside the caller's transaction, which has locked it; returns the text that it is about."""
    message = _settle(event, event.asked_message, event.asked_attempt)
    StatusEvent.objects.filter(pk=event.pk).update(attempt=event.attempt, note=event.note)
    return message


def _settle(event: StatusEvent, message_id: uuid.UUID | None, number: int | None) -> Message | None:
    """Give an event its attempt and its note; what fits no attempt is an orphan."""
    message, attempt = _find(event, message_id, number)
    if message is None or attempt is None:
        event.note = "no such attempt"
        log.warning("sms.report.orphan sid=%s", event.provider_sid)
    else:
        event.attempt = attempt
        event.note = _apply(message, attempt, event)
        touch([message.conversation_id])
    return message


def _find(
    event: StatusEvent, message_id: uuid.UUID | None, number: int | None
) -> tuple[Message | None, Attempt | None]:
    """Find the attempt, by the address that was called, else by SID; its message is locked first."""
    if message_id is None or number is None:
        sent = Attempt.objects.filter(tenant_id=event.tenant_id, account_sid=event.account_sid)
        by_sid = with_sid(sent, [event.provider_sid])
        message_id, number = by_sid.values_list("message_id", "number").first() or (None, None)
    rows = Message.objects.select_for_update(no_key=True).filter(tenant_id=event.tenant_id, direction=Direction.OUT)
    message = rows.filter(pk=message_id).defer("raw").first() if message_id else None
    if message is None:
        return None, None
    return message, message.attempts.filter(number=number or 0).first()


def with_sid(attempts: QuerySet[Attempt], sids: Sequence[str]) -> QuerySet[Attempt]:
    """Return those of a tenant's attempts that have these SIDs.

    That none is empty is said for SQLite: it takes the index, which holds no empty ones, only when told so.
    """
    return attempts.filter(provider_sid__in=sids).exclude(provider_sid="")


def _event(tenant_id: uuid.UUID, report: StatusReport, source: str) -> StatusEvent:
    return StatusEvent(
        tenant_id=tenant_id,
        account_sid=report.account_sid[:34],
        provider_sid=report.message_sid[:34],
        status=report.status[:20],
        error_code=report.error_code[:10],
        source=source,
        raw=dict(report.parameters),
    )


def _apply(message: Message, attempt: Attempt, event: StatusEvent) -> str:
    """Bind and climb; returns a note when the report does not belong to what we know, or shows a double send."""
    if attempt.account_sid != event.account_sid:
        return _suspicious("account_mismatch", message, event)
    if not attempt.provider_sid and not bind(message, attempt, event.provider_sid):
        return _suspicious("sid_mismatch", message, event)
    if attempt.provider_sid != event.provider_sid:
        return _suspicious("sid_mismatch", message, event)
    _climb(message, attempt, event.status, event.error_code)
    if _taken_twice(message, attempt):
        return _suspicious("possible_double_send", message, event)
    return ""


def _suspicious(note: str, message: Message, event: StatusEvent) -> str:
    log.warning("sms.report.%s message=%s sid=%s", note, message.id.hex, event.provider_sid)
    return note


def _taken_twice(message: Message, attempt: Attempt) -> bool:
    others = message.attempts.exclude(pk=attempt.pk)
    return attempt.number != message.attempt_count and others.filter(outcome=Outcome.ACCEPTED).exists()


def bind(message: Message, attempt: Attempt, sid: str) -> bool:
    """Give an attempt the SID that Twilio made for it, on a locked message; False when the SID is another's."""
    same = Attempt.objects.filter(tenant_id=attempt.tenant_id, account_sid=attempt.account_sid)
    if with_sid(same, [sid]).exists():
        return False
    attempt.provider_sid = sid
    Attempt.objects.filter(pk=attempt.pk).update(
        provider_sid=sid, phase=Phase.DONE, outcome=Outcome.ACCEPTED, finished_at=clock.now()
    )
    if _may_settle(message, attempt):
        _accept(message, attempt)
    attach_orphans([attempt])
    return True


def _may_settle(message: Message, attempt: Attempt) -> bool:
    """Say whether an attempt's success settles its message; a newer attempt that is not posted yet is called back."""
    if message.state != MessageState.SENDING or attempt.number == message.attempt_count:
        return True
    newer = message.attempts.filter(number=message.attempt_count, phase=Phase.CLAIMED)
    note = "Not needed: Twilio has the text already."
    return bool(newer.update(phase=Phase.DONE, outcome=Outcome.NOT_SENT, finished_at=clock.now(), note=note))


def _accept(message: Message, attempt: Attempt) -> None:
    """Move the message to accepted, if it waits for that; one that a person marked as sent only gets its SID."""
    marked = message.state == MessageState.ACCEPTED and not message.provider_sid
    if message.state not in sources_of(MessageState.ACCEPTED) and not marked:
        return
    changes: dict[str, Any] = {
        "state": MessageState.ACCEPTED,
        "state_reason": message.state_reason if marked else "",
        "provider_sid": attempt.provider_sid,
        "account_sid": attempt.account_sid,
        "due_at": clock.in_seconds(FIRST_LOOK_SECONDS),
        "lease_token": "",
        "lease_until": None,
    }
    for name, value in changes.items():
        setattr(message, name, value)
    Message.objects.filter(pk=message.pk).update(**changes)


def _climb(message: Message, attempt: Attempt, status: str, error_code: str) -> None:
    """Raise an attempt's status, never lower it; an unknown word is an event and nothing more."""
    rank = rank_of(status)
    if rank is None:
        log.warning("sms.report.unknown_status status=%s", status)
        return
    lower = Attempt.objects.filter(pk=attempt.pk, provider_rank__lt=rank)
    if not lower.update(provider_status=status, provider_rank=rank, error_code=error_code):
        return
    attempt.provider_status, attempt.provider_rank = status, rank
    if message.provider_sid == attempt.provider_sid:
        done = {"due_at": None} if status in FINAL and message.state == MessageState.ACCEPTED else {}
        Message.objects.filter(pk=message.pk).update(provider_status=status, error_code=error_code, **done)


def attach_orphans(attempts: Iterable[Attempt]) -> None:
    """Give attempts whose SID has just become known the reports that came too early, and climb by them."""
    by_sid = {(attempt.tenant_id, attempt.account_sid, attempt.provider_sid): attempt for attempt in attempts}
    # What still waits to be applied finds its attempt by itself.
    early = StatusEvent.objects.filter(
        attempt=None, due_at=None, tenant_id__in={key[0] for key in by_sid}, provider_sid__in=[key[2] for key in by_sid]
    )
    for event in early.order_by("received_at", "id"):
        attempt = by_sid.get((event.tenant_id, event.account_sid, event.provider_sid))
        if attempt is not None:
            StatusEvent.objects.filter(pk=event.pk).update(attempt=attempt, note="")
            _climb(Message.objects.get(pk=attempt.message_id), attempt, event.status, event.error_code)


def touch(conversation_ids: Iterable[uuid.UUID | None]) -> None:
    """Tell live pages that conversations have changed; locked in order, so that nobody waits in a circle."""
    ids = {found for found in conversation_ids if found is not None}
    rows = Conversation.objects.filter(pk__in=ids)
    if len(ids) > 1:
        list(rows.select_for_update(no_key=True).order_by("pk").values_list("pk"))
    rows.update(version=F("version") + 1)


def react(message: Message, event: StatusEvent) -> None:
    """Do what an error after acceptance asks for. Nothing is ever sent again from here."""
    if not event.error_code:
        return
    after = errors.explain(event.error_code).after
    if after == Aftermath.SUPPRESS_PAIR:
        with transaction.atomic():
            optouts.add(message.tenant, message.our_address, message.their_address, source="twilio")
    elif after == Aftermath.STOP_CONFIGURATION and message.configuration_id:
        breaker.hold(message.configuration_id, event.error_code)
    elif after == Aftermath.STOP_SENDER and message.configuration_id and event.attempt is not None:
        # A Messaging Service has other numbers to choose from; nothing is waiting for one of them alone.
        breaker.stop_sender(message.configuration_id, event.attempt.sender, event.error_code)
