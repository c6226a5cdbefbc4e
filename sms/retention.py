"""Erase what tenants no longer want to keep, and answers to programs that nobody asks for again."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Q, QuerySet

from sms.lists import tombstones
from sms.models import IdempotencyKey, Message
from tenants import clock, slices
from tenants.models import Tenant

KEEP_ANSWERS = timedelta(days=7)
_BATCH = 1000


def erase() -> int:
    """Erase everything whose time is over; returns how many rows were touched."""
    now = clock.now()
    erased = _in_batches(IdempotencyKey.objects.filter(created_at__lt=now - KEEP_ANSWERS).order_by("pk"), _delete)
    erased += tombstones.prune()
    limited = Q(keep_bodies_days__gt=0) | Q(keep_messages_days__gt=0) | Q(keep_audit_days__gt=0)
    for tenant in Tenant.objects.filter(limited):
        erased += _of_tenant(tenant, now)
    return erased


def _of_tenant(tenant: Tenant, now: datetime) -> int:
    erased = 0
    if tenant.keep_messages_days:
        before = now - timedelta(days=tenant.keep_messages_days)
        old = tenant.messages.filter(occurred_at__lt=before, due_at=None)
        erased += _in_batches(_oldest(old), delete_messages)
    if tenant.keep_bodies_days:
        before = now - timedelta(days=tenant.keep_bodies_days)
        old = tenant.messages.filter(occurred_at__lt=before, due_at=None)
        erased += _in_batches(_oldest(old.exclude(body="", raw=b"")), _empty)
        tenant.conversations.filter(last_message_at__lt=before).exclude(preview="").update(preview="")
    if tenant.keep_audit_days:
        before = now - timedelta(days=tenant.keep_audit_days)
        erased += _in_batches(_oldest(tenant.audit_entries.filter(occurred_at__lt=before)), _delete)
    return erased


def _oldest(rows: QuerySet[Any]) -> QuerySet[Any]:
    """Take a tenant's rows in the order of its index: by id, every tenant's rows would be passed over."""
    return rows.order_by("occurred_at", "id")


def delete_messages(rows: QuerySet[Message]) -> int:
    """Delete texts for good, so that neither Twilio's list nor a replayed webhook brings received ones back.

    Whatever erases texts does it by this; what goes with a whole tenant needs no stone.
    """
    ids = list(rows.values_list("pk", flat=True))
    tombstones.set_up(ids)
    Message.objects.filter(pk__in=ids).delete()
    return len(ids)


def _delete(rows: QuerySet[Any]) -> int:
    ids = list(rows.values_list("pk", flat=True))
    rows.model._base_manager.filter(pk__in=ids).delete()
    return len(ids)


def _empty(rows: QuerySet[Any]) -> int:
    ids = list(rows.values_list("pk", flat=True))
    return int(rows.model._base_manager.filter(pk__in=ids).update(body="", raw=b"", media=[]))


def _in_batches(rows: QuerySet[Any], act: Callable[[QuerySet[Any]], int]) -> int:
    """Act on a thousand rows at a time, each in a transaction of its own, while there is time."""
    return slices.each(lambda: act(rows[:_BATCH]))
