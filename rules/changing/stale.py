"""What a person's page did not know yet: a rule that was changed, moved or deleted meanwhile, and by whom."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Any

from django.utils.translation import gettext as _

from rules.changing import differences
from rules.documents import DEFAULT_PRIORITY
from rules.models import InboundRule, OutboundRule, RuleSet
from tenants.models import Tenant

Json = dict[str, Any]

# Of more versions than this only the newest are compared: nobody reads further back.
_VERSIONS_COMPARED = 20


class RuleGone(Exception):
    """Somebody deleted the rule meanwhile; nothing was changed."""


class StaleEdit(Exception):
    """The rule was changed after the page was opened; nothing was changed. `revision` is the one that stands now."""

    def __init__(self, rule: InboundRule | OutboundRule) -> None:
        self.rule, self.revision = rule.pk, rule.revision
        super().__init__(f"The rule “{rule}” is at revision {rule.revision}.")


class StaleOrder(Exception):
    """The order is not the one that the page showed; nothing was changed."""


@dataclass(frozen=True, slots=True)
class Change:
    """One change of a field: who made it, when, and its words before and after."""

    who: str
    at: datetime
    label: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class OrderChange:
    """One change of the list: who made it, when, and what in words."""

    who: str
    at: datetime
    text: str


def check_revision(rule: InboundRule | OutboundRule, based_on: int | None) -> None:
    """Refuse a change of an older state than the one that stands; None is asked by programs, which have no page.

    Raises:
        StaleEdit: the rule has another revision.
    """
    if based_on is not None and rule.revision != based_on:
        raise StaleEdit(rule)


def rule_changes(tenant: Tenant, kind: str, rule: uuid.UUID, version: int) -> list[Change]:
    """Return what was changed in a rule after a version, oldest first."""
    found = []
    for before, saved in pairwise(_since(tenant, kind, version)):
        for one in differences.of_rule(kind, _entry(before, rule.hex), _entry(saved, rule.hex)):
            found.append(Change(saved.saved_by, saved.created_at, one.label, one.before, one.after))
    return found


def order_changes(tenant: Tenant, kind: str, version: int) -> list[OrderChange]:
    """Return how the list was changed after a version, oldest first: rules added, deleted, moved."""
    found = []
    for before, saved in pairwise(_since(tenant, kind, version)):
        for one in differences.between(kind, before.document, saved.document).rules:
            if text := _in_words(one):
                found.append(OrderChange(saved.saved_by, saved.created_at, text))
    return found


def check_order(tenant: Tenant, kind: str, rules: Sequence[InboundRule | OutboundRule], version: int | None) -> None:
    """Refuse to move a rule in a list that is not the one of a version; None is asked by programs.

    Raises:
        StaleOrder: a rule was added, deleted or moved since.
    """
    if version is None:
        return
    saved = tenant.rule_sets.filter(kind=kind, version=version).first()
    if saved is None or _ids(saved) != [rule.id.hex for rule in rules]:
        raise StaleOrder


def _since(tenant: Tenant, kind: str, version: int) -> list[RuleSet]:
    newest = tenant.rule_sets.filter(kind=kind, version__gte=version).order_by("-version")
    return list(newest[: _VERSIONS_COMPARED + 1])[::-1]


def _entry(saved: RuleSet, rule: str) -> Json | None:
    return next((entry for entry in saved.document["rules"] if entry.get("id") == rule), None)


def _ids(saved: RuleSet) -> list[str]:
    """Return the rules of a version in their order."""
    entries = sorted(saved.document["rules"], key=lambda entry: entry.get("priority", DEFAULT_PRIORITY))
    return [str(entry.get("id")) for entry in entries]


def _in_words(change: differences.RuleChange) -> str:
    """Say a change of the list; a change inside a rule that stayed in its place is none."""
    words = {"name": change.name, "before": change.former_place, "after": change.place}
    if change.what == differences.ADDED:
        return _("“%(name)s” was added") % words
    if change.what == differences.REMOVED:
        return _("“%(name)s” was deleted") % words
    if change.place != change.former_place:
        return _("“%(name)s” was moved from place %(before)s to place %(after)s") % words
    return ""
