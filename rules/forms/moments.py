"""The fields of "at these times": weekdays, months, days of the month, years, and from when to when."""

from datetime import time
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy

from rules.forms.asked import sentence
from rules.lists import numbers_as_text, read_numbers
from rules.reading import ConditionError
from rules.schedule import DAY_NAMES, MONTH_NAMES, Moment
from rules.spans import PatternError

Json = dict[str, Any]

MOMENT_FIELDS = ("weekdays", "months", "days", "years", "starts", "ends")
_MIDNIGHT = time(0, 0)
_TIME = gettext_lazy("Write a time of day such as 09:00.")


def add_moment_fields(form: forms.Form) -> None:
    """Give a form the fields of a moment; all may stay empty."""
    form.fields |= {
        "weekdays": _several(gettext_lazy("Weekdays"), list(enumerate(DAY_NAMES))),
        "months": _several(gettext_lazy("Months"), list(enumerate(MONTH_NAMES, 1))),
        "days": _numbers(gettext_lazy("Days of the month"), gettext_lazy("1; 15; 20-25"), 120),
        "years": _numbers(gettext_lazy("Years"), gettext_lazy("Every year"), 60),
        "starts": _time(gettext_lazy("From")),
        "ends": _time(gettext_lazy("To")),
    }


def read_moment(form: forms.Form, data: Json) -> Json | None:
    """Return the moment entered, as it is stored; what cannot be one is an error of its field."""
    lists = {}
    for name in ("days", "years"):
        try:
            lists[name] = read_numbers(data.get(name) or "")
        except PatternError as error:
            form.add_error(name, sentence(str(error)))
    if any(name in form.errors for name in MOMENT_FIELDS):
        return None
    chosen = {name: [int(value) for value in data.get(name) or ()] for name in ("weekdays", "months")}
    hours = _hours(data.get("starts"), data.get("ends"))
    try:
        return Moment.from_json({**chosen, **lists, **({"hours": hours} if hours else {})}).to_json()
    except ConditionError as error:
        form.add_error(_culprit(str(error), bool(hours)), sentence(str(error)))
        return None


def moment_initial(stored: Json | None) -> Json:
    """Turn a stored moment back into what a person would enter."""
    if not stored:
        return {}
    start, end = stored.get("hours") or ("", "")
    found: Json = {name: [str(value) for value in stored.get(name, ())] for name in ("weekdays", "months")}
    found |= {name: numbers_as_text(stored.get(name, [])) for name in ("days", "years")}
    return found | {"starts": start, "ends": "00:00" if end == "24:00" else end}


def _hours(start: time | None, end: time | None) -> list[str] | None:
    """Return the times as they are stored; one alone reaches to or from midnight, and 00:00 ends a day."""
    if start is None and end is None:
        return None
    until = "24:00" if end in (None, _MIDNIGHT) else f"{end:%H:%M}"
    return [f"{start or _MIDNIGHT:%H:%M}", until]


def _culprit(message: str, has_hours: bool) -> str:
    """Return the field that a message about a moment belongs to."""
    named = next((name for name in MOMENT_FIELDS if f"“{name}”" in message), "")
    return named or ("ends" if has_hours else "weekdays")


def _several(label: Any, choices: list[tuple[int, str]]) -> forms.MultipleChoiceField:
    return forms.MultipleChoiceField(
        label=label,
        required=False,
        choices=choices,
        widget=forms.CheckboxSelectMultiple(attrs={"class": "choices-inline"}),
    )


def _numbers(label: Any, example: Any, longest: int) -> forms.CharField:
    return forms.CharField(
        label=label,
        required=False,
        max_length=longest,
        widget=forms.TextInput(attrs={"placeholder": example}),
    )


def _time(label: Any) -> forms.TimeField:
    return forms.TimeField(
        label=label,
        required=False,
        input_formats=["%H:%M", "%H:%M:%S", "%H.%M"],
        error_messages={"invalid": _TIME},
        widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
    )
