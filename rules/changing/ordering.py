"""Put rules in order: the first that matches wins, so the order is always said and never a guess.

Positions are 0, 1, 2 … in the order in which rules are tried. An outbound rule that is moved among rules of another
priority takes the nearest priority that fits its new place, so that the list always says the truth.
"""

import uuid
from collections.abc import Sequence
from typing import Any, Literal, TypeVar

from django.db import transaction

from rules.changing import versions
from rules.changing.stale import RuleGone, StaleOrder, check_order
from rules.models import InboundRule, OutboundRule
from rules.models.versions import RuleKind
from tenants.audit import Actor
from tenants.models import Tenant

Direction = Literal["up", "down"]
Rule = TypeVar("Rule", InboundRule, OutboundRule)


@transaction.atomic
def move(
    actor: Actor, tenant: Tenant, rule: InboundRule | OutboundRule, direction: Direction, *, version: int | None = None
) -> None:
    """Move a rule one place up or down; at the end of the list it stays. See `place` for `version` and errors."""
    versions.lock(tenant)
    here = _place_of(list(_rules(tenant, rule)), rule)
    place(actor, tenant, rule, max(0, here + (-1 if direction == "up" else 1)), version=version)


@transaction.atomic
def place(
    actor: Actor,
    tenant: Tenant,
    rule: InboundRule | OutboundRule,
    position: int,
    *,
    version: int | None = None,
    expected: Sequence[uuid.UUID] = (),
) -> None:
    """Move a rule to a position, counted from 0; one beyond the end is the end.

    `version` is the version whose order the person saw, `expected` the rules that should now follow one another, as
    the person sees them; left out, nothing is asked.

    Raises:
        RuleGone: it was deleted meanwhile.
        StaleOrder: the order had been changed, or would not be the one expected.
    """
    versions.lock(tenant)
    rules: list[Any] = list(_rules(tenant, rule))
    kind = RuleKind.INBOUND if isinstance(rule, InboundRule) else RuleKind.OUTBOUND
    here = _place_of(rules, rule)
    check_order(tenant, kind, rules, version)
    moved = rules.pop(here)
    there = min(position, len(rules))
    rules.insert(there, moved)
    _check_expected([one.pk for one in rules], list(expected))
    changes: dict[str, Any] = {"position": [here + 1, there + 1]}
    if isinstance(moved, OutboundRule):
        changes |= _fit_priority(rules, there)
    _write_positions(rules)
    action = f"rules.{kind.value}_rule.moved"
    versions.save(actor, tenant, kind, action=action, target=rule, changes=changes)


def last_position(rules: Any) -> int:
    """Return the position of a rule that comes after all others of a tenant."""
    return max((rule.position + 1 for rule in rules.all()), default=0)


def renumber(rules: Any) -> None:
    """Number the rules of a tenant anew in their order, after one has gone or has taken another priority."""
    _write_positions(list(rules.all()))


def _rules(tenant: Tenant, rule: InboundRule | OutboundRule) -> Any:
    return tenant.inbound_rules.all() if isinstance(rule, InboundRule) else tenant.outbound_rules.all()


def _place_of(rules: Sequence[InboundRule | OutboundRule], rule: InboundRule | OutboundRule) -> int:
    found = next((place for place, other in enumerate(rules) if other.pk == rule.pk), None)
    if found is None:
        raise RuleGone
    return found


def _check_expected(order: list[uuid.UUID], expected: list[uuid.UUID]) -> None:
    if not expected:
        return
    start = order.index(expected[0]) if expected[0] in order else 0
    if order[start : start + len(expected)] != expected:
        raise StaleOrder


def _fit_priority(rules: list[OutboundRule], place: int) -> dict[str, list[int]]:
    """Give a moved rule the priority nearest to its own that its neighbours leave room for."""
    moved = rules[place]
    before = moved.priority
    if place > 0:
        moved.priority = max(moved.priority, rules[place - 1].priority)
    if place + 1 < len(rules):
        moved.priority = min(moved.priority, rules[place + 1].priority)
    if moved.priority == before:
        return {}
    moved.revision += 1
    moved.save(update_fields=["priority", "revision"])
    return {"priority": [before, moved.priority]}


def _write_positions(rules: list[Any]) -> None:
    wrong = [(place, rule) for place, rule in enumerate(rules) if rule.position != place]
    for position, rule in wrong:
        rule.position = position
    if wrong:
        type(rules[0])._base_manager.bulk_update([rule for _, rule in wrong], ["position"])
