"""SMS configurations: their webhook addresses, and every change to them."""

import ipaddress
import os
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from sms.lists import reach
from sms.models import Configuration, Direction, Message, PhoneNumber, Trunk, TwilioAccount, WebhookKey
from sms.models.configurations import UnknownPolicy
from sms.queueing import breaker
from sms.setup import credentials, numbers
from sms.status import MessageState
from sms.twilio.accounts import Finding
from sms.twilio.client import is_sandbox
from sms.webhooks import keys, registry
from tenants import audit, clock
from tenants.audit import Actor
from tenants.models import Tenant

KEY_OVERLAP_DAYS = 7
DELETED = "configuration_deleted"


class ConfigurationRefused(Exception):
    """A configuration cannot be made or changed like this; `field` says where to mend it."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


def trunk_choices(tenant: Tenant) -> list[tuple[Trunk, str]]:
    """Return a tenant's trunks, each with the reason why it cannot be chosen, if there is one."""
    trunks = numbers.trunks_of(tenant).select_related("account")
    return [(trunk, "" if trunk.enabled else _("disabled")) for trunk in trunks]


def add(
    actor: Actor,
    tenant: Tenant,
    *,
    trunk: Trunk,
    account_sid: str = "",
    auth_token: str = "",
    sender_id: str = "",
    name: str = "",
    enabled: bool = True,
    messaging_service_sid: str = "",
    unknown_policy: str = UnknownPolicy.HOLD,
    finding: Finding | None = None,
    **more: str | None,
) -> Configuration:
    """Make an SMS configuration. Without an Account SID it uses the operator's credentials that come with the trunk.

    `more` takes secondary_token, api_key_sid, api_key_secret, region and edge.

    Raises:
        ConfigurationRefused: the trunk has no credentials, or a configuration for this account already.
    """
    with _refused_when_overtaken("trunk"), transaction.atomic():
        if account_sid:
            typed = credentials.Typed(account_sid, auth_token=auth_token or None, **more)
            account = credentials.save(actor, credentials.prepare(tenant, typed), finding)
        else:
            account = _operators(trunk)
        _refuse_twin(tenant, trunk, account)
        configuration = Configuration.objects.create(
            tenant=tenant,
            trunk=trunk,
            account=account,
            name=_free_name(tenant, name or trunk.name),
            sender_id=sender_id,
            messaging_service_sid=messaging_service_sid,
            unknown_policy=unknown_policy,
            enabled=enabled,
        )
        _new_key(configuration)
        audit.record(actor, "sms.configuration.created", configuration, _facts(configuration), tenant=tenant)
    return configuration


@contextmanager
def _refused_when_overtaken(field: str) -> Iterator[None]:
    """Say in words that somebody saved the same between our look and our insert: a second click, most often."""
    try:
        yield
    except IntegrityError:
        text = _("The same was saved a moment ago. Look at the list of SMS configurations before you save it again.")
        raise ConfigurationRefused(field, text) from None


def _operators(trunk: Trunk) -> TwilioAccount:
    if trunk.account is None:
        raise ConfigurationRefused("account_sid", _("Type the Account SID: this trunk brings no credentials."))
    return trunk.account


def _refuse_twin(tenant: Tenant, trunk: Trunk, account: TwilioAccount, but: Configuration | None = None) -> None:
    twins = tenant.configurations.filter(trunk=trunk, account=account, deleted_at=None)
    twin = (twins.exclude(pk=but.pk) if but else twins).first()
    if twin is not None:
        text = _("“%s” already joins this trunk and this account. Edit that one instead.") % twin.name
        raise ConfigurationRefused("trunk" if but is None else "account_sid", text)


def _free_name(tenant: Tenant, wanted: str) -> str:
    taken = set(tenant.configurations.filter(deleted_at=None).values_list("name", flat=True))
    names = (wanted if n == 1 else f"{wanted[:58]} {n}" for n in range(1, len(taken) + 2))
    return next(name for name in names if name not in taken)


def _facts(configuration: Configuration) -> dict[str, str]:
    return {
        "trunk": str(configuration.trunk),
        "account": str(configuration.account),
        "sender_id": configuration.sender_id,
    }


def _new_key(configuration: Configuration) -> WebhookKey:
    text = keys.make(settings.WEBHOOK_KEY_SECRETS[0].encode(), os.urandom(16))
    return WebhookKey.objects.create(tenant=configuration.tenant, configuration=configuration, key=text)


def change(
    actor: Actor,
    configuration: Configuration,
    *,
    fields: Mapping[str, Any],
    typed: credentials.Typed | None = None,
    finding: Finding | None = None,
) -> Configuration:
    """Change a configuration and, when something was typed, its tenant's credentials; never the operator's.

    Raises:
        ConfigurationRefused: another configuration joins this trunk and this account already.
    """
    values = dict(fields)
    with _refused_when_overtaken("name"), transaction.atomic():
        if typed is not None:
            values["account"] = credentials.save(actor, credentials.prepare(configuration.tenant, typed), finding)
            _refuse_twin(configuration.tenant, configuration.trunk, values["account"], configuration)
            if finding is not None and finding.is_good:
                release_held(actor, values["account"])
        changes = audit.differences({name: getattr(configuration, name) for name in values}, values)
        for name in changes:
            setattr(configuration, name, values[name])
        if changes:
            configuration.save(update_fields=list(changes))
            audit.record(actor, "sms.configuration.changed", configuration, changes, tenant=configuration.tenant)
    transaction.on_commit(registry.forget)
    return configuration


def replace_token(
    actor: Actor, configuration: Configuration, auth_token: str, *, finding: Finding | None = None, region: str = ""
) -> TwilioAccount:
    """Replace the Auth Token of a configuration's account; the former is accepted until the new one has been seen."""
    credentials.replace_token(actor, configuration.account, auth_token, finding, region=region)
    if finding is None or finding.is_good:
        release_held(actor, configuration.account)
    return configuration.account


def release_held(actor: Actor, account: TwilioAccount) -> int:
    """Let the configurations of an account send again that Twilio's refusals stopped; returns how many."""
    held = account.configurations.filter(deleted_at=None).exclude(held_reason="").select_related("tenant")
    return sum(breaker.release(actor, configuration) for configuration in held)


def rotate_key(actor: Actor, configuration: Configuration, *, overlap_days: int = KEY_OVERLAP_DAYS) -> WebhookKey:
    """Give the webhook a new address; the former one takes texts until the overlap ends."""
    with transaction.atomic():
        retires = clock.now() + timedelta(days=overlap_days)
        configuration.webhook_keys.filter(retires_at=None).update(retires_at=retires)
        key = _new_key(configuration)
        days = {"overlap_days": overlap_days}
        audit.record(actor, "sms.webhook.rotated", configuration, days, tenant=configuration.tenant)
    transaction.on_commit(registry.forget)
    return key


def delete(actor: Actor, configuration: Configuration) -> int:
    """Delete a configuration: waiting texts are canceled, its webhook ends. Returns how many texts were canceled."""
    with transaction.atomic():
        now = clock.now()
        canceled = waiting(configuration).update(state=MessageState.CANCELED, state_reason=DELETED, due_at=None)
        configuration.deleted_at = now
        configuration.save(update_fields=["deleted_at"])
        configuration.webhook_keys.filter(retires_at=None).update(retires_at=now)
        counts = {"canceled_texts": canceled}
        audit.record(actor, "sms.configuration.deleted", configuration, counts, tenant=configuration.tenant)
    transaction.on_commit(registry.forget)
    return canceled


def waiting(configuration: Configuration) -> QuerySet[Message]:
    """Return the texts that wait to be sent through a configuration; those being posted are not among them."""
    states = [MessageState.QUEUED, MessageState.HELD]
    return configuration.messages.filter(direction=Direction.OUT, state__in=states)


def numbers_of(configuration: Configuration) -> QuerySet[PhoneNumber]:
    """Return the numbers that a configuration's trunk gives its tenant."""
    return numbers.live_numbers(configuration.tenant).filter(pool__trunk_id=configuration.trunk_id)


def base_url(configuration: Configuration) -> str:
    """Return the address under which this configuration's Twilio reaches the portal; the sandbox is on this machine."""
    if is_sandbox(configuration.account.account_sid):
        return str(settings.LOCAL_BASE_URL)
    return str(settings.PUBLIC_BASE_URL)


def live_key(configuration: Configuration) -> WebhookKey:
    """Return the key that new webhook addresses carry; former ones retire."""
    keys = [key for key in configuration.webhook_keys.all() if key.retires_at is None]
    return max(keys, key=lambda key: key.created_at)


def webhook_url(configuration: Configuration, purpose: str = "message", *, overrides: bool = True) -> str:
    """Return the address for the number at Twilio. The part after `#` tells Twilio how to call; it is never sent."""
    return _address(base_url(configuration), configuration, purpose, overrides=overrides)


def fallback_url(configuration: Configuration, *, overrides: bool = True) -> str:
    """Return the address Twilio tries when the first one fails: on another host, when one is set."""
    base = base_url(configuration)
    if settings.FALLBACK_BASE_URL and not is_sandbox(configuration.account.account_sid):
        base = settings.FALLBACK_BASE_URL
    return _address(base, configuration, "fallback", overrides=overrides)


def status_callback_url(configuration: Configuration, message_id: uuid.UUID, attempt_number: int) -> str:
    """Return where Twilio reports the status of one attempt; nothing, where it would refuse the text for the address.

    Then its list is asked in place of that.
    """
    if not base_url(configuration) or (address_problem(configuration) and not settings.TWILIO_API_BASE):
        return ""
    return _address(base_url(configuration), configuration, f"status/{message_id.hex}/{attempt_number}", overrides=True)


def _address(base: str, configuration: Configuration, purpose: str, *, overrides: bool) -> str:
    tail = settings.WEBHOOK_OVERRIDES if overrides else ""
    return f"{base}/webhooks/twilio/{live_key(configuration).key}/{purpose}{tail}"


def address_problem(configuration: Configuration) -> str:
    """Say why Twilio could not reach the webhook, and what to set; nothing when it can be copied."""
    if is_sandbox(configuration.account.account_sid):
        return ""
    return public_address_problem(settings.PUBLIC_BASE_URL)


def is_polling(configuration: Configuration) -> bool:
    """Whether Twilio is asked for this configuration's texts every 30 seconds, since its calls do not come here."""
    return reach.must_poll(
        address=base_url(configuration),
        problem=bool(address_problem(configuration)),
        signed_at=configuration.signed_at,
        missed_at=configuration.missed_at,
        now=clock.now(),
    )


def public_address_problem(base: str) -> str:
    """Say what keeps Twilio from reaching a base address, in words that say what to do."""
    parts = urlsplit(base)
    if not parts.hostname:
        return _(
            "This portal has no public address yet. Set PUBLIC_BASE_URL to the https address that Twilio can reach."
        )
    if parts.scheme != "https":
        return _("PUBLIC_BASE_URL is not an https address. Twilio needs https: set one.")
    if _is_private(parts.hostname):
        return _("PUBLIC_BASE_URL is an address inside this network; Twilio cannot reach it. Set a public host name.")
    return ""


def _is_private(host: str) -> bool:
    if host == "localhost" or host.endswith((".localhost", ".local", ".internal", ".lan")):
        return True
    try:
        return not ipaddress.ip_address(host).is_global
    except ValueError:
        return "." not in host
