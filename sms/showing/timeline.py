"""What happened to one message, in order and in words."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from rules.e164 import format_for_people
from rules.engine import Action
from rules.facts import InboundFacts
from sms import delivering, errors, status
from sms.models import Attempt, Delivery, Direction, Message, StatusEvent
from sms.models.messages import Source
from sms.showing import threads

_DELIVERY_TONES = {"delivered": "good", "exhausted": "bad", "pending": "neutral", "delivering": "neutral"}


@dataclass(frozen=True, slots=True)
class Event:
    """One step."""

    title: str
    at: datetime
    text: str = ""
    tone: str = "neutral"
    icon: str = "circle"


def of(message: Message) -> list[Event]:
    """Return the steps of a message, oldest first."""
    events = _inbound(message) if message.direction == Direction.IN else _outbound(message)
    return sorted(events, key=lambda event: event.at)


def _inbound(message: Message) -> list[Event]:
    tone = "warn" if message.came_late else "neutral"
    events = [Event(_("Received"), message.created_at, _source(message), tone, "arrow-down-left")]
    if message.came_late:
        events.append(Event(_("Received by Twilio"), message.occurred_at, icon="arrow-down-left"))
    if message.state in ("routed", "unrouted"):
        events += [_decided(message, earlier) for earlier in message.decision.get("earlier", ())]
        events.append(_decided(message, message.decision))
    events += [_delivery(delivery) for delivery in message.deliveries.select_related("member", "group")]
    return events


def _source(message: Message) -> str:
    if message.came_late:
        return _("It came late: no webhook brought it, the portal found it in Twilio's list.")
    if message.source in (Source.RECONCILED, Source.POLLING):
        return _("The portal found it in Twilio's list.")
    return _("Twilio called the webhook, the signature fits.")


def _decided(message: Message, decision: dict[str, Any]) -> Event:
    """Say which rule decided; a text that was held, or that no rule had taken, was decided about again."""
    at = max(message.created_at, InboundFacts.from_json(decision.get("facts", {})).at)
    if decision.get("action", message.state) == "unrouted":
        text = _("No inbound rule fits. Add one, or a last rule for all numbers.")
        return Event(_("Not routed"), at, text, "warn", "circle-question-mark")
    return Event(_("Rule “%(name)s” decided") % {"name": decision.get("name", "")}, at, "", "neutral", "split")


def _delivery(delivery: Delivery) -> Event:
    text = delivery.last_error
    if delivery.state == "pending" and delivery.tries:
        text = _("%(reason)s Will be tried again.") % {"reason": delivery.last_error}
    at = delivery.delivered_at or delivery.created_at
    return Event(delivering.title(delivery), at, text, _DELIVERY_TONES.get(delivery.state, "neutral"), "inbox")


def _outbound(message: Message) -> list[Event]:
    by = _("Written by %(who)s") % {"who": message.author_label} if message.author_label else ""
    action = message.decision.get("action", Action.SEND)
    title = _("Queued") if action == Action.SEND else _("Written")
    events = [Event(title, message.created_at, by, icon="square-pen"), *_held(message, action)]
    for attempt in message.attempts.select_related("configuration").prefetch_related("status_events"):
        events += _attempt(attempt)
    if message.state in _ENDS:
        tone, icon = _ENDS[message.state]
        last = message.expires_at if message.state == "expired" else None
        at = max(event.at for event in events)
        # That a rule holds it stands above.
        reason = "" if message.state == "held" else threads.reason_of(message)
        events.append(Event(threads.state_of(message)[0], max(last or at, at), reason, tone, icon))
    return events


def _held(message: Message, action: str) -> list[Event]:
    """Return that a rule held a text, until when, and who released it."""
    if action not in (Action.HOLD, Action.WAIT):
        return []
    decision = message.decision
    title = _("Held by the rule “%(name)s”") % {"name": decision.get("name", "")}
    reason = str(decision.get("reason", ""))
    text = f"{reason[:1].upper()}{reason[1:]}"
    events = [Event(title, message.created_at, text, "warn", "circle-pause")]
    released = decision.get("released")
    if released:
        title = _("Released by %(who)s") % {"who": released["by"]}
        events.append(Event(title, datetime.fromisoformat(released["at"]), icon="circle-play"))
    return events


# How a text stands that did not go to Twilio, or not again.
_ENDS = {
    "canceled": ("neutral", "circle-x"),
    "expired": ("bad", "circle-x"),
    "suppressed": ("bad", "circle-x"),
    "blocked": ("bad", "circle-x"),
    "held": ("warn", "circle-pause"),
}


_OUTCOMES = {
    "accepted": ("good", "check"),
    "rejected": ("bad", "circle-x"),
    "ambiguous": ("warn", "circle-question-mark"),
    "not_sent": ("neutral", "rotate-ccw"),
}


def _attempt(attempt: Attempt) -> list[Event]:
    events = []
    if attempt.posting_at:
        title = _("Attempt %(number)d by “%(route)s” from %(sender)s") % {
            "number": attempt.number,
            "route": attempt.configuration.name,
            "sender": format_for_people(attempt.sender),
        }
        events.append(Event(title, attempt.posting_at, icon="send-horizontal"))
    if attempt.finished_at:
        tone, icon = _OUTCOMES.get(attempt.outcome, ("neutral", "circle"))
        # An error that came later stands with the report that brought it.
        why = "" if attempt.outcome == "accepted" else _explained(attempt.error_code, attempt.http_status)
        text = why or attempt.note or attempt.provider_sid
        events.append(Event(_outcome(attempt), attempt.finished_at, text, tone, icon))
    return events + [_reported(event) for event in attempt.status_events.all()]


def _outcome(attempt: Attempt) -> str:
    words = {
        "accepted": _("Twilio accepted it"),
        "rejected": _("Twilio refused it"),
        "ambiguous": _("No clear answer from Twilio: it may have been sent"),
        "not_sent": _("Certainly not sent; waits for the next try"),
    }
    return words.get(attempt.outcome, attempt.outcome)


def _explained(code: str, http_status: int | None = None) -> str:
    if not code:
        return ""
    info = errors.explain(code, http_status)
    return f"{info.meaning} {info.advice} ({code})"


def _reported(event: StatusEvent) -> Event:
    tone = "bad" if event.status in status.FAILED else "good" if event.status in ("delivered", "read") else "neutral"
    icon = "check-check" if tone == "good" else "circle-alert" if tone == "bad" else "check"
    # As a step of the past it says what was done, not what is still missing.
    title = _("Handed to the carrier") if event.status == "sent" else status.describe_status(event.status)
    return Event(title, event.received_at, _explained(event.error_code) or event.note, tone, icon)
