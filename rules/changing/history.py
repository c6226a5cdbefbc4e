"""The versions of a tenant's rules for people: what each changed, and what became of one rule."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from rules.changing import differences
from rules.changing.differences import Differences, FieldChange
from rules.models import RuleSet
from tenants.models import Tenant

Json = dict[str, Any]

PAGE = 20
# Pages of one rule look back over so many versions; there is a page for the whole.
_LOOKED_BACK = 60
_EMPTY: Json = {"rules": []}


@dataclass(frozen=True, slots=True)
class VersionRow:
    """One version and what it changed against the one before."""

    rule_set: RuleSet
    changes: Differences

    @property
    def summary(self) -> str:
        """What was done: in its maker's words where there are some, and what came of it."""
        if self.rule_set.note:
            return f"{self.rule_set.note}: {self.changes.summary()}"
        return self.changes.summary()


@dataclass(frozen=True, slots=True)
class RuleState:
    """What one version made of one rule; `entry` is the rule from then on, None = it was deleted."""

    rule_set: RuleSet
    at: datetime
    what: str
    name: str
    fields: tuple[FieldChange, ...]
    entry: Json | None
    is_live: bool = False


def rows(tenant: Tenant, kind: str, rule_sets: Sequence[RuleSet]) -> list[VersionRow]:
    """Compare each of some versions, newest first and without gaps, to the one before."""
    if not rule_sets:
        return []
    befores = [*rule_sets[1:], before(tenant, rule_sets[-1])]
    return [
        VersionRow(later, differences.between(kind, former.document if former else _EMPTY, later.document))
        for later, former in zip(rule_sets, befores, strict=True)
    ]


def before(tenant: Tenant, rule_set: RuleSet) -> RuleSet | None:
    """Return the version before one, if there is one."""
    return tenant.rule_sets.filter(kind=rule_set.kind, version=rule_set.version - 1).first()


def lately(tenant: Tenant, kind: str, rule: uuid.UUID) -> list[RuleState]:
    """Return what the last few versions made of one rule: as much as its own page has room for."""
    return of_rule(tenant, kind, rule, at_most=3, looked_back=10)


def of_rule(
    tenant: Tenant, kind: str, rule: uuid.UUID, *, at_most: int = 200, looked_back: int = _LOOKED_BACK
) -> list[RuleState]:
    """Return what the newest versions made of one rule, newest first."""
    newest = list(tenant.rule_sets.filter(kind=kind).order_by("-version")[: looked_back + 1])
    found: list[RuleState] = []
    formers = [*newest[1:], None] if newest else []
    for later, former in zip(newest, formers, strict=True):
        if former is None and len(newest) > looked_back:
            break
        old, new = (entry_of(one, rule) if one else None for one in (former, later))
        fields = differences.of_rule(kind, old, new)
        if not fields or (old is None and new is None):
            continue
        what = differences.CHANGED if old and new else differences.ADDED if new else differences.REMOVED
        shown = differences.in_words(kind, new) if new and not old else fields if new else ()
        name = (new or old or {})["name"]
        found.append(RuleState(later, later.created_at, what, name, shown, new, is_live=not found))
        if len(found) == at_most:
            break
    return found


def entry_of(rule_set: RuleSet, rule: uuid.UUID) -> Json | None:
    """Return one rule as a version has it."""
    return next((entry for entry in rule_set.document["rules"] if entry["id"] == rule.hex), None)
