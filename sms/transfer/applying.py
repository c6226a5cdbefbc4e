"""Carry an import out, all or nothing, by the same flows as the pages: their audit entries, their refusals."""

import uuid
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from rules.changing import restoring, versions
from rules.changing.references import Rows
from rules.pools import pool_as_text
from sms.forms.trunks import TrunkForm
from sms.models import Trunk
from sms.setup import numbers, trunking
from sms.transfer import lines, planning
from sms.transfer.planning import KindPlan, Plan, Rights
from sms.transfer.reading import Parsed
from sms.transfer.tables import Problem
from tenants import invitations, membership
from tenants.audit import Actor
from tenants.membership import MembershipError, SenderNumber
from tenants.models import Member, Tenant
from tenants.sharing import Sharing

Json = dict[str, Any]


class ImportRefused(Exception):
    """Nothing was changed; the problems say why."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("; ".join(map(str, problems[:3])))
        self.problems = list(problems)


class PlanChanged(Exception):
    """Somebody changed something since the dry run: it would do something else now. Nothing was changed."""


@dataclass(slots=True)
class Applied:
    """What was done; the letters are mailed once all is committed."""

    plan: Plan
    letters: list[Any] = field(default_factory=list)

    def mail(self) -> int:
        """Mail the invitations; outside of any transaction, because mail servers can be slow."""
        return sum(invitations.mail(*letter).mailed for letter in self.letters)


@transaction.atomic
def apply(
    actor: Actor, tenant: Tenant, parsed: Parsed, mode: str, rights: Rights, *, expected: Sequence[str] | None = None
) -> Applied:
    """Make the dry run real. `expected` are the digests that the dry run showed; None asks nothing.

    Raises:
        ImportRefused: there are problems, or a flow refused something.
        PlanChanged: the dry run would say something else now.
    """
    versions.lock(tenant)
    plan = planning.plan(tenant, parsed, mode, rights)
    if plan.problems:
        raise ImportRefused(plan.problems)
    if expected is not None and list(expected) != digests(plan):
        raise PlanChanged
    applied = Applied(plan)
    try:
        for write, name in _steps(actor, tenant, rights, applied.letters):
            if found := plan.of(name):
                write(found)
    except (MembershipError, numbers.PoolRefused, trunking.TrunkInUse, IntegrityError) as error:
        raise ImportRefused(list(_refusals(name, error))) from error
    except restoring.MissingRows as error:
        texts = (f"Rule “{one.rule}” names “{one.label}”, which is not there." for one in error.missing)
        raise ImportRefused([Problem(0, "", "", text, "Mend the rule.", name) for text in texts]) from error
    return applied


def digests(plan: Plan) -> list[str]:
    """Return what tells two plans apart."""
    return [str(one.to_json()["digest"]) for one in plan.kinds]


def _steps(actor: Actor, tenant: Tenant, rights: Rights, letters: list[Any]) -> Iterator[tuple[Any, str]]:
    """Yield what to do in an order in which nothing is named before it is there, or removed while it is named."""
    people = _People(actor, tenant, letters)
    wires = _Wires(actor, tenant, rights)
    yield wires.save_trunks, "trunks"
    yield wires.add_numbers, "pools"
    yield people.save_members, "members"
    yield people.save_groups, "groups"
    for kind in ("inbound", "outbound"):
        yield _Rules(actor, tenant, kind).save, kind
    yield people.remove_groups, "groups"
    yield people.remove_members, "members"
    yield wires.remove_numbers, "pools"
    yield wires.remove_trunks, "trunks"


def _refusals(kind: str, error: Exception) -> Iterator[Problem]:
    details = getattr(error, "details", None) or getattr(error, "users", None) or [""]
    text = _("Somebody else changed the same at this moment.") if isinstance(error, IntegrityError) else str(error)
    for detail in details:
        yield Problem(0, "", detail, f"{text} {detail}".strip(), "Mend it, then import again.", kind)


@dataclass(slots=True)
class _Rules:
    """Rules of one kind: written at once, as one version."""

    actor: Actor
    tenant: Tenant
    kind: str

    def save(self, plan: KindPlan) -> None:
        if not plan.changes_anything:
            return
        before = versions.build(self.tenant, self.kind)["rules"]
        same = {id(record) for record, place in plan.final if place is not None}
        same -= {id(placed.record) for placed, _ in plan.changed}
        entries = [
            before[place]
            if place is not None and id(record) in same
            else {**record, "id": before[place]["id"] if place is not None else ""}
            for record, place in plan.final
        ]
        counts = {"added": len(plan.added), "changed": len(plan.changed), "removed": len(plan.removed)}
        note = ", ".join(f"{count} {what}" for what, count in counts.items() if count) or "put in another order"
        action = f"rules.{self.kind}.imported"
        restoring.make_equal(
            self.actor, self.tenant, self.kind, entries, action=action, note=f"Imported a file: {note}"
        )


@dataclass(slots=True)
class _People:
    """Members and groups."""

    actor: Actor
    tenant: Tenant
    letters: list[Any]

    def save_members(self, plan: KindPlan) -> None:
        for placed in plan.added:
            record = placed.record
            fields = {name: record[name] for name in ("email", "name", "role", "extension")}
            fields["sending_right"] = record["sending"]
            self.letters.append(invitations.prepare(self.actor, self.tenant, **fields))
        held = {number.e164: number for number in numbers.live_numbers(self.tenant)} if plan.changed else {}
        members = self._members()
        for placed, _before in plan.changed:
            record = placed.record
            membership.change(
                self.actor,
                members[record["email"]],
                name=record["name"],
                role=record["role"],
                extension=record["extension"],
                sending_right=record["sending"],
                enabled=record["enabled"],
                numbers=[
                    SenderNumber(held[one["number"]], one["description"], one["preferred"]) for one in record["numbers"]
                ],
            )

    def remove_members(self, plan: KindPlan) -> None:
        members = self._members()
        waiting = {one.email: one for one in invitations.pending(self.tenant)}
        for record in plan.removed:
            if record["email"] in members:
                membership.remove(self.actor, members[record["email"]])
            else:
                invitations.withdraw(self.actor, waiting[record["email"]])

    def save_groups(self, plan: KindPlan) -> None:
        """Write the groups in two rounds: they name each other."""
        groups = {group.name: group for group in self.tenant.groups.all()}
        for placed in plan.added:
            name = placed.record["name"]
            groups[name] = membership.save_group(self.actor, self.tenant, name=name, members=[])
        members, rows = self._members(), Rows(self.tenant)
        for placed in plan.wanted:
            record = placed.record
            chosen = [members[email] for email in record["members"]]
            shared = Sharing(
                assignment=record["assignment"],
                escalate_minutes=record["minutes"],
                **_places("fallback", record["fallback"], rows),
                **_places("escalate", record["escalate"], rows),
            )
            group = groups[record["name"]]
            membership.save_group(self.actor, self.tenant, name=group.name, members=chosen, group=group, shared=shared)

    def remove_groups(self, plan: KindPlan) -> None:
        groups = {group.name: group for group in self.tenant.groups.all()} if plan.removed else {}
        for record in plan.removed:
            membership.delete_group(self.actor, groups[record["name"]])

    def _members(self) -> dict[str, Member]:
        return {member.user.email: member for member in self.tenant.members.select_related("user", "tenant")}


def _places(stem: str, place: str, rows: Rows) -> Json:
    word, _sign, name = place.partition(":")
    return {
        f"{stem}_member": rows.member(None, name) if word == "member" else None,
        f"{stem}_group": rows.group(None, name) if word == "group" else None,
    }


@dataclass(slots=True)
class _Wires:
    """Trunks and the numbers on them."""

    actor: Actor
    tenant: Tenant
    rights: Rights

    def save_trunks(self, plan: KindPlan) -> None:
        known = {(one.host, one.auth_name): one for one in self.tenant.trunks.filter(deleted_at=None)}
        for placed in plan.wanted:
            record = placed.record
            instance = known.get((record["host"], record["auth_name"]))
            form = TrunkForm(lines.form_data(record), instance=instance, any_kind=True)
            form.full_clean()
            fields = form.trunk_fields()
            if instance:
                trunking.change_trunk(self.actor, Trunk.objects.get(pk=instance.pk), fields)
            else:
                trunking.create_trunk(self.actor, owner=self.tenant, fields=fields)

    def add_numbers(self, plan: KindPlan) -> None:
        self._leave(plan)
        added: dict[uuid.UUID, list[str]] = defaultdict(list)
        trunks = lines.by_any_name(numbers.trunks_of(self.tenant))
        for placed in plan.wanted:
            added[trunks[placed.record["trunk"].casefold()].pk].append(placed.record["number"])
        for trunk in numbers.trunks_of(self.tenant).filter(pk__in=list(added)):
            self._set(trunk, {*self._held(trunk), *added[trunk.pk]})

    def _leave(self, plan: KindPlan) -> None:
        """Take numbers from the trunk they are on before they go to another one of the tenant's."""
        self._take_out([before for _, before in plan.changed])

    def remove_numbers(self, plan: KindPlan) -> None:
        self._take_out(plan.removed)

    def _take_out(self, records: Sequence[Json]) -> None:
        trunks = lines.by_any_name(numbers.trunks_of(self.tenant)) if records else {}
        gone: dict[uuid.UUID, set[str]] = defaultdict(set)
        for record in records:
            gone[trunks[record["trunk"].casefold()].pk].add(record["number"])
        for trunk in numbers.trunks_of(self.tenant).filter(pk__in=list(gone)):
            self._set(trunk, self._held(trunk) - gone[trunk.pk])

    def remove_trunks(self, plan: KindPlan) -> None:
        known = {(one.host, one.auth_name): one for one in self.tenant.trunks.filter(deleted_at=None)}
        for record in plan.removed:
            trunking.delete_trunk(self.actor, known[(record["host"], record["auth_name"])])

    def _held(self, trunk: Trunk) -> set[str]:
        return set(numbers.live_numbers(self.tenant).filter(pool__trunk=trunk).values_list("e164", flat=True))

    def _set(self, trunk: Trunk, wanted: set[str]) -> None:
        text = pool_as_text(wanted)
        numbers.set_pool(self.actor, trunk, self.tenant, text, name_holders=self.rights.all_trunks)
