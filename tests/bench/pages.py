"""Pages of a tenant inside a huge table beside the same tenant inside a small one, and inside an empty database."""

import json
import statistics
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from tests.bench.bench import Bench
from tests.bench.lines import Kind, Line
from tests.bench.pages_data import LARGEST, MEASURED, WORD
from tests.bench.talking import Talker, talker

MOST_QUERIES = 12
_TEXTS = 5_000
_PAGE = 50
_AT_MOST = Kind.RATIO_AT_MOST


@dataclass(frozen=True, slots=True)
class Size:
    """How many texts the databases hold, by how many tenants, and how often a page is opened in a row."""

    huge: int
    small: int
    tenants: int
    times: int


FULL, QUICK = Size(5_000_000, 50_000, 1000, 3), Size(100_000, 10_000, 100, 1)


@dataclass(frozen=True, slots=True)
class View:
    """A page, opened in all of its ways; `skip` is how many texts stand before it, at the largest tenant too."""

    name: str
    paths: tuple[str, ...]
    goal: float
    skip: int = 0
    largest_skip: int = 0


VIEWS = (
    View("log_page", ("messages/",), 1.5),
    # A tenant with 5,000 texts has a hundred pages: its last one. The thousandth is the largest tenant's.
    View("log_page_1000", ("messages/",), 1.5, skip=_TEXTS - _PAGE, largest_skip=999 * _PAGE),
    View("dashboard_30d", ("?chart=month",), 1.5),
    View("log_search", (f"messages/?q={WORD}", "messages/?q=%2B1234", "messages/?q=4567"), 3.0),
)


@dataclass(frozen=True, slots=True)
class Opened:
    """What opening a view cost: the milliseconds of each way, and the queries of the dearest."""

    milliseconds: float
    queries: int


def measure(bench: Bench) -> Iterator[Line]:
    """Fill three databases, once a run, and open the pages in each, in turns."""
    size = QUICK if bench.quick else FULL
    huge, durable, said = _filled(bench, "huge", size.huge, size.tenants)
    small, _, _ = _filled(bench, "small", size.small, size.tenants)
    empty, _, _ = _filled(bench, "empty", _PAGE, 1)
    most: list[tuple[float, float]] = []
    for view in VIEWS:
        if not any(map(bench.wants, (view.name, f"{view.name}_empty", "page_queries"))):
            continue
        rounds = [_round(view, huge, small, empty, size.times) for _ in range(bench.rounds)]
        skip = min(view.largest_skip, said[LARGEST] - _PAGE)
        largest = [_open(huge, view, size.times, LARGEST, skip) for _ in range(3)]
        took = statistics.median(opened.milliseconds for opened in largest)
        queries = max(opened.queries for opened in (*rounds[0].values(), *largest))
        most.append((queries, rounds[0]["empty"].queries))
        about = f"{size.huge:,} texts of {size.tenants} tenants, {durable}; {queries} queries"
        beside = f"largest tenant ({said[LARGEST]:,} texts{f', after {skip:,}' if skip else ''}): {took:.1f} ms"
        yield from _lines(view, rounds, [about, beside])
    yield Line("page_queries", [max(most)], MOST_QUERIES, "queries of the page that needs most", Kind.VALUE_AT_MOST)


def _lines(view: View, rounds: Sequence[Mapping[str, Opened]], details: Sequence[str]) -> Iterator[Line]:
    """The view in the huge table beside the small one, and beside an empty database where it shows as many rows."""
    beside = {
        floor: [(opened["huge"].milliseconds, opened[floor].milliseconds) for opened in rounds]
        for floor in ("small", "empty")
    }
    if view.name == "log_search":
        empty = statistics.median(pair[1] for pair in beside["empty"])
        yield Line(
            view.name, beside["small"], view.goal, "ms", _AT_MOST, [*details, f"in an empty database {empty:.1f}"]
        )
        return
    yield Line(view.name, beside["small"], view.goal, "ms", _AT_MOST, details)
    yield Line(f"{view.name}_empty", beside["empty"], 1.5, "ms", _AT_MOST, ["beside a tenant with 50 texts, alone"])


@cache
def _filled(bench: Bench, name: str, texts: int, tenants: int) -> tuple[Talker, str, dict[str, Any]]:
    """Make a database with so many texts, and start the program that opens pages in it."""
    print(f"# pages: {texts:,} texts", flush=True)
    database = bench.database()
    said = bench.child(database, "tests.bench.pages_data", texts, min(texts, _TEXTS), tenants)
    opener = talker(bench, f"pages_{name}", ("tests.bench.pages_child",), bench.environment(database))
    return bench.stack.enter_context(opener), database.describe(), said


def _round(view: View, huge: Talker, small: Talker, empty: Talker, times: int) -> dict[str, Opened]:
    """Open a view everywhere, in the order A B C C B A."""
    places = {"huge": (huge, view.skip), "small": (small, view.skip), "empty": (empty, 0)}
    opened: dict[str, list[Opened]] = {name: [] for name in places}
    for name in (*places, *reversed(places)):
        opener, skip = places[name]
        opened[name].append(_open(opener, view, times, MEASURED, skip))
    return {
        name: Opened(statistics.mean(one.milliseconds for one in both), both[0].queries)
        for name, both in opened.items()
    }


def _open(opener: Talker, view: View, times: int, tenant: str, skip: int) -> Opened:
    answers = []
    for path in view.paths:
        opener.tell(json.dumps({"tenant": tenant, "path": path, "skip": skip, "count": times}))
        answers.append(opener.answer())
    took = [statistics.median(answer["seconds"]) * 1000 for answer in answers]
    return Opened(statistics.mean(took), max(answer["queries"] for answer in answers))
