"""Tell people what it is now for an office and until when, in the tenant's own time."""

from dataclasses import dataclass
from datetime import datetime

from django.utils import dateformat
from django.utils.translation import gettext as _

from rules.schedule import Calendar, Period


@dataclass(frozen=True, slots=True)
class Now:
    """What it is: `tone` is a badge's, `text` such as "Open until 17:30", `clock` the tenant's local time."""

    tone: str
    text: str
    clock: str
    opens: str


def now(calendar: Calendar, instant: datetime) -> Now:
    """Say what an instant (aware) is for a calendar; `opens` is the next opening, empty when open or never."""
    opening = calendar.at(instant)
    opens = calendar.next_opening(instant)
    clock = dateformat.format(calendar.local(instant), "l, j F Y, H:i")
    until = "" if opens is None else day_and_time(calendar, opens, instant)
    if opening.period == Period.OPEN:
        closes = calendar.next_closing(instant)
        if closes is None:
            return Now("good", _("Always open"), clock, "")
        return Now("good", _("Open until %s") % day_and_time(calendar, closes, instant), clock, "")
    if opening.period == Period.HOLIDAY:
        text = _("Holiday; open again %s") % until if until else _("Holiday")
        return Now("warn", text, clock, until)
    return Now("neutral", _("Closed until %s") % until if until else _("Closed: it never opens"), clock, until)


def day_and_time(calendar: Calendar, then: datetime, instant: datetime) -> str:
    """Write an instant as people say it at another one: "17:30", "tomorrow 09:00", "Monday 09:00", or the full date."""
    local = calendar.local(then)
    days = (local.date() - calendar.local(instant).date()).days
    if days == 0:
        return dateformat.format(local, "H:i")
    if days == 1:
        return _("tomorrow %s") % dateformat.format(local, "H:i")
    return dateformat.format(local, "l H:i" if 1 < days < 7 else "j F Y, H:i")
