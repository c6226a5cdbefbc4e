"""The forms of holidays: one to enter, and a country's list to choose from."""

from datetime import date
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from rules.forms.choices import offer
from rules.models import Holiday
from rules.times import public_holidays
from rules.times.calendars import HolidayDraft
from tenants import places

YEARS_AHEAD = 4
_FIRST_YEAR, _LAST_YEAR = 2000, 2199
_NO_DATE = gettext_lazy("Enter a date such as 2026-12-24.")
_DATE = forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"})


class HolidayForm(forms.Form):
    """A holiday: one day or several in a row, once or every year."""

    name = forms.CharField(
        label=gettext_lazy("Name"), max_length=120, error_messages={"required": gettext_lazy("Enter a name.")}
    )
    starts_on = forms.DateField(
        label=gettext_lazy("First day"),
        widget=_DATE,
        error_messages={"required": gettext_lazy("Enter the first day."), "invalid": _NO_DATE},
    )
    ends_on = forms.DateField(
        label=gettext_lazy("Last day"),
        required=False,
        widget=_DATE,
        error_messages={"invalid": _NO_DATE},
        help_text=gettext_lazy("Empty when it is one day."),
    )
    yearly = forms.BooleanField(
        label=gettext_lazy("Every year"),
        required=False,
        help_text=gettext_lazy("On the same days of each year. 29 February is 1 March in a common year."),
        widget=forms.CheckboxInput(attrs={"data-switch": True}),
    )
    country = forms.ChoiceField(
        label=gettext_lazy("Country"), required=False, help_text=gettext_lazy("Only to find it again in the list.")
    )

    def __init__(self, *args: Any, holiday: Holiday | None = None, **kwargs: Any) -> None:
        initial = {} if holiday is None else {name: getattr(holiday, name) for name in self.base_fields}
        if holiday and holiday.ends_on == holiday.starts_on:
            initial["ends_on"] = None
        super().__init__(*args, **{"initial": initial, **kwargs})
        offer(self, "country", [("", _("None")), *places.countries()])

    def clean_starts_on(self) -> date:
        """Refuse years that are a slip of the finger."""
        return _near(self.cleaned_data["starts_on"])

    def clean_ends_on(self) -> date | None:
        """Refuse years that are a slip of the finger."""
        day = self.cleaned_data["ends_on"]
        return _near(day) if day else None

    @property
    def draft(self) -> HolidayDraft:
        """What is to be stored."""
        data = self.cleaned_data
        name = " ".join(data["name"].split())
        last = data["ends_on"] or data["starts_on"]
        return HolidayDraft(name, data["starts_on"], last, data["yearly"], data["country"])


class CountryForm(forms.Form):
    """Which list: a country, a part of it, years, a language. Parts and languages are those of the country given."""

    country = forms.ChoiceField(label=gettext_lazy("Country"), widget=forms.Select(attrs={"data-submits": True}))
    subdivision = forms.ChoiceField(
        label=gettext_lazy("State or region"), required=False, widget=forms.Select(attrs={"data-submits": True})
    )
    language = forms.ChoiceField(
        label=gettext_lazy("Language"), required=False, widget=forms.Select(attrs={"data-submits": True})
    )
    years = forms.TypedMultipleChoiceField(
        label=gettext_lazy("Years"),
        coerce=int,
        widget=forms.CheckboxSelectMultiple(attrs={"data-submits": True, "class": "choices-row"}),
    )

    def __init__(self, data: Any, *, country: str, year: int) -> None:
        offered = [(str(year + ahead), str(year + ahead)) for ahead in range(YEARS_AHEAD)]
        super().__init__(_chosen(data, country, [offered[0][0], offered[1][0]]))
        country = str(self.data["country"])
        offer(self, "country", public_holidays.countries())
        offer(self, "subdivision", [("", _("The whole country")), *public_holidays.subdivisions(country)])
        offer(self, "language", public_holidays.languages(country))
        offer(self, "years", offered)

    @property
    def found(self) -> list[public_holidays.PublicHoliday]:
        """The list that was asked for; nothing while the question is wrong."""
        if not self.is_valid():
            return []
        asked = self.cleaned_data
        return public_holidays.of_country(
            asked["country"], asked["years"], subdivision=asked["subdivision"], language=asked["language"]
        )


def _chosen(data: Any, country: str, years: list[str]) -> dict[str, Any]:
    """Fill up what was not asked, and forget the part and the language of another country."""
    country = data.get("country") or country
    asked = {name: data.get(name, "") for name in ("subdivision", "language")}
    known = {
        "subdivision": dict(public_holidays.subdivisions(country)),
        "language": dict(public_holidays.languages(country)),
    }
    kept = {name: value if value in known[name] else "" for name, value in asked.items()}
    return {"country": country, "years": data.getlist("years") or years, **kept}


def _near(day: date) -> date:
    if not _FIRST_YEAR <= day.year <= _LAST_YEAR:
        raise ValidationError(
            _("Enter a year from %(first)s to %(last)s.") % {"first": _FIRST_YEAR, "last": _LAST_YEAR}
        )
    return day
