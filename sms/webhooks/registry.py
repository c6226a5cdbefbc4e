"""Which configuration a webhook key belongs to, with its tokens: kept in memory for seconds."""

import threading
import time
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings

from sms.models import Configuration, PublicAddress, RotationStep, TokenRotation, TwilioAccount, WebhookKey
from sms.twilio.client import is_sandbox
from tenants import clock, secrets

_KEEP_SECONDS = 10.0
_KEEP_ENTRIES = 20_000
_NOTE_SECONDS = 60.0
_FORMER_SECONDS = 60.0
# More are not tried: each costs every refused request a little.
_FORMER_ADDRESSES = 20
STATUS_OVERLAP = timedelta(days=14)


@dataclass(frozen=True, slots=True)
class Entry:
    """What the webhook path needs to know about one key."""

    tenant_id: uuid.UUID
    configuration_id: uuid.UUID
    account_id: uuid.UUID
    account_sid: str
    tokens: tuple[str, ...]
    is_open: bool
    retires_at: datetime | None
    former_token_kept: bool
    webhook_method: str

    def takes_messages(self, at: datetime) -> bool:
        """Whether the key received texts at a moment; a rotated one does until its overlap ends."""
        return self.retires_at is None or self.retires_at > at

    def takes_reports(self, at: datetime) -> bool:
        """Whether the key received delivery reports at a moment: of texts sent before a rotation, too."""
        return self.retires_at is None or self.retires_at + STATUS_OVERLAP > at


_lock = threading.Lock()
_entries: dict[str, tuple[float, Entry]] = {}
_noted: dict[tuple[uuid.UUID, int, bool], float] = {}
# Addresses under which this portal was reachable, and until when that need not be asked again.
_former: tuple[float, tuple[str, ...]] = (0.0, ())


def find(key: str, *, fresh: bool = False) -> Entry | None:
    """Return what a key stands for, or None when no living configuration has it."""
    if not fresh and (kept := remembered(key)):
        return kept
    entry = _read(key)
    with _lock:
        if entry is None:
            _entries.pop(key, None)
        else:
            if len(_entries) >= _KEEP_ENTRIES:
                _entries.clear()
            _entries[key] = (time.monotonic() + _KEEP_SECONDS, entry)
    return entry


def remembered(key: str) -> Entry | None:
    """Return what a key stood for a moment ago, without the database."""
    kept = _entries.get(key)
    return kept[1] if kept and kept[0] > time.monotonic() else None


def bases(account_sid: str) -> list[str]:
    """Return the addresses under which Twilio may have called: never the request's own Host."""
    if is_sandbox(account_sid):
        named = [settings.LOCAL_BASE_URL, settings.PUBLIC_BASE_URL]
    else:
        named = [settings.PUBLIC_BASE_URL, settings.FALLBACK_BASE_URL, *settings.PUBLIC_BASE_URL_ALIASES]
    return [url for url in dict.fromkeys([*named, *_former[1]]) if url]


def _remember_former() -> None:
    """Read the former addresses now and then, beside a key: never for a request whose key is remembered."""
    global _former
    if _former[0] > time.monotonic():
        return
    found = PublicAddress.objects.filter(is_accepted=True).values_list("url", flat=True)[:_FORMER_ADDRESSES]
    _former = (time.monotonic() + _FORMER_SECONDS, tuple(found))


def forget() -> None:
    """Read everything anew at the next request; flows call this after a change, for this process to follow at once."""
    global _former
    with _lock:
        _entries.clear()
        _noted.clear()
        # What was accepted stays so while the database is away.
        _former = (0.0, _former[1])


def _read(key: str) -> Entry | None:
    row = (
        WebhookKey.objects.select_related("configuration__account", "tenant")
        .filter(key=key, configuration__deleted_at=None, tenant__deleted_at=None)
        .first()
    )
    if row is None:
        return None
    _remember_former()
    configuration, account = row.configuration, row.configuration.account
    return Entry(
        tenant_id=row.tenant_id,
        configuration_id=configuration.pk,
        account_id=account.pk,
        account_sid=account.account_sid,
        tokens=(secrets.open(account, "auth_token"), secrets.open(account, "secondary_token")),
        is_open=row.tenant.is_open and row.tenant.sms_enabled and configuration.enabled,
        retires_at=row.retires_at,
        former_token_kept=account.secondary_is_former,
        webhook_method=configuration.webhook_method,
    )


def note_token(entry: Entry, token: int) -> None:
    """Remember who was heard and which Auth Token signed, once a minute.

    A replaced token goes when the new one has been seen at work.
    """
    slot, moment = (entry.configuration_id, token, entry.former_token_kept), time.monotonic()
    if _noted.get(slot, 0.0) > moment:
        return
    _noted[slot] = moment + _NOTE_SECONDS
    now = clock.now()
    Configuration.objects.filter(pk=entry.configuration_id).update(signed_at=now)
    account = TwilioAccount.objects.filter(pk=entry.account_id)
    account.update(**{"secondary_seen_at" if token else "token_seen_at": now})
    if token == 0 and entry.former_token_kept:
        _seen_at_work(entry, now)


def _seen_at_work(entry: Entry, now: datetime) -> None:
    """Drop the former token, or note that it may go: a rotation keeps it for what is still on its way."""
    rotations = TokenRotation.objects.filter(account__account_sid=entry.account_sid, finished_at=None)
    if rotations.exists():
        rotations.filter(step=RotationStep.PROMOTED, seen_at=None).update(seen_at=now)
        return
    # Only a former token: meanwhile somebody may have typed a real secondary one.
    former = TwilioAccount.objects.filter(pk=entry.account_id, secondary_is_former=True)
    former.update(secondary_token_sealed=b"", secondary_token_last4="", secondary_is_former=False)
    forget()
