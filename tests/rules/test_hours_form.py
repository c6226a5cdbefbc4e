"""The form pieces for hours and holidays: what is filled in, what is stored, and what is refused in which words."""

from typing import Any

import pytest
from django import forms
from django.http import QueryDict

from rules.forms.hours import HolidaysField, WeekField

OFFICE = {day: [["09:00", "17:00"]] for day in ("mon", "tue", "wed", "thu", "fri")}


class RuleForm(forms.Form):
    """A form of somebody else's, with the pieces in it."""

    hours = WeekField(switch="Hours of its own", otherwise="Off: the company’s.")
    holidays = HolidaysField()


class OfficeForm(forms.Form):
    hours = WeekField()


def fill(text: str) -> QueryDict:
    return QueryDict(text)


def stored(text: str) -> Any:
    form = RuleForm(fill(text))
    assert form.is_valid(), form.errors
    return form.cleaned_data["hours"]


def errors(text: str, field: str = "hours") -> list[str]:
    form = RuleForm(fill(text))
    assert not form.is_valid()
    return list(form.errors[field])


@pytest.mark.parametrize(
    ("filled_in", "week"),
    [
        ("", None),
        ("hours-mon-open=on&hours-mon-start=09:00&hours-mon-end=17:00", None),
        ("hours-own=on&hours-mon-open=on&hours-mon-start=09:00&hours-mon-end=17:00", {"mon": [["09:00", "17:00"]]}),
        ("hours-own=on&hours-mon-open=on", {"mon": [["00:00", "24:00"]]}),
        ("hours-own=on&hours-mon-open=on&hours-mon-start=&hours-mon-end=", {"mon": [["00:00", "24:00"]]}),
        ("hours-own=on&hours-mon-open=on&hours-tue-start=09:00&hours-tue-end=10:00", {"mon": [["00:00", "24:00"]]}),
        ("hours-own=on&hours-sun-open=on&hours-sun-start=18:00&hours-sun-end=00:00", {"sun": [["18:00", "24:00"]]}),
        ("hours-own=on&hours-sun-open=on&hours-sun-start=9&hours-sun-end=9.30", {"sun": [["09:00", "09:30"]]}),
        (
            "hours-own=on&hours-mon-open=on&hours-mon-start=13:00&hours-mon-end=17:00"
            "&hours-mon-start=08:00&hours-mon-end=12:00&hours-mon-start=&hours-mon-end=",
            {"mon": [["08:00", "12:00"], ["13:00", "17:00"]]},
        ),
    ],
)
def test_what_is_filled_in_is_stored(filled_in: str, week: Any) -> None:
    assert stored(filled_in) == week


@pytest.mark.parametrize(
    ("filled_in", "said"),
    [
        ("hours-own=on", "No day is open: open at least one."),
        (
            "hours-own=on&hours-tue-open=on&hours-tue-start=17:00&hours-tue-end=09:00",
            "Tuesday: the shift 17:00 – 09:00",
        ),
        ("hours-own=on&hours-wed-open=on&hours-wed-start=09:00&hours-wed-end=", "Wednesday: enter both times"),
        (
            "hours-own=on&hours-wed-open=on&hours-wed-start=25:00&hours-wed-end=26:00",
            "Wednesday: “25:00” is not a time",
        ),
        ("hours-own=on&hours-wed-open=on&hours-wed-start=soon&hours-wed-end=late", "Wednesday: “soon” is not a time"),
        (
            "hours-own=on&hours-thu-open=on&hours-thu-start=09:00&hours-thu-end=12:00"
            "&hours-thu-start=11:00&hours-thu-end=17:00",
            "Thursday: the shifts 09:00 – 12:00 and 11:00 – 17:00 overlap.",
        ),
        (
            "hours-own=on&hours-fri-open=on"
            + "".join(f"&hours-fri-start={hour:02}:00&hours-fri-end={hour:02}:30" for hour in range(7)),
            "Friday: at most 6 shifts.",
        ),
    ],
)
def test_what_cannot_be_is_refused_by_the_name_of_the_day(filled_in: str, said: str) -> None:
    (problem,) = errors(filled_in)
    assert problem.startswith(said)


def test_each_wrong_day_is_named() -> None:
    found = errors(
        "hours-own=on&hours-mon-open=on&hours-mon-start=9&hours-tue-open=on&hours-tue-start=x&hours-tue-end=y"
    )
    assert [text.split(":")[0] for text in found] == ["Monday", "Tuesday"]


def test_a_week_without_a_switch_is_always_given() -> None:
    form = OfficeForm(fill("hours-sat-open=on"))
    assert form.is_valid()
    assert form.cleaned_data["hours"] == {"sat": [["00:00", "24:00"]]}


@pytest.mark.parametrize(
    ("pressed", "open_days"),
    [("mon:weekdays", 5), ("mon:all", 7), ("sat:weekdays", 1), ("mon:everywhere", 1), ("xxx:all", 1)],
)
def test_a_button_applies_a_day_to_others_without_javascript(pressed: str, open_days: int) -> None:
    form = RuleForm(fill(f"hours-own=on&hours-mon-open=on&hours-mon-start=8&hours-mon-end=12&hours-apply={pressed}"))
    applied = pressed in ("mon:weekdays", "mon:all", "sat:weekdays")
    assert form.is_valid() is not applied
    assert str(form["hours"]).count("data-week-open checked") == (0 if pressed == "sat:weekdays" else open_days)
    if applied and open_days > 1:
        assert "are on the other days too now" in form.errors["hours"][0]
        assert str(form["hours"]).count('value="8"') == open_days


def test_what_is_stored_comes_back_as_it_was() -> None:
    """Drawn, and sent as drawn, a week is the same."""
    week = {"mon": [["08:00", "12:00"], ["13:00", "24:00"]], "sun": [["00:00", "24:00"]]}
    drawn = str(RuleForm(initial={"hours": week})["hours"])
    assert 'name="hours-own" id="id_hours_own" checked' in drawn
    for name, value in (("start", "08:00"), ("end", "12:00"), ("start", "13:00"), ("end", "00:00")):
        assert f'name="hours-mon-{name}" value="{value}"' in drawn
    assert drawn.count("data-week-open checked") == 2
    assert (
        stored(
            "hours-own=on&hours-mon-open=on&hours-mon-start=08:00&hours-mon-end=12:00&hours-mon-start=13:00"
            "&hours-mon-end=00:00&hours-sun-open=on&hours-sun-start=&hours-sun-end="
        )
        == week
    )


def test_without_a_week_one_to_begin_with_is_shown_and_switched_off() -> None:
    drawn = str(RuleForm()["hours"])
    assert 'id="id_hours_own" checked' not in drawn
    assert drawn.count('value="09:00"') == 5


def test_it_works_under_a_prefix() -> None:
    form = RuleForm(fill("a-hours-own=on&a-hours-mon-open=on"), prefix="a")
    assert form.is_valid()
    assert form.cleaned_data["hours"] == {"mon": [["00:00", "24:00"]]}


def test_whether_it_changed_is_told_by_what_is_stored() -> None:
    open_monday = "hours-own=on&hours-mon-open=on&hours-mon-start=9&hours-mon-end=17"
    assert RuleForm(fill(open_monday), initial={"hours": {"mon": [["09:00", "17:00"]]}}).changed_data == []
    assert RuleForm(fill(open_monday), initial={"hours": OFFICE}).changed_data == ["hours"]
    assert RuleForm(fill("hours-own=on"), initial={"hours": OFFICE}).changed_data == ["hours"]


def test_the_first_submit_button_is_not_one_of_the_weeks() -> None:
    """Enter in any field presses the first submit button of the form: it must save, not fill in days."""
    drawn = str(RuleForm()["hours"])
    first = drawn.index('type="submit"')
    assert "hours-apply" not in drawn[first : drawn.index(">", first)]


@pytest.mark.parametrize(
    ("lines", "holidays"),
    [
        ("", None),
        ("None", []),
        ("2026-12-25 Christmas", [("Christmas", "2026-12-25", "2026-12-25", False)]),
        ("2026-12-24 – 2026-12-26 Christmas", [("Christmas", "2026-12-24", "2026-12-26", False)]),
        ("2026-12-24-2026-12-26 Christmas", [("Christmas", "2026-12-24", "2026-12-26", False)]),
        ("2026-12-31 to 2027-01-01 every year New Year\n\n", [("New Year", "2026-12-31", "2027-01-01", True)]),
        (
            "2026-05-01 every year Labour Day\n2026-06-01 Works outing",
            [("Labour Day", "2026-05-01", "2026-05-01", True), ("Works outing", "2026-06-01", "2026-06-01", False)],
        ),
    ],
)
def test_holidays_are_read_line_by_line(lines: str, holidays: Any) -> None:
    form = RuleForm({"holidays": lines})
    assert form.is_valid(), form.errors
    found = form.cleaned_data["holidays"]
    assert found == (
        None
        if holidays is None
        else [{"name": name, "start": start, "end": end, "yearly": yearly} for name, start, end, yearly in holidays]
    )
    if found is not None:
        again = RuleForm({"holidays": str(RuleForm(initial={"holidays": found})["holidays"].value())})
        assert again.is_valid()
        assert again.cleaned_data["holidays"] == found


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("Christmas", "“Christmas” is not a holiday"),
        ("25.12.2026 Christmas", "“25.12.2026 Christmas” is not a holiday"),
        ("2026-02-30 Never", "2026-02-30 Never: “2026-02-30” is not a date"),
        ("2026-12-26 – 2026-12-24 Backwards", "2026-12-26 – 2026-12-24 Backwards: a holiday ends before it starts."),
        ("\n".join(f"2026-01-01 Day {number}" for number in range(201)), "At most 200 holidays."),
    ],
)
def test_a_line_that_is_no_holiday_is_quoted(line: str, said: str) -> None:
    form = RuleForm({"holidays": line})
    assert not form.is_valid()
    assert form.errors["holidays"][0].startswith(said)
