"""The portal's own pages: the way in, liveness, readiness, and the page for those who may not enter."""

import sys

from django.conf import settings
from django.db import Error as DatabaseTrouble
from django.db import InterfaceError, OperationalError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.urls import reverse

from portal import health
from sms.health import showing as configurations_health
from tenants.access import SignedInRequest, public_view, signed_in_view, system_view

_FAILING = 50


@signed_in_view
def home(request: SignedInRequest) -> HttpResponse:
    """Lead each person to his place: the system's tenants, the only tenant, or the choice of tenants."""
    if request.user.is_system_administrator:
        return redirect("tenants:tenant_list")
    places = list(
        request.user.memberships.filter(enabled=True, tenant__deleted_at=None)
        .select_related("tenant")
        .order_by("tenant__name")
    )
    if len(places) == 1:
        return redirect("dashboard", places[0].tenant.slug)
    return render(request, "portal/home.html", {"places": places})


@public_view
def livez(request: HttpRequest) -> HttpResponse:
    """Say that this process answers."""
    return HttpResponse("ok", content_type="text/plain")


@public_view
def readyz(request: HttpRequest) -> HttpResponse:
    """Say whether database, broker and workers are well; 503 when pages cannot be served.

    What is wrong elsewhere is named and leaves 200: taking web servers away would not mend a worker. For those who
    watch the portal as a whole, `?strict=1` answers 503 for every problem.
    """
    try:
        connection.ensure_connection()
        report = health.report()
    except DatabaseTrouble:
        told = {"ready": False, "database": "not reachable", "spool": health.spooled()}
        return JsonResponse(told, status=503)
    unwell = bool(report["problems"]) and "strict" in request.GET
    return JsonResponse(report, status=503 if unwell else 200)


@system_view
def system_health(request: SignedInRequest) -> HttpResponse:
    """Show system administrators each part of the portal, and what to do about those that are not well."""
    parts = health.parts()
    context = {
        "parts": parts,
        "unwell": [part for part in parts if not part.well],
        "failing": configurations_health.failing(_FAILING),
    }
    return render(request, "portal/health.html", context)


def failed(request: HttpRequest) -> HttpResponse:
    """Answer after an error of ours: 503 while the database is away, else 500; with the request's id and no more.

    Nothing here may need the database, the session or the visitor.
    """
    is_away = isinstance(sys.exc_info()[1], (InterfaceError, OperationalError))
    status, request_id = 503 if is_away else 500, getattr(request, "request_id", "")
    if request.path.startswith("/api/"):
        response: HttpResponse = _problem(status, request_id)
    else:
        response = HttpResponse(
            render_to_string("500.html", {"status": status, "request_id": request_id}), status=status
        )
    if is_away:
        response["Retry-After"] = "5"
    return response


def _problem(status: int, request_id: str) -> JsonResponse:
    """Say it to a program, in the shape of every other error."""
    code, title = (
        ("unavailable", "Try again in a moment.") if status == 503 else ("internal", "The fault is in the log.")
    )
    body = {"type": "about:blank", "status": status, "code": code, "title": title, "request_id": request_id}
    return JsonResponse(body, status=status, content_type="application/problem+json")


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Answer people who lack a permission; a form that was open too long gets the same page with other words."""
    return render(
        request, "403.html", {"tenant": None, "home_url": reverse("home"), "debug": settings.DEBUG}, status=403
    )
