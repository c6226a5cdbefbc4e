"""Tenants: made, changed, copied, switched on and off. Removal and system administrators have modules of their own."""

from datetime import timedelta
from typing import Any, NamedTuple

from django.db import transaction
from django.utils.text import slugify
from django.utils.translation import gettext as _

from tenants import audit, clock, invitations, membership, quotas
from tenants.administrators import create_system_administrator, first_administrator_link
from tenants.audit import Actor
from tenants.models import SlugRedirect, Tenant
from tenants.removal import TenantInUse, delete, purge_deleted, restore
from tenants.roles import Role
from tenants.signals import time_zone_changed

__all__ = [
    "Created",
    "SlugTaken",
    "TenantInUse",
    "change_tenant",
    "copy_tenant",
    "create_system_administrator",
    "create_tenant",
    "delete",
    "first_administrator_link",
    "free_slug",
    "purge_deleted",
    "restore",
    "set_enabled",
    "slug_problem",
]

FORMER_ADDRESS_DAYS = 90
# What a copy takes over; people, numbers, messages and the domain stay where they are.
COPIED = (
    "website",
    "country",
    "time_zone",
    "currency",
    "sms_enabled",
    "own_trunks",
    "max_members",
    "messages_per_day",
    "messages_per_month",
    "keep_bodies_days",
    "keep_messages_days",
    "keep_audit_days",
    "password_min_length",
    "two_factor_required",
    "registered_us_only",
)


class SlugTaken(Exception):
    """The short name is another tenant's; the text says so."""


class Created(NamedTuple):
    """A new tenant, the link for its first administrator ("" = nobody invited), and whether it was mailed."""

    tenant: Tenant
    link: str
    mailed: bool = False


def create_tenant(
    actor: Actor, *, name: str, country: str, slug: str = "", administrator_email: str = "", **fields: Any
) -> Created:
    """Make a tenant and invite its first administrator.

    Raises:
        SlugTaken: another tenant has the short name.
    """
    with transaction.atomic():
        slug = slug or free_slug(name)
        _refuse_taken_slug(slug)
        tenant = Tenant.objects.create(name=name, slug=slug, country=country, **fields)
        audit.record(actor, "tenants.tenant.created", tenant, {"slug": slug}, tenant=tenant, both_logs=True)
        invitation = _invitation(actor, tenant, administrator_email)
    if invitation is None:
        return Created(tenant, "")
    invited = invitations.mail(*invitation)
    return Created(tenant, invited.link, invited.mailed)


def copy_tenant(actor: Actor, original: Tenant, *, name: str, slug: str = "", administrator_email: str = "") -> Created:
    """Make a tenant with another one's settings and groups, without its people, numbers and messages."""
    with transaction.atomic():
        settings = {field: getattr(original, field) for field in COPIED}
        created = create_tenant(actor, name=name, slug=slug, **settings)
        for group in original.groups.all():
            membership.save_group(actor, created.tenant, name=group.name, members=[])
        audit.record(
            actor,
            "tenants.tenant.copied",
            created.tenant,
            {"from": original.name},
            tenant=created.tenant,
            both_logs=True,
        )
        invitation = _invitation(actor, created.tenant, administrator_email)
    if invitation is None:
        return created
    invited = invitations.mail(*invitation)
    return Created(created.tenant, invited.link, invited.mailed)


@transaction.atomic
def change_tenant(actor: Actor, tenant: Tenant, **fields: Any) -> Tenant:
    """Change a tenant; a changed short name leaves a redirect for 90 days.

    Raises:
        SlugTaken: another tenant has the short name.
    """
    tenant = Tenant.objects.select_for_update(no_key=True).get(pk=tenant.pk)
    changes = audit.differences({field: getattr(tenant, field) for field in fields}, fields)
    former = tenant.slug
    for field, value in fields.items():
        setattr(tenant, field, value)
    if tenant.slug != former:
        _refuse_taken_slug(tenant.slug, but=tenant)
        _leave_redirect(tenant, former)
    tenant.save(update_fields=list(fields))
    if changes.keys() & {"messages_per_day", "messages_per_month", "time_zone"}:
        quotas.forget(tenant)
    if changes:
        audit.record(actor, "tenants.tenant.changed", tenant, changes, tenant=tenant, both_logs=actor.member is None)
    if "time_zone" in changes:
        time_zone_changed.send(sender=Tenant, tenant=tenant, actor=actor)
    return tenant


@transaction.atomic
def set_enabled(actor: Actor, tenant: Tenant, enabled: bool) -> None:
    """Switch a tenant on or off; while off, its people and its texts do not pass."""
    if Tenant.objects.filter(pk=tenant.pk, deleted_at=None, enabled=not enabled).update(enabled=enabled):
        tenant.enabled = enabled
        action = f"tenants.tenant.{'enabled' if enabled else 'disabled'}"
        audit.record(actor, action, tenant, tenant=tenant, both_logs=True)


def free_slug(name: str) -> str:
    """Return an unused short name made from a name."""
    stem = slugify(name)[:32].strip("-") or "tenant"
    candidates = (stem if number == 1 else f"{stem}-{number}" for number in range(1, 10_000))
    return next(slug for slug in candidates if not slug_problem(slug))


def slug_problem(slug: str, *, but: Tenant | None = None) -> str:
    """Say why a short name cannot be used ("" = it can): another tenant's, a deleted one's, or lately another's."""
    others = Tenant.objects.exclude(pk=but.pk) if but else Tenant.objects.all()
    holder = others.filter(slug=slug).first()
    if holder is not None and holder.deleted_at is not None:
        return _("A deleted tenant still holds this short name. Choose another one.")
    if holder is not None:
        return _("Another tenant has this short name. Choose another one.")
    lately = SlugRedirect.objects.filter(slug=slug, expires_at__gt=clock.now())
    if (lately.exclude(tenant=but) if but else lately).exists():
        return _(
            "This short name was another tenant's until lately, and old links still lead there. Choose another one."
        )
    return ""


def _refuse_taken_slug(slug: str, *, but: Tenant | None = None) -> None:
    if problem := slug_problem(slug, but=but):
        raise SlugTaken(problem)


def _leave_redirect(tenant: Tenant, former: str) -> None:
    SlugRedirect.objects.filter(slug=tenant.slug).delete()
    until = clock.now() + timedelta(days=FORMER_ADDRESS_DAYS)
    SlugRedirect.objects.update_or_create(slug=former, defaults={"tenant": tenant, "expires_at": until})


def _invitation(actor: Actor, tenant: Tenant, email: str) -> Any:
    return invitations.prepare(actor, tenant, email=email, role=Role.ADMIN) if email else None
