"""The stop switch: nothing more is sent by a tenant, or by anybody, until somebody lets it go on.

Sending looks at the switch when it leases texts and again before each POST; what Twilio is just being given finishes.
Texts wait in their places meanwhile, received ones go on, and each of both moves stands in the logs.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import QuerySet, Subquery

from tenants import audit, clock, hints
from tenants.audit import Actor
from tenants.models import SystemState, Tenant


@dataclass(frozen=True, slots=True)
class Stop:
    """Sending is stopped: since when, by whom, and whether for everybody."""

    at: datetime
    by: str
    everywhere: bool


def current(tenant: Tenant | None) -> Stop | None:
    """Return the stop that holds for a tenant, or for everybody; none when texts go out."""
    at, by = _everybody(tenant)
    if at is not None:
        return Stop(at, by, everywhere=True)
    if tenant is not None and tenant.sending_stopped_at is not None:
        return Stop(tenant.sending_stopped_at, tenant.sending_stopped_by, everywhere=False)
    return None


def with_system(tenants: QuerySet[Tenant]) -> QuerySet[Any]:
    """Read with tenants whether everybody is stopped: pages have no question left for it."""
    state = SystemState.objects.filter(sending_stopped_at__isnull=False)
    return tenants.annotate(
        everybody_stopped_at=Subquery(state.values("sending_stopped_at")[:1]),
        everybody_stopped_by=Subquery(state.values("sending_stopped_by")[:1]),
    )


def _everybody(tenant: Tenant | None) -> tuple[datetime | None, str]:
    if tenant is not None and hasattr(tenant, "everybody_stopped_at"):
        return tenant.everybody_stopped_at, getattr(tenant, "everybody_stopped_by", "")
    state = SystemState.objects.filter(sending_stopped_at__isnull=False).first()
    return (state.sending_stopped_at, state.sending_stopped_by) if state else (None, "")


@transaction.atomic
def stop_everything(actor: Actor) -> bool:
    """Stop sending for every tenant; returns False when it was stopped."""
    SystemState.objects.get_or_create(pk=1)
    running = SystemState.objects.filter(pk=1, sending_stopped_at=None)
    if not running.update(sending_stopped_at=clock.now(), sending_stopped_by=actor.label):
        return False
    audit.record(actor, "tenants.sending.stopped_everywhere", tenant=None)
    return True


@transaction.atomic
def resume_everything(actor: Actor) -> bool:
    """Let every tenant send again that is not stopped by itself; returns False when nothing was stopped."""
    stopped = SystemState.objects.filter(pk=1, sending_stopped_at__isnull=False)
    if not stopped.update(sending_stopped_at=None, sending_stopped_by=""):
        return False
    audit.record(actor, "tenants.sending.resumed_everywhere", tenant=None)
    hints.hint("send")
    return True


@transaction.atomic
def stop(actor: Actor, tenant: Tenant) -> bool:
    """Stop sending for one tenant; returns False when it was stopped."""
    now = clock.now()
    running = Tenant.objects.filter(pk=tenant.pk, sending_stopped_at=None)
    if not running.update(sending_stopped_at=now, sending_stopped_by=actor.label):
        return False
    tenant.sending_stopped_at, tenant.sending_stopped_by = now, actor.label
    audit.record(actor, "tenants.sending.stopped", tenant, tenant=tenant, both_logs=True)
    return True


@transaction.atomic
def resume(actor: Actor, tenant: Tenant) -> bool:
    """Let a tenant send again; returns False when it was not stopped."""
    stopped = Tenant.objects.filter(pk=tenant.pk, sending_stopped_at__isnull=False)
    if not stopped.update(sending_stopped_at=None, sending_stopped_by=""):
        return False
    tenant.sending_stopped_at, tenant.sending_stopped_by = None, ""
    audit.record(actor, "tenants.sending.resumed", tenant, tenant=tenant, both_logs=True)
    hints.hint("send")
    return True
