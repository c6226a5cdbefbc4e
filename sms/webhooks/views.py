"""Answer Twilio: check the request, store it once, say 200. Never waits for a rule, a worker or Twilio."""

import logging
import uuid
from collections.abc import Callable
from dataclasses import dataclass

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.request import RawPostDataException
from django.shortcuts import render
from django.views.decorators.csrf import csrf_exempt

from sms import inbound, reports
from sms.webhooks import keys, limits, payloads, refused, registry, signature
from tenants import clock
from tenants.access import public_view

log = logging.getLogger(__name__)

GONE = "No such webhook. Copy the address anew from the portal."
EMPTY_TWIML = b'<?xml version="1.0" encoding="UTF-8"?><Response/>'
Parameters = list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Verified:
    """A request that Twilio signed for one configuration."""

    entry: registry.Entry
    parameters: Parameters
    raw: bytes


def accepted() -> HttpResponse:
    """The one answer: received, nothing to say."""
    return HttpResponse(EMPTY_TWIML, content_type="text/xml")


def _says(status: int, text: str) -> HttpResponse:
    return HttpResponse(text, status=status, content_type="text/plain")


@csrf_exempt
@public_view
def message(request: HttpRequest, key: str) -> HttpResponse:
    """Take an inbound text."""
    return _handle(request, key, _store_message, takes=registry.Entry.takes_messages)


@csrf_exempt
@public_view
def fallback(request: HttpRequest, key: str) -> HttpResponse:
    """Take an inbound text whose first delivery failed at Twilio; ErrorCode and ErrorUrl are kept with it."""
    return _handle(request, key, _store_message, takes=registry.Entry.takes_messages)


@csrf_exempt
@public_view
def status(request: HttpRequest, key: str, message_id: uuid.UUID, attempt: int) -> HttpResponse:
    """Take a delivery report for one attempt of one message."""

    def apply(verified: Verified) -> HttpResponse:
        report = payloads.parse_status(verified.parameters)
        reports.apply_callback(verified.entry.tenant_id, report, message_id=message_id, attempt_number=attempt)
        return accepted()

    return _handle(request, key, apply, takes=registry.Entry.takes_reports)


def _store_message(verified: Verified) -> HttpResponse:
    text = payloads.parse_message(verified.parameters)
    entry = verified.entry
    inbound.accept(
        text,
        tenant_id=entry.tenant_id,
        configuration_id=entry.configuration_id,
        raw=verified.raw,
        held=not entry.is_open,
    )
    return accepted()


def _handle(
    request: HttpRequest, key: str, act: Callable[[Verified], HttpResponse], *, takes: Callable[[registry.Entry], bool]
) -> HttpResponse:
    """Guard, find, verify; then act."""
    early = _guard(request)
    if early is not None:
        return early
    entry = _known(key)
    if entry is None:
        return _unknown(request, key)
    if not takes(entry):
        return _says(404, GONE)
    clock.sync()
    return _verify_and_act(request, key, entry, act)


def _known(key: str) -> registry.Entry | None:
    """Return what the key stands for: the row alone decides, since a changed ring changes no address at Twilio."""
    return registry.find(key) if keys.is_shaped(key) else None


def _unknown(request: HttpRequest, key: str) -> HttpResponse:
    """Answer a key that nobody has; those we never made are counted."""
    made_here = keys.mac_ok(key, [secret.encode() for secret in settings.WEBHOOK_KEY_SECRETS])
    if not made_here and limits.exceeded(f"address {request.META.get('REMOTE_ADDR')}", limits.BAD_KEY_PER_ADDRESS):
        return _says(503, "Too many requests for webhooks that do not exist.")
    return _says(404, GONE)


def _guard(request: HttpRequest) -> HttpResponse | None:
    """Answer what cannot be a webhook: people with a browser, other methods, bodies that are too large."""
    if request.method in ("GET", "HEAD"):
        signed = "MessageSid" in request.GET and "X-Twilio-Signature" in request.headers
        return None if signed and request.method == "GET" else render(request, "sms/webhook_hello.html")
    if request.method != "POST":
        return _says(405, "Use POST.")
    length = request.META.get("CONTENT_LENGTH") or "0"
    if not (length.isascii() and length.isdigit()) or int(length) > payloads.MAX_BODY:
        return _says(413, "The body is too large.")
    return None


def _verify_and_act(
    request: HttpRequest, key: str, entry: registry.Entry, act: Callable[[Verified], HttpResponse]
) -> HttpResponse:
    try:
        raw = request.body
    except (RawPostDataException, OSError):
        return _says(400, "The body could not be read.")
    signed = _signed(request, raw)
    match = _match(signed, entry)
    if match is None:
        fresh = registry.find(key, fresh=True)
        if fresh is None:
            return _says(404, GONE)
        entry, match = fresh, _match(signed, fresh)
    if match is None:
        over = limits.exceeded(f"signature {entry.configuration_id}", limits.BAD_SIGNATURE_PER_KEY)
        reason = "bad_signature" if signed.signature else "no_signature"
        return _says(503, "Too many refused requests.") if over else _refuse(request, entry, reason, 403)
    registry.note_token(entry, match.token)
    inbound.note_method(entry.configuration_id, entry.webhook_method, request.method or "")
    form = request.META.get("QUERY_STRING", "").encode() if request.method == "GET" else raw
    try:
        parameters = payloads.decode_form(form)
        if dict(parameters).get("AccountSid") != entry.account_sid:
            return _refuse(request, entry, "other_account", 403)
        return act(Verified(entry, parameters, form))
    except payloads.PayloadError as error:
        return _refuse(request, entry, error.code, 400)


def _signed(request: HttpRequest, raw: bytes) -> signature.Signed:
    return signature.Signed(
        method=request.method or "",
        path=request.path,
        query=request.META.get("QUERY_STRING", ""),
        body=raw,
        content_type=request.META.get("CONTENT_TYPE", ""),
        signature=request.headers.get("X-Twilio-Signature", ""),
        settings=request.headers.get("X-Twilio-Webhooks-Signature-Settings", ""),
    )


def _match(signed: signature.Signed, entry: registry.Entry) -> signature.Match | None:
    return signature.verify(signed, bases=refused.bases(entry.account_sid), tokens=entry.tokens)


def _refuse(request: HttpRequest, entry: registry.Entry, reason: str, status: int) -> HttpResponse:
    """Refuse a request and keep it for diagnosis."""
    refused.keep(request, entry, reason)
    log.warning("sms.webhook.refused reason=%s configuration=%s", reason, entry.configuration_id.hex)
    return _says(status, "Refused: the signature or the account does not fit this webhook.")
