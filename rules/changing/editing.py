"""Change rules: add, change, switch, delete. Every change writes the rows, the next version and one audit entry."""

import uuid
from collections.abc import Sequence
from typing import Any, TypeVar

from django.db import transaction
from django.db.models import QuerySet

from rules.changing import ordering, versions
from rules.changing.drafts import InboundDraft, OutboundDraft, RouteDraft, TargetDraft
from rules.changing.saying import fields_in_words
from rules.changing.stale import RuleGone, StaleEdit, check_revision
from rules.conditions.outbound_conditions import FromGroups
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
from tenants import audit
from tenants.audit import Actor
from tenants.models import Tenant

# What is handed over and refused here is found here, too.
__all__ = [
    "InboundDraft",
    "OutboundDraft",
    "RouteDraft",
    "RuleGone",
    "StaleEdit",
    "TargetDraft",
    "delete",
    "save_inbound",
    "save_outbound",
    "switch",
]

Json = dict[str, Any]
Rule = TypeVar("Rule", InboundRule, OutboundRule)


@transaction.atomic
def save_inbound(
    actor: Actor,
    tenant: Tenant,
    draft: InboundDraft,
    rule: InboundRule | None = None,
    *,
    based_on: int | None = None,
) -> InboundRule:
    """Add an inbound rule at the end, or change one where it stands.

    `based_on` is the revision that the person saw; None asks nothing.

    Raises:
        RuleGone: it was deleted meanwhile.
        StaleEdit: it was changed meanwhile.
    """
    versions.lock(tenant)
    former = _as_it_stands(versions.inbound_rows(tenant), rule, based_on)
    before = versions.inbound_json(former) if former else {}
    saved = former or InboundRule(tenant=tenant, position=ordering.last_position(tenant.inbound_rules))
    saved.name, saved.enabled, saved.conditions = draft.name, draft.enabled, draft.conditions
    saved.trunk_id, saved.applies = draft.trunk, draft.applies
    saved.hours, saved.holidays = draft.hours, draft.holidays
    saved.save()
    _write_numbers(saved, draft.numbers)
    _write_targets(saved, draft.targets)
    after = versions.inbound_json(tenant.inbound_rules.get(pk=saved.pk))
    _save(actor, tenant, saved, before, after)
    return saved


@transaction.atomic
def save_outbound(
    actor: Actor,
    tenant: Tenant,
    draft: OutboundDraft,
    rule: OutboundRule | None = None,
    *,
    based_on: int | None = None,
) -> OutboundRule:
    """Add an outbound rule after those of its priority, or change one where it stands.

    `based_on` is the revision that the person saw; None asks nothing.

    Raises:
        RuleGone: it was deleted meanwhile.
        StaleEdit: it was changed meanwhile.
    """
    versions.lock(tenant)
    former = _as_it_stands(versions.outbound_rows(tenant), rule, based_on)
    before = versions.outbound_json(former) if former else {}
    saved = former or OutboundRule(tenant=tenant, position=ordering.last_position(tenant.outbound_rules))
    saved.name, saved.enabled, saved.priority = draft.name, draft.enabled, draft.priority
    saved.conditions = [condition for condition in draft.conditions if condition.get("kind") != FromGroups.kind]
    saved.action, saved.reason, saved.when_closed = draft.action, draft.reason, draft.when_closed
    saved.strategy, saved.hours = draft.strategy, draft.hours
    saved.sticky, saved.area_match = draft.sticky, draft.area_match
    saved.save()
    _write_groups(saved, draft.conditions)
    _write_routes(saved, draft.routes)
    ordering.renumber(tenant.outbound_rules)
    after = versions.outbound_json(tenant.outbound_rules.get(pk=saved.pk))
    _save(actor, tenant, saved, before, after)
    return saved


@transaction.atomic
def switch(actor: Actor, tenant: Tenant, rule: InboundRule | OutboundRule, *, on: bool) -> bool:
    """Turn a rule on or off; returns whether it is still there. Nothing else of it is touched."""
    versions.lock(tenant)
    found = type(rule)._base_manager.filter(tenant=tenant, pk=rule.pk).first()
    if found is None or found.enabled == on:
        return found is not None
    found.enabled, found.revision = on, found.revision + 1
    found.save(update_fields=["enabled", "revision"])
    rule.enabled, rule.revision = found.enabled, found.revision
    kind, noun = _kind_and_noun(rule)
    action = f"rules.{noun}.{'enabled' if on else 'disabled'}"
    versions.save(actor, tenant, kind, action=action, target=rule)
    return True


@transaction.atomic
def delete(actor: Actor, tenant: Tenant, rule: InboundRule | OutboundRule, *, based_on: int | None = None) -> None:
    """Delete a rule; the versions keep what it was. One that is gone already stays gone.

    Raises:
        StaleEdit: it was changed after the page with the revision `based_on` was opened.
    """
    versions.lock(tenant)
    found = type(rule)._base_manager.filter(tenant=tenant, pk=rule.pk).first()
    if found is None:
        return
    check_revision(found, based_on)
    kind, noun = _kind_and_noun(rule)
    key = found.pk
    found.delete()
    found.pk = key
    ordering.renumber(tenant.inbound_rules if isinstance(rule, InboundRule) else tenant.outbound_rules)
    versions.save(actor, tenant, kind, action=f"rules.{noun}.deleted", target=found)


def _as_it_stands(rows: QuerySet[Rule], rule: Rule | None, based_on: int | None) -> Rule | None:
    """Read a rule again under the lock: what was loaded before may have been moved, changed or deleted since."""
    if rule is None:
        return None
    found = rows.filter(pk=rule.pk).first()
    if found is None:
        raise RuleGone
    check_revision(found, based_on)
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
            when=target.when,
            moment=target.moment,
        )
        for position, target in enumerate(targets)
    )


def _write_groups(rule: OutboundRule, conditions: list[Json]) -> None:
    """Write the groups that the conditions name as rows, so that a group knows the rules that need it."""
    named = [condition for condition in conditions if condition.get("kind") == FromGroups.kind]
    wanted = [uuid.UUID(hex=key) for condition in named for key in condition.get("ids", [])]
    rule.groups.all().delete()
    OutboundRuleGroup.objects.bulk_create(
        OutboundRuleGroup(tenant_id=rule.tenant_id, rule=rule, group=group)
        for group in rule.tenant.groups.filter(pk__in=wanted)
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
        route.sender, route.enabled, route.weight = draft.sender, draft.enabled, draft.weight
        route.save()
    rule.routes.filter(pk__in=[route.pk for route in former]).delete()


def _save(actor: Actor, tenant: Tenant, rule: InboundRule | OutboundRule, before: Json, after: Json) -> None:
    if before == after:
        return
    if before:
        rule.revision += 1
        rule.save(update_fields=["revision"])
    kind, noun = _kind_and_noun(rule)
    action = f"rules.{noun}.{'changed' if before else 'created'}"
    changes = audit.differences(fields_in_words(kind, before), fields_in_words(kind, after))
    versions.save(actor, tenant, kind, action=action, target=rule, changes=changes)


def _kind_and_noun(rule: InboundRule | OutboundRule) -> tuple[str, str]:
    kind = RuleKind.INBOUND if isinstance(rule, InboundRule) else RuleKind.OUTBOUND
    return kind.value, f"{kind.value}_rule"
