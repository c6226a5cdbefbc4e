"""The inbox of a member: served in the deciding transaction, so exactly once."""

import uuid

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from rules.targets import ToMember
from sms import conversations
from sms.destinations import Arrival
from sms.models import Delivery
from tenants.models import Member

TITLE = gettext_noop("To the inbox of %(label)s")
REMOTE = REPLAYABLE = False
LADDER: tuple[int, ...] = ()


def place(delivery: Delivery, arrival: Arrival, target: ToMember) -> None:
    """Put the conversation into the inbox; one that is gone is kept as undeliverable, for everybody to see."""
    members = arrival.message.tenant.members.filter(enabled=True)
    if member := members.filter(pk=uuid.UUID(hex=target.id)).first():
        give(delivery, arrival, member, str(member))
        return
    delivery.label = target.label
    delivery.state, delivery.last_error = "exhausted", _("This member no longer exists, or is disabled.")


def give(delivery: Delivery, arrival: Arrival, member: Member, label: str) -> None:
    """Put the conversation into a member's inbox."""
    conversations.add_to_inbox(arrival.conversation, member=member)
    delivery.member, delivery.label, delivery.state = member, label[:254], "delivered"


def deliver(delivery: Delivery) -> None:
    """Nothing is left to do: `place` has delivered."""
