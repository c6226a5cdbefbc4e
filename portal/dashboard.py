"""A tenant's dashboard."""

from django.http import HttpResponse
from django.shortcuts import render

from tenants.access import TenantRequest, tenant_view
from tenants.roles import Permission


@tenant_view(Permission.TENANT_VIEW)
def dashboard(request: TenantRequest) -> HttpResponse:
    """Show today's figures."""
    return render(request, "portal/dashboard.html", {})
