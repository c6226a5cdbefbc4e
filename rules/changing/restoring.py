"""Make a tenant's rules equal to entries as versions hold them: all or nothing, one version, one audit entry."""

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction
from django.db.models import Model

from rules.changing import versions, wanted
from rules.changing.references import Missing, Rows
from rules.changing.wanted import Wanted
from rules.models import InboundRule, OutboundRule, RuleSet
from rules.models.versions import RuleKind
from rules.schedule import read_holidays
from rules.times import calendars
from rules.times.calendars import HolidayDraft
from tenants.audit import Actor
from tenants.ids import new_id
from tenants.models import Tenant

Json = dict[str, Any]
Rule = InboundRule | OutboundRule

_CHUNK = 400
# What of a child says nothing about the rule: its own id may differ.
_NOT_COMPARED = {"id"}


class MissingRows(Exception):
    """Some of what the rules name is not there any more; nothing was changed."""

    def __init__(self, missing: Sequence[Missing]) -> None:
        super().__init__("some of what these rules name is gone")
        self.missing = list(missing)


@dataclass(frozen=True, slots=True)
class Plan:
    """How many rules making them equal would add, change, remove and leave, and what is not there any more."""

    added: int
    changed: int
    removed: int
    unchanged: int
    reordered: bool
    missing: tuple[Missing, ...]

    @property
    def changes_anything(self) -> bool:
        """Whether any row would be written."""
        return bool(self.added or self.changed or self.removed or self.reordered)


@dataclass(slots=True)
class _Work:
    """The rules to add, to write again, to leave as they are but for their place, and to remove; places from 0 on."""

    added: list[tuple[int, Wanted]] = field(default_factory=list)
    changed: list[tuple[int, Rule, Wanted]] = field(default_factory=list)
    same: list[tuple[int, Rule]] = field(default_factory=list)
    removed: list[Rule] = field(default_factory=list)
    reordered: bool = False


def plan(tenant: Tenant, kind: str, entries: Sequence[Json]) -> Plan:
    """Say what `make_equal` would do, without doing it."""
    wants = _read(tenant, kind, entries)
    work = _compare(tenant, kind, wants)
    missing = tuple(one for want in wants for one in want.missing)
    return Plan(
        added=len(work.added),
        changed=len(work.changed),
        removed=len(work.removed),
        unchanged=len(work.same),
        reordered=work.reordered,
        missing=missing,
    )


@transaction.atomic
def make_equal(
    actor: Actor,
    tenant: Tenant,
    kind: str,
    entries: Sequence[Json],
    *,
    action: str,
    note: str,
    target: Model | None = None,
    without_missing: bool = False,
) -> RuleSet | None:
    """Add, change, remove and order the rules so that they are these entries; returns the version that is live then.

    Rules are the same by their ids; an entry without one is a new rule. With `without_missing` a rule is restored
    without what is gone: it is switched off when it would take texts it never took.

    Raises:
        MissingRows: something that the rules name is not there, and `without_missing` was not said.
    """
    versions.lock(tenant)
    wants = _read(tenant, kind, entries)
    missing = [one for want in wants for one in want.missing]
    if missing and not without_missing:
        raise MissingRows(missing)
    work = _compare(tenant, kind, wants)
    _remove(work.removed)
    _write(tenant, kind, work)
    counts = {"added": len(work.added), "changed": len(work.changed), "removed": len(work.removed)}
    changes = {name: count for name, count in counts.items() if count}
    return versions.save(actor, tenant, kind, action=action, target=target, changes=changes, note=note)


@transaction.atomic
def restore(
    actor: Actor, tenant: Tenant, rule_set: RuleSet, *, without_missing: bool = False, with_calendar: bool = False
) -> RuleSet | None:
    """Go back to the rules of a version, and only when asked to its office hours and holidays, too.

    Raises:
        MissingRows: something that the rules name is not there any more, and `without_missing` was not said.
    """
    if with_calendar:
        _restore_calendar(actor, tenant, rule_set.document.get("calendar") or {})
    return make_equal(
        actor,
        tenant,
        rule_set.kind,
        rule_set.document["rules"],
        action=f"rules.{rule_set.kind}.restored",
        note=f"Restored version {rule_set.version}",
        without_missing=without_missing,
    )


def _restore_calendar(actor: Actor, tenant: Tenant, calendar: Json) -> None:
    """Make office hours and holidays what a version says; a holiday that stays keeps its country."""
    calendars.save_hours(actor, tenant, calendar.get("week"))
    wanted = read_holidays(calendar.get("holidays") or [])
    keys = {(one.name, one.start, one.end, one.yearly) for one in wanted}
    rows = list(tenant.holidays.all())
    gone = [row for row in rows if (row.name, row.starts_on, row.ends_on, row.yearly) not in keys]
    if gone:
        calendars.delete_holidays(actor, tenant, gone)
    drafts = [HolidayDraft(one.name, one.start, one.end, one.yearly) for one in wanted]
    calendars.import_holidays(actor, tenant, drafts)


@transaction.atomic
def restore_rule(actor: Actor, tenant: Tenant, kind: str, rule_set: RuleSet, entry: Json) -> RuleSet | None:
    """Put one rule back as it was in a version: where it stands now, or at the end when it was deleted since.

    Raises:
        MissingRows: something that the rule names is not there any more.
    """
    versions.lock(tenant)
    entries = list(versions.build(tenant, kind)["rules"])
    place = next((n for n, one in enumerate(entries) if one["id"] == entry["id"]), len(entries))
    entries[place : place + 1] = [entry]
    note = f"Restored “{entry['name']}” as in version {rule_set.version}"
    action = f"rules.{kind}_rule.restored"
    named = _model(kind)(id=uuid.UUID(hex=entry["id"]), tenant=tenant, name=entry["name"])
    return make_equal(actor, tenant, kind, entries, action=action, note=note, target=named)


def _read(tenant: Tenant, kind: str, entries: Iterable[Json]) -> list[Wanted]:
    rows = Rows(tenant)
    return [wanted.read(kind, entry, rows) for entry in entries]


def _compare(tenant: Tenant, kind: str, wants: Sequence[Wanted]) -> _Work:
    rows: dict[uuid.UUID, Rule] = {row.id: row for row in _rows(tenant, kind)}
    before = {key: place for place, key in enumerate(rows)}
    work = _Work()
    # Rules of a lower priority number come first, whatever place they have.
    in_order = sorted(wants, key=lambda want: want.fields.get("priority", 0))
    for place, want in enumerate(in_order):
        row = rows.pop(want.id, None) if want.id else None
        if row is None:
            work.added.append((place, want))
        elif _is(row, want):
            work.same.append((place, row))
        else:
            work.changed.append((place, row, want))
    work.removed = list(rows.values())
    kept = [before[want.id] for want in in_order if want.id in before]
    work.reordered = kept != sorted(kept)
    return work


def _model(kind: str) -> Any:
    return InboundRule if kind == RuleKind.INBOUND else OutboundRule


def _rows(tenant: Tenant, kind: str) -> Any:
    return versions.inbound_rows(tenant) if kind == RuleKind.INBOUND else versions.outbound_rows(tenant)


def _is(row: Rule, want: Wanted) -> bool:
    """Whether a rule's rows say what an entry wants."""
    if any(getattr(row, name) != value for name, value in want.fields.items()):
        return False
    return all(_children_are(row, relation, wants) for relation, wants in want.children.items())


def _children_are(row: Rule, relation: str, wants: list[Json]) -> bool:
    names = [name for name in (wants[0] if wants else {}) if name not in _NOT_COMPARED]
    rows = [{name: getattr(child, name) for name in names} for child in getattr(row, relation).all()]
    if not wants or not rows:
        return not wants and not getattr(row, relation).all()
    compared = [{name: want[name] for name in names} for want in wants]
    if "position" in names:
        return [_without_place(one) for one in rows] == [_without_place(one) for one in compared]
    return sorted(map(str, rows)) == sorted(map(str, compared))


def _without_place(child: Json) -> Json:
    return {name: value for name, value in child.items() if name != "position"}


def _remove(rules: Sequence[Rule]) -> None:
    for start in range(0, len(rules), _CHUNK):
        part = rules[start : start + _CHUNK]
        type(part[0])._base_manager.filter(pk__in=[rule.pk for rule in part]).delete()


def _write(tenant: Tenant, kind: str, work: _Work) -> None:
    model = _model(kind)
    parents: list[tuple[Rule, Wanted]] = []
    for position, want in work.added:
        rule = model(id=want.id or new_id(), tenant=tenant, position=position, **want.fields)
        parents.append((rule, want))
    model._base_manager.bulk_create([rule for rule, _ in parents], batch_size=_CHUNK)
    for position, row, want in work.changed:
        for name, value in want.fields.items():
            setattr(row, name, value)
        row.position, row.revision = position, row.revision + 1
        row.save()
        parents.append((row, want))
    shifted = [(position, row) for position, row in work.same if row.position != position]
    for position, row in shifted:
        row.position = position
    model._base_manager.bulk_update([row for _, row in shifted], ["position"], batch_size=100)
    _write_children(tenant, model, parents, former=[row for _, row, _ in work.changed])


def _write_children(
    tenant: Tenant, model: Any, parents: Sequence[tuple[Rule, Wanted]], *, former: Sequence[Rule]
) -> None:
    relations = sorted({relation for _, want in parents for relation in want.children})
    for relation in relations:
        child: Any = model._meta.get_field(relation).related_model
        for start in range(0, len(former), _CHUNK):
            part = former[start : start + _CHUNK]
            child._base_manager.filter(rule__in=[rule.pk for rule in part]).delete()
        rows = [
            child(tenant=tenant, rule=rule, **_with_id(fields))
            for rule, want in parents
            for fields in want.children[relation]
        ]
        child._base_manager.bulk_create(rows, batch_size=_CHUNK)


def _with_id(fields: Json) -> Json:
    """Keep the id that a child had in the document, when it had one."""
    return fields if fields.get("id") else {name: value for name, value in fields.items() if name != "id"}
