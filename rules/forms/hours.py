"""Hours of its own for whoever needs them: a week of shifts to fill in, and holidays one a line.

How to use it, in any form:

    hours = WeekField(switch=_("This rule has hours of its own"), otherwise=_("Off: the company’s office hours."))
    holidays = HolidaysField()

The form's initial values are what is stored (`rule.hours`, `rule.holidays`: JSON or None), `cleaned_data["hours"]` and
`cleaned_data["holidays"]` are what is to be stored. In a template `<c-week :field="form.hours" />` draws the week (so
does `{{ form.hours.as_field_group }}`). “Apply to weekdays” and “Apply to all days” need nothing from the view:
without JavaScript they are submit buttons of the form, which is then not valid and comes back with the days filled in.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import zip_longest
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from rules.reading import ConditionError
from rules.schedule import DAY_NAMES, DAYS, Holiday, Week, read_holidays

Json = dict[str, Any]

WEEKDAYS = DAYS[:5]
SHIFTS_AT_MOST = 6
_ALL_DAY = ("00:00", "24:00")
# What one begins with: nobody's office is open at night by accident.
_SUGGESTED = ("09:00", "17:00")
_TYPED_TIME = re.compile(r"([0-9]{1,2})(?:[:.]([0-9]{2}))?(?::[0-9]{2})?\Z")
_HOLIDAY_LINE = re.compile(
    r"(?P<start>[0-9-]{10})(?:\s*(?:–|-|to)\s*(?P<end>[0-9-]{10}))?\s+(?P<yearly>every\s+year\s+)?(?P<name>\S.*)\Z"
)
_NONE_AT_ALL = "none"
HOLIDAYS_AT_MOST = 200


@dataclass(frozen=True, slots=True)
class EnteredDay:
    """A day as somebody filled it in: open or not, and the times as they were typed."""

    is_open: bool = False
    shifts: tuple[tuple[str, str], ...] = ()

    def to_json(self) -> list[list[str]]:
        """Return the shifts as they are stored; open without times is open all day."""
        if not self.is_open:
            return []
        return [[_time(start), _end_time(end)] for start, end in self.shifts] or [list(_ALL_DAY)]

    def problem(self, day: str) -> str:
        """Say what is wrong with it, by name ("" = nothing)."""
        name = DAY_NAMES[DAYS.index(day)]
        half = next((start or end for start, end in self.shifts if not (start and end)), "")
        if self.is_open and half:
            return _("%(day)s: enter both times of the shift with %(time)s.") % {"day": name, "time": half}
        if self.is_open and len(self.shifts) > SHIFTS_AT_MOST:
            return _("%(day)s: at most %(most)s shifts.") % {"day": name, "most": SHIFTS_AT_MOST}
        try:
            Week.from_json({day: self.to_json()})
        except ConditionError as error:
            return str(error)
        return ""


@dataclass(frozen=True, slots=True)
class EnteredWeek:
    """A week as somebody filled it in; `own` is the switch above it, `applied` what a button has just filled in."""

    own: bool
    days: Mapping[str, EnteredDay]
    applied: str = ""

    def problems(self) -> dict[str, str]:
        """Say, by day, what is wrong."""
        found = {day: entered.problem(day) for day, entered in self.days.items()}
        return {day: problem for day, problem in found.items() if problem}

    def apply(self, wanted: str) -> "EnteredWeek":
        """Return it with one day's times on others too; `wanted` is such as "mon:weekdays" or "mon:all"."""
        day, _sign, onto = wanted.partition(":")
        if day not in self.days or onto not in ("weekdays", "all"):
            return self
        copied = dict.fromkeys(WEEKDAYS if onto == "weekdays" else DAYS, self.days[day])
        return replace(self, days={**self.days, **copied}, applied=DAY_NAMES[DAYS.index(day)])


class WeekWidget(forms.Widget):
    """Seven days, each with a switch and its shifts."""

    template_name = "rules/_week_widget.html"
    use_fieldset = True

    def __init__(self, attrs: Json | None = None, *, switch: str = "", otherwise: str = "") -> None:
        super().__init__(attrs)
        self.switch, self.otherwise = switch, otherwise

    def value_from_datadict(self, data: Any, files: Any, name: str) -> EnteredWeek:
        """Read what was filled in; a button that applies a day's times to others has done so already."""
        many = data.getlist if hasattr(data, "getlist") else data.get
        days = {}
        for day in DAYS:
            starts, ends = (many(f"{name}-{day}-{edge}") or [] for edge in ("start", "end"))
            pairs = tuple((start.strip(), end.strip()) for start, end in zip_longest(starts, ends, fillvalue=""))
            days[day] = EnteredDay(f"{name}-{day}-open" in data, tuple(pair for pair in pairs if any(pair)))
        own = not self.switch or f"{name}-own" in data
        return EnteredWeek(own, days).apply(str(data.get(f"{name}-apply") or ""))

    def value_omitted_from_data(self, data: Any, files: Any, name: str) -> bool:
        """Nothing ticked is a closed week, not a missing one."""
        return False

    def get_context(self, name: str, value: Any, attrs: Json | None) -> Json:
        """Give the template the days, with what is wrong beside each."""
        context = super().get_context(name, value, attrs)
        entered = value if isinstance(value, EnteredWeek) else _entered(value)
        problems = entered.problems() if entered.own else {}
        context["widget"] |= {
            "switch": self.switch,
            "otherwise": self.otherwise,
            "own": entered.own,
            "days": [
                {
                    "key": day,
                    "name": DAY_NAMES[place],
                    "open": entered.days[day].is_open,
                    "shifts": entered.days[day].shifts,
                    "problem": problems.get(day, ""),
                }
                for place, day in enumerate(DAYS)
            ],
        }
        return context

    def id_for_label(self, id_: str) -> str:
        """Belong to no single input."""
        return ""


class WeekField(forms.Field):
    """A week as rules/schedule.py reads it (`{"mon": [["09:00", "17:00"]], …}`), or None when the switch is off.

    Args:
        switch: what the switch above the week says; "" = there is none, and a week is always given.
        otherwise: what holds while the switch is off, in one sentence.
    """

    widget = WeekWidget

    def __init__(self, *, switch: Any = "", otherwise: Any = "", **options: Any) -> None:
        options.setdefault("label", gettext_lazy("Hours"))
        super().__init__(required=False, widget=WeekWidget(switch=switch, otherwise=otherwise), **options)

    def to_python(self, value: Any) -> Json | None:
        """Turn what was filled in into what is stored.

        Raises:
            ValidationError: times that cannot be, one message a day; no open day; or a button of the week was pressed.
        """
        if not isinstance(value, EnteredWeek) or not value.own:
            return None
        problems = value.problems()
        if problems:
            raise ValidationError([ValidationError(problem) for problem in problems.values()])
        if value.applied:
            text = _("The times of %s are on the other days too now. Look at them, then save.")
            raise ValidationError(text % value.applied, code="applied")
        week = Week.from_json({day: entered.to_json() for day, entered in value.days.items()})
        if not week.ever_opens:
            raise ValidationError(_("No day is open: open at least one."))
        return week.to_json()

    def has_changed(self, initial: Any, data: Any) -> bool:
        """Compare by what would be stored."""
        try:
            return bool(self.to_python(data) != initial)
        except ValidationError:
            return True


class HolidaysField(forms.CharField):
    """Holidays as a rule keeps them: None = the company's, an empty list = none at all, else one for each line."""

    def __init__(self, **options: Any) -> None:
        options.setdefault("label", gettext_lazy("Holidays of its own"))
        options.setdefault(
            "help_text",
            gettext_lazy(
                "One a line: 2026-12-24 – 2026-12-26 Christmas, or 2026-05-01 every year Labour Day. "
                "Empty: the company’s holidays. The word “none”: no holidays at all."
            ),
        )
        options.setdefault("widget", forms.Textarea(attrs={"rows": 2, "placeholder": "2026-12-24 – 2026-12-26 …"}))
        super().__init__(required=False, max_length=20_000, **options)

    def prepare_value(self, value: Any) -> Any:
        """Write stored holidays as lines."""
        if not isinstance(value, list):
            return value
        return "\n".join(_holiday_line(one) for one in read_holidays(value)) or _NONE_AT_ALL

    def to_python(self, value: Any) -> Any:
        """Read the lines; raises ValidationError with every line that cannot be read."""
        lines = [line for line in map(str.strip, str(value or "").splitlines()) if line]
        if not lines:
            return None
        if [line.casefold() for line in lines] == [_NONE_AT_ALL]:
            return []
        if len(lines) > HOLIDAYS_AT_MOST:
            raise ValidationError(_("At most %s holidays.") % HOLIDAYS_AT_MOST)
        read = [_read_holiday_line(line) for line in lines]
        wrong = [one for one in read if isinstance(one, ValidationError)]
        if wrong:
            raise ValidationError(wrong)
        return [one.to_json() for one in read if isinstance(one, Holiday)]

    def validate(self, value: Any) -> None:
        """Nothing more: an empty list and None both mean something."""

    def run_validators(self, value: Any) -> None:
        """Nothing more: the lines are read already."""


def _entered(week: Json | None) -> EnteredWeek:
    """Turn what is stored into what is filled in; without a week, into one to begin with."""
    if week is None:
        office = EnteredDay(True, (_SUGGESTED,))
        return EnteredWeek(False, {day: office if day in WEEKDAYS else EnteredDay() for day in DAYS})
    days = {}
    for day in DAYS:
        shifts = tuple((str(start), str(end)) for start, end in week.get(day, ()))
        whole = shifts == (_ALL_DAY,)
        # A time picker knows no 24:00: midnight at the end of a shift is 00:00 there.
        shown = tuple((start, "00:00" if end == "24:00" else end) for start, end in shifts)
        days[day] = EnteredDay(bool(shifts), () if whole else shown)
    return EnteredWeek(True, days)


def _time(text: str) -> str:
    """Write a time the way it is stored; what is none stays, and is refused by name."""
    typed = _TYPED_TIME.match(text)
    return f"{int(typed[1]):02}:{typed[2] or '00'}" if typed else text


def _end_time(text: str) -> str:
    return "24:00" if _time(text) == "00:00" else _time(text)


def _holiday_line(holiday: Holiday) -> str:
    days = holiday.start.isoformat()
    if holiday.end != holiday.start:
        days += f" – {holiday.end.isoformat()}"
    return f"{days} {'every year ' if holiday.yearly else ''}{holiday.name}"


def _read_holiday_line(line: str) -> Holiday | ValidationError:
    found = _HOLIDAY_LINE.match(line)
    if not found:
        text = _("“%s” is not a holiday: write 2026-12-25 Christmas, or 2026-12-24 – 2026-12-26 Christmas.")
        return ValidationError(text % line[:80])
    stored = {
        "name": found["name"],
        "start": found["start"],
        "end": found["end"] or found["start"],
        "yearly": bool(found["yearly"]),
    }
    try:
        return Holiday.from_json(stored)
    except ConditionError as error:
        return ValidationError(f"{line[:80]}: {error}")
