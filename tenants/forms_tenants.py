"""Forms about the tenant itself: the system administrator's, and what its own administrators may change."""

from typing import Any, cast

from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator, validate_domain_name
from django.utils.translation import gettext_lazy as _

from tenants import places, provisioning
from tenants.forms_numbers import NumberField
from tenants.models import Tenant
from tenants.passwords import SHORTEST

LONGEST_MINIMUM = 32
_DAYS = _("Days. Empty = for good.")
_KEPT = {
    "keep_bodies_days": _("Keep texts"),
    "keep_messages_days": _("Keep messages"),
    "keep_audit_days": _("Keep audit log"),
}
_RETENTION = tuple(_KEPT)
_QUOTAS = ("messages_per_day", "messages_per_month")


class _Settings(forms.ModelForm[Tenant]):
    """What both forms share: places as lists, sane retention and password length."""

    country = forms.ChoiceField(
        label=_("Country"), help_text=_("Numbers written without a country code are read as numbers of this country.")
    )
    time_zone = forms.ChoiceField(label=_("Time zone"))
    currency = forms.ChoiceField(label=_("Currency"))
    password_min_length = forms.IntegerField(
        label=_("Shortest password"),
        initial=SHORTEST,
        validators=[MinValueValidator(SHORTEST), MaxValueValidator(LONGEST_MINIMUM)],
        help_text=_("12 to 32 characters. Counts when a password is set the next time."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._choose("country", [("", _("Choose a country")), *places.countries()])
        self._choose("time_zone", places.time_zones())
        self._choose("currency", places.currencies())
        for name, label in _KEPT.items():
            self.fields[name].label, self.fields[name].help_text = label, _DAYS
            self.fields[name].validators.append(MinValueValidator(1, _("Keep at least one day, or leave it empty.")))
        self.fields["website"].widget.attrs["placeholder"] = "https://example.com"
        self.fields["two_factor_required"].help_text = _("Everybody sets up an authenticator app before going on.")
        self.fields["two_factor_required"].widget.attrs["data-switch"] = True

    def _choose(self, name: str, choices: list[Any]) -> None:
        """Offer choices, and keep a stored value that is not among them (an older time zone name)."""
        field = cast(forms.ChoiceField, self.fields[name])
        stored = str(getattr(self.instance, name, "") or "")
        known = {value for value, _label in _flat(choices)}
        field.choices = choices if stored in known or not stored else [*choices, (stored, stored)]


def _flat(choices: list[Any]) -> list[tuple[str, Any]]:
    """Return choices without their groups."""
    return [pair for value, label in choices for pair in (label if isinstance(label, list) else [(value, label)])]


class TenantForm(_Settings):
    """Every field of a tenant, for system administrators; with the first administrator's e-mail when it is new."""

    administrator_email = forms.EmailField(
        label=_("First administrator’s e-mail"),
        help_text=_("Gets an invitation link. You also see it once, for copying."),
    )

    class Meta:
        model = Tenant
        fields = (
            "name",
            "slug",
            "domain",
            "website",
            "country",
            "time_zone",
            "currency",
            "enabled",
            "sms_enabled",
            "own_trunks",
            "max_members",
            *_QUOTAS,
            *_RETENTION,
            "password_min_length",
            "two_factor_required",
        )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.is_new = self.instance._state.adding
        if self.is_new:
            self._help_to_start()
        else:
            del self.fields["administrator_email"]
        slug = self.fields["slug"]
        slug.required = not self.is_new
        slug.help_text = (
            _("Part of every address: /t/acme/. Left empty, it is made from the name.")
            if self.is_new
            else _("Part of every address: /t/acme/. The former one leads here for 90 days.")
        )
        slug.widget.attrs |= {"class": "mono", "autocapitalize": "none", "spellcheck": "false"}
        self.fields["domain"].widget.attrs["placeholder"] = "example.com"
        for name in ("enabled", "sms_enabled", "own_trunks"):
            self.fields[name].widget.attrs["data-switch"] = True
        self.fields["enabled"].help_text = _("Off: nobody of this tenant can work here, and no text passes.")
        self.fields["sms_enabled"].help_text = _("Off: no texts are sent, and none are taken.")
        for name in _QUOTAS:
            self.fields[name].help_text = _("In its time zone. Empty = no limit.")
        self.fields["own_trunks"].help_text = _("Its administrators may add register-based Twilio trunks.")

    def _help_to_start(self) -> None:
        """Ask less of a new tenant: the country tells the time zone."""
        zone = cast(forms.ChoiceField, self.fields["time_zone"])
        zone.required = False
        zone.choices = [("", _("The country’s main one")), *places.time_zones()]
        self.initial = {"currency": "USD", "time_zone": "", **self.initial}

    def clean(self) -> dict[str, Any]:
        """Take the country's time zone when none is chosen."""
        data = super().clean() or self.cleaned_data
        if not data.get("time_zone") and "time_zone" not in self.errors:
            data["time_zone"] = places.zone_of(data.get("country", ""))
        return data

    def clean_name(self) -> str:
        """Drop blanks around and line breaks within."""
        return " ".join(str(self.cleaned_data["name"]).split())

    def clean_slug(self) -> str:
        """Lower case, and nobody else's."""
        slug = str(self.cleaned_data["slug"]).lower()
        but = None if self.is_new else self.instance
        if slug and (problem := provisioning.slug_problem(slug, but=but)):
            raise forms.ValidationError(problem)
        return slug

    def clean_domain(self) -> str:
        """A domain name, not an address, and nobody else's."""
        domain = str(self.cleaned_data["domain"]).strip().lower().rstrip(".")
        if not domain:
            return ""
        try:
            validate_domain_name(domain)
        except forms.ValidationError as error:
            text = _("Enter a domain name such as example.com, without https:// and not an IP address.")
            raise forms.ValidationError(text) from error
        if Tenant.objects.filter(domain=domain).exclude(pk=self.instance.pk).exists():
            raise forms.ValidationError(_("Another tenant has this domain. Leave it empty or choose another one."))
        return domain

    @property
    def limits_have_errors(self) -> bool:
        """Whether the folded part must open."""
        return bool(
            {"max_members", *_QUOTAS, *_RETENTION, "password_min_length", "website", "domain"} & set(self.errors)
        )

    @property
    def values(self) -> dict[str, Any]:
        """What the flow takes."""
        return {name: self.cleaned_data[name] for name in self.Meta.fields}


class CompanyForm(_Settings):
    """What a tenant's administrators may change: never quotas, feature switches or whether it is enabled."""

    class Meta:
        model = Tenant
        fields = (
            "name",
            "website",
            "country",
            "time_zone",
            "currency",
            "default_number",
            "registered_us_only",
            *_RETENTION,
            "password_min_length",
            "two_factor_required",
        )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["default_number"] = NumberField(
            self.instance,
            label=_("Default sender number"),
            required=False,
            nothing=_("None: members need a number of their own"),
            help_text=_("Texts go out from it when neither the writer nor a rule names another one."),
        )

    clean_name = TenantForm.clean_name

    def clean_default_number(self) -> str:
        """Keep the number as text."""
        number = self.cleaned_data["default_number"]
        return number.e164 if number else ""

    @property
    def values(self) -> dict[str, Any]:
        """What the flow takes."""
        return {name: self.cleaned_data[name] for name in self.Meta.fields}


class TenantCopyForm(forms.Form):
    """Name and short name of a copy."""

    name = forms.CharField(label=_("Name"), max_length=1024)
    slug = forms.SlugField(
        label=_("Short name in addresses"),
        max_length=40,
        required=False,
        help_text=_("Left empty, it is made from the name."),
        widget=forms.TextInput(attrs={"class": "mono", "autocapitalize": "none", "spellcheck": "false"}),
    )
    administrator_email = forms.EmailField(
        label=_("First administrator’s e-mail"),
        required=False,
        help_text=_("Gets an invitation link. You also see it once, for copying."),
    )

    def clean_slug(self) -> str:
        """Lower case, and nobody else's."""
        slug = str(self.cleaned_data["slug"]).lower()
        if slug and (problem := provisioning.slug_problem(slug)):
            raise forms.ValidationError(problem)
        return slug


class ConfirmNameForm(forms.Form):
    """The name typed once more, before something big goes."""

    confirm_name = forms.CharField(
        label=_("Type the name to confirm"), widget=forms.TextInput(attrs={"autocomplete": "off"})
    )

    def __init__(self, *args: Any, name: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._name = name

    def clean_confirm_name(self) -> str:
        """The same name, letter for letter."""
        typed = str(self.cleaned_data["confirm_name"])
        if typed.strip() != self._name:
            raise forms.ValidationError(_("This is not the name. Type “%(name)s”.") % {"name": self._name})
        return typed
