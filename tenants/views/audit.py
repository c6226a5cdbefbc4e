"""The audit log, of a tenant and of the system."""

from typing import Any

from django.db.models import Q, QuerySet
from django.http import HttpResponse
from django.shortcuts import render

from tenants import audit_words, keyset
from tenants.access import SignedInRequest, TenantRequest, system_view, tenant_view
from tenants.models import AuditEntry
from tenants.roles import Permission


@tenant_view(Permission.AUDIT_VIEW)
def audit_list(request: TenantRequest) -> HttpResponse:
    """Show what was changed in the tenant."""
    return render(request, "tenants/audit_list.html", _context(request, request.tenant.audit_entries.all()))


@system_view
def system_audit_list(request: SignedInRequest) -> HttpResponse:
    """Show what was changed in the system, and by system administrators in tenants."""
    context = _context(request, AuditEntry.objects.filter(tenant=None)) | {"of_system": True}
    return render(request, "tenants/audit_list.html", context)


def _context(request: SignedInRequest, entries: QuerySet[AuditEntry]) -> dict[str, Any]:
    q, area = request.GET.get("q", "").strip(), request.GET.get("area", "")
    if q:
        entries = entries.filter(
            Q(actor_label__icontains=q) | Q(target_label__icontains=q) | Q(tenant_label__icontains=q)
        )
    if area in dict(audit_words.AREAS):
        entries = entries.filter(action__startswith=area)
    page = keyset.page(entries, request)
    return {
        "page": page,
        "rows": [
            {"entry": entry, "words": audit_words.sentence(entry), "changes": audit_words.changes(entry)}
            for entry in page.rows
        ],
        "q": q,
        "area": area,
        "areas": audit_words.AREAS,
        "filtered": bool(q or area),
    }
