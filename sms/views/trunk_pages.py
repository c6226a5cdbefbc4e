"""What the tenant's and the system's trunk pages share."""

import uuid
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import messages
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext as _

from rules.patterns import pool_as_text
from sms.forms.trunks import PoolForm
from sms.models import PhoneNumber, Trunk
from sms.setup import numbers, trunk_hosts
from tenants.access import SignedInRequest
from tenants.models import Tenant

SHOWN = 200
_LISTED = 5000
_COUNTED = 1000


@dataclass(frozen=True, slots=True)
class PoolOutcome:
    """What became of a pool's form."""

    saved: bool = False
    plan: numbers.PoolPlan | None = None


def search(trunks: QuerySet[Trunk], request: HttpRequest) -> QuerySet[Trunk]:
    """Narrow trunks by the search box: name, host or number."""
    text = request.GET.get("q", "").strip()
    if not text:
        return trunks
    match = Q(name__icontains=text) | Q(host__icontains=text)
    digits = "".join(mark for mark in text if mark.isdigit())
    if len(digits) >= 4:
        holding = Trunk.objects.filter(
            pools__phone_numbers__e164__contains=digits, pools__phone_numbers__released_at=None
        )
        match |= Q(pk__in=holding.values("pk"))
    return trunks.filter(match)


def pool_texts(tenant: Tenant, trunks: Iterable[Trunk]) -> dict[uuid.UUID, str]:
    """Return the tenant's numbers on each trunk, as ranges."""
    rows = numbers.live_numbers(tenant).filter(pool__trunk__in=list(trunks)).order_by("e164")
    found: dict[uuid.UUID, list[str]] = defaultdict(list)
    for trunk, number in rows.values_list("pool__trunk_id", "e164")[:_LISTED]:
        found[trunk].append(number)
    return {trunk: pool_as_text(held) for trunk, held in found.items()}


def warning_of(trunk: Trunk) -> str:
    """Say what is unusual about the trunk's host."""
    return trunk_hosts.host_warning(trunk.host, trunk.brand)


def host_choices() -> dict[str, Any]:
    """Return the hosts to suggest in the form."""
    return {"hosts": trunk_hosts.examples()}


def say_saved(request: HttpRequest, trunk: Trunk, text: str) -> None:
    """Confirm, and warn about an unusual host."""
    messages.success(request, text)
    if warning_of(trunk):
        messages.warning(request, warning_of(trunk))


def add_refusal(form: forms.BaseForm, error: numbers.PoolRefused) -> None:
    """Put a refusal of the pool at its field, with each number or user in the way."""
    form.add_error("numbers", forms.ValidationError([str(error), *error.details]))


def plan_context(plan: numbers.PoolPlan | None, *, name_holders: bool) -> dict[str, Any]:
    """Return what the preview shows."""
    clashes = plan.clashes[:20] if plan else ()
    return {
        "plan": plan,
        "clash_texts": [clash.describe(name_holders=name_holders) for clash in clashes],
        "conversations": _conversations_of(plan.removed) if plan else 0,
        "most": _COUNTED,
    }


def _conversations_of(removed: Sequence[PhoneNumber]) -> int:
    """Count the conversations of numbers that are taken out, up to `_COUNTED`: nobody could answer in them."""
    if not removed:
        return 0
    addresses = [number.e164 for number in removed[:_LISTED]]
    found = removed[0].tenant.conversations.filter(our_address__in=addresses)
    return found.order_by()[:_COUNTED].count()


def handle_pool(
    request: SignedInRequest, form: PoolForm, trunk: Trunk, tenant: Tenant | None, *, name_holders: bool
) -> PoolOutcome:
    """Preview or save what was typed into a pool's form; what takes conversations along is previewed first."""
    if request.method != "POST" or not form.is_valid():
        return PoolOutcome()
    holder = tenant or form.cleaned_data["tenant"]
    text = form.cleaned_data["numbers"]
    if "preview" in request.POST:
        return PoolOutcome(plan=numbers.plan(trunk, holder, text))
    plan = numbers.plan(trunk, holder, text)
    if not plan.errors and plan.removed_text != request.POST.get("seen", "") and _conversations_of(plan.removed):
        return PoolOutcome(plan=plan)
    try:
        numbers.set_pool(
            request.actor,
            trunk,
            holder,
            text,
            name_holders=name_holders,
            take_over=bool(form.cleaned_data.get("take_over")),
        )
    except numbers.PoolRefused as error:
        add_refusal(form, error)
        return PoolOutcome(plan=plan)
    messages.success(request, _("The numbers were saved."))
    return PoolOutcome(saved=True)
