"""Rules as pages show them: in words, in order, marked when they do not work."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from django.utils.translation import gettext as _

from rules import documents, versions
from rules.coverage import uncovered
from rules.e164 import format_for_people
from rules.facts import InboundFacts
from rules.models import InboundRule, OutboundRule, RuleSet
from rules.models.versions import RuleKind
from rules.patterns import collapse_ranges
from rules.saying import route_in_words
from tenants.models import Tenant

Rule = TypeVar("Rule", InboundRule, OutboundRule)
Read = documents.InboundRule | documents.OutboundRule

# More numbers than this are checked on no page.
_NUMBERS_CHECKED = 10_000


@dataclass(frozen=True, slots=True)
class RuleRow(Generic[Rule]):
    """One rule: the row being edited, its words, and what is wrong with it."""

    rule: Rule
    conditions: tuple[str, ...]
    ends: tuple[str, ...]
    findings: tuple[str, ...]
    is_first: bool = False
    is_last: bool = False


@dataclass(frozen=True, slots=True)
class RuleList(Generic[Rule]):
    """All rules of one kind, the version that is live, and whether it says what the rows say."""

    rows: tuple[RuleRow[Rule], ...]
    read: tuple[Any, ...]
    live: RuleSet | None
    is_current: bool

    def row(self, rule: Rule) -> RuleRow[Rule]:
        """Return one of the rows."""
        return next(row for row in self.rows if row.rule.pk == rule.pk)


def inbound(tenant: Tenant) -> RuleList[InboundRule]:
    """Return the inbound rules of a tenant."""
    rules = list(versions.inbound_rows(tenant))
    document = {"calendar": versions.calendar_json(tenant), "rules": [versions.inbound_json(rule) for rule in rules]}
    read = documents.parse_inbound(document)
    last = len(rules) - 1
    rows = tuple(
        RuleRow(
            rule,
            _conditions(words),
            tuple(_sentence(end.describe()) for end in words.ends),
            (*map(_sentence, words.findings), *_inbound_findings(rule)),
            is_first=place == 0,
            is_last=place == last,
        )
        for place, (rule, words) in enumerate(zip(rules, read, strict=True))
    )
    live = versions.live(tenant, RuleKind.INBOUND)
    return RuleList(rows, read, live, versions.is_current(live, document))


def outbound(tenant: Tenant) -> RuleList[OutboundRule]:
    """Return the outbound rules of a tenant."""
    rules = list(versions.outbound_rows(tenant))
    document = {"calendar": versions.calendar_json(tenant), "rules": [versions.outbound_json(rule) for rule in rules]}
    read = documents.parse_outbound(document)
    last = len(rules) - 1
    rows = tuple(
        RuleRow(
            rule,
            _conditions(words),
            tuple(route_in_words(route) for route in words.routes),
            (*map(_sentence, words.findings), *_outbound_findings(rule)),
            is_first=place == 0,
            is_last=place == last,
        )
        for place, (rule, words) in enumerate(zip(rules, read, strict=True))
    )
    live = versions.live(tenant, RuleKind.OUTBOUND)
    return RuleList(rows, read, live, versions.is_current(live, document))


def numbers_in_words(numbers: Iterable[str]) -> str:
    """Write numbers for people, runs as such; `parse_pool` reads it back."""
    spans = collapse_ranges(numbers)
    ends = [dict.fromkeys(map(format_for_people, (span.first, span.last))) for span in spans]
    return "; ".join(" – ".join(pair) for pair in ends)


def without_a_rule(tenant: Tenant, rules: RuleList[InboundRule], *, but: InboundRule | None = None) -> list[str]:
    """Return our numbers whose texts may match no rule, `but` one rule counted as gone."""
    live = tenant.phone_numbers.filter(released_at=None).order_by("e164")
    numbers = [
        InboundFacts(our_address=e164, their_address="", trunk=trunk.hex, number=key.hex)
        for e164, trunk, key in live.values_list("e164", "pool__trunk_id", "id")[:_NUMBERS_CHECKED]
    ]
    gone = but.id.hex if but else ""
    return list(uncovered([rule for rule in rules.read if rule.id != gone], numbers))


def _conditions(rule: Read) -> tuple[str, ...]:
    return tuple(_sentence(condition.describe()) for condition in rule.conditions)


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]


def _inbound_findings(rule: InboundRule) -> list[str]:
    """Say what a rule names that is there but does not work."""
    members = [target.member for target in rule.targets.all() if target.member and not target.member.enabled]
    found = [_("%s is disabled and reads nothing.") % member for member in members]
    if any(target.is_gone for target in rule.targets.all()):
        found.append(_("A member or group that it delivered to was removed: edit the rule."))
    if rule.trunk and (rule.trunk.deleted_at or not rule.trunk.enabled):
        found.append(_("The trunk %s is disabled or deleted.") % rule.trunk.name)
    return found


def _outbound_findings(rule: OutboundRule) -> list[str]:
    """Say what a rule names that is gone, or there but does not work."""
    routes = [route for route in rule.routes.all() if route.enabled]
    closed = [route for route in routes if route.configuration.deleted_at or not route.configuration.enabled]
    found = [_("The SMS configuration %s is disabled or deleted.") % route.configuration.name for route in closed]
    if routes and len(closed) == len(routes):
        found.append(_("No route is left: texts that match are refused."))
    if any(row.group is None for row in rule.groups.all()):
        found.append(_("A group that it names is gone: edit the rule."))
    return found
