"""Automatic reply: an ordinary outbound text, guarded against loops."""

from datetime import timedelta

from rules.documents import Target
from rules.e164 import AddressKind, classify_address
from sms import optouts, outbound
from sms.destinations import DeliveryFailed
from sms.models import Conversation, Delivery, Direction, Message
from tenants import audit, clock

LOOP_WINDOW = timedelta(minutes=10)
LOOP_CEILING = 3
LATE_AFTER = timedelta(minutes=10)


def place(delivery: Delivery, message: Message, conversation: Conversation, target: Target) -> None:
    """Leave the answer to the worker, unless this text must not be answered by a machine."""
    delivery.settings = {"text": target.text}
    delivery.label = target.text[:60]
    reason = _silence(message)
    if reason:
        delivery.state, delivery.last_error = "skipped", reason


def _silence(message: Message) -> str:
    """Return why no machine may answer this text, or nothing."""
    if optouts.word_of(message.body) in optouts.STOP_WORDS | optouts.START_WORDS | {"HELP", "INFO"}:
        return "Twilio answers this word itself."
    if classify_address(message.their_address) != AddressKind.E164:
        return "Only phone numbers get automatic replies."
    if message.occurred_at < clock.now() - LATE_AFTER:
        return "The text arrived too late for an automatic reply."
    if message.tenant.phone_numbers.filter(e164=message.their_address, released_at=None).exists():
        return "The text came from one of your own numbers."
    return ""


def deliver(delivery: Delivery) -> None:
    """Send the answer through the outbound queue, at most three in ten minutes to the same number.

    Raises:
        DeliveryFailed: the answer was refused; the reason says what is missing.
    """
    message = delivery.message
    if _recent(message) >= LOOP_CEILING:
        raise DeliveryFailed("Three automatic replies in ten minutes are enough: a loop is likely.", permanent=True)
    try:
        outbound.send(
            audit.PORTAL,
            message.tenant,
            to=message.their_address,
            body=delivery.settings["text"],
            conversation=message.conversation,
            in_reply_to=message,
            source="auto_reply",
            author_label="Automatic reply",
            idempotency_key=f"delivery-{delivery.id.hex}",
        )
    except outbound.SendRefused as error:
        raise DeliveryFailed(str(error), permanent=True) from error


def _recent(message: Message) -> int:
    return message.tenant.messages.filter(
        direction=Direction.OUT,
        source="auto_reply",
        their_address=message.their_address,
        our_address=message.our_address,
        occurred_at__gt=clock.now() - LOOP_WINDOW,
    ).count()
