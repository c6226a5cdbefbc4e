"""Say before a text leaves for the US that its networks do not know its sender: they block such texts, or drop them.

What is known of a sender was read from Twilio earlier: nobody is asked now.
"""

import re
from dataclasses import dataclass
from typing import Any

from django.db.models import F, OuterRef, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce, NullIf
from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrOrPromise

from sms.models import Configuration, Conversation, TwilioNumber, TwilioService
from sms.models.mirror import Registration

_NANP = re.compile(r"\+1\d{10}")
_TOLL_FREE = re.compile(r"\+1(800|833|844|855|866|877|888)\d{7}")
_SERVICE = re.compile(r"MG[0-9a-f]{32}")


@dataclass(frozen=True, slots=True)
class Concern:
    """Why US networks may not carry a text of this sender, and what to do."""

    sender: str
    state: str
    text: StrOrPromise
    advice: StrOrPromise

    @property
    def is_known(self) -> bool:
        """Whether Twilio said so; otherwise nobody asked it yet."""
        return self.state != Registration.UNKNOWN


def of_way(configuration: Configuration, sender: str, to: str) -> Concern | None:
    """Return what speaks against a sender on the way that a text takes: with one query, and for +1 only."""
    if not may_concern(sender, to):
        return None
    if _SERVICE.fullmatch(sender):
        services = TwilioService.objects.filter(account=configuration.account_id, sid=sender, gone_at=None)
        state = services.values_list("registration", flat=True).first()
    else:
        numbers = TwilioNumber.objects.filter(account=configuration.account_id, e164=sender, gone_at=None)
        state = numbers.values_list(_STATE, flat=True).first()
    return _concern(sender, state or "")


def with_state(conversations: QuerySet[Conversation]) -> QuerySet[Conversation]:
    """Let conversations bring what is known of their senders, whichever of the tenant's accounts has them.

    An account that has registered a sender goes before one that has not.
    """
    theirs: dict[str, Any] = {
        "account__configurations__tenant": OuterRef("tenant"),
        "account__configurations__deleted_at": None,
        "gone_at": None,
    }
    numbers = TwilioNumber.objects.filter(e164=OuterRef("our_address"), **theirs).annotate(state=_STATE)
    services = TwilioService.objects.filter(sid=OuterRef("our_address"), **theirs).annotate(state=F("registration"))
    known = (Subquery(rows.order_by("-state").values("state")[:1]) for rows in (numbers, services))
    return conversations.annotate(sender_state=Coalesce(*known, Value("")))


def of_thread(conversation: Any) -> Concern | None:
    """Return what speaks against the sender of a conversation that came by `with_state`."""
    ours, theirs = conversation.our_address, conversation.their_address
    return _concern(ours, conversation.sender_state) if may_concern(ours, theirs) else None


# What nobody could say of a number itself, the campaign of its service may.
_STATE = Coalesce(NullIf("registration", Value("")), "service__registration", Value(""))


def may_concern(sender: str, to: str) -> bool:
    """Whether registration is asked for at all: from +1 or a Messaging Service to +1. Short codes are registered."""
    return bool(_NANP.fullmatch(to)) and bool(_NANP.fullmatch(sender) or _SERVICE.fullmatch(sender))


def _concern(sender: str, state: str) -> Concern | None:
    # Toll-free numbers are verified one by one, most of them long ago: that nobody asked yet means nothing there.
    words = _TOLL_FREE_WORDS if _TOLL_FREE.fullmatch(sender) else _WORDS
    return Concern(sender, state, *words[state]) if state in words else None


_REGISTER = _("An administrator registers it in the Twilio console: Messaging, Regulatory Compliance, A2P 10DLC.")
_VERIFY = _("An administrator verifies it in the Twilio console: Phone Numbers, Active numbers, the number itself.")
_WAIT = _("Wait for it, or write from a number that is registered.")
_WORDS: dict[str, tuple[StrOrPromise, StrOrPromise]] = {
    Registration.UNKNOWN: (
        _("Nobody knows yet whether this sender is registered. US networks block texts of senders that are not."),
        _("An administrator sees it on the numbers page of the SMS configuration, once Twilio was asked."),
    ),
    Registration.MISSING: (
        _("This sender is not registered with US networks (A2P 10DLC): they block its texts."),
        _REGISTER,
    ),
    Registration.PENDING: (
        _("The registration of this sender with US networks is under way: they may block it."),
        _WAIT,
    ),
    Registration.FAILED: (_("US networks refused to register this sender: they block its texts."), _REGISTER),
}
_TOLL_FREE_WORDS: dict[str, tuple[StrOrPromise, StrOrPromise]] = {
    Registration.MISSING: (_("This toll-free number is not verified: US networks block its texts."), _VERIFY),
    Registration.PENDING: (_("The verification of this toll-free number is under way: texts may be blocked."), _WAIT),
    Registration.FAILED: (_("The verification of this toll-free number was refused: its texts are blocked."), _VERIFY),
}
