"""Give each request an id and each viewer the own time zone; keep pages out of caches."""

import zoneinfo
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from tenants.ids import new_id

Next = Callable[[HttpRequest], HttpResponse]


class RequestIdentity:
    """Name the request, for logs, audit entries and error pages."""

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.request_id = new_id().hex  # type: ignore[attr-defined]
        response = self.get_response(request)
        response["X-Request-Id"] = request.request_id  # type: ignore[attr-defined]
        return response


class ViewerTimeZone:
    """Show dates in the viewer's time zone; the tenant's door sets its own for those who chose none."""

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        name = getattr(request.user, "time_zone", "")
        # Overridden in any case: what the door chooses must not outlive this request.
        with timezone.override(zoneinfo.ZoneInfo(name) if name else None):
            return self.get_response(request)


class PrivatePages:
    """Let nobody keep a page: neither a proxy on the way nor the browser of a shared computer."""

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        response.headers.setdefault("Cache-Control", "no-store, private")
        return response
