"""Tokens of one-time links: shown once, stored only as a digest."""

import hashlib
import secrets


def make() -> str:
    """Return a new token of 256 random bits."""
    return secrets.token_urlsafe(32)


def digest(token: str) -> str:
    """Return what may be stored of a token."""
    return hashlib.sha256(token.encode()).hexdigest()
