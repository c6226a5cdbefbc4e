"""Decide by the first rule that fits, and say why the others did not; PURE."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Generic, TypeVar, overload

from rules.documents import InboundRule, OutboundRule, Route, Target
from rules.facts import InboundFacts, OutboundFacts
from rules.inbound_conditions import OneOfNumbers
from rules.outbound_conditions import HasPrefix
from rules.patterns import digits_of

Rule = InboundRule | OutboundRule
R = TypeVar("R", bound=InboundRule | OutboundRule)


class Action(StrEnum):
    """What is done with a text."""

    DELIVER = "deliver"
    DROP = "drop"
    SEND = "send"
    UNROUTED = "unrouted"
    REFUSE = "refuse"


@dataclass(frozen=True, slots=True)
class Step:
    """One rule that was tried, and why it fitted or not."""

    rule_id: str
    rule_name: str
    matched: bool
    reason: str

    def describe(self) -> str:
        """Say the step in one sentence."""
        return f"“{self.rule_name}” {'matched' if self.matched else 'skipped'}: {self.reason}."


@dataclass(frozen=True, slots=True)
class Decision:
    """The engine's answer; without a rule the default applied. The trace is empty unless it was asked for."""

    action: Action
    rule: Rule | None
    trace: tuple[Step, ...]
    facts: InboundFacts | OutboundFacts

    @property
    def targets(self) -> tuple[Target, ...]:
        """Return the destinations of a text that came in."""
        return self.rule.targets if isinstance(self.rule, InboundRule) else ()

    @property
    def routes(self) -> tuple[Route, ...]:
        """Return the ways out that are switched on, in order."""
        return self.rule.open_routes if isinstance(self.rule, OutboundRule) else ()

    def to_snapshot(self, ruleset_id: str) -> dict[str, Any]:
        """Return the compact decision that a message keeps; the trace can be computed again from it."""
        ends: Sequence[Target | Route] = self.targets if isinstance(self.facts, InboundFacts) else self.routes
        return {
            "ruleset": ruleset_id,
            "rule": self.rule.id if self.rule else "",
            "name": self.rule.name if self.rule else "",
            "action": self.action.value,
            "targets" if isinstance(self.facts, InboundFacts) else "routes": [end.to_json() for end in ends],
            "facts": self.facts.to_json(),
        }


@overload
def decide(
    rules: Iterable[InboundRule], facts: InboundFacts, *, otherwise: Action, explain: bool = True
) -> Decision: ...
@overload
def decide(
    rules: Iterable[OutboundRule], facts: OutboundFacts, *, otherwise: Action, explain: bool = True
) -> Decision: ...
def decide(rules: Iterable[Any], facts: Any, *, otherwise: Action, explain: bool = True) -> Decision:
    """Return the first rule whose every condition holds, and, if asked, why the ones before it did not."""
    trace: list[Step] = []
    for rule in rules:
        failed = next((c for c in rule.conditions if not c.holds(facts)), None) if rule.live else None
        matched = rule.live and failed is None
        if explain:
            trace.append(Step(rule.id, rule.name, matched, _reason(rule, failed, facts)))
        if matched:
            return Decision(_action(rule), rule, tuple(trace), facts)
    return Decision(otherwise, None, tuple(trace), facts)


class CompiledInbound:
    """A tenant's inbound rules, looked up by our number."""

    __slots__ = ("_found", "rules")

    def __init__(self, rules: Iterable[InboundRule]) -> None:
        self.rules = tuple(rules)
        self._found = _Index(self.rules, _number_keys)

    def decide(self, facts: InboundFacts, *, explain: bool = False) -> Decision:
        """Decide where a text goes; with `explain` every rule is tried in turn."""
        tried = self.rules if explain else self._found.candidates((facts.our_address, facts.number))
        return decide(tried, facts, otherwise=Action.UNROUTED, explain=explain)


class CompiledOutbound:
    """A tenant's outbound rules, looked up by the first digits of the recipient's number."""

    __slots__ = ("_found", "rules")

    def __init__(self, rules: Iterable[OutboundRule]) -> None:
        self.rules = tuple(rules)
        self._found = _Index(self.rules, _prefix_keys)

    def decide(self, facts: OutboundFacts, *, explain: bool = False) -> Decision:
        """Decide how a text leaves; with `explain` every rule is tried in turn."""
        digits = digits_of(facts.to)
        starts = (digits[:length] for length in range(1, len(digits) + 1))
        tried = self.rules if explain else self._found.candidates(starts)
        return decide(tried, facts, otherwise=Action.REFUSE, explain=explain)


class _Index(Generic[R]):
    """Live rules by a key that they ask for; rules without such a key are candidates for every text."""

    __slots__ = ("_by_key", "_others", "_rules")

    def __init__(self, rules: tuple[R, ...], keys_of: Callable[[R], Iterable[str] | None]) -> None:
        self._rules: tuple[R, ...] = rules
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
        positions = {position for key in keys for position in self._by_key.get(key, ())}
        return (self._rules[position] for position in sorted(positions.union(self._others)))


def _number_keys(rule: InboundRule) -> Iterable[str] | None:
    chosen = next((c for c in rule.conditions if isinstance(c, OneOfNumbers)), None)
    return {*chosen.numbers, *chosen.ids} if chosen else None


def _prefix_keys(rule: OutboundRule) -> Iterable[str] | None:
    chosen = next((c for c in rule.conditions if isinstance(c, HasPrefix)), None)
    return chosen.prefixes if chosen else None


def _action(rule: Rule) -> Action:
    if isinstance(rule, OutboundRule):
        return Action.SEND
    return Action.DROP if all(target.kind == "drop" for target in rule.targets) else Action.DELIVER


def _reason(rule: Any, failed: Any, facts: Any) -> str:
    if not rule.enabled:
        return "it is switched off"
    if rule.findings:
        return "it cannot be used, because " + " ".join(rule.findings).rstrip(".")
    if failed is not None:
        return f"it applies only if {failed.describe()}, but {failed.explain(facts)}"
    return " and ".join(condition.explain(facts) for condition in rule.conditions)
