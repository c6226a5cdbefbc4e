"""A tenant's trunks: its own to edit, shared ones to read."""

import uuid
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from sms.forms.trunks import NewTrunkForm, PoolForm, TrunkForm
from sms.models import Trunk, TrunkKind
from sms.setup import guide, numbers, trunking
from sms.views import trunk_pages
from tenants import keyset, returning
from tenants.access import TenantRequest, can, tenant_view
from tenants.roles import Permission


def may_add(request: TenantRequest) -> bool:
    """Whether the visitor may make trunks in this tenant."""
    return can(request, Permission.TRUNKS_EDIT) and (request.tenant.own_trunks or request.managing is not None)


def _may_edit(request: TenantRequest, trunk: Trunk) -> bool:
    return trunk.tenant_id == request.tenant.pk and may_add(request)


def _own(request: TenantRequest, trunk_id: uuid.UUID) -> Trunk:
    trunk = get_object_or_404(request.tenant.trunks, pk=trunk_id, deleted_at=None)
    if not may_add(request):
        raise PermissionDenied
    return trunk


def _names_holders(request: TenantRequest) -> bool:
    return request.managing is not None


@tenant_view(Permission.TRUNKS_VIEW)
def trunk_list(request: TenantRequest) -> HttpResponse:
    """List the tenant's trunks."""
    found = trunk_pages.search(numbers.trunks_of(request.tenant), request)
    page = keyset.page(found, request, at="name", descending=False)
    pools = trunk_pages.pool_texts(request.tenant, page.rows)
    rows = [_row(request, trunk, pools.get(trunk.pk, "")) for trunk in page.rows]
    context = {"rows": rows, "page": page, "q": request.GET.get("q", ""), "may_add": may_add(request)}
    return render(request, "sms/trunk_list.html", context | {"may_add_ip": request.managing is not None})


def _row(request: TenantRequest, trunk: Trunk, pool: str) -> dict[str, Any]:
    """Return a row with the addresses of what the visitor may do with it."""
    own, pooled = _may_edit(request, trunk), _may_edit_pool(request, trunk)

    def to(name: str, *, allowed: bool) -> str | None:
        return reverse(name, args=[request.tenant.slug, trunk.pk]) if allowed else None

    return {
        "trunk": trunk,
        "pool": pool,
        "editable": own,
        "edit_url": to("sms:trunk_edit", allowed=own),
        "delete_url": to("sms:trunk_delete", allowed=own),
        "numbers_url": to("sms:pool_edit", allowed=pooled),
    }


@tenant_view(Permission.TRUNKS_VIEW)
def trunk_detail(request: TenantRequest, trunk_id: uuid.UUID) -> HttpResponse:
    """Show a trunk with the tenant's numbers on it."""
    trunk = get_object_or_404(numbers.trunks_of(request.tenant), pk=trunk_id)
    context = {
        "trunk": trunk,
        "pool_text": numbers.pool_text(trunk, request.tenant),
        "numbers": numbers.live_numbers(request.tenant).filter(pool__trunk=trunk)[: trunk_pages.SHOWN],
        "configurations": trunk.configurations.filter(tenant=request.tenant, deleted_at=None),
        "editable": _may_edit(request, trunk),
        "pool_editable": _may_edit_pool(request, trunk),
        "warning": trunk_pages.warning_of(trunk),
    }
    return render(request, "sms/trunk_detail.html", context)


@tenant_view(Permission.TRUNKS_EDIT)
def trunk_new(request: TenantRequest) -> HttpResponse:
    """Add a trunk of the tenant's own, with its numbers."""
    if not may_add(request):
        raise PermissionDenied
    any_kind = request.managing is not None
    initial = {"kind": TrunkKind.IP if request.GET.get("kind") == "ip" else TrunkKind.REGISTER}
    form = NewTrunkForm(request.POST or None, any_kind=any_kind, initial=initial)
    plan = None
    if request.method == "POST" and form.is_valid():
        if "preview" in request.POST:
            plan = numbers.plan(None, request.tenant, form.cleaned_data["numbers"])
        elif (trunk := _created(request, form)) is not None:
            return redirect(_after_new(request, trunk))
    context = {"form": form, "statements": guide.for_page(guide.TRUNK, request.tenant)}
    context |= trunk_pages.plan_context(plan, name_holders=_names_holders(request))
    return render(request, "sms/trunk_form.html", context | trunk_pages.host_choices())


def _created(request: TenantRequest, form: NewTrunkForm) -> Trunk | None:
    fields = {"kind": TrunkKind.REGISTER} | form.trunk_fields()
    try:
        trunk = trunking.create_trunk(
            request.actor,
            owner=request.tenant,
            fields=fields,
            pool=form.cleaned_data["numbers"],
            name_holders=_names_holders(request),
        )
    except numbers.PoolRefused as error:
        trunk_pages.add_refusal(form, error)
        return None
    trunk_pages.say_saved(request, trunk, _("The trunk was added."))
    return trunk


def _after_new(request: TenantRequest, trunk: Trunk) -> str:
    """Lead back to the SMS configuration that asked for a trunk, else to the list."""
    if request.GET.get("for") == "configuration":
        return f"{reverse('sms:configuration_new', args=[request.tenant.slug])}?trunk={trunk.pk.hex}"
    return returning.after(request, f"{reverse('sms:trunk_list', args=[request.tenant.slug])}?selected={trunk.pk.hex}")


@tenant_view(Permission.TRUNKS_EDIT)
def trunk_edit(request: TenantRequest, trunk_id: uuid.UUID) -> HttpResponse:
    """Change a trunk of the tenant's own."""
    trunk = _own(request, trunk_id)
    form = TrunkForm(request.POST or None, instance=trunk, any_kind=request.managing is not None)
    if request.method == "POST" and form.is_valid():
        trunk = trunking.change_trunk(request.actor, _own(request, trunk_id), form.trunk_fields())
        trunk_pages.say_saved(request, trunk, _("Saved."))
        return redirect("sms:trunk_detail", request.tenant.slug, trunk.pk)
    return render(request, "sms/trunk_form.html", {"form": form, "trunk": trunk} | trunk_pages.host_choices())


@tenant_view(Permission.TRUNKS_EDIT)
@require_POST
def trunk_toggle(request: TenantRequest, trunk_id: uuid.UUID) -> HttpResponse:
    """Enable or disable a trunk of the tenant's own."""
    trunking.change_trunk(request.actor, _own(request, trunk_id), {"enabled": request.POST.get("on") == "1"})
    return redirect("sms:trunk_list", request.tenant.slug)


@tenant_view(Permission.TRUNKS_EDIT)
def trunk_delete(request: TenantRequest, trunk_id: uuid.UUID) -> HttpResponse:
    """Delete a trunk of the tenant's own that nothing uses."""
    trunk = _own(request, trunk_id)
    users = trunking.usage_of(trunk)
    if request.method == "POST" and not users:
        trunking.delete_trunk(request.actor, trunk)
        messages.success(request, _("The trunk was deleted. Its numbers are free."))
        return redirect("sms:trunk_list", request.tenant.slug)
    context = {"trunk": trunk, "users": users, "pool_text": numbers.pool_text(trunk, request.tenant)}
    return render(request, "sms/trunk_delete.html", context, status=409 if request.method == "POST" else 200)


def _may_edit_pool(request: TenantRequest, trunk: Trunk) -> bool:
    """Own pools belong to the tenant's administrators; those on shared trunks to the system's."""
    return request.managing is not None or _may_edit(request, trunk)


@tenant_view(Permission.TRUNKS_EDIT)
def pool_edit(request: TenantRequest, trunk_id: uuid.UUID) -> HttpResponse:
    """Change the numbers that the tenant has on a trunk."""
    trunk = get_object_or_404(numbers.trunks_of(request.tenant), pk=trunk_id)
    if not _may_edit_pool(request, trunk):
        raise PermissionDenied
    holders = _names_holders(request)
    form = PoolForm(
        request.POST or None, may_take_over=holders, initial={"numbers": numbers.pool_text(trunk, request.tenant)}
    )
    outcome = trunk_pages.handle_pool(request, form, trunk, request.tenant, name_holders=holders)
    if outcome.saved:
        page = reverse("sms:trunk_detail", args=[request.tenant.slug, trunk.pk])
        return redirect(returning.after(request, page))
    context = {"form": form, "trunk": trunk} | trunk_pages.plan_context(outcome.plan, name_holders=holders)
    return render(request, "sms/pool_edit.html", context)
