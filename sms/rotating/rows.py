"""Where in the installation an account's tokens are stored, and how they change there: sealed, in one transaction."""

from dataclasses import dataclass

from django.db import transaction
from django.db.models import QuerySet

from sms.lists import import_signs
from sms.models import Configuration, Trunk, TwilioAccount
from sms.webhooks import registry
from tenants import secrets

_SHOWN = 20
# Counted up to here; a page says how many.
_MOST = 1000
_HOME = "us1"


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """What else in the installation lives by an account's tokens. Only system administrators see the names."""

    configurations: int
    trunks: int
    names: tuple[str, ...]

    def __bool__(self) -> bool:
        return bool(self.configurations or self.trunks)


def elsewhere(account: TwilioAccount) -> Elsewhere:
    """Count what uses the same Twilio account by another row of credentials: another tenant's, or the system's."""
    configurations = Configuration.objects.filter(account__account_sid=account.account_sid, deleted_at=None)
    others = configurations.exclude(account=account).order_by("tenant__name", "name", "pk")
    found = [f"{tenant}: {name}" for tenant, name in others.values_list("tenant__name", "name")[:_MOST]]
    trunks = Trunk.objects.filter(account__account_sid=account.account_sid, deleted_at=None).exclude(account=account)
    shared = list(trunks.order_by("name", "pk").values_list("name", flat=True)[:_MOST])
    return Elsewhere(len(found), len(shared), tuple(found[:_SHOWN] + shared[:_SHOWN]))


def _held(account: TwilioAccount) -> list[TwilioAccount]:
    """Lock every row of a Twilio account, in order. Each region has tokens of its own."""
    regions = ("", _HOME) if account.region in ("", _HOME) else (account.region,)
    rows = TwilioAccount.objects.select_for_update().filter(account_sid=account.account_sid, region__in=regions)
    return list(rows.order_by("pk"))


def store_second(account: TwilioAccount, token: str) -> None:
    """Store a second token on one account's row: webhooks signed with it are accepted from then on."""
    for row in _held(account):
        if row.pk == account.pk:
            _put_second(row, token)
    transaction.on_commit(registry.forget)
    account.refresh_from_db()


def share_second(account: TwilioAccount, token: str) -> None:
    """Store the second token on every row of the account that is in use, before it becomes the only one."""
    for row in _held(account):
        if row.pk == account.pk or not _is_used(row):
            continue
        if secrets.open(row, "secondary_token") != token and secrets.open(row, "auth_token") != token:
            _put_second(row, token)
    transaction.on_commit(registry.forget)


def _is_used(row: TwilioAccount) -> bool:
    """Whether anything lives by these credentials: what lies forgotten in another tenant gets no new ones."""
    return row.configurations.filter(deleted_at=None).exists() or row.trunks.filter(deleted_at=None).exists()


def _put_second(row: TwilioAccount, token: str) -> None:
    secrets.seal(row, "secondary_token", token)
    row.secondary_token_last4, row.secondary_is_former, row.secondary_seen_at = token[-4:], False, None
    _save(row)


def put_first(account: TwilioAccount, second: str, token: str) -> list[TwilioAccount]:
    """Make `token` the primary one wherever `second` was stored for it; the former primary stays accepted beside it.

    Returns the rows that changed.
    """
    changed = []
    for row in _held(account):
        first = secrets.open(row, "auth_token")
        if row.pk != account.pk and secrets.open(row, "secondary_token") != second:
            continue
        if first == token:
            continue
        secrets.seal(row, "auth_token", token)
        secrets.seal(row, "secondary_token", first)
        row.auth_token_last4, row.secondary_token_last4 = token[-4:], first[-4:]
        row.secondary_is_former, row.secondary_seen_at, row.token_seen_at = True, row.token_seen_at, None
        _save(row)
        import_signs.credentials_changed(row.pk)
        changed.append(row)
    transaction.on_commit(registry.forget)
    account.refresh_from_db()
    return changed


def drop_second(account: TwilioAccount, token: str) -> None:
    """Forget a second token wherever it is stored."""
    _drop(account, [row for row in _held(account) if token and secrets.open(row, "secondary_token") == token])


def drop_former(account: TwilioAccount) -> None:
    """Forget the former token wherever it stands beside the account's primary one."""
    first = secrets.open(account, "auth_token")
    rows = [row for row in _held(account) if row.secondary_is_former and secrets.open(row, "auth_token") == first]
    _drop(account, rows)


def _drop(account: TwilioAccount, rows: list[TwilioAccount]) -> None:
    for row in rows:
        row.secondary_token_sealed, row.secondary_token_last4 = b"", ""
        row.secondary_is_former, row.secondary_seen_at = False, None
        _save(row)
    transaction.on_commit(registry.forget)
    account.refresh_from_db()


_FIELDS = (
    "auth_token_sealed",
    "auth_token_last4",
    "token_seen_at",
    "secondary_token_sealed",
    "secondary_token_last4",
    "secondary_is_former",
    "secondary_seen_at",
    "version",
)


def _save(row: TwilioAccount) -> None:
    """Save the tokens; workers read credentials anew when their version has changed."""
    row.version += 1
    row.save(update_fields=_FIELDS)


def users_of(account: TwilioAccount) -> QuerySet[Configuration]:
    """Return the living configurations that use one row of credentials."""
    rows = Configuration.objects.filter(account=account, deleted_at=None).select_related("tenant", "account")
    return rows.prefetch_related("webhook_keys").order_by("created_at", "pk")
