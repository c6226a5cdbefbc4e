"""Where a form leads once it is saved: back to the dashboard, when its checklist opened it."""

from django.urls import reverse

from tenants.access import TenantRequest

_MARK = "dashboard"


def after(request: TenantRequest, usual: str) -> str:
    """Return the dashboard for a form that was opened from there, else the usual place."""
    if request.GET.get("from") == _MARK:
        return reverse("dashboard", args=[request.tenant.slug])
    return usual
