"""Seal secrets at rest: AES-256-GCM, bound to table, row and field, under a ring of keys."""

import base64
import binascii
import os
import re
import uuid
from functools import lru_cache

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings
from django.db.models import Model

_VERSION = b"v1"
_NONCE = 12
_KEY = re.compile(r"[A-Za-z0-9_.-]{1,32}:[A-Za-z0-9+/=]+")


class SecretError(Exception):
    """A sealed value cannot be opened: its key is missing from FIELD_KEYS, or it was moved from another row."""


def ring_problem() -> str:
    """Return what is wrong with FIELD_KEYS, in a sentence; nothing when all is well."""
    names = [key.split(":", 1)[0] for key in settings.FIELD_KEYS]
    if not names or not all(_KEY.fullmatch(key) for key in settings.FIELD_KEYS):
        return "FIELD_KEYS must be a list like k2:<base64>,k1:<base64>; the first key seals, all open."
    if len(set(names)) < len(names):
        return "FIELD_KEYS names a key twice. Give every key its own name."
    try:
        _ring(tuple(settings.FIELD_KEYS))
    except (ValueError, binascii.Error):
        return "FIELD_KEYS holds a key that is not 16, 24 or 32 bytes in base64. Make one with: openssl rand -base64 32"
    return ""


@lru_cache(maxsize=4)
def _ring(keys: tuple[str, ...]) -> dict[bytes, AESGCM]:
    """Return the ciphers by key id; the first one seals."""
    pairs = (key.split(":", 1) for key in keys)
    return {name.encode(): AESGCM(base64.b64decode(value, validate=True)) for name, value in pairs}


def heads() -> list[bytes]:
    """Return how values sealed under the keys of the ring begin; the first is how new ones do."""
    return [b":".join((_VERSION, name, b"")) for name in _ring(tuple(settings.FIELD_KEYS))]


def key_of(blob: bytes | memoryview) -> str:
    """Return the name of the key that sealed a value."""
    parts = bytes(blob).split(b":", 2)
    return parts[1].decode(errors="replace") if len(parts) == 3 else "?"


def _bound_to(table: str, row_id: uuid.UUID, field: str) -> bytes:
    return f"v1|{table}|{row_id.hex}|{field}".encode()


def seal_value(table: str, row_id: uuid.UUID, field: str, text: str) -> bytes:
    """Return the sealed form of a text; an empty text stays empty."""
    if not text:
        return b""
    key_id, cipher = next(iter(_ring(tuple(settings.FIELD_KEYS)).items()))
    nonce = os.urandom(_NONCE)
    sealed = cipher.encrypt(nonce, text.encode(), _bound_to(table, row_id, field))
    return b":".join((_VERSION, key_id, nonce + sealed))


def open_value(table: str, row_id: uuid.UUID, field: str, blob: bytes | memoryview) -> str:
    """Return the text of a sealed value.

    Raises:
        SecretError: the key is unknown, or the value does not belong to this table, row and field.
    """
    data = bytes(blob)
    if not data:
        return ""
    version, _, rest = data.partition(b":")
    key_id, _, rest = rest.partition(b":")
    cipher = _ring(tuple(settings.FIELD_KEYS)).get(key_id)
    if version != _VERSION or cipher is None:
        raise SecretError(f"A stored secret needs the key {key_of(data)!r}. Add it to FIELD_KEYS.")
    try:
        return cipher.decrypt(rest[:_NONCE], rest[_NONCE:], _bound_to(table, row_id, field)).decode()
    except (InvalidTag, ValueError) as error:
        raise SecretError("A stored secret does not belong to its row, or FIELD_KEYS has changed.") from error


def seal(row: Model, field: str, text: str) -> None:
    """Put a secret on an unsaved row's `<field>_sealed` column."""
    setattr(row, f"{field}_sealed", seal_value(row._meta.db_table, row.pk, field, text))


def open(row: Model, field: str) -> str:
    """Return the secret of a row's `<field>_sealed` column."""
    return open_value(row._meta.db_table, row.pk, field, getattr(row, f"{field}_sealed"))
