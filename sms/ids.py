"""Tokens of leases: whoever holds the token may write the result. PURE."""

import secrets


def lease_token() -> str:
    """Return a fresh token of 32 hexadecimal digits."""
    return secrets.token_hex(16)
