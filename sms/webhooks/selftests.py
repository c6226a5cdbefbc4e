"""Recognise a signed call that this portal made to its own webhook: nothing is stored, its number is noted."""

import re
from collections.abc import Sequence

from django.core.cache import cache

PARAMETER = "SmsPortalSelfTest"
_NONCE = re.compile(r"[0-9a-f]{32}\Z")
_KEPT_SECONDS = 300


def note(parameters: Sequence[tuple[str, str]]) -> bool:
    """Note a self-test; returns whether it was one. Asked only about what is no text, after its signature."""
    fields = dict(parameters)
    nonce = fields.get(PARAMETER, "")
    if "MessageSid" in fields or not _NONCE.match(nonce):
        return False
    cache.set(_key(nonce), True, _KEPT_SECONDS)
    return True


def was_here(nonce: str) -> bool:
    """Whether a self-test with this number came to this portal."""
    return bool(cache.get(_key(nonce)))


def _key(nonce: str) -> str:
    return f"sms.selftest:{nonce}"
