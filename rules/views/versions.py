"""Pages of versions: the list, one version with its differences, and the way back to it."""

import uuid
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _

from rules.changing import differences, history, restoring, versions
from rules.changing.references import Missing
from rules.models import RuleSet
from rules.views.places import back_to_list, names_of
from tenants import keyset
from tenants.access import TenantRequest, tenant_view
from tenants.roles import Permission

# So many changes or rules stand on a page; the rest is counted.
_SHOWN = 200


@tenant_view(Permission.RULES_VIEW)
def version_list(request: TenantRequest, kind: str) -> HttpResponse:
    """List the versions, newest first, each with what it changed."""
    found = request.tenant.rule_sets.filter(kind=kind)
    page = keyset.page(found, request, size=history.PAGE, at="version")
    live = versions.live(request.tenant, kind)
    context = {"rows": history.rows(request.tenant, kind, page.rows), "page": page, "live": live}
    return render(request, "rules/version_list.html", context | _place(kind))


@tenant_view(Permission.RULES_VIEW)
def version_detail(request: TenantRequest, kind: str, rule_set_id: uuid.UUID) -> HttpResponse:
    """Show one version: its rules in words, what it changed, and how it differs from the live one."""
    rule_set = _one(request, kind, rule_set_id)
    live = versions.live(request.tenant, kind)
    [row] = history.rows(request.tenant, kind, [rule_set])
    since = differences.between(kind, rule_set.document, live.document) if live else row.changes
    context = {
        "rule_set": rule_set,
        "row": row,
        "live": live,
        "is_live": live == rule_set,
        "since": since,
        "rules": _rules(kind, rule_set),
        "shown": _SHOWN,
    }
    return render(request, "rules/version_detail.html", context | _place(kind))


@tenant_view(Permission.RULES_EDIT)
def version_restore(request: TenantRequest, kind: str, rule_set_id: uuid.UUID) -> HttpResponse:
    """Say what going back would change and what is gone, ask, and go back."""
    rule_set = _one(request, kind, rule_set_id)
    tenant = request.tenant
    if request.method == "POST":
        chosen = {name: request.POST.get(name) == "on" for name in ("without_missing", "with_calendar")}
        try:
            restoring.restore(request.actor, tenant, rule_set, **chosen)
        except restoring.MissingRows as error:
            return _ask(request, kind, rule_set, error.missing, refused=True)
        messages.success(request, _("The rules are as in version %s again.") % rule_set.version)
        return back_to_list(request, kind)
    return _ask(request, kind, rule_set, list(restoring.plan(tenant, kind, rule_set.document["rules"]).missing))


def _ask(
    request: TenantRequest, kind: str, rule_set: RuleSet, missing: list[Missing], *, refused: bool = False
) -> HttpResponse:
    live, wanted = versions.build(request.tenant, kind), rule_set.document
    context = {
        "rule_set": rule_set,
        "changes": differences.between(kind, {"rules": live["rules"]}, {"rules": wanted["rules"]}),
        "calendar": differences.between(kind, live | {"rules": []}, wanted | {"rules": []}).calendar,
        "missing": missing,
        "refused": refused,
        "shown": _SHOWN,
    }
    status = 409 if refused else 200
    return render(request, "rules/version_restore.html", context | _place(kind), status=status)


@tenant_view(Permission.RULES_VIEW)
def rule_history(request: TenantRequest, kind: str, rule_id: uuid.UUID) -> HttpResponse:
    """Show what became of one rule, deleted ones too."""
    states = history.of_rule(request.tenant, kind, rule_id)
    if not states:
        raise Http404
    newest = states[0]
    context = {"states": states, "name": newest.name, "rule_id": rule_id, "is_there": newest.entry is not None}
    return render(request, "rules/rule_history.html", context | _place(kind))


@tenant_view(Permission.RULES_EDIT)
def rule_restore(request: TenantRequest, kind: str, rule_set_id: uuid.UUID, rule_id: uuid.UUID) -> HttpResponse:
    """Ask, and put one rule back as it was in a version."""
    rule_set = _one(request, kind, rule_set_id)
    entry = history.entry_of(rule_set, rule_id)
    if entry is None:
        raise Http404
    now = next((one for one in versions.build(request.tenant, kind)["rules"] if one["id"] == rule_id.hex), None)
    missing: list[Missing] = []
    if request.method == "POST":
        try:
            restoring.restore_rule(request.actor, request.tenant, kind, rule_set, entry)
        except restoring.MissingRows as error:
            missing = error.missing
        else:
            messages.success(request, _("“%s” is as it was again.") % entry["name"])
            return back_to_list(request, kind, rule_id)
    context = {
        "rule_set": rule_set,
        "rule_id": rule_id,
        "entry": entry,
        "fields": differences.of_rule(kind, now, entry) if now else differences.in_words(kind, entry),
        "is_there": now is not None,
        "missing": missing,
    }
    return render(request, "rules/rule_restore.html", context | _place(kind), status=409 if missing else 200)


def _one(request: TenantRequest, kind: str, rule_set_id: uuid.UUID) -> RuleSet:
    return get_object_or_404(request.tenant.rule_sets, pk=rule_set_id, kind=kind)


def _place(kind: str) -> dict[str, Any]:
    title = _("Inbound rules") if kind == "inbound" else _("Outbound rules")
    return {"kind": kind, "names": names_of(kind), "list_title": title, "limit": f":{_SHOWN}"}


def _rules(kind: str, rule_set: RuleSet) -> list[dict[str, Any]]:
    """Say the rules of a version in words, in the order in which they are tried."""
    entries = rule_set.document["rules"][:_SHOWN]
    return [{"entry": entry, "fields": differences.in_words(kind, entry)} for entry in entries]
