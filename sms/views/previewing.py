"""What a change of the rules would do with the last texts, before it is saved: nothing is saved, sent or changed."""

import uuid
from collections.abc import Callable
from typing import Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from rules.changing import editing, ordering, versions
from rules.changing.stale import RuleGone
from rules.forms.inbound import InboundRuleForm
from rules.forms.outbound import OutboundRuleForm
from rules.forms.routes import route_rows
from rules.forms.targets import target_rows
from rules.models import InboundRule, OutboundRule
from sms.trying import replaying
from sms.views.replaying import answer
from tenants.access import TenantRequest, tenant_view
from tenants.roles import Permission

INBOUND, OUTBOUND = "inbound", "outbound"


@require_POST
@tenant_view(Permission.RULES_EDIT)
def inbound_preview_new(request: TenantRequest) -> HttpResponse:
    """Say what a new inbound rule would change."""
    return _inbound_form(request, None)


@require_POST
@tenant_view(Permission.RULES_EDIT)
def inbound_preview_edit(request: TenantRequest, inbound_rule_id: uuid.UUID) -> HttpResponse:
    """Say what an inbound rule would change as it stands in the form."""
    return _inbound_form(request, get_object_or_404(versions.inbound_rows(request.tenant), pk=inbound_rule_id))


@require_POST
@tenant_view(Permission.RULES_EDIT)
def outbound_preview_new(request: TenantRequest) -> HttpResponse:
    """Say what a new outbound rule would change."""
    return _outbound_form(request, None)


@require_POST
@tenant_view(Permission.RULES_EDIT)
def outbound_preview_edit(request: TenantRequest, outbound_rule_id: uuid.UUID) -> HttpResponse:
    """Say what an outbound rule would change as it stands in the form."""
    return _outbound_form(request, get_object_or_404(versions.outbound_rows(request.tenant), pk=outbound_rule_id))


@require_POST
@tenant_view(Permission.RULES_EDIT)
def inbound_preview_move(request: TenantRequest, inbound_rule_id: uuid.UUID) -> HttpResponse:
    """Say what another place of an inbound rule would change."""
    return _moved(request, INBOUND, get_object_or_404(request.tenant.inbound_rules, pk=inbound_rule_id))


@require_POST
@tenant_view(Permission.RULES_EDIT)
def outbound_preview_move(request: TenantRequest, outbound_rule_id: uuid.UUID) -> HttpResponse:
    """Say what another place of an outbound rule would change."""
    return _moved(request, OUTBOUND, get_object_or_404(request.tenant.outbound_rules, pk=outbound_rule_id))


@require_POST
@tenant_view(Permission.RULES_EDIT)
def inbound_preview_delete(request: TenantRequest, inbound_rule_id: uuid.UUID) -> HttpResponse:
    """Say what would change without an inbound rule."""
    return _deleted(request, INBOUND, get_object_or_404(request.tenant.inbound_rules, pk=inbound_rule_id))


@require_POST
@tenant_view(Permission.RULES_EDIT)
def outbound_preview_delete(request: TenantRequest, outbound_rule_id: uuid.UUID) -> HttpResponse:
    """Say what would change without an outbound rule."""
    return _deleted(request, OUTBOUND, get_object_or_404(request.tenant.outbound_rules, pk=outbound_rule_id))


def _inbound_form(request: TenantRequest, rule: InboundRule | None) -> HttpResponse:
    form = InboundRuleForm(request.POST, tenant=request.tenant, rule=rule)
    targets = target_rows(request.tenant, rule, request.POST)
    if not form.is_valid() & targets.is_valid():
        return _refused(request, INBOUND, form, targets)
    draft = form.draft(targets.drafts)
    return _answer(request, INBOUND, rule, lambda: editing.save_inbound(request.actor, request.tenant, draft, rule))


def _outbound_form(request: TenantRequest, rule: OutboundRule | None) -> HttpResponse:
    form = OutboundRuleForm(request.POST, tenant=request.tenant, rule=rule)
    routes = route_rows(request.tenant, rule, request.POST, needed=form.needs_routes)
    if not form.is_valid() & routes.is_valid():
        return _refused(request, OUTBOUND, form, routes)
    draft = form.draft(routes.drafts)
    return _answer(request, OUTBOUND, rule, lambda: editing.save_outbound(request.actor, request.tenant, draft, rule))


def _moved(request: TenantRequest, kind: str, rule: InboundRule | OutboundRule) -> HttpResponse:
    """Ask with the rule at `place`, counted from 1."""
    text = request.POST.get("place", "")
    place = int(text) - 1 if text.isascii() and text.isdigit() and len(text) < 10 else rule.position
    return _answer(
        request, kind, rule, lambda: ordering.place(request.actor, request.tenant, rule, max(0, place)), at="list"
    )


def _deleted(request: TenantRequest, kind: str, rule: InboundRule | OutboundRule) -> HttpResponse:
    return _answer(request, kind, rule, lambda: editing.delete(request.actor, request.tenant, rule), at="delete")


def _answer(
    request: TenantRequest,
    kind: str,
    rule: InboundRule | OutboundRule | None,
    change: Callable[[], object],
    *,
    at: str = "edit",
) -> HttpResponse:
    try:
        document = replaying.candidate(request.tenant, kind, change)
    except RuleGone:
        return _refused(request, kind, None, None)
    found = replaying.replay(request.tenant, kind, document)
    titles = {"edit": _("If this were saved"), "list": _("With this order"), "delete": _("Without this rule")}
    return answer(request, kind, found, titles[at], **_way_on(request, kind, rule, at))


def _way_on(request: TenantRequest, kind: str, rule: InboundRule | OutboundRule | None, at: str) -> dict[str, Any]:
    """Return what a page without JavaScript needs to go on: where to post what was entered."""
    name = f"rules:{kind}_rule_{'move' if at == 'list' else at if rule else 'new'}"
    arguments = [request.tenant.slug, *([rule.pk] if rule else [])]
    entered = [
        (field, value) for field, values in request.POST.lists() if field != "csrfmiddlewaretoken" for value in values
    ]
    return {"save_url": reverse(name, args=arguments), "entered": entered, "at": at}


def _refused(request: TenantRequest, kind: str, form: Any, rows: Any) -> HttpResponse:
    """Say what is wrong with what was entered; without a form, that the rule is gone."""
    context = {"form": form, "rows": rows, "kind": kind, "list": f"rules:{kind}_rule_list"}
    return render(request, "rules/try_replay.html", context)
