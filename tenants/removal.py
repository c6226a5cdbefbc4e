"""Delete a tenant: disabled first, restorable for 30 days, then purged. Its audit entries stay."""

from datetime import datetime, timedelta
from typing import Any

from django.db import models, transaction
from django.db.models import ProtectedError
from django.utils.translation import gettext as _

from tenants import audit, clock, slices
from tenants.audit import PORTAL, Actor
from tenants.models import Tenant

RESTORABLE_DAYS = 30
BATCH = 500
COUNT_TO = 10_000


class TenantInUse(Exception):
    """A tenant that is still switched on cannot be deleted."""


@transaction.atomic
def delete(actor: Actor, tenant: Tenant) -> None:
    """Close a disabled tenant; everything is kept until the purge.

    Raises:
        TenantInUse: it is still enabled.
    """
    tenant = Tenant.objects.select_for_update(no_key=True).get(pk=tenant.pk)
    if tenant.enabled:
        raise TenantInUse(_("Disable %(name)s first: nothing may arrive while it is deleted.") % {"name": tenant.name})
    if tenant.deleted_at is not None:
        return
    now = clock.now()
    Tenant.objects.filter(pk=tenant.pk).update(deleted_at=now)
    tenant.manage_sessions.filter(left_at=None).update(left_at=now)
    audit.record(actor, "tenants.tenant.deleted", tenant, tenant=tenant, both_logs=True)


@transaction.atomic
def restore(actor: Actor, tenant: Tenant) -> None:
    """Bring a deleted tenant back, still disabled."""
    if Tenant.objects.filter(pk=tenant.pk, deleted_at__isnull=False).update(deleted_at=None):
        audit.record(actor, "tenants.tenant.restored", tenant, tenant=tenant, both_logs=True)


def purged_at(tenant: Tenant) -> datetime | None:
    """Return when a deleted tenant will be purged."""
    return tenant.deleted_at + timedelta(days=RESTORABLE_DAYS) if tenant.deleted_at else None


def impact(tenant: Tenant) -> dict[str, int]:
    """Count what a deletion takes along, up to `COUNT_TO` of each."""
    return {
        "numbers": _count(tenant.phone_numbers.filter(released_at=None)),
        "messages": _count(tenant.messages.all()),
        "members": _count(tenant.members.all()),
        "configurations": _count(tenant.configurations.filter(deleted_at=None)),
    }


def _count(rows: "models.QuerySet[Any]") -> int:
    return rows.order_by()[:COUNT_TO].count()


def purge_deleted(now: datetime) -> int:
    """Erase the tenants deleted more than 30 days ago; returns how many. Safe to stop and to repeat at any time."""
    due = Tenant.objects.filter(deleted_at__lt=now - timedelta(days=RESTORABLE_DAYS))
    return sum(_purge(tenant) for tenant in due)


def _purge(tenant: Tenant) -> bool:
    """Erase a tenant's rows in small transactions, what depends on others first, then the tenant itself."""
    while True:
        erased, blocked = 0, False
        for relation in _owned(tenant):
            try:
                erased += _erase(relation)
            except ProtectedError:
                blocked = True
        if not blocked:
            break
        if not erased:
            return False
    with transaction.atomic():
        audit.record(PORTAL, "tenants.tenant.purged", tenant, tenant=None)
        tenant.delete()
    return True


def _owned(tenant: Tenant) -> "list[models.QuerySet[Any]]":
    """Return a queryset of each table whose rows go with the tenant."""
    relations = (field for field in Tenant._meta.related_objects if field.on_delete is models.CASCADE)
    return [field.related_model._base_manager.filter(**{field.field.name: tenant}) for field in relations]


def _erase(rows: "models.QuerySet[Any]") -> int:
    erased = 0
    # In no order: by id, an engine would pass over the rows of every other tenant.
    while ids := list(rows.order_by().values_list("pk", flat=True)[:BATCH]):
        with transaction.atomic():
            rows.filter(pk__in=ids).delete()
        erased += len(ids)
        slices.check()
    return erased
