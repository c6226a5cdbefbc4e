"""How a configuration does: each aspect, each number, what changed when, and a look at once."""

import uuid

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from sms.health import rounds, showing
from sms.views.configurations import one
from tenants import keyset
from tenants.access import TenantRequest, can, tenant_view
from tenants.roles import Permission

_NUMBERS, _HISTORY = 25, 25


@tenant_view(Permission.CONFIGURATIONS_VIEW)
def configuration_health(request: TenantRequest, configuration_id: uuid.UUID) -> HttpResponse:
    """Show every aspect with its reason and what mends it, the numbers, and the history."""
    configuration = one(request, configuration_id)
    is_history = request.GET.get("part") == "history"
    context = {
        "configuration": configuration,
        "is_history": is_history,
        "may_edit": can(request, Permission.CONFIGURATIONS_EDIT),
        **showing.state_of(configuration),
    }
    if is_history:
        changes = request.tenant.health_changes.filter(configuration=configuration)
        page = keyset.page(changes, request, at="created_at", size=_HISTORY)
        context |= {"page": page, "entries": [showing.entry_of(configuration, change) for change in page.rows]}
    else:
        rows = showing.numbers(configuration)
        text = request.GET.get("q", "").strip()
        if text:
            rows = rows.filter(address__contains=text.replace(" ", ""))
        numbers = keyset.page(rows, request, at="address", size=_NUMBERS, descending=False)
        beside = showing.beside(configuration, numbers.rows)
        lines = [(row.address, showing.light_of(configuration, row), beside.get(row.address)) for row in numbers.rows]
        context |= {"page": numbers, "lines": lines, "q": text}
    return render(request, "sms/configuration_health.html", context)


@tenant_view(Permission.CONFIGURATIONS_EDIT)
@require_POST
def configuration_health_check(request: TenantRequest, configuration_id: uuid.UUID) -> HttpResponse:
    """Look at once; the page shows when that is done."""
    configuration = one(request, configuration_id)
    rounds.check_now(configuration)
    return redirect("sms:configuration_health", request.tenant.slug, configuration.pk)
