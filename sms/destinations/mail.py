"""E-mail: the text as a plain mail with a stable Message-ID, at least once."""

from smtplib import SMTPRecipientsRefused

from django.conf import settings
from django.core.mail import EmailMessage
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from rules.e164 import format_for_people
from rules.targets import ToEmail
from sms.destinations import Arrival, DeliveryFailed
from sms.models import Delivery, Message

TITLE = gettext_noop("By e-mail to %(label)s")
REMOTE = REPLAYABLE = True
# Seven hours in all: a mail server that is down overnight is not worth losing a text over.
LADDER = (5, 60, 300, 1800, 7200, 18_000)


def place(delivery: Delivery, arrival: Arrival, target: ToEmail) -> None:
    """Leave the sending to the worker."""
    delivery.settings, delivery.label = {"address": target.address}, target.address


def deliver(delivery: Delivery) -> None:
    """Send the mail.

    Raises:
        DeliveryFailed: the mail server did not take it; permanent when it refuses the recipient for good.
    """
    message = delivery.message
    mail = EmailMessage(
        subject=_("Text from %(sender)s") % {"sender": format_for_people(message.their_address)},
        body=_body(message),
        to=[delivery.settings["address"]],
        headers={"Message-ID": f"<{delivery.id.hex}@{_domain()}>", "Auto-Submitted": "auto-generated"},
    )
    try:
        mail.send()
    except SMTPRecipientsRefused as error:
        raise DeliveryFailed("The mail server refuses this address.", permanent=True) from error
    except OSError as error:
        raise DeliveryFailed(f"The mail server did not take it: {error}") from error


def _body(message: Message) -> str:
    lines = [message.body, ""]
    if message.media:
        lines.append(_("Attachments: %(count)d (open the conversation to see them)") % {"count": len(message.media)})
    lines.append(
        _("From %(theirs)s to %(ours)s, %(at)s UTC")
        % {
            "theirs": format_for_people(message.their_address),
            "ours": format_for_people(message.our_address),
            "at": f"{message.occurred_at:%Y-%m-%d %H:%M}",
        }
    )
    return "\n".join(lines)


def _domain() -> str:
    return settings.DEFAULT_FROM_EMAIL.rsplit("@", 1)[-1].rstrip(">") or "localhost"
