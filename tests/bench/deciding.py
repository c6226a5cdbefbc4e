"""One decision by a thousand rules for ten thousand numbers, beside one INSERT that is not committed."""

import contextlib
import statistics
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from itertools import count, cycle
from typing import Any

import psycopg

from rules.documents import parse_inbound
from rules.engine import CompiledInbound
from rules.facts import InboundFacts
from tests.bench.bench import Bench
from tests.bench.floors import insert
from tests.bench.lines import Kind, Line

_RULES, _NUMBERS = 1_000, 10_000
_TEXTS = 500
_WEEK = {day: [["09:00", "12:00"], ["13:00", "17:30"]] for day in ("mon", "tue", "wed", "thu", "fri")}
_HOLIDAYS = [
    {"name": f"Holiday {day}", "start": f"2026-{day:02}-20", "end": f"2026-{day:02}-20"} for day in range(1, 11)
]
_AT = datetime(2026, 11, 23, 10, 30, tzinfo=UTC)


def measure(bench: Bench) -> Iterator[Line]:
    rules = CompiledInbound(parse_inbound(document()))
    texts = received()
    details = [
        f"{_RULES} rules, {_NUMBERS} numbers; the INSERT by psycopg, without a commit",
        f"{sum(rules.decide(text).rule is not None for text in texts)} of {len(texts)} texts match",
        f"the same decision without an index and with every step: {_explained(rules, texts[0]):.0f} µs",
    ]
    with _inserting(bench) as run:
        yield _line(bench, rules, texts, run, details)


def document() -> dict[str, Any]:
    """Return a tenant's rules: lists and ranges of numbers, fifty that ask for more, and one last rule for the rest."""
    each = _NUMBERS // _RULES
    rules = [_rule(place, each) for place in range(_RULES - 1)]
    last = {"name": "Rest", "conditions": [{"kind": "all_numbers"}], "targets": [{"kind": "group", "id": "rest"}]}
    calendar = {"zone": "Europe/Paris", "week": _WEEK, "holidays": _HOLIDAYS}
    return {"calendar": calendar, "rules": [*rules, last]}


def _rule(place: int, each: int) -> dict[str, Any]:
    """Return one rule: of twenty, ten are for a list of numbers, nine for a range, one for words on all numbers."""
    numbers = [_number(place * each + offset) for offset in range(each)]
    listed = {"kind": "number", "numbers": numbers, "ids": [f"{place * each + offset:032x}" for offset in range(each)]}
    range_ = {"kind": "range", "first": numbers[0], "last": numbers[-1]}
    words = {"kind": "keyword", "words": [f"word{place}", f"other{place}"]}
    asked = [words] if place % 20 == 0 else [listed] if place % 2 else [range_]
    targets = [
        {"kind": "member", "id": "a", "label": "Alice", "when": "open"},
        {"kind": "group", "id": "b", "label": "Night", "when": "closed"},
    ]
    return {"id": f"{place:032x}", "name": f"Rule {place}", "conditions": asked, "targets": targets}


def received() -> list[InboundFacts]:
    """Return texts to numbers from everywhere in the list."""
    return [
        InboundFacts(
            _number(place), "+14155550123", "Hello, is my parcel there?", trunk="t", number=f"{place:032x}", at=_AT
        )
        for place in range(0, _NUMBERS, _NUMBERS // _TEXTS)
    ]


def _number(place: int) -> str:
    return f"+1202{place:07}"


def _line(
    bench: Bench, rules: CompiledInbound, texts: list[InboundFacts], run: Callable[[int], None], details: list[str]
) -> Line:
    """Measure both in turn, so that what slows the machine slows both."""
    turns, numbers = cycle(texts), count()
    pairs = [
        (_median(lambda: rules.decide(next(turns)), 4 * _TEXTS), _median(lambda: run(next(numbers)), 4 * _TEXTS))
        for _ in range(3 * bench.rounds)
    ]
    return Line("rule_decision", pairs, 1.0, "microseconds a decision", Kind.RATIO_AT_MOST, details)


def _median(action: Callable[[], object], times: int) -> float:
    """Return the median of how long an action takes, in microseconds."""
    taken = []
    for _ in range(times):
        began = time.perf_counter()
        action()
        taken.append(time.perf_counter() - began)
    return statistics.median(taken) * 1e6


def _explained(rules: CompiledInbound, text: InboundFacts) -> float:
    return _median(lambda: rules.decide(text, explain=True), 5)


@contextlib.contextmanager
def _inserting(bench: Bench) -> Iterator[Callable[[int], None]]:
    """Give what inserts one row, in a transaction that is rolled back at the end."""
    with psycopg.connect(bench.bare_database().url) as connection:
        connection.execute(insert.TABLE)
        connection.commit()
        yield insert.statement(connection)
        connection.rollback()
