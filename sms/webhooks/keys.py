"""Make and check webhook keys that prove themselves without a database; PURE.

A key only keeps strangers out of the spool while the database is down. The signature authenticates.
"""

import base64
import hashlib
import hmac
from collections.abc import Sequence

_VERSION = b"v1"
_RANDOM_BYTES = 16
_MAC_BYTES = 10
_LENGTH = 42


def make(secret: bytes, random16: bytes) -> str:
    """Make a key from 16 random bytes, in characters that no host, path or mail program changes."""
    if not secret or len(random16) != _RANDOM_BYTES:
        raise ValueError("A webhook key needs a secret and 16 random bytes.")
    return _encode(random16 + _mac(secret, random16))


def is_shaped(key: str) -> bool:
    """Say whether a text can be a key at all."""
    return _decode(key) is not None


def mac_ok(key: str, secrets: Sequence[bytes]) -> bool:
    """Say whether one of the secrets made this key."""
    raw = _decode(key)
    if raw is None:
        return False
    random16, mac = raw[:_RANDOM_BYTES], raw[_RANDOM_BYTES:]
    # Every secret is tried before any answer, so that time tells nothing.
    matches = [hmac.compare_digest(_mac(secret, random16), mac) for secret in secrets if secret]
    return any(matches)


def _mac(secret: bytes, random16: bytes) -> bytes:
    return hmac.new(secret, _VERSION + random16, hashlib.sha256).digest()[:_MAC_BYTES]


def _encode(raw: bytes) -> str:
    return base64.b32encode(raw).decode("ascii").rstrip("=").lower()


def _decode(key: str) -> bytes | None:
    if len(key) != _LENGTH or not key.isascii():
        return None
    try:
        raw = base64.b32decode(key.upper() + "=" * (-_LENGTH % 8))
    except ValueError:
        return None
    # The last character has two spare bits: only the one true spelling is a key.
    return raw if _encode(raw) == key else None
