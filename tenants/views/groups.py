"""Groups of a tenant: members who share texts."""

from uuid import UUID

from django.contrib import messages
from django.db.models import Prefetch
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from tenants import listing, membership, sharing
from tenants.access import TenantRequest, tenant_view
from tenants.forms_groups import GroupForm
from tenants.models import Group
from tenants.roles import Permission

LIST = "tenants:group_list"


@tenant_view(Permission.MEMBERS_MANAGE)
def group_list(request: TenantRequest) -> HttpResponse:
    """List the groups with their members."""
    q = request.GET.get("q", "").strip()
    members = Prefetch("members", queryset=request.tenant.members.select_related("user").order_by("name"))
    takers = ("fallback_member__user", "fallback_group", "escalate_member__user", "escalate_group")
    groups = request.tenant.groups.select_related(*takers).prefetch_related(members)
    page = listing.page(
        groups.filter(name__icontains=q) if q else groups, request, columns={"name": "name"}, default="name"
    )
    return render(request, "tenants/group_list.html", {"page": page, "q": q})


@tenant_view(Permission.MEMBERS_MANAGE)
def group_new(request: TenantRequest) -> HttpResponse:
    """Add a group."""
    return _edit(request, None)


@tenant_view(Permission.MEMBERS_MANAGE)
def group_edit(request: TenantRequest, group_id: UUID) -> HttpResponse:
    """Change a group: name, members, how they share."""
    return _edit(request, get_object_or_404(request.tenant.groups, pk=group_id))


def _edit(request: TenantRequest, group: Group | None) -> HttpResponse:
    form = GroupForm(request.POST or None, tenant=request.tenant, group=group)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        group = membership.save_group(
            request.actor,
            request.tenant,
            name=data["name"],
            members=data["members"],
            group=group,
            shared=form.sharing,
        )
        messages.success(request, _("Group %(name)s is saved.") % {"name": group.name})
        return redirect(f"{reverse(LIST, args=[request.tenant.slug])}?selected={group.pk.hex}")
    cancel_url = reverse(LIST, args=[request.tenant.slug])
    return render(request, "tenants/group_form.html", {"form": form, "item": group, "cancel_url": cancel_url})


@tenant_view(Permission.MEMBERS_MANAGE)
def group_delete(request: TenantRequest, group_id: UUID) -> HttpResponse:
    """Show what goes with a group, ask, delete."""
    group = get_object_or_404(request.tenant.groups, pk=group_id)
    if request.method == "POST":
        membership.delete_group(request.actor, group)
        messages.success(request, _("Group %(name)s is deleted.") % {"name": group.name})
        return redirect(LIST, request.tenant.slug)
    context = {
        "item": group,
        "rules": membership.rules_naming(group),
        "outbound_rules": membership.outbound_rules_naming(group),
        "threads": group.inbox_threads.count(),
        "relying": sharing.relying_on(group),
        "cancel_url": reverse(LIST, args=[request.tenant.slug]),
    }
    return render(request, "tenants/group_delete.html", context)
