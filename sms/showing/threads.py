"""One thread as people read it: bubbles with the state of each text in words."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.http import HttpRequest
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from rules.schedule import Period
from sms import errors, status
from sms.models import Conversation, Direction, Message
from tenants import clock, keyset

PAGE = 50
# The same weekday would be meant twice.
_A_WEEK = timedelta(days=6)


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
    if opening := opening_of(message):
        return _until(opening, message.state_reason), "warn"
    return status.describe_state(message.state), _TONES.get(message.state, "neutral")


def opening_of(message: Message) -> datetime | None:
    """Return when a text goes by itself that a rule holds until the office opens; None for every other text."""
    is_held = message.state == status.MessageState.HELD and message.direction == Direction.OUT
    return message.due_at if is_held else None


def _until(opening: datetime, reason: str) -> str:
    """Say until when a text is held, in the viewer's time: a weekday within a week, else with its date."""
    is_near = opening - clock.now() < _A_WEEK
    words = {"when": date_format(timezone.localtime(opening), "D H:i" if is_near else "D j M, H:i")}
    if reason == Period.HOLIDAY:
        return _("Held until %(when)s (holiday)") % words
    return _("Held until %(when)s (outside office hours)") % words


# Reasons that are stored as a word, because statements of their own compare or set them.
_REASONS = {
    "configuration_deleted": gettext_lazy("Its SMS configuration was deleted before it was sent."),
    Period.CLOSED.value: gettext_lazy("It was written outside office hours. It goes by itself at the opening."),
    Period.HOLIDAY.value: gettext_lazy("It was written on a holiday. It goes by itself at the opening."),
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
