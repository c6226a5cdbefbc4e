"""Outbound texts as people and programs order them: send, release, cancel, decide about unknown ones."""

import hashlib
import json
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from sms import conversations, optouts
from sms.composing import drafting, storing
from sms.composing.choosing import Writer
from sms.composing.drafting import IdempotencyConflict, NotRegistered, OverLimit, RuleDenied, SendRefused
from sms.models import Attempt, Conversation, Direction, Message
from sms.models.messages import AUTOMATIC
from sms.queueing.outcomes import Outcome, Phase
from sms.status import MessageState, sources_of
from tenants import audit, clock, hints
from tenants.access import enter
from tenants.audit import Actor
from tenants.failpoints import failpoint
from tenants.models import ApiKey, Member, Tenant

__all__ = [
    "IdempotencyConflict",
    "NotRegistered",
    "OverLimit",
    "RuleDenied",
    "SendRefused",
    "cancel",
    "mark_as_sent",
    "release",
    "send",
    "send_again",
]

_LONGEST_KEY = 255
# A sender's waiting texts go in this order.
SINGLE, BULK = 1, 2


def send(
    actor: Actor,
    tenant: Tenant,
    *,
    to: str,
    body: str,
    member: Member | None = None,
    conversation: Conversation | None = None,
    sender: str = "",
    author_label: str = "",
    api_key: ApiKey | None = None,
    idempotency_key: str | None = None,
    in_reply_to: Message | None = None,
    source: str = "page",
    bulk: bool = False,
    asks_first: bool = False,
) -> Message:
    """Accept a text: once this returns it is stored, and ends in one visible state.

    Bulk texts let a sender's single ones pass. What nobody wrote (`source` "auto_reply" or "forward") is stored as
    blocked when a limit or a rule stops it. A rule may hold the text: then it waits for a person, or for the opening.

    With `asks_first` somebody is there who can be asked whether a text shall go that US networks may block.

    Raises:
        SendRefused: it was not stored; the message says what to do. IdempotencyConflict, NotRegistered, OverLimit and
            RuleDenied are of these.
    """
    enter(tenant)
    digest = _digest(to, body, sender, conversation)
    if idempotency_key and (earlier := _answered_before(tenant, idempotency_key, digest)):
        return earlier
    writer = Writer(member, sender, conversation.our_address if conversation else "")
    try:
        draft = drafting.check(tenant, writer, to, body, asks_first=asks_first)
    except RuleDenied as denied:
        if source not in AUTOMATIC:
            raise
        draft = denied.draft
    fields: dict[str, Any] = {
        "author": member,
        "author_label": author_label or actor.label,
        "api_key": api_key,
        "in_reply_to": in_reply_to,
        "source": source,
        "priority": BULK if bulk else SINGLE,
    }
    try:
        message = storing.store(tenant, draft, conversation, fields, idempotency_key, digest)
    except IntegrityError:
        # The same key at the same moment: the other one was first.
        earlier = _answered_before(tenant, idempotency_key or "", digest)
        if earlier is None:
            raise
        return earlier
    failpoint("accept.committed")
    return message


def _digest(to: str, body: str, sender: str, conversation: Conversation | None) -> str:
    asked = [to.strip(), body, sender, conversation.id.hex if conversation else ""]
    return hashlib.sha256(json.dumps(asked).encode()).hexdigest()


def _answered_before(tenant: Tenant, key: str, digest: str) -> Message | None:
    if len(key) > _LONGEST_KEY:
        raise SendRefused("idempotency_key", _("An Idempotency-Key has at most 255 characters. Use a shorter one."))
    found = tenant.idempotency_keys.select_related("message").filter(key=key).first()
    if found is None:
        return None
    if found.request_digest != digest:
        raise IdempotencyConflict
    return found.message


@transaction.atomic
def cancel(actor: Actor, message: Message) -> bool:
    """Cancel a text that has not left; returns False when it is too late."""
    row = _locked(message)
    if row.state == MessageState.SENDING:
        claimed = row.attempts.filter(number=row.attempt_count, phase=Phase.CLAIMED)
        if not claimed.update(phase=Phase.DONE, outcome=Outcome.NOT_SENT, finished_at=clock.now(), note="Canceled"):
            return False
    elif row.state not in (MessageState.QUEUED, MessageState.HELD):
        return False
    _settle(row, MessageState.CANCELED)
    audit.record(actor, "sms.message.canceled", row, tenant=row.tenant)
    return True


@transaction.atomic
def release(actor: Actor, message: Message) -> bool:
    """Queue a text that a rule holds, by a person's decision: its time begins anew.

    Returns False when it is not held any more or has been erased, and when they have opted out since, or its number is
    gone: then it is closed.
    """
    row = _locked(message)
    if row.state != MessageState.HELD or not (row.body or row.media):
        return False
    if optouts.is_opted_out(row.tenant, row.our_address, row.their_address):
        _settle(row, MessageState.SUPPRESSED)
        return False
    if row.number and row.number.released_at:
        _settle(row, MessageState.BLOCKED, state_reason=storing.NUMBER_GONE)
        return False
    now = clock.now()
    told = {"by": actor.label, "at": now.isoformat()}
    _settle(
        row,
        MessageState.QUEUED,
        due_at=now,
        expires_at=storing.validity_from(now),
        decision=row.decision | {"released": told},
    )
    audit.record(actor, "sms.message.released", row, tenant=row.tenant)
    hints.hint("send")
    return True


@transaction.atomic
def send_again(actor: Actor, message: Message) -> bool:
    """Send a text again whose outcome is unknown, or that failed: a new attempt, by a person's decision."""
    row = _locked(message)
    failed = row.state == MessageState.ACCEPTED and row.provider_status in ("undelivered", "failed")
    if row.state not in (MessageState.UNKNOWN, MessageState.REJECTED) and not failed:
        return False
    now = clock.now()
    _settle(
        row,
        MessageState.QUEUED,
        due_at=now,
        expires_at=storing.validity_from(now),
        provider_status="",
        provider_sid="",
        error_code="",
    )
    audit.record(actor, "sms.message.sent_again", row, {"attempts": row.attempt_count}, tenant=row.tenant)
    hints.hint("send")
    return True


@transaction.atomic
def mark_as_sent(actor: Actor, message: Message) -> bool:
    """Settle a text of unknown outcome: a person knows that it arrived."""
    row = _locked(message)
    if row.state != MessageState.UNKNOWN:
        return False
    _settle(row, MessageState.ACCEPTED, state_reason=_("Marked as sent by %s") % actor.label)
    Attempt.objects.filter(message=row, number=row.attempt_count).update(outcome=Outcome.ACCEPTED)
    audit.record(actor, "sms.message.marked_as_sent", row, tenant=row.tenant)
    return True


def _locked(message: Message) -> Message:
    rows = Message.objects.select_for_update(no_key=True, of=("self",)).select_related("tenant")
    return rows.get(pk=message.pk, direction=Direction.OUT)


def _settle(row: Message, state: MessageState, **changes: Any) -> None:
    values = {"state_reason": "", "due_at": None, "lease_token": "", "lease_until": None} | changes
    values["state_reason"] = values["state_reason"][:60]
    Message.objects.filter(pk=row.pk, state__in=sources_of(state)).update(state=state, **values)
    if row.conversation_id:
        conversations.bump(row.conversation_id)
