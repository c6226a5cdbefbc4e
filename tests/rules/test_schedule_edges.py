"""Calendars at their edges: the first and last minutes of a day, years, and the seconds of a change of clocks."""

from datetime import UTC, date, datetime, timedelta

import pytest

from rules.schedule import Calendar, Holiday, Shift, Week

MONDAYS = Calendar.from_json({"zone": "UTC", "week": {"mon": [["09:00", "17:00"]]}})


def test_a_week_that_never_closes_has_seven_whole_days():
    assert Week.always().days == ((Shift(0, 24 * 60),),) * 7


@pytest.mark.parametrize("shift", [["00:00", "00:59"], ["00:59", "23:59"], ["22:01", "24:00"]])
def test_every_minute_is_written_as_it_was_read(shift):
    assert Shift.from_json(shift).to_json() == shift


def test_a_holiday_is_of_one_year_unless_told():
    day = date(2026, 12, 24)
    assert not Holiday("Eve", day, day).yearly
    assert not Holiday.from_json({"name": "Eve", "start": "2026-12-24", "end": "2026-12-24"}).yearly


@pytest.mark.parametrize(("day", "free"), [(date(1, 1, 1), False), (date(2, 1, 1), True), (date(9999, 1, 1), True)])
def test_a_holiday_of_every_year_around_new_year_has_a_first_and_a_last_one(day, free):
    new_year = Holiday("New Year", date(2020, 12, 31), date(2021, 1, 1), yearly=True)
    assert new_year.holds(day) is free
    assert new_year.holds(date(9998, 12, 31))
    assert not new_year.holds(date(9999, 12, 31))


def test_the_last_years_that_can_be_written_open_as_well():
    opening = MONDAYS.next_opening(datetime(9997, 6, 1, tzinfo=UTC))
    assert opening is not None
    assert (opening.year, opening.month, opening.weekday(), opening.hour) == (9997, 6, 0, 9)


def test_a_calendar_that_was_asked_is_the_calendar_it_was():
    stored = {"zone": "UTC", "holidays": [{"name": "Eve", "start": "2026-12-24", "end": "2026-12-24"}]}
    asked, fresh = Calendar.from_json(stored), Calendar.from_json(stored)
    assert asked.at(datetime(2026, 12, 24, tzinfo=UTC)).period == "holiday"
    assert asked == fresh
    assert hash(asked) == hash(fresh)
    assert repr(asked) == repr(fresh)
    with pytest.raises(TypeError):
        Calendar(asked.zone, asked.week, asked.holidays, {})


@pytest.mark.parametrize(
    ("zone", "turn"),
    [
        ("Europe/Paris", datetime(2026, 3, 29, 1, tzinfo=UTC)),
        ("Europe/Paris", datetime(2026, 10, 25, 1, tzinfo=UTC)),
        ("Australia/Lord_Howe", datetime(2026, 10, 3, 15, 30, tzinfo=UTC)),
        # A day left out: from Thursday midnight to Saturday.
        ("Pacific/Apia", datetime(2011, 12, 30, 10, tzinfo=UTC)),
    ],
)
@pytest.mark.parametrize(
    "before", [timedelta(seconds=1), timedelta(seconds=2), timedelta(hours=1), timedelta(hours=23)]
)
def test_a_change_of_the_clock_is_found_to_the_second(zone, turn, before):
    calendar = Calendar.from_json({"zone": zone})
    start = turn - before
    assert calendar._turn(start, start + timedelta(days=1)) == turn
    assert calendar._turn(turn, turn + timedelta(days=1)) is None
