"""Move rules: one place up or down, to a place by its number, or to where they were dragged."""

import uuid
from typing import Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_POST

from rules.changing import ordering, stale, versions
from rules.changing.stale import RuleGone, StaleOrder
from rules.models import InboundRule, OutboundRule
from rules.views.opened import ids, whole_number
from rules.views.places import back_to_list, direction_of, gone, names_of
from tenants.access import TenantRequest, tenant_view
from tenants.roles import Permission


@require_POST
@tenant_view(Permission.RULES_EDIT)
def inbound_rule_move(request: TenantRequest, inbound_rule_id: uuid.UUID) -> HttpResponse:
    """Move an inbound rule."""
    return _moved(request, "inbound", get_object_or_404(request.tenant.inbound_rules, pk=inbound_rule_id))


@require_POST
@tenant_view(Permission.RULES_EDIT)
def outbound_rule_move(request: TenantRequest, outbound_rule_id: uuid.UUID) -> HttpResponse:
    """Move an outbound rule; among rules of another priority it takes the nearest that fits."""
    return _moved(request, "outbound", get_object_or_404(request.tenant.outbound_rules, pk=outbound_rule_id))


def _moved(request: TenantRequest, kind: str, rule: InboundRule | OutboundRule) -> HttpResponse:
    """Move a rule to `place` (from 1), else one place in `direction`; `order` is what the page shows afterwards."""
    version, place = whole_number(request, "version"), whole_number(request, "place")
    tenant, actor = request.tenant, request.actor
    try:
        if place is None:
            ordering.move(actor, tenant, rule, direction_of(request), version=version)
        else:
            expected = ids(request, "order")
            ordering.place(actor, tenant, rule, max(0, place - 1), version=version, expected=expected)
    except RuleGone:
        return gone(request, kind)
    except StaleOrder:
        return _stale(request, kind, rule, version or 0)
    return back_to_list(request, kind, rule.id)


def _stale(request: TenantRequest, kind: str, rule: InboundRule | OutboundRule, version: int) -> HttpResponse:
    """Say that nothing was moved, and what had been changed since the page was opened."""
    context: dict[str, Any] = {
        "rule": rule,
        "kind": kind,
        "names": names_of(kind),
        "changes": stale.order_changes(request.tenant, kind, version),
        "version": versions.newest_number(request.tenant, kind),
        "place": rule.position + 1,
    }
    return render(request, "rules/order_changed.html", context, status=409)
