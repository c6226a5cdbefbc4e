"""The inbox of a member or a group: served in the deciding transaction, so exactly once."""

import uuid

from rules.targets import ToGroup, ToMember
from sms import conversations
from sms.models import Conversation, Delivery, Message
from tenants.models import Group, Member

REMOTE = False
LADDER: tuple[int, ...] = ()


def place(delivery: Delivery, message: Message, conversation: Conversation, target: ToMember | ToGroup) -> None:
    """Put the conversation into the inbox; one that is gone is kept as undeliverable, for everybody to see."""
    found = _find(message, target)
    if found is None:
        delivery.label = target.label
        delivery.state, delivery.last_error = "exhausted", f"This {target.kind} no longer exists."
        return
    if isinstance(found, Member):
        delivery.member = found
        conversations.add_to_inbox(conversation, member=found)
    else:
        delivery.group = found
        conversations.add_to_inbox(conversation, group=found)
    delivery.label, delivery.state = str(found), "delivered"


def _find(message: Message, target: ToMember | ToGroup) -> Member | Group | None:
    identifier = uuid.UUID(hex=target.id)
    if target.kind == "group":
        return message.tenant.groups.filter(pk=identifier).first()
    return message.tenant.members.filter(pk=identifier, enabled=True).first()


def deliver(delivery: Delivery) -> None:
    """Nothing is left to do: `place` has delivered."""
