"""The short path for webhooks: answered before sessions, cookies, CSRF and languages are looked at."""

from collections.abc import Callable

from django.http import Http404, HttpRequest, HttpResponse
from django.urls import Resolver404, resolve

Next = Callable[[HttpRequest], HttpResponse]
PREFIX = "/webhooks/"


class WebhookPath:
    """First middleware: answers everything under `/webhooks/` itself and passes the rest on."""

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not request.path_info.startswith(PREFIX):
            return self.get_response(request)
        try:
            match = resolve(f"/{request.path_info[len(PREFIX) :]}", "sms.webhooks.urls")
            response: HttpResponse = match.func(request, *match.args, **match.kwargs)
        except (Resolver404, Http404):
            response = HttpResponse("Not found.", status=404, content_type="text/plain")
        return response
