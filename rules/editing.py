"""Change rules: add, change, switch, delete. Every change writes the rows, the next version and one audit entry."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from django.db import transaction
from django.db.models import QuerySet

from rules import documents, versions
from rules.models import (
    InboundRule,
    InboundRuleNumber,
    InboundTarget,
    OutboundRoute,
    OutboundRule,
    OutboundRuleGroup,
    TargetKind,
)
from rules.models.versions import RuleKind
from rules.ordering import last_position
from tenants import audit
from tenants.audit import Actor
from tenants.models import Tenant

Json = dict[str, Any]
Rule = TypeVar("Rule", InboundRule, OutboundRule)


class RuleGone(Exception):
    """Somebody deleted the rule while it was being edited; nothing was changed."""


@dataclass(frozen=True, slots=True)
class TargetDraft:
    """One destination as a person entered it; `row` is the member or the group."""

    kind: str
    row: uuid.UUID | None = None
    settings: Json = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class InboundDraft:
    """An inbound rule as a person entered it, already read and checked."""

    name: str
    enabled: bool
    trunk: uuid.UUID | None
    numbers: Sequence[uuid.UUID]
    conditions: list[Json]
    targets: Sequence[TargetDraft]


@dataclass(frozen=True, slots=True)
class RouteDraft:
    """One route as a person entered it."""

    configuration: uuid.UUID
    strip: int = 0
    prepend: str = ""
    sender: str = ""
    enabled: bool = True


@dataclass(frozen=True, slots=True)
class OutboundDraft:
    """An outbound rule as a person entered it, already read and checked; groups stand among the conditions."""

    name: str
    enabled: bool
    priority: int
    conditions: list[Json]
    routes: Sequence[RouteDraft]


@transaction.atomic
def save_inbound(actor: Actor, tenant: Tenant, draft: InboundDraft, rule: InboundRule | None = None) -> InboundRule:
    """Add an inbound rule at the end, or change one where it stands.

    Raises:
        RuleGone: it was deleted meanwhile.
    """
    versions.lock(tenant)
    former = _as_it_stands(versions.inbound_rows(tenant), rule)
    before = versions.inbound_json(former) if former else {}
    saved = former or InboundRule(tenant=tenant, position=last_position(list(tenant.inbound_rules.all())))
    saved.name, saved.enabled, saved.conditions = draft.name, draft.enabled, draft.conditions
    saved.trunk_id = draft.trunk
    saved.save()
    _write_numbers(saved, draft.numbers)
    _write_targets(saved, draft.targets)
    after = versions.inbound_json(tenant.inbound_rules.get(pk=saved.pk))
    _save(actor, tenant, RuleKind.INBOUND, saved, before, after)
    return saved


@transaction.atomic
def save_outbound(actor: Actor, tenant: Tenant, draft: OutboundDraft, rule: OutboundRule | None = None) -> OutboundRule:
    """Add an outbound rule after those of its priority, or change one where it stands.

    Raises:
        RuleGone: it was deleted meanwhile.
    """
    versions.lock(tenant)
    former = _as_it_stands(versions.outbound_rows(tenant), rule)
    before = versions.outbound_json(former) if former else {}
    saved = former or OutboundRule(tenant=tenant, position=last_position(list(tenant.outbound_rules.all())))
    saved.name, saved.enabled, saved.priority = draft.name, draft.enabled, draft.priority
    saved.conditions = [condition for condition in draft.conditions if condition.get("kind") != "groups"]
    saved.save()
    _write_groups(saved, draft.conditions)
    _write_routes(saved, draft.routes)
    after = versions.outbound_json(tenant.outbound_rules.get(pk=saved.pk))
    _save(actor, tenant, RuleKind.OUTBOUND, saved, before, after)
    return saved


@transaction.atomic
def switch(actor: Actor, tenant: Tenant, rule: InboundRule | OutboundRule, *, on: bool) -> None:
    """Turn a rule on or off."""
    versions.lock(tenant)
    rule.enabled = on
    if not type(rule)._base_manager.filter(tenant=tenant, pk=rule.pk, enabled=not on).update(enabled=on):
        return
    kind, noun = _kind_and_noun(rule)
    action = f"rules.{noun}.{'enabled' if on else 'disabled'}"
    versions.save(actor, tenant, kind, action=action, target=rule)


@transaction.atomic
def delete(actor: Actor, tenant: Tenant, rule: InboundRule | OutboundRule) -> None:
    """Delete a rule; the versions keep what it was."""
    versions.lock(tenant)
    kind, noun = _kind_and_noun(rule)
    key = rule.pk
    rule.delete()
    rule.pk = key
    versions.save(actor, tenant, kind, action=f"rules.{noun}.deleted", target=rule)


def _as_it_stands(rows: QuerySet[Rule], rule: Rule | None) -> Rule | None:
    """Read a rule again under the lock: what was loaded before may have been moved, changed or deleted since."""
    if rule is None:
        return None
    found = rows.filter(pk=rule.pk).first()
    if found is None:
        raise RuleGone
    return found


def _write_numbers(rule: InboundRule, numbers: Sequence[uuid.UUID]) -> None:
    rule.numbers.exclude(number_id__in=numbers).delete()
    known = set(rule.numbers.values_list("number_id", flat=True))
    InboundRuleNumber.objects.bulk_create(
        InboundRuleNumber(tenant_id=rule.tenant_id, rule=rule, number_id=number)
        for number in numbers
        if number not in known
    )


def _write_targets(rule: InboundRule, targets: Sequence[TargetDraft]) -> None:
    rule.targets.all().delete()
    InboundTarget.objects.bulk_create(
        InboundTarget(
            tenant_id=rule.tenant_id,
            rule=rule,
            position=position,
            kind=target.kind,
            member_id=target.row if target.kind == TargetKind.MEMBER else None,
            group_id=target.row if target.kind == TargetKind.GROUP else None,
            settings=target.settings,
        )
        for position, target in enumerate(targets)
    )


def _write_groups(rule: OutboundRule, conditions: list[Json]) -> None:
    """Write the groups that the conditions name as rows, so that a group knows the rules that need it."""
    named = {key for condition in conditions if condition.get("kind") == "groups" for key in condition.get("ids", [])}
    rule.groups.all().delete()
    OutboundRuleGroup.objects.bulk_create(
        OutboundRuleGroup(tenant_id=rule.tenant_id, rule=rule, group=group)
        for group in rule.tenant.groups.filter(pk__in=[uuid.UUID(hex=key) for key in named])
    )


def _write_routes(rule: OutboundRule, drafts: Sequence[RouteDraft]) -> None:
    """Write the routes in their order; one by the same configuration stays the same route."""
    former = list(rule.routes.all())
    for position, draft in enumerate(drafts):
        route = next((one for one in former if one.configuration_id == draft.configuration), None)
        if route:
            former.remove(route)
        route = route or OutboundRoute(tenant_id=rule.tenant_id, rule=rule, configuration_id=draft.configuration)
        route.position, route.strip, route.prepend = position, draft.strip, draft.prepend
        route.sender, route.enabled = draft.sender, draft.enabled
        route.save()
    rule.routes.filter(pk__in=[route.pk for route in former]).delete()


def _save(actor: Actor, tenant: Tenant, kind: str, rule: InboundRule | OutboundRule, before: Json, after: Json) -> None:
    verb = "changed" if before else "created"
    changes = audit.differences(_in_words(kind, before), _in_words(kind, after))
    versions.save(actor, tenant, kind, action=f"rules.{_kind_and_noun(rule)[1]}.{verb}", target=rule, changes=changes)


def _in_words(kind: str, entry: Json) -> Json:
    """Say a rule the way the audit log should show it."""
    if not entry:
        return {}
    rule: documents.InboundRule | documents.OutboundRule
    ends: Json
    if kind == RuleKind.INBOUND:
        rule = documents.parse_inbound({"rules": [entry]})[0]
        ends = {"targets": "; ".join(end.describe() for end in rule.ends)}
    else:
        rule = documents.parse_outbound({"rules": [entry]})[0]
        ends = {"priority": rule.priority, "routes": "; ".join(_route_in_words(route) for route in rule.routes)}
    conditions = " and ".join(condition.describe() for condition in rule.conditions)
    return {"name": rule.name, "enabled": rule.enabled, "conditions": conditions, **ends}


def _route_in_words(route: documents.Route) -> str:
    parts = [
        route.label,
        f"strip {route.strip}" if route.strip else "",
        f"prepend {route.prepend}" if route.prepend else "",
        f"from {route.sender}" if route.sender else "",
        "" if route.enabled else "off",
    ]
    return ", ".join(filter(None, parts))


def _kind_and_noun(rule: InboundRule | OutboundRule) -> tuple[str, str]:
    return (
        (RuleKind.INBOUND.value, "inbound_rule")
        if isinstance(rule, InboundRule)
        else (RuleKind.OUTBOUND.value, "outbound_rule")
    )
