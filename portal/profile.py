"""A person's own page: name, time zone, and the way to password, second factor and sign-ins."""

import zoneinfo

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext_lazy as _

from tenants.access import SignedInRequest, signed_in_view
from tenants.models import User


class ProfileForm(forms.ModelForm[User]):
    """What a person may change about himself."""

    class Meta:
        model = User
        fields = ("name", "time_zone")

    def clean_time_zone(self) -> str:
        """Accept IANA names only."""
        name: str = self.cleaned_data["time_zone"]
        if name and name not in zoneinfo.available_timezones():
            raise forms.ValidationError(_("Choose a time zone from the list, such as Europe/Berlin."))
        return name


@signed_in_view
def profile(request: SignedInRequest) -> HttpResponse:
    """Show and change the own profile."""
    form = ProfileForm(request.POST or None, instance=request.user)
    form.fields["time_zone"].widget = forms.Select(
        choices=[("", _("The tenant's time zone")), *((name, name) for name in sorted(zoneinfo.available_timezones()))]
    )
    if request.method == "POST" and form.is_valid():
        form.save()
        messages.success(request, _("Your profile is saved."))
        return redirect("profile")
    return render(request, "portal/profile.html", {"form": form})
