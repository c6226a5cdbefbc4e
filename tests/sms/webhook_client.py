"""Post to our webhooks as Twilio does: signed, form-encoded."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.db import connection
from django.http import HttpResponse
from django.test import Client

from sms.models import Configuration
from sms.webhooks import patience, signature
from tenants.ids import new_id
from tests import factories

BASE = "https://portal.example"


def text(configuration: Configuration, **fields: str) -> dict[str, str]:
    """Return the parameters of an inbound text."""
    sid = fields.pop("MessageSid", f"SM{new_id().hex}")
    return {
        "MessageSid": sid,
        "SmsSid": sid,
        "AccountSid": configuration.account.account_sid,
        "From": factories.THEIR_NUMBER,
        "To": factories.OUR_NUMBER,
        "Body": "Hello",
        "NumMedia": "0",
        "NumSegments": "1",
        "SmsStatus": "received",
        "ApiVersion": "2010-04-01",
    } | fields


def path_of(configuration: Configuration, kind: str = "message") -> str:
    """Return the path of a configuration's webhook."""
    return f"/webhooks/twilio/{configuration.webhook_keys.latest('created_at').key}/{kind}"


def post(
    path: str,
    parameters: Mapping[str, str] | bytes,
    *,
    token: str = factories.AUTH_TOKEN,
    client: Client | None = None,
    base: str = "",
    **headers: Any,
) -> HttpResponse:
    """Post a signed form; `signature=""` sends none."""
    body = parameters if isinstance(parameters, bytes) else urlencode(parameters).encode()
    given = headers.pop("signature", None)
    signed = signature.sign(f"{base or settings.PUBLIC_BASE_URL}{path}", body, token) if given is None else given
    if signed:
        headers["HTTP_X_TWILIO_SIGNATURE"] = signed
    browser = client or Client()
    answer = browser.post(path, body, content_type="application/x-www-form-urlencoded", **headers)
    be_patient()
    return answer  # type: ignore[return-value]


def be_patient() -> None:
    """Let this thread's connection wait as a test's may: a webhook's could not even empty the tables."""
    if not connection.in_atomic_block and connection.connection is not None:
        patience.wait_patiently()
