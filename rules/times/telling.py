"""Tell people what it is now for an office and until when, in the tenant's own time."""

from dataclasses import dataclass
from datetime import datetime

from django.utils import dateformat
from django.utils.translation import gettext as _

from rules.schedule import Calendar, Period


@dataclass(frozen=True, slots=True)
class Now:
    """What it is: open or not, until when ("" = for good), in a sentence for an office, and by which clock.

    `tone` is a badge's, `clock` the tenant's local time, `opens` the next opening ("" = it is open, or never opens).
    """

    is_open: bool
    until: str
    text: str
    tone: str
    clock: str
    opens: str


def now(calendar: Calendar, instant: datetime) -> Now:
    """Say what an instant (aware) is for a calendar."""
    period = calendar.at(instant).period
    is_open = period == Period.OPEN
    change = calendar.next_closing(instant) if is_open else calendar.next_opening(instant)
    until = day_and_time(calendar, change, instant) if change else ""
    tone, text = _in_words(period, until)
    clock = dateformat.format(calendar.local(instant), "l, j F Y, H:i")
    return Now(is_open, until, text, tone, clock, "" if is_open else until)


def _in_words(period: Period, until: str) -> tuple[str, str]:
    if period == Period.OPEN:
        return "good", _("Open until %s") % until if until else _("Always open")
    if period == Period.HOLIDAY:
        return "warn", _("Holiday; open again %s") % until if until else _("Holiday")
    return "neutral", _("Closed until %s") % until if until else _("Closed: it never opens")


def day_and_time(calendar: Calendar, then: datetime, instant: datetime) -> str:
    """Write an instant as people say it at another one: "17:30", "tomorrow 09:00", "Monday 09:00", or the full date."""
    local = calendar.local(then)
    days = (local.date() - calendar.local(instant).date()).days
    if days == 0:
        return dateformat.format(local, "H:i")
    if days == 1:
        return _("tomorrow %s") % dateformat.format(local, "H:i")
    return dateformat.format(local, "l H:i" if 1 < days < 7 else "j F Y, H:i")
