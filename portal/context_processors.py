"""What every page needs: menu, tenant, Manage banner, warnings."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _

from portal import navigation
from tenants import stopping
from tenants.access import can
from tenants.models import ManageSession, Member, Tenant, User
from tenants.roles import Permission


def portal(request: HttpRequest) -> dict[str, Any]:
    """Return the context of the base template."""
    user = getattr(request, "user", None)
    if not isinstance(user, User):
        return {"navigation": [], "tenant": None, "plain_http_banner": False, "demo": settings.DEMO}
    tenant: Tenant | None = getattr(request, "tenant", None)
    places = _places(user)
    return {
        "tenant": tenant,
        "navigation": _navigation(request, user, tenant, places),
        "tenant_switcher": _switcher(user, tenant, places),
        "managing": _managing(getattr(request, "managing", None)),
        **_stop(request, user, tenant),
        "can": {permission.name.lower(): can(request, permission) for permission in Permission},
        "plain_http_banner": _is_plain_http(request),
        "demo": settings.DEMO,
        "sandbox": settings.DEMO,
        "home_url": reverse("home"),
        "user_menu": _user_menu(),
    }


def _stop(request: HttpRequest, user: User, tenant: Tenant | None) -> dict[str, Any]:
    """Say on every page that nothing is sent, and to those who may change it, where."""
    stop = stopping.current(tenant)
    if stop is None:
        return {}
    url = reverse("tenants:system_sending") if stop.everywhere and user.is_system_administrator else ""
    if not stop.everywhere and tenant is not None and can(request, Permission.TENANT_EDIT):
        url = reverse("tenants:sending", args=[tenant.slug])
    return {"sending_stop": stop, "sending_stop_url": url}


def _is_plain_http(request: HttpRequest) -> bool:
    """Whether secrets would travel in clear; the demo and the own machine are spared the warning."""
    host = request.get_host().rsplit(":", 1)[0]
    return not settings.DEMO and not request.is_secure() and host not in ("localhost", "127.0.0.1", "[::1]")


def _places(user: User) -> list[Tenant]:
    """Return the tenants a person belongs to."""
    rows = Member.objects.filter(user=user, enabled=True, tenant__deleted_at=None).select_related("tenant")
    return [row.tenant for row in rows.order_by("tenant__name")[:20]]


def _navigation(request: HttpRequest, user: User, tenant: Tenant | None, places: list[Tenant]) -> list[dict[str, Any]]:
    if tenant is not None:
        return [*navigation.of_tenant(request, tenant), *navigation.of_demo(request)]
    of_system = navigation.of_system(request) if user.is_system_administrator else []
    return [*of_system, *navigation.of_places(request, places), *navigation.of_demo(request)]


def _switcher(user: User, tenant: Tenant | None, places: list[Tenant]) -> dict[str, Any] | None:
    """List the tenants a person belongs to; administrators of the system go to their list."""
    items = [
        {"label": place.name, "url": reverse("dashboard", args=[place.slug]), "active": place == tenant}
        for place in places
    ]
    if len(items) < 2 and not user.is_system_administrator:
        return None
    return {"items": items, "all_url": reverse("home")}


def _managing(session: ManageSession | None) -> dict[str, Any] | None:
    if session is None:
        return None
    return {
        "tenant": session.tenant,
        "leave_url": reverse("tenants:manage_leave", args=[session.tenant.slug]),
        "until": session.expires_at,
    }


def _user_menu() -> list[dict[str, str]]:
    return [
        {"label": _("Profile"), "url": reverse("profile"), "icon": "user-round"},
        {"label": _("Second factor"), "url": reverse("mfa_index"), "icon": "shield-check"},
        {"label": _("Password"), "url": reverse("account_change_password"), "icon": "key-round"},
        {"label": _("Sign-ins"), "url": reverse("usersessions_list"), "icon": "monitor-smartphone"},
    ]
