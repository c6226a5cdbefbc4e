"""Why a stored text went where it went: its decision, with the rules and the hours of that time. Reads only."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _

from rules import routing
from rules.changing.saying import route_in_words
from rules.conditions import ConditionError
from rules.documents import Route, parse_inbound, parse_outbound
from rules.engine import CompiledInbound, CompiledOutbound, Decision
from rules.facts import InboundFacts, OutboundFacts
from rules.models import RuleSet
from rules.models.versions import RuleKind
from rules.schedule import Calendar
from rules.targets import read_target
from sms.models import Direction, Message
from sms.queueing.outcomes import Outcome
from sms.trying import explaining
from sms.trying.explaining import Hours, Trace
from tenants import clock

# Texts of before times were kept say that they came when time began.
_TIMES_KEPT_FROM = 2000


@dataclass(frozen=True, slots=True)
class RouteTried:
    """One route of the decision, in order, and the attempts by it."""

    words: str
    tone: str
    icon: str
    said: str


@dataclass(frozen=True, slots=True)
class Explanation:
    """A stored decision in words; `version` is the number of the rules that decided, 0 when they are gone."""

    action: str
    sentence: str
    rule: str
    version: int
    version_id: str
    destinations: tuple[str, ...]
    routes: tuple[RouteTried, ...]
    hours: Hours | None
    trace: Trace
    is_erased: bool


def kind_of(message: Message) -> str:
    """Return which rules decide about a text."""
    return RuleKind.INBOUND.value if message.direction == Direction.IN else RuleKind.OUTBOUND.value


def facts_of(message: Message) -> InboundFacts | OutboundFacts:
    """Return the facts a text was decided by; one of before times were kept came when it came."""
    stored: dict[str, Any] = message.decision.get("facts") or {}
    read = InboundFacts.from_json if message.direction == Direction.IN else OutboundFacts.from_json
    facts = read(stored, body=message.body)
    return facts if facts.at.year >= _TIMES_KEPT_FROM else facts.moved_to(message.occurred_at)


def is_erased(message: Message) -> bool:
    """Whether what a text said is gone: the tenant does not keep it that long."""
    if message.body or message.media:
        return False
    days = message.tenant.keep_bodies_days
    return bool(days) and message.occurred_at < clock.now() - timedelta(days=days or 0)


def explain(message: Message, *, everything: bool = False, hide: Callable[[str], str] = str) -> Explanation | None:
    """Say why a text went where it went; None for one that no rules were asked about.

    `hide` masks what the reader may not see; `everything` lists all rules.
    """
    if not message.decision:
        return None
    decision = routing.explain_snapshot(message.tenant, message)
    return _explanation(
        message, message.decision, _rule_set(message), decision=decision, everything=everything, hide=hide
    )


def explain_by(
    message: Message, rule_set: RuleSet | None, *, everything: bool = False, hide: Callable[[str], str] = str
) -> Explanation:
    """Say what other rules would do with a text, at the time at which it came."""
    facts: Any = facts_of(message)
    rules = compiled(kind_of(message), rule_set.document if rule_set else {"rules": []})
    decision = rules.decide(facts, explain=True)
    snapshot = decision.to_snapshot(rule_set.id.hex if rule_set else "")
    return _explanation(message, snapshot, rule_set, decision=decision, everything=everything, hide=hide)


def compiled(kind: str, document: dict[str, Any]) -> Any:
    """Return the rules of a document, ready to decide."""
    if kind == RuleKind.INBOUND:
        return CompiledInbound(parse_inbound(document))
    return CompiledOutbound(parse_outbound(document))


def _explanation(
    message: Message,
    snapshot: dict[str, Any],
    rule_set: RuleSet | None,
    *,
    decision: Decision,
    everything: bool,
    hide: Callable[[str], str],
) -> Explanation:
    kind = kind_of(message)
    hours = _hours(message, rule_set, decision)
    trace = explaining.trace(message.tenant, kind, decision.trace, everything=everything, hide=hide)
    return Explanation(
        action=str(snapshot.get("action", "")),
        sentence=hide(_sentence(kind, snapshot, hours)),
        rule=str(snapshot.get("name", "")),
        version=rule_set.version if rule_set else 0,
        version_id=rule_set.id.hex if rule_set else "",
        destinations=tuple(map(explaining.sentence, destinations(snapshot))),
        routes=_routes_tried(message, snapshot),
        hours=hours,
        trace=trace,
        is_erased=is_erased(message),
    )


def _sentence(kind: str, snapshot: dict[str, Any], hours: Hours | None) -> str:
    """Say a stored decision in one sentence."""
    action, rule = str(snapshot.get("action", "")), str(snapshot.get("name", ""))
    if kind == RuleKind.INBOUND:
        return explaining.said_inbound(action, rule, destinations(snapshot))
    until = parse_datetime(str(snapshot.get("until", "")))
    if until and hours:
        until = until.astimezone(hours.at.tzinfo)
    return explaining.said_outbound(action, rule, why=str(snapshot.get("reason", "")), until=until)


def destinations(snapshot: dict[str, Any]) -> tuple[str, ...]:
    """Say the destinations of a stored decision in words that go on from "to"."""
    found = []
    for stored in snapshot.get("targets") or ():
        try:
            found.append(read_target(stored).describe())
        except ConditionError:
            found.append(_("a destination that is not known here any more"))
    return tuple(found)


def _routes_of(snapshot: dict[str, Any]) -> tuple[Route, ...]:
    """Return the routes of a stored decision that can still be read."""
    found = []
    for stored in snapshot.get("routes") or ():
        try:
            found.append(Route.from_json(stored))
        except ConditionError:
            continue
    return tuple(found)


def _rule_set(message: Message) -> RuleSet | None:
    key = str(message.decision.get("ruleset", ""))
    return message.tenant.rule_sets.filter(pk=key).first() if key else None


def _hours(message: Message, rule_set: RuleSet | None, decision: Decision) -> Hours | None:
    if rule_set is None:
        return None
    stored = rule_set.document.get("calendar")
    calendar = decision.rule.calendar if decision.rule else Calendar.from_json(stored)
    return explaining.hours(calendar, facts_of(message).at)


def _routes_tried(message: Message, snapshot: dict[str, Any]) -> tuple[RouteTried, ...]:
    """Say of each route which attempts were made by it."""
    routes = _routes_of(snapshot)
    if not routes:
        return ()
    said: dict[str, list[str]] = {}
    outcomes: dict[str, str] = {}
    for attempt in message.attempts.all():
        key = attempt.configuration_id.hex
        said.setdefault(key, []).append(_outcome(attempt.number, attempt.outcome, attempt.error_code))
        outcomes[key] = attempt.outcome
    return tuple(_tried(route, said.get(route.configuration, []), outcomes) for route in routes)


def _tried(route: Route, said: list[str], outcomes: dict[str, str]) -> RouteTried:
    tone, icon = _MARKS.get(outcomes.get(route.configuration, ""), ("neutral", "minus"))
    if not route.enabled:
        return RouteTried(route_in_words(route), "neutral", "minus", _("Switched off."))
    return RouteTried(route_in_words(route), tone, icon, " ".join(said) or _("Not tried."))


_MARKS = {
    Outcome.ACCEPTED.value: ("good", "check"),
    Outcome.REJECTED.value: ("bad", "x"),
    Outcome.AMBIGUOUS.value: ("warn", "circle-question-mark"),
}


def _outcome(number: int, outcome: str, code: str) -> str:
    words = {
        Outcome.ACCEPTED.value: _("Attempt %(number)d: Twilio accepted it."),
        Outcome.REJECTED.value: _("Attempt %(number)d: Twilio refused it (%(code)s)."),
        Outcome.AMBIGUOUS.value: _("Attempt %(number)d: no clear answer."),
        Outcome.NOT_SENT.value: _("Attempt %(number)d: not sent."),
    }
    return words.get(outcome, _("Attempt %(number)d is under way.")) % {"number": number, "code": code}
