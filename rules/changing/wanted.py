"""What a document's entry wants of a rule's rows: the rule's own fields and its children's, names already found."""

import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import zip_longest
from typing import Any

from rules.changing.references import Missing, Rows, read_id
from rules.models import InboundRule, OutboundRule, TargetKind, When
from rules.models.versions import RuleKind

Json = dict[str, Any]

INBOUND_FIELDS = ("name", "enabled", "applies", "hours", "holidays")
OUTBOUND_FIELDS = (
    *("name", "enabled", "priority", "action", "reason", "strategy"),
    *("when_closed", "hours", "sticky", "area_match"),
)
_ROUTE_FIELDS = {"strip": 0, "prepend": "", "sender": "", "enabled": True, "weight": 1}
_NAMED = (TargetKind.MEMBER, TargetKind.GROUP)
_OF_THE_TARGET = {"kind", "id", "label", "when", "moment"}


@dataclass(slots=True)
class Wanted:
    """One rule as its entry wants it; `children` are by relation, in order."""

    id: uuid.UUID | None
    fields: Json
    children: dict[str, list[Json]]
    missing: list[Missing] = field(default_factory=list)

    def miss(self, kind: str, label: object) -> None:
        """Note something that is not there any more."""
        self.missing.append(Missing(self.fields["name"], kind, str(label or "")))


def read(kind: str, entry: Json, rows: Rows) -> Wanted:
    """Find what an entry of a document of this kind names, and note what is not there."""
    return _inbound(entry, rows) if kind == RuleKind.INBOUND else _outbound(entry, rows)


def _inbound(entry: Json, rows: Rows) -> Wanted:
    wanted = Wanted(read_id(entry.get("id")), _own_fields(InboundRule, INBOUND_FIELDS, entry), {})
    plain, numbers, trunk = [], [], None
    for condition in entry.get("conditions", ()):
        match condition.get("kind"):
            case "trunk":
                trunk = rows.trunk(condition.get("id"), condition.get("label"))
                if trunk is None:
                    wanted.miss("trunk", condition.get("label"))
                    wanted.fields["enabled"] = False
            case "number":
                numbers = list(_numbers(condition, rows, wanted))
                # Without any of its numbers the rule would listen to all of them.
                wanted.fields["enabled"] = wanted.fields["enabled"] and bool(numbers)
            case "all_numbers":
                pass
            case _:
                plain.append(dict(condition))
    wanted.fields |= {"trunk_id": trunk.id if trunk else None, "conditions": plain}
    wanted.children = {"numbers": numbers, "targets": list(_targets(entry, rows, wanted))}
    return wanted


def _numbers(condition: Mapping[str, Any], rows: Rows, wanted: Wanted) -> Iterator[Json]:
    found = {}
    for key, e164 in zip_longest(condition.get("ids", ()), condition.get("numbers", ())):
        number = rows.number(key, e164)
        if number is None:
            wanted.miss("number", e164)
        else:
            found[number.id] = {"number_id": number.id}
    yield from found.values()


def _targets(entry: Json, rows: Rows, wanted: Wanted) -> Iterator[Json]:
    for position, target in enumerate(entry.get("targets", ())):
        kind, key, label = target.get("kind"), target.get("id"), target.get("label")
        member = rows.member(key, label) if kind == TargetKind.MEMBER else None
        group = rows.group(key, label) if kind == TargetKind.GROUP else None
        if kind in _NAMED and not (member or group):
            # It stays as a destination that is gone, which the rule then says of itself.
            wanted.miss(kind, label)
        yield {
            "position": position,
            "kind": kind,
            "when": target.get("when") or When.ALWAYS.value,
            "moment": target.get("moment"),
            "member_id": member.id if member else None,
            "group_id": group.id if group else None,
            "settings": {} if kind in _NAMED else {n: v for n, v in target.items() if n not in _OF_THE_TARGET},
        }


def _outbound(entry: Json, rows: Rows) -> Wanted:
    wanted = Wanted(read_id(entry.get("id")), _own_fields(OutboundRule, OUTBOUND_FIELDS, entry), {})
    plain: list[Json] = []
    groups: list[Json] = []
    for condition in entry.get("conditions", ()):
        if condition.get("kind") == "groups":
            groups += _groups(condition, rows, wanted)
        else:
            plain.append(dict(condition))
    wanted.fields["conditions"] = plain
    wanted.children = {"groups": groups, "routes": list(_routes(entry, rows, wanted))}
    return wanted


def _groups(condition: Mapping[str, Any], rows: Rows, wanted: Wanted) -> list[Json]:
    """Return the groups; one that is gone stays as a place without a group, so that the rule never is for everybody."""
    found: dict[uuid.UUID | None, Json] = {}
    for key, label in zip_longest(condition.get("ids", ()), condition.get("labels", ())):
        group = rows.group(key, label)
        if group is None:
            wanted.miss("group", label)
        found[group.id if group else None] = {"group_id": group.id if group else None}
    return list(found.values()) or [{"group_id": None}]


def _routes(entry: Json, rows: Rows, wanted: Wanted) -> Iterator[Json]:
    position = 0
    for route in entry.get("routes", ()):
        configuration = rows.configuration(route.get("configuration"), route.get("label"))
        if configuration is None:
            wanted.miss("configuration", route.get("label"))
            continue
        known = {name: route.get(name, default) for name, default in _ROUTE_FIELDS.items()}
        yield {"position": position, "configuration_id": configuration.id, **known, "id": read_id(route.get("id"))}
        position += 1


def _own_fields(model: Any, names: tuple[str, ...], entry: Json) -> Json:
    """Return the rule's plain fields; what an older document does not say is as in a new rule."""
    usual = {name: model._meta.get_field(name).get_default() for name in names}
    return {name: entry.get(name, usual[name]) for name in names}
