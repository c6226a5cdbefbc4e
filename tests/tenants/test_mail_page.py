"""The mail page says whether mail works, and what to do when it does not."""

import smtplib
import socket
import ssl

import pytest
from django.core.mail import EmailMessage
from django.urls import reverse

from tenants import letters

PAGE = reverse("tenants:mail")


def text_of(response):
    return response.content.decode()


def test_without_a_mail_server_the_page_says_how_to_set_one(root):
    page = text_of(root.get(PAGE))
    assert "EMAIL_URL=smtp+tls://" in page
    assert "Send test mail" not in page
    assert "Mail is not set up" in text_of(root.post(PAGE, follow=True))


def test_a_test_mail_goes_to_oneself(root, cast, mail_is_set_up, mailoutbox):
    assert "Send test mail" in text_of(root.get(PAGE))
    page = text_of(root.post(PAGE, follow=True))
    assert "A test mail to root@portal.example has left" in page
    assert mailoutbox[0].to == ["root@portal.example"]


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (smtplib.SMTPAuthenticationError(535, b"bad login"), "refused the user name or password"),
        (smtplib.SMTPRecipientsRefused({}), "does not accept the recipient"),
        (smtplib.SMTPSenderRefused(550, b"no", "x@y"), "Check DEFAULT_FROM_EMAIL"),
        (smtplib.SMTPNotSupportedError("STARTTLS"), "lacks what EMAIL_URL asks for"),
        (smtplib.SMTPServerDisconnected("gone"), "encrypted connection failed"),
        (ssl.SSLError("wrong version"), "encrypted connection failed"),
        (smtplib.SMTPDataError(554, b"spam"), "refused the mail. (554 spam)"),
        (socket.gaierror("unknown"), "name is not known"),
        (TimeoutError(), "did not answer in time"),
        (ConnectionRefusedError("refused"), "Nothing answers"),
        (OSError("unreachable"), "cannot be reached"),
    ],
)
def test_each_refusal_is_said_in_words(root, mail_is_set_up, monkeypatch, error, words):
    def refuse(self, fail_silently=False):
        raise error

    monkeypatch.setattr(EmailMessage, "send", refuse)
    page = text_of(root.post(PAGE, follow=True))
    assert words in page
    assert letters.send("a@b.example", "x", "tenants/mail/invitation.txt", {}) is False


def test_a_subject_never_breaks_into_headers(mail_is_set_up, mailoutbox):
    letters.deliver("a@b.example", "Your invitation to Acme\r\nBcc: evil@example.com", "body")
    assert mailoutbox[0].subject == "Your invitation to Acme Bcc: evil@example.com"


@pytest.mark.parametrize(
    ("ssl_on", "tls_on", "words"), [(True, False, "<dd>TLS"), (False, True, "STARTTLS"), (False, False, "none")]
)
def test_the_page_says_how_mail_is_encrypted(root, mail_is_set_up, settings, ssl_on, tls_on, words):
    settings.EMAIL_USE_SSL, settings.EMAIL_USE_TLS = ssl_on, tls_on
    assert words in text_of(root.get(PAGE)).replace("<dd>\n", "<dd>")
