"""What a page offers beside an error of Twilio: who must act, and the button that helps this visitor."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django_stubs_ext import StrOrPromise

from sms.errors import CodeInfo, Who
from sms.models import Configuration, Direction, Message
from sms.setup.guide import CONSOLE
from sms.status import MessageState
from tenants.access import TenantRequest, can
from tenants.roles import Permission


@dataclass(frozen=True, slots=True)
class Remedy:
    """A button: a page of ours, a page of Twilio's console, or something that is done at once."""

    label: StrOrPromise
    url: str
    icon: str
    kind: str = "page"


@dataclass(frozen=True, slots=True)
class Problem:
    """An error as a page shows it to one visitor."""

    info: CodeInfo
    who: StrOrPromise
    remedy: Remedy | None


@dataclass(frozen=True, slots=True)
class _Seen:
    """Who looks at which error of what."""

    request: TenantRequest
    info: CodeInfo
    message: Message | None
    configuration: Configuration | None

    def may(self, permission: Permission) -> bool:
        return can(self.request, permission)

    @property
    def is_lent(self) -> bool:
        """Whether the Twilio account is the operator's: nobody of this tenant can open it."""
        return self.configuration is not None and self.configuration.account.tenant_id is None

    def page(self, name: str, *arguments: object, query: str = "") -> str:
        return reverse(name, args=[self.request.tenant.slug, *arguments]) + query


def of(
    request: TenantRequest,
    info: CodeInfo,
    *,
    message: Message | None = None,
    configuration: Configuration | None = None,
) -> Problem:
    """Return an error with who must act and the button for this visitor; a configuration brings its account."""
    seen = _Seen(request, info, message, configuration or (message.configuration if message else None))
    make = _REMEDIES.get(info.button)
    return Problem(info, _who(seen), make(seen) if make else None)


def _who(seen: _Seen) -> StrOrPromise:
    who = seen.info.who
    if who == Who.ADMINISTRATOR and seen.is_lent and seen.info.button in _AT_TWILIO:
        who = Who.OPERATOR
    if who == Who.ADMINISTRATOR and seen.may(Permission.CONFIGURATIONS_EDIT):
        return _("You, as an administrator")
    if who == Who.YOU and not seen.may(Permission.MESSAGES_SEND):
        return _("Whoever wrote the text")
    return WHO[who]


WHO: Mapping[Who, StrOrPromise] = {
    Who.YOU: gettext_lazy("You"),
    Who.ADMINISTRATOR: gettext_lazy("Your administrator"),
    Who.OPERATOR: gettext_lazy("The operator of this portal"),
    Who.RECIPIENT: gettext_lazy("The person at the other end"),
    Who.TWILIO: gettext_lazy("Twilio"),
    Who.NOBODY: gettext_lazy("Nobody"),
}

# What is mended in Twilio's console, or with its credentials: by whoever owns the account.
_CONSOLE: Mapping[str, tuple[StrOrPromise, str]] = {
    "twilio_account": (gettext_lazy("Open the Twilio console"), ""),
    "twilio_console": (gettext_lazy("Open Twilio’s message log"), "/us1/monitor/logs/sms"),
    "geo_permissions": (gettext_lazy("Open geo permissions"), "/us1/develop/sms/settings/geo-permissions"),
    "a2p_registration": (gettext_lazy("Open A2P 10DLC"), "/us1/develop/sms/regulatory-compliance/a2p-10dlc"),
    "toll_free": (gettext_lazy("Open the number at Twilio"), "/us1/develop/phone-numbers/manage/incoming"),
    "sender_registration": (gettext_lazy("Open regulatory compliance"), "/us1/develop/sms/regulatory-compliance"),
    "upgrade_account": (gettext_lazy("Upgrade at Twilio"), "/us1/billing/manage-billing/billing-overview"),
}
_AT_TWILIO = frozenset({*_CONSOLE, "replace_token"})


def _console(seen: _Seen) -> Remedy | None:
    if seen.is_lent or not seen.may(Permission.CONFIGURATIONS_EDIT):
        return None
    label, path = _CONSOLE[seen.info.button]
    return Remedy(label, CONSOLE + path, "external-link", "console")


def _dictionary(seen: _Seen) -> Remedy:
    url = f"https://www.twilio.com/docs/api/errors/{seen.info.code}"
    return Remedy(_("Look it up at Twilio"), url, "external-link", "console")


def _of_configuration(name: str, label: StrOrPromise, icon: str) -> Callable[[_Seen], Remedy | None]:
    def make(seen: _Seen) -> Remedy | None:
        if seen.configuration is None or seen.configuration.deleted_at or not seen.may(Permission.CONFIGURATIONS_EDIT):
            return None
        if seen.is_lent and seen.info.button in _AT_TWILIO:
            return None
        return Remedy(label, seen.page(name, seen.configuration.pk), icon)

    return make


def _write_anew(label: StrOrPromise, icon: str) -> Callable[[_Seen], Remedy | None]:
    """Offer the text to be written anew: with another sender, to another number, in other words."""

    def make(seen: _Seen) -> Remedy | None:
        if not _is_ours(seen) or seen.message is None or not seen.may(Permission.MESSAGES_SEND):
            return None
        return Remedy(label, seen.page("sms:conversation_new", query=f"?again={seen.message.pk.hex}"), icon)

    return make


def _is_ours(seen: _Seen) -> bool:
    return seen.message is not None and seen.message.direction == Direction.OUT


def _send_again(seen: _Seen) -> Remedy | None:
    message = seen.message
    if message is None or not seen.may(Permission.MESSAGES_SEND) or not can_be_sent_again(message):
        return None
    return Remedy(_("Send again"), seen.page("sms:message_send_again", message.pk), "rotate-ccw", "post")


def can_be_sent_again(message: Message) -> bool:
    """Whether a person may send a text again: it failed, or nobody knows."""
    if message.direction != Direction.OUT:
        return False
    failed = message.provider_status in ("failed", "undelivered")
    return message.state in (MessageState.UNKNOWN, MessageState.REJECTED) or failed


def _suppress(seen: _Seen) -> Remedy | None:
    if not _is_ours(seen) or seen.message is None or not seen.may(Permission.OPT_OUTS_EDIT):
        return None
    return Remedy(_("Stop texts to them"), seen.page("sms:opt_out_new", query=f"?message={seen.message.pk.hex}"), "ban")


def _opt_outs(seen: _Seen) -> Remedy | None:
    if not seen.may(Permission.OPT_OUTS_EDIT):
        return None
    return Remedy(_("Show opt-outs"), seen.page("sms:opt_out_list"), "ban")


def _public_address(seen: _Seen) -> Remedy | None:
    if not seen.request.user.is_system_administrator:
        return None
    return Remedy(_("Look at the public address"), reverse("sms:system_addresses"), "globe")


_REMEDIES: Mapping[str, Callable[[_Seen], Remedy | None]] = {
    **dict.fromkeys(_CONSOLE, _console),
    "error_dictionary": _dictionary,
    "replace_token": _of_configuration("sms:configuration_token", gettext_lazy("Replace the token"), "key-round"),
    "configuration": _of_configuration("sms:configuration_edit", gettext_lazy("Edit the configuration"), "pencil"),
    "webhook_health": _of_configuration("sms:configuration_health", gettext_lazy("Look at the health"), "activity"),
    "choose_sender": _write_anew(gettext_lazy("Choose another sender"), "send-horizontal"),
    "check_number": _write_anew(gettext_lazy("Write to another number"), "square-pen"),
    "edit_text": _write_anew(gettext_lazy("Edit the text"), "square-pen"),
    "send_again": _send_again,
    "suppress": _suppress,
    "opt_outs": _opt_outs,
    "public_address": _public_address,
}
KEYS = frozenset(_REMEDIES)
