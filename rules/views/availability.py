"""Who can be given conversations: one's own switch and hours, and those of others for who arranges the rules."""

import uuid
from dataclasses import dataclass

from django.contrib import messages
from django.db.models import Q
from django.db.models.functions import Lower
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _

from rules.forms.office_hours import MemberHoursForm
from rules.times import availability, telling
from tenants import clock, listing
from tenants.access import TenantRequest, tenant_view
from tenants.models import Member
from tenants.roles import Permission

LIST = "rules:availability_list"


@dataclass(frozen=True, slots=True)
class Row:
    """A member in the list: why he is not available ("" = he is), and what his hours say now."""

    member: Member
    absence: str
    hours: telling.Now | None


@tenant_view(Permission.TENANT_VIEW)
def own(request: TenantRequest) -> HttpResponse:
    """Show and change one's own switch and hours; `on` alone is the switch, from any page, and leads back there."""
    if request.member is None:
        messages.warning(request, _("You are not a member here: choose one."))
        return redirect(LIST, request.tenant.slug)
    return _page(request, request.member)


@tenant_view(Permission.RULES_EDIT)
def everybody(request: TenantRequest) -> HttpResponse:
    """List who is available now and who is not, with search."""
    q = request.GET.get("q", "").strip()
    members = request.tenant.members.select_related("user").prefetch_related("groups")
    if q:
        members = members.filter(Q(name__icontains=q) | Q(user__email__icontains=q) | Q(groups__name__iexact=q))
    page = listing.page(members.distinct(), request, columns={"name": Lower("name")}, default="name")
    context = {"page": page, "rows": [_row(member) for member in page.rows], "q": q}
    return render(request, "rules/availability_list.html", context)


@tenant_view(Permission.RULES_EDIT)
def of_member(request: TenantRequest, member_id: uuid.UUID) -> HttpResponse:
    """Show and change a member's switch and hours."""
    return _page(request, get_object_or_404(request.tenant.members.select_related("user"), pk=member_id))


def _page(request: TenantRequest, member: Member) -> HttpResponse:
    if request.method == "POST" and "on" in request.POST:
        return _switch(request, member)
    form = MemberHoursForm(request.POST or None, initial={"hours": member.hours})
    if request.method == "POST" and form.is_valid():
        availability.set_hours(request.actor, member, form.cleaned_data["hours"])
        messages.success(request, _("The hours are saved."))
        return redirect(request.path)
    context = {"form": form, "row": _row(member), "is_own": member == request.member}
    return render(request, "rules/availability.html", context)


def _switch(request: TenantRequest, member: Member) -> HttpResponse:
    on = request.POST["on"] == "1"
    availability.switch(request.actor, member, on)
    own_words = _("You are available.") if on else _("You are not available: groups give you nothing new.")
    words = _("%s is available.") if on else _("%s is not available: groups give nothing new.")
    messages.success(request, own_words if member == request.member else words % member)
    back = request.POST.get("next", "")
    safe = url_has_allowed_host_and_scheme(back, {request.get_host()}, require_https=request.is_secure())
    return redirect(back if safe else request.path)


def _row(member: Member) -> Row:
    now = clock.now()
    calendar = availability.own_calendar(member)
    hours = telling.now(calendar, now) if calendar else None
    return Row(member, availability.absence(member, now) or "", hours)
