"""The numbers of the operator's account behind a shared trunk, for system administrators to give to tenants."""

import uuid
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from sms.mirror import reading, showing
from sms.mirror.showing import Show
from sms.models import Trunk, TwilioAccount, TwilioNumber
from sms.views import twilio_numbers as pages
from tenants import keyset
from tenants.access import SignedInRequest, system_view
from tenants.models import Tenant

_MOST_TENANTS = 1000


def _trunk(trunk_id: uuid.UUID) -> Trunk:
    trunks = Trunk.objects.filter(deleted_at=None).select_related("tenant", "account")
    return get_object_or_404(trunks, pk=trunk_id)


def _sharing(trunk: Trunk) -> list[Tenant]:
    pools = trunk.pools.filter(removed_at=None).select_related("tenant").order_by("tenant__name", "id")
    return [pool.tenant for pool in pools[:_MOST_TENANTS]]


@system_view
def system_trunk_numbers(request: SignedInRequest, trunk_id: uuid.UUID) -> HttpResponse:
    """List the numbers of the account that a trunk brings with it."""
    trunk = _trunk(trunk_id)
    account = trunk.account
    if account is None:
        return render(request, "sms/system_trunk_numbers.html", {"trunk": trunk, "account": None})
    state = pages.reading_context(account, shows_count=True)
    if pages.is_poll(request):
        return pages.poll(request, state)
    sought = showing.wanted(request.GET)
    found = showing.of_trunk(account, sought).select_related("service")
    limit = pages.among(account, sought, state["known"])
    page = keyset.page(found, request, at="e164", descending=False, among=limit)
    context = {
        "trunk": trunk,
        "account": account,
        "page": page,
        "rows": _rows(account, page.rows),
        "tenants": _sharing(trunk),
        "chosen": request.GET.get("tenant", ""),
    }
    shows = [
        (Show.POOL.value, _("Held by a tenant")),
        (Show.FREE.value, _("Held by nobody")),
        (Show.GONE.value, _("No longer in the account")),
    ]
    return render(request, "sms/system_trunk_numbers.html", context | state | pages.list_context(sought, shows))


def _rows(account: TwilioAccount, found: list[TwilioNumber]) -> list[dict[str, Any]]:
    return [
        pages.row_of(number, told, holder.pool.trunk if holder else None) | {"holder": holder}
        for number, holder, told in showing.everybodys(account, found)
    ]


@system_view
@require_POST
def system_trunk_numbers_read(request: SignedInRequest, trunk_id: uuid.UUID) -> HttpResponse:
    """Have the operator's account read again."""
    trunk = _trunk(trunk_id)
    if trunk.account is not None:
        reading.ask(trunk.account)
    return redirect("sms:system_trunk_numbers", trunk.pk)


@system_view
@require_POST
def system_trunk_numbers_add(request: SignedInRequest, trunk_id: uuid.UUID) -> HttpResponse:
    """Take chosen numbers into the pool of one of the tenants that share the trunk."""
    trunk = _trunk(trunk_id)
    back = redirect("sms:system_trunk_numbers", trunk.pk)
    if trunk.account is None:
        messages.error(request, _("This trunk brings no Twilio account. Give it one first."))
        return back
    wanted = request.POST.get("tenant", "")
    tenant = next((one for one in _sharing(trunk) if one.pk.hex == wanted), None)
    if tenant is None:
        messages.error(request, _("Choose the tenant that gets the numbers."))
        return back
    found = showing.chosen(showing.of_account(trunk.account), request.POST)
    pages.add(request, trunk.account, trunk, tenant, found, name_holders=True)
    return back
