"""The form of an SMS configuration: four fields in sight, the rest folded."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from rules.senders import SenderIdError, check_sender_id
from sms.forms import twilio_ids
from sms.forms.credentials import EDGE_NAMES, CredentialsForm, mono
from sms.models import Configuration, Trunk
from sms.models.configurations import UnknownPolicy
from sms.twilio.client import EDGES
from tenants.models import Tenant

MORE = [
    "name",
    "enabled",
    "secondary_token",
    "api_key_sid",
    "api_key_secret",
    "messaging_service_sid",
    "region",
    "edge",
    "unknown_policy",
]


class TrunkSelect(forms.Select):
    """A drop-down in which trunks that cannot be chosen stand greyed, with the reason."""

    reasons: dict[str, str] = {}

    def create_option(self, name: str, value: Any, label: Any, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """Grey an option that has a reason."""
        option = super().create_option(name, value, label, *args, **kwargs)
        reason = self.reasons.get(str(value))
        if reason:
            option["label"] = f"{label} ({reason})"
            option["attrs"]["disabled"] = True
        return option


class ConfigurationForm(CredentialsForm):
    """A new SMS configuration, or a stored one to change."""

    trunk = forms.ChoiceField(label=_("Trunk"), widget=TrunkSelect)
    sender_id = forms.CharField(
        label=_("Sender ID"),
        required=False,
        max_length=60,
        widget=forms.TextInput(attrs={"autocomplete": "off", "placeholder": "ACME"}),
        help_text=_(
            "Up to 11 letters, digits and spaces, shown in place of a number. One-way: nobody can answer. "
            "Leave it empty to send from your numbers."
        ),
    )
    name = forms.CharField(label=_("Name"), required=False, max_length=64, help_text=_("Empty: the trunk's name."))
    enabled = forms.BooleanField(
        label=_("Enabled"), required=False, initial=True, widget=forms.CheckboxInput(attrs={"data-switch": True})
    )
    messaging_service_sid = forms.CharField(
        label=_("Messaging Service SID"),
        max_length=80,
        required=False,
        widget=mono(placeholder="MG…"),
        help_text=_("Twilio then chooses the sender when no number or Sender ID is given."),
    )
    unknown_policy = forms.ChoiceField(
        label=_("When Twilio gave no clear answer"),
        choices=UnknownPolicy.choices,
        required=False,
        help_text=_(
            "After a break in the connection Twilio may have a text, or not. "
            "Its list is read twice, late enough to tell."
        ),
    )
    usual_rules = forms.BooleanField(
        label=_("Add the usual rules"),
        required=False,
        initial=True,
        help_text=_(
            "Received: all texts of this trunk go to the administrators' inbox. "
            "Sent: all destinations use this configuration. You get the right to send."
        ),
    )
    field_order = ("trunk", "sender_id", "account_sid", "auth_token")

    def __init__(
        self,
        *args: Any,
        tenant: Tenant,
        trunks: Sequence[tuple[Trunk, str]],
        configuration: Configuration | None = None,
        offers_rules: bool = False,
        **kwargs: Any,
    ) -> None:
        account = configuration.account if configuration else None
        kwargs.setdefault("initial", {})
        if configuration is not None:
            kwargs["initial"] = _initial(configuration) | kwargs["initial"]
        super().__init__(*args, account=account, **kwargs)
        self.tenant, self.configuration = tenant, configuration
        self.trunks = {trunk.pk.hex: trunk for trunk, reason in trunks if not reason}
        self._arrange(trunks, offers_rules=offers_rules)

    def _arrange(self, trunks: Sequence[tuple[Trunk, str]], *, offers_rules: bool) -> None:
        if not offers_rules:
            del self.fields["usual_rules"]
        if self.configuration is not None:
            del self.fields["trunk"]
            self._freeze(self.configuration)
            return
        if any(trunk.account_id for trunk in self.trunks.values()):
            self.fields["account_sid"].required = self.fields["auth_token"].required = False
        choice = self.fields["trunk"]
        assert isinstance(choice, forms.ChoiceField)  # noqa: S101  a field of this class
        assert isinstance(choice.widget, TrunkSelect)  # noqa: S101  its widget
        choice.widget.reasons = {trunk.pk.hex: reason for trunk, reason in trunks}
        choice.choices = [(trunk.pk.hex, trunk.name) for trunk, _reason in trunks]

    def _freeze(self, configuration: Configuration) -> None:
        """Operators' credentials are not edited by tenants; an account with texts stays the account."""
        if configuration.account.tenant_id is None:
            for name in [*self.secret_names, "account_sid", "api_key_sid", "region", "edge"]:
                del self.fields[name]
        elif configuration.messages.exists():
            self.fields["account_sid"].disabled = True

    @property
    def more_has_errors(self) -> bool:
        """Whether the folded part must be open."""
        return any(name in self.errors for name in MORE)

    def clean_trunk(self) -> Trunk:
        """Return the trunk that was chosen."""
        trunk = self.trunks.get(self.cleaned_data["trunk"])
        if trunk is None:
            raise forms.ValidationError(gettext("This trunk cannot be used. Choose another one, or enable it first."))
        return trunk

    def clean_sender_id(self) -> str:
        """Take nothing, or a Sender ID that networks show."""
        try:
            text: str = self.cleaned_data["sender_id"]
            return check_sender_id(text) if text.strip() else ""
        except SenderIdError as error:
            raise forms.ValidationError(str(error)) from error

    def clean_account_sid(self) -> str:
        """With the operator's credentials the field may stay empty."""
        return super().clean_account_sid() if self.cleaned_data["account_sid"].strip() else ""

    def _needs_token(self) -> bool:
        if not self.cleaned_data.get("account_sid") and self.configuration is None:
            return False
        return super()._needs_token()

    def clean_messaging_service_sid(self) -> str:
        """Name what was pasted in place of a service's SID."""
        return self._checked(twilio_ids.check_messaging_service_sid, self.cleaned_data["messaging_service_sid"])

    def clean_name(self) -> str:
        """Keep names apart within a tenant."""
        name: str = self.cleaned_data["name"].strip()
        others = self.tenant.configurations.filter(deleted_at=None, name=name)
        if self.configuration is not None:
            others = others.exclude(pk=self.configuration.pk)
        if name and others.exists():
            raise forms.ValidationError(gettext("Another SMS configuration has this name. Choose another one."))
        return name

    def clean(self) -> dict[str, Any]:
        """Without an Account SID the trunk must bring the operator's."""
        data = super().clean()
        trunk = data.get("trunk")
        missing = "account_sid" in self.fields and "account_sid" not in self.errors and not data.get("account_sid")
        if missing and trunk is not None and trunk.account is None:
            self.add_error(
                "account_sid", gettext("Type the Account SID. It stands on the console's Account Dashboard.")
            )
        return data

    def clean_unknown_policy(self) -> str:
        """What was not asked stays as it is."""
        kept = self.configuration.unknown_policy if self.configuration else UnknownPolicy.HOLD
        return str(self.cleaned_data["unknown_policy"] or kept)

    @property
    def has_credentials(self) -> bool:
        """Whether credentials were typed, rather than the operator's used."""
        return bool(self.cleaned_data.get("account_sid"))


def _initial(configuration: Configuration) -> dict[str, Any]:
    account = configuration.account
    return {
        "sender_id": configuration.sender_id,
        "name": configuration.name,
        "enabled": configuration.enabled,
        "messaging_service_sid": configuration.messaging_service_sid,
        "unknown_policy": configuration.unknown_policy,
        "account_sid": account.account_sid,
        "api_key_sid": account.api_key_sid,
        "region": "" if account.region == "us1" else account.region,
        "edge": account.edge if account.edge in EDGE_NAMES and account.edge != EDGES.get(account.region) else "",
    }


OVERLAPS = [(0, _("At once")), (1, _("1 day")), (7, _("7 days")), (14, _("14 days"))]


class RotateForm(forms.Form):
    """For how long the former webhook address still takes texts."""

    overlap_days = forms.TypedChoiceField(
        label=_("The old address works for"), choices=OVERLAPS, initial=7, coerce=int, widget=forms.RadioSelect
    )
