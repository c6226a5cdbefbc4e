"""Times in a cell: a moment, a week, holidays, as people read and write them; PURE.

moment    weekdays=sat,sun months=12 hours=08:00-12:00
week      mon-fri 09:00-12:00,13:00-17:00; sat 10:00-14:00      closed = never open
holidays  2026-12-24..2026-12-26 yearly Christmas; 2027-01-01 New Year      none = none at all
"""

import re
from typing import Any

from rules.reading import ConditionError
from rules.schedule import DAYS, Moment, Week, read_holidays

Json = dict[str, Any]

_LISTS = ("years", "months", "days")
_SHIFT = re.compile(r"([0-9]{1,2}:[0-9]{2})\s*[-–]\s*([0-9]{1,2}:[0-9]{2})\Z")
_DAY = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
_HOLIDAY = re.compile(rf"({_DAY})(?:\.\.({_DAY}))?\s+(yearly\s+)?(.+)\Z", re.DOTALL)
_CLOSED, _NONE = "closed", "none"


class CellError(ValueError):
    """A cell cannot be read; the message says what to write."""


def read_moment(text: str) -> Json:
    """Read a moment as rule documents hold it."""
    found: Json = {}
    for part in text.split():
        name, _sign, value = part.partition("=")
        if name in _LISTS:
            found[name] = [_whole(one, name) for one in value.split(",")]
        elif name == "weekdays":
            found[name] = [_weekday(one) for one in value.split(",")]
        elif name == "hours":
            found[name] = _shift(value)
        else:
            raise CellError(
                f"“{part}” is no time: write years=, months=, days=, weekdays=sat,sun or hours=08:00-12:00."
            )
    try:
        return Moment.from_json(found).to_json()
    except ConditionError as error:
        raise CellError(str(error)) from error


def write_moment(moment: Json) -> str:
    """Write a moment."""
    parts = [f"{name}={','.join(map(str, moment[name]))}" for name in _LISTS if moment.get(name)]
    if moment.get("weekdays"):
        parts.append(f"weekdays={','.join(DAYS[day] for day in moment['weekdays'])}")
    if moment.get("hours"):
        parts.append(f"hours={'-'.join(moment['hours'])}")
    return " ".join(parts)


def read_week(text: str) -> Json | None:
    """Read a week as rule documents hold it; an empty cell is none of its own."""
    if not text.strip():
        return None
    days: dict[str, list[list[str]]] = {}
    for part in filter(None, (one.strip() for one in text.split(";"))):
        if part.casefold() == _CLOSED:
            continue
        names, _blank, shifts = part.partition(" ")
        for day in _days(names):
            days.setdefault(day, []).extend(_shift(one) for one in shifts.split(","))
    try:
        return Week.from_json(days).to_json()
    except ConditionError as error:
        raise CellError(str(error)) from error


def write_week(week: Json | None) -> str:
    """Write a week: days in a row with the same shifts together."""
    if week is None:
        return ""
    parts: list[tuple[str, str, str]] = []
    for day in DAYS:
        shifts = ",".join("-".join(shift) for shift in week.get(day, ()))
        if shifts and parts and parts[-1][2] == shifts and DAYS.index(parts[-1][1]) + 1 == DAYS.index(day):
            parts[-1] = (parts[-1][0], day, shifts)
        elif shifts:
            parts.append((day, day, shifts))
    named = (f"{first if first == last else f'{first}-{last}'} {shifts}" for first, last, shifts in parts)
    return "; ".join(named) or _CLOSED


def read_holidays_cell(text: str) -> list[Json] | None:
    """Read holidays as rule documents hold them; an empty cell is none of its own."""
    if not text.strip():
        return None
    if text.strip().casefold() == _NONE:
        return []
    found = []
    for part in filter(None, (one.strip() for one in text.split(";"))):
        read = _HOLIDAY.match(part)
        if not read:
            raise CellError(f"“{part[:40]}” is no holiday: write 2026-12-24..2026-12-26 Christmas.")
        start, end, yearly, name = read.groups()
        found.append({"name": name.strip(), "start": start, "end": end or start, "yearly": bool(yearly)})
    try:
        return [holiday.to_json() for holiday in read_holidays(found)]
    except ConditionError as error:
        raise CellError(str(error)) from error


def write_holidays_cell(holidays: list[Json] | None) -> str:
    """Write holidays."""
    if holidays is None:
        return ""
    return "; ".join(_holiday(one) for one in holidays) or _NONE


def _holiday(holiday: Json) -> str:
    last = "" if holiday["end"] == holiday["start"] else f"..{holiday['end']}"
    return f"{holiday['start']}{last} {'yearly ' if holiday['yearly'] else ''}{holiday['name']}"


def _days(text: str) -> list[str]:
    first, _sign, last = text.casefold().partition("-")
    if first not in DAYS or (last and last not in DAYS):
        raise CellError(f"“{text}” is no weekday: write mon, tue, wed, thu, fri, sat or sun, or mon-fri.")
    start, end = DAYS.index(first), DAYS.index(last or first)
    if end < start:
        raise CellError(f"“{text}” ends before it starts: the week begins on Monday.")
    return list(DAYS[start : end + 1])


def _shift(text: str) -> list[str]:
    found = _SHIFT.match(text.strip())
    if not found:
        raise CellError(f"“{text.strip()}” is no time of day: write 09:00-17:00.")
    return [time.zfill(5) for time in found.groups()]


def _weekday(text: str) -> int:
    if text.casefold() not in DAYS:
        raise CellError(f"“{text}” is no weekday: write mon, tue, wed, thu, fri, sat or sun.")
    return DAYS.index(text.casefold())


def _whole(text: str, name: str) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > 4:
        raise CellError(f"“{text}” is no whole number in {name}.")
    return int(text)
