"""Copy a tenant with its rules, groups, hours and holidays, and with new numbers for old ones.

What holds secrets or belongs to people stays: SMS configurations, credentials, members and their sign-ins.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from rules.changing import restoring, versions
from rules.changing.references import Missing
from rules.conditions.inbound_conditions import InRange, OneOfNumbers, OnTrunk
from rules.models import OfficeHours
from rules.models.versions import RuleKind
from rules.targets import ToExtensions
from rules.times import calendars
from rules.times.calendars import HolidayDraft
from sms.models import Trunk
from sms.setup import numbers
from sms.transfer.kinds import KINDS
from sms.transfer.number_map import NumberMap
from tenants import invitations, membership, provisioning
from tenants.audit import Actor
from tenants.models import Tenant
from tenants.provisioning import Created
from tenants.roles import Role
from tenants.sharing import Sharing

Json = dict[str, Any]
_EMPTY = NumberMap()


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the copy shall be: its numbers, and the shared trunk that it has them on."""

    name: str
    slug: str = ""
    administrator_email: str = ""
    trunk: Trunk | None = None
    number_map: NumberMap = _EMPTY


@dataclass(frozen=True, slots=True)
class Copied:
    """The new tenant, and what its rules named that it does not have."""

    created: Created
    missing: tuple[Missing, ...]


def copy(actor: Actor, original: Tenant, wanted: Wanted) -> Copied:
    """Make the copy, all or nothing; the invitation is mailed after it.

    Raises:
        SlugTaken: another tenant has the short name.
        numbers.PoolRefused: somebody holds one of the new numbers.
    """
    with transaction.atomic():
        tenant = provisioning.copy_tenant(actor, original, name=wanted.name, slug=wanted.slug).tenant
        _share_out_groups(actor, original, tenant)
        _copy_calendar(actor, original, tenant)
        if wanted.trunk is not None:
            numbers.set_pool(actor, wanted.trunk, tenant, wanted.number_map.numbers, name_holders=True)
        missing = tuple(one for kind in RuleKind for one in _copy_rules(actor, original, tenant, kind, wanted))
        email = wanted.administrator_email
        invited = invitations.prepare(actor, tenant, email=email, role=Role.ADMIN) if email else None
    if invited is None:
        return Copied(Created(tenant, ""), missing)
    mailed = invitations.mail(*invited)
    return Copied(Created(tenant, mailed.link, mailed.mailed), missing)


def unmapped(original: Tenant, number_map: NumberMap) -> list[str]:
    """Return the numbers that rules name and that the map gives no successor."""
    named = {
        number
        for entry in versions.build(original, RuleKind.INBOUND)["rules"]
        for condition in entry["conditions"]
        if condition["kind"] == OneOfNumbers.kind
        for number in condition["numbers"]
    }
    return sorted(number for number in named if not number_map.new(number))


def _share_out_groups(actor: Actor, original: Tenant, tenant: Tenant) -> None:
    """Let the groups share their texts as the original's do, as far as that names no people."""
    groups = {group.name: group for group in tenant.groups.all()}
    for former in original.groups.select_related("fallback_group", "escalate_group"):
        fallback, escalate = former.fallback_group, former.escalate_group
        shared = Sharing(
            assignment=former.assignment,
            fallback_group=groups[fallback.name] if fallback else None,
            escalate_group=groups[escalate.name] if escalate else None,
            escalate_minutes=former.escalate_minutes if escalate else None,
        )
        group = groups[former.name]
        membership.save_group(actor, tenant, name=group.name, members=[], group=group, shared=shared)


def _copy_calendar(actor: Actor, original: Tenant, tenant: Tenant) -> None:
    hours = OfficeHours.objects.filter(tenant=original).first()
    calendars.save_hours(actor, tenant, hours.week if hours else None)
    drafts = [
        HolidayDraft(one.name, one.starts_on, one.ends_on, one.yearly, one.country) for one in original.holidays.all()
    ]
    calendars.import_holidays(actor, tenant, drafts)


def _copy_rules(actor: Actor, original: Tenant, tenant: Tenant, kind: str, wanted: Wanted) -> Sequence[Missing]:
    records = [_renumbered(record, wanted) for record in KINDS[kind].export(original)]
    missing = restoring.plan(tenant, kind, records).missing
    note = _("Copied from %s") % original.name
    action = f"rules.{kind}.copied"
    restoring.make_equal(actor, tenant, kind, records, action=action, note=note, without_missing=True)
    return missing


def _renumbered(record: Json, wanted: Wanted) -> Json:
    """Return a rule with new numbers for old ones, on the new trunk."""
    found = {**record, "conditions": list(_conditions(record["conditions"], wanted))}
    if "targets" in record:
        found["targets"] = [_target(target, wanted.number_map) for target in record["targets"]]
    return found


def _conditions(conditions: Sequence[Json], wanted: Wanted) -> Iterator[Json]:
    for condition in conditions:
        if condition["kind"] == OneOfNumbers.kind:
            # A number without a successor keeps its name, and so is reported as missing.
            new = [wanted.number_map.new(number) or number for number in condition["numbers"]]
            yield {**condition, "numbers": new}
        elif condition["kind"] == InRange.kind:
            run = wanted.number_map.new_run(condition["first"], condition["last"])
            yield {**condition, "first": run[0], "last": run[1]} if run else condition
        elif condition["kind"] == OnTrunk.kind and wanted.trunk is not None:
            yield {**condition, "label": wanted.trunk.name}
        else:
            yield condition


def _target(target: Json, number_map: NumberMap) -> Json:
    if target["kind"] != ToExtensions.kind:
        return target
    run = number_map.new_run(target["first_number"], target["last_number"])
    return {**target, "first_number": run[0], "last_number": run[1]} if run else target
