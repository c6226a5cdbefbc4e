"""Answer Twilio: check the request, store it once, say 200. Never waits for a rule, a worker or Twilio.

While the database is away, the request is kept on disk in place of that.
"""

import logging
import uuid

from django.conf import settings
from django.db import Error as DatabaseTrouble
from django.db import InterfaceError, OperationalError, connection
from django.http import HttpRequest, HttpResponse
from django.http.request import RawPostDataException
from django.shortcuts import render
from django.views.decorators.csrf import csrf_exempt

from sms.webhooks import intake, keys, limits, outage, patience, payloads, refused, registry, signature, spool
from sms.webhooks.intake import Arrival, Refusal
from tenants.access import public_view
from tenants.secrets import SecretError

log = logging.getLogger(__name__)

GONE = "No such webhook. Copy the address anew from the portal."
EMPTY_TWIML = b'<?xml version="1.0" encoding="UTF-8"?><Response/>'


def accepted() -> HttpResponse:
    """The one answer: received, nothing to say."""
    return HttpResponse(EMPTY_TWIML, content_type="text/xml")


def _says(status: int, text: str) -> HttpResponse:
    return HttpResponse(text, status=status, content_type="text/plain")


@csrf_exempt
@public_view
def message(request: HttpRequest, key: str) -> HttpResponse:
    """Take an inbound text."""
    return _handle(request, "message", key)


@csrf_exempt
@public_view
def fallback(request: HttpRequest, key: str) -> HttpResponse:
    """Take an inbound text whose first delivery failed at Twilio; ErrorCode and ErrorUrl are kept with it."""
    return _handle(request, "fallback", key)


@csrf_exempt
@public_view
def status(request: HttpRequest, key: str, message_id: uuid.UUID, attempt: int) -> HttpResponse:
    """Take a delivery report for one attempt of one message."""
    return _handle(request, "status", key, message_id, attempt)


def _handle(
    request: HttpRequest, kind: str, key: str, message_id: uuid.UUID | None = None, attempt: int = 0
) -> HttpResponse:
    """Guard, read; then store in the database or, while that is away, on disk."""
    early = _guard(request)
    if early is not None:
        return early
    try:
        signed = _signed(request)
    except (RawPostDataException, OSError):
        return _says(400, "The body could not be read.")
    token = request.headers.get("I-Twilio-Idempotency-Token", "")
    arrival = Arrival(kind, key, signed, message_id, attempt, token=token)
    if outage.is_on():
        return _keep_on_disk(arrival)
    try:
        answer = _store(request, arrival)
    except (DatabaseTrouble, SecretError) as trouble:
        if outage.note(trouble):
            log.error("sms.webhook.spooled error=%s", type(trouble).__name__)
        if not connection.in_atomic_block:
            connection.close()
        return _keep_on_disk(arrival)
    outage.over()
    return answer


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


def _signed(request: HttpRequest) -> signature.Signed:
    meta = request.META
    return signature.Signed(
        method=request.method or "",
        path=request.path,
        query=meta.get("QUERY_STRING", ""),
        body=request.body,
        content_type=meta.get("CONTENT_TYPE", ""),
        signature=meta.get("HTTP_X_TWILIO_SIGNATURE", ""),
        settings=meta.get("HTTP_X_TWILIO_WEBHOOKS_SIGNATURE_SETTINGS", ""),
    )


def _store(request: HttpRequest, arrival: Arrival) -> HttpResponse:
    """Store a request, or say why it is refused; a connection that was lost unnoticed is made anew, once."""
    with patience.briefly():
        try:
            refusal = _take(arrival)
        except (OperationalError, InterfaceError):
            if connection.in_atomic_block or not getattr(connection.connection, "closed", False):
                raise
            connection.close()
            refusal = _take(arrival)
        return accepted() if refusal is None else _refuse(request, arrival, refusal)


def _take(arrival: Arrival) -> Refusal | None:
    patience.tell_server()
    return intake.take(arrival)


def _refuse(request: HttpRequest, arrival: Arrival, refusal: Refusal) -> HttpResponse:
    """Refuse a request and keep it for diagnosis; strangers who ask too often are told to come later."""
    entry = refusal.entry
    if entry is None:
        return _unknown(request, arrival.key)
    if refusal.is_unsigned and _asks_too_often(entry):
        return _says(503, "Too many refused requests.")
    refused.keep(arrival, entry, refusal.reason)
    return _refused(entry, refusal.reason, 400 if refusal.is_unreadable else 403)


def _refused(entry: registry.Entry, reason: str, status: int) -> HttpResponse:
    log.warning("sms.webhook.refused reason=%s configuration=%s", reason, entry.configuration_id.hex)
    return _says(status, "Refused: the signature or the account does not fit this webhook.")


def _asks_too_often(entry: registry.Entry) -> bool:
    return limits.exceeded(f"signature {entry.configuration_id}", limits.BAD_SIGNATURE_PER_KEY)


def _unknown(request: HttpRequest, key: str) -> HttpResponse:
    """Answer a key that nobody has; those we never made are counted."""
    if not _made_here(key) and limits.exceeded(
        f"address {request.META.get('REMOTE_ADDR')}", limits.BAD_KEY_PER_ADDRESS
    ):
        return _says(503, "Too many requests for webhooks that do not exist.")
    return _says(404, GONE)


def _made_here(key: str) -> bool:
    return keys.mac_ok(key, [secret.encode() for secret in settings.WEBHOOK_KEY_SECRETS])


def _keep_on_disk(arrival: Arrival) -> HttpResponse:
    """Keep a request until the database is back, when its key is ours; what memory can refuse is refused at once."""
    if not _made_here(arrival.key):
        return _says(404, GONE)
    entry = registry.remembered(arrival.key)
    if entry is not None and intake.verify(arrival, entry) is None:
        return _refused(entry, "bad_signature", 403)
    try:
        spool.put(arrival)
    except OSError as problem:
        log.error("sms.spool.refused error=%s", problem.strerror or type(problem).__name__)
        return _says(503, "Not available now. Try again.")
    return accepted()
