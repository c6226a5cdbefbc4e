"""Route texts that no rule had taken by the rules of today: the way to mend what stands as unrouted."""

from django.db import transaction

from rules import routing
from rules.engine import Action
from sms import conversations, delivering, inbound
from sms.models import Direction, Message
from sms.status import MessageState
from tenants import audit
from tenants.access import enter
from tenants.audit import Actor


@transaction.atomic
def route_again(actor: Actor, message: Message) -> bool:
    """Give an unrouted text to the destinations of the rule that fits it now; returns False while none does."""
    rows = Message.objects.select_for_update(no_key=True, of=("self",))
    row = rows.select_related("tenant", "configuration").get(pk=message.pk)
    if row.direction != Direction.IN or row.state != MessageState.UNROUTED or row.conversation_id is None:
        return False
    enter(row.tenant)
    decision, rule_set = routing.route_inbound(row.tenant, inbound.facts_of(row, inbound.number_of(row)))
    if decision.action == Action.UNROUTED:
        return False
    row.state, row.decision = MessageState.ROUTED, decision.to_snapshot(rule_set)
    row.save(update_fields=["state", "decision"])
    conversation = row.tenant.conversations.get(pk=row.conversation_id)
    for position, target in enumerate(decision.targets):
        delivering.place(row, conversation, target, position)
    conversations.bump(conversation.pk)
    rule = decision.rule.name if decision.rule else ""
    audit.record(actor, "sms.message.routed_again", row, {"rule": rule}, tenant=row.tenant)
    return True
