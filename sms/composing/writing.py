"""What a person may write with: the senders to choose from, and why a conversation cannot be answered."""

from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _

from rules.e164 import AddressKind, classify_address
from sms import optouts
from sms.models import Conversation, MemberNumber
from tenants.models import Member, Tenant
from tenants.models.members import SendingRight


@dataclass(frozen=True, slots=True)
class Hindrance:
    """Why nobody, or not this person, can write here, and what to do."""

    text: str
    tone: str = "warn"


def senders_of(tenant: Tenant, member: Member | None) -> list[str]:
    """Return the numbers a person may choose to send from; a system administrator in Manage may use all."""
    live = tenant.phone_numbers.filter(released_at=None)
    if member is None or member.sending_right == SendingRight.SENDER_ID:
        return list(live.order_by("e164").values_list("e164", flat=True)[:200])
    if member.sending_right == SendingRight.NUMBERS:
        own = MemberNumber.objects.filter(tenant=tenant, member=member, number__released_at=None)
        return list(own.order_by("-preferred", "number__e164").values_list("number__e164", flat=True))
    return []


def hindrance(tenant: Tenant, member: Member | None, conversation: Conversation | None = None) -> Hindrance | None:
    """Return what stands against writing, before a word is typed; None when nothing does."""
    if member is not None and member.sending_right == SendingRight.NONE:
        return Hindrance(str(_("You may not send texts. Ask an administrator for the sending right.")), "info")
    if not tenant.sms_enabled:
        return Hindrance(str(_("SMS/MMS is switched off for this tenant. Ask your system administrator.")))
    if conversation is None:
        return None
    kind = classify_address(conversation.their_address)
    if kind == AddressKind.ALPHANUMERIC:
        return Hindrance(str(_("One-way sender: this name is not a phone number and cannot be answered.")))
    if kind == AddressKind.CHANNEL:
        return Hindrance(str(_("This text came by another channel. Only SMS and MMS can be answered here.")))
    if _was_given_up(tenant, conversation.our_address):
        return Hindrance(str(_("Our number is no longer yours: texts to it do not arrive here. Start a new message.")))
    if optouts.is_opted_out(tenant, conversation.our_address, conversation.their_address):
        return Hindrance(str(_("They have opted out of texts from this number. They can text START to come back.")))
    return None


def _was_given_up(tenant: Tenant, ours: str) -> bool:
    """Whether a number of ours was taken out of its pool since."""
    if classify_address(ours) != AddressKind.E164:
        return False
    return not tenant.phone_numbers.filter(e164=ours, released_at=None).exists()
