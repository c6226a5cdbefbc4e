"""Automatic reply: an ordinary outbound text, guarded against loops."""

from datetime import timedelta

from django.db import transaction
from django.utils.translation import gettext_noop

from rules import placeholders
from rules.e164 import AddressKind, classify_address, format_for_people
from rules.targets import AutoReply
from sms import optouts, outbound
from sms.composing import drafting
from sms.destinations import Arrival, DeliveryFailed, DeliverySkipped
from sms.models import Conversation, Delivery, Direction, Message, PhoneNumber
from sms.status import MessageState
from tenants import audit, clock

TITLE = gettext_noop("Automatic reply")
# An answer that comes late is worse than none: nobody can have it tried again.
REMOTE = REPLAYABLE = False
LADDER = (5, 30, 120)
LOOP_WINDOW = timedelta(minutes=10)
LOOP_CEILING = 3
LATE_AFTER = timedelta(minutes=10)


def place(delivery: Delivery, arrival: Arrival, target: AutoReply) -> None:
    """Write the answer and leave the sending to the worker, unless a machine must not answer this text."""
    text = placeholders.fill(target.text, _values(arrival))[: drafting.LONGEST_BODY]
    delivery.settings, delivery.label = {"text": text}, text[:60]
    if reason := _silence(arrival.message):
        delivery.state, delivery.last_error = "skipped", reason


def _values(arrival: Arrival) -> dict[str, str]:
    """Return what stands in the place of each placeholder."""
    message = arrival.message
    sender = format_for_people(message.their_address)
    return {
        "name": arrival.conversation.contact_name or sender,
        "sender": sender,
        "number": format_for_people(message.our_address),
        "company": message.tenant.name,
        "opens": placeholders.opening_in_words(arrival.calendar, clock.now()),
        "keyword": placeholders.first_word(message.body),
    }


def _silence(message: Message) -> str:
    """Return why no machine may answer this text, or nothing."""
    if optouts.word_of(message.body) in optouts.STOP_WORDS | optouts.START_WORDS | {"HELP", "INFO"}:
        return "Twilio answers this word itself."
    if classify_address(message.their_address) != AddressKind.E164:
        return "Only phone numbers get automatic replies."
    if message.occurred_at < clock.now() - LATE_AFTER:
        return "The text is more than ten minutes old: an automatic reply would come too late."
    # Whichever tenant has it: two machines that answer each other never stop.
    if PhoneNumber.objects.filter(e164=message.their_address, released_at=None).exists():
        return "The text came from a number of this portal: two machines would answer each other for ever."
    return ""


def deliver(delivery: Delivery) -> None:
    """Send the answer through the outbound queue, at most three in ten minutes between the same two numbers.

    Raises:
        DeliverySkipped: a machine must not answer, or not any more.
        DeliveryFailed: the answer was refused; the reason says what is missing.
    """
    message = delivery.message
    if reason := _silence(message):
        raise DeliverySkipped(reason)
    try:
        with transaction.atomic():
            answer = _send(delivery, message)
    except outbound.SendRefused as error:
        raise DeliveryFailed(str(error), permanent=True) from error
    if answer is not None and answer.state == MessageState.BLOCKED:
        raise DeliverySkipped(f"{answer.state_reason}.")


def _send(delivery: Delivery, message: Message) -> Message | None:
    """Count and send while nobody else can for this conversation: workers at the same moment count each other."""
    key = f"delivery-{delivery.id.hex}"
    if message.tenant.idempotency_keys.filter(key=key).exists():
        return None  # a worker stopped after it had sent the answer, before it could say so
    if message.conversation_id:
        list(Conversation.objects.select_for_update(no_key=True).filter(pk=message.conversation_id).values_list("pk"))
    if _recent(message) >= LOOP_CEILING:
        raise DeliverySkipped("Three automatic replies in ten minutes are enough: a loop is likely.")
    return outbound.send(
        audit.PORTAL,
        message.tenant,
        to=message.their_address,
        body=delivery.settings["text"],
        conversation=message.conversation,
        in_reply_to=message,
        source="auto_reply",
        author_label="Automatic reply",
        idempotency_key=key,
    )


def _recent(message: Message) -> int:
    """Count the answers to this pair. By what they answer: a rule may have sent them from another number of ours."""
    return message.tenant.messages.filter(
        direction=Direction.OUT,
        source="auto_reply",
        their_address=message.their_address,
        in_reply_to__our_address=message.our_address,
        occurred_at__gt=clock.now() - LOOP_WINDOW,
    ).count()
