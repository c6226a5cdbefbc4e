"""Say which of our numbers have a rule that takes every text to them; PURE."""

from collections.abc import Iterable, Sequence

from rules.documents import InboundRule
from rules.facts import InboundFacts


def uncovered(rules: Iterable[InboundRule], numbers: Sequence[InboundFacts]) -> tuple[str, ...]:
    """Return the numbers whose texts may match no rule; each number is given as the facts of a text to it."""
    takers = [rule for rule in rules if rule.live and _asks_our_number_alone(rule)]
    return tuple(number.our_address for number in numbers if not any(_takes(rule, number) for rule in takers))


def _takes(rule: InboundRule, number: InboundFacts) -> bool:
    return all(condition.holds(number) for condition in rule.conditions)


def _asks_our_number_alone(rule: InboundRule) -> bool:
    return all(condition.about == "number" for condition in rule.conditions)
