"""Mails to people: plain text, and clear words when the mail server refuses."""

import logging
import smtplib
import socket
import ssl
from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage
from django.template.loader import render_to_string
from django.utils.translation import gettext as _

log = logging.getLogger(__name__)


class MailError(Exception):
    """A mail did not leave; the text says why and what to do."""


def send(to: str, subject: str, template: str, context: dict[str, Any]) -> bool:
    """Send a mail if mail is set up; returns whether it left. A refusal is logged: the link can be copied instead."""
    if not settings.MAIL_IS_SET_UP:
        return False
    try:
        deliver(to, subject, render_to_string(template, context))
    except MailError as error:
        log.warning("A mail did not leave: %s", error)
        return False
    return True


def deliver(to: str, subject: str, body: str) -> None:
    """Hand one mail to the mail server.

    Raises:
        MailError: with words for the person who set the mail up.
    """
    try:
        EmailMessage(" ".join(subject.split()), body, to=[to]).send()
    except (smtplib.SMTPException, OSError) as error:
        raise MailError(_in_words(error)) from error


def _in_words(error: Exception) -> str:
    """Say what a mail server's refusal means; the most telling kinds first, because some are kinds of others."""
    said = _said(error)
    kinds: list[tuple[type[Exception] | tuple[type[Exception], ...], str]] = [
        (
            smtplib.SMTPAuthenticationError,
            _("The mail server refused the user name or password. Check both in EMAIL_URL."),
        ),
        (
            smtplib.SMTPRecipientsRefused,
            _("The mail server does not accept the recipient. Check that it may relay for this sender."),
        ),
        (smtplib.SMTPSenderRefused, _("The mail server does not accept the sender. Check DEFAULT_FROM_EMAIL.")),
        (
            smtplib.SMTPNotSupportedError,
            _("The mail server lacks what EMAIL_URL asks for. Use smtp+tls:// on port 587 or smtp+ssl:// on port 465."),
        ),
        (
            (ssl.SSLError, smtplib.SMTPServerDisconnected),
            _("The encrypted connection failed. Use smtp+tls:// on port 587, or smtp+ssl:// on port 465."),
        ),
        (smtplib.SMTPException, _("The mail server refused the mail.")),
        (socket.gaierror, _("The mail server's name is not known. Check the host in EMAIL_URL.")),
        (TimeoutError, _("The mail server did not answer in time. Check host, port and firewall.")),
        (ConnectionRefusedError, _("Nothing answers at that address. Check host and port in EMAIL_URL.")),
    ]
    words = next((text for kind, text in kinds if isinstance(error, kind)), _("The mail server cannot be reached."))
    return f"{words} ({said})" if said else words


def _said(error: Exception) -> str:
    """Return the server's own words, shortened."""
    if isinstance(error, smtplib.SMTPResponseException):
        text = error.smtp_error.decode(errors="replace") if isinstance(error.smtp_error, bytes) else error.smtp_error
        return f"{error.smtp_code} {text}"[:200]
    return str(error)[:200]
