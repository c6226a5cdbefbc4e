"""The one error shape of the API: RFC 9457 problem details with a stable code, and the field where there is one."""

from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404
from rest_framework import exceptions
from rest_framework.response import Response

CONTENT_TYPE = "application/problem+json"


class Problem(exceptions.APIException):
    """An error of ours, with its status, code and a sentence that says what to do; `wait` is for `Retry-After`."""

    wait: int | None = None

    def __init__(self, status: int, code: str, detail: str, **more: Any) -> None:
        super().__init__(detail, code)
        self.status_code, self.more = status, more


def problem(error: Exception, context: dict[str, Any]) -> Response | None:
    """Turn an exception into a problem; None lets the server answer 500."""
    if isinstance(error, Http404):
        error = exceptions.NotFound()
    elif isinstance(error, PermissionDenied):
        error = exceptions.PermissionDenied()
    if not isinstance(error, exceptions.APIException):
        return None
    body: dict[str, Any] = {"type": "about:blank", "status": error.status_code, "code": _code(error)}
    if isinstance(error, exceptions.ValidationError):
        body |= {"title": "Some fields need attention.", "errors": _fields(error.detail)}
    else:
        body |= {"title": str(error.detail)} | getattr(error, "more", {})
    return Response(body, status=error.status_code, headers=_headers(error), content_type=CONTENT_TYPE)


def _headers(error: exceptions.APIException) -> dict[str, str]:
    """Say how to authenticate, or how long to wait (seconds)."""
    challenge, wait = getattr(error, "auth_header", None), getattr(error, "wait", None)
    headers = {"WWW-Authenticate": str(challenge)} if challenge else {}
    return headers | ({"Retry-After": str(int(wait))} if wait else {})


def _code(error: exceptions.APIException) -> str:
    if isinstance(error, exceptions.ValidationError):
        return "invalid"
    codes = error.get_codes()
    return codes if isinstance(codes, str) else "error"


def _fields(detail: Any) -> list[dict[str, str]]:
    if isinstance(detail, dict):
        return [{"field": field, "message": str(text)} for field, texts in detail.items() for text in _flat(texts)]
    return [{"field": "", "message": str(text)} for text in _flat(detail)]


def _flat(texts: Any) -> list[str]:
    return [str(text) for text in texts] if isinstance(texts, list) else [str(texts)]
