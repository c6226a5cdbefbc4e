"""Pages of outbound rules: the list, one rule, the form, the question before deleting. Moving is in ordering.py."""

import uuid
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from rules import presenting
from rules.changing import editing, history, versions
from rules.changing.saying import own_times
from rules.changing.stale import RuleGone, StaleEdit
from rules.conditions.outbound_conditions import AllDestinations
from rules.forms.opening import ever_opens
from rules.forms.outbound import OutboundRuleForm
from rules.forms.routes import RouteRows, route_rows
from rules.forms.tryout import OutboundTryoutForm
from rules.models import OutboundRule, WhenClosed
from rules.views.findings import note_after_saving
from rules.views.opened import Opened, opened
from rules.views.places import back_to_list, gone, names_of, page_of, row_of, toggled, usual_configuration
from tenants.access import TenantRequest, tenant_view
from tenants.roles import Permission

KIND = "outbound"


@tenant_view(Permission.RULES_VIEW)
def outbound_rule_list(request: TenantRequest) -> HttpResponse:
    """Show the rules in the order in which they are tried."""
    rules = presenting.outbound(request.tenant)
    context = {
        "rules": rules,
        "page": page_of(request, rules),
        "try_form": OutboundTryoutForm(
            tenant=request.tenant, initial={"member": request.member.id.hex if request.member else ""}
        ),
        "configuration": None if rules.rows else usual_configuration(request),
        "names": names_of(KIND),
    }
    return render(request, "rules/outbound_rule_list.html", context)


@tenant_view(Permission.RULES_VIEW)
def outbound_rule_detail(request: TenantRequest, outbound_rule_id: uuid.UUID) -> HttpResponse:
    """Show one rule."""
    rules = presenting.outbound(request.tenant)
    row = row_of(rules, outbound_rule_id)
    context: dict[str, Any] = {"rules": rules, "row": row, "rule": row.rule, "names": names_of(KIND)}
    context["own_times"] = own_times(row.rule)
    context["states"] = history.lately(request.tenant, KIND, row.rule.id)
    return render(request, "rules/outbound_rule_detail.html", context)


@tenant_view(Permission.RULES_EDIT)
def outbound_rule_new(request: TenantRequest) -> HttpResponse:
    """Add a rule; without a configuration there is nothing to lead texts to."""
    if not request.tenant.configurations.filter(deleted_at=None).exists():
        messages.warning(request, _("Add an SMS configuration first: a rule leads texts to one."))
        return redirect("rules:outbound_rule_list", request.tenant.slug)
    return _form_page(request, None)


@tenant_view(Permission.RULES_EDIT)
def outbound_rule_edit(request: TenantRequest, outbound_rule_id: uuid.UUID) -> HttpResponse:
    """Change a rule."""
    rows = versions.with_number(versions.outbound_rows(request.tenant), request.tenant, KIND)
    return _form_page(request, get_object_or_404(rows, pk=outbound_rule_id))


def _form_page(request: TenantRequest, rule: OutboundRule | None) -> HttpResponse:
    data = request.POST if request.method == "POST" else None
    form = OutboundRuleForm(data, tenant=request.tenant, rule=rule)
    routes = route_rows(request.tenant, rule, data, needed=form.needs_routes)
    state = opened(request, KIND, rule, getattr(rule, "live_version", None) or 0)
    if data is not None and form.is_valid() & routes.is_valid() and _can_hold(request, form):
        try:
            return _saved(request, form, routes, state)
        except RuleGone:
            return gone(request, KIND)
        except StaleEdit as refused:
            state.catch_up(request, refused)
    context: dict[str, Any] = {"form": form, "routes": routes, "rule": rule, "names": names_of(KIND), "state": state}
    return render(request, "rules/outbound_rule_form.html", context)


def _can_hold(request: TenantRequest, form: OutboundRuleForm) -> bool:
    data = form.cleaned_data
    if data.get("when_closed") == WhenClosed.HOLD and not ever_opens(request.tenant, data.get("hours")):
        form.add_error("when_closed", _("It never opens: set office hours first, or choose something else."))
        return False
    return True


def _saved(request: TenantRequest, form: OutboundRuleForm, routes: RouteRows, state: Opened) -> HttpResponse:
    rule = state.rule if isinstance(state.rule, OutboundRule) else None
    draft = form.draft(routes.drafts)
    saved = editing.save_outbound(request.actor, request.tenant, draft, rule, based_on=state.revision)
    messages.success(request, _("Saved. Texts that are written from now on follow it."))
    note_after_saving(request, KIND, saved.id.hex)
    return back_to_list(request, KIND, saved.id)


@tenant_view(Permission.RULES_EDIT)
def outbound_rule_delete(request: TenantRequest, outbound_rule_id: uuid.UUID) -> HttpResponse:
    """Ask, saying what would be refused, and delete."""
    rules = presenting.outbound(request.tenant)
    row = row_of(rules, outbound_rule_id)
    rule, state = row.rule, opened(request, KIND, row.rule, rules.live.version if rules.live else 0)
    if request.method == "POST":
        try:
            editing.delete(request.actor, request.tenant, rule, based_on=state.revision)
            messages.success(request, _("Rule “%s” is deleted.") % rule.name)
            return back_to_list(request, KIND)
        except StaleEdit as refused:
            state.catch_up(request, refused)
    left = [other for other in rules.read if other.live and other.id != rule.id.hex]
    context = {
        "rule": rule,
        "row": row,
        "names": names_of(KIND),
        "state": state,
        "is_last": not left,
        "is_open": any(isinstance(condition, AllDestinations) for other in left for condition in other.conditions),
    }
    return render(request, "rules/outbound_rule_delete.html", context)


@require_POST
@tenant_view(Permission.RULES_EDIT)
def outbound_rule_toggle(request: TenantRequest, outbound_rule_id: uuid.UUID) -> HttpResponse:
    """Turn a rule on or off."""
    return toggled(request, KIND, get_object_or_404(request.tenant.outbound_rules, pk=outbound_rule_id))
