"""Delete a tenant, see the deleted ones, bring one back."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from tenants import provisioning, removal
from tenants.access import SignedInRequest, system_view
from tenants.forms_tenants import ConfirmNameForm
from tenants.models import Tenant
from tenants.views.system import live

SHOWN = 200
NAMED = 50


@system_view
def tenant_delete(request: SignedInRequest, tenant_id: UUID) -> HttpResponse:
    """Ask for the name, show what goes, delete."""
    tenant = live(tenant_id)
    form = ConfirmNameForm(request.POST or None, name=tenant.name)
    if request.method == "POST" and form.is_valid():
        try:
            provisioning.delete(request.actor, tenant)
        except removal.TenantInUse as error:
            form.add_error(None, str(error))
        else:
            text = _("%(name)s is deleted. It can be restored for %(days)d days.")
            messages.success(request, text % {"name": tenant.name, "days": removal.RESTORABLE_DAYS})
            return redirect("tenants:tenant_list")
    context = {
        "form": form,
        "item": tenant,
        "impact": removal.impact(tenant),
        "pointing": _pointing_here(tenant),
        "most": removal.COUNT_TO,
        "days": removal.RESTORABLE_DAYS,
        "cancel_url": reverse("tenants:tenant_detail", args=[tenant.pk]),
    }
    return render(request, "tenants/tenant_delete.html", context)


def _pointing_here(tenant: Tenant) -> list[str]:
    """List the numbers whose webhook at Twilio was set from here and not put back, up to `NAMED`."""
    return sorted({change.e164 for change in tenant.webhook_changes.all() if change.undone_at is None})[:NAMED]


@system_view
def tenant_deleted(request: SignedInRequest) -> HttpResponse:
    """List the deleted tenants with the day of their purge."""
    tenants = (
        Tenant.objects.filter(deleted_at__isnull=False)
        .order_by("-deleted_at", "-id")
        .prefetch_related("webhook_changes")
    )
    rows = [
        {"tenant": tenant, "purged_at": removal.purged_at(tenant), "pointing": _pointing_here(tenant)}
        for tenant in tenants[:SHOWN]
    ]
    return render(request, "tenants/tenant_deleted.html", {"rows": rows})


@system_view
@require_POST
def tenant_restore(request: SignedInRequest, tenant_id: UUID) -> HttpResponse:
    """Bring a deleted tenant back, disabled."""
    tenant = get_object_or_404(Tenant, pk=tenant_id, deleted_at__isnull=False)
    provisioning.restore(request.actor, tenant)
    messages.success(request, _("%(name)s is back. Enable it when it is ready.") % {"name": tenant.name})
    return redirect(f"{reverse('tenants:tenant_list')}?selected={tenant.pk.hex}")
