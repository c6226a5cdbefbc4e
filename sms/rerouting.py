"""Decide again: about texts that no rule had taken, by the rules of today; about held ones, when the office opens."""

from django.db import transaction
from django.db.models import Max

from rules import routing
from rules.engine import Action, Decision
from rules.facts import InboundFacts
from sms import conversations, delivering, inbound
from sms.models import Conversation, Direction, Message
from sms.status import MessageState
from tenants import audit, clock, hints
from tenants.access import enter
from tenants.audit import Actor


@transaction.atomic
def route_again(actor: Actor, message: Message) -> bool:
    """Give an unrouted text to the destinations of the rule that fits it now; returns False while none does."""
    row = _locked(message)
    if row is None or row.state != MessageState.UNROUTED:
        return False
    decision = _decide(row)
    if decision.action == Action.UNROUTED:
        return False
    rule = decision.rule.name if decision.rule else ""
    audit.record(actor, "sms.message.routed_again", row, {"rule": rule}, tenant=row.tenant)
    return True


@transaction.atomic
def try_again(actor: Actor, message: Message) -> bool:
    """Try a received text again that went nowhere, wherever it got stuck; returns False when there is nothing to try.

    One that could not be worked on is due at once; one that no rule took is decided about again; what could not be
    delivered starts anew.
    """
    if message.state == MessageState.UNROUTED:
        return route_again(actor, message)
    stuck = Message.objects.filter(pk=message.pk, state=MessageState.RECEIVED, attempt_count__gt=0)
    if stuck.update(due_at=clock.now()):
        audit.record(actor, "sms.message.tried_again", message, tenant=message.tenant)
        hints.hint("inbound")
        return True
    return bool(delivering.replay_all(actor, message.tenant, message.deliveries.all()))


def decide_again(message: Message) -> None:
    """Let the rules of now decide about a text that was held; runs inside the transaction that ends its holding.

    What they say comes after what was done already; the earlier decisions are kept beside the new one.
    """
    if (row := _locked(message)) is not None:
        _decide(row)


def _locked(message: Message) -> Message | None:
    rows = Message.objects.select_for_update(no_key=True, of=("self",)).select_related("tenant", "configuration")
    return rows.filter(pk=message.pk, direction=Direction.IN, conversation__isnull=False).first()


def _decide(row: Message) -> Decision:
    """Decide as of now and place the deliveries; a text that no rule takes stands as unrouted."""
    enter(row.tenant)
    conversation = Conversation.objects.get(tenant=row.tenant, messages=row.pk)
    facts = _facts(row, conversation).moved_to(clock.now())
    decision, rule_set = routing.route_inbound(row.tenant, facts)
    state = MessageState.UNROUTED if decision.action == Action.UNROUTED else MessageState.ROUTED
    if not (row.state == state == MessageState.UNROUTED):
        earlier = {"earlier": [*row.decision.pop("earlier", []), row.decision]} if row.decision else {}
        row.state, row.decision = state, decision.to_snapshot(rule_set) | earlier
        row.save(update_fields=["state", "decision"])
        last = row.deliveries.aggregate(last=Max("position"))["last"]
        inbound.deliver(row, conversation, decision, first=0 if last is None else last + 1)
        conversations.bump(conversation.pk)
    return decision


def _facts(row: Message, conversation: Conversation) -> InboundFacts:
    """Return what rules may ask now: a first contact stays one."""
    was_first = row.decision.get("facts", {}).get("conversation") == ""
    state = "" if was_first else conversations.hold_on(conversation)
    return inbound.facts_of(row, inbound.number_of(row), state)
