"""Deliveries that were given up: which, why, and trying them again, one or all."""

import re
import uuid

from django.contrib import messages
from django.db.models import Q, QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from rules.e164 import format_for_people
from sms import delivering
from sms.models import Delivery
from sms.showing import log, masking
from tenants import keyset
from tenants.access import TenantRequest, can, tenant_view
from tenants.roles import Permission

_MOST_COUNTED = 1000


@tenant_view(Permission.RULES_VIEW)
def delivery_list(request: TenantRequest) -> HttpResponse:
    """Show what could not be delivered, given up last first."""
    found = _found(request)
    page = keyset.page(found.select_related("message").defer("message__raw"), request, at="due_at")
    shown = format_for_people if can(request, Permission.MESSAGES_UNMASKED) else masking.mask
    rows = [
        {
            "delivery": delivery,
            "theirs": shown(delivery.message.their_address),
            "again": delivery.kind in delivering.REPLAYABLE,
        }
        for delivery in page.rows
    ]
    filters = {name: request.GET.get(name, "") for name in ("q", "from")}
    context = {
        "page": page,
        "rows": rows,
        "filters": filters,
        "narrowed": any(filters.values()),
        "again": found.filter(kind__in=delivering.REPLAYABLE).order_by()[:_MOST_COUNTED].count(),
        "most": _MOST_COUNTED,
        "replay_url": f"{reverse('sms:delivery_replay_all', args=[request.tenant.slug])}?{request.GET.urlencode()}",
    }
    return render(request, "sms/delivery_list.html", context)


def _found(request: TenantRequest) -> QuerySet[Delivery]:
    """Return the failed deliveries that fit the filters in the query string."""
    rows, text = delivering.failed(request.tenant), request.GET.get("q", "").strip()
    if text:
        rows = rows.filter(Q(label__icontains=text) | _from_number(request, text))
    since = log.day(request.GET.get("from", ""))
    return rows.filter(due_at__gte=since) if since else rows


def _from_number(request: TenantRequest, text: str) -> Q:
    """Look for a sender's number: as a whole only by those who may not see it, or trying would tell its digits."""
    digits = re.sub(r"\D", "", text)
    if len(digits) < 3:
        return Q(pk=None)
    if can(request, Permission.MESSAGES_UNMASKED):
        return Q(message__their_address__contains=digits)
    return Q(message__their_address=f"+{digits}")


@require_POST
@tenant_view(Permission.RULES_EDIT)
def delivery_replay(request: TenantRequest, delivery_id: uuid.UUID) -> HttpResponse:
    """Try one failed delivery again."""
    rows = request.tenant.deliveries.select_related("message", "tenant").defer("message__raw")
    delivery = get_object_or_404(rows, pk=delivery_id)
    if delivering.replay(request.actor, delivery):
        messages.success(request, _("It is tried again now."))
    else:
        messages.warning(request, _("Only a delivery that was given up can be tried again."))
    if "list" in request.GET:
        return redirect("sms:delivery_list", request.tenant.slug)
    return redirect("sms:message_detail", request.tenant.slug, delivery.message_id)


@require_POST
@tenant_view(Permission.RULES_EDIT)
def delivery_replay_all(request: TenantRequest) -> HttpResponse:
    """Try all failed deliveries again that fit the filters: since a day, to an address, or simply all."""
    done = delivering.replay_all(request.actor, request.tenant, _found(request))
    if done:
        words = ngettext("%d delivery is tried again now.", "%d deliveries are tried again now.", done)
        messages.success(request, words % done)
    else:
        messages.warning(request, _("Nothing was found that can be tried again."))
    return redirect("sms:delivery_list", request.tenant.slug)
