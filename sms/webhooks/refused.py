"""Keep refused webhook requests: for diagnosis, and to be taken after all when a new Auth Token proves them genuine."""

import uuid
from datetime import timedelta

from django.db import transaction

from sms.models import RefusedRequest
from sms.webhooks import intake, registry, signature
from tenants import audit, clock
from tenants.audit import Actor

KEPT_PER_CONFIGURATION = 1000
KEPT_FOR = timedelta(hours=72)
# Twilio's requests are a quarter of this at most; the beginning of a larger one is kept to be looked at.
_WHOLE = 65_536


def keep(arrival: intake.Arrival, entry: registry.Entry, reason: str) -> None:
    """Store a refused request; the oldest of its configuration gives way when there are too many."""
    signed = arrival.signed
    is_whole = len(signed.body) + len(signed.query) <= _WHOLE
    base = next(iter(registry.bases(entry.account_sid)), "")
    RefusedRequest.objects.create(
        tenant_id=entry.tenant_id,
        configuration_id=entry.configuration_id,
        reason=reason,
        signed_url=f"{base}{signed.path}{'?' if signed.query else ''}{signed.query}"[:500],
        method=signed.method,
        path=signed.path if is_whole else "",
        query=signed.query if is_whole else "",
        body=signed.body[:_WHOLE],
        content_type=signed.content_type[:100],
        signature=signed.signature[:120],
        signature_settings=signed.settings[:200],
    )
    kept = RefusedRequest.objects.filter(configuration_id=entry.configuration_id)
    surplus = kept.order_by("-created_at", "-id").values_list("pk", flat=True)[KEPT_PER_CONFIGURATION:][:100]
    if found := list(surplus):
        RefusedRequest.objects.filter(pk__in=found).delete()


def take_genuine(account_id: uuid.UUID) -> int:
    """Take the kept requests that one of an account's tokens explains by now; returns how many.

    Each is stored once by the same way as a live one, and is no refusal any more.
    """
    rows = RefusedRequest.objects.filter(configuration__account=account_id, reason="bad_signature")
    taken = 0
    for row in rows.exclude(path="").order_by("created_at", "id").iterator(chunk_size=100):
        arrival = intake.again(signed_of(row), row.created_at)
        entry = registry.find(arrival.key)
        if entry is not None and intake.verify(arrival, entry) and intake.take(arrival) is None:
            row.delete()
            taken += 1
    return taken


@transaction.atomic
def check_again(actor: Actor, row: RefusedRequest) -> bool:
    """Take one refused request if by now it can be; returns whether it was. It is no refusal any more then."""
    if not row.path:
        return False
    arrival = intake.again(signed_of(row), row.created_at)
    if registry.find(arrival.key, fresh=True) is None or intake.take(arrival) is not None:
        return False
    audit.record(actor, "sms.webhook.request_taken", row.configuration, tenant=row.tenant)
    row.delete()
    return True


def signed_of(row: RefusedRequest) -> signature.Signed:
    """Return a kept request as it came in."""
    return signature.Signed(
        method=row.method,
        path=row.path,
        query=row.query,
        body=bytes(row.body),
        content_type=row.content_type,
        signature=row.signature,
        settings=row.signature_settings,
    )


def prune() -> int:
    """Drop what is older than three days; returns how many rows went."""
    return RefusedRequest.objects.filter(created_at__lt=clock.now() - KEPT_FOR).delete()[0]
