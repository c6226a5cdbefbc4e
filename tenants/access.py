"""The one door: who may enter a view, and what stands on the request afterwards."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import wraps
from typing import Any, cast
from urllib.parse import urlencode

from allauth.mfa.utils import is_mfa_enabled
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django_htmx.middleware import HtmxDetails

from tenants import clock, stopping
from tenants.audit import Actor
from tenants.models import ManageSession, Member, SlugRedirect, Tenant, User
from tenants.roles import MANAGING, Permission, permissions_of

View = Callable[..., HttpResponseBase]


@dataclass(frozen=True, slots=True)
class Access:
    """The mark a door leaves on a view; the access tests read it."""

    kind: str
    permission: Permission | None = None


class SignedInRequest(HttpRequest):
    """A request of a person who has signed in."""

    user: User
    htmx: HtmxDetails
    request_id: str
    actor: Actor


class TenantRequest(SignedInRequest):
    """A request inside a tenant: `member` is None for a system administrator in Manage."""

    tenant: Tenant
    member: Member | None
    managing: ManageSession | None
    permissions: frozenset[Permission]


def enter(tenant: Tenant) -> None:
    """Mark the start of work for one tenant: the only place that would bind the database session to it."""


def _mark(view: View, access: Access) -> View:
    view.access = access  # type: ignore[attr-defined]
    return view


def public_view(view: View) -> View:
    """Let anybody in; each such view is listed, with its reason, in the access tests."""
    return _mark(view, Access("public"))


def signed_in_view(view: View) -> View:
    """Let every person in who has signed in."""

    @wraps(view)
    def door(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not request.user.is_authenticated:
            return redirect_to_login(request.get_full_path())
        visitor = cast(SignedInRequest, request)
        visitor.actor = _actor(visitor)
        return view(visitor, *args, **kwargs)

    return _mark(door, Access("signed_in"))


def system_view(view: View) -> View:
    """Let system administrators in, with a second factor where that is required."""

    @wraps(view)
    def door(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not request.user.is_authenticated:
            return redirect_to_login(request.get_full_path())
        visitor = cast(SignedInRequest, request)
        if not visitor.user.is_system_administrator:
            raise PermissionDenied
        if settings.SECOND_FACTOR_FOR_SYSTEM_ADMINISTRATORS and not is_mfa_enabled(visitor.user):
            return _second_factor_first(visitor)
        clock.sync()
        visitor.actor = _actor(visitor)
        return view(visitor, *args, **kwargs)

    return _mark(door, Access("system"))


def tenant_view(permission: Permission) -> Callable[[View], View]:
    """Let members with a permission in, and system administrators who manage this tenant.

    Puts `tenant`, `member`, `managing`, `permissions` and `actor` on the request. No such tenant, or not a member: 404.
    A member without the permission: 403. A disabled tenant: a page that says so.
    """

    def decorate(view: View) -> View:
        @wraps(view)
        def door(request: HttpRequest, slug: str, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if not request.user.is_authenticated:
                return redirect_to_login(request.get_full_path())
            visitor = cast(TenantRequest, request)
            return _admit(visitor, slug, permission) or view(visitor, *args, **kwargs)

        return _mark(door, Access("tenant", permission))

    return decorate


def _admit(request: TenantRequest, slug: str, permission: Permission) -> HttpResponse | None:
    """Put the tenant and the visitor's rights on the request, or return the answer that stops here."""
    clock.sync()
    tenant = stopping.with_system(Tenant.objects.filter(slug=slug, deleted_at=None)).first()
    if tenant is None:
        return _moved(request, slug)
    # Who asked to manage does so, even where he is a member: he may have to open what is disabled.
    managing = _live_session(request.user, tenant)
    member = None if managing else _member(request.user, tenant)
    if member is None and managing is None:
        if request.user.is_system_administrator:
            return _ask_to_manage(request, tenant)
        raise Http404
    if not tenant.enabled and managing is None:
        return render(request, "tenants/disabled.html", {"tenant": None, "closed": tenant}, status=403)
    request.tenant, request.member, request.managing = tenant, member, managing
    request.permissions = permissions_of(member.role) if member else MANAGING
    request.actor = _actor(request)
    if _needs_second_factor(request):
        return _second_factor_first(request)
    if permission not in request.permissions:
        raise PermissionDenied
    if not request.user.time_zone:
        timezone.activate(tenant.zone)
    enter(tenant)
    return None


def _member(user: User, tenant: Tenant) -> Member | None:
    return Member.objects.filter(tenant=tenant, user=user, enabled=True).first()


def _moved(request: TenantRequest, slug: str) -> HttpResponse:
    """Lead from a former address to the new one, for those who may go there anyway."""
    former = (
        SlugRedirect.objects.filter(slug=slug, expires_at__gt=clock.now(), tenant__deleted_at=None)
        .select_related("tenant")
        .first()
    )
    if former is None or request.method not in ("GET", "HEAD"):
        raise Http404
    if not request.user.is_system_administrator and _member(request.user, former.tenant) is None:
        raise Http404
    # For now, not for ever: browsers would lead there even after the address has become somebody else's.
    return redirect(request.get_full_path().replace(f"/t/{slug}/", f"/t/{former.tenant.slug}/", 1))


def _live_session(user: User, tenant: Tenant) -> ManageSession | None:
    """Return the running Manage session, and keep it alive while it is used."""
    if not user.is_system_administrator:
        return None
    now = clock.now()
    session = (
        ManageSession.objects.filter(administrator=user, tenant=tenant, left_at=None, expires_at__gt=now)
        .order_by("-created_at")
        .first()
    )
    idle = timedelta(seconds=settings.MANAGE_IDLE_SECONDS)
    if session and session.expires_at < now + idle - timedelta(seconds=60):
        session.expires_at = now + idle
        ManageSession.objects.filter(pk=session.pk).update(expires_at=session.expires_at)
    return session


def _ask_to_manage(request: SignedInRequest, tenant: Tenant) -> HttpResponse:
    """Answer a system administrator who is not managing this tenant with the question whether to."""
    if settings.SECOND_FACTOR_FOR_SYSTEM_ADMINISTRATORS and not is_mfa_enabled(request.user):
        return _second_factor_first(request)
    wanted = request.get_full_path() if request.method == "GET" else reverse("dashboard", args=[tenant.slug])
    context = {
        "tenant": None,
        "wanted_tenant": tenant,
        "next": wanted,
        "reason_required": settings.MANAGE_REASON_REQUIRED,
    }
    return render(request, "tenants/manage_ask.html", context, status=403)


def _needs_second_factor(request: TenantRequest) -> bool:
    if request.managing:
        return settings.SECOND_FACTOR_FOR_SYSTEM_ADMINISTRATORS and not is_mfa_enabled(request.user)
    return request.tenant.two_factor_required and not is_mfa_enabled(request.user)


def _second_factor_first(request: HttpRequest) -> HttpResponseRedirect:
    messages.warning(request, _("Set up your second factor first: it is required here."))
    return HttpResponseRedirect(f"{reverse('mfa_activate_totp')}?{urlencode({'next': request.get_full_path()})}")


def _actor(request: SignedInRequest) -> Actor:
    user = request.user
    return Actor(
        label=user.email,
        user=user,
        member=getattr(request, "member", None),
        managing=getattr(request, "managing", None),
        address=request.META.get("REMOTE_ADDR") or None,
        request_id=request.request_id,
    )


def can(request: HttpRequest, permission: Permission) -> bool:
    """Whether the visitor holds a permission in the tenant of this request."""
    return permission in getattr(request, "permissions", frozenset())
