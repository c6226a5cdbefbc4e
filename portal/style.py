"""The living style page: every component once. Exists while developing only."""

from datetime import timedelta
from typing import Any

from django import forms
from django.contrib import messages
from django.forms import formset_factory
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _

from tenants import clock
from tenants.access import public_view


class SampleForm(forms.Form):
    """One field of each kind."""

    name = forms.CharField(label=_("Name"), help_text=_("Shown in lists."), initial="Support line")
    trunk = forms.ChoiceField(label=_("Trunk"), choices=[("a", "Acme voice"), ("b", "Acme support")])
    sender = forms.CharField(label=_("Sender ID"), required=False, help_text=_("One-way: nobody can answer."))
    sid = forms.CharField(label=_("Account SID"), widget=forms.TextInput(attrs={"class": "mono"}))
    token = forms.CharField(label=_("Auth Token"), widget=forms.PasswordInput)
    right = forms.ChoiceField(
        label=_("Send SMS/MMS"),
        widget=forms.RadioSelect,
        choices=[("no", _("Disabled")), ("own", _("Own numbers")), ("brand", _("With Sender ID"))],
        initial="own",
    )
    days = forms.MultipleChoiceField(
        label=_("Days"), widget=forms.CheckboxSelectMultiple, choices=[("1", _("Monday")), ("2", _("Tuesday"))]
    )
    note = forms.CharField(label=_("Note"), widget=forms.Textarea(attrs={"rows": 3}), required=False)
    enabled = forms.BooleanField(
        label=_("Enabled"), required=False, initial=True, widget=forms.CheckboxInput(attrs={"data-switch": True})
    )
    usual = forms.BooleanField(label=_("Add the usual rules"), required=False, help_text=_("One in, one out."))


class NumberForm(forms.Form):
    """One row of a growing list."""

    number = forms.CharField(label=_("Number"))
    description = forms.CharField(label=_("Description"), required=False)


@public_view
def style(request: HttpRequest) -> HttpResponse:
    """Show every component."""
    if "toast" in request.GET:
        messages.success(request, _("Saved."))
        messages.error(request, _("Twilio does not know this pair. Copy both values again from its console."))
    bad = SampleForm({"name": "", "sender": "Acme!", "right": "no", "trunk": "a"})
    bad.add_error("sender", _("Use letters, digits and spaces only, 11 at most."))
    return render(request, "portal/style.html", {**_samples(), "form": SampleForm(), "bad_form": bad})


def _samples() -> dict[str, Any]:
    now = clock.now()
    hours = [{"label": f"{hour:02}:00", "values": [hour * 7 % 23, hour * 5 % 17]} for hour in range(24)]
    rows = [
        {
            "id": "0190a1",
            "name": "Support line",
            "trunk": "Acme voice",
            "number": "+12027594810",
            "count": 1240,
            "on": True,
        },
        {"id": "0190a2", "name": "Marketing", "trunk": "Acme voice", "number": "+12027594811", "count": 18, "on": True},
        {"id": "0190a3", "name": "Old shop", "trunk": "Acme shop", "number": "+442071838750", "count": 0, "on": False},
    ]
    return {
        "hours": hours,
        "rows": rows,
        "now": now,
        "earlier": now - timedelta(minutes=7),
        "long_ago": now - timedelta(days=500),
        "line": [3, 5, 4, 8, 6, 9, 12, 10],
        "options": [("in", _("Inbound")), ("out", _("Outbound"))],
        "formset": formset_factory(NumberForm, extra=1, can_delete=True)(prefix="numbers"),
    }
