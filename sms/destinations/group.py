"""The inbox of a group: all its members see the text at once; who of them has it in hand, a worker says."""

import uuid
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from rules.targets import ToGroup
from sms import assigning, conversations
from sms.destinations import Arrival, finish
from sms.models import Conversation, Delivery

TITLE = gettext_noop("Group %(label)s")
REMOTE = REPLAYABLE = False
LADDER = (2, 5, 30, 120, 600)


def place(delivery: Delivery, arrival: Arrival, target: ToGroup) -> None:
    """Put the conversation into the group's inbox; leave it to a worker to give it to somebody, if it is to be given.

    Not here: many texts are processed in one transaction, which must not hold the groups of all of them.
    """
    group = arrival.message.tenant.groups.filter(pk=uuid.UUID(hex=target.id)).first()
    if group is None:
        delivery.label = target.label
        delivery.state, delivery.last_error = "exhausted", _("This group no longer exists.")
        return
    conversations.add_to_inbox(arrival.conversation, group=group)
    delivery.group, delivery.label = group, str(group)
    if not assigning.is_shared_out(group):
        delivery.state = "delivered"


def foresee(conversation: Conversation, target: ToGroup, at: datetime) -> str:
    """Say which member would be given the text."""
    group = conversation.tenant.groups.filter(pk=uuid.UUID(hex=target.id)).first()
    if group is None:
        return _("This group no longer exists.")
    if not assigning.is_shared_out(group):
        return _("%s: all its members see it, nobody is given it.") % group
    return _("%s would get it.") % assigning.foresee(conversation, group, at)


@transaction.atomic
def deliver(delivery: Delivery) -> None:
    """Give the conversation to a member of the group by its way of sharing, exactly once."""
    if finish(delivery) and delivery.group is not None:
        label = assigning.assign_text(delivery.message, delivery.group)
        Delivery.objects.filter(pk=delivery.pk).update(label=label[:254])
