"""What is wrong with the rules, each with the page that mends it: on a page of its own, on the lists, after saving."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import resolve, reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from rules.checking.findings import Finding
from rules.checking.surroundings import findings_for
from rules.models.versions import RuleKind
from tenants.access import TenantRequest, can, tenant_view
from tenants.roles import Permission


@dataclass(frozen=True, slots=True)
class Shown:
    """A finding for a page; `url` is the page that mends it, "" when the visitor may not open that."""

    text: str
    rule_id: str
    rule_name: str
    url: str


@tenant_view(Permission.RULES_VIEW)
def finding_list(request: TenantRequest) -> HttpResponse:
    """Show what is wrong with all rules."""
    inbound, outbound = (shown(request, findings_for(request.tenant, kind)) for kind in RuleKind.values)
    context = {"inbound": inbound, "outbound": outbound, "count": len(inbound) + len(outbound)}
    return render(request, "rules/finding_list.html", context)


def shown(request: TenantRequest, findings: Iterable[Finding]) -> list[Shown]:
    """Return findings with the addresses of the pages that mend them."""
    return [Shown(one.text, one.rule_id, one.rule_name, _address(request, one)) for one in findings]


def note_after_saving(request: TenantRequest, kind: str, rule_id: str) -> None:
    """Say in a message what is wrong with a rule that has just been saved; the first in words, more by number."""
    found = [one for one in findings_for(request.tenant, kind) if one.rule_id == rule_id]
    if not found:
        return
    more = len(found) - 1
    rest = " " + ngettext("And %d more, on the list.", "And %d more, on the list.", more) % more if more else ""
    messages.warning(request, _("It is saved, but: %s") % f"{found[0].text}{rest}")


def _address(request: TenantRequest, finding: Finding) -> str:
    name, arguments = finding.mend
    if not name:
        return ""
    url = reverse(name, args=arguments)
    access = getattr(resolve(url).func, "access", None)
    return url if access and access.permission and can(request, access.permission) else ""
