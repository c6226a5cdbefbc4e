"""How allauth behaves here: closed sign-up, our redirects, sealed second-factor secrets."""

import base64
import uuid
from collections.abc import Iterable
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from django.http import HttpRequest

from tenants import links, secrets
from tenants.ids import new_id
from tenants.models import User

_TABLE = "mfa_authenticator"
_SEPARATOR = "."


def with_second_factor(users: Iterable[User]) -> set[uuid.UUID]:
    """Return the ids of those users who have set up a second factor."""
    return set(Authenticator.objects.filter(user__in=users).values_list("user_id", flat=True))


class AccountAdapter(DefaultAccountAdapter):
    """People come by invitation only."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Nobody signs up by himself."""
        return False

    def get_reset_password_from_key_url(self, key: str) -> str:
        """Return the link of a reset mail, under our public address instead of the request's Host."""
        uid, _dash, token = key.partition("-")
        return links.absolute("account_reset_password_from_key", uid, token)


class MfaAdapter(DefaultMFAAdapter):
    """Seals second-factor secrets like every other secret."""

    def encrypt(self, text: str) -> str:
        """Return the sealed form; the row's id is not known yet, so the value carries an id of its own."""
        name = new_id()
        blob = secrets.seal_value(_TABLE, name, "data", text)
        return f"{name.hex}{_SEPARATOR}{base64.b64encode(blob).decode()}"

    def decrypt(self, encrypted_text: str) -> str:
        """Return the text of `encrypt`."""
        name, blob = encrypted_text.split(_SEPARATOR, 1)
        return secrets.open_value(_TABLE, uuid.UUID(hex=name), "data", base64.b64decode(blob))


def sealed_texts(data: dict[str, Any]) -> list[str]:
    """Return the sealed texts among what a second factor stores."""
    texts = [data.get("secret"), data.get("seed"), *data.get("migrated_codes", [])]
    return [text for text in texts if isinstance(text, str) and _SEPARATOR in text]


def key_of(sealed: str) -> str:
    """Return the name of the key that sealed a text of a second factor."""
    return secrets.key_of(base64.b64decode(sealed.split(_SEPARATOR, 1)[1]))


def seal_anew(data: dict[str, Any]) -> dict[str, Any]:
    """Return what a second factor stores with its sealed texts under the first key of the ring.

    Raises:
        SecretError: one of them cannot be opened.
    """
    adapter = MfaAdapter()
    fresh = {text: adapter.encrypt(adapter.decrypt(text)) for text in sealed_texts(data)}

    def replaced(value: Any) -> Any:
        if isinstance(value, list):
            return [replaced(one) for one in value]
        return fresh.get(value, value) if isinstance(value, str) else value

    return {name: replaced(value) for name, value in data.items()}
