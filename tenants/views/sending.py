"""Sending: is it on, how much of the limits is used, and the switch that stops it."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from tenants import quotas, stopping
from tenants.access import SignedInRequest, TenantRequest, system_view, tenant_view
from tenants.models import Tenant
from tenants.roles import Permission

_MANY = 1000


@tenant_view(Permission.TENANT_EDIT)
def sending(request: TenantRequest) -> HttpResponse:
    """Show whether texts go out, and how much of the limits is used."""
    context = {
        "stop": stopping.current(request.tenant),
        "uses": quotas.use(request.tenant),
        "waiting": _waiting(request.tenant),
        "many": _MANY,
    }
    return render(request, "tenants/sending.html", context)


def _waiting(tenant: Tenant) -> int:
    return tenant.messages.filter(state="queued")[: _MANY + 1].count()


@tenant_view(Permission.TENANT_EDIT)
@require_POST
def sending_switch(request: TenantRequest) -> HttpResponse:
    """Stop the tenant's sending, or let it go on."""
    if request.POST.get("on") == "1":
        if stopping.resume(request.actor, request.tenant):
            messages.success(request, _("Texts are sent again."))
    elif stopping.stop(request.actor, request.tenant):
        messages.warning(request, _("Sending is stopped. Texts wait until you let it go on."))
    return redirect("tenants:sending", request.tenant.slug)


@system_view
def system_sending(request: SignedInRequest) -> HttpResponse:
    """Show whether anybody sends, and which tenants are stopped."""
    stopped = Tenant.objects.filter(sending_stopped_at__isnull=False, deleted_at=None).order_by("name")
    context: dict[str, Any] = {"stop": stopping.current(None), "stopped_tenants": stopped[:100]}
    return render(request, "tenants/system_sending.html", context)


@system_view
@require_POST
def system_sending_switch(request: SignedInRequest) -> HttpResponse:
    """Stop all sending, or let it go on."""
    if request.POST.get("on") == "1":
        if stopping.resume_everything(request.actor):
            messages.success(request, _("Texts are sent again."))
    elif stopping.stop_everything(request.actor):
        messages.warning(request, _("Sending is stopped for every tenant. Texts wait until you let it go on."))
    return redirect("tenants:system_sending")
