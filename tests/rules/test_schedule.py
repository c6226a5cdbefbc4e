"""Office hours, holidays and moments, as a specification: what an instant is, and when it opens or closes next."""

from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from rules.schedule import Calendar, Holiday, Period, Week

NEW_YORK, ZURICH, UTC_ZONE = "America/New_York", "Europe/Zurich", "UTC"
OFFICE = {day: [["09:00", "12:00"], ["13:00", "17:30"]] for day in ("mon", "tue", "wed", "thu", "fri")}
ALL_WEEK = {day: [["00:00", "24:00"]] for day in ("mon", "tue", "wed", "thu", "fri", "sat", "sun")}


def calendar(zone: str, week: Any, *holidays: Holiday) -> Calendar:
    return Calendar(ZoneInfo(zone), Week.from_json(week), holidays)


def local(zone: str, text: str, *, second: bool = False) -> datetime:
    """Read a local time; `second` is the later of two that the clock shows alike."""
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone), fold=int(second)).astimezone(UTC)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


# --- What an instant is ---


@pytest.mark.parametrize(
    ("at", "period"),
    [
        ("2026-06-01 08:59:59.999999", Period.CLOSED),
        ("2026-06-01 09:00", Period.OPEN),
        ("2026-06-01 11:59:59.999999", Period.OPEN),
        ("2026-06-01 12:00", Period.CLOSED),
        ("2026-06-01 12:59:59", Period.CLOSED),
        ("2026-06-01 13:00", Period.OPEN),
        ("2026-06-01 17:29:59", Period.OPEN),
        ("2026-06-01 17:30", Period.CLOSED),
        ("2026-06-06 10:00", Period.CLOSED),
        ("2026-06-07 10:00", Period.CLOSED),
        ("2026-12-24 10:00", Period.OPEN),
        ("2026-12-25 00:00", Period.HOLIDAY),
        ("2026-12-25 10:00", Period.HOLIDAY),
        ("2026-12-26 23:59:59.999999", Period.HOLIDAY),
        ("2026-12-27 00:00", Period.CLOSED),
        ("2026-12-28 10:00", Period.OPEN),
    ],
)
@pytest.mark.parametrize("zone", [NEW_YORK, ZURICH, UTC_ZONE, "Asia/Kathmandu", "Pacific/Kiritimati"])
def test_what_a_local_time_is(zone: str, at: str, period: Period) -> None:
    office = calendar(zone, OFFICE, Holiday("Christmas", date(2026, 12, 25), date(2026, 12, 26)))
    assert office.at(local(zone, at)).period == period
    assert office.is_open(local(zone, at)) is (period == Period.OPEN)


def test_the_reason_says_the_local_time_and_the_holiday() -> None:
    office = calendar(NEW_YORK, OFFICE, Holiday("Labour Day", date(2026, 9, 7), date(2026, 9, 7)))
    assert office.at(utc("2026-06-01 13:05")).reason == "it is Monday 09:05, within office hours"
    assert office.at(utc("2026-06-01 23:05")).reason == "it is Monday 19:05, outside office hours"
    assert office.at(utc("2026-09-07 15:00")).reason == "it is Monday 11:00, a holiday (Labour Day)"


@pytest.mark.parametrize(
    ("start", "end", "free", "not_free"),
    [
        ("2026-12-25", "2026-12-25", ["2025-12-25", "2026-12-25", "2031-12-25"], ["2026-12-24", "2026-12-26"]),
        ("2026-12-31", "2027-01-01", ["2026-12-31", "2027-01-01", "2030-01-01"], ["2026-12-30", "2027-01-02"]),
        ("2025-12-24", "2026-01-06", ["2027-12-24", "2028-01-06", "2028-01-01"], ["2027-12-23", "2028-01-07"]),
        ("2024-02-29", "2024-02-29", ["2024-02-29", "2025-03-01", "2028-02-29"], ["2025-02-28", "2028-03-01"]),
        ("2024-02-28", "2024-03-01", ["2025-02-28", "2025-03-01", "2028-02-29"], ["2025-03-02", "2025-02-27"]),
        ("2024-02-27", "2024-02-29", ["2025-02-28", "2025-03-01", "2028-02-29"], ["2028-03-01", "2025-03-02"]),
        ("2026-01-01", "2026-12-31", ["2026-01-01", "2027-06-15", "2028-12-31"], []),
        ("2024-03-01", "2026-02-01", ["2026-02-15", "2027-06-15"], []),
        ("0001-01-01", "0001-01-02", ["0001-01-01", "9999-01-02"], ["0001-01-03", "9999-12-31"]),
        ("9998-12-31", "9999-01-01", ["2026-01-01", "9998-12-31"], ["2026-01-02", "0001-01-02"]),
    ],
)
def test_a_holiday_of_every_year(start: str, end: str, free: list[str], not_free: list[str]) -> None:
    holiday = Holiday.from_json({"name": "Yearly", "start": start, "end": end, "yearly": True})
    assert [day for day in free if not holiday.holds(date.fromisoformat(day))] == []
    assert [day for day in not_free if holiday.holds(date.fromisoformat(day))] == []


def test_a_holiday_of_one_year_does_not_come_again() -> None:
    holiday = Holiday("Outing", date(2026, 6, 30), date(2026, 7, 1))
    days = [date(2025, 6, 30), date(2026, 6, 29), date(2026, 6, 30), date(2026, 7, 1), date(2026, 7, 2)]
    assert [holiday.holds(day) for day in days] == [False, False, True, True, False]


# --- When it opens and closes next ---


@pytest.mark.parametrize(
    ("zone", "now", "opens", "closes"),
    [
        # An ordinary day, its break, its end, the weekend.
        (ZURICH, "2026-06-01 08:00", "2026-06-01 09:00", "2026-06-01 08:00"),
        (ZURICH, "2026-06-01 09:00", "2026-06-01 09:00", "2026-06-01 12:00"),
        (ZURICH, "2026-06-01 12:30", "2026-06-01 13:00", "2026-06-01 12:30"),
        (ZURICH, "2026-06-01 13:00", "2026-06-01 13:00", "2026-06-01 17:30"),
        (ZURICH, "2026-06-01 17:30", "2026-06-02 09:00", "2026-06-01 17:30"),
        (ZURICH, "2026-06-05 18:00", "2026-06-08 09:00", "2026-06-05 18:00"),
        # Over the weekend on which the clocks change.
        (ZURICH, "2026-03-27 18:00", "2026-03-30 09:00", "2026-03-27 18:00"),
        (ZURICH, "2026-10-23 18:00", "2026-10-26 09:00", "2026-10-23 18:00"),
        (NEW_YORK, "2026-03-06 18:00", "2026-03-09 09:00", "2026-03-06 18:00"),
        (NEW_YORK, "2026-10-30 18:00", "2026-11-02 09:00", "2026-10-30 18:00"),
    ],
)
def test_when_an_office_opens_and_closes_next(zone: str, now: str, opens: str, closes: str) -> None:
    office = calendar(zone, OFFICE)
    assert office.next_opening(local(zone, now)) == local(zone, opens)
    assert office.next_closing(local(zone, now)) == local(zone, closes)


@pytest.mark.parametrize(
    ("shift", "now", "opens", "closes"),
    [
        # New York, 8 March 2026: from 02:00 the clock goes on to 03:00, at 07:00 UTC.
        (["02:30", "05:00"], "2026-03-08 06:00", "2026-03-08 07:00", "2026-03-08 09:00"),
        (["02:00", "03:00"], "2026-03-08 06:00", "2026-03-09 06:00", "2026-03-09 07:00"),
        (["02:15", "02:45"], "2026-03-08 06:00", "2026-03-09 06:15", "2026-03-09 06:45"),
        (["01:00", "02:30"], "2026-03-08 05:00", "2026-03-08 06:00", "2026-03-08 07:00"),
        (["03:00", "04:00"], "2026-03-08 06:59", "2026-03-08 07:00", "2026-03-08 08:00"),
        # 1 November 2026: from 02:00 the clock goes back to 01:00, at 06:00 UTC.
        (["01:00", "01:30"], "2026-11-01 04:00", "2026-11-01 05:00", "2026-11-01 05:30"),
        (["01:00", "01:30"], "2026-11-01 05:30", "2026-11-01 06:00", "2026-11-01 06:30"),
        (["01:15", "01:30"], "2026-11-01 05:45", "2026-11-01 06:15", "2026-11-01 06:30"),
        (["00:30", "01:30"], "2026-11-01 05:30", "2026-11-01 06:00", "2026-11-01 06:30"),
        (["01:30", "02:30"], "2026-11-01 05:00", "2026-11-01 05:30", "2026-11-01 06:00"),
        (["01:30", "02:30"], "2026-11-01 06:00", "2026-11-01 06:30", "2026-11-01 07:30"),
        (["02:00", "03:00"], "2026-11-01 05:59", "2026-11-01 07:00", "2026-11-01 08:00"),
    ],
)
def test_shifts_around_a_change_of_daylight_saving(shift: list[str], now: str, opens: str, closes: str) -> None:
    daily = calendar(NEW_YORK, {day: [shift] for day in ALL_WEEK})
    assert daily.next_opening(utc(now)) == utc(opens)
    assert daily.next_closing(utc(opens)) == utc(closes)


@pytest.mark.parametrize(
    ("zone", "week", "now", "opens"),
    [
        # The clock goes on from 24:00 to 01:00, and back from 24:00 to 23:00 of the day before.
        ("Africa/Cairo", {"fri": [["00:30", "08:00"]]}, "2026-04-23 21:00", "2026-04-23 22:00"),
        ("Africa/Cairo", {"thu": [["23:15", "23:45"]]}, "2026-10-29 20:50", "2026-10-29 21:15"),
        # At 00:01 the clock went back to 23:01: Sunday's first minute came before Saturday's last hour came again.
        ("America/St_Johns", {"sat": [["23:10", "23:40"]], "sun": [["00:00", "12:00"]]}, None, "2010-11-07 02:30"),
        # Half an hour, two hours, and a day that never was.
        ("Australia/Lord_Howe", {"sun": [["02:10", "02:40"]]}, "2026-10-03 15:00", "2026-10-03 15:30"),
        ("Antarctica/Troll", {"sun": [["02:30", "06:00"]]}, "2026-03-29 00:00", "2026-03-29 01:00"),
        (
            "Pacific/Apia",
            {"fri": [["09:00", "17:00"]], "sat": [["08:00", "17:00"]]},
            "2011-12-30 03:30",
            "2011-12-30 18:00",
        ),
    ],
)
def test_stranger_changes_of_the_clock(zone: str, week: Any, now: str | None, opens: str) -> None:
    begun = utc(now) if now else local(zone, "2010-11-06 23:45")
    assert calendar(zone, week).next_opening(begun) == utc(opens)


def test_a_zone_whose_offset_has_seconds() -> None:
    """Until 1972 Monrovia was 44 minutes and 30 seconds behind Greenwich."""
    office = calendar("Africa/Monrovia", {"mon": [["09:00", "10:00"]]})
    assert office.next_opening(utc("1960-01-04 00:00")) == utc("1960-01-04 09:44:30")
    assert office.next_closing(utc("1960-01-04 09:44:30")) == utc("1960-01-04 10:44:30")


@pytest.mark.parametrize(
    ("day", "hours"),
    [("2026-03-08", 23), ("2026-11-01", 25), ("2026-06-01", 24), ("2026-03-07", 24), ("2026-03-09", 24)],
)
def test_a_day_is_as_long_as_its_clock_makes_it(day: str, hours: int) -> None:
    weekday = date.fromisoformat(day).strftime("%a").lower()
    office = calendar(NEW_YORK, {weekday: [["00:00", "24:00"]]})
    opens = office.next_opening(local(NEW_YORK, f"{day} 00:00"))
    assert opens == local(NEW_YORK, f"{day} 00:00")
    closes = office.next_closing(opens)
    assert closes is not None
    assert (closes - opens).total_seconds() == hours * 3600


def test_shifts_that_touch_are_one() -> None:
    night = calendar(ZURICH, {"mon": [["09:00", "12:00"], ["12:00", "24:00"]], "tue": [["00:00", "06:00"]]})
    assert night.next_closing(local(ZURICH, "2026-06-01 10:00")) == local(ZURICH, "2026-06-02 06:00")


@pytest.mark.parametrize(
    ("holidays", "opens"),
    [
        ([("2026-12-24", "2026-12-24", False)], "2026-12-28 09:00"),
        ([("2026-12-24", "2026-12-24", True), ("2026-12-28", "2027-01-03", False)], "2027-01-04 09:00"),
        ([("2026-12-24", "2032-12-31", False)], "2033-01-03 09:00"),
        ([("2026-12-24", "2040-12-31", False)], None),
        ([("2026-01-01", "2026-12-31", True)], None),
    ],
)
def test_holidays_put_the_opening_off(holidays: list[tuple[str, str, bool]], opens: str | None) -> None:
    free = [Holiday("x", date.fromisoformat(start), date.fromisoformat(end), y) for start, end, y in holidays]
    weekdays = {day: shifts for day, shifts in OFFICE.items() if day != "fri"}
    found = calendar(ZURICH, weekdays, *free).next_opening(local(ZURICH, "2026-12-24 10:00"))
    assert found == (local(ZURICH, opens) if opens else None)


def test_a_holiday_closes_an_office_that_never_sleeps() -> None:
    office = calendar(ZURICH, ALL_WEEK, Holiday("Christmas", date(2026, 12, 25), date(2026, 12, 25), yearly=True))
    assert office.next_closing(utc("2026-01-01 00:00")) == local(ZURICH, "2026-12-25 00:00")
    assert office.next_opening(utc("2026-12-25 12:00")) == local(ZURICH, "2026-12-26 00:00")


def test_what_never_opens_and_what_never_closes() -> None:
    now = utc("2026-06-01 12:00")
    assert calendar(ZURICH, {}).next_opening(now) is None
    assert calendar(ZURICH, {}).next_closing(now) == now
    assert Calendar.always().next_opening(now) == now
    assert Calendar.always().next_closing(now) is None
    far = Holiday("In years", date(2029, 1, 1), date(2029, 1, 1))
    assert calendar(ZURICH, ALL_WEEK, far).next_closing(now) is None
    assert calendar(ZURICH, OFFICE).next_opening(utc("9998-01-01 20:00")) is None


def test_the_instant_itself_is_given_back_as_it_was() -> None:
    now = datetime(2026, 6, 1, 10, 0, tzinfo=ZoneInfo(ZURICH))
    found = calendar(ZURICH, OFFICE).next_opening(now)
    assert found is now


def test_a_rule_may_have_hours_or_holidays_of_its_own() -> None:
    company = calendar(ZURICH, OFFICE, Holiday("Christmas", date(2026, 12, 25), date(2026, 12, 25)))
    week, none = Week.from_json(ALL_WEEK), ()
    noon, night = local(ZURICH, "2026-12-25 10:00"), local(ZURICH, "2026-12-24 22:00")
    assert [company.with_own(None, None).at(at).period for at in (noon, night)] == [Period.HOLIDAY, Period.CLOSED]
    assert [company.with_own(week, None).at(at).period for at in (noon, night)] == [Period.HOLIDAY, Period.OPEN]
    assert [company.with_own(None, none).at(at).period for at in (noon, night)] == [Period.OPEN, Period.CLOSED]
    assert [company.with_own(week, none).at(at).period for at in (noon, night)] == [Period.OPEN, Period.OPEN]
