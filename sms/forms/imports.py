"""The form that has Twilio's list read again."""

from datetime import datetime, time, timedelta

from django import forms
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from sms.lists import importing
from tenants import clock


class ReadSinceForm(forms.Form):
    """From which day on Twilio's list is read again."""

    since = forms.DateField(
        label=gettext_lazy("Read again since"),
        widget=forms.DateInput(attrs={"type": "date"}),
        error_messages={"invalid": gettext_lazy("Write the day as year-month-day, such as 2026-01-31.")},
    )

    def clean_since(self) -> datetime:
        """Take a day of the viewer's that Twilio may still know about."""
        day = datetime.combine(self.cleaned_data["since"], time.min, tzinfo=timezone.get_current_timezone())
        now = clock.now()
        if day > now:
            raise forms.ValidationError(_("This day is still to come. Choose today or an earlier one."))
        if day < now - timedelta(days=importing.LONGEST_DAYS):
            raise forms.ValidationError(_("Twilio keeps texts for about 400 days. Choose a later day."))
        return day
