"""The inbox of whoever has an extension when the text comes."""

from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from rules.targets import ToExtension
from sms.destinations import Arrival, inbox
from sms.models import Conversation, Delivery
from tenants.models import Member

TITLE = gettext_noop("To the inbox of %(label)s")
REMOTE = REPLAYABLE = False
LADDER: tuple[int, ...] = ()


def place(delivery: Delivery, arrival: Arrival, target: ToExtension) -> None:
    """Put the conversation into the inbox; an extension that nobody has is kept as undeliverable."""
    label = _("extension %s") % target.extension
    if member := _holder(arrival.conversation, target):
        inbox.give(delivery, arrival, member, f"{member} ({label})")
        return
    delivery.label, delivery.state = label[:254], "exhausted"
    delivery.last_error = _nobody(target)


def foresee(conversation: Conversation, target: ToExtension, at: datetime) -> str:
    """Say who has the extension."""
    member = _holder(conversation, target)
    return _("%s has the extension.") % member if member else _nobody(target)


def _holder(conversation: Conversation, target: ToExtension) -> Member | None:
    members = conversation.tenant.members.filter(enabled=True)
    return members.filter(extension=target.extension).first()


def _nobody(target: ToExtension) -> str:
    return _("No enabled member has the extension %s. Give it to one, or change the rule.") % target.extension


def deliver(delivery: Delivery) -> None:
    """Nothing is left to do: `place` has delivered."""
