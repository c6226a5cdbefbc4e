"""Forms of people who come in by a link, and of system administrators."""

from typing import Any

from django import forms
from django.contrib.auth.password_validation import validate_password
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from tenants.models import User


class NewPersonForm(forms.Form):
    """Name and first password of an invited person."""

    name = forms.CharField(label=_("Your name"), max_length=120, widget=forms.TextInput(attrs={"autocomplete": "name"}))
    password = forms.CharField(
        label=_("Password"),
        strip=False,
        max_length=128,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    def __init__(self, *args: Any, email: str = "", shortest: int = 0, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._email, self._shortest = email, shortest
        self.fields["password"].help_text = ngettext(
            "At least %(least)d character. A few unrelated words are easy to remember and hard to guess.",
            "At least %(least)d characters. A few unrelated words are easy to remember and hard to guess.",
            max(shortest, 12),
        ) % {"least": max(shortest, 12)}

    def clean(self) -> dict[str, Any]:
        """Check the password against the rules of the portal and of the tenant."""
        data = super().clean() or self.cleaned_data
        if password := data.get("password"):
            person = User(email=self._email or data.get("email", ""), name=data.get("name", ""))
            try:
                validate_password(password, person)
                self._check_length(password)
            except forms.ValidationError as error:
                self.add_error("password", error)
        return data

    def _check_length(self, password: str) -> None:
        if len(password) < self._shortest:
            raise forms.ValidationError(_("Use at least %(least)d characters.") % {"least": self._shortest})


class FirstAdministratorForm(NewPersonForm):
    """The first system administrator also says his e-mail address."""

    email = forms.EmailField(label=_("Your e-mail"), widget=forms.EmailInput(attrs={"autocomplete": "username"}))
    field_order = ("email", "name", "password")


class AdministratorForm(forms.Form):
    """Whom to make a system administrator."""

    email = forms.EmailField(label=_("E-mail"), widget=forms.EmailInput(attrs={"autocomplete": "off"}))
