"""The forms of a week that stands alone: a company's office hours, a member's own hours."""

from django import forms
from django.utils.translation import gettext_lazy

from rules.forms.hours import WeekField


class OfficeHoursForm(forms.Form):
    """When the company is open."""

    hours = WeekField(
        label="",
        switch=gettext_lazy("Open at set hours"),
        otherwise=gettext_lazy("Off: always open, except on holidays."),
    )


class MemberHoursForm(forms.Form):
    """When a member can be given conversations."""

    hours = WeekField(
        label="",
        switch=gettext_lazy("Only at these hours"),
        otherwise=gettext_lazy("Off: at any hour."),
    )
