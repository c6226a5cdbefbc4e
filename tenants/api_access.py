"""The API's door: a key names its tenant; nothing else does."""

from collections.abc import Callable
from functools import update_wrapper
from typing import Any, cast

from django.http import HttpRequest
from rest_framework.decorators import api_view, authentication_classes, permission_classes
from rest_framework.request import Request
from rest_framework.response import Response

from tenants import clock
from tenants.access import Access, View, enter
from tenants.api_auth import ApiKeyAuthentication, HasKey
from tenants.audit import Actor
from tenants.models import ApiKey, Tenant
from tenants.roles import Permission


class ApiRequest(Request):
    """A request of a program: `auth` is its key."""

    auth: ApiKey
    tenant: Tenant
    actor: Actor


def api_endpoint(methods: list[str], permission: Permission) -> Callable[[Callable[..., Response]], View]:
    """Make a function an endpoint for keys of one tenant; puts `tenant` and `actor` on the request."""

    def decorate(function: Callable[..., Response]) -> View:
        @api_view(methods)
        @authentication_classes([ApiKeyAuthentication])
        @permission_classes([HasKey])
        def endpoint(request: Request, *args: Any, **kwargs: Any) -> Response:
            clock.sync()
            program = cast(ApiRequest, request)
            program.tenant = program.auth.tenant
            program.actor = _actor(program.auth, request._request)
            enter(program.tenant)
            return function(program, *args, **kwargs)

        view = cast(View, endpoint)
        update_wrapper(view, function, updated=())
        view.access = Access("api", permission)  # type: ignore[attr-defined]
        return view

    return decorate


def _actor(key: ApiKey, request: HttpRequest) -> Actor:
    return Actor(
        label=f"API key {key.name}",
        address=request.META.get("REMOTE_ADDR") or None,
        request_id=getattr(request, "request_id", ""),
    )
