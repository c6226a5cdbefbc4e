"""The inbox of whoever has an extension when the text comes."""

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from rules.targets import ToExtension
from sms.destinations import Arrival, inbox
from sms.models import Delivery

TITLE = gettext_noop("To the inbox of %(label)s")
REMOTE = REPLAYABLE = False
LADDER: tuple[int, ...] = ()


def place(delivery: Delivery, arrival: Arrival, target: ToExtension) -> None:
    """Put the conversation into the inbox; an extension that nobody has is kept as undeliverable."""
    label = _("extension %s") % target.extension
    members = arrival.message.tenant.members.filter(enabled=True)
    if member := members.filter(extension=target.extension).first():
        inbox.give(delivery, arrival, member, f"{member} ({label})")
        return
    delivery.label, delivery.state = label[:254], "exhausted"
    delivery.last_error = (
        _("No enabled member has the extension %s. Give it to one, or change the rule.") % target.extension
    )


def deliver(delivery: Delivery) -> None:
    """Nothing is left to do: `place` has delivered."""
