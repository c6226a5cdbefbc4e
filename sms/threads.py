"""One thread as people read it: bubbles with the state of each text in words."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext_lazy

from sms import errors, status
from sms.models import Conversation, Direction, Message
from tenants import keyset

PAGE = 50


@dataclass(frozen=True, slots=True)
class Bubble:
    """One text in a thread."""

    id: str
    direction: str
    text: str
    at: datetime
    author: str = ""
    state: str = ""
    tone: str = "neutral"
    reason: str = ""
    media: list[dict[str, Any]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Thread:
    """A page of a thread, oldest first."""

    bubbles: list[Bubble]
    older_url: str
    newer_url: str


def page(conversation: Conversation, request: HttpRequest) -> Thread:
    """Return the newest texts, or those before the one that the address names."""
    found = keyset.page(Message.objects.filter(conversation=conversation).defer("raw"), request, size=PAGE)
    return Thread([bubble(message) for message in reversed(found.rows)], found.older_url, found.newer_url)


def bubble(message: Message) -> Bubble:
    """Return a text with its state in words."""
    words, tone = state_of(message)
    return Bubble(
        id=message.id.hex,
        direction=message.direction,
        text=message.body,
        at=message.occurred_at,
        author=message.author_label if message.direction == Direction.OUT else "",
        state=words if message.direction == Direction.OUT else "",
        tone=tone,
        reason=reason_of(message),
        media=message.media,
    )


_TONES = {
    "delivered": "good",
    "read": "good",
    "undelivered": "bad",
    "failed": "bad",
    "rejected": "bad",
    "expired": "bad",
    "blocked": "bad",
    "suppressed": "bad",
    "unknown": "warn",
    "held": "warn",
    "unrouted": "warn",
    "routed": "good",
}


def state_of(message: Message) -> tuple[str, str]:
    """Return the state in words and its tone: Twilio's word once it has one, ours before."""
    if message.direction == Direction.OUT and message.state == status.MessageState.ACCEPTED and message.provider_status:
        words = status.describe_status(message.provider_status, is_given_up=message.due_at is None)
        return words, _TONES.get(message.provider_status, "neutral")
    return status.describe_state(message.state), _TONES.get(message.state, "neutral")


# Reasons that are stored as a word, because statements of their own compare or set them.
_REASONS = {
    "configuration_deleted": gettext_lazy("Its SMS configuration was deleted before it was sent."),
    "disabled": gettext_lazy(
        "The company or the SMS configuration was switched off. It goes on by itself once that is on again."
    ),
}


def reason_of(message: Message) -> str:
    """Return why a text failed or waits, with what to do; empty when nothing is wrong."""
    if message.error_code:
        info = errors.explain(message.error_code)
        return f"{info.meaning} {info.advice} ({message.error_code})"
    if message.state == status.MessageState.HELD and not message.state_reason:
        return str(_REASONS["disabled"])
    return str(_REASONS.get(message.state_reason, message.state_reason))
