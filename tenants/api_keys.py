"""API keys: made once and shown once; only a digest is kept."""

import hashlib
import hmac
import re
import secrets
import string
import zlib
from datetime import timedelta

from django.db import transaction
from django.db.models import Q

from tenants import audit, clock
from tenants.audit import Actor
from tenants.models import ApiKey, Tenant

PREFIX = "smsp"
_ALPHABET = string.digits + string.ascii_letters
_ID_LENGTH, _SECRET_LENGTH = 8, 43
_SHAPE = re.compile(rf"{PREFIX}_[0-9A-Za-z]{{{_ID_LENGTH}}}_[0-9A-Za-z]{{{_SECRET_LENGTH}}}_[0-9a-f]{{8}}")
_NOTE_EVERY = timedelta(minutes=1)


class ApiKeyError(Exception):
    """A key cannot be made; the text says what to do."""


def _random(length: int) -> str:
    return "".join(secrets.choice(_ALPHABET) for _ in range(length))


def _check(text: str) -> str:
    return f"{zlib.crc32(text.encode()):08x}"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


@transaction.atomic
def create(actor: Actor, tenant: Tenant, name: str) -> tuple[ApiKey, str]:
    """Make a key; returns the row and the key itself, which nobody can see again.

    Raises:
        ApiKeyError: a live key of this tenant has the name already.
    """
    if tenant.api_keys.filter(name=name, revoked_at=None).exists():
        raise ApiKeyError("A key with this name exists. Choose another name, or revoke the old key first.")
    key_id = _random(_ID_LENGTH)
    body = f"{PREFIX}_{key_id}_{_random(_SECRET_LENGTH)}"
    text = f"{body}_{_check(body)}"
    row = ApiKey.objects.create(tenant=tenant, name=name, key_id=key_id, digest=_digest(text), created_by=actor.label)
    audit.record(actor, "tenants.api_key.created", row, {"key_id": key_id}, tenant=tenant)
    return row, text


def find(text: str) -> ApiKey | None:
    """Return the live key of an open tenant that this text is, or None. Typing errors cost no query."""
    text = text.strip()
    body, _, check = text.rpartition("_")
    if not _SHAPE.fullmatch(text) or check != _check(body):
        return None
    live = Q(tenant__enabled=True, tenant__deleted_at=None, revoked_at=None)
    row = ApiKey.objects.select_related("tenant").filter(live, key_id=body.split("_")[1]).first()
    if row is None or not hmac.compare_digest(row.digest, _digest(text)):
        return None
    _note_use(row)
    return row


def _note_use(row: ApiKey) -> None:
    now = clock.now()
    if row.last_used_at is None or row.last_used_at < now - _NOTE_EVERY:
        ApiKey.objects.filter(pk=row.pk).update(last_used_at=now)


@transaction.atomic
def revoke(actor: Actor, row: ApiKey) -> None:
    """End a key at once."""
    if ApiKey.objects.filter(pk=row.pk, revoked_at=None).update(revoked_at=clock.now()):
        audit.record(actor, "tenants.api_key.revoked", row, {"key_id": row.key_id}, tenant=row.tenant)
