"""Tenants as system administrators see them: list, details, add, edit, switch."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db.models import Count, Q
from django.db.models.functions import Lower
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from tenants import clock, invitations, listing, places, provisioning, removal
from tenants.access import SignedInRequest, system_view
from tenants.forms_tenants import TenantForm
from tenants.models import Tenant
from tenants.roles import Role
from tenants.views import once

COLUMNS: listing.Columns = {"name": Lower("name"), "domain": Lower("domain"), "country": "country", "status": "enabled"}


def live(tenant_id: UUID) -> Tenant:
    """Return a tenant that is not deleted, or answer 404."""
    return get_object_or_404(Tenant, pk=tenant_id, deleted_at=None)


@system_view
def tenant_list(request: SignedInRequest) -> HttpResponse:
    """List the tenants, with search, sort and today's figures."""
    q = request.GET.get("q", "").strip()
    tenants = Tenant.objects.filter(deleted_at=None)
    if q:
        tenants = tenants.filter(Q(name__icontains=q) | Q(slug__icontains=q) | Q(domain__icontains=q))
    page = listing.page(tenants, request, columns=COLUMNS, default="name")
    context = {
        "page": page,
        "rows": _with_figures(page.rows),
        "q": q,
        "deleted_exist": Tenant.objects.filter(deleted_at__isnull=False).exists(),
    }
    return render(request, "tenants/tenant_list.html", context)


def _with_figures(tenants: list[Tenant]) -> list[dict[str, Any]]:
    """Count members, numbers and today's texts of one page of tenants: three queries in all."""
    midnight = timezone.localtime(clock.now()).replace(hour=0, minute=0, second=0, microsecond=0)
    members = _counts(tenants, "members", members__isnull=False)
    numbers = _counts(tenants, "phone_numbers", phone_numbers__isnull=False, phone_numbers__released_at=None)
    texts = _counts(tenants, "messages", messages__occurred_at__gte=midnight)
    return [
        {
            "tenant": tenant,
            "country": places.country_name(tenant.country),
            "members": members.get(tenant.pk, 0),
            "numbers": numbers.get(tenant.pk, 0),
            "texts": texts.get(tenant.pk, 0),
        }
        for tenant in tenants
    ]


def _counts(tenants: list[Tenant], relation: str, **conditions: Any) -> dict[UUID, int]:
    rows = Tenant.objects.filter(pk__in=[tenant.pk for tenant in tenants], **conditions).order_by()
    return dict(rows.values("pk").annotate(count=Count(relation)).values_list("pk", "count"))


@system_view
def tenant_new(request: SignedInRequest) -> HttpResponse:
    """Add a tenant and invite its first administrator."""
    form = TenantForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        email = form.cleaned_data["administrator_email"]
        created = provisioning.create_tenant(request.actor, administrator_email=email, **form.values)
        return show_created(request, created, email)
    context = {"form": form, "cancel_url": reverse("tenants:tenant_list")}
    return render(request, "tenants/tenant_form.html", context)


def show_created(request: SignedInRequest, created: provisioning.Created, email: str) -> HttpResponse:
    """Go to the new tenant's page, which shows the invitation link once."""
    page = reverse("tenants:tenant_detail", args=[created.tenant.pk])
    messages.success(request, _("%(name)s is added.") % {"name": created.tenant.name})
    response = redirect(page)
    return once.hand_over(response, page, once.Shown(created.link, email, created.mailed)) if created.link else response


@system_view
def tenant_detail(request: SignedInRequest, tenant_id: UUID) -> HttpResponse:
    """Show a tenant: settings, figures, administrators, waiting invitations."""
    tenant = live(tenant_id)
    context = {
        "item": tenant,
        "country": places.country_name(tenant.country),
        "impact": removal.impact(tenant),
        "administrators": tenant.members.filter(role=Role.ADMIN).select_related("user")[:20],
        "invitations": invitations.pending(tenant).filter(role=Role.ADMIN)[:20],
        "now": clock.now(),
        "shown": once.shown(request),
    }
    return render(request, "tenants/tenant_detail.html", context)


@system_view
def tenant_edit(request: SignedInRequest, tenant_id: UUID) -> HttpResponse:
    """Change a tenant."""
    tenant = live(tenant_id)
    form = TenantForm(request.POST or None, instance=live(tenant_id))
    if request.method == "POST" and form.is_valid():
        provisioning.change_tenant(request.actor, tenant, **form.values)
        messages.success(request, _("%(name)s is saved.") % {"name": form.cleaned_data["name"]})
        return redirect("tenants:tenant_detail", tenant.pk)
    cancel_url = reverse("tenants:tenant_detail", args=[tenant.pk])
    return render(request, "tenants/tenant_form.html", {"form": form, "item": tenant, "cancel_url": cancel_url})


@system_view
@require_POST
def tenant_toggle(request: SignedInRequest, tenant_id: UUID) -> HttpResponse:
    """Switch a tenant on or off."""
    tenant = live(tenant_id)
    enabled = request.POST.get("on") == "1"
    provisioning.set_enabled(request.actor, tenant, enabled)
    text = (
        _("%(name)s is enabled.") if enabled else _("%(name)s is disabled: nobody there can work, and no text passes.")
    )
    messages.success(request, text % {"name": tenant.name})
    return redirect(f"{reverse('tenants:tenant_list')}?selected={tenant.pk.hex}")


@system_view
@require_POST
def administrator_link(request: SignedInRequest, tenant_id: UUID, invitation_id: UUID) -> HttpResponse:
    """Make a new link for a tenant's invited administrator."""
    tenant = live(tenant_id)
    invitation = get_object_or_404(invitations.pending(tenant), pk=invitation_id, role=Role.ADMIN)
    invited = invitations.renew(request.actor, invitation)
    page = reverse("tenants:tenant_detail", args=[tenant.pk])
    return once.hand_over(redirect(page), page, once.Shown(invited.link, invitation.email, invited.mailed))
