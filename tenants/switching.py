"""Manage: a system administrator enters and leaves a tenant, seen in both logs."""

from datetime import timedelta

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db import transaction

from tenants import audit, clock
from tenants.audit import Actor
from tenants.models import ManageSession, Tenant, User


@transaction.atomic
def begin(actor: Actor, tenant: Tenant, *, reason: str = "") -> ManageSession:
    """Open a Manage session for the acting system administrator; an older one for the same tenant ends."""
    administrator = _administrator(actor)
    now = clock.now()
    administrator.manage_sessions.filter(tenant=tenant, left_at=None).update(left_at=now)
    session = ManageSession.objects.create(
        tenant=tenant,
        administrator=administrator,
        reason=reason,
        expires_at=now + timedelta(seconds=settings.MANAGE_IDLE_SECONDS),
    )
    audit.record(
        actor, "tenants.manage.began", tenant, {"reason": reason} if reason else {}, tenant=tenant, both_logs=True
    )
    return session


@transaction.atomic
def leave(actor: Actor, tenant: Tenant) -> None:
    """End the acting administrator's Manage sessions in this tenant."""
    if _administrator(actor).manage_sessions.filter(tenant=tenant, left_at=None).update(left_at=clock.now()):
        audit.record(actor, "tenants.manage.left", tenant, tenant=tenant, both_logs=True)


def _administrator(actor: Actor) -> User:
    """Return the acting system administrator; nobody else manages."""
    if actor.user is None or not actor.user.is_system_administrator:
        raise PermissionDenied
    return actor.user
