"""Why a webhook request was refused: the reason in words, and what most likely caused it."""

from collections.abc import Mapping
from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django_stubs_ext import StrOrPromise

from sms.health import signing
from sms.health.signing import Known
from sms.models import Configuration, RefusedRequest
from sms.webhooks import refused, registry, signature
from tenants import secrets

__all__ = ["Known", "Said", "explain", "form_of", "kind_of", "known", "tried"]

_REASONS: Mapping[str, StrOrPromise] = {
    "bad_signature": gettext_lazy("The signature does not fit."),
    "no_signature": gettext_lazy("It was not signed."),
    "other_account": gettext_lazy("It was signed, but names another Twilio account."),
    "too_large": gettext_lazy("It was larger than any request of Twilio."),
    "too_many_fields": gettext_lazy("It had more fields than any request of Twilio."),
    "status_report": gettext_lazy("A delivery report came to the address for texts."),
    "repeated": gettext_lazy("It named a text twice."),
    "missing": gettext_lazy("It lacked what makes a text."),
    "malformed": gettext_lazy("It held what cannot be of Twilio."),
    "no_address": gettext_lazy("A delivery report came without the number of its text."),
}
_CAUSES: Mapping[str, StrOrPromise] = {
    "fits": gettext_lazy("By now a token fits it: check it again, and it is taken."),
    "unsigned": gettext_lazy("Somebody other than Twilio called, or a proxy drops the header X-Twilio-Signature."),
    "scheme": gettext_lazy("Twilio called %(what)s. Paste the webhook anew, or correct the public address."),
    "port": gettext_lazy("Twilio called %(what)s, with another port. Paste the webhook anew."),
    "host": gettext_lazy("Twilio called %(what)s, another host. Paste the webhook anew, or add that host as an alias."),
    "path": gettext_lazy("A proxy changes the path of the address. Let it pass the path as it is."),
    "former_token": gettext_lazy("It was signed with a former Auth Token. Enter the new one."),
    "parent_token": gettext_lazy("It was signed by the parent account …%(what)s. Use a number of the sub-account."),
    "child_token": gettext_lazy("It was signed by the sub-account …%(what)s: its numbers sign with its own token."),
    "other_account": gettext_lazy("The number belongs to the account …%(what)s, which signs with its own Auth Token."),
    "api_secret": gettext_lazy("What is stored is no Auth Token, perhaps an API key's secret. Enter the Auth Token."),
    "rotated": gettext_lazy("Most likely the Auth Token was changed at Twilio. Enter the new one."),
}
_UNREADABLE = gettext_lazy("Look at what else posts to this address. Nothing is lost: Twilio’s own list is read, too.")


@dataclass(frozen=True, slots=True)
class Said:
    """Why a request was refused, and what most likely caused that."""

    reason: StrOrPromise
    cause: StrOrPromise


def known(configuration: Configuration) -> Known:
    """Return what may explain a signature to this configuration's webhook."""
    account = configuration.account
    tokens = (secrets.open(account, name) for name in ("auth_token", "secondary_token"))
    return Known(
        account_sid=account.account_sid,
        bases=registry.bases(account.account_sid),
        tokens=[token for token in tokens if token],
    )


def explain(row: RefusedRequest, about: Known) -> Said:
    """Say why a request was refused and what the likely cause is."""
    reason = _REASONS.get(row.reason, row.reason)
    if row.reason not in ("bad_signature", "no_signature", "other_account"):
        return Said(reason, _UNREADABLE)
    if not row.path:
        return Said(reason, _("It was too large to be kept whole: nothing more can be said."))
    cause = signing.diagnose(refused.signed_of(row), about)
    return Said(reason, str(_CAUSES.get(cause.name, _CAUSES["rotated"])) % {"what": cause.detail})


def tried(row: RefusedRequest, about: Known) -> tuple[str, ...]:
    """Return each address over which the signature was computed."""
    return signature.signed_urls(refused.signed_of(row), about.bases) if row.path else ()


def form_of(row: RefusedRequest) -> bytes:
    """Return the parameters as they were sent."""
    return row.query.encode() if row.method == "GET" else bytes(row.body)


def kind_of(row: RefusedRequest) -> str:
    """Return what the address was for: a text, the fallback of one, or a delivery report."""
    parts = (row.path or row.signed_url.partition("?")[0]).split("/webhooks/twilio/")[-1].split("/")
    return parts[1] if len(parts) > 1 else "message"
