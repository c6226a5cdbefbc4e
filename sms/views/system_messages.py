"""Texts of all tenants, for system administrators: that they passed and how they fared, not with whom or what."""

import uuid
from datetime import timedelta

from django.http import HttpResponse
from django.shortcuts import render

from rules.e164 import format_for_people
from sms.lists import import_places
from sms.models import Direction, Message
from sms.showing import log, masking, threads
from sms.views.messages import DIRECTION_CHOICES, STATE_CHOICES
from tenants import clock, ids, keyset
from tenants.access import SignedInRequest, system_view
from tenants.models import Tenant

_TENANTS = 50
# A rare state would otherwise be looked for among every text there ever was.
_SHOWN = timedelta(days=30)


@system_view
def system_message_list(request: SignedInRequest) -> HttpResponse:
    """Show every tenant's texts of thirty days, the last first; their numbers masked, without what they say."""
    names = ("q", "direction", "state")
    filters = {name: request.GET.get(name, "").strip() for name in names}
    rows = (
        Message.objects.filter(tenant__deleted_at=None, id__gte=ids.id_at(clock.now() - _SHOWN))
        .select_related("tenant")
        .defer("raw", "body", "decision", "media")
    )
    if filters["q"]:
        tenants = Tenant.objects.filter(name__icontains=filters["q"]).values_list("pk", flat=True)
        rows = rows.filter(tenant__in=list(tenants[:_TENANTS]))
    if filters["direction"] in Direction.values:
        rows = rows.filter(direction=filters["direction"])
    if filters["state"] in log.STATES:
        rows = rows.filter(log.STATES[filters["state"]])
    # By id, which is made from the time: the one index that holds every tenant's texts in order.
    every = Message.objects.filter(id__gte=ids.id_at(clock.now() - _SHOWN))
    page = keyset.page(rows, request, at="id", among=every if any(filters.values()) else None)
    context = {
        "page": page,
        "cut_at": ids.moment_of(page.cut_at) if isinstance(page.cut_at, uuid.UUID) else None,
        "rows": [_row(message) for message in page.rows],
        "states": STATE_CHOICES,
        "directions": DIRECTION_CHOICES,
        "filters": filters,
        "narrowed": any(filters.values()),
        "shared": import_places.shared(),
    }
    return render(request, "sms/system_message_list.html", context)


def _row(message: Message) -> dict[str, object]:
    return {
        "message": message,
        "theirs": masking.mask(message.their_address),
        "ours": format_for_people(message.our_address),
        "state": threads.state_of(message),
    }
