"""Twilio-like identifiers."""

import secrets

from sms.sandbox.things import ACCOUNT_PREFIX


def new(prefix: str) -> str:
    """Return a fresh SID such as SM… with 32 hex digits."""
    return prefix + secrets.token_hex(16)


def new_account() -> str:
    """Return an Account SID that tells by itself that the sandbox issued it."""
    return ACCOUNT_PREFIX + secrets.token_hex(10)


def token() -> str:
    """Return a fresh Auth Token."""
    return secrets.token_hex(16)
