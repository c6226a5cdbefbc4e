"""Tombstones: what was erased here stays erased, though Twilio still lists it and its webhook may be replayed."""

import hashlib
import uuid
from collections.abc import Collection, Iterable
from datetime import timedelta

from sms.models import Direction, Message, Tombstone
from tenants import clock, slices

# Twilio keeps its record of a text for about 400 days.
KEPT_FOR = timedelta(days=430)
_BATCH = 1000


def digest_of(account_sid: str, sid: str) -> str:
    """Return what is kept of an erased text: enough to know it again, and nothing that it said."""
    return hashlib.sha256(f"{account_sid}|{sid}".encode()).hexdigest()


def set_up(messages: Collection[uuid.UUID]) -> None:
    """Set up a stone for each received text among some messages; committed before they are deleted.

    In one transaction with that, a webhook of the same moment would see neither the stone nor the text.
    """
    received = Message.objects.filter(pk__in=messages, direction=Direction.IN).exclude(provider_sid="")
    names = received.values_list("tenant", "account_sid", "provider_sid")
    _make((tenant, digest_of(account, sid)) for tenant, account, sid in names)


def _make(found: Iterable[tuple[uuid.UUID, str]]) -> None:
    stones = [Tombstone(tenant_id=tenant, digest=digest) for tenant, digest in sorted(found)]
    Tombstone.objects.bulk_create(stones, ignore_conflicts=True)


def among(tenants: Collection[uuid.UUID], account_sid: str, sids: Collection[str]) -> set[tuple[uuid.UUID, str]]:
    """Return which texts of some tenants have a stone: (tenant, message SID)."""
    by_digest = {digest_of(account_sid, sid): sid for sid in sids}
    stones = Tombstone.objects.filter(tenant__in=tenants, digest__in=by_digest) if by_digest else ()
    return {(stone.tenant_id, by_digest[stone.digest]) for stone in stones}


def prune() -> int:
    """Drop stones of texts that Twilio no longer has either; returns how many."""
    return slices.each(_prune_some)


def _prune_some() -> int:
    """Look at the oldest only: ids are in the order of time."""
    oldest = Tombstone.objects.order_by("pk").values_list("pk", "created_at")[:_BATCH]
    over = clock.now() - KEPT_FOR
    return Tombstone.objects.filter(pk__in=[pk for pk, created in oldest if created < over]).delete()[0]
