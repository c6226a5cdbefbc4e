"""Rules as pages show them: in words, in order, marked when they do not work."""

import re
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from django.utils.translation import gettext as _

from rules import documents
from rules.changing import versions
from rules.changing.saying import route_in_words
from rules.checking.coverage import uncovered
from rules.e164 import format_for_people
from rules.facts import InboundFacts
from rules.models import (
    Applies,
    InboundRule,
    OutboundAction,
    OutboundRule,
    RuleSet,
    Strategy,
    WhenClosed,
)
from rules.models.versions import RuleKind
from rules.patterns import collapse_ranges
from tenants.models import Tenant

Rule = TypeVar("Rule", InboundRule, OutboundRule)
Read = documents.InboundRule | documents.OutboundRule

PAGE = 50
# More numbers than this are checked on no page.
_NUMBERS_CHECKED = 10_000


@dataclass(frozen=True, slots=True)
class RuleRow(Generic[Rule]):
    """One rule: the row being edited, its place from 1 on, its words, and what is wrong with it at first sight.

    What is wrong at a closer look costs queries of its own: `rules/checking/surroundings.py`.
    """

    rule: Rule
    place: int
    conditions: tuple[str, ...]
    ends: tuple[str, ...]
    notes: tuple[str, ...]
    findings: tuple[str, ...]
    is_last: bool = False

    @property
    def is_first(self) -> bool:
        """Whether no rule is tried before it."""
        return self.place == 1

    def has(self, words: str) -> bool:
        """Say whether all of some words stand in the name or the words of the rule."""
        text = " ".join((self.rule.name, *self.conditions, *self.ends, *self.notes)).casefold()
        digits = re.sub(r"[\s().-]", "", text)
        return all(word in text or word in digits for word in words.casefold().split())


@dataclass(frozen=True, slots=True)
class RuleList(Generic[Rule]):
    """All rules of one kind, the version that is live, and whether it says what the rows say."""

    rows: tuple[RuleRow[Rule], ...]
    read: tuple[Any, ...]
    live: RuleSet | None
    is_current: bool

    def row(self, key: uuid.UUID) -> RuleRow[Rule] | None:
        """Return the row of a rule; None when there is none with this key."""
        return next((row for row in self.rows if row.rule.pk == key), None)


@dataclass(frozen=True, slots=True)
class RulePage(Generic[Rule]):
    """One page of a list; `query` is what was searched for, `found` how many rules fit it."""

    rows: tuple[RuleRow[Rule], ...]
    number: int
    pages: int
    query: str
    found: int
    total: int

    @property
    def previous(self) -> int:
        """The number of the page before, 0 for none."""
        return self.number - 1

    @property
    def next(self) -> int:
        """The number of the page after, 0 for none."""
        return self.number + 1 if self.number < self.pages else 0


def page(rows: Sequence[RuleRow[Rule]], *, query: str = "", number: int = 0, selected: str = "") -> RulePage[Rule]:
    """Cut a page out of a list; without a number it is the page of the rule selected, else the first."""
    query = " ".join(query.split())
    found = [row for row in rows if row.has(query)] if query else list(rows)
    pages = max(1, -(-len(found) // PAGE))
    if not number:
        where = next((place for place, row in enumerate(found) if row.rule.id.hex == selected), 0)
        number = where // PAGE + 1
    number = min(max(1, number), pages)
    cut = tuple(found[(number - 1) * PAGE : number * PAGE])
    return RulePage(cut, number, pages, query, len(found), len(rows))


def inbound(tenant: Tenant) -> RuleList[InboundRule]:
    """Return the inbound rules of a tenant."""
    rules = list(versions.inbound_rows(tenant))
    document = {"calendar": versions.calendar_json(tenant), "rules": [versions.inbound_json(rule) for rule in rules]}
    read = documents.parse_inbound(document)
    rows = tuple(
        RuleRow(
            rule,
            place,
            _conditions(words),
            tuple(_sentence(end.describe()) for end in words.ends),
            _inbound_notes(rule),
            (*map(_sentence, words.findings), *_inbound_findings(rule)),
            is_last=place == len(rules),
        )
        for place, (rule, words) in enumerate(zip(rules, read, strict=True), 1)
    )
    live = versions.live(tenant, RuleKind.INBOUND)
    return RuleList(rows, read, live, versions.is_current(live, document))


def outbound(tenant: Tenant) -> RuleList[OutboundRule]:
    """Return the outbound rules of a tenant."""
    rules = list(versions.outbound_rows(tenant))
    document = {"calendar": versions.calendar_json(tenant), "rules": [versions.outbound_json(rule) for rule in rules]}
    read = documents.parse_outbound(document)
    rows = tuple(
        RuleRow(
            rule,
            place,
            _conditions(words),
            _outbound_ends(rule, words),
            _outbound_notes(rule),
            (*map(_sentence, words.findings), *_outbound_findings(rule)),
            is_last=place == len(rules),
        )
        for place, (rule, words) in enumerate(zip(rules, read, strict=True), 1)
    )
    live = versions.live(tenant, RuleKind.OUTBOUND)
    return RuleList(rows, read, live, versions.is_current(live, document))


def numbers_in_words(numbers: Iterable[str]) -> str:
    """Write numbers for people, runs as such; `parse_pool` reads it back."""
    spans = collapse_ranges(numbers)
    ends = [dict.fromkeys(map(format_for_people, (span.first, span.last))) for span in spans]
    return "; ".join(" – ".join(pair) for pair in ends)


def without_a_rule(tenant: Tenant, rules: RuleList[InboundRule]) -> list[str]:
    """Return our numbers whose texts may match no rule."""
    return list(uncovered(rules.read, _numbers(tenant)))


def lost_without(tenant: Tenant, rules: RuleList[InboundRule], rule: InboundRule) -> list[str]:
    """Return our numbers whose texts would be the first to match no rule if one rule were gone."""
    numbers = _numbers(tenant)
    now = set(uncovered(rules.read, numbers))
    others = [other for other in rules.read if other.id != rule.id.hex]
    return [number for number in uncovered(others, numbers) if number not in now]


def _numbers(tenant: Tenant) -> list[InboundFacts]:
    live = tenant.phone_numbers.filter(released_at=None).order_by("e164")
    return [
        InboundFacts(our_address=e164, their_address="", trunk=trunk.hex, number=key.hex)
        for e164, trunk, key in live.values_list("e164", "pool__trunk_id", "id")[:_NUMBERS_CHECKED]
    ]


def _conditions(rule: Read) -> tuple[str, ...]:
    return tuple(_sentence(condition.describe()) for condition in rule.conditions)


def _outbound_ends(rule: OutboundRule, words: documents.OutboundRule) -> tuple[str, ...]:
    """Say what becomes of a text: refused, held, and by which routes it leaves."""
    routes = tuple(route_in_words(route) for route in words.routes)
    if rule.action == OutboundAction.SEND:
        return routes
    what = str(OutboundAction(rule.action).label)
    said = f"{what}: {rule.reason}" if rule.reason else what
    return (said, *routes) if rule.action == OutboundAction.HOLD else (said,)


def _inbound_notes(rule: InboundRule) -> tuple[str, ...]:
    notes = [
        "" if rule.applies == Applies.BOTH else str(Applies(rule.applies).label),
        _("Has office hours of its own") if rule.hours is not None else "",
        _("Has holidays of its own") if rule.holidays is not None else "",
    ]
    return tuple(filter(None, notes))


def _outbound_notes(rule: OutboundRule) -> tuple[str, ...]:
    outside = {"what": str(WhenClosed(rule.when_closed).label)}
    notes = [
        str(Strategy(rule.strategy).label) if rule.strategy == Strategy.RANDOM else "",
        _("Keeps to the number that the person knows") if rule.sticky else "",
        _("Prefers a number of the same area") if rule.area_match else "",
        _("Outside the hours: %(what)s") % outside if rule.when_closed else "",
        _("Has office hours of its own") if rule.hours is not None else "",
    ]
    return tuple(filter(None, notes))


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
