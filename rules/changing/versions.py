"""Save rules: write the rows, as edited, down as the next immutable version, which is what decides from then on."""

from typing import Any, TypeVar

from django.db import transaction
from django.db.models import Model, Prefetch, QuerySet, Subquery

from rules.conditions.inbound_conditions import AllNumbers, InRange, OneOfNumbers, OnTrunk
from rules.conditions.outbound_conditions import FromGroups
from rules.models import (
    Holiday,
    InboundRule,
    InboundRuleNumber,
    InboundTarget,
    OfficeHours,
    OutboundRoute,
    OutboundRule,
    OutboundRuleGroup,
    RuleSet,
    TargetKind,
    When,
)
from rules.models.versions import RuleKind
from tenants import audit
from tenants.audit import Actor
from tenants.models import Tenant

Json = dict[str, Any]
Row = TypeVar("Row", InboundRule, OutboundRule)


def lock(tenant: Tenant) -> None:
    """Let one person at a time change a tenant's rules; held to the end of the transaction.

    Without key lock: texts that arrive meanwhile refer to the tenant and must not wait.
    """
    Tenant.objects.select_for_update(no_key=True).only("pk").get(pk=tenant.pk)


@transaction.atomic
def save(
    actor: Actor,
    tenant: Tenant,
    kind: str,
    *,
    action: str = "",
    target: Model | None = None,
    changes: Json | None = None,
    note: str = "",
) -> RuleSet | None:
    """Write the next version from the rows, with one audit entry; nothing is written when nothing changed.

    `note` says in words what was done to more than one rule, up to 200 characters.
    """
    lock(tenant)
    document = build(tenant, kind)
    newest = live(tenant, kind)
    if document == newest.document if newest else not document["rules"]:
        return newest
    version = newest.version + 1 if newest else 1
    saved = RuleSet.objects.create(
        tenant=tenant, kind=kind, version=version, document=document, saved_by=actor.label, note=note[:200]
    )
    noted = {**(changes or {}), "version": version}
    audit.record(actor, action or f"rules.{kind}.saved", target or saved, noted, tenant=tenant)
    return saved


def live(tenant: Tenant, kind: str) -> RuleSet | None:
    """Return the newest version: the rules that decide now."""
    return tenant.rule_sets.filter(kind=kind).order_by("-version").first()


def newest_number(tenant: Tenant, kind: str) -> int:
    """Return the number of the newest version, 0 before there is one."""
    number = _numbers(tenant, kind).first()
    return number["version"] if number else 0


def with_number(rows: QuerySet[Row], tenant: Tenant, kind: str) -> QuerySet[Row]:
    """Have rules carry the number of the newest version as `live_version`, without a query of its own."""
    return rows.annotate(live_version=Subquery(_numbers(tenant, kind)[:1]))


def _numbers(tenant: Tenant, kind: str) -> Any:
    return tenant.rule_sets.filter(kind=kind).order_by("-version").values("version")


def build(tenant: Tenant, kind: str) -> Json:
    """Write a tenant's rules, as they stand in the rows, as one document."""
    if kind == RuleKind.INBOUND:
        rules = [inbound_json(rule) for rule in inbound_rows(tenant)]
    else:
        rules = [outbound_json(rule) for rule in outbound_rows(tenant)]
    return {"calendar": calendar_json(tenant), "rules": rules}


def calendar_json(tenant: Tenant) -> Json:
    """Write a tenant's time zone, office hours and holidays; without office hours it is always open."""
    hours = OfficeHours.objects.filter(tenant=tenant).first()
    return {
        "zone": tenant.time_zone,
        "week": hours.week if hours else None,
        "holidays": [holiday_json(holiday) for holiday in tenant.holidays.all()],
    }


def holiday_json(holiday: Holiday) -> Json:
    """Write one holiday."""
    return {
        "name": holiday.name,
        "start": holiday.starts_on.isoformat(),
        "end": holiday.ends_on.isoformat(),
        "yearly": holiday.yearly,
    }


def inbound_rows(tenant: Tenant) -> QuerySet[InboundRule]:
    """Return the inbound rules being edited, in order, with all that they name."""
    return tenant.inbound_rules.select_related("trunk").prefetch_related(
        Prefetch("numbers", InboundRuleNumber.objects.select_related("number")),
        Prefetch("targets", InboundTarget.objects.select_related("member__user", "group")),
    )


def outbound_rows(tenant: Tenant) -> QuerySet[OutboundRule]:
    """Return the outbound rules being edited, in order, with all that they name."""
    routes = OutboundRoute.objects.select_related("configuration__trunk")
    groups = OutboundRuleGroup.objects.select_related("group")
    return tenant.outbound_rules.prefetch_related(Prefetch("routes", routes), Prefetch("groups", groups))


def is_current(saved: RuleSet | None, document: Json) -> bool:
    """Say whether a version still says what the rows say; a mere change of a name does not count."""
    return bool(_bare(saved.document) == _bare(document) if saved else not document["rules"])


def _bare(value: Any) -> Any:
    """Drop the names that are only for people."""
    if isinstance(value, dict):
        return {key: _bare(inner) for key, inner in value.items() if key not in ("label", "labels")}
    return [_bare(inner) for inner in value] if isinstance(value, list) else value


def inbound_json(rule: InboundRule) -> Json:
    """Write one inbound rule."""
    return {
        "id": rule.id.hex,
        "name": rule.name,
        "enabled": rule.enabled,
        "applies": rule.applies,
        "hours": rule.hours,
        "holidays": rule.holidays,
        "conditions": [*_named_conditions(rule), *rule.conditions],
        "targets": [_target(target) for target in rule.targets.all() if not target.is_gone],
    }


def _named_conditions(rule: InboundRule) -> list[Json]:
    """Write the conditions that name rows: the trunk, our numbers."""
    found: list[Json] = []
    if rule.trunk:
        found.append(OnTrunk(rule.trunk.id.hex, rule.trunk.name).to_json())
    numbers = sorted((row.number for row in rule.numbers.all()), key=lambda number: number.e164)
    if numbers:
        addresses, ids = tuple(number.e164 for number in numbers), tuple(number.id.hex for number in numbers)
        found.append(OneOfNumbers(addresses, ids).to_json())
    elif not rule.trunk and not any(condition.get("kind") == InRange.kind for condition in rule.conditions):
        found.append(AllNumbers().to_json())
    return found


def _target(target: InboundTarget) -> Json:
    times: Json = {} if target.when == When.ALWAYS else {"when": target.when}
    if target.moment:
        times["moment"] = target.moment
    named = target.member or target.group
    if target.kind not in (TargetKind.MEMBER, TargetKind.GROUP) or named is None:
        return {"kind": target.kind, **target.settings, **times}
    return {"kind": target.kind, "id": named.id.hex, "label": str(named), **times}


def outbound_json(rule: OutboundRule) -> Json:
    """Write one outbound rule."""
    return {
        "id": rule.id.hex,
        "name": rule.name,
        "enabled": rule.enabled,
        "priority": rule.priority,
        "action": rule.action,
        "reason": rule.reason,
        "strategy": rule.strategy,
        "when_closed": rule.when_closed,
        "hours": rule.hours,
        "sticky": rule.sticky,
        "area_match": rule.area_match,
        "conditions": [*rule.conditions, *_group_conditions(rule)],
        "routes": [_route(route) for route in rule.routes.all()],
    }


def _group_conditions(rule: OutboundRule) -> list[Json]:
    """Write the groups a rule is for; when all of them are gone it is for nobody, never for everybody."""
    rows = rule.groups.all()
    groups = sorted((row.group for row in rows if row.group), key=lambda group: group.name)
    named = FromGroups(tuple(group.id.hex for group in groups), tuple(group.name for group in groups))
    return [named.to_json()] if rows else []


def _route(route: OutboundRoute) -> Json:
    return {
        "id": route.id.hex,
        "configuration": route.configuration.id.hex,
        "strip": route.strip,
        "prepend": route.prepend,
        "sender": route.sender,
        "enabled": route.enabled and route.configuration.deleted_at is None,
        "label": route.configuration.name,
        "weight": route.weight,
    }
