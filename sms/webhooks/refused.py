"""Keep refused webhook requests for diagnosis: a few per configuration, with the address that was checked."""

from datetime import timedelta

from django.conf import settings
from django.http import HttpRequest

from sms.models import RefusedRequest
from sms.twilio.client import is_sandbox
from sms.webhooks.registry import Entry
from tenants import clock

KEPT_PER_CONFIGURATION = 1000
KEPT_FOR = timedelta(hours=72)
_BODY = 16_384


def bases(account_sid: str) -> list[str]:
    """Return the addresses under which Twilio may have called: never the request's own Host."""
    if is_sandbox(account_sid):
        return [url for url in (settings.LOCAL_BASE_URL, settings.PUBLIC_BASE_URL) if url]
    return [
        url for url in (settings.PUBLIC_BASE_URL, settings.FALLBACK_BASE_URL, *settings.PUBLIC_BASE_URL_ALIASES) if url
    ]


def keep(request: HttpRequest, entry: Entry, reason: str) -> None:
    """Store a refused request, unless the configuration has enough of them."""
    rows = RefusedRequest.objects.filter(configuration_id=entry.configuration_id)
    if rows.count() >= KEPT_PER_CONFIGURATION:
        return
    base = next(iter(bases(entry.account_sid)), "")
    query = request.META.get("QUERY_STRING", "")
    RefusedRequest.objects.create(
        tenant_id=entry.tenant_id,
        configuration_id=entry.configuration_id,
        reason=reason,
        signed_url=f"{base}{request.path}{'?' if query else ''}{query}"[:500],
        method=request.method or "",
        body=request.body[:_BODY],
        signature=request.headers.get("X-Twilio-Signature", "")[:120],
    )


def prune() -> int:
    """Drop what is older than three days; returns how many rows went."""
    return RefusedRequest.objects.filter(created_at__lt=clock.now() - KEPT_FOR).delete()[0]
