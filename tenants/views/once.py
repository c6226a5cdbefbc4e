"""Links that are shown once: they travel in the viewer's own signed cookie, never in the database or the session."""

from dataclasses import dataclass

from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponse

_COOKIE = "once"
_SALT = "tenants.once"
_SECONDS = 600


@dataclass(frozen=True, slots=True)
class Shown:
    """A new link, for whom it is, and whether it was mailed."""

    link: str
    email: str
    mailed: bool


def hand_over(response: HttpResponse, page: str, shown: Shown) -> HttpResponse:
    """Let the next visits to a page, within ten minutes, show a new link."""
    response.set_cookie(
        _COOKIE,
        signing.dumps([shown.link, shown.email, shown.mailed], salt=_SALT),
        max_age=_SECONDS,
        path=page,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )
    return response


def shown(request: HttpRequest) -> Shown | None:
    """Return the link that this page was handed, if it is still fresh."""
    try:
        link, email, mailed = signing.loads(request.COOKIES.get(_COOKIE, ""), salt=_SALT, max_age=_SECONDS)
    except (signing.BadSignature, ValueError):
        return None
    return Shown(link, email, mailed)
