"""Say which of our numbers and which countries have a rule, and which rules have a number; PURE."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

from rules.documents import InboundRule, OutboundRule
from rules.e164 import AddressKind, classify_address
from rules.engine import Index, keys_of
from rules.facts import InboundFacts, OutboundFacts
from rules.schedule import Calendar, Period

# Addresses of ours that are no phone numbers stand in no pool.
_IN_NO_POOL = (AddressKind.SHORT_CODE, AddressKind.ALPHANUMERIC, AddressKind.MESSAGING_SERVICE)


def uncovered(rules: Iterable[InboundRule], numbers: Sequence[InboundFacts]) -> tuple[str, ...]:
    """Return the numbers whose texts may match no rule; each number is given as the facts of a text to it.

    A rule that asks for more than our number may leave a text to nobody, and so do rules that have destinations at some
    times only, unless they share their hours and leave no time out.
    """
    index = Index([rule for rule in rules if all(condition.about == "number" for condition in rule.conditions)])
    return tuple(
        number.our_address
        for number in numbers
        if not _always_taken(rule for rule in index.candidates(number.keys) if _fits_number(rule, number))
    )


def taken(rules: Sequence[InboundRule], numbers: Sequence[InboundFacts]) -> Iterator[InboundRule]:
    """Yield the rules that ask for no number of ours in particular, or for one that there is."""
    keyed = [rule for rule in rules if rule.live and keys_of(rule) is not None]
    index, fitting = Index(keyed), set[int]()
    for number in numbers:
        for rule in index.candidates(number.keys):
            if id(rule) not in fitting and _fits_number(rule, number):
                fitting.add(id(rule))
    asking = {id(rule) for rule in keyed}
    return (rule for rule in rules if id(rule) not in asking or id(rule) in fitting or _is_elsewhere(rule))


def unserved(rules: Sequence[OutboundRule], recipients: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    """Return the countries, of those given with some of their numbers, to none of which any rule would send."""
    index = Index([rule for rule in rules if rule.action != "deny"])
    return tuple(
        country
        for country, numbers in recipients.items()
        if not any(
            _fits_recipient(rule, to) for to in map(OutboundFacts, numbers) for rule in index.candidates(to.keys)
        )
    )


def _always_taken(rules: Iterable[InboundRule]) -> bool:
    covered: defaultdict[Calendar, frozenset[Period]] = defaultdict(frozenset)
    for rule in rules:
        covered[rule.calendar] |= rule.periods
        if covered[rule.calendar] == frozenset(Period):
            return True
    return False


def _fits_number(rule: InboundRule, number: InboundFacts) -> bool:
    return all(condition.holds(number) for condition in rule.conditions if condition.about == "number")


def _fits_recipient(rule: OutboundRule, to: OutboundFacts) -> bool:
    return all(condition.holds(to) for condition in rule.conditions if condition.about == "recipient")


def _is_elsewhere(rule: InboundRule) -> bool:
    return any(classify_address(key) in _IN_NO_POOL for key in keys_of(rule) or ())
