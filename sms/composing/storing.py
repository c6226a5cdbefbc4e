"""Store a text that has been looked at, with its conversation and its count: queued, held by a rule, or blocked."""

from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from rules.documents import OutboundRule
from rules.engine import Action, Decision
from rules.schedule import Period
from sms import conversations, segments, sending
from sms.composing.drafting import Draft, OverLimit
from sms.composing.matching import Matching
from sms.models import Conversation, Direction, IdempotencyKey, Message
from sms.models.messages import AUTOMATIC
from sms.status import MessageState
from tenants import clock, hints, quotas
from tenants.failpoints import failpoint
from tenants.models import Tenant

# Why a text does not leave that was held until its number was taken out of the pool: it may be another tenant's now.
NUMBER_GONE = "Its number is not yours any more"
_LONGEST_REASON = 60


@transaction.atomic
def store(
    tenant: Tenant, draft: Draft, asked: Conversation | None, fields: dict[str, Any], key: str | None, digest: str
) -> Message:
    """Store a text and count it against the tenant's limits; `key` and `digest` answer a program that asks again.

    Raises:
        OverLimit: somebody wrote it, and the tenant has sent as many as it may.
    """
    now = clock.now()
    message = Message(
        tenant=tenant,
        direction=Direction.OUT,
        body=draft.body,
        segments=max(1, segments.count(draft.body).segments),
        decision=_snapshot(draft),
        occurred_at=now,
        **_between(draft, asked, fields.get("in_reply_to")),
        **_standing(draft.decision, now),
        **fields,
    )
    message.conversation = _conversation(message, asked)
    message.save(force_insert=True)
    if key:
        IdempotencyKey.objects.create(tenant=tenant, key=key, request_digest=digest, message=message)
    if message.conversation is not None:
        conversations.note_outbound(message.conversation, message)
    if draft.way is not None:
        sending.make_sender(draft.way.configuration, message.our_address)
        _count(tenant, message)
    if draft.writer.member is not None and message.conversation is not None:
        conversations.add_to_inbox(message.conversation, member=draft.writer.member)
    if message.state == MessageState.QUEUED:
        hints.hint("send")
    failpoint("accept.before_commit")
    return message


def validity_from(start: datetime) -> datetime:
    """Return until when a text may be sent that could be sent from `start` on."""
    return start + timedelta(seconds=settings.SEND_VALIDITY_SECONDS)


def _between(draft: Draft, asked: Conversation | None, answered: Message | None) -> dict[str, Any]:
    """Return the addresses of a text; one that a rule refuses stands where it would have been an answer."""
    way = draft.way
    if way is not None:
        return {
            "configuration": way.configuration,
            "number": way.number,
            "our_address": way.choice.address,
            "their_address": way.to,
            "account_sid": way.configuration.account.account_sid,
        }
    ours = asked.our_address if asked else answered.our_address if answered else ""
    return {
        "configuration": answered.configuration if answered else None,
        "our_address": ours,
        "their_address": draft.to,
    }


def _conversation(message: Message, asked: Conversation | None) -> Conversation | None:
    if asked is not None and asked.our_address == message.our_address:
        return asked
    if not message.our_address:
        return None
    return conversations.find_or_make(message.tenant, message.our_address, message.their_address)


def _standing(decision: Decision, now: datetime) -> dict[str, Any]:
    """Return the state of a new text, why, from when it is looked at, and until when it may be sent."""
    if decision.action == Action.SEND:
        return {"state": MessageState.QUEUED, "due_at": now, "expires_at": validity_from(now)}
    if decision.action == Action.WAIT and decision.until is not None:
        held = {"state": MessageState.HELD, "state_reason": _why_closed(decision)}
        return held | {"due_at": decision.until, "expires_at": validity_from(decision.until)}
    rule = decision.rule.name if decision.rule else ""
    state, reason = MessageState.HELD, _held_by(rule)
    if decision.action == Action.DENY:
        state, reason = MessageState.BLOCKED, decision.reason.rstrip(".") or _("Refused by the rule %s") % rule
    return {"state": state, "state_reason": reason[:_LONGEST_REASON], "due_at": None}


def hold_again(message: Message) -> dict[str, Any]:
    """Return what a text goes back to that a rule held and nobody has released; nothing for any other."""
    decision = message.decision
    if "released" in decision or decision.get("action") not in (Action.HOLD, Action.WAIT):
        return {}
    until = datetime.fromisoformat(decision["until"]) if "until" in decision else None
    reason = Period.CLOSED.value if until else _held_by(str(decision.get("name", "")))
    expires_at = validity_from(max(until, clock.now())) if until else None
    return {"state": MessageState.HELD, "state_reason": reason, "due_at": until, "expires_at": expires_at}


def _held_by(rule: str) -> str:
    return (_("Held by the rule %s") % rule)[:_LONGEST_REASON]


def _why_closed(decision: Decision) -> str:
    """Return the word for why a text waits: `closed` or `holiday`."""
    rule = decision.rule
    found = rule.calendar.at(decision.facts.at).period if isinstance(rule, OutboundRule) else Period.CLOSED
    return found.value


def _snapshot(draft: Draft) -> dict[str, Any]:
    """Return the decision with the way taken, and what was asked for, so that the next route can be chosen later."""
    asked = {"chosen": draft.writer.chosen, "replying_as": draft.writer.replying_as}
    way = draft.way.to_json() if draft.way else {}
    wanted = Matching.of(draft.decision.rule).to_json()
    return draft.decision.to_snapshot(draft.rule_set) | way | {"asked": asked, "wanted": wanted}


def _count(tenant: Tenant, message: Message) -> None:
    """Count the text against the tenant's limits; what nobody wrote is kept, blocked, for somebody to see."""
    try:
        quotas.take(tenant)
    except quotas.QuotaReached as reached:
        if message.source not in AUTOMATIC:
            raise OverLimit(reached) from reached
        reason = _("Over the limit of %(limit)d texts a %(window)s")
        words = {"limit": reached.window.limit, "window": reached.window.label}
        message.state, message.due_at = MessageState.BLOCKED, None
        message.state_reason = (reason % words)[:_LONGEST_REASON]
        message.save(update_fields=["state", "state_reason", "due_at"])
