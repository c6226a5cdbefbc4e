"""Who a program is: its API key. Apart from the door: the framework imports these while it is being imported."""

from typing import Any

from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from tenants import api_keys
from tenants.models import ApiKey


class ApiKeyAuthentication(BaseAuthentication):
    """`Authorization: Bearer smsp_…`."""

    def authenticate(self, request: Request) -> tuple[None, ApiKey] | None:
        """Return the key that signs this request."""
        kind, _, text = request.headers.get("Authorization", "").partition(" ")
        if kind.lower() != "bearer":
            return None
        key = api_keys.find(text)
        if key is None:
            raise AuthenticationFailed("This API key is unknown, revoked, or its tenant is closed.")
        return None, key

    def authenticate_header(self, request: Request) -> str:
        """Say how to authenticate."""
        return "Bearer"


class HasKey(BasePermission):
    """Only requests with a key pass; a key may do what its tenant's administrators may."""

    def has_permission(self, request: Request, view: Any) -> bool:
        """Whether a key is there."""
        return isinstance(request.auth, ApiKey)
