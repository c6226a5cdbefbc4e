"""Numbers at Twilio: what a configuration's account holds, and taking numbers into its pool."""

import uuid
from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from sms.mirror import keeping, reading, showing
from sms.mirror.showing import Show, Wanted
from sms.models import Configuration, NumberKind, Trunk, TwilioAccount, TwilioNumber
from sms.pointing import looking
from sms.setup import configuring, numbers
from sms.views.configurations import one
from sms.views.trunks import may_add
from tenants import clock, keyset
from tenants.access import SignedInRequest, TenantRequest, tenant_view
from tenants.audit import Actor
from tenants.models import Tenant
from tenants.roles import Permission

MISSING_SHOWN = 20
_FEW = 6
_DETAILS = 5
_REST = 300


# --- A tenant's configuration ---


@tenant_view(Permission.CONFIGURATIONS_EDIT)
def configuration_numbers(request: TenantRequest, configuration_id: uuid.UUID) -> HttpResponse:
    """List the account's numbers as they were last read."""
    configuration = one(request, configuration_id)
    state = reading_context(configuration.account, shows_count=_is_owned(configuration))
    if is_poll(request):
        return poll(request, state)
    if request.headers.get("HX-Request") == "true":
        return render(request, "sms/_configuration_numbers.html", _summary(configuration) | state)
    sought = showing.wanted(request.GET)
    found = showing.of_configuration(configuration, sought).select_related("service")
    limit = among(configuration.account, sought, state["known"])
    page = keyset.page(found, request, at="e164", descending=False, among=limit)
    context = {
        "configuration": configuration,
        "address_problem": configuring.address_problem(configuration),
        "page": page,
        "rows": _rows(configuration, page.rows),
        "owned": _is_owned(configuration),
        "may_add": _may_add(request, configuration),
        "free_count": found.count() if sought.show == Show.FREE and page.older_url else 0,
        "missing": list(showing.missing(configuration)[: MISSING_SHOWN + 1]),
        "pool_url": reverse("sms:pool_edit", args=[request.tenant.slug, configuration.trunk_id]),
    }
    shows = tenant_filters(owned=_is_owned(configuration))
    return render(request, "sms/configuration_numbers.html", context | state | list_context(sought, shows))


def _is_owned(configuration: Configuration) -> bool:
    return configuration.account.tenant_id == configuration.tenant_id


def _may_add(request: TenantRequest, configuration: Configuration) -> bool:
    """Own pools belong to the tenant's administrators; those on shared trunks to the system's."""
    own = configuration.trunk.tenant_id == request.tenant.pk and may_add(request)
    return _is_owned(configuration) and (own or request.managing is not None)


def _rows(configuration: Configuration, found: list[TwilioNumber]) -> list[dict[str, Any]]:
    ours = looking.ours(configuration)
    trunks = showing.holders(configuration.tenant, found)
    rows = []
    for number in found:
        held = trunks.get(number.e164)
        told = showing.told(configuration, number, ours, is_held=held == configuration.trunk)
        rows.append(row_of(number, told, held, configuration.trunk))
    return rows


def _summary(configuration: Configuration) -> dict[str, Any]:
    """Return a few numbers of the pool and how many there are, for the details page."""
    held = showing.of_configuration(configuration, Wanted(show=Show.POOL)).select_related("service")
    shown = list(held.order_by("e164", "id")[: _FEW + 1])
    return {
        "configuration": configuration,
        "rows": _rows(configuration, shown[:_FEW]),
        "has_more": len(shown) > _FEW,
        "missing": list(showing.missing(configuration)[: MISSING_SHOWN + 1]),
    }


@tenant_view(Permission.CONFIGURATIONS_EDIT)
@require_POST
def configuration_numbers_read(request: TenantRequest, configuration_id: uuid.UUID) -> HttpResponse:
    """Have the account read again."""
    configuration = one(request, configuration_id)
    row, _known = showing.reading_of(configuration.account)
    # Many tenants share an operator's account: not each of them has thousands of numbers read for its own few.
    if _is_owned(configuration) or row is None or row.finished_at is None or row.finished_at < clock.in_seconds(-_REST):
        reading.ask(configuration.account)
    else:
        messages.info(request, _("The account was read a moment ago. Try again in some minutes."))
    return redirect("sms:configuration_numbers", request.tenant.slug, configuration.pk)


@tenant_view(Permission.CONFIGURATIONS_EDIT)
@require_POST
def configuration_numbers_add(request: TenantRequest, configuration_id: uuid.UUID) -> HttpResponse:
    """Take chosen numbers of the account into the pool of the configuration's trunk."""
    configuration = one(request, configuration_id)
    back = redirect("sms:configuration_numbers", request.tenant.slug, configuration.pk)
    if not _may_add(request, configuration):
        messages.error(request, _("Only a system administrator adds numbers to the pool of this trunk. Ask for it."))
        return back
    found = showing.of_configuration(configuration, showing.wanted(request.POST))
    holders = request.managing is not None
    add(
        request,
        configuration.account,
        configuration.trunk,
        request.tenant,
        showing.chosen(found, request.POST),
        name_holders=holders,
    )
    return back


# --- What the pages of tenants and of the system share ---


def add(
    request: SignedInRequest,
    account: TwilioAccount,
    trunk: Trunk,
    tenant: Tenant,
    found: QuerySet[TwilioNumber],
    *,
    name_holders: bool,
) -> bool:
    """Take numbers into a tenant's pool, and say what became of it; returns whether it worked."""
    there = found.filter(gone_at=None).exclude(kind=NumberKind.SHORT_CODE)
    wanted = list(there.order_by("e164").values_list("e164", flat=True)[: showing.MOST])
    if not wanted:
        messages.info(request, _("Tick the numbers to add first. Short codes need no pool."))
        return False
    try:
        added = _added(request.actor, account, trunk, tenant, wanted, name_holders=name_holders)
    except numbers.PoolRefused as refused:
        told = "; ".join(refused.details[:_DETAILS])
        messages.error(request, _("Nothing was added. %s") % (f"{refused} {told}." if told else refused))
        return False
    names = {"count": added, "tenant": tenant.name, "trunk": trunk.name}
    text = ngettext(
        "%(count)d number was added to the pool of %(tenant)s on %(trunk)s.",
        "%(count)d numbers were added to the pool of %(tenant)s on %(trunk)s.",
        added,
    )
    messages.success(request, text % names)
    return True


def _added(
    actor: Actor, account: TwilioAccount, trunk: Trunk, tenant: Tenant, wanted: list[str], *, name_holders: bool
) -> int:
    plan = numbers.add_to_pool(actor, trunk, tenant, wanted, name_holders=name_holders)
    keeping.verify(account, wanted)
    return len(plan.added)


def row_of(
    number: TwilioNumber, told: looking.Told, held: Trunk | None = None, here: Trunk | None = None
) -> dict[str, Any]:
    """Return what a row of a list of numbers shows."""
    abilities = [name for name, can in (("SMS", number.sms), ("MMS", number.mms), (_("Voice"), number.voice)) if can]
    return {
        "number": number,
        "told": told,
        "abilities": abilities,
        "held": held,
        "is_here": held is not None and held == here,
    }


def reading_context(account: TwilioAccount, *, shows_count: bool) -> dict[str, Any]:
    """Return how far an account was read, for the head of a list; how much it holds not everybody may know."""
    row, known = showing.reading_of(account)
    return {
        "reading": row,
        "is_away": showing.is_away(row),
        "known": known,
        "most": max(known, row.done if row else 0, 1),
        "shows_count": shows_count,
    }


def is_poll(request: HttpRequest) -> bool:
    """Whether the page asks only how far the reading is."""
    return request.headers.get("HX-Target") == "reading"


def poll(request: HttpRequest, context: dict[str, Any]) -> HttpResponse:
    """Show how far the reading is; once it is over, have the whole page come anew."""
    answer = render(request, "sms/_account_reading.html", context)
    row = context["reading"]
    if row is None or context["is_away"] or not row.is_under_way:
        answer["HX-Refresh"] = "true"
    return answer


def among(account: TwilioAccount, sought: Wanted, known: int) -> QuerySet[TwilioNumber] | None:
    """Return the rows that a filter looks through, in the order of the list; of a long one a part at a time."""
    return account.twilio_numbers.all() if sought.narrows and known > keyset.LOOKS[0] else None


def list_context(sought: Wanted, shows: list[tuple[str, str]]) -> dict[str, Any]:
    """Return what the search above a list of numbers shows."""
    return {"sought": sought, "shows": shows, "narrowed": sought.narrows}


def tenant_filters(*, owned: bool) -> list[tuple[str, str]]:
    """Return what a tenant may narrow its list to."""
    every = [
        (Show.POOL.value, _("In the pool")),
        (Show.FREE.value, _("Not in the pool")),
        (Show.ASTRAY.value, _("Texts do not come here")),
        (Show.GONE.value, _("No longer in the account")),
    ]
    # Of an operator's account only the pool's numbers are shown.
    return every if owned else every[2:]
