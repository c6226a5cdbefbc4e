"""Office hours, holidays and moments: what time it is for a tenant, and when it opens next; PURE.

Instants are aware and in UTC; what people enter (days, times of day) is read in the tenant's time zone. A local time
that a change to summer time skips counts as the moment after the gap; one that comes twice counts both times.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import MAXYEAR, UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import Any, Self
from zoneinfo import ZoneInfo

from rules.reading import ConditionError, read_optional_text, read_switch, read_text
from rules.times.moments import MONTH_NAMES, Moment
from rules.times.shifts import DAY_NAMES, DAYS, MINUTES_A_DAY, Shift, Week

__all__ = [
    "DAYS",
    "DAY_NAMES",
    "MONTH_NAMES",
    "Calendar",
    "Holiday",
    "Moment",
    "Opening",
    "Period",
    "Shift",
    "Week",
    "read_holidays",
]

_DAY = timedelta(days=1)
# Weeks repeat, and yearly holidays soon meet each day of the week: what is shut this long never opens.
_DAYS_TO_AN_OPENING = 12 * 366
_DAYS_TO_A_CLOSING = 366
_DAYS_KNOWN = 4096


class Period(StrEnum):
    """What an instant is for an office."""

    OPEN = "open"
    CLOSED = "closed"
    HOLIDAY = "holiday"


@dataclass(frozen=True, slots=True)
class Holiday:
    """Days that are free, first and last included; with `yearly` every year anew."""

    name: str
    start: date
    end: date
    yearly: bool = False

    @classmethod
    def from_json(cls, data: object) -> Self:
        """Read a stored holiday."""
        if not isinstance(data, Mapping):
            raise ConditionError("a holiday is not an object.")
        start, end = _date(read_text(data, "start")), _date(read_text(data, "end"))
        if end < start:
            raise ConditionError("a holiday ends before it starts.")
        return cls(read_text(data, "name"), start, end, read_switch(data, "yearly", False))

    def to_json(self) -> dict[str, Any]:
        """Return what is stored."""
        return {
            "name": self.name,
            "start": self.start.isoformat(),
            "end": self.end.isoformat(),
            "yearly": self.yearly,
        }

    def holds(self, day: date) -> bool:
        """Say whether a day is free."""
        if not self.yearly:
            return self.start <= day <= self.end
        # It may have begun last year.
        span = self.end.year - self.start.year
        begun = range(max(1, day.year - span), min(day.year, MAXYEAR - span) + 1)
        return any(_in_year(self.start, year) <= day <= _in_year(self.end, year + span) for year in begun)


@dataclass(frozen=True, slots=True)
class Opening:
    """What an instant is, and why in words that go on from "because"."""

    period: Period
    reason: str


@dataclass(frozen=True, slots=True)
class Calendar:
    """A time zone, a week and holidays: enough to say what any instant is."""

    zone: ZoneInfo
    week: Week
    holidays: tuple[Holiday, ...] = ()
    # Which holiday a day is, of the days asked for already: most texts of a day ask for the same one.
    _known: dict[date, Holiday | None] = field(default_factory=dict, init=False, repr=False, compare=False)

    @classmethod
    def always(cls, zone: str = "UTC") -> Self:
        """Return a calendar that never closes."""
        return cls(_zone(zone), Week.always())

    @classmethod
    def from_json(cls, data: object) -> Self:
        """Read a stored calendar; None is one that never closes."""
        if data is None:
            return cls.always()
        if not isinstance(data, Mapping):
            raise ConditionError("a calendar is not an object.")
        week = Week.always() if data.get("week") is None else Week.from_json(data["week"])
        return cls(_zone(read_optional_text(data, "zone") or "UTC"), week, read_holidays(data.get("holidays") or ()))

    def to_json(self) -> dict[str, Any]:
        """Return what is stored."""
        return {
            "zone": self.zone.key,
            "week": self.week.to_json(),
            "holidays": [holiday.to_json() for holiday in self.holidays],
        }

    def with_own(self, week: Week | None, holidays: tuple[Holiday, ...] | None) -> "Calendar":
        """Return the calendar of a rule that has its own week or holidays."""
        return Calendar(
            self.zone,
            self.week if week is None else week,
            self.holidays if holidays is None else holidays,
        )

    def local(self, instant: datetime) -> datetime:
        """Return an instant as the tenant's clock shows it."""
        return instant.astimezone(self.zone)

    def at(self, instant: datetime) -> Opening:
        """Say what an instant is; holidays come first."""
        local = self.local(instant)
        shown = f"it is {DAY_NAMES[local.weekday()]} {local:%H:%M}"
        holiday = self._holiday(local.date())
        if holiday:
            return Opening(Period.HOLIDAY, f"{shown}, a holiday ({holiday.name})")
        if self.week.is_open(local):
            return Opening(Period.OPEN, f"{shown}, within office hours")
        return Opening(Period.CLOSED, f"{shown}, outside office hours")

    def is_open(self, instant: datetime) -> bool:
        """Say whether an instant is neither a holiday nor outside the week's shifts."""
        local = self.local(instant)
        return self.week.is_open(local) and not self._holiday(local.date())

    def next_opening(self, instant: datetime) -> datetime | None:
        """Return when it is open next, in UTC: the instant itself when it is open, None when it never opens."""
        if not self.week.ever_opens:
            return None
        return self._next(instant, wanted=True, within_days=_DAYS_TO_AN_OPENING)

    def next_closing(self, instant: datetime) -> datetime | None:
        """Return when it is not open next, in UTC: the instant itself when it is not, None when open for a year."""
        if not self.holidays and self.week == Week.always():
            return None
        return self._next(instant, wanted=False, within_days=_DAYS_TO_A_CLOSING)

    def _next(self, instant: datetime, *, wanted: bool, within_days: int) -> datetime | None:
        """Return the first instant, from the given one on, at which it is open (or, if so wanted, is not)."""
        if self.is_open(instant) is wanted:
            return instant
        start = instant.astimezone(UTC)
        for _day in range(within_days):
            if start.year >= MAXYEAR - 1:
                return None
            if found := self._first_within(start, start + _DAY, wanted=wanted):
                return found
            start += _DAY
        return None

    def _first_within(self, start: datetime, end: datetime, *, wanted: bool) -> datetime | None:
        if wanted and not any(map(self._has_shifts, self._days(start, end))):
            return None
        changes = (change for change in self._changes(start, end) if start <= change < end)
        return min((change for change in changes if self.is_open(change) is wanted), default=None)

    def _changes(self, start: datetime, end: datetime) -> Iterator[datetime]:
        """Yield, in UTC, every instant of a span of a day, and some around it, at which anything may begin or end."""
        for day in self._days(start, end):
            minutes = {0, *(edge for shift in self.week.days[day.weekday()] for edge in (shift.start, shift.end))}
            for minute in minutes - {MINUTES_A_DAY}:
                local = datetime.combine(day, time(minute // 60, minute % 60), self.zone)
                # What the clock shows twice is two instants.
                yield from (local.replace(fold=fold).astimezone(UTC) for fold in (0, 1))
        if (turn := self._turn(start, end)) is not None:
            yield turn

    def _days(self, start: datetime, end: datetime) -> Iterator[date]:
        """Return the days of a span of a day, and the one before: the clock may go back over midnight."""
        first, last = self.local(start).date() - _DAY, self.local(end).date()
        return (first + timedelta(days=ahead) for ahead in range((last - first).days + 1))

    def _has_shifts(self, day: date) -> bool:
        return bool(self.week.days[day.weekday()]) and not self._holiday(day)

    def _holiday(self, day: date) -> Holiday | None:
        if day in self._known:
            return self._known[day]
        found = next((one for one in self.holidays if one.holds(day)), None)
        if len(self._known) < _DAYS_KNOWN:
            self._known[day] = found
        return found

    def _turn(self, start: datetime, end: datetime) -> datetime | None:
        """Return, in UTC, when within a span of a day the clocks are put forward or back."""
        start = start.replace(microsecond=0)
        before = self.local(start).utcoffset()
        if self.local(end).utcoffset() == before:
            return None
        low, high = 0, (end - start) // timedelta(seconds=1)
        while high - low > 1:
            middle = (low + high) // 2
            same = self.local(start + timedelta(seconds=middle)).utcoffset() == before
            low, high = (middle, high) if same else (low, middle)
        return start + timedelta(seconds=high)


def read_holidays(data: object) -> tuple[Holiday, ...]:
    """Read a list of stored holidays."""
    if not isinstance(data, list | tuple):
        raise ConditionError("“holidays” is not a list.")
    return tuple(Holiday.from_json(entry) for entry in data)


def _date(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise ConditionError(f"“{text}” is not a date such as 2026-12-24.") from error


def _in_year(day: date, year: int) -> date:
    """Return the same day in another year; 29 February is 1 March in a common year."""
    try:
        return day.replace(year=year)
    except ValueError:
        return date(year, 3, 1)


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        raise ConditionError(f"the time zone “{name}” is not known.") from error
