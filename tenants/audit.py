"""Write the audit log, in the same transaction as the change."""

import uuid
from dataclasses import dataclass
from typing import Any

from django.db.models import Model

from tenants.models import AuditEntry, ManageSession, Member, Tenant, User


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts: a person at a page, a program with a key, or the portal itself."""

    label: str
    user: User | None = None
    member: Member | None = None
    managing: ManageSession | None = None
    address: str | None = None
    request_id: str = ""


PORTAL = Actor(label="SMS Portal")


def record(
    actor: Actor,
    action: str,
    target: Model | None = None,
    changes: dict[str, Any] | None = None,
    *,
    tenant: Tenant | None,
    both_logs: bool = False,
) -> None:
    """Add an entry to a tenant's log (to the system's own log when `tenant` is None, to both when asked).

    `action` is dotted: `sms.configuration.created`. `changes` holds plain values and never a secret.
    """
    scopes: list[Tenant | None] = [tenant, None] if both_logs and tenant is not None else [tenant]
    AuditEntry.objects.bulk_create(_entry(actor, action, target, changes or {}, scope, tenant) for scope in scopes)


def _entry(
    actor: Actor, action: str, target: Model | None, changes: dict[str, Any], scope: Tenant | None, about: Tenant | None
) -> AuditEntry:
    return AuditEntry(
        tenant=scope,
        tenant_label=about.name if about else "",
        actor=actor.user,
        actor_label=actor.label,
        managing=actor.managing is not None,
        action=action,
        target_type=target._meta.model_name or "" if target else "",
        target_id=_id_text(target),
        target_label=str(target)[:254] if target else "",
        changes=changes,
        address=actor.address,
        request_id=actor.request_id,
    )


def _id_text(target: Model | None) -> str:
    if target is None:
        return ""
    return target.pk.hex if isinstance(target.pk, uuid.UUID) else str(target.pk)


def differences(before: dict[str, Any], after: dict[str, Any]) -> dict[str, list[Any]]:
    """Return what changed, as `field: [old, new]`, ready for the log."""
    return {name: [_plain(before.get(name)), _plain(after[name])] for name in after if before.get(name) != after[name]}


def _plain(value: Any) -> Any:
    return value if isinstance(value, str | int | float | bool | None) else str(value)
