"""SMS configurations: their webhook addresses, and every change to them."""

import ipaddress
import uuid
from urllib.parse import urlsplit

from django.conf import settings
from django.utils.translation import gettext as _

from sms.models import Configuration, WebhookKey
from sms.twilio.client import is_sandbox


def base_url(configuration: Configuration) -> str:
    """Return the address under which this configuration's Twilio reaches the portal; the sandbox is on this machine."""
    if is_sandbox(configuration.account.account_sid):
        return str(settings.LOCAL_BASE_URL)
    return str(settings.PUBLIC_BASE_URL)


def live_key(configuration: Configuration) -> WebhookKey:
    """Return the key that new webhook addresses carry; former ones retire."""
    keys = [key for key in configuration.webhook_keys.all() if key.retires_at is None]
    return max(keys, key=lambda key: key.created_at)


def webhook_url(configuration: Configuration, purpose: str = "message", *, overrides: bool = True) -> str:
    """Return the address for the number at Twilio. The part after `#` tells Twilio how to call; it is never sent."""
    return _address(base_url(configuration), configuration, purpose, overrides=overrides)


def fallback_url(configuration: Configuration, *, overrides: bool = True) -> str:
    """Return the address Twilio tries when the first one fails: on another host, when one is set."""
    base = base_url(configuration)
    if settings.FALLBACK_BASE_URL and not is_sandbox(configuration.account.account_sid):
        base = settings.FALLBACK_BASE_URL
    return _address(base, configuration, "fallback", overrides=overrides)


def status_callback_url(configuration: Configuration, message_id: uuid.UUID, attempt_number: int) -> str:
    """Return where Twilio reports the status of one attempt."""
    return _address(base_url(configuration), configuration, f"status/{message_id.hex}/{attempt_number}", overrides=True)


def _address(base: str, configuration: Configuration, purpose: str, *, overrides: bool) -> str:
    tail = settings.WEBHOOK_OVERRIDES if overrides else ""
    return f"{base}/webhooks/twilio/{live_key(configuration).key}/{purpose}{tail}"


def address_problem(configuration: Configuration) -> str:
    """Say why Twilio could not reach the webhook, and what to set; nothing when it can be copied."""
    if is_sandbox(configuration.account.account_sid):
        return ""
    return public_address_problem(settings.PUBLIC_BASE_URL)


def public_address_problem(base: str) -> str:
    """Say what keeps Twilio from reaching a base address, in words that say what to do."""
    parts = urlsplit(base)
    if not parts.hostname:
        return _(
            "This portal has no public address yet. Set PUBLIC_BASE_URL to the https address that Twilio can reach."
        )
    if parts.scheme != "https":
        return _("PUBLIC_BASE_URL is not an https address. Twilio needs https: set one.")
    if _is_private(parts.hostname):
        return _("PUBLIC_BASE_URL is an address inside this network; Twilio cannot reach it. Set a public host name.")
    return ""


def _is_private(host: str) -> bool:
    if host == "localhost" or host.endswith((".localhost", ".local", ".internal", ".lan")):
        return True
    try:
        return not ipaddress.ip_address(host).is_global
    except ValueError:
        return "." not in host
