"""Find rules that never get a text because earlier ones take all that they ask for; PURE."""

from collections.abc import Iterator, Sequence
from typing import TypeVar

from rules.documents import InboundRule, OutboundRule
from rules.engine import Index
from rules.schedule import Period

Rule = InboundRule | OutboundRule
R = TypeVar("R", InboundRule, OutboundRule)

_ALL = frozenset(Period)
# Rules that cannot be looked up are compared one by one. A second of work at most: later ones go unchecked.
PAIRS_AT_MOST = 500_000


def shadowed(rules: Sequence[R]) -> Iterator[tuple[R, tuple[R, ...]]]:
    """Yield each rule that never gets a text, with the earlier ones that leave it none; rules in their order."""
    index: Index[R] = Index(rules)
    left = PAIRS_AT_MOST
    for place, rule in enumerate(rules):
        if not rule.live:
            continue
        earlier = [rules[before] for before in index.places(_lookups(rule)) if before < place]
        left -= len(earlier)
        if left < 0:
            return
        takers = [one for one in earlier if _asks_no_more(one, rule)]
        if takers and (by := _together(takers, rule)):
            yield rule, by


def _lookups(rule: Rule) -> set[str]:
    """Return by which keys a rule would be found that takes every text of this one: it takes any of them."""
    samples = [min(condition.keys) for condition in rule.conditions if condition.keys]
    return {sample[:length] for sample in samples for length in range(1, len(sample) + 1)}


def _asks_no_more(earlier: Rule, later: Rule) -> bool:
    """Say whether whatever fits the later rule fits the earlier one."""
    for mine in earlier.conditions:
        for theirs in later.conditions:
            if mine.includes(theirs):
                break
        else:
            return False
    return True


def _together(takers: Sequence[R], rule: R) -> tuple[R, ...]:
    """Return the earlier rules that decide whenever the later one would: one, or several that share its hours."""
    whole = next((taker for taker in takers if _periods(taker) == _ALL), None)
    if whole is not None:
        return (whole,)
    left, found = _wanted(rule), []
    for taker in takers:
        if taker.calendar == rule.calendar and not left.isdisjoint(_periods(taker)):
            found.append(taker)
            left -= _periods(taker)
    return () if left else tuple(found)


def _periods(rule: Rule) -> frozenset[Period]:
    """Return in which periods a rule decides for sure."""
    return rule.periods if isinstance(rule, InboundRule) else _ALL


def _wanted(rule: Rule) -> frozenset[Period]:
    """Return in which periods a rule may decide; a moment may come in any."""
    if isinstance(rule, InboundRule) and any(end.moment for end in rule.ends):
        return _ALL
    return _periods(rule)
