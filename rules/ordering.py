"""Put rules in order: the first that matches wins, so the order is always said and never a guess."""

from typing import Literal, TypeVar

from django.db import transaction

from rules import versions
from rules.models import InboundRule, OutboundRule
from rules.models.versions import RuleKind
from tenants.audit import Actor
from tenants.models import Tenant

Direction = Literal["up", "down"]
Rule = TypeVar("Rule", InboundRule, OutboundRule)


@transaction.atomic
def move_inbound(actor: Actor, tenant: Tenant, rule: InboundRule, direction: Direction) -> None:
    """Move an inbound rule one place up or down; at the end of the list it stays."""
    versions.lock(tenant)
    rules = _swapped(list(tenant.inbound_rules.all()), rule, direction)
    InboundRule.objects.bulk_update(_numbered(rules), ["position"])
    versions.save(
        actor,
        tenant,
        RuleKind.INBOUND,
        action="rules.inbound_rule.moved",
        target=rule,
        changes={"direction": direction},
    )


@transaction.atomic
def move_outbound(actor: Actor, tenant: Tenant, rule: OutboundRule, direction: Direction) -> None:
    """Move an outbound rule one place up or down; passing a rule of another priority takes that priority."""
    versions.lock(tenant)
    before = list(tenant.outbound_rules.all())
    rules = _swapped(before, rule, direction)
    for place, moved in enumerate(rules):
        if moved.pk == rule.pk:
            moved.priority = before[place].priority
    OutboundRule.objects.bulk_update(_numbered(rules), ["position", "priority"])
    versions.save(
        actor,
        tenant,
        RuleKind.OUTBOUND,
        action="rules.outbound_rule.moved",
        target=rule,
        changes={"direction": direction},
    )


def last_position(rules: "list[InboundRule] | list[OutboundRule]") -> int:
    """Return the position of a rule that comes after all others."""
    return max((rule.position + 1 for rule in rules), default=0)


def _swapped(rules: list[Rule], rule: Rule, direction: Direction) -> list[Rule]:
    """Return the rules with one of them changed places with its neighbour."""
    here = next((place for place, other in enumerate(rules) if other.pk == rule.pk), None)
    there = None if here is None else here + (-1 if direction == "up" else 1)
    if here is None or there is None or not 0 <= there < len(rules):
        return rules
    swapped = list(rules)
    swapped[here], swapped[there] = swapped[there], swapped[here]
    return swapped


def _numbered(rules: list[Rule]) -> list[Rule]:
    for position, rule in enumerate(rules):
        rule.position = position
    return rules
