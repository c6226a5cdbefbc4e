"""Stored moments, shifts, weeks, holidays and calendars: read back, in words, and what cannot be read."""

from datetime import datetime
from typing import Any

import pytest

from rules.reading import ConditionError
from rules.schedule import Calendar, Holiday, Moment, Shift, Week

# --- Moments ---


@pytest.mark.parametrize(
    ("stored", "held", "not_held"),
    [
        ({"years": [2026, 2028]}, ["2026-01-01 00:00", "2028-12-31 23:59"], ["2027-06-01 12:00"]),
        ({"months": [12]}, ["2026-12-01 00:00"], ["2026-11-30 23:59"]),
        ({"days": [31]}, ["2026-01-31 08:00"], ["2026-02-28 08:00"]),
        ({"weekdays": [0, 6]}, ["2026-06-01 08:00", "2026-06-07 08:00"], ["2026-06-02 08:00"]),
        ({"hours": ["22:00", "24:00"]}, ["2026-06-01 22:00", "2026-06-01 23:59:59"], ["2026-06-01 21:59:59"]),
        ({"hours": ["22:00", "23:00"]}, ["2026-06-01 22:59:59"], ["2026-06-01 23:00"]),
        (
            {"months": [12], "days": [24], "hours": ["12:00", "24:00"]},
            ["2026-12-24 12:00", "2027-12-24 18:00"],
            ["2026-12-24 11:59", "2026-12-25 12:00", "2026-11-24 12:00"],
        ),
    ],
)
def test_a_moment_holds_when_all_that_is_given_does(stored: Any, held: list[str], not_held: list[str]) -> None:
    moment = Moment.from_json(stored)
    assert [text for text in held if not moment.holds(datetime.fromisoformat(text))] == []
    assert [text for text in not_held if moment.holds(datetime.fromisoformat(text))] == []
    assert moment.to_json() == stored


def test_a_moment_in_words() -> None:
    full = {"years": [2026], "months": [12], "days": [24], "weekdays": [5, 6], "hours": ["08:00", "12:00"]}
    assert Moment.from_json(full).describe() == "Saturday or Sunday, day 24, in December, 2026, 08:00 – 12:00"
    assert Moment.from_json({"months": [1, 2]}).describe() == "in January or February"


# --- What cannot be read ---


@pytest.mark.parametrize(
    ("read", "stored", "said"),
    [
        (Shift, ["09:00"], "a shift is not two times"),
        (Shift, "09:00", "a shift is not two times"),
        (Shift, ["17:00", "09:00"], "the shift 17:00 – 09:00 ends before it starts: split it at midnight."),
        (Shift, ["09:00", "09:00"], "ends before it starts"),
        (Shift, ["24:00", "24:00"], "ends before it starts"),
        (Shift, ["9:00", "10:00"], "“9:00” is not a time of day such as 09:00."),
        (Shift, ["09:00", "24:01"], "“24:01” is not a time"),
        (Shift, ["09:60", "10:00"], "“09:60” is not a time"),
        (Shift, ["09:00\n", "10:00"], "is not a time"),
        (Shift, [540, 600], "“540” is not a time"),
        (Week, [], "a week is not made of the days mon to sun."),
        (Week, {"monday": []}, "a week is not made of the days mon to sun."),
        (Week, {"wed": "09:00"}, "Wednesday: the shifts of a day are not a list."),
        (
            Week,
            {"sun": [["10:00", "12:00"], ["09:00", "10:01"]]},
            "Sunday: the shifts 09:00 – 10:01 and 10:00 – 12:00 overlap.",
        ),
        (Holiday, "Christmas", "a holiday is not an object."),
        (Holiday, {"start": "2026-12-25", "end": "2026-12-25"}, "“name” is missing."),
        (Holiday, {"name": "x", "start": "2026-12-25"}, "“end” is missing."),
        (Holiday, {"name": "x", "start": "25.12.2026", "end": "2026-12-25"}, "“25.12.2026” is not a date such as"),
        (Holiday, {"name": "x", "start": "2026-02-29", "end": "2026-03-01"}, "“2026-02-29” is not a date"),
        (Holiday, {"name": "x", "start": "2026-12-26", "end": "2026-12-25"}, "a holiday ends before it starts."),
        (Holiday, {"name": "x", "start": "2026-01-01", "end": "2026-01-01", "yearly": 1}, "“yearly” is not yes or no."),
        (Calendar, [], "a calendar is not an object."),
        (Calendar, {"zone": "Mars/Olympus"}, "the time zone “Mars/Olympus” is not known."),
        (Calendar, {"zone": "../../etc/passwd"}, "is not known."),
        (Calendar, {"zone": "America"}, "the time zone “America” is not known."),
        (Calendar, {"zone": 1}, "“zone” is not a text."),
        (Calendar, {"holidays": {"a": 1}}, "“holidays” is not a list."),
        (Moment, "always", "a moment is not an object."),
        (Moment, {}, "no time is given"),
        (Moment, {"months": []}, "no time is given"),
        (Moment, {"months": [13]}, "“months” has a number that is not between 1 and 12."),
        (Moment, {"days": [0]}, "“days” has a number that is not between 1 and 31."),
        (Moment, {"weekdays": [7]}, "“weekdays” has a number that is not between 0 and 6."),
        (Moment, {"years": [1969]}, "“years” has a number that is not between 1970 and 9999."),
        (Moment, {"years": [True]}, "“years” has a number that is not between 1970 and 9999."),
        (Moment, {"years": "2026"}, "“years” is not a list of whole numbers."),
        (Moment, {"years": None}, "“years” is not a list of whole numbers."),
    ],
)
def test_what_cannot_be_read_says_why(read: Any, stored: Any, said: str) -> None:
    with pytest.raises(ConditionError) as refused:
        read.from_json(stored)
    assert said in str(refused.value)


def test_without_hours_a_calendar_never_closes() -> None:
    assert Calendar.from_json(None) == Calendar.always("UTC")
    assert Calendar.from_json({"zone": "Europe/Zurich", "week": None, "holidays": []}) == Calendar.always(
        "Europe/Zurich"
    )
    assert Calendar.from_json({"zone": None}) == Calendar.always()
    assert not Week.from_json({}).ever_opens
    assert Week.from_json({"mon": [["00:00", "24:00"]]}).ever_opens
