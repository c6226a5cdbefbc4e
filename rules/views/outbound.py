"""Pages of outbound rules: the list with its order, one rule, the form, the question before deleting."""

import uuid
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from rules import editing, ordering, presenting, versions
from rules.forms.outbound import OutboundRuleForm
from rules.forms.routes import route_rows
from rules.forms.tryout import OutboundTryoutForm
from rules.models import OutboundRule
from rules.views.places import back_to_list, direction_of, gone, names_of, usual_configuration
from tenants.access import TenantRequest, tenant_view
from tenants.roles import Permission


@tenant_view(Permission.RULES_VIEW)
def outbound_rule_list(request: TenantRequest) -> HttpResponse:
    """Show the rules in the order in which they are tried."""
    rules = presenting.outbound(request.tenant)
    context = {
        "rules": rules,
        "try_form": OutboundTryoutForm(
            tenant=request.tenant, initial={"member": request.member.id.hex if request.member else ""}
        ),
        "configuration": None if rules.rows else usual_configuration(request),
        "names": names_of("outbound"),
    }
    return render(request, "rules/outbound_rule_list.html", context)


@tenant_view(Permission.RULES_VIEW)
def outbound_rule_detail(request: TenantRequest, outbound_rule_id: uuid.UUID) -> HttpResponse:
    """Show one rule."""
    rule = get_object_or_404(request.tenant.outbound_rules, pk=outbound_rule_id)
    rules = presenting.outbound(request.tenant)
    context = {"rules": rules, "row": rules.row(rule), "rule": rule, "names": names_of("outbound")}
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
    return _form_page(request, get_object_or_404(versions.outbound_rows(request.tenant), pk=outbound_rule_id))


def _form_page(request: TenantRequest, rule: OutboundRule | None) -> HttpResponse:
    data = request.POST if request.method == "POST" else None
    form = OutboundRuleForm(data, tenant=request.tenant, rule=rule)
    routes = route_rows(request.tenant, rule, data)
    if data is not None and form.is_valid() & routes.is_valid():
        draft = editing.OutboundDraft(
            name=form.cleaned_data["name"],
            enabled=form.cleaned_data["enabled"],
            priority=form.cleaned_data["priority"],
            conditions=form.conditions,
            routes=routes.drafts,
        )
        try:
            saved = editing.save_outbound(request.actor, request.tenant, draft, rule)
        except editing.RuleGone:
            return gone(request, "outbound")
        messages.success(request, _("Saved. Texts that are written from now on follow it."))
        return back_to_list(request, "outbound", saved.id)
    context: dict[str, Any] = {"form": form, "routes": routes, "rule": rule, "names": names_of("outbound")}
    context["live"] = versions.live(request.tenant, "outbound")
    return render(request, "rules/outbound_rule_form.html", context)


@tenant_view(Permission.RULES_EDIT)
def outbound_rule_delete(request: TenantRequest, outbound_rule_id: uuid.UUID) -> HttpResponse:
    """Ask, saying what would be refused, and delete."""
    rule = get_object_or_404(request.tenant.outbound_rules, pk=outbound_rule_id)
    if request.method == "POST":
        editing.delete(request.actor, request.tenant, rule)
        messages.success(request, _("Rule “%s” is deleted.") % rule.name)
        return back_to_list(request, "outbound")
    rules = presenting.outbound(request.tenant)
    left = [other for other in rules.read if other.live and other.id != rule.id.hex]
    context = {
        "rule": rule,
        "row": rules.row(rule),
        "names": names_of("outbound"),
        "is_last": not left,
        "is_open": any(condition.kind == "all" for other in left for condition in other.conditions),
    }
    return render(request, "rules/outbound_rule_delete.html", context)


@require_POST
@tenant_view(Permission.RULES_EDIT)
def outbound_rule_move(request: TenantRequest, outbound_rule_id: uuid.UUID) -> HttpResponse:
    """Move a rule one place up or down."""
    rule = get_object_or_404(request.tenant.outbound_rules, pk=outbound_rule_id)
    ordering.move(request.actor, request.tenant, rule, direction_of(request))
    return back_to_list(request, "outbound", rule.id)


@require_POST
@tenant_view(Permission.RULES_EDIT)
def outbound_rule_toggle(request: TenantRequest, outbound_rule_id: uuid.UUID) -> HttpResponse:
    """Turn a rule on or off."""
    rule = get_object_or_404(request.tenant.outbound_rules, pk=outbound_rule_id)
    editing.switch(request.actor, request.tenant, rule, on=request.POST.get("on") == "1")
    return back_to_list(request, "outbound", rule.id)
