"""Connect a configuration with Twilio: ask who the account is, set a number's webhook, undo it; say what is left."""

from dataclasses import dataclass
from datetime import timedelta

from django.utils.translation import gettext as _

from sms.mirror import keeping, reading
from sms.models import ChangeState, Configuration, PhoneNumber, RefusedRequest, TwilioAccount, WebhookChange
from sms.setup import configuring, credentials
from sms.twilio import accounts
from sms.twilio import numbers as at_twilio
from sms.twilio.accounts import Finding
from sms.twilio.client import usual_place
from sms.twilio.numbers import AccountNumber
from tenants import audit, clock
from tenants.audit import Actor
from tenants.models import Tenant

_RECENT = timedelta(days=3)
# What stands at Twilio, or may.
_AT_TWILIO = (ChangeState.DONE, ChangeState.BEGUN)


@dataclass(frozen=True, slots=True)
class Line:
    """A number of the Twilio account beside what the portal knows of it."""

    number: AccountNumber
    held: PhoneNumber | None
    points_here: bool
    change: WebhookChange | None

    @property
    def goes_elsewhere(self) -> str:
        """The address that takes the number's texts now, when it is not ours."""
        return "" if self.points_here else self.number.webhook["sms_url"]


@dataclass(frozen=True, slots=True)
class WebhookState:
    """How a configuration's webhook does, for the list."""

    tone: str
    label: str
    text: str


# --- Who the account is ---


def try_out(tenant: Tenant | None, typed: credentials.Typed) -> Finding:
    """Ask Twilio about credentials that are not saved yet."""
    return accounts.check_account(credentials.prepare(tenant, typed))


def try_token(configuration: Configuration, auth_token: str, region: str = "") -> Finding:
    """Ask Twilio whether a token fits the account, before it is saved; with a region, whether it does there."""
    return try_out(configuration.tenant, credentials.with_token(configuration.account, auth_token, region))


def check(account: TwilioAccount, actor: Actor = audit.PORTAL) -> Finding:
    """Ask Twilio who a stored account is, and remember the answer; what its refusals stopped sends again."""
    finding = accounts.check_account(account)
    credentials.keep_finding(account, finding)
    if finding.is_good:
        configuring.release_held(actor, account)
    return finding


def switch_region(actor: Actor, account: TwilioAccount, region: str) -> Finding:
    """Move an account's row to the region in which its credentials hold; where they do not hold nothing changes."""
    account.region, account.edge = usual_place(region)
    finding = accounts.check_account(account)
    if finding.is_good:
        credentials.save(actor, account, finding)
        configuring.release_held(actor, account)
    return finding


# --- Numbers and their webhooks at Twilio ---


def lines(configuration: Configuration) -> list[Line]:
    """Return the account's numbers as they stand at Twilio; of an operator's account only the tenant's own.

    Raises:
        TwilioProblem: Twilio could not be asked.
    """
    held = {number.e164: number for number in configuring.numbers_of(configuration)}
    found = at_twilio.list_numbers(configuration.account)
    if configuration.account.tenant_id is None:
        found = [number for number in found if number.e164 in held]
    changes = {change.number_sid: change for change in reversed(open_changes(configuration))}
    listed = [
        Line(number, held.get(number.e164), _points_here(configuration, number), changes.get(number.sid))
        for number in found
    ]
    return sorted(listed, key=lambda line: (line.held is None, line.number.e164))


def _points_here(configuration: Configuration, number: AccountNumber) -> bool:
    """Whether texts come here: by any living key, and with no application in the way."""
    address = number.webhook["sms_url"].split("#")[0]
    keys = [key.key for key in configuration.webhook_keys.all() if not key.retires_at or key.retires_at > clock.now()]
    return not number.application_sid and any(address.endswith(f"/webhooks/twilio/{key}/message") for key in keys)


def open_changes(configuration: Configuration) -> list[WebhookChange]:
    """Return what we set at Twilio and did not undo, newest first."""
    changes = WebhookChange.objects.filter(configuration=configuration, tenant_id=configuration.tenant_id)
    return list(changes.filter(state__in=_AT_TWILIO, undone_at=None)[:200])


def mark_verified(configuration: Configuration) -> int:
    """Mark the pool's numbers that the Twilio account really has; returns how many. The whole account is read soon.

    Raises:
        TwilioProblem: Twilio could not be asked.
    """
    asked_at = clock.now()
    keeping.numbers(configuration.account, at_twilio.list_numbers(configuration.account), asked_at)
    reading.ask(configuration.account)
    return configuring.numbers_of(configuration).exclude(verified_at=None).count()


# --- How it stands ---


def webhook_state(configuration: Configuration, refused_count: int = 0) -> WebhookState:
    """Say how the webhook does, from what has arrived. `refused_count` counts refusals since the last good request."""
    if refused_count:
        return WebhookState("bad", _("Refuses requests"), _("The last request from Twilio had a wrong signature."))
    if configuring.is_polling(configuration):
        missed = _("Twilio's calls did not arrive lately. Compare the webhook at the number with the one here.")
        problem = configuring.address_problem(configuration) or missed
        return WebhookState("warn", _("Polling, up to 30 s late"), problem)
    if configuration.webhook_method == "GET":
        return WebhookState("warn", _("Set to GET"), _("Twilio calls with HTTP GET. Set it to HTTP POST there."))
    if configuration.last_in_at:
        return WebhookState("good", _("Works"), _("Texts arrive."))
    return WebhookState("neutral", _("Waiting"), _("No text has arrived yet."))


def refused_since_last_text(configuration: Configuration) -> int:
    """Count the requests refused since the last text that was taken, of the last three days."""
    since = max(configuration.last_in_at or configuration.created_at, clock.now() - _RECENT)
    return RefusedRequest.objects.filter(configuration=configuration, created_at__gt=since)[:100].count()
