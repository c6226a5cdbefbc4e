"""Forms for trunks and pools."""

import ipaddress
import re
from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from sms.models import Trunk
from sms.setup import trunk_hosts
from tenants.models import Tenant

POOL_HELP = _(
    "One per line, or with ; or , between. Ranges too: 12027594810-12027594815. "
    "Write them as you like: +1 202 759-4810 or (202) 759 4810."
)
SIP_FIELDS = [
    "port",
    "auth_name",
    "transport",
    "outbound_proxy",
    "outbound_proxy_port",
    "register_interval",
    "needs_registration",
    "options_interval",
    "max_calls",
    "addresses",
]


def pool_field() -> forms.CharField:
    """Return the field for phone numbers typed any way."""
    widget = forms.Textarea(attrs={"rows": 4, "class": "mono", "spellcheck": "false", "autocomplete": "off"})
    return forms.CharField(label=_("Phone numbers (DID pool)"), required=False, widget=widget, help_text=POOL_HELP)


class TrunkForm(forms.ModelForm[Trunk]):
    """A trunk: the fields that matter for texts first, the SIP settings for the records."""

    class Meta:
        model = Trunk
        fields = ["name", "brand", "kind", "host", "twilio_trunk_sid", "enabled", *SIP_FIELDS]
        help_texts = {
            "host": _("As in the Twilio console: Elastic SIP Trunking → trunk → Termination."),
            "twilio_trunk_sid": _("Starts with TK. For your records."),
            "enabled": _("Off: it can no longer be chosen for SMS configurations."),
            "port": _("0 = found by DNS."),
            "needs_registration": _("Twilio takes no registrations: leave this off."),
            "addresses": _("One per line, as 203.0.113.7 or 203.0.113.0/24."),
        }
        widgets = {
            "kind": forms.RadioSelect,
            "host": forms.TextInput(
                attrs={"list": "trunk-hosts", "placeholder": "acme.pstn.twilio.com", "autocomplete": "off"}
            ),
            "twilio_trunk_sid": forms.TextInput(attrs={"class": "mono", "autocomplete": "off"}),
            "addresses": forms.Textarea(attrs={"rows": 3, "class": "mono"}),
            "enabled": forms.CheckboxInput(attrs={"data-switch": True}),
        }

    def __init__(self, *args: Any, any_kind: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not any_kind:
            del self.fields["kind"]
        for name in SIP_FIELDS:
            self.fields[name].required = False

    @property
    def sip_has_errors(self) -> bool:
        """Whether the folded part must be open."""
        return any(name in self.errors for name in SIP_FIELDS)

    def clean_host(self) -> str:
        """Take a host name only."""
        try:
            return trunk_hosts.check_host(self.cleaned_data["host"])
        except trunk_hosts.HostError as error:
            raise forms.ValidationError(str(error)) from error

    def clean_twilio_trunk_sid(self) -> str:
        """Take nothing, or a trunk's SID."""
        sid: str = self.cleaned_data["twilio_trunk_sid"].strip()
        if sid and not re.fullmatch(r"TK[0-9a-f]{32}", sid):
            raise forms.ValidationError(gettext("A trunk SID is TK and 32 digits or letters a to f. Leave it empty."))
        return sid

    def clean_needs_registration(self) -> bool:
        """Refuse what Twilio cannot do."""
        if self.cleaned_data["needs_registration"]:
            raise forms.ValidationError(gettext("Twilio trunks take no registrations. Turn this off."))
        return False

    def clean_addresses(self) -> str:
        """Take addresses and networks, one per line."""
        rows = [row for row in re.split(r"[\s,;]+", self.cleaned_data["addresses"]) if row]
        for row in rows:
            try:
                ipaddress.ip_network(row, strict=False)
            except ValueError as error:
                text = gettext("%s is not an IP address or network. Write it as 203.0.113.0/24.") % row
                raise forms.ValidationError(text) from error
        return "\n".join(rows)

    def clean(self) -> dict[str, Any]:
        """Keep host and authentication name unique together; empty numbers take their usual value."""
        data = super().clean() or self.cleaned_data
        usual = Trunk()
        for name in SIP_FIELDS:
            if data.get(name) is None and name in data:
                data[name] = getattr(usual, name)
        twins = Trunk.objects.filter(host=data.get("host", ""), auth_name=data.get("auth_name", ""), deleted_at=None)
        if twins.exclude(pk=self.instance.pk).exists():
            text = gettext("Another trunk has this host and authentication name. Change one of them.")
            self.add_error("host", text)
        return data

    def trunk_fields(self) -> dict[str, Any]:
        """Return the values of the trunk's own columns."""
        names = [name for name in self.Meta.fields if name in self.fields]
        return {name: self.cleaned_data[name] for name in names}


class NewTrunkForm(TrunkForm):
    """A new trunk with the numbers of its first tenant."""

    numbers = pool_field()


class SystemTrunkForm(NewTrunkForm):
    """A new trunk that the system shares, with its first tenant and that tenant's numbers."""

    tenant = forms.ModelChoiceField(
        label=_("Share with"),
        queryset=Tenant.objects.none(),
        required=False,
        empty_label=_("Nobody yet"),
        help_text=_("More tenants can be added on the trunk's page, each with a pool of its own."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choice = self.fields["tenant"]
        assert isinstance(choice, forms.ModelChoiceField)  # noqa: S101  a field of this class
        choice.queryset = Tenant.objects.filter(deleted_at=None)

    def clean(self) -> dict[str, Any]:
        """Numbers need a tenant to hold them."""
        data = super().clean()
        if data.get("numbers", "").strip() and not data.get("tenant"):
            self.add_error("tenant", gettext("Choose who holds these numbers."))
        return data


class PoolForm(forms.Form):
    """A tenant's numbers on a trunk."""

    numbers = pool_field()
    take_over = forms.BooleanField(
        label=_("Take numbers that another tenant holds without having verified them"), required=False
    )

    def __init__(self, *args: Any, may_take_over: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not may_take_over:
            del self.fields["take_over"]


class ShareForm(PoolForm):
    """Another tenant for a shared trunk, with its pool."""

    tenant = forms.ModelChoiceField(label=_("Tenant"), queryset=Tenant.objects.none())
    field_order = ("tenant", "numbers", "take_over")

    def __init__(self, *args: Any, trunk: Trunk, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choice = self.fields["tenant"]
        assert isinstance(choice, forms.ModelChoiceField)  # noqa: S101  a field of this class
        holders = trunk.pools.filter(removed_at=None).values("tenant")
        choice.queryset = Tenant.objects.filter(deleted_at=None).exclude(pk__in=holders)
