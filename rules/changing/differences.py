"""Say how two versions of a tenant's rules differ: rule by rule, field by field, in words; PURE."""

import json
from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from rules.conditions import read_inbound, read_outbound
from rules.documents import DEFAULT_PRIORITY, End, Route
from rules.e164 import format_for_people
from rules.reading import ConditionError, Json
from rules.schedule import DAY_NAMES, Week, read_holidays

ADDED, REMOVED, CHANGED, MOVED = "added", "removed", "changed", "moved"
_NOTHING = "nothing"
_ONLY_FOR_PEOPLE = frozenset({"label", "labels"})
# What a rule has when its entry does not say: documents of before there was a choice.
_USUAL: Mapping[str, Any] = MappingProxyType(
    {
        "enabled": True,
        "applies": "both",
        "hours": None,
        "holidays": None,
        "priority": DEFAULT_PRIORITY,
        "action": "send",
        "reason": "",
        "strategy": "prioritised",
        "when_closed": "",
        "sticky": False,
        "area_match": False,
    }
)
_LABELS = MappingProxyType(
    {
        "name": "Name",
        "enabled": "Enabled",
        "applies": "Applies to",
        "conditions": "If",
        "targets": "Send it to",
        "routes": "Routes",
        "priority": "Priority",
        "action": "Then",
        "reason": "Reason",
        "strategy": "Routes are tried",
        "when_closed": "Outside the hours",
        "hours": "Own hours",
        "holidays": "Own holidays",
        "sticky": "Keep to the number that this person knows",
        "area_match": "Prefer a number of the same area",
        "week": "Office hours",
        "zone": "Time zone",
    }
)


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One field of a rule, before and after, in words."""

    label: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class RuleChange:
    """What became of one rule; places count from 1, 0 = it has none."""

    what: str
    id: str
    name: str
    place: int
    former_place: int
    fields: tuple[FieldChange, ...] = ()


@dataclass(frozen=True, slots=True)
class Differences:
    """Every rule that differs, in the order of the later version, and what of the calendar differs."""

    rules: tuple[RuleChange, ...]
    calendar: tuple[FieldChange, ...]

    def __bool__(self) -> bool:
        return bool(self.rules or self.calendar)

    def count(self, what: str) -> int:
        """Return how many rules were added, removed, changed or moved."""
        return sum(change.what == what for change in self.rules)

    def summary(self) -> str:
        """Say all of it in one line: the rule by name where it is only one."""
        parts = ["the office hours or holidays were changed"] if self.calendar else []
        for what in (ADDED, CHANGED, MOVED, REMOVED):
            names = [change.name for change in self.rules if change.what == what]
            if len(names) == 1:
                parts.append(f"“{names[0]}” was {what}")
            elif names:
                parts.append(f"{len(names)} rules were {what}")
        text = "; ".join(parts) or "nothing was changed"
        return f"{text[0].upper()}{text[1:]}."


def between(kind: str, before: Json, after: Json) -> Differences:
    """Compare two documents of one kind ("inbound" or "outbound"); rules are the same by their ids."""
    former = {entry["id"]: (place, entry) for place, entry in enumerate(before.get("rules", ()), 1)}
    latter = {entry["id"]: (place, entry) for place, entry in enumerate(after.get("rules", ()), 1)}
    stayed = _longest_in_order([former[key][0] for key in latter if key in former])
    changes = list(_of_rules(kind, former, latter, stayed))
    gone = [RuleChange(REMOVED, key, e["name"], 0, place) for key, (place, e) in former.items() if key not in latter]
    return Differences((*changes, *gone), tuple(_of_calendar(before, after)))


def of_rule(kind: str, before: Json | None, after: Json | None) -> tuple[FieldChange, ...]:
    """Compare one rule's two entries, field by field; None where it was not there."""
    former, latter = before or {}, after or {}
    names = [name for name in (*_LABELS, *former, *latter) if name in former or name in latter]
    return tuple(filter(None, (_field(kind, name, former, latter) for name in dict.fromkeys(names) if name != "id")))


def in_words(kind: str, entry: Json) -> tuple[FieldChange, ...]:
    """Say a whole rule: each field that is not as usual, with nothing before; its name stands elsewhere."""
    return of_rule(kind, None, {name: value for name, value in entry.items() if name != "name"})


def _of_rules(
    kind: str, former: Mapping[str, tuple[int, Json]], latter: Mapping[str, tuple[int, Json]], stayed: set[int]
) -> Iterator[RuleChange]:
    for key, (place, entry) in latter.items():
        if key not in former:
            yield RuleChange(ADDED, key, entry["name"], place, 0, in_words(kind, entry))
            continue
        was, old = former[key]
        fields = of_rule(kind, old, entry) if old != entry else ()
        if fields or was not in stayed:
            yield RuleChange(CHANGED if fields else MOVED, key, entry["name"], place, was, fields)


def _longest_in_order(places: Sequence[int]) -> set[int]:
    """Return the places of as many rules as possible that kept their order: the others were moved."""
    ends: list[int] = []
    at: list[int] = []
    for place in places:
        length = bisect_left(ends, place)
        ends[length : length + 1] = [place]
        at.append(length)
    kept, wanted = set(), len(ends) - 1
    for place, length in zip(reversed(places), reversed(at), strict=True):
        if length == wanted:
            kept.add(place)
            wanted -= 1
    return kept


def _field(kind: str, name: str, former: Json, latter: Json) -> FieldChange | None:
    old, new = former.get(name, _USUAL.get(name)), latter.get(name, _USUAL.get(name))
    if _bare(old) == _bare(new):
        return None
    say = _SAID.get(name, _value)
    before, after = say(kind, old), say(kind, new)
    if before == after:
        # The words leave out what differs.
        before, after = (json.dumps(value, ensure_ascii=False, sort_keys=True) for value in (old, new))
    return FieldChange(_LABELS.get(name, name.replace("_", " ").capitalize()), before, after)


def _of_calendar(before: Json, after: Json) -> Iterator[FieldChange]:
    former, latter = before.get("calendar") or {}, after.get("calendar") or {}
    for name in ("zone", "week", "holidays"):
        if former.get(name) != latter.get(name):
            say = _SAID.get(name, _value)
            label = "Holidays" if name == "holidays" else _LABELS[name]
            yield FieldChange(label, say("", former.get(name)), say("", latter.get(name)))


def _bare(value: Any) -> Any:
    """Drop what changes nothing: names that are only for people, a route's own id, a weight as usual."""
    if isinstance(value, Mapping):
        unsaid = {"id", "weight"} if value.get("weight", 1) == 1 and "configuration" in value else set()
        return {key: _bare(inner) for key, inner in value.items() if key not in _ONLY_FOR_PEOPLE | unsaid}
    return [_bare(inner) for inner in value] if isinstance(value, list | tuple) else value


def _value(_kind: str, value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value) if value not in (None, "", [], {}) else _NOTHING


def _conditions(kind: str, value: Any) -> str:
    read: Callable[[object], Any] = read_inbound if kind == "inbound" else read_outbound
    return _each(value, lambda one: str(read(one).describe()))


def _targets(_kind: str, value: Any) -> str:
    return _each(value, lambda one: End.from_json(one).describe())


def _routes(_kind: str, value: Any) -> str:
    return _each(value, lambda one: _route(Route.from_json(one)))


def _route(route: Route) -> str:
    parts = [
        route.label or route.configuration,
        f"strip {route.strip}" if route.strip else "",
        f"prepend {route.prepend}" if route.prepend else "",
        f"from {format_for_people(route.sender)}" if route.sender else "",
        f"weight {route.weight}" if route.weight != 1 else "",
        "" if route.enabled else "off",
    ]
    return ", ".join(filter(None, parts))


def _week(_kind: str, value: Any) -> str:
    if value is None:
        return "none of its own"
    try:
        week = Week.from_json(value)
    except ConditionError as error:
        return str(error)
    days = zip(DAY_NAMES, week.days, strict=True)
    return "; ".join(f"{day} {', '.join(map(str, shifts))}" for day, shifts in days if shifts) or "never open"


def _holidays(_kind: str, value: Any) -> str:
    if value is None:
        return "none of its own"
    try:
        return "; ".join(f"{one.name} ({one.start} – {one.end})" for one in read_holidays(value)) or _NOTHING
    except ConditionError as error:
        return str(error)


def _each(value: Any, say: Callable[[Any], str]) -> str:
    """Say each part of a list; one that cannot be read says why."""
    words = []
    for one in value or ():
        try:
            words.append(say(one))
        except ConditionError as error:
            words.append(f"({error})")
    return "; ".join(words) or _NOTHING


_SAID: Mapping[str, Callable[[str, Any], str]] = MappingProxyType(
    {
        "conditions": _conditions,
        "targets": _targets,
        "routes": _routes,
        "hours": _week,
        "week": _week,
        "holidays": _holidays,
    }
)
