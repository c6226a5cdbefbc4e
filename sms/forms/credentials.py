"""The fields of a Twilio account, and the form that replaces its token."""

import uuid
from collections.abc import Callable
from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from sms.forms import twilio_ids
from sms.forms.secrets import KeepsSecrets, SecretField
from sms.models import TwilioAccount
from sms.setup.credentials import Typed
from sms.twilio.account_words import REGION_NAMES
from sms.twilio.client import EDGES, usual_place

# What the button beside a finding posts: the region that accepts the credentials.
USE_REGION = "use_region"
REGIONS = [("", _("United States (US1)")), ("ie1", _("Ireland (IE1)")), ("au1", _("Australia (AU1)"))]
EDGE_NAMES = ("ashburn", "dublin", "frankfurt", "sao-paulo", "singapore", "sydney", "tokyo", "umatilla")


def mono(**attrs: str) -> forms.TextInput:
    return forms.TextInput(attrs={"class": "mono", "autocomplete": "off", "spellcheck": "false", **attrs})


class CredentialsForm(KeepsSecrets):
    """The fields of a Twilio account, checked for what people paste into the wrong one."""

    secret_names = ("auth_token", "secondary_token", "api_key_secret")

    account_sid = forms.CharField(
        label=_("Account SID"),
        max_length=80,
        widget=mono(placeholder="AC…"),
        error_messages={"required": _("Type the Account SID. It stands on the console's Account Dashboard.")},
    )
    auth_token = SecretField(label=_("Auth Token"))
    secondary_token = SecretField(
        label=_("Secondary Auth Token"),
        required=False,
        help_text=_("Only while you change tokens in Twilio: webhooks signed with either are accepted."),
    )
    api_key_sid = forms.CharField(
        label=_("API key SID"),
        max_length=80,
        widget=mono(placeholder="SK…"),
        required=False,
        help_text=_("Used for sending in place of the Auth Token. The token still checks the webhook."),
    )
    api_key_secret = SecretField(label=_("API key secret"), required=False)
    region = forms.ChoiceField(label=_("Region"), choices=REGIONS, required=False)
    edge = forms.ChoiceField(
        label=_("Edge"), choices=[("", _("Usual for the region")), *((n, n) for n in EDGE_NAMES)], required=False
    )

    def __init__(self, *args: Any, account: TwilioAccount | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.account = account
        self._switch_region()
        self.fields["auth_token"].required = account is None
        if account is not None:
            self._show_stored(account)

    def _switch_region(self) -> None:
        """Take the region that the page offered, in which Twilio accepts what was typed."""
        self.switched = str(self.data.get(USE_REGION, "")) in REGION_NAMES
        if self.switched:
            typed: Any = self.data
            data = typed.copy()
            data["region"], data["edge"] = usual_place(data[USE_REGION])[0], ""
            self.data = data

    def _show_stored(self, account: TwilioAccount) -> None:
        last_digits = {
            "auth_token": account.auth_token_last4,
            "secondary_token": account.secondary_token_last4,
            "api_key_secret": account.api_key_last4,
        }
        for name, last4 in last_digits.items():
            if last4:
                self.fields[name].widget.attrs["placeholder"] = gettext("stored, ends in %s") % last4

    def clean_account_sid(self) -> str:
        """Name what was pasted in place of an Account SID."""
        return self._checked(twilio_ids.check_account_sid, self.cleaned_data["account_sid"])

    def clean_auth_token(self) -> str:
        """Take a new token, or none when one is stored."""
        token = self._secret("auth_token", twilio_ids.check_auth_token)
        if not token and self._needs_token():
            raise forms.ValidationError(gettext("Type the Auth Token. It stands below the Account SID in the console."))
        return token

    def _needs_token(self) -> bool:
        return self.account is None or self.account.account_sid != self.cleaned_data.get("account_sid")

    def clean_secondary_token(self) -> str:
        """Name what was pasted in place of a token."""
        return self._secret("secondary_token", twilio_ids.check_auth_token)

    def clean_api_key_sid(self) -> str:
        """Name what was pasted in place of a key's SID."""
        return self._checked(twilio_ids.check_api_key_sid, self.cleaned_data["api_key_sid"])

    def clean_api_key_secret(self) -> str:
        """Name what was pasted in place of a key's secret."""
        return self._secret("api_key_secret", twilio_ids.check_api_key_secret)

    def _checked(self, check: Callable[[str], str], text: str) -> str:
        try:
            return check(text)
        except twilio_ids.PastedWrong as error:
            raise forms.ValidationError(str(error)) from error

    def _secret(self, name: str, check: Callable[[str], str]) -> str:
        text = self._checked(check, self.read_secret(name))
        self.keep(name, text)
        return text

    def clean(self) -> dict[str, Any]:
        """An API key and its secret come together; a token is not stored twice."""
        data = super().clean() or self.cleaned_data
        sid, secret = data.get("api_key_sid", ""), data.get("api_key_secret", "")
        stored = self.account is not None and bool(self.account.api_key_last4) and sid == self.account.api_key_sid
        if sid and not secret and not stored and "api_key_secret" not in self.errors:
            self.add_error("api_key_secret", gettext("Type the key's secret too, or leave both empty."))
        if secret and not sid and "api_key_sid" not in self.errors:
            self.add_error("api_key_sid", gettext("Type the key's SID too, or leave both empty."))
        if data.get("secondary_token") and data.get("secondary_token") == data.get("auth_token"):
            self.add_error("secondary_token", gettext("This is the Auth Token again. The secondary one differs."))
        if data.get("edge") and not data.get("region"):
            data["region"] = "us1"
        return data

    def typed(self) -> Typed:
        """Return the credentials; what was left empty keeps what is stored."""
        data = self.cleaned_data
        region = data["region"]
        places = self.account is not None or bool(region) or self.switched
        return Typed(
            data["account_sid"],
            auth_token=data["auth_token"] or None,
            secondary_token=data["secondary_token"] or None,
            api_key_sid=data["api_key_sid"] if self.account or data["api_key_sid"] else None,
            api_key_secret=data["api_key_secret"] or None,
            region=region if places else None,
            edge=(data["edge"] or EDGES.get(region, "")) if places else None,
        )


class TokenForm(KeepsSecrets):
    """A new Auth Token for a stored account."""

    secret_names = ("auth_token",)
    auth_token = SecretField(
        label=_("New Auth Token"),
        help_text=_("The primary token of the account in the Twilio console."),
    )

    def __init__(self, *args: Any, typed_by: uuid.UUID, **kwargs: Any) -> None:
        super().__init__(*args, typed_by=typed_by, **kwargs)
        self.fields["auth_token"].widget.attrs["autofocus"] = True
        offered = str(self.data.get(USE_REGION, ""))
        self.region = offered if offered in REGION_NAMES else ""

    def clean_auth_token(self) -> str:
        """Name what was pasted in place of a token."""
        try:
            token = twilio_ids.check_auth_token(self.read_secret("auth_token"))
        except twilio_ids.PastedWrong as error:
            raise forms.ValidationError(str(error)) from error
        self.keep("auth_token", token)
        if not token:
            raise forms.ValidationError(gettext("Type the new Auth Token."))
        return token
