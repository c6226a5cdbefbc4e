"""Every trunk of the installation, for system administrators: make, share with pools, give credentials, delete."""

import uuid
from typing import Any

from django.contrib import messages
from django.db.models import Count, Q, QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from sms.forms.credentials import USE_REGION, CredentialsForm
from sms.forms.trunks import PoolForm, ShareForm, SystemTrunkForm, TrunkForm
from sms.models import Trunk, TrunkKind
from sms.setup import connecting, credentials, numbers, trunking
from sms.twilio.account_words import REGION_NAMES, describe
from sms.views import trunk_pages
from sms.views.configurations import account_context, finding_context
from tenants import keyset
from tenants.access import SignedInRequest, system_view
from tenants.models import Tenant


def _trunks() -> QuerySet[Trunk]:
    return Trunk.objects.filter(deleted_at=None)


def _trunk(trunk_id: uuid.UUID) -> Trunk:
    return get_object_or_404(_trunks().select_related("tenant", "account"), pk=trunk_id)


@system_view
def system_trunk_list(request: SignedInRequest) -> HttpResponse:
    """List every trunk."""
    counted = _trunks().annotate(
        tenant_count=Count("pools", filter=Q(pools__removed_at=None), distinct=True),
        number_count=Count("pools__phone_numbers", filter=Q(pools__phone_numbers__released_at=None), distinct=True),
    )
    found = trunk_pages.search(counted.select_related("tenant"), request)
    page = keyset.page(found, request, at="name", descending=False)
    rows = [{"trunk": trunk, "share_url": _share_url(trunk)} for trunk in page.rows]
    context = {"rows": rows, "page": page, "q": request.GET.get("q", "")}
    return render(request, "sms/system_trunk_list.html", context)


def _share_url(trunk: Trunk) -> str | None:
    return None if trunk.tenant_id else reverse("sms:system_trunk_share", args=[trunk.pk])


@system_view
def system_trunk_new(request: SignedInRequest) -> HttpResponse:
    """Add a trunk that the system shares, with its first tenant and that tenant's numbers."""
    kind = TrunkKind.IP if request.GET.get("kind") == "ip" else TrunkKind.REGISTER
    initial = {"kind": kind, "tenant": request.GET.get("tenant", "")}
    form = SystemTrunkForm(request.POST or None, any_kind=True, initial=initial)
    plan = None
    if request.method == "POST" and form.is_valid():
        holder = form.cleaned_data["tenant"]
        if "preview" in request.POST:
            plan = numbers.plan(None, holder, form.cleaned_data["numbers"]) if holder else None
        elif (trunk := _created(request, form)) is not None:
            return redirect(f"{reverse('sms:system_trunk_list')}?selected={trunk.pk.hex}")
    context = {"form": form} | trunk_pages.plan_context(plan, name_holders=True)
    return render(request, "sms/system_trunk_form.html", context | trunk_pages.host_choices())


def _created(request: SignedInRequest, form: SystemTrunkForm) -> Trunk | None:
    try:
        trunk = trunking.create_trunk(
            request.actor,
            owner=None,
            fields=form.trunk_fields(),
            tenant=form.cleaned_data["tenant"],
            pool=form.cleaned_data["numbers"],
            name_holders=True,
        )
    except numbers.PoolRefused as error:
        trunk_pages.add_refusal(form, error)
        return None
    trunk_pages.say_saved(request, trunk, _("The trunk was added."))
    return trunk


@system_view
def system_trunk_detail(request: SignedInRequest, trunk_id: uuid.UUID) -> HttpResponse:
    """Show a trunk with the tenants that share it."""
    trunk = _trunk(trunk_id)
    live = Q(phone_numbers__released_at=None)
    pools = trunk.pools.filter(removed_at=None).select_related("tenant").order_by("tenant__name")
    shares = pools.annotate(number_count=Count("phone_numbers", filter=live))[: trunk_pages.SHOWN]
    context: dict[str, Any] = {"trunk": trunk, "shares": shares, "warning": trunk_pages.warning_of(trunk)}
    if trunk.account is not None:
        context |= {"account": trunk.account} | account_context(trunk.account)
    return render(request, "sms/system_trunk_detail.html", context)


@system_view
def system_trunk_edit(request: SignedInRequest, trunk_id: uuid.UUID) -> HttpResponse:
    """Change a trunk."""
    trunk = _trunk(trunk_id)
    form = TrunkForm(request.POST or None, instance=trunk, any_kind=True)
    if request.method == "POST" and form.is_valid():
        trunk = trunking.change_trunk(request.actor, _trunk(trunk_id), form.trunk_fields())
        trunk_pages.say_saved(request, trunk, _("Saved."))
        return redirect("sms:system_trunk_detail", trunk.pk)
    context = {"form": form, "trunk": trunk}
    return render(request, "sms/system_trunk_form.html", context | trunk_pages.host_choices())


@system_view
@require_POST
def system_trunk_toggle(request: SignedInRequest, trunk_id: uuid.UUID) -> HttpResponse:
    """Enable or disable a trunk."""
    trunking.change_trunk(request.actor, _trunk(trunk_id), {"enabled": request.POST.get("on") == "1"})
    return redirect("sms:system_trunk_list")


@system_view
def system_trunk_delete(request: SignedInRequest, trunk_id: uuid.UUID) -> HttpResponse:
    """Delete a trunk that nothing uses."""
    trunk = _trunk(trunk_id)
    users = trunking.usage_of(trunk)
    if request.method == "POST" and not users:
        trunking.delete_trunk(request.actor, trunk)
        messages.success(request, _("The trunk was deleted. Its numbers are free."))
        return redirect("sms:system_trunk_list")
    status = 409 if request.method == "POST" else 200
    return render(request, "sms/system_trunk_delete.html", {"trunk": trunk, "users": users}, status=status)


@system_view
def system_trunk_share(request: SignedInRequest, trunk_id: uuid.UUID) -> HttpResponse:
    """Share a trunk with another tenant, with a pool of its own."""
    trunk = get_object_or_404(_trunks(), pk=trunk_id, tenant=None)
    form = ShareForm(request.POST or None, trunk=trunk, may_take_over=True)
    outcome = trunk_pages.handle_pool(request, form, trunk, None, name_holders=True)
    if outcome.saved:
        return redirect("sms:system_trunk_detail", trunk.pk)
    context = {"form": form, "trunk": trunk} | trunk_pages.plan_context(outcome.plan, name_holders=True)
    return render(request, "sms/system_pool_edit.html", context)


def _sharing(trunk: Trunk, tenant_id: uuid.UUID) -> Tenant:
    sharing = trunk.pools.filter(removed_at=None).values("tenant")
    return get_object_or_404(Tenant.objects.filter(pk__in=sharing), pk=tenant_id)


@system_view
def system_pool_edit(request: SignedInRequest, trunk_id: uuid.UUID, tenant_id: uuid.UUID) -> HttpResponse:
    """Change the numbers that one tenant has on a trunk."""
    trunk = _trunk(trunk_id)
    tenant = _sharing(trunk, tenant_id)
    form = PoolForm(request.POST or None, may_take_over=True, initial={"numbers": numbers.pool_text(trunk, tenant)})
    outcome = trunk_pages.handle_pool(request, form, trunk, tenant, name_holders=True)
    if outcome.saved:
        return redirect("sms:system_trunk_detail", trunk.pk)
    context = {"form": form, "trunk": trunk, "holder": tenant}
    plan = trunk_pages.plan_context(outcome.plan, name_holders=True)
    return render(request, "sms/system_pool_edit.html", context | plan)


@system_view
def system_pool_remove(request: SignedInRequest, trunk_id: uuid.UUID, tenant_id: uuid.UUID) -> HttpResponse:
    """Take a shared trunk from a tenant."""
    trunk = get_object_or_404(_trunks(), pk=trunk_id, tenant=None)
    tenant = _sharing(trunk, tenant_id)
    users: list[str] = []
    if request.method == "POST":
        try:
            numbers.remove_share(request.actor, trunk, tenant)
        except numbers.NumbersInUse as error:
            users = error.details
        else:
            messages.success(request, _("The trunk is no longer shared with this tenant."))
            return redirect("sms:system_trunk_detail", trunk.pk)
    context = {"trunk": trunk, "holder": tenant, "users": users, "pool_text": numbers.pool_text(trunk, tenant)}
    return render(request, "sms/system_pool_remove.html", context, status=409 if users else 200)


@system_view
def system_trunk_account(request: SignedInRequest, trunk_id: uuid.UUID) -> HttpResponse:
    """Give a shared trunk the operator's Twilio credentials, or take them away."""
    trunk = get_object_or_404(_trunks().select_related("account"), pk=trunk_id, tenant=None)
    if request.method == "POST" and "remove" in request.POST:
        trunking.set_operator_account(request.actor, trunk, None)
        messages.success(request, _("Tenants now use accounts of their own on this trunk."))
        return redirect("sms:system_trunk_detail", trunk.pk)
    initial = {"account_sid": trunk.account.account_sid} if trunk.account else {}
    form = CredentialsForm(request.POST or None, typed_by=request.user.pk, account=trunk.account, initial=initial)
    finding = None
    if request.method == "POST" and form.is_valid():
        finding = connecting.try_out(None, form.typed())
        if finding.is_good or "save_anyway" in request.POST:
            account = credentials.save(request.actor, credentials.prepare(None, form.typed()), finding)
            trunking.set_operator_account(request.actor, trunk, account)
            messages.success(request, describe(finding.result, finding.detail))
            return redirect("sms:system_trunk_detail", trunk.pk)
    context = {"trunk": trunk, "form": form} | finding_context(finding)
    return render(request, "sms/system_trunk_account.html", context)


@system_view
@require_POST
def system_trunk_account_check(request: SignedInRequest, trunk_id: uuid.UUID) -> HttpResponse:
    """Ask Twilio again about the operator's credentials on a trunk; with a region, whether they hold there."""
    trunk = get_object_or_404(_trunks().select_related("account"), pk=trunk_id, tenant=None)
    if trunk.account is None:
        messages.info(request, _("This trunk has no credentials yet."))
        return redirect("sms:system_trunk_account", trunk.pk)
    region = request.POST.get(USE_REGION, "")
    if region in REGION_NAMES:
        finding = connecting.switch_region(request.actor, trunk.account, region)
    else:
        finding = connecting.check(trunk.account, request.actor)
    show = messages.success if finding.is_good else messages.warning
    show(request, describe(finding.result, finding.detail))
    return redirect("sms:system_trunk_detail", trunk.pk)
