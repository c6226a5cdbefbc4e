"""The dry run: what an import would add, change and remove, and everything that stands in its way."""

import hashlib
import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from sms.transfer import checks, kinds
from sms.transfer.kinds import Kind
from sms.transfer.reading import Parsed, Placed
from sms.transfer.tables import Problem
from tenants.models import Tenant

Json = dict[str, Any]

ADD, EXACT = "add", "exact"
_NAMED = 50


@dataclass(frozen=True, slots=True)
class Rights:
    """What the person may besides the permission for the kind: trunks of his own, pools of shared trunks."""

    own_trunks: bool = False
    all_trunks: bool = False


@dataclass(slots=True)
class KindPlan:
    """What becomes of one kind. `final` are all records in their order, each with the place of the one it replaces."""

    kind: Kind
    added: list[Placed] = field(default_factory=list)
    changed: list[tuple[Placed, Json]] = field(default_factory=list)
    removed: list[Json] = field(default_factory=list)
    unchanged: int = 0
    reordered: bool = False
    final: list[tuple[Json, int | None]] = field(default_factory=list)

    @property
    def wanted(self) -> list[Placed]:
        """The records to write: new ones and changed ones."""
        return [*self.added, *(placed for placed, _ in self.changed)]

    @property
    def changes_anything(self) -> bool:
        """Whether anything would be written."""
        return bool(self.added or self.changed or self.removed or self.reordered)

    def to_json(self) -> Json:
        """Return what the page shows of it; the digest notices every difference, the names only the first."""
        key = self.kind.key
        names = {
            "added": [key(placed.record) for placed in self.added],
            "changed": [key(placed.record) for placed, _ in self.changed],
            "removed": [key(record) for record in self.removed],
        }
        counts = {what: len(found) for what, found in names.items()}
        return {
            "kind": self.kind.name,
            **counts,
            "unchanged": self.unchanged,
            "reordered": self.reordered,
            "names": {what: found[:_NAMED] for what, found in names.items()},
            "digest": self._digest(),
        }

    def _digest(self) -> str:
        what = [
            [placed.record for placed in self.added],
            [[placed.record, before] for placed, before in self.changed],
            self.removed,
            self.reordered,
        ]
        return hashlib.sha256(json.dumps(what, sort_keys=True).encode()).hexdigest()


@dataclass(slots=True)
class Plan:
    """What an import would do; with problems it does nothing at all."""

    kinds: list[KindPlan]
    problems: list[Problem]
    warnings: list[str]

    @property
    def changes_anything(self) -> bool:
        """Whether anything would be written."""
        return any(one.changes_anything for one in self.kinds)

    @property
    def mails(self) -> int:
        """How many invitations would be mailed."""
        return sum(len(one.added) for one in self.kinds if one.kind.name == "members")

    def of(self, name: str) -> KindPlan | None:
        """Return the plan of one kind, if the file holds it."""
        return next((one for one in self.kinds if one.kind.name == name), None)

    def to_json(self) -> Json:
        """Return what is stored and shown of it."""
        problems = sorted(self.problems, key=lambda problem: (problem.kind, problem.row, problem.column))
        return {
            "kinds": [one.to_json() for one in self.kinds],
            "problems": [as_json(problem) for problem in problems],
            "warnings": self.warnings,
            "mails": self.mails,
            "changes": self.changes_anything,
        }


def plan(tenant: Tenant, parsed: Parsed, mode: str, rights: Rights) -> Plan:
    """Compare what a file holds with what is there; `mode` "exact" removes what is not in the file."""
    found = [
        _of_kind(kind, kind.export(tenant), parsed.records[kind.name], mode)
        for kind in kinds.KINDS.values()
        if kind.name in parsed.records
    ]
    whole = Plan(found, list(parsed.problems), list(parsed.warnings))
    several = len(found) > 1
    for one in found:
        whole.warnings += checks.later(one)
        problems = [*_twice(one.kind, parsed.records[one.kind.name]), *checks.of_kind(tenant, whole.of, one, rights)]
        known = {(problem.row, problem.column) for problem in parsed.problems}
        left = checks.of_broken(tenant, whole.of, one.kind.name, parsed.broken.get(one.kind.name, ()))
        problems += [problem for problem in left if (problem.row, problem.column) not in known]
        whole.problems += [replace(problem, kind=one.kind.name) for problem in problems] if several else problems
    return whole


def _of_kind(kind: Kind, before: Sequence[Json], placed: Sequence[Placed], mode: str) -> KindPlan:
    known: dict[str, list[int]] = defaultdict(list)
    for place, record in enumerate(before):
        known[kind.key(record)].append(place)
    found = KindPlan(kind)
    matched: list[int] = []
    for one in placed:
        places = known.get(kind.key(one.record))
        here = places.pop(0) if places else None
        found.final.append((one.record, here))
        if here is None:
            found.added.append(one)
            continue
        matched.append(here)
        if before[here] == one.record:
            found.unchanged += 1
        else:
            found.changed.append((one, before[here]))
    left = sorted(place for places in known.values() for place in places)
    if mode == EXACT:
        found.removed = [before[place] for place in left]
        found.reordered = kind.in_order and matched != sorted(matched)
    else:
        found.unchanged += len(left)
        found.final = _in_former_order(before, found.final)
    return found


def _in_former_order(before: Sequence[Json], final: list[tuple[Json, int | None]]) -> list[tuple[Json, int | None]]:
    """Keep everything that is there in its place; what is new comes after."""
    new_by_place = {place: record for record, place in final if place is not None}
    kept: list[tuple[Json, int | None]] = [(new_by_place.get(n, record), n) for n, record in enumerate(before)]
    return kept + [(record, None) for record, place in final if place is None]


def _twice(kind: Kind, placed: Sequence[Placed]) -> list[Problem]:
    """Name what stands in the file twice; rules may share a name."""
    if kind.in_order:
        return []
    first: dict[str, int] = {}
    problems = []
    for one in placed:
        key = kind.key(one.record)
        if key in first:
            text = f"“{key}” stands in row {first[key]}, too."
            problems.append(Problem(one.row, next(iter(kind.columns)), key, text, "Remove one of the two rows."))
        first.setdefault(key, one.row)
    return problems


def as_json(problem: Problem) -> Json:
    """Return a problem as it is stored."""
    return {
        "kind": problem.kind,
        "row": problem.row,
        "column": problem.column,
        "value": problem.value,
        "text": problem.text,
        "remedy": problem.remedy,
    }
