"""Twilio credentials: rows of their own, sealed, write-only, owned by a tenant or by the system."""

from dataclasses import dataclass

from django.db import transaction

from sms.lists import import_signs
from sms.mirror import reading
from sms.models import TwilioAccount
from sms.twilio.accounts import Finding
from sms.twilio.client import usual_place
from sms.webhooks import registry
from tenants import audit, clock, secrets
from tenants.audit import Actor
from tenants.models import Tenant


@dataclass(frozen=True, slots=True)
class Typed:
    """Credentials as they were typed; None leaves what is stored, an empty text clears it."""

    account_sid: str
    auth_token: str | None = None
    secondary_token: str | None = None
    api_key_sid: str | None = None
    api_key_secret: str | None = None
    region: str | None = None
    edge: str | None = None


def account_for(tenant: Tenant | None, account_sid: str) -> TwilioAccount | None:
    """Return the credentials that a tenant (or the system) holds for an account."""
    return TwilioAccount.objects.filter(tenant=tenant, account_sid=account_sid).first()


def prepare(tenant: Tenant | None, typed: Typed) -> TwilioAccount:
    """Return the account's row with what was typed on it, not yet saved, so that it can be checked first."""
    account = account_for(tenant, typed.account_sid) or TwilioAccount(tenant=tenant, account_sid=typed.account_sid)
    if typed.auth_token:
        _put_primary(account, typed.auth_token)
    if typed.secondary_token is not None:
        _put_secondary(account, typed.secondary_token)
    if typed.api_key_sid is not None:
        _put_key(account, typed.api_key_sid, typed.api_key_secret or "")
    account.region = account.region if typed.region is None else typed.region
    account.edge = account.edge if typed.edge is None else typed.edge
    return account


def _put_primary(account: TwilioAccount, token: str) -> None:
    """Put a new primary token; the former one is still accepted until the new one has been seen at work."""
    former = secrets.open(account, "auth_token")
    if token == former:
        return
    if former:
        secrets.seal(account, "secondary_token", former)
        account.secondary_token_last4 = former[-4:]
        account.secondary_is_former = True
        account.secondary_seen_at = account.token_seen_at
    secrets.seal(account, "auth_token", token)
    account.auth_token_last4 = token[-4:]
    account.token_seen_at = None


def _put_secondary(account: TwilioAccount, token: str) -> None:
    secrets.seal(account, "secondary_token", token)
    account.secondary_token_last4 = token[-4:]
    account.secondary_is_former = False
    account.secondary_seen_at = None


def _put_key(account: TwilioAccount, sid: str, secret: str) -> None:
    """Put an API key; without a secret a known key keeps its own, and no key at all clears both."""
    if sid == account.api_key_sid and sid and not secret:
        return
    account.api_key_sid = sid
    secrets.seal(account, "api_key_secret", secret if sid else "")
    account.api_key_last4 = secret[-4:] if sid else ""


def save(actor: Actor, account: TwilioAccount, finding: Finding | None = None) -> TwilioAccount:
    """Save a prepared account with what Twilio said about it."""
    is_new = account._state.adding
    before = None if is_new else TwilioAccount.objects.get(pk=account.pk)
    if finding is not None:
        _put_finding(account, finding)
    account.version += 0 if is_new else 1
    with transaction.atomic():
        account.save()
        changes = _changes(before, account)
        if is_new or changes:
            action = "sms.account.created" if is_new else "sms.account.changed"
            audit.record(actor, action, account, changes, tenant=account.tenant)
            if not is_new:
                import_signs.credentials_changed(account.pk)
            reading.ask(account)
    transaction.on_commit(registry.forget)
    if not changes.keys().isdisjoint(("auth_token", "secondary_token")):
        transaction.on_commit(lambda: _take_genuine(account), robust=True)
    return account


def _take_genuine(account: TwilioAccount) -> None:
    """Take what was refused for its signature only, when the new token explains it: it was a real text after all."""
    # Taking a text leads to rules and answers, and these lead here.
    from sms.webhooks import refused

    refused.take_genuine(account.pk)


def _changes(before: TwilioAccount | None, account: TwilioAccount) -> dict[str, object]:
    """Name what changed; of secrets only that they did."""
    if before is None:
        return {"account_sid": account.account_sid}
    plain = ("api_key_sid", "region", "edge")
    changes: dict[str, object] = dict(
        audit.differences({n: getattr(before, n) for n in plain}, {n: getattr(account, n) for n in plain})
    )
    sealed = ("auth_token", "secondary_token", "api_key_secret")
    return changes | {name: "replaced" for name in sealed if secrets.open(before, name) != secrets.open(account, name)}


def _put_finding(account: TwilioAccount, finding: Finding) -> None:
    account.check_result = finding.result
    account.checked_at = clock.now()
    if finding.status:
        account.friendly_name, account.account_type = finding.friendly_name, finding.account_type
        account.status = finding.status
    account.owner_sid = finding.owner_sid or account.owner_sid


def keep_finding(account: TwilioAccount, finding: Finding) -> None:
    """Remember what Twilio said about a saved account."""
    _put_finding(account, finding)
    names = ["check_result", "checked_at", "friendly_name", "account_type", "status", "owner_sid"]
    account.save(update_fields=names)


def with_token(account: TwilioAccount, token: str, region: str = "") -> Typed:
    """Return what is typed when only an account's token is replaced, perhaps by that of another region."""
    place = usual_place(region) if region else (None, None)
    return Typed(account.account_sid, auth_token=token, region=place[0], edge=place[1])


def replace_token(
    actor: Actor, account: TwilioAccount, token: str, finding: Finding | None = None, *, region: str = ""
) -> None:
    """Make a token the primary one; the former stays accepted until the first webhook signed with the new one."""
    _put_primary(account, token)
    if region:
        account.region, account.edge = usual_place(region)
    save(actor, account, finding)
