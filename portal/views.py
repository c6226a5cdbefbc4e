"""The portal's own pages: the way in, liveness, readiness, and the page for those who may not enter."""

from django.conf import settings
from django.db import Error as DatabaseTrouble
from django.db import connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from portal import health
from tenants.access import SignedInRequest, public_view, signed_in_view


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
    """Say whether database, broker and workers are well; 503 when texts cannot be taken."""
    try:
        connection.ensure_connection()
        report = health.report()
    except DatabaseTrouble:
        return JsonResponse({"ready": False, "database": "not reachable"}, status=503)
    return JsonResponse(report, status=200 if report["ready"] else 503)


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Answer people who lack a permission; a form that was open too long gets the same page with other words."""
    return render(
        request, "403.html", {"tenant": None, "home_url": reverse("home"), "debug": settings.DEBUG}, status=403
    )
