"""Take a request of Twilio, live or kept on disk: find its configuration, check its signature, store it once."""

import base64
import json
import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.urls import resolve

from sms import callbacks, inbound
from sms.webhooks import keys, payloads, registry, selftests, signature
from tenants import clock
from tenants.failpoints import failpoint

_PREFIX = "/webhooks"
UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Arrival:
    """A request as it came in. `received_at` is when it reached us, for one that was kept; None means now."""

    kind: str
    key: str
    signed: signature.Signed
    message_id: uuid.UUID | None = None
    attempt: int = 0
    received_at: datetime | None = None
    token: str = ""

    @property
    def form(self) -> bytes:
        """The parameters as they were sent."""
        return self.signed.query.encode() if self.signed.method == "GET" else self.signed.body


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a request was not taken: a short key, and the configuration that it was for, when there is one."""

    reason: str
    entry: registry.Entry | None = None

    @property
    def is_unsigned(self) -> bool:
        """Whether nothing proves that it came from Twilio."""
        return self.reason in ("bad_signature", "no_signature")

    @property
    def is_unreadable(self) -> bool:
        """Whether it was signed and yet makes no sense."""
        return not self.is_unsigned and self.reason != "other_account"


# Our own call to ourselves: taken, and no word of Twilio's.
_SELF_TEST = Refusal("self_test")


def again(signed: signature.Signed, received_at: datetime, token: str = "") -> Arrival:
    """Return a request that was kept, as the web server would have seen it."""
    match = resolve(signed.path.removeprefix(_PREFIX), "sms.webhooks.urls")
    return Arrival(
        kind=(match.url_name or "").removeprefix("webhook_"),
        signed=signed,
        received_at=received_at,
        token=token,
        **match.kwargs,
    )


def take(arrival: Arrival) -> Refusal | None:
    """Store what a request says, once, with one statement when the caches are warm; returns why not."""
    entry = registry.remembered(arrival.key) or (registry.find(arrival.key) if keys.is_shaped(arrival.key) else None)
    if entry is None or not _still_takes(entry, arrival):
        return Refusal(UNKNOWN)
    clock.sync()
    match = verify(arrival, entry)
    if match is None:
        entry = registry.find(arrival.key, fresh=True)
        if entry is None:
            return Refusal(UNKNOWN)
        match = verify(arrival, entry)
    if match is None:
        return Refusal("bad_signature" if arrival.signed.signature else "no_signature", entry)
    refusal = _store(arrival, entry, _without_query(match.url))
    if refusal is _SELF_TEST:
        return None
    registry.note_token(entry, match.token)
    inbound.note_method(entry.configuration_id, entry.webhook_method, arrival.signed.method)
    return refusal


def _without_query(url: str) -> str:
    """Return an address as it is kept: of a query, which holds the text and its number, only the mark is left."""
    address, mark, _query = url.partition("?")
    return address + mark


def verify(arrival: Arrival, entry: registry.Entry) -> signature.Match | None:
    """Return which of the configuration's tokens signed a request, if one did."""
    return signature.verify(arrival.signed, bases=registry.bases(entry.account_sid), tokens=entry.tokens)


def _still_takes(entry: registry.Entry, arrival: Arrival) -> bool:
    """Whether the key was still in use when the request came; a rotated one is until its overlap ends."""
    at = arrival.received_at or clock.now()
    return entry.takes_reports(at) if arrival.kind == "status" else entry.takes_messages(at)


def _store(arrival: Arrival, entry: registry.Entry, signed_url: str) -> Refusal | None:
    parameters: list[tuple[str, str]] = []
    try:
        parameters = payloads.decode_form(arrival.form)
        if dict(parameters).get("AccountSid") != entry.account_sid:
            return Refusal("other_account", entry)
        if arrival.kind == "status":
            _store_report(arrival, entry, parameters)
        else:
            _store_text(arrival, entry, parameters, signed_url)
    except payloads.PayloadError as error:
        is_test = arrival.kind == "message" and selftests.note(parameters)
        return _SELF_TEST if is_test else Refusal(error.code, entry)
    return None


def _store_text(arrival: Arrival, entry: registry.Entry, parameters: list[tuple[str, str]], signed_url: str) -> None:
    text = payloads.parse_message(parameters)
    failpoint("hook.before_insert")
    inbound.accept(
        text,
        tenant_id=entry.tenant_id,
        configuration_id=entry.configuration_id,
        raw=arrival.form,
        signed_url=signed_url,
        held=not entry.is_open,
        occurred_at=arrival.received_at,
    )
    failpoint("hook.stored")


def _store_report(arrival: Arrival, entry: registry.Entry, parameters: list[tuple[str, str]]) -> None:
    report = payloads.parse_status(parameters)
    if arrival.message_id is None:
        raise payloads.PayloadError("no_address", "A report comes to the address of an attempt.")
    failpoint("hook.before_insert")
    callbacks.store(
        entry.tenant_id,
        report,
        message_id=arrival.message_id,
        attempt_number=arrival.attempt,
        received_at=arrival.received_at,
    )
    failpoint("hook.stored")


def dump(arrival: Arrival, received_at: datetime) -> str:
    """Write a request down, to be kept on disk."""
    signed = arrival.signed
    return json.dumps(
        {
            "method": signed.method,
            "path": signed.path,
            "query": signed.query,
            "body": base64.b64encode(signed.body).decode(),
            "content_type": signed.content_type,
            "signature": signed.signature,
            "settings": signed.settings,
            "token": arrival.token,
            "received_at": received_at.isoformat(),
        }
    )


def load(text: str) -> Arrival:
    """Read what `dump` wrote."""
    told: dict[str, Any] = json.loads(text)
    received_at, token = datetime.fromisoformat(told.pop("received_at")), told.pop("token")
    told["body"] = base64.b64decode(told["body"])
    return again(signature.Signed(**told), received_at, token)
