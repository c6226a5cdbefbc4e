"""Two buttons: add the usual rules, and save rules again whose named rows have changed."""

import uuid

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from rules.changing import versions
from rules.changing.usual import usual_rules as add_usual_rules
from rules.models.versions import RuleKind
from rules.views.places import back_to_list, usual_configuration
from tenants.access import TenantRequest, can, tenant_view
from tenants.roles import Permission


@require_POST
@tenant_view(Permission.RULES_EDIT)
def usual_rules(request: TenantRequest) -> HttpResponse:
    """Add the usual rules for a configuration; only who may change members is given the right to send."""
    live = request.tenant.configurations.filter(deleted_at=None)
    wanted = request.POST.get("configuration", "")
    configuration = get_object_or_404(live, pk=_id(wanted)) if wanted else usual_configuration(request)
    if configuration is None:
        messages.warning(request, _("Add an SMS configuration first: the usual rules lead texts to it."))
        return back_to_list(request, "inbound")
    member = request.member if can(request, Permission.MEMBERS_MANAGE) else None
    added = add_usual_rules(request.actor, request.tenant, configuration, member)
    if added.inbound or added.outbound:
        messages.success(request, _("The usual rules are added. You can change them at any time."))
    else:
        messages.info(request, _("The usual rules are there already."))
    return redirect(_came_from(request), request.tenant.slug)


@require_POST
@tenant_view(Permission.RULES_EDIT)
def rule_set_save(request: TenantRequest, kind: str) -> HttpResponse:
    """Write the rules as they stand down as a new version."""
    versions.save(request.actor, request.tenant, kind)
    messages.success(request, _("Saved. From now on the rules do what they say here."))
    return back_to_list(request, RuleKind(kind).value)


def _came_from(request: TenantRequest) -> str:
    outbound = request.POST.get("list") == RuleKind.OUTBOUND
    return "rules:outbound_rule_list" if outbound else "rules:inbound_rule_list"


def _id(text: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(text)
    except ValueError:
        return None
