"""Properties of the calendar in every IANA time zone, most of all around every change of daylight saving."""

from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from hypothesis import given, settings
from hypothesis import strategies as st

from rules.reading import ConditionError
from rules.schedule import Calendar, Holiday, Moment, Period, Shift, Week

ZONES = sorted(available_timezones() - {"Factory", "localtime"})
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
YEARS = st.integers(1950, 2037)


@cache
def turns(zone: str, year: int) -> tuple[datetime, ...]:
    """Return the instants of a year at which the clocks of a zone change, found by plain search."""
    there, found = ZoneInfo(zone), []
    days = [datetime(year, 1, 1, tzinfo=UTC) + number * DAY for number in range(367)]
    for before, after in pairwise(days):
        low, high = before, after
        if low.astimezone(there).utcoffset() == high.astimezone(there).utcoffset():
            continue
        while high - low > timedelta(seconds=1):
            middle = low + timedelta(seconds=(high - low).total_seconds() // 2)
            same = middle.astimezone(there).utcoffset() == before.astimezone(there).utcoffset()
            low, high = (middle, high) if same else (low, middle)
        found.append(high)
    return tuple(found)


@st.composite
def instants(draw: st.DrawFn, zone: str) -> datetime:
    """Draw an instant, near a change of the clock where the year has one."""
    year = draw(YEARS)
    near = turns(zone, year)
    begin = draw(st.sampled_from(near)) - DAY if near else datetime(year, draw(st.integers(1, 12)), 1, tzinfo=UTC)
    return begin + timedelta(
        seconds=draw(st.integers(0, 2 * 86_400)), microseconds=draw(st.sampled_from((0, 1, 999_999)))
    )


@st.composite
def shifts(draw: st.DrawFn) -> tuple[Shift, ...]:
    """Draw the shifts of a day: more often than not in the small hours, when clocks change."""
    minutes = st.one_of(st.integers(0, 240), st.integers(0, 1440), st.sampled_from((0, 60, 120, 180, 1380, 1440)))
    edges = sorted(draw(st.sets(minutes, max_size=6)))
    return tuple(Shift(start, end) for start, end in zip(edges[::2], edges[1::2], strict=False))


WEEKS = st.builds(Week, st.tuples(*[shifts()] * 7))


@st.composite
def holidays(draw: st.DrawFn, year: int) -> Holiday:
    start = draw(st.dates(date(year - 1, 1, 1), date(year + 1, 12, 31)))
    return Holiday("Free", start, start + draw(st.integers(0, 6)) * DAY, draw(st.booleans()))


@st.composite
def scenes(draw: st.DrawFn) -> tuple[Calendar, datetime]:
    """Draw a calendar and an instant in its zone."""
    zone = draw(st.sampled_from(ZONES))
    now = draw(instants(zone))
    free = draw(st.lists(holidays(now.year), max_size=2))
    return Calendar(ZoneInfo(zone), draw(WEEKS), tuple(free)), now


def by_the_wall(calendar: Calendar, instant: datetime) -> Period:
    """Say what an instant is in the plainest way: read the clock and the date on the wall."""
    wall = instant.astimezone(calendar.zone)
    for holiday in calendar.holidays:
        lengths = range((holiday.end - holiday.start).days + 1)
        for year in (wall.year - 1, wall.year) if holiday.yearly else (holiday.start.year,):
            leap_day = (holiday.start.month, holiday.start.day) == (2, 29)
            first = date(year, 3, 1) if leap_day and year % 4 else holiday.start.replace(year=year)
            if not _crosses_february(holiday) and wall.date() in {first + number * DAY for number in lengths}:
                return Period.HOLIDAY
    second = wall.hour * 3600 + wall.minute * 60 + wall.second
    day = calendar.week.days[wall.weekday()]
    return Period.OPEN if any(s.start * 60 <= second < s.end * 60 for s in day) else Period.CLOSED


def _crosses_february(holiday: Holiday) -> bool:
    return holiday.start.month == 2 and holiday.end != holiday.start


@given(scenes())
@settings(max_examples=300)
def test_every_instant_is_something_and_the_wall_says_what(scene: tuple[Calendar, datetime]) -> None:
    calendar, now = scene
    found = calendar.at(now)
    assert found.reason.startswith("it is ")
    assert calendar.is_open(now) is (found.period == Period.OPEN)
    if not any(_crosses_february(holiday) for holiday in calendar.holidays):
        assert found.period == by_the_wall(calendar, now)


def too_late(calendar: Calendar, now: datetime, found: datetime | None, *, is_open: bool) -> list[datetime]:
    """Return the minutes before `found` that are so already, of three days; found is, just before is not."""
    until = min(found, now + 3 * DAY) if found else now + 3 * DAY
    if found is not None:
        assert found >= now
        assert calendar.is_open(found) is is_open
        assert found == now or calendar.is_open(found - timedelta(microseconds=1)) is not is_open
    minutes = int((until - now) / MINUTE)
    return [now + n * MINUTE for n in range(minutes) if calendar.is_open(now + n * MINUTE) is is_open]


@given(scenes())
@settings(max_examples=150)
def test_between_now_and_the_next_opening_it_is_never_open(scene: tuple[Calendar, datetime]) -> None:
    calendar, now = scene
    assert too_late(calendar, now, calendar.next_opening(now), is_open=True) == []


@given(scenes())
@settings(max_examples=150)
def test_between_now_and_the_next_closing_it_is_always_open(scene: tuple[Calendar, datetime]) -> None:
    calendar, now = scene
    assert too_late(calendar, now, calendar.next_closing(now), is_open=False) == []


@given(st.data())
@settings(max_examples=60)
def test_around_every_change_of_a_zone_in_a_year(data: st.DataObject) -> None:
    """A shift of an hour or less, laid over the very minutes that are skipped or come twice."""
    zone = data.draw(st.sampled_from(ZONES))
    for turn in turns(zone, data.draw(st.integers(1970, 2037))):
        wall = turn.astimezone(ZoneInfo(zone))
        minute = wall.hour * 60 + wall.minute
        start = (minute + data.draw(st.integers(-150, 60))) % 1380
        week = Week(((Shift(start, start + data.draw(st.integers(1, 60))),),) * 7)
        calendar = Calendar(ZoneInfo(zone), week)
        now = turn - timedelta(minutes=data.draw(st.integers(-90, 240)))
        assert too_late(calendar, now, calendar.next_opening(now), is_open=True) == []
        assert too_late(calendar, now, calendar.next_closing(now), is_open=False) == []


@given(st.sampled_from(ZONES), st.data())
def test_a_week_that_never_closes_is_open_at_every_instant(zone: str, data: st.DataObject) -> None:
    calendar, now = Calendar.always(zone), data.draw(instants(zone))
    assert calendar.at(now).period == Period.OPEN
    assert calendar.next_opening(now) == now
    assert calendar.next_closing(now) is None


@given(st.sampled_from(ZONES), YEARS, st.data())
@settings(max_examples=150)
def test_a_whole_day_lasts_from_midnight_to_midnight(zone: str, year: int, data: st.DataObject) -> None:
    """23, 24 or 25 hours: as long as it really is between the two midnights on the wall."""
    near = turns(zone, year) or (datetime(year, 6, 1, tzinfo=UTC),)
    day = data.draw(st.sampled_from(near)).astimezone(ZoneInfo(zone)).date()
    days = tuple((Shift(0, 1440),) if number == day.weekday() else () for number in range(7))
    calendar = Calendar(ZoneInfo(zone), Week(days))
    begin, end = (datetime.combine(one, time(0), ZoneInfo(zone)).astimezone(UTC) for one in (day, day + DAY))
    length = int((end - begin) / MINUTE)
    minutes = [begin + number * MINUTE for number in range(-120, length + 120)]
    on_the_day = [minute for minute in minutes if minute.astimezone(ZoneInfo(zone)).date() == day]
    assert [minute for minute in minutes if calendar.is_open(minute)] == on_the_day
    assert calendar.next_opening(begin - DAY / 2) == (on_the_day[0] if on_the_day else calendar.next_opening(end))


@given(scenes())
def test_what_is_stored_is_read_back_the_same(scene: tuple[Calendar, datetime]) -> None:
    calendar, _now = scene
    assert Calendar.from_json(calendar.to_json()) == calendar
    assert Calendar.from_json(calendar.to_json()).to_json() == calendar.to_json()


@given(
    st.lists(st.integers(1970, 9999), max_size=3),
    st.lists(st.integers(1, 12), max_size=3),
    st.lists(st.integers(1, 31), max_size=3),
    st.lists(st.integers(0, 6), max_size=3),
    st.none() | shifts().filter(bool).map(lambda drawn: drawn[0]),
)
def test_a_moment_is_read_back_the_same(
    years: list[int], months: list[int], days: list[int], weekdays: list[int], hours: Shift | None
) -> None:
    lists = [tuple(sorted(set(numbers))) for numbers in (years, months, days, weekdays)]
    moment = Moment(lists[0], lists[1], lists[2], lists[3], hours)
    if moment == Moment():
        return
    assert Moment.from_json(moment.to_json()) == moment
    assert moment.describe()


PLAIN = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12)
TIMES = st.sampled_from(("00:00", "09:00", "24:00", "9", "", "17:30"))
WORDS = st.sampled_from(
    ("zone", "week", "holidays", "name", "start", "end", "yearly", "mon", "sun", "years", "days", "hours", "weekdays")
)
ANYTHING: st.SearchStrategy[Any] = st.recursive(
    PLAIN | TIMES | st.sampled_from(("2026-12-25", "Europe/Zurich", "..", "\0", "\ud800")),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS | st.text(max_size=4), inner, max_size=4),
    max_leaves=12,
)


@given(ANYTHING)
@settings(max_examples=400)
def test_whatever_is_stored_is_read_or_refused_in_words(stored: Any) -> None:
    assert all(_reads_or_refuses(read, stored) for read in (Shift, Week, Holiday, Calendar, Moment))


def _reads_or_refuses(read: Any, stored: Any) -> bool:
    try:
        return bool(read.from_json(stored))
    except ConditionError as refused:
        return bool(str(refused))
