"""Decide by the first rule that fits, and say why the others did not; PURE."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, Generic, TypeVar, overload

from rules.documents import InboundRule, OutboundRule, Route
from rules.facts import InboundFacts, OutboundFacts
from rules.schedule import Period
from rules.targets import Drop, Target

Rule = InboundRule | OutboundRule
R = TypeVar("R", bound=InboundRule | OutboundRule)


class Action(StrEnum):
    """What is done with a text."""

    DELIVER = "deliver"
    DROP = "drop"
    SEND = "send"
    DENY = "deny"
    HOLD = "hold"
    WAIT = "wait"
    UNROUTED = "unrouted"
    REFUSE = "refuse"


@dataclass(frozen=True, slots=True)
class Step:
    """One rule and what it said: `matched`, `skipped`, or `later`: it fits too, but one before it had decided."""

    rule_id: str
    rule_name: str
    state: str
    reason: str

    @property
    def matched(self) -> bool:
        """Say whether this rule decided."""
        return self.state == "matched"

    def describe(self) -> str:
        """Say the step in one sentence."""
        said = {"matched": "matched", "later": "would fit, too"}.get(self.state, "skipped")
        return f"“{self.rule_name}” {said}: {self.reason}."


@dataclass(frozen=True, slots=True)
class Decision:
    """The engine's answer; without a rule the default applied. The trace is empty unless it was asked for.

    `reason` says why a text is denied, held or waits, and for a received one why these destinations; `until` is when
    one that waits may go, in UTC.
    """

    action: Action
    rule: Rule | None
    trace: tuple[Step, ...]
    facts: InboundFacts | OutboundFacts
    targets: tuple[Target, ...] = ()
    routes: tuple[Route, ...] = ()
    reason: str = ""
    until: datetime | None = None

    def to_snapshot(self, ruleset_id: str) -> dict[str, Any]:
        """Return the compact decision that a message keeps; the trace can be computed again from it."""
        ends: Sequence[Target | Route] = self.targets if isinstance(self.facts, InboundFacts) else self.routes
        found: dict[str, Any] = {
            "ruleset": ruleset_id,
            "rule": self.rule.id if self.rule else "",
            "name": self.rule.name if self.rule else "",
            "action": self.action.value,
            "targets" if isinstance(self.facts, InboundFacts) else "routes": [end.to_json() for end in ends],
            "facts": self.facts.to_json(),
        }
        until = {"until": self.until.isoformat()} if self.until else {}
        return found | ({"reason": self.reason} if self.reason else {}) | until


@overload
def decide(
    rules: Iterable[InboundRule], facts: InboundFacts, *, otherwise: Action, explain: bool = True
) -> Decision: ...
@overload
def decide(
    rules: Iterable[OutboundRule], facts: OutboundFacts, *, otherwise: Action, explain: bool = True
) -> Decision: ...
def decide(rules: Iterable[Any], facts: Any, *, otherwise: Action, explain: bool = True) -> Decision:
    """Return what the first rule does whose every condition holds; if asked, with what each rule said, also later ones.

    A rule that has no destination for the time of the text does not take it: the next one is asked.
    """
    found = Decision(otherwise, None, (), facts)
    if explain:
        return _explained(rules, facts, found)
    return next((answer for rule in rules if (answer := _asked(rule, facts)) is not None), found)


def _asked(rule: Rule, facts: Any) -> Decision | None:
    """Return what a rule does with a text; None when it does not fit, or has nothing for that time."""
    if not rule.live:
        return None
    # Of a thousand rules all but one end here: a loop costs half of what a generator does.
    for condition in rule.conditions:
        if not condition.holds(facts):
            return None
    return _answer(rule, facts)


def _explained(rules: Iterable[Rule], facts: Any, otherwise: Decision) -> Decision:
    """Ask every rule, also those after the one that decides, and note what each said."""
    trace: list[Step] = []
    found: Decision | None = None
    for rule in rules:
        answer = _asked(rule, facts)
        state = "skipped" if answer is None else "later" if found else "matched"
        trace.append(Step(rule.id, rule.name, state, _reason(rule, facts, answer)))
        found = found or answer
    return replace(found or otherwise, trace=tuple(trace))


class CompiledInbound:
    """A tenant's inbound rules, looked up by our number."""

    __slots__ = ("_found", "rules")

    def __init__(self, rules: Iterable[InboundRule]) -> None:
        self.rules = tuple(rules)
        self._found = Index(self.rules)

    def decide(self, facts: InboundFacts, *, explain: bool = False) -> Decision:
        """Decide where a text goes; with `explain` every rule is tried in turn."""
        tried = self.rules if explain else self._found.candidates(facts.keys)
        return decide(tried, facts, otherwise=Action.UNROUTED, explain=explain)


class CompiledOutbound:
    """A tenant's outbound rules, looked up by the first digits of the recipient's number."""

    __slots__ = ("_found", "rules")

    def __init__(self, rules: Iterable[OutboundRule]) -> None:
        self.rules = tuple(rules)
        self._found = Index(self.rules)

    def decide(self, facts: OutboundFacts, *, explain: bool = False) -> Decision:
        """Decide how a text leaves; with `explain` every rule is tried in turn."""
        tried = self.rules if explain else self._found.candidates(facts.keys)
        return decide(tried, facts, otherwise=Action.REFUSE, explain=explain)


class Index(Generic[R]):
    """Live rules by a key that they ask for; rules without such a key are candidates for every text."""

    __slots__ = ("_by_key", "_others", "_rules")

    def __init__(self, rules: Sequence[R]) -> None:
        self._rules: Sequence[R] = rules
        self._by_key: defaultdict[str, list[int]] = defaultdict(list)
        self._others: list[int] = []
        for position, rule in enumerate(rules):
            if rule.live:
                self._add(position, keys_of(rule))

    def _add(self, position: int, keys: Iterable[str] | None) -> None:
        if keys is None:
            self._others.append(position)
        for key in keys or ():
            self._by_key[key].append(position)

    def candidates(self, keys: Iterable[str]) -> Iterator[R]:
        """Yield the rules that may fit, in their order."""
        return (self._rules[position] for position in self.places(keys))

    def places(self, keys: Iterable[str]) -> list[int]:
        """Return where the rules stand that may fit, in order."""
        by_key = self._by_key
        found = {place for key in keys if key in by_key for place in by_key[key]}
        return sorted(found.union(self._others)) if found else self._others


def keys_of(rule: Rule) -> frozenset[str] | None:
    """Return the keys of the first condition that has some; None: the rule may fit every text."""
    return next((condition.keys for condition in rule.conditions if condition.keys is not None), None)


def _answer(rule: Rule, facts: Any) -> Decision | None:
    """Return what a rule does with a text that fits it, or None when it has nothing for that time."""
    return _inbound_answer(rule, facts) if isinstance(rule, InboundRule) else _outbound_answer(rule, facts)


def _inbound_answer(rule: InboundRule, facts: InboundFacts) -> Decision | None:
    ends, why = rule.ends_at(facts.at)
    if not ends:
        return None
    targets = tuple(end.target.resolve(facts) for end in ends)
    action = Action.DROP if all(isinstance(target, Drop) for target in targets) else Action.DELIVER
    return Decision(action, rule, (), facts, targets=targets, reason=why)


def _outbound_answer(rule: OutboundRule, facts: OutboundFacts) -> Decision:
    if rule.action == "deny":
        return Decision(Action.DENY, rule, (), facts, reason=rule.reason)
    routes = rule.routes_for(facts.draw)
    if rule.action == "hold":
        return Decision(Action.HOLD, rule, (), facts, routes=routes, reason=rule.reason)
    opening = rule.calendar.at(facts.at)
    if not rule.when_closed or opening.period == Period.OPEN:
        return Decision(Action.SEND, rule, (), facts, routes=routes)
    until = rule.calendar.next_opening(facts.at) if rule.when_closed == "hold" else None
    action = Action.WAIT if until else Action.DENY
    return Decision(action, rule, (), facts, routes=routes if until else (), reason=opening.reason, until=until)


def _reason(rule: Any, facts: Any, answer: Decision | None) -> str:
    if not rule.enabled:
        return "it is switched off"
    if rule.findings:
        return "it cannot be used, because " + " ".join(rule.findings).rstrip(".")
    if not rule.live:
        return "it is for calls only"
    failed = next((condition for condition in rule.conditions if not condition.holds(facts)), None)
    if failed is not None:
        return f"it applies only if {failed.describe()}, but {failed.explain(facts)}"
    if answer is None:
        return f"it has no destination for now: {rule.calendar.at(facts.at).reason}"
    said = [condition.explain(facts) for condition in rule.conditions]
    return " and ".join(filter(None, [*said, answer.reason]))
