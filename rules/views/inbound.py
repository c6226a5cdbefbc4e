"""Pages of inbound rules: the list with its order, one rule, the form, the question before deleting."""

import uuid
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from rules import editing, ordering, presenting, versions
from rules.forms.inbound import InboundRuleForm
from rules.forms.targets import target_rows
from rules.forms.tryout import InboundTryoutForm
from rules.models import InboundRule
from rules.views.places import back_to_list, direction_of, gone, names_of, usual_configuration
from tenants.access import TenantRequest, tenant_view
from tenants.roles import Permission


@tenant_view(Permission.RULES_VIEW)
def inbound_rule_list(request: TenantRequest) -> HttpResponse:
    """Show the rules in the order in which they are tried."""
    rules = presenting.inbound(request.tenant)
    context = {
        "rules": rules,
        "unrouted": shown(presenting.without_a_rule(request.tenant, rules)),
        "try_form": InboundTryoutForm(),
        "configuration": None if rules.rows else usual_configuration(request),
        "names": names_of("inbound"),
    }
    return render(request, "rules/inbound_rule_list.html", context)


@tenant_view(Permission.RULES_VIEW)
def inbound_rule_detail(request: TenantRequest, inbound_rule_id: uuid.UUID) -> HttpResponse:
    """Show one rule."""
    rule = get_object_or_404(request.tenant.inbound_rules, pk=inbound_rule_id)
    rules = presenting.inbound(request.tenant)
    context = {"rules": rules, "row": rules.row(rule), "rule": rule, "names": names_of("inbound")}
    return render(request, "rules/inbound_rule_detail.html", context)


@tenant_view(Permission.RULES_EDIT)
def inbound_rule_new(request: TenantRequest) -> HttpResponse:
    """Add a rule at the end of the list."""
    return _form_page(request, None)


@tenant_view(Permission.RULES_EDIT)
def inbound_rule_edit(request: TenantRequest, inbound_rule_id: uuid.UUID) -> HttpResponse:
    """Change a rule."""
    return _form_page(request, get_object_or_404(versions.inbound_rows(request.tenant), pk=inbound_rule_id))


def _form_page(request: TenantRequest, rule: InboundRule | None) -> HttpResponse:
    data = request.POST if request.method == "POST" else None
    form = InboundRuleForm(data, tenant=request.tenant, rule=rule)
    targets = target_rows(request.tenant, rule, data)
    if data is not None and form.is_valid() & targets.is_valid():
        draft = editing.InboundDraft(
            name=form.cleaned_data["name"],
            enabled=form.cleaned_data["enabled"],
            trunk=form.trunk_id,
            numbers=form.cleaned_data["number_ids"],
            conditions=form.conditions,
            targets=targets.drafts,
        )
        try:
            saved = editing.save_inbound(request.actor, request.tenant, draft, rule)
        except editing.RuleGone:
            return gone(request, "inbound")
        messages.success(request, _("Saved. Texts that arrive from now on follow it."))
        return back_to_list(request, "inbound", saved.id)
    context: dict[str, Any] = {"form": form, "targets": targets, "rule": rule, "names": names_of("inbound")}
    context["live"] = versions.live(request.tenant, "inbound")
    return render(request, "rules/inbound_rule_form.html", context)


@tenant_view(Permission.RULES_EDIT)
def inbound_rule_delete(request: TenantRequest, inbound_rule_id: uuid.UUID) -> HttpResponse:
    """Ask, saying what would be unrouted, and delete."""
    rule = get_object_or_404(request.tenant.inbound_rules, pk=inbound_rule_id)
    if request.method == "POST":
        editing.delete(request.actor, request.tenant, rule)
        messages.success(request, _("Rule “%s” is deleted.") % rule.name)
        return back_to_list(request, "inbound")
    rules = presenting.inbound(request.tenant)
    now = set(presenting.without_a_rule(request.tenant, rules))
    then = presenting.without_a_rule(request.tenant, rules, but=rule)
    lost = shown([number for number in then if number not in now])
    context = {"rule": rule, "row": rules.row(rule), "lost": lost, "names": names_of("inbound")}
    return render(request, "rules/inbound_rule_delete.html", context)


@require_POST
@tenant_view(Permission.RULES_EDIT)
def inbound_rule_move(request: TenantRequest, inbound_rule_id: uuid.UUID) -> HttpResponse:
    """Move a rule one place up or down."""
    rule = get_object_or_404(request.tenant.inbound_rules, pk=inbound_rule_id)
    ordering.move(request.actor, request.tenant, rule, direction_of(request))
    return back_to_list(request, "inbound", rule.id)


@require_POST
@tenant_view(Permission.RULES_EDIT)
def inbound_rule_toggle(request: TenantRequest, inbound_rule_id: uuid.UUID) -> HttpResponse:
    """Turn a rule on or off."""
    rule = get_object_or_404(request.tenant.inbound_rules, pk=inbound_rule_id)
    editing.switch(request.actor, request.tenant, rule, on=request.POST.get("on") == "1")
    return back_to_list(request, "inbound", rule.id)


def shown(numbers: list[str]) -> str:
    """Write numbers briefly: as ranges, and not more of them than a page can bear."""
    text = presenting.numbers_in_words(numbers)
    return text if len(text) <= 300 else f"{text[:300].rsplit(';', 1)[0]}…"
