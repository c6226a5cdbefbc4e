"""What people are told about an office: open or not, until when, in words and in the tenant's own time."""

from datetime import UTC, date, datetime

import pytest

from rules.schedule import Calendar, Holiday, Week
from rules.times import telling

WEEK = {day: [["09:00", "12:00"], ["13:00", "17:30"]] for day in ("mon", "tue", "wed", "thu", "fri")}
CHRISTMAS = {"name": "Christmas", "start": "2026-12-24", "end": "2027-01-03", "yearly": False}
OFFICE = Calendar.from_json({"zone": "Europe/Zurich", "week": WEEK, "holidays": [CHRISTMAS]})


# Zurich is two hours ahead of UTC in summer, one in winter.
@pytest.mark.parametrize(
    ("now", "text", "opens", "tone"),
    [
        ("2026-06-01 06:59", "Closed until 09:00", "09:00", "neutral"),
        ("2026-06-01 07:00", "Open until 12:00", "", "good"),
        ("2026-06-01 10:30", "Closed until 13:00", "13:00", "neutral"),
        ("2026-06-01 15:29", "Open until 17:30", "", "good"),
        ("2026-06-01 15:30", "Closed until tomorrow 09:00", "tomorrow 09:00", "neutral"),
        ("2026-06-01 22:30", "Closed until 09:00", "09:00", "neutral"),
        ("2026-06-05 16:00", "Closed until Monday 09:00", "Monday 09:00", "neutral"),
        ("2026-12-24 12:00", "Holiday; open again 4 January 2027, 09:00", "4 January 2027, 09:00", "warn"),
        ("2026-12-29 12:00", "Holiday; open again Monday 09:00", "Monday 09:00", "warn"),
        ("2026-12-28 07:00", "Holiday; open again 4 January 2027, 09:00", "4 January 2027, 09:00", "warn"),
    ],
)
def test_what_it_is_and_until_when(now: str, text: str, opens: str, tone: str) -> None:
    told = telling.now(OFFICE, datetime.fromisoformat(now).replace(tzinfo=UTC))
    assert (told.text, told.opens, told.tone, told.is_open) == (text, opens, tone, tone == "good")
    assert told.until == text.removeprefix("Open until ").removeprefix("Closed until ").removeprefix(
        "Holiday; open again "
    )


def test_the_clock_is_the_tenants() -> None:
    assert telling.now(OFFICE, datetime(2026, 6, 1, 22, 30, tzinfo=UTC)).clock == "Tuesday, 2 June 2026, 00:30"


@pytest.mark.parametrize(
    ("calendar", "text"),
    [
        (Calendar.always(), "Always open"),
        (Calendar(OFFICE.zone, Week.from_json({})), "Closed: it never opens"),
        (Calendar(OFFICE.zone, OFFICE.week, (Holiday("Shut", date(2020, 1, 1), date(2099, 1, 1)),)), "Holiday"),
    ],
)
def test_what_lasts_for_good_has_no_until(calendar: Calendar, text: str) -> None:
    told = telling.now(calendar, datetime(2026, 6, 1, 12, tzinfo=UTC))
    assert (told.text, told.until, told.opens) == (text, "", "")
