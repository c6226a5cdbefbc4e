"""Cells: what is written reads back the same, whatever it holds; what cannot be read says what to write."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.schedule import DAYS
from sms.transfer import cells, times
from sms.transfer.cells import CellError

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
NAMES = TEXTS.filter(str.strip)
MOMENTS = st.fixed_dictionaries(
    {"weekdays": st.lists(st.integers(0, 6), min_size=1, unique=True).map(sorted)},
    optional={
        "years": st.lists(st.integers(1970, 9999), min_size=1, unique=True).map(sorted),
        "months": st.lists(st.integers(1, 12), min_size=1, unique=True).map(sorted),
        "days": st.lists(st.integers(1, 31), min_size=1, unique=True).map(sorted),
        "hours": st.just(["08:00", "24:00"]),
    },
)
TIMED: st.SearchStrategy[dict[str, Any]] = st.one_of(
    st.just({}),
    st.sampled_from(["open", "closed", "holiday"]).map(lambda when: {"when": when}),
    MOMENTS.map(lambda moment: {"when": "moment", "moment": moment}),
)
PLACES = st.one_of(
    NAMES.map(lambda name: {"kind": "member", "label": name}),
    NAMES.map(lambda name: {"kind": "group", "label": name}),
    NAMES.map(lambda text: {"kind": "email", "address": text}),
    TEXTS.map(lambda text: {"kind": "auto_reply", "text": text}),
    st.just({"kind": "forward", "number": "+12025550101"}),
    st.just({"kind": "hold"}),
    st.just({"kind": "drop"}),
    TEXTS.map(lambda text: {"kind": "drop", "reason": text}),
    st.just(
        {
            "kind": "extensions",
            "first_number": "+12025550101",
            "last_number": "+12025550105",
            "first": "101",
            "last": "105",
        }
    ),
    TEXTS.map(lambda text: {"kind": "of the future", "what": [text, 1, None]}),
)
TARGETS = st.builds(lambda place, time: {**place, **time}, PLACES, TIMED)
ROUTES = st.fixed_dictionaries(
    {
        "label": NAMES,
        "strip": st.integers(0, 9),
        "prepend": st.sampled_from(["", "44", "+1"]),
        "sender": st.sampled_from(["", "+12025550101", "Acme Ltd"]),
        "enabled": st.booleans(),
        "weight": st.integers(1, 1000),
    }
)
CLOCK = st.tuples(st.integers(0, 23), st.integers(0, 59)).map(lambda pair: f"{pair[0]:02}:{pair[1]:02}")
SHIFTS = st.tuples(CLOCK, CLOCK).filter(lambda pair: pair[0] < pair[1]).map(lambda pair: [list(pair)])
WEEKS = st.dictionaries(st.sampled_from(DAYS), SHIFTS)


@given(st.lists(TEXTS))
def test_a_list_reads_back_as_it_was(values: list[str]) -> None:
    assert cells.read_list(cells.write_list(values)) == values


@given(st.lists(TARGETS))
def test_destinations_read_back_as_they_were(targets: list[dict[str, Any]]) -> None:
    assert cells.read_destinations(cells.write_destinations(targets)) == targets


@given(st.lists(ROUTES))
def test_routes_read_back_as_they_were(routes: list[dict[str, Any]]) -> None:
    assert cells.read_routes(cells.write_routes(routes)) == routes


@given(st.one_of(st.none(), WEEKS))
def test_a_week_reads_back_as_it_was(week: dict[str, Any] | None) -> None:
    assert times.read_week(times.write_week(week)) == week


@given(MOMENTS)
def test_a_moment_reads_back_as_it_was(moment: dict[str, Any]) -> None:
    assert times.read_moment(times.write_moment(moment)) == moment


@pytest.mark.parametrize(
    ("targets", "text"),
    [
        ([{"kind": "group", "label": "Sales", "when": "open"}], "group:Sales@open"),
        ([{"kind": "email", "address": "x@y.z", "when": "closed"}], "email:x@y.z@closed"),
        ([{"kind": "email", "address": "x@open"}], 'email:"x@open"'),
        ([{"kind": "auto_reply", "text": 'Say "hi"; bye'}], 'reply:"Say ""hi""; bye"'),
        ([{"kind": "hold", "when": "closed"}, {"kind": "drop"}], "hold@closed; drop"),
        (
            [{"kind": "hold", "when": "moment", "moment": {"weekdays": [5, 6], "hours": ["08:00", "12:00"]}}],
            "hold@at(weekdays=sat,sun hours=08:00-12:00)",
        ),
    ],
)
def test_destinations_are_written_the_way_people_would(targets: list[dict[str, Any]], text: str) -> None:
    assert cells.write_destinations(targets) == text


def test_routes_weeks_and_holidays_are_written_the_way_people_would() -> None:
    route = {"label": "Main", "strip": 1, "prepend": "44", "sender": "", "enabled": False, "weight": 1}
    assert cells.write_routes([route]) == "Main [strip=1, prepend=44, off]"
    week = {day: [["09:00", "12:00"], ["13:00", "17:00"]] for day in DAYS[:5]} | {"sun": [["10:00", "12:00"]]}
    assert times.write_week(week) == "mon-fri 09:00-12:00,13:00-17:00; sun 10:00-12:00"
    assert times.read_week("Mon-Fri 9:00-17:00") == {day: [["09:00", "17:00"]] for day in DAYS[:5]}
    assert times.read_week("closed") == {}
    days = [{"name": "Christmas", "start": "2026-12-24", "end": "2026-12-26", "yearly": True}]
    assert times.write_holidays_cell(days) == "2026-12-24..2026-12-26 yearly Christmas"
    assert times.read_holidays_cell("2026-12-24..2026-12-26 yearly Christmas") == days
    assert (times.read_holidays_cell(""), times.read_holidays_cell("none")) == (None, [])


@pytest.mark.parametrize(
    ("read", "text", "remedy"),
    [
        (cells.read_destinations, "sales", "begin with one of member, group"),
        (cells.read_destinations, "group", "“group” needs something after it"),
        (cells.read_destinations, "hold:x", "“hold” stands alone"),
        (cells.read_destinations, 'reply:"open', "quotation mark is not closed"),
        (cells.read_destinations, 'reply:"a"b', "is no time: write @open"),
        (cells.read_destinations, "hold@at(sun)", "write years=, months="),
        (cells.read_destinations, "hold@at(weekdays=sunday)", "is no weekday"),
        (cells.read_destinations, "hold@at(months=13)", "between 1 and 12"),
        (cells.read_destinations, "extensions:101", "+12025550101..+12025550105=101..105"),
        (cells.read_destinations, "json:{", "take it as it was exported"),
        (cells.read_destinations, "json:[]", "is not an object"),
        (cells.read_routes, "Main [fast]", "write strip=1"),
        (cells.read_routes, "[off]", "needs the name of an SMS configuration"),
        (cells.read_routes, '"Main" x', "is not a name with options"),
        (cells.read_switch, "perhaps", "write yes or no"),
        (cells.read_list, '"a" b', "put all of it between them"),
        (times.read_week, "Monday 09:00-17:00", "write mon, tue"),
        (times.read_week, "fri-mon 09:00-17:00", "the week begins on Monday"),
        (times.read_week, "mon 9-5", "write 09:00-17:00"),
        (times.read_week, "mon 17:00-09:00", "split it at midnight"),
        (times.read_holidays_cell, "Christmas", "write 2026-12-24..2026-12-26 Christmas"),
        (times.read_holidays_cell, "2026-12-26..2026-12-24 Christmas", "ends before it starts"),
    ],
)
def test_what_cannot_be_read_says_what_to_write(read: Any, text: str, remedy: str) -> None:
    with pytest.raises(CellError) as refused:
        read(text)
    assert remedy in str(refused.value)
