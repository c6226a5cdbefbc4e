"""Members of a tenant: list, details, change, remove."""

from uuid import UUID

from django.contrib import messages
from django.db.models import Prefetch, Q
from django.db.models.functions import Lower
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from tenants import clock, invitations, listing, membership, sharing
from tenants.access import TenantRequest, tenant_view
from tenants.forms_members import MemberForm, sender_numbers
from tenants.models import Member
from tenants.roles import Permission
from tenants.views import once

COLUMNS: listing.Columns = {
    "name": Lower("name"),
    "email": Lower("user__email"),
    "role": "role",
    "extension": "extension",
}
LIST = "tenants:member_list"


def own(request: TenantRequest, member_id: UUID) -> Member:
    """Return a member of the visitor's tenant, or answer 404."""
    return get_object_or_404(request.tenant.members.select_related("user", "tenant"), pk=member_id)


@tenant_view(Permission.MEMBERS_MANAGE)
def member_list(request: TenantRequest) -> HttpResponse:
    """List members, with search and sort, and the waiting invitations."""
    q = request.GET.get("q", "").strip()
    members = request.tenant.members.select_related("user").prefetch_related(
        Prefetch(
            "numbers", queryset=request.tenant.member_numbers.select_related("number").order_by("-preferred", "id")
        ),
        "groups",
    )
    if q:
        members = members.filter(
            Q(name__icontains=q) | Q(user__email__icontains=q) | Q(extension__startswith=q) | Q(groups__name__iexact=q)
        ).distinct()
    context = {
        "page": listing.page(members, request, columns=COLUMNS, default="name"),
        "q": q,
        "invitations": invitations.pending(request.tenant)[:100],
        "now": clock.now(),
        "shown": once.shown(request),
    }
    return render(request, "tenants/member_list.html", context)


@tenant_view(Permission.MEMBERS_MANAGE)
def member_detail(request: TenantRequest, member_id: UUID) -> HttpResponse:
    """Show a member: rights, numbers, groups, and what was changed lately."""
    member = own(request, member_id)
    context = {
        "item": member,
        "numbers": member.numbers.select_related("number").order_by("-preferred", "number__e164"),
        "groups": member.groups.all(),
        "is_last_administrator": membership.is_last_administrator(member),
    }
    return render(request, "tenants/member_detail.html", context)


@tenant_view(Permission.MEMBERS_MANAGE)
def member_edit(request: TenantRequest, member_id: UUID) -> HttpResponse:
    """Change a member and the numbers he may send from."""
    member = own(request, member_id)
    form = MemberForm(request.POST or None, member=member)
    numbers = sender_numbers(request.tenant, member, request.POST or None)
    if request.method == "POST" and form.is_valid() & numbers.is_valid():
        try:
            membership.change(request.actor, member, numbers=numbers.chosen, **form.cleaned_data)
        except membership.MembershipError as error:
            form.add_error(error.field, str(error))
        else:
            messages.success(request, _("%(name)s is saved.") % {"name": form.cleaned_data["name"]})
            return redirect("tenants:member_detail", request.tenant.slug, member.pk)
    context = {
        "form": form,
        "numbers": numbers,
        "item": member,
        "has_numbers": request.tenant.phone_numbers.filter(released_at=None).exists(),
        "cancel_url": reverse("tenants:member_detail", args=[request.tenant.slug, member.pk]),
    }
    return render(request, "tenants/member_form.html", context)


@tenant_view(Permission.MEMBERS_MANAGE)
def member_delete(request: TenantRequest, member_id: UUID) -> HttpResponse:
    """Show what goes with a member, ask, remove."""
    member = own(request, member_id)
    if request.method == "POST":
        try:
            membership.remove(request.actor, member)
        except membership.MembershipError as error:
            messages.error(request, str(error))
            return redirect("tenants:member_detail", request.tenant.slug, member_id)
        messages.success(request, _("%(name)s is removed.") % {"name": member})
        return redirect(LIST, request.tenant.slug)
    context = {
        "item": member,
        "threads": member.inbox_threads.count(),
        "rules": membership.rules_naming(member),
        "relying": sharing.relying_on(member),
        "assigned": member.assigned_conversations.count(),
        "is_last_administrator": membership.is_last_administrator(member),
        "cancel_url": reverse("tenants:member_detail", args=[request.tenant.slug, member.pk]),
    }
    return render(request, "tenants/member_delete.html", context)
