"""Say whether a time that a rule asks for is still to come; PURE."""

from datetime import date, datetime
from functools import lru_cache
from itertools import product

from rules.schedule import Calendar, Moment, Period, Week

# Every weekday meets 29 February within so many years, also around a year such as 2100.
_YEARS_AHEAD = 41


@lru_cache(maxsize=1024)
def moment_comes(moment: Moment, day: date) -> bool:
    """Say whether there is a day, from the given one on, that a moment means: 31 February never comes."""
    years = moment.years or range(day.year, min(day.year + _YEARS_AHEAD, date.max.year + 1))
    days = product((year for year in years if year >= day.year), moment.months or range(1, 13), _days(moment))
    found = (date(*parts) for parts in days if _is_date(*parts))
    return any(one >= day and (not moment.weekdays or one.weekday() in moment.weekdays) for one in found)


# A tenant's rules have one calendar among them, or few.
@lru_cache(maxsize=32)
def period_comes(calendar: Calendar, period: Period, now: datetime) -> bool:
    """Say whether, from an instant on, it is open, closed (holidays apart) or a holiday again."""
    if period == Period.HOLIDAY:
        today = calendar.local(now).date()
        return any(holiday.yearly or holiday.end >= today for holiday in calendar.holidays)
    if period == Period.OPEN:
        return calendar.next_opening(now) is not None
    return calendar.week != Week.always()


def _days(moment: Moment) -> tuple[int, ...]:
    return moment.days or tuple(range(1, 32))


def _is_date(year: int, month: int, day: int) -> bool:
    try:
        date(year, month, day)
    except ValueError:
        return False
    return True
