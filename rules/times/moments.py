"""Moments: years, months, days, weekdays and a time of day, as people choose them; PURE."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

from rules.reading import ConditionError, Json
from rules.times.shifts import DAY_NAMES, Shift
from rules.wording import any_of

MONTH_NAMES = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)


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


def _numbers(data: Json, name: str, least: int, most: int) -> tuple[int, ...]:
    values: Any = data.get(name, ())
    if not isinstance(values, Sequence) or isinstance(values, str):
        raise ConditionError(f"“{name}” is not a list of whole numbers.")
    if not all(type(value) is int and least <= value <= most for value in values):
        raise ConditionError(f"“{name}” has a number that is not between {least} and {most}.")
    return tuple(sorted(set(values)))
