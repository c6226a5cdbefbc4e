"""Members and groups of a tenant: changed and removed, with their audit entries in the same transaction."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from allauth.usersessions.models import UserSession
from django.db import transaction
from django.db.models import Count
from django.utils.translation import gettext as _

from tenants import audit, sharing
from tenants.audit import Actor
from tenants.invitations import Invited, MembershipError, accept, invite, lock, refuse_taken_extension
from tenants.models import Group, GroupMember, Member, Tenant
from tenants.roles import Role
from tenants.sharing import Sharing

if TYPE_CHECKING:
    from sms.models import PhoneNumber

__all__ = [
    "Invited",
    "MembershipError",
    "NamedRule",
    "SenderNumber",
    "accept",
    "change",
    "delete_group",
    "invite",
    "is_last_administrator",
    "outbound_rules_naming",
    "remove",
    "rules_naming",
    "save_group",
]


@dataclass(frozen=True, slots=True)
class SenderNumber:
    """A number of the tenant's that a member may send from."""

    number: "PhoneNumber"
    description: str = ""
    preferred: bool = False


@dataclass(frozen=True, slots=True)
class NamedRule:
    """A rule that names a member or a group; `is_alone` when it names nobody else."""

    name: str
    is_alone: bool


@transaction.atomic
def change(
    actor: Actor,
    member: Member,
    *,
    name: str,
    role: str,
    extension: str,
    sending_right: str,
    enabled: bool,
    numbers: Sequence[SenderNumber] | None = None,
) -> Member:
    """Change a member, and with `numbers` the numbers he may send from.

    Raises:
        MembershipError: the extension is taken, or nobody would administer the tenant any more.
    """
    tenant = lock(member.tenant)
    member = tenant.members.select_related("user").get(pk=member.pk)
    if role != Role.ADMIN or not enabled:
        _refuse_last_administrator(tenant, member)
    if extension != member.extension:
        refuse_taken_extension(tenant, extension, but=member)
    after: dict[str, Any] = {
        "name": name,
        "role": role,
        "extension": extension,
        "sending_right": sending_right,
        "enabled": enabled,
    }
    changes = audit.differences({field: getattr(member, field) for field in after}, after)
    for field, value in after.items():
        setattr(member, field, value)
    member.save(update_fields=list(after))
    if numbers is not None:
        changes |= _set_numbers(member, numbers)
    if changes:
        audit.record(actor, "tenants.member.changed", member, changes, tenant=tenant)
    return member


@transaction.atomic
def remove(actor: Actor, member: Member) -> None:
    """Remove a member; a person who belongs nowhere any more is signed out everywhere.

    Raises:
        MembershipError: nobody would administer the tenant any more.
    """
    tenant = lock(member.tenant)
    _refuse_last_administrator(tenant, member)
    audit.record(
        actor, "tenants.member.removed", member, {"email": member.user.email, "role": member.role}, tenant=tenant
    )
    person = member.user
    member.delete()
    if not person.is_system_administrator and not person.memberships.exists():
        for session in UserSession.objects.filter(user=person):
            session.end()


@transaction.atomic
def save_group(
    actor: Actor,
    tenant: Tenant,
    *,
    name: str,
    members: Iterable[Member],
    group: Group | None = None,
    shared: Sharing | None = None,
) -> Group:
    """Make a group, or change its name, its members, and with `shared` how they share its texts."""
    before = _written_group(group) if group else {}
    group = group or Group(tenant=tenant)
    group.name = name
    if shared is not None:
        shared.put_on(group)
    group.save()
    chosen = {member.pk: member for member in tenant.members.filter(pk__in=[member.pk for member in members])}
    group.group_members.exclude(member__in=chosen).delete()
    known = set(group.group_members.values_list("member_id", flat=True))
    GroupMember.objects.bulk_create(
        GroupMember(tenant=tenant, group=group, member=member) for pk, member in chosen.items() if pk not in known
    )
    changes = audit.differences(before or sharing.Sharing().in_words(), _written_group(group))
    if changes:
        audit.record(actor, f"tenants.group.{'changed' if before else 'created'}", group, changes, tenant=tenant)
    return group


def _written_group(group: Group) -> dict[str, Any]:
    return {"name": group.name, "members": _names(group.members.all()), **sharing.of(group).in_words()}


@transaction.atomic
def delete_group(actor: Actor, group: Group) -> None:
    """Delete a group; its members stay."""
    audit.record(actor, "tenants.group.deleted", group, {"members": _names(group.members.all())}, tenant=group.tenant)
    group.delete()


def is_last_administrator(member: Member) -> bool:
    """Whether nobody else could administer the tenant."""
    return _administers(member) and not _other_administrators(member.tenant, member)


def _administers(member: Member) -> bool:
    return bool(member.role == Role.ADMIN and member.enabled)


def _other_administrators(tenant: Tenant, member: Member) -> bool:
    others = tenant.members.filter(role=Role.ADMIN, enabled=True, user__is_active=True)
    return others.exclude(pk=member.pk).exists()


def _refuse_last_administrator(tenant: Tenant, member: Member) -> None:
    if _administers(member) and not _other_administrators(tenant, member):
        text = _("%(name)s is the last administrator of %(tenant)s. Make somebody else an administrator first.")
        raise MembershipError(text % {"name": member, "tenant": tenant.name})


def _set_numbers(member: Member, numbers: Sequence[SenderNumber]) -> dict[str, Any]:
    """Replace the numbers a member may send from; the first is preferred unless another is."""
    before = _written(member)
    wanted = {choice.number.pk: choice for choice in numbers}
    preferred = next((pk for pk, choice in wanted.items() if choice.preferred), next(iter(wanted), None))
    member.numbers.all().delete()
    for pk, choice in wanted.items():
        member.numbers.create(
            tenant=member.tenant, number=choice.number, description=choice.description, preferred=pk == preferred
        )
    return audit.differences({"numbers": before}, {"numbers": _written(member)})


def _written(member: Member) -> str:
    rows = member.numbers.select_related("number").order_by("number__e164")
    return ", ".join(f"{row.number.e164}{' ★' if row.preferred else ''}" for row in rows)


def _names(members: Iterable[Member]) -> str:
    return ", ".join(sorted(str(member) for member in members))


def rules_naming(row: Member | Group) -> list[NamedRule]:
    """Return the inbound rules that deliver to a member or a group, up to twenty."""
    targets = row.inbound_targets.select_related("rule").annotate(count=Count("rule__targets"))
    return [NamedRule(target.rule.name, target.count == 1) for target in targets.order_by("rule__position")[:20]]


def outbound_rules_naming(group: Group) -> list[NamedRule]:
    """Return the outbound rules that are for the members of a group, up to twenty."""
    rows = group.outbound_rule_groups.select_related("rule").annotate(count=Count("rule__groups"))
    return [NamedRule(row.rule.name, row.count == 1) for row in rows.order_by("rule__position")[:20]]
