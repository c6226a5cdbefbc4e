"""Forward: the text goes on to a phone number as a text of ours that says who wrote; guarded against loops."""

from datetime import timedelta

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, ngettext

from rules.e164 import format_for_people
from rules.targets import Forward
from sms import claims, outbound
from sms.composing import drafting
from sms.destinations import Arrival, DeliveryFailed, DeliverySkipped
from sms.models import Delivery, Direction, Message, PhoneNumber
from sms.status import MessageState
from tenants import audit, clock

TITLE = gettext_noop("Forwarded to %(label)s")
REMOTE, REPLAYABLE = False, True
# A limit that is reached ends: by the minute, the hour, the day.
LADDER = (5, 60, 600, 3600, 14_400)
SOURCE = "forward"
LOOP_WINDOW = timedelta(minutes=10)
LOOP_CEILING = 10


def place(delivery: Delivery, arrival: Arrival, target: Forward) -> None:
    """Leave the sending to the worker, unless the text would come back to where it is from."""
    delivery.settings, delivery.label = {"number": target.number}, format_for_people(target.number)
    if reason := _silence(arrival.message, target.number):
        delivery.state, delivery.last_error = "skipped", reason


def _silence(message: Message, number: str) -> str:
    """Return why this text is not to be passed on, or nothing."""
    if message.their_address == number:
        return _("This very number wrote the text.")
    if _is_of_this_portal(message.their_address):
        return _("The text came from a number of this portal: it was likely written by a machine.")
    return ""


def _is_of_this_portal(number: str) -> bool:
    """Whichever tenant has it: two numbers that pass texts on to each other never stop."""
    return PhoneNumber.objects.filter(e164=number, released_at=None).exists()


def deliver(delivery: Delivery) -> None:
    """Send the text on through the outbound queue, at most ten in ten minutes of the same two numbers.

    Raises:
        DeliverySkipped: it would come back to where it is from.
        DeliveryFailed: it is refused; the reason says what is missing.
    """
    message, number = delivery.message, delivery.settings["number"]
    if reason := _silence(message, number):
        raise DeliverySkipped(reason)
    if _is_of_this_portal(number):
        reason = _("%s is a number of this portal: a text to it would come back. Change the rule.")
        raise DeliveryFailed(reason % format_for_people(number), permanent=True)
    try:
        with transaction.atomic():
            _send(delivery, message, number)
    except outbound.SendRefused as error:
        raise DeliveryFailed(str(error), permanent=True) from error


def _send(delivery: Delivery, message: Message, number: str) -> None:
    """Count and send while nobody else can for this conversation: workers at the same moment count each other."""
    key = f"delivery-{delivery.id.hex}"
    if message.tenant.idempotency_keys.filter(key=key).exists():
        return  # a worker stopped after it had sent the text on, before it could say so
    claims.lock_pairs([(message.tenant_id, message.our_address, f"{SOURCE} {message.their_address}")], shared=False)
    if _recent(message) >= LOOP_CEILING:
        raise DeliveryFailed(_("Ten texts passed on in ten minutes are enough: a loop is likely."), permanent=True)
    text = outbound.send(
        audit.PORTAL,
        message.tenant,
        to=number,
        body=_text(message),
        in_reply_to=message,
        source=SOURCE,
        author_label=_("Forwarded"),
        idempotency_key=key,
    )
    if text.state == MessageState.BLOCKED:
        # A limit ends: nothing is kept of this try.
        raise DeliveryFailed(f"{text.state_reason}.")


def _text(message: Message) -> str:
    """Return the text with who wrote it, and how many files do not go along."""
    name = message.conversation.contact_name if message.conversation else ""
    sender = format_for_people(message.their_address)
    head = _("From %(who)s to %(ours)s:") % {
        "who": f"{name} {sender}" if name else sender,
        "ours": format_for_people(message.our_address),
    }
    count = len(message.media)
    tail = ngettext("[%d attachment]", "[%d attachments]", count) % count if count else ""
    room = drafting.LONGEST_BODY - len(head) - len(tail) - 2
    body = message.body if len(message.body) <= room else f"{message.body[: room - 1]}…"
    return "\n".join(filter(None, (head, body, tail)))


def _recent(message: Message) -> int:
    """Count what was passed on of the texts between the same two numbers."""
    return message.tenant.messages.filter(
        direction=Direction.OUT,
        source=SOURCE,
        in_reply_to__conversation=message.conversation_id,
        occurred_at__gt=clock.now() - LOOP_WINDOW,
    ).count()
