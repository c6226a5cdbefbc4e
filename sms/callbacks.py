"""Status callbacks: each is stored with one statement while Twilio waits, and applied by a worker, many at a time."""

import logging
import os
import threading
import uuid
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from django.db import transaction

from sms import claims, errors, reports, rows
from sms.error_table import Aftermath
from sms.models import Attempt, Direction, Message, StatusEvent
from sms.status import FINAL, MessageState, rank_of
from sms.webhooks.payloads import StatusReport
from tenants import clock, hints
from tenants.failpoints import failpoint
from tenants.ids import new_id

log = logging.getLogger(__name__)

_BATCH = 250
_GATHER_SECONDS = 0.25
_SOONEST_SECONDS, _LATEST_SECONDS = 5.0, 600.0
_INSERT = rows.Insert(
    StatusEvent,
    *("id", "created_at", "tenant_id", "account_sid", "provider_sid", "status", "error_code", "raw", "received_at"),
    *("asked_message", "asked_attempt", "due_at"),
)
# Errors after acceptance that are shown and lead to nothing else.
_ORDINARY = frozenset({Aftermath.PERMANENT, Aftermath.RESENDABLE, Aftermath.NOTICE})
_lock = threading.Lock()
_announcing = False
# More than a column of that size holds belongs to no attempt anyway.
_MOST_ATTEMPTS = 32_767


def store(
    tenant_id: uuid.UUID,
    report: StatusReport,
    *,
    message_id: uuid.UUID,
    attempt_number: int,
    received_at: datetime | None = None,
) -> bool:
    """Keep what came to the address that we gave Twilio for one attempt; False when it is kept already."""
    now = clock.now()
    values = {
        "id": new_id(),
        "created_at": now,
        "tenant_id": tenant_id,
        "account_sid": report.account_sid[:34],
        "provider_sid": report.message_sid[:34],
        "status": report.status[:20],
        "error_code": report.error_code[:10],
        "raw": dict(report.parameters),
        "received_at": received_at or now,
        "asked_message": message_id,
        "asked_attempt": min(attempt_number, _MOST_ATTEMPTS),
        "due_at": now,
    }
    stored = _INSERT.run(values)
    if stored:
        transaction.on_commit(_announce, robust=True)
    return stored


def _announce() -> None:
    """Hint a moment later: a report is in no hurry, and one batch of many costs little more than one of a few."""
    global _announcing
    with _lock:
        if _announcing:
            return
        _announcing = True
    timer = threading.Timer(_GATHER_SECONDS, _announce_now)
    timer.daemon = True
    try:
        timer.start()
    except RuntimeError:
        # No thread to be had: the next one tries again, and the sweep does without.
        _announcing = False
        raise


def _announce_now() -> None:
    global _announcing
    _announcing = False
    hints.note("inbound")


def has_due() -> bool:
    """Whether a report waits to be applied."""
    return StatusEvent.objects.filter(due_at__lte=clock.now()).exists()


def apply_due() -> int:
    """Apply one batch of the reports that are due, oldest first; returns how many it was.

    Most climb an attempt whose SID is known: these go together. The others go one by one, each in a transaction of its
    own, and one that fails is tried again later.
    """
    with transaction.atomic():
        due = _due()
        others = _apply_plain(due)
        if due:
            failpoint("status.applying")
    for event in others:
        _apply_alone(event)
    return len(due)


def _due() -> list[StatusEvent]:
    waiting = StatusEvent.objects.select_for_update(skip_locked=True).filter(due_at__lte=clock.now())
    return list(waiting.defer("raw").order_by("due_at", "id")[:_BATCH])


def _apply_plain(events: Sequence[StatusEvent]) -> list[StatusEvent]:
    """Apply the plain ones; returns the others, with all that concern the same texts, so that the order holds."""
    if not events:
        return []
    messages = _locked({event.asked_message for event in events if event.asked_message})
    attempts = {(row.message_id, row.number): row for row in Attempt.objects.filter(message__in=messages)}
    unusual = {event.asked_message for event in events if not _is_plain(event, messages, attempts)}
    plain = [event for event in events if event.asked_message not in unusual]
    climbed: dict[uuid.UUID, Attempt] = {}
    done = []
    for event in plain:
        attempt = attempts[(event.asked_message, event.asked_attempt)]  # type: ignore[index]
        rank = rank_of(event.status) or 0
        if rank > attempt.provider_rank:
            attempt.provider_status, attempt.provider_rank = event.status, rank
            attempt.error_code = event.error_code
            climbed[attempt.pk] = attempt
        done.append((event.pk, attempt.pk))
    _write(climbed.values(), messages)
    reports.touch(messages[event.asked_message].conversation_id for event in plain if event.asked_message)
    claims.write(StatusEvent, ("id", "attempt"), done, due_at=None)
    return [event for event in events if event.asked_message in unusual]


def _locked(ids: set[uuid.UUID]) -> dict[uuid.UUID, Message]:
    found = Message.objects.select_for_update(no_key=True).filter(pk__in=ids, direction=Direction.OUT).order_by("pk")
    wanted = found.only("id", "tenant_id", "conversation_id", "attempt_count", "provider_sid", "state")
    return {message.pk: message for message in wanted}


def _is_plain(
    event: StatusEvent,
    messages: Mapping[uuid.UUID, Message],
    attempts: Mapping[tuple[uuid.UUID, int], Attempt],
) -> bool:
    """Whether an event has nothing to do but to climb the newest attempt of a text, whose SID it names."""
    message = messages.get(event.asked_message) if event.asked_message else None
    attempt = attempts.get((message.pk, event.asked_attempt)) if message else None
    if message is None or attempt is None or message.tenant_id != event.tenant_id:
        return False
    named = (event.account_sid, event.provider_sid)
    if (attempt.account_sid, attempt.provider_sid) != named or attempt.number != message.attempt_count:
        return False
    is_ordinary = not event.error_code or errors.explain(event.error_code).after in _ORDINARY
    return is_ordinary and rank_of(event.status) is not None


def _write(climbed: Iterable[Attempt], messages: Mapping[uuid.UUID, Message]) -> None:
    """Write what the attempts have come to, and show it on the texts whose newest they are."""
    attempts = sorted(climbed, key=lambda attempt: attempt.message_id)
    claims.write(
        Attempt,
        ("id", "provider_status", "provider_rank", "error_code"),
        [(row.pk, row.provider_status, row.provider_rank, row.error_code) for row in attempts],
    )
    shown = [row for row in attempts if messages[row.message_id].provider_sid == row.provider_sid]
    claims.write(
        Message,
        ("id", "provider_status", "error_code"),
        [(row.message_id, row.provider_status, row.error_code) for row in shown],
    )
    over = [row.message_id for row in shown if row.provider_status in FINAL]
    if over:
        Message.objects.filter(pk__in=over, state=MessageState.ACCEPTED).update(due_at=None)


def _apply_alone(event: StatusEvent) -> None:
    """Apply one report with all that it may lead to; it stays due until that is done."""
    waiting = StatusEvent.objects.filter(pk=event.pk, due_at__isnull=False)
    try:
        with transaction.atomic():
            row = waiting.select_for_update(skip_locked=True).first()
            if row is None:
                return
            message = reports.apply_event(row)
        if message is not None and not row.note:
            reports.react(message, row)
        waiting.update(due_at=None)
    except Exception:
        log.exception("sms.report.failed event=%s", event.pk.hex)
        age = (clock.now() - event.received_at).total_seconds()
        waiting.update(due_at=clock.in_seconds(min(max(age, _SOONEST_SECONDS), _LATEST_SECONDS)))


def _after_fork() -> None:
    """Start anew in a child, which has none of its parent's timers."""
    global _lock, _announcing
    _lock, _announcing = threading.Lock(), False


os.register_at_fork(after_in_child=_after_fork)
