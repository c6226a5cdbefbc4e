"""Pages of inbound rules: the list, one rule, the form, the question before deleting. Moving is in ordering.py."""

import uuid
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from rules import presenting
from rules.changing import editing, history, versions
from rules.changing.saying import own_times
from rules.changing.stale import RuleGone, StaleEdit
from rules.forms.inbound import InboundRuleForm
from rules.forms.opening import ever_opens
from rules.forms.targets import TargetRows, target_rows
from rules.forms.tryout import InboundTryoutForm
from rules.models import InboundRule
from rules.views.findings import note_after_saving
from rules.views.opened import Opened, opened
from rules.views.places import back_to_list, gone, names_of, page_of, row_of, toggled, usual_configuration
from tenants.access import TenantRequest, tenant_view
from tenants.roles import Permission

KIND = "inbound"


@tenant_view(Permission.RULES_VIEW)
def inbound_rule_list(request: TenantRequest) -> HttpResponse:
    """Show the rules in the order in which they are tried."""
    rules = presenting.inbound(request.tenant)
    context = {
        "rules": rules,
        "page": page_of(request, rules),
        "try_form": InboundTryoutForm(),
        "configuration": None if rules.rows else usual_configuration(request),
        "names": names_of(KIND),
    }
    return render(request, "rules/inbound_rule_list.html", context)


@tenant_view(Permission.RULES_VIEW)
def inbound_rule_detail(request: TenantRequest, inbound_rule_id: uuid.UUID) -> HttpResponse:
    """Show one rule."""
    rules = presenting.inbound(request.tenant)
    row = row_of(rules, inbound_rule_id)
    context: dict[str, Any] = {"rules": rules, "row": row, "rule": row.rule, "names": names_of(KIND)}
    context["own_times"] = own_times(row.rule)
    context["states"] = history.lately(request.tenant, KIND, row.rule.id)
    return render(request, "rules/inbound_rule_detail.html", context)


@tenant_view(Permission.RULES_EDIT)
def inbound_rule_new(request: TenantRequest) -> HttpResponse:
    """Add a rule at the end of the list."""
    return _form_page(request, None)


@tenant_view(Permission.RULES_EDIT)
def inbound_rule_edit(request: TenantRequest, inbound_rule_id: uuid.UUID) -> HttpResponse:
    """Change a rule."""
    rows = versions.with_number(versions.inbound_rows(request.tenant), request.tenant, KIND)
    return _form_page(request, get_object_or_404(rows, pk=inbound_rule_id))


def _form_page(request: TenantRequest, rule: InboundRule | None) -> HttpResponse:
    data = request.POST if request.method == "POST" else None
    form = InboundRuleForm(data, tenant=request.tenant, rule=rule)
    targets = target_rows(request.tenant, rule, data)
    state = opened(request, KIND, rule, getattr(rule, "live_version", None) or 0)
    if data is not None and form.is_valid() & targets.is_valid() and _can_hold(request, form, targets):
        try:
            return _saved(request, form, targets, state)
        except RuleGone:
            return gone(request, KIND)
        except StaleEdit as refused:
            state.catch_up(request, refused)
    context: dict[str, Any] = {"form": form, "targets": targets, "rule": rule, "names": names_of(KIND), "state": state}
    return render(request, "rules/inbound_rule_form.html", context)


def _can_hold(request: TenantRequest, form: InboundRuleForm, targets: TargetRows) -> bool:
    data = form.cleaned_data
    if targets.holds and not ever_opens(request.tenant, data.get("hours"), data.get("holidays")):
        targets.refuse_hold()
        return False
    return True


def _saved(request: TenantRequest, form: InboundRuleForm, targets: TargetRows, state: Opened) -> HttpResponse:
    rule = state.rule if isinstance(state.rule, InboundRule) else None
    draft = form.draft(targets.drafts)
    saved = editing.save_inbound(request.actor, request.tenant, draft, rule, based_on=state.revision)
    messages.success(request, _("Saved. Texts that arrive from now on follow it."))
    note_after_saving(request, KIND, saved.id.hex)
    return back_to_list(request, KIND, saved.id)


@tenant_view(Permission.RULES_EDIT)
def inbound_rule_delete(request: TenantRequest, inbound_rule_id: uuid.UUID) -> HttpResponse:
    """Ask, saying what would be unrouted, and delete."""
    rules = presenting.inbound(request.tenant)
    row = row_of(rules, inbound_rule_id)
    rule, state = row.rule, opened(request, KIND, row.rule, rules.live.version if rules.live else 0)
    if request.method == "POST":
        try:
            editing.delete(request.actor, request.tenant, rule, based_on=state.revision)
            messages.success(request, _("Rule “%s” is deleted.") % rule.name)
            return back_to_list(request, KIND)
        except StaleEdit as refused:
            state.catch_up(request, refused)
    lost = shown(presenting.lost_without(request.tenant, rules, rule))
    context = {"rule": rule, "row": row, "lost": lost, "names": names_of(KIND), "state": state}
    return render(request, "rules/inbound_rule_delete.html", context)


@require_POST
@tenant_view(Permission.RULES_EDIT)
def inbound_rule_toggle(request: TenantRequest, inbound_rule_id: uuid.UUID) -> HttpResponse:
    """Turn a rule on or off."""
    return toggled(request, KIND, get_object_or_404(request.tenant.inbound_rules, pk=inbound_rule_id))


def shown(numbers: list[str]) -> str:
    """Write numbers briefly: as ranges, and not more of them than a page can bear."""
    text = presenting.numbers_in_words(numbers)
    return text if len(text) <= 300 else f"{text[:300].rsplit(';', 1)[0]}…"
