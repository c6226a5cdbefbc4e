"""Connect a configuration with Twilio: ask who the account is, set a number's webhook, undo it; say what is left."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.db.models import Exists
from django.urls import reverse
from django.utils.translation import gettext as _

from sms.models import ChangeState, Configuration, PhoneNumber, RefusedRequest, TwilioAccount, WebhookChange
from sms.setup import configuring, credentials, numbers
from sms.twilio import accounts
from sms.twilio import numbers as at_twilio
from sms.twilio.accounts import Finding
from sms.twilio.client import usual_place
from sms.twilio.numbers import AccountNumber
from tenants import audit, clock
from tenants.audit import Actor
from tenants.models import Tenant
from tenants.models.members import SendingRight

_RECENT = timedelta(days=3)
_CHUNK = 500
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
class Step:
    """One step from nothing to texts that flow."""

    done: bool
    title: str
    text: str
    url: str


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
    """Mark the pool's numbers that the Twilio account really has; returns how many it has.

    Raises:
        TwilioProblem: Twilio could not be asked.
    """
    there = {number.e164 for number in at_twilio.list_numbers(configuration.account)}
    ours = [number for number in configuring.numbers_of(configuration) if number.e164 in there]
    new = [number.pk for number in ours if number.verified_at is None]
    for start in range(0, len(new), _CHUNK):
        PhoneNumber.objects.filter(pk__in=new[start : start + _CHUNK]).update(verified_at=clock.now())
    return len(ours)


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


def checklist(tenant: Tenant, configurations: Sequence[Configuration] | None = None) -> list[Step]:
    """Return the steps from nothing to texts that flow, each done or not, with where to do it."""
    found = list(tenant.configurations.filter(deleted_at=None)) if configurations is None else configurations
    first = found[0].pk if found else None
    received, sent = any(row.last_in_at for row in found), any(row.last_out_at for row in found)
    there = _present(tenant)
    set_by_us = first is not None and there["webhook"]

    def to(name: str, *args: object) -> str:
        return reverse(name, args=[tenant.slug, *args])

    webhook = to("sms:configuration_webhook", first) if first else to("sms:guide")
    return [
        Step(
            there["trunk"],
            _("Trunk"),
            _("A Twilio trunk, your own or one shared with you."),
            to("sms:trunk_list"),
        ),
        Step(
            there["number"],
            _("Phone number"),
            _("Buy a number with SMS in Twilio and add it to the trunk's pool."),
            to("sms:trunk_list"),
        ),
        Step(
            first is not None,
            _("SMS configuration"),
            _("Join the trunk with your Twilio account."),
            to("sms:configuration_new") if first is None else to("sms:configuration_list"),
        ),
        Step(received or set_by_us, _("Webhook"), _("Tell Twilio where to deliver texts."), webhook),
        Step(
            there["inbound"] and there["outbound"],
            _("Rules"),
            _("Who gets received texts, and how texts leave."),
            to("rules:inbound_rule_list"),
        ),
        Step(there["right"], _("Right to send"), _("At least one member may send."), to("tenants:member_list")),
        Step(
            received and sent,
            _("Test"),
            _("Text the number and send one back."),
            to("sms:configuration_verify", first) if first else to("sms:guide"),
        ),
    ]


def _present(tenant: Tenant) -> dict[str, bool]:
    """Look which of a tenant's things exist, all in one query: the dashboard asks this often."""
    found = Tenant.objects.filter(pk=tenant.pk).values(
        trunk=Exists(numbers.trunks_of(tenant)),
        number=Exists(numbers.live_numbers(tenant)),
        webhook=Exists(tenant.webhook_changes.filter(state__in=_AT_TWILIO, undone_at=None)),
        inbound=Exists(tenant.inbound_rules.filter(enabled=True)),
        outbound=Exists(tenant.outbound_rules.filter(enabled=True)),
        right=Exists(tenant.members.filter(enabled=True).exclude(sending_right=SendingRight.NONE)),
    )
    return {name: bool(value) for name, value in found[0].items()}
