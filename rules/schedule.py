"""Office hours, holidays and moments: what time it is for a tenant, and when it opens next; PURE.

Instants are aware and in UTC; what people enter (days, times of day) is read in the tenant's time zone. A local time
that a change to summer time skips counts as the moment after the gap; one that comes twice counts both times.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from itertools import pairwise
from typing import Any, Self
from zoneinfo import ZoneInfo

from rules.reading import ConditionError, Json, read_optional_text, read_switch, read_text
from rules.wording import any_of

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
DAY_NAMES = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MONTH_NAMES = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
_TIME = re.compile(r"(?:[01][0-9]|2[0-3]):[0-5][0-9]\Z")
_MIDNIGHT = "24:00"
_MINUTES_A_DAY = 24 * 60
# A rule that never opens within this many days never opens: holidays end, weeks repeat.
_LOOKED_AHEAD = 800


class Period(StrEnum):
    """What an instant is for an office."""

    OPEN = "open"
    CLOSED = "closed"
    HOLIDAY = "holiday"


@dataclass(frozen=True, slots=True)
class Shift:
    """From one minute of the day to another, the last not included; a whole day is 0 to 1440."""

    start: int
    end: int

    @classmethod
    def from_json(cls, data: object) -> Self:
        """Read a pair such as `["09:00", "17:30"]`; "24:00" is the end of the day."""
        if not isinstance(data, list | tuple) or len(data) != 2:
            raise ConditionError("a shift is not two times such as 09:00 and 17:30.")
        start, end = _minute(data[0]), _minute(data[1])
        if not start < end:
            raise ConditionError(f"the shift {data[0]} – {data[1]} ends before it starts: split it at midnight.")
        return cls(start, end)

    def to_json(self) -> list[str]:
        """Return what is stored."""
        return [_clock(self.start), _clock(self.end)]

    def __str__(self) -> str:
        return f"{_clock(self.start)} – {_clock(self.end)}"


@dataclass(frozen=True, slots=True)
class Week:
    """The shifts of seven days, Monday first; a day without shifts is closed."""

    days: tuple[tuple[Shift, ...], ...]

    @classmethod
    def always(cls) -> Self:
        """Return a week that never closes."""
        return cls(((Shift(0, _MINUTES_A_DAY),),) * 7)

    @classmethod
    def from_json(cls, data: object) -> Self:
        """Read `{"mon": [["09:00", "17:00"]], …}`; a day that is not named is closed."""
        if not isinstance(data, Mapping) or not set(data) <= set(DAYS):
            raise ConditionError("a week is not made of the days mon to sun.")
        return cls(tuple(_day(name, data.get(day, ())) for day, name in zip(DAYS, DAY_NAMES, strict=True)))

    def to_json(self) -> dict[str, Any]:
        """Return what is stored."""
        named = zip(DAYS, self.days, strict=True)
        return {day: [shift.to_json() for shift in shifts] for day, shifts in named if shifts}

    @property
    def ever_opens(self) -> bool:
        """Say whether there is any shift at all."""
        return any(self.days)

    def is_open(self, local: datetime) -> bool:
        """Say whether a local time lies in a shift."""
        minute = local.hour * 60 + local.minute
        return any(shift.start <= minute < shift.end for shift in self.days[local.weekday()])


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
        length = self.end - self.start
        # It may have begun last year; 29 February is 1 March in a common year.
        return any(first <= day <= first + length for first in (_in_year(self.start, day.year - n) for n in (0, 1)))


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
        holiday = next((one for one in self.holidays if one.holds(local.date())), None)
        if holiday:
            return Opening(Period.HOLIDAY, f"{shown}, a holiday ({holiday.name})")
        if self.week.is_open(local):
            return Opening(Period.OPEN, f"{shown}, within office hours")
        return Opening(Period.CLOSED, f"{shown}, outside office hours")

    def next_opening(self, instant: datetime) -> datetime | None:
        """Return when it is open next, in UTC: the instant itself when it is open, None when it never opens."""
        if self.at(instant).period == Period.OPEN:
            return instant
        if not self.week.ever_opens:
            return None
        first = self.local(instant).date()
        for ahead in range(_LOOKED_AHEAD):
            day = first + timedelta(days=ahead)
            for shift in self.week.days[day.weekday()]:
                opening = self._instant(day, shift.start)
                if opening > instant and self.at(opening).period == Period.OPEN:
                    return opening
        return None

    def _instant(self, day: date, minute: int) -> datetime:
        local = datetime.combine(day, time(minute // 60, minute % 60), self.zone)
        return local.astimezone(UTC)


@dataclass(frozen=True, slots=True)
class Moment:
    """Years, months, days of the month, weekdays and a time of day; what is empty does not matter."""

    years: tuple[int, ...] = ()
    months: tuple[int, ...] = ()
    days: tuple[int, ...] = ()
    weekdays: tuple[int, ...] = ()
    hours: Shift | None = None

    @classmethod
    def from_json(cls, data: object) -> Self:
        """Read a stored moment."""
        if not isinstance(data, Mapping):
            raise ConditionError("a moment is not an object.")
        hours = data.get("hours")
        found = cls(
            _numbers(data, "years", 1970, 9999),
            _numbers(data, "months", 1, 12),
            _numbers(data, "days", 1, 31),
            _numbers(data, "weekdays", 0, 6),
            None if hours is None else Shift.from_json(hours),
        )
        if found == cls():
            raise ConditionError("no time is given: choose a day, a month, a weekday or a time of day.")
        return found

    def to_json(self) -> dict[str, Any]:
        """Return what is stored."""
        lists = {"years": self.years, "months": self.months, "days": self.days, "weekdays": self.weekdays}
        found: dict[str, Any] = {name: list(values) for name, values in lists.items() if values}
        return found | ({"hours": self.hours.to_json()} if self.hours else {})

    def holds(self, local: datetime) -> bool:
        """Say whether a local time is meant."""
        minute = local.hour * 60 + local.minute
        return (
            (not self.years or local.year in self.years)
            and (not self.months or local.month in self.months)
            and (not self.days or local.day in self.days)
            and (not self.weekdays or local.weekday() in self.weekdays)
            and (self.hours is None or self.hours.start <= minute < self.hours.end)
        )

    def describe(self) -> str:
        """Say it in words that go on from "at": "Saturday or Sunday, in December, 08:00 – 12:00"."""
        parts = [
            any_of([DAY_NAMES[day] for day in self.weekdays]) if self.weekdays else "",
            f"day {any_of([str(day) for day in self.days])}" if self.days else "",
            f"in {any_of([MONTH_NAMES[month - 1] for month in self.months])}" if self.months else "",
            any_of([str(year) for year in self.years]) if self.years else "",
            str(self.hours) if self.hours else "",
        ]
        return ", ".join(filter(None, parts))


def read_holidays(data: object) -> tuple[Holiday, ...]:
    """Read a list of stored holidays."""
    if not isinstance(data, list | tuple):
        raise ConditionError("“holidays” is not a list.")
    return tuple(Holiday.from_json(entry) for entry in data)


def _day(name: str, data: object) -> tuple[Shift, ...]:
    try:
        return _shifts(data)
    except ConditionError as error:
        raise ConditionError(f"{name}: {error}") from error


def _shifts(data: object) -> tuple[Shift, ...]:
    if not isinstance(data, list | tuple):
        raise ConditionError("the shifts of a day are not a list.")
    shifts = sorted((Shift.from_json(entry) for entry in data), key=lambda shift: shift.start)
    for before, after in pairwise(shifts):
        if after.start < before.end:
            raise ConditionError(f"the shifts {before} and {after} overlap.")
    return tuple(shifts)


def _minute(text: object) -> int:
    if text == _MIDNIGHT:
        return _MINUTES_A_DAY
    if not isinstance(text, str) or not _TIME.match(text):
        raise ConditionError(f"“{text}” is not a time of day such as 09:00.")
    return int(text[:2]) * 60 + int(text[3:])


def _clock(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"


def _date(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise ConditionError(f"“{text}” is not a date such as 2026-12-24.") from error


def _in_year(day: date, year: int) -> date:
    try:
        return day.replace(year=year)
    except ValueError:
        return date(year, 3, 1)


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        raise ConditionError(f"the time zone “{name}” is not known.") from error


def _numbers(data: Json, name: str, least: int, most: int) -> tuple[int, ...]:
    values: Any = data.get(name, ())
    if not isinstance(values, Sequence) or isinstance(values, str):
        raise ConditionError(f"“{name}” is not a list of whole numbers.")
    if not all(type(value) is int and least <= value <= most for value in values):
        raise ConditionError(f"“{name}” has a number that is not between {least} and {most}.")
    return tuple(sorted(set(values)))
