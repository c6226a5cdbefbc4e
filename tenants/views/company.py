"""What a tenant's own administrators may change about it."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from tenants import provisioning
from tenants.access import TenantRequest, tenant_view
from tenants.forms_tenants import CompanyForm
from tenants.models import Tenant
from tenants.roles import Permission


@tenant_view(Permission.TENANT_EDIT)
def company(request: TenantRequest) -> HttpResponse:
    """Show and change the company's settings."""
    form = CompanyForm(request.POST or None, instance=Tenant.objects.get(pk=request.tenant.pk))
    if request.method == "POST" and form.is_valid():
        provisioning.change_tenant(request.actor, request.tenant, **form.values)
        messages.success(request, _("The company’s settings are saved."))
        return redirect("tenants:company", request.tenant.slug)
    return render(request, "tenants/company.html", {"form": form})
