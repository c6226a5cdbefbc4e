"""Read a rule set's document into rules; a rule that cannot be read whole is kept, but switched off; PURE."""

import random
from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar

from rules.conditions import InboundCondition, OutboundCondition, read_inbound, read_outbound
from rules.ends import ALWAYS, WHENS, End
from rules.reading import ConditionError, Json, read_optional_text, read_switch, read_whole_number
from rules.routes import RewriteError, Route
from rules.schedule import Calendar, Period, Week, read_holidays

# Destinations and routes are parts of a document: whoever looks for them here finds them.
__all__ = [
    "ACTIONS",
    "ALWAYS",
    "APPLIES",
    "DEFAULT_PRIORITY",
    "STRATEGIES",
    "WHENS",
    "WHEN_CLOSED",
    "DocumentError",
    "End",
    "InboundRule",
    "OutboundRule",
    "RewriteError",
    "Route",
    "parse_inbound",
    "parse_outbound",
]

T = TypeVar("T")

DEFAULT_PRIORITY = 1000
APPLIES = frozenset({"both", "messages", "voice"})
ACTIONS = frozenset({"send", "deny", "hold"})
STRATEGIES = frozenset({"prioritised", "random"})
WHEN_CLOSED = frozenset({"", "block", "hold"})


class DocumentError(ValueError):
    """This is no rule document at all."""


@dataclass(frozen=True, slots=True)
class InboundRule:
    """Which texts go to which destinations, when; findings say why a rule is not used."""

    id: str
    name: str
    enabled: bool
    conditions: tuple[InboundCondition, ...]
    ends: tuple[End, ...]
    applies: str = "both"
    calendar: Calendar = field(default_factory=Calendar.always)
    findings: tuple[str, ...] = ()

    @property
    def live(self) -> bool:
        """Say whether the rule takes part: it is switched on, whole, and not for calls alone."""
        return self.enabled and not self.findings and self.applies != "voice"

    @property
    def periods(self) -> frozenset[Period]:
        """In which periods it has a destination whatever the moment is; out of the others it takes no text for sure."""
        whens = {end.when for end in self.ends}
        never_closes = self.calendar.week == Week.always() and not self.calendar.holidays
        if ALWAYS in whens or (never_closes and Period.OPEN in whens):
            return frozenset(Period)
        found = frozenset(period for period in Period if period in whens)
        # A holiday without destinations of its own is outside office hours.
        return found | {Period.HOLIDAY} if Period.CLOSED in found else found

    def ends_at(self, at: datetime) -> tuple[tuple[End, ...], str]:
        """Return the destinations of an instant and why these; none means that the rule has none for that time.

        The first moment that fits comes before all others, with every destination of that same moment. A holiday
        without destinations of its own is outside office hours.
        """
        local = self.calendar.local(at)
        moment = next((end.moment for end in self.ends if end.moment and end.moment.holds(local)), None)
        if moment:
            return tuple(end for end in self.ends if end.moment == moment), f"it is {moment.describe()}"
        opening = self.calendar.at(at)
        period = opening.period.value
        if period == Period.HOLIDAY and not any(end.when == period for end in self.ends):
            period = Period.CLOSED.value
        found = tuple(end for end in self.ends if end.when in (ALWAYS, period))
        return found, "" if all(end.when == ALWAYS for end in self.ends) else opening.reason

    def describe(self) -> str:
        """Say the whole rule in one sentence."""
        ends = " and ".join(end.describe() for end in self.ends)
        return f"If {_all_of(self.conditions)}: to {ends or 'nobody'}."


@dataclass(frozen=True, slots=True)
class OutboundRule:
    """Which texts leave by which routes, or do not leave; findings say why a rule is not used."""

    id: str
    name: str
    enabled: bool
    conditions: tuple[OutboundCondition, ...]
    routes: tuple[Route, ...]
    priority: int = DEFAULT_PRIORITY
    action: str = "send"
    reason: str = ""
    strategy: str = "prioritised"
    when_closed: str = ""
    sticky: bool = False
    area_match: bool = False
    calendar: Calendar = field(default_factory=Calendar.always)
    findings: tuple[str, ...] = ()

    @property
    def live(self) -> bool:
        """Say whether the rule takes part."""
        return self.enabled and not self.findings

    @property
    def open_routes(self) -> tuple[Route, ...]:
        """Return the routes that are switched on, in order."""
        return tuple(route for route in self.routes if route.enabled)

    def routes_for(self, draw: float) -> tuple[Route, ...]:
        """Return the routes in the order in which they are tried; `draw` (0 up to 1) decides a random order."""
        routes = list(self.open_routes)
        if self.strategy != "random":
            return tuple(routes)
        chance, found = random.Random(draw), []  # noqa: S311 - it shares out texts, it guards nothing
        while routes:
            found.append(chance.choices(routes, [route.weight for route in routes])[0])
            routes.remove(found[-1])
        return tuple(found)

    def describe(self) -> str:
        """Say the whole rule in one sentence."""
        ways = ", then ".join(route.label or route.configuration for route in self.open_routes)
        then = {"deny": "it is refused", "hold": "it is held"}.get(self.action, f"by {ways or 'no route'}")
        return f"If {_all_of(self.conditions)}: {then}."


def parse_inbound(document: Json) -> tuple[InboundRule, ...]:
    """Read inbound rules in their order."""
    calendar = _calendar(document)
    return tuple(_inbound_rule(entry, number, calendar) for number, entry in enumerate(_entries(document), 1))


def parse_outbound(document: Json) -> tuple[OutboundRule, ...]:
    """Read outbound rules by priority; equal priorities keep their order."""
    calendar = _calendar(document)
    rules = [_outbound_rule(entry, number, calendar) for number, entry in enumerate(_entries(document), 1)]
    return tuple(sorted(rules, key=lambda rule: rule.priority))


def _calendar(document: Json) -> Calendar:
    """Read the tenant's calendar; documents from before there were office hours have none."""
    try:
        return Calendar.from_json(document.get("calendar") if isinstance(document, Mapping) else None)
    except ConditionError as error:
        raise DocumentError(f"The calendar of this rule document cannot be read: {error}") from error


def _inbound_rule(entry: Json, number: int, calendar: Calendar) -> InboundRule:
    findings: list[str] = []
    conditions = _each(entry, "conditions", read_inbound, findings, "it has no condition: choose “all numbers”.")
    ends = _each(entry, "targets", End.from_json, findings, "it has no destination.")
    own = _own_calendar(entry, calendar, findings)
    applies = _choice(entry, "applies", "both", APPLIES, findings)
    return InboundRule(
        *_head(entry, number, findings),
        tuple(condition.within(own) for condition in conditions),
        ends,
        applies,
        own,
        tuple(findings),
    )


def _outbound_rule(entry: Json, number: int, calendar: Calendar) -> OutboundRule:
    findings: list[str] = []
    conditions = _each(entry, "conditions", read_outbound, findings, "it has no condition: choose “all destinations”.")
    action = _choice(entry, "action", "send", ACTIONS, findings)
    # One that holds needs them, too: the text takes them when a person releases it.
    without = "" if action == "deny" else "it has no route."
    routes = _each(entry, "routes", Route.from_json, findings, without)
    priority = _try(lambda: read_whole_number(entry, "priority", DEFAULT_PRIORITY), DEFAULT_PRIORITY, findings)
    head = _head(entry, number, findings)
    if action != "deny" and routes and not any(route.enabled for route in routes):
        findings.append("every route is switched off.")
    own = _own_calendar(entry, calendar, findings)
    return OutboundRule(
        *head,
        tuple(condition.within(own) for condition in conditions),
        routes,
        priority,
        action,
        _try(lambda: read_optional_text(entry, "reason"), "", findings),
        _choice(entry, "strategy", "prioritised", STRATEGIES, findings),
        _choice(entry, "when_closed", "", WHEN_CLOSED, findings),
        _try(lambda: read_switch(entry, "sticky", False), False, findings),
        _try(lambda: read_switch(entry, "area_match", False), False, findings),
        own,
        tuple(findings),
    )


def _own_calendar(entry: Json, calendar: Calendar, findings: list[str]) -> Calendar:
    hours, holidays = entry.get("hours"), entry.get("holidays")
    week = None if hours is None else _try(lambda: Week.from_json(hours), None, findings)
    own = None if holidays is None else _try(lambda: read_holidays(holidays), None, findings)
    return calendar.with_own(week, own)


def _choice(entry: Json, name: str, default: str, choices: Set[str], findings: list[str]) -> str:
    value = _try(lambda: read_optional_text(entry, name), default, findings) or default
    if value not in choices:
        findings.append(f"“{value}” is not known here as “{name}”.")
        return default
    return value


def _head(entry: Json, number: int, findings: list[str]) -> tuple[str, str, bool]:
    name = _try(lambda: read_optional_text(entry, "name"), "", findings)
    return (
        _try(lambda: read_optional_text(entry, "id"), "", findings),
        name.strip() or f"Rule {number}",
        _try(lambda: read_switch(entry, "enabled", True), False, findings),
    )


def _each(entry: Json, name: str, read: Callable[[object], T], findings: list[str], when_none: str) -> tuple[T, ...]:
    items = entry.get(name, ())
    if not isinstance(items, list | tuple):
        findings.append(f"“{name}” is not a list.")
        return ()
    if not items and when_none:
        findings.append(when_none)
    found: list[T] = []
    for item in items:
        try:
            found.append(read(item))
        except ConditionError as error:
            findings.append(str(error))
    return tuple(found)


def _try(read: Callable[[], T], default: T, findings: list[str]) -> T:
    try:
        return read()
    except ConditionError as error:
        findings.append(str(error))
        return default


def _entries(document: Json) -> list[Json]:
    rules = document.get("rules") if isinstance(document, Mapping) else None
    if not isinstance(rules, list | tuple) or not all(isinstance(entry, Mapping) for entry in rules):
        raise DocumentError("A rule document is an object with a list of “rules”.")
    return list(rules)


def _all_of(conditions: Sequence[InboundCondition | OutboundCondition]) -> str:
    return " and ".join(condition.describe() for condition in conditions) or "nothing"
