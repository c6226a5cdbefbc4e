"""Outbound texts as people and programs order them: send (check, route, store), cancel, decide about unknown ones."""

import hashlib
import json
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from sms import conversations, drafting, segments, sending
from sms.choosing import Writer
from sms.drafting import Draft, IdempotencyConflict, OverLimit, SendRefused
from sms.models import Attempt, Conversation, Direction, IdempotencyKey, Message
from sms.outcomes import Outcome, Phase
from sms.status import MessageState, sources_of
from tenants import audit, clock, hints, quotas
from tenants.access import enter
from tenants.audit import Actor
from tenants.failpoints import failpoint
from tenants.models import ApiKey, Member, Tenant

__all__ = ["IdempotencyConflict", "OverLimit", "SendRefused", "cancel", "mark_as_sent", "send", "send_again"]

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
) -> Message:
    """Accept a text: once this returns it is stored, and ends in one visible state.

    Bulk texts let a sender's single ones pass. An automatic reply that a limit stops is stored as blocked.

    Raises:
        SendRefused: it was not stored; the message says what to do. IdempotencyConflict and OverLimit are of these.
    """
    enter(tenant)
    digest = _digest(to, body, sender, conversation)
    if idempotency_key and (earlier := _answered_before(tenant, idempotency_key, digest)):
        return earlier
    writer = Writer(member, sender, conversation.our_address if conversation else "")
    draft = drafting.check(tenant, writer, to, body)
    fields: dict[str, Any] = {
        "author": member,
        "author_label": author_label or actor.label,
        "api_key": api_key,
        "in_reply_to": in_reply_to,
        "source": source,
        "priority": BULK if bulk else SINGLE,
    }
    try:
        message = _store(tenant, draft, conversation, fields, idempotency_key, digest)
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
def _store(
    tenant: Tenant, draft: Draft, asked: Conversation | None, fields: dict[str, Any], key: str | None, digest: str
) -> Message:
    way, now = draft.way, clock.now()
    conversation = asked
    if conversation is None or conversation.our_address != way.choice.address:
        conversation = conversations.find_or_make(tenant, way.choice.address, way.to)
    message = Message(
        tenant=tenant,
        direction=Direction.OUT,
        configuration=way.configuration,
        number=way.number,
        conversation=conversation,
        our_address=way.choice.address,
        their_address=way.to,
        body=draft.body,
        segments=max(1, segments.count(draft.body).segments),
        state=MessageState.QUEUED,
        account_sid=way.configuration.account.account_sid,
        decision=_snapshot(draft),
        occurred_at=now,
        due_at=now,
        expires_at=now + timedelta(seconds=settings.SEND_VALIDITY_SECONDS),
        **fields,
    )
    message.save(force_insert=True)
    if key:
        IdempotencyKey.objects.create(tenant=tenant, key=key, request_digest=digest, message=message)
    sending.make_sender(way.configuration, message.our_address)
    conversations.note_outbound(conversation, message)
    _count(tenant, message)
    if draft.writer.member is not None:
        conversations.add_to_inbox(conversation, member=draft.writer.member)
    hints.hint("send")
    failpoint("accept.before_commit")
    return message


def _count(tenant: Tenant, message: Message) -> None:
    """Count the text against the tenant's limits; what nobody wrote is kept, blocked, for somebody to see."""
    try:
        quotas.take(tenant)
    except quotas.QuotaReached as reached:
        if message.source != "auto_reply":
            raise OverLimit(reached) from reached
        reason = _("Over the limit of %(limit)d texts a %(window)s")
        words = {"limit": reached.window.limit, "window": reached.window.label}
        message.state, message.state_reason, message.due_at = MessageState.BLOCKED, (reason % words)[:60], None
        message.save(update_fields=["state", "state_reason", "due_at"])


def _snapshot(draft: Draft) -> dict[str, Any]:
    """Return the decision with the way taken, and what was asked for, so that the next route can be chosen later."""
    asked = {"chosen": draft.writer.chosen, "replying_as": draft.writer.replying_as}
    return draft.decision.to_snapshot(draft.rule_set) | draft.way.to_json() | {"asked": asked}


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
        expires_at=now + timedelta(seconds=settings.SEND_VALIDITY_SECONDS),
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
