"""Seal secrets at rest: AES-256-GCM, bound to table, row and field, under a ring of keys."""

import base64
import os
import uuid
from functools import lru_cache

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings
from django.db.models import Model

_VERSION = b"v1"
_NONCE = 12


class SecretError(Exception):
    """A sealed value cannot be opened: its key is missing from FIELD_KEYS, or it was moved from another row."""


@lru_cache(maxsize=4)
def _ring(keys: tuple[str, ...]) -> dict[bytes, AESGCM]:
    """Return the ciphers by key id; the first one seals."""
    pairs = (key.split(":", 1) for key in keys)
    return {name.encode(): AESGCM(base64.b64decode(value)) for name, value in pairs}


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
    version, key_id, rest = data.split(b":", 2)
    cipher = _ring(tuple(settings.FIELD_KEYS)).get(key_id)
    if version != _VERSION or cipher is None:
        raise SecretError(f"A stored secret needs the key {key_id.decode(errors='replace')!r}. Add it to FIELD_KEYS.")
    try:
        return cipher.decrypt(rest[:_NONCE], rest[_NONCE:], _bound_to(table, row_id, field)).decode()
    except InvalidTag as error:
        raise SecretError("A stored secret does not belong to its row, or FIELD_KEYS has changed.") from error


def seal(row: Model, field: str, text: str) -> None:
    """Put a secret on an unsaved row's `<field>_sealed` column."""
    setattr(row, f"{field}_sealed", seal_value(row._meta.db_table, row.pk, field, text))


def open(row: Model, field: str) -> str:
    """Return the secret of a row's `<field>_sealed` column."""
    return open_value(row._meta.db_table, row.pk, field, getattr(row, f"{field}_sealed"))
