"""Where the pages of rules lead: the names of their addresses, and the way back to the list."""

import uuid
from typing import Any, Literal

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _

from rules import presenting
from rules.changing import editing
from rules.models import InboundRule, OutboundRule
from rules.presenting import RuleList, RulePage, RuleRow
from tenants import returning
from tenants.access import TenantRequest

_ACTS = ("list", "new", "detail", "edit", "delete", "move", "toggle")


def names_of(kind: str) -> dict[str, str]:
    """Return the names of the addresses of one kind of rules, so that both kinds share their templates."""
    return {act: f"rules:{kind}_rule_{act}" for act in _ACTS} | {"save": f"rules:{kind}_rule_set_save"}


def back_to_list(request: TenantRequest, kind: str, selected: uuid.UUID | None = None) -> HttpResponse:
    """Lead back to the list, to the page on which a rule stands, with it selected."""
    url = reverse(f"rules:{kind}_rule_list", args=[request.tenant.slug])
    return redirect(returning.after(request, f"{url}?selected={selected.hex}" if selected else url))


def page_of(request: TenantRequest, rules: RuleList[Any]) -> RulePage[Any]:
    """Return the page of the list that the address asks for."""
    asked = request.GET
    number = asked.get("page", "")
    return presenting.page(
        rules.rows,
        query=asked.get("q", ""),
        number=int(number) if number.isascii() and number.isdigit() and len(number) < 7 else 0,
        selected=asked.get("selected", ""),
    )


def row_of(rules: RuleList[Any], key: uuid.UUID) -> RuleRow[Any]:
    """Return the row of a rule in its list, or answer that there is none."""
    row = rules.row(key)
    if row is None:
        raise Http404
    return row


def toggled(request: TenantRequest, kind: str, rule: InboundRule | OutboundRule) -> HttpResponse:
    """Turn a rule on or off, as the form says, and lead back to the list."""
    if not editing.switch(request.actor, request.tenant, rule, on=request.POST.get("on") == "1"):
        return gone(request, kind)
    return back_to_list(request, kind, rule.id)


def gone(request: TenantRequest, kind: str) -> HttpResponse:
    """Say that a rule was deleted while it stood in the form, and lead back to the list."""
    messages.error(request, _("Nothing was saved: somebody has deleted this rule. Add it anew if it is still wanted."))
    return back_to_list(request, kind)


def direction_of(request: HttpRequest) -> Literal["up", "down"]:
    """Return where a rule is to be moved."""
    return "up" if request.POST.get("direction") == "up" else "down"


def usual_configuration(request: TenantRequest) -> Any:
    """Return the configuration that the usual rules would be made for, if there is one."""
    return request.tenant.configurations.filter(deleted_at=None).order_by("-enabled", "created_at").first()
