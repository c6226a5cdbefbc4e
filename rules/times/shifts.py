"""Shifts and weeks: the times of day at which an office is open, as people enter them; PURE."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Any, Self

from rules.reading import ConditionError

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
DAY_NAMES = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MINUTES_A_DAY = 24 * 60
_TIME = re.compile(r"(?:[01][0-9]|2[0-3]):[0-5][0-9]\Z")
_MIDNIGHT = "24:00"


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
        return cls(((Shift(0, MINUTES_A_DAY),),) * 7)

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
        return MINUTES_A_DAY
    if not isinstance(text, str) or not _TIME.match(text):
        raise ConditionError(f"“{text}” is not a time of day such as 09:00.")
    return int(text[:2]) * 60 + int(text[3:])


def _clock(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"
