"""Manage: a system administrator enters a tenant and leaves it."""

from uuid import UUID

from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from tenants import switching
from tenants.access import SignedInRequest, system_view
from tenants.models import Tenant
from tenants.views.system import live


@system_view
@require_POST
def tenant_manage(request: SignedInRequest, tenant_id: UUID) -> HttpResponse:
    """Enter a tenant; the wanted page must be one of its own."""
    tenant = live(tenant_id)
    reason = request.POST.get("reason", "").strip()[:200]
    wanted = _inside(tenant, request.POST.get("next", ""))
    if settings.MANAGE_REASON_REQUIRED and not reason:
        context = {
            "tenant": None,
            "wanted_tenant": tenant,
            "next": wanted,
            "reason_required": True,
            "error": _("Say why you enter: the tenant reads it in the audit log.") if "reason" in request.POST else "",
        }
        return render(request, "tenants/manage_ask.html", context)
    switching.begin(request.actor, tenant, reason=reason)
    return redirect(wanted)


def _inside(tenant: Tenant, path: str) -> str:
    """Return a path if it leads into the tenant, else its dashboard."""
    dashboard = reverse("dashboard", args=[tenant.slug])
    own = path.startswith(dashboard) and url_has_allowed_host_and_scheme(path, allowed_hosts=None)
    return path if own else dashboard


@system_view
@require_POST
def manage_leave(request: SignedInRequest, slug: str) -> HttpResponse:
    """Leave a tenant; also when the stay has ended by itself."""
    tenant = get_object_or_404(Tenant, slug=slug)
    switching.leave(request.actor, tenant)
    return redirect(f"{reverse('tenants:tenant_list')}?selected={tenant.pk.hex}")
