"""The message log: which messages a visitor sees, narrowed by filters that stand in the address."""

import re
import uuid
from datetime import datetime, time, timedelta

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from sms import conversations, reports
from sms.models import Delivery, Direction, Message
from tenants.access import TenantRequest, can
from tenants.models import Tenant
from tenants.roles import Permission

STATES: dict[str, Q] = {
    "waiting": Q(state__in=("queued", "sending", "received")),
    "delivered": Q(provider_status__in=("delivered", "read")),
    "sent": Q(state="accepted") & ~Q(provider_status__in=("delivered", "read", "undelivered", "failed", "canceled")),
    "failed": Q(state__in=("rejected", "expired", "blocked", "suppressed"))
    | Q(provider_status__in=("undelivered", "failed", "canceled")),
    "canceled": Q(state="canceled"),
    "unknown": Q(state="unknown"),
    "unrouted": Q(state="unrouted"),
    "held": Q(state="held"),
    "stranded": Q(Exists(Delivery.objects.filter(message=OuterRef("pk"), state="exhausted"))),
}
_NUMBER = re.compile(r"^\+?[\d\s().-]{3,}$")
_SID = re.compile(r"^(SM|MM)[0-9a-f]{32}$")


def visible_to(request: TenantRequest) -> QuerySet[Message]:
    """Return the messages the visitor may see: all, or those of the conversations in his inboxes and his own."""
    everything = request.tenant.messages.all()
    if can(request, Permission.MESSAGES_VIEW_ALL):
        return everything
    own = conversations.visible_to(request.tenant, request.member)
    return everything.filter(Q(conversation__in=own) | Q(author=request.member))


def found(request: TenantRequest) -> QuerySet[Message]:
    """Return the visible messages that fit the filters in the query string."""
    rows = visible_to(request)
    direction, state = request.GET.get("direction", ""), request.GET.get("state", "")
    if direction in Direction.values:
        rows = rows.filter(direction=direction)
    if state in STATES:
        rows = rows.filter(STATES[state])
    unmasked = can(request, Permission.MESSAGES_UNMASKED)
    text = request.GET.get("q", "").strip()
    if _SID.match(text):
        return _dated(rows.filter(pk__in=_with_sid(request.tenant, text)), request)
    return _dated(_searched(rows, text, whole=not unmasked), request)


def _with_sid(tenant: Tenant, sid: str) -> list[uuid.UUID]:
    """Return the messages that a SID of Twilio's belongs to, each once, whichever attempt has it."""
    sent = reports.with_sid(tenant.attempts.all(), [sid]).values_list("message", flat=True)
    came = tenant.messages.filter(direction=Direction.IN, provider_sid=sid).values_list("pk", flat=True)
    return [*sent, *came]


def _searched(rows: QuerySet[Message], text: str, *, whole: bool) -> QuerySet[Message]:
    """Search by number or words. `whole`: a number counts only as a whole, or trying would tell hidden digits."""
    if not text:
        return rows
    if _NUMBER.match(text):
        digits = re.sub(r"\D", "", text)
        theirs = Q(their_address=f"+{digits}") if whole else Q(their_address__contains=digits)
        return rows.filter(theirs | Q(our_address__contains=digits))
    return rows.filter(body__icontains=text)


def _dated(rows: QuerySet[Message], request: TenantRequest) -> QuerySet[Message]:
    """Keep the days asked for, in the viewer's time zone."""
    first, last = _day(request.GET.get("from", "")), _day(request.GET.get("to", ""))
    if first:
        rows = rows.filter(occurred_at__gte=first)
    if last:
        rows = rows.filter(occurred_at__lt=last + timedelta(days=1))
    return rows


def _day(text: str) -> datetime | None:
    try:
        day = datetime.strptime(text, "%Y-%m-%d").date()
    except ValueError:
        return None
    return datetime.combine(day, time.min, tzinfo=timezone.get_current_timezone())
