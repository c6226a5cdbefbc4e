"""The short path for webhooks: answered before sessions, cookies, CSRF and languages are looked at."""

import logging
from collections.abc import Callable
from ipaddress import ip_address

from django.conf import settings
from django.core.exceptions import SuspiciousOperation
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import Resolver404, resolve

from sms.webhooks import patience

log = logging.getLogger(__name__)

Next = Callable[[HttpRequest], HttpResponse]
PREFIX = "/webhooks/"
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cache-Control": "no-store",
}


class WebhookPath:
    """First middleware: answers everything under `/webhooks/` itself and passes the rest on."""

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        believe_proxies(request)
        if not request.path_info.startswith(PREFIX):
            with patience.patiently():
                return self.get_response(request)
        response = _answer(request)
        for name, value in HEADERS.items():
            response.headers[name] = value
        return response


def _answer(request: HttpRequest) -> HttpResponse:
    """Call the view. Whatever goes wrong here is Twilio's to try again, and nobody's to read."""
    try:
        match = resolve(f"/{request.path_info[len(PREFIX) :]}", "sms.webhooks.urls")
        response: HttpResponse = match.func(request, *match.args, **match.kwargs)
    except (Resolver404, Http404):
        return _says(404, "Not found.")
    except SuspiciousOperation:
        return _says(400, "This is no webhook.")
    except Exception:
        log.exception("portal.webhook.failed")
        return _says(500, "This went wrong. Try again.")
    return response


def _says(status: int, text: str) -> HttpResponse:
    return HttpResponse(text, status=status, content_type="text/plain")


def believe_proxies(request: HttpRequest) -> None:
    """Put the visitor's own address in place of our proxy's, as far as TRUSTED_PROXIES says to believe it."""
    count = settings.TRUSTED_PROXIES
    chain = [part.strip() for part in request.headers.get("X-Forwarded-For", "").split(",")]
    if not 0 < count <= len(chain):
        return
    try:
        request.META["REMOTE_ADDR"] = str(ip_address(chain[-count]))
    except ValueError:
        return
