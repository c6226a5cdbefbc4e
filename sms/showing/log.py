"""The message log: which messages a visitor sees, narrowed by filters that stand in the address."""

import re
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from sms import conversations, errors, reports
from sms.models import Delivery, Direction, Message
from sms.models.messages import ASIDE, WITH_ERROR
from tenants.access import TenantRequest, can
from tenants.models import Tenant
from tenants.roles import Permission

STATES: dict[str, Q] = {
    "waiting": Q(state="queued") | Q(state="sending") | Q(state="received"),
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
_BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
# Found by an index of their own, and few: the others are looked for among all texts.
_ASIDE = ("canceled", "unknown", "unrouted", "held")
# Among so many texts with an error, the newest ones, the codes to choose from are looked for.
_CODES_AMONG = 1000
_LONGEST_CODE = 10
# So many digits may be a whole number, which is looked for as one first.
_WHOLE = 7
_NUMBER = re.compile(r"^\+?[\d\s().-]{3,}$")
_SID = re.compile(r"^(SM|MM)[0-9a-f]{32}$")


def visible_to(request: TenantRequest) -> QuerySet[Message]:
    """Return the messages the visitor may see: all, or those of the conversations in his inboxes and his own."""
    everything = request.tenant.messages.all()
    if can(request, Permission.MESSAGES_VIEW_ALL):
        return everything
    own = conversations.visible_to(request.tenant, request.member)
    return everything.filter(Q(conversation__in=own) | Q(author=request.member))


@dataclass(frozen=True, slots=True)
class Found:
    """The messages that fit, and those among which they are looked for: None where an index leads to them."""

    rows: QuerySet[Message]
    among: QuerySet[Message] | None


def found(request: TenantRequest) -> Found:
    """Return the visible messages that fit the filters in the query string."""
    everything, rows = request.tenant.messages.all(), visible_to(request)
    direction, state = request.GET.get("direction", ""), request.GET.get("state", "")
    is_led = can(request, Permission.MESSAGES_VIEW_ALL)
    if direction in Direction.values:
        rows, is_led = rows.filter(direction=direction), False
    if state in STATES:
        rows, is_led = rows.filter(STATES[state]), state == "waiting"
    if state in _ASIDE:
        # SQLite sees that its index holds these texts only where their time is compared.
        aside = ASIDE & Q(occurred_at__gte=_BEGINNING)
        rows, everything = rows.filter(aside), everything.filter(aside)
    if code := request.GET.get("code", "").strip()[:_LONGEST_CODE]:
        # An index of its own holds all texts with an error: only these are looked through for one code.
        rows, everything, is_led = rows.filter(WITH_ERROR, error_code=code), everything.filter(WITH_ERROR), False
    text = request.GET.get("q", "").strip()
    condition, is_led = _condition(request, text) if text else (Q(), is_led)
    return Found(_dated(rows.filter(condition), request), None if is_led else _dated(everything, request))


def codes(tenant: Tenant, chosen: str = "") -> list[tuple[str, str]]:
    """Return the codes of Twilio's that occurred lately, each with its meaning, and the one that is chosen."""
    newest = tenant.messages.filter(WITH_ERROR, occurred_at__gte=_BEGINNING).order_by("-occurred_at", "-id")
    some = newest.values_list("error_code", flat=True)[:_CODES_AMONG]
    found = {*some, chosen.strip()[:_LONGEST_CODE]} - {""}
    return [(code, f"{code} · {errors.explain(code).meaning.rstrip('.')}") for code in sorted(found)]


def _condition(request: TenantRequest, text: str) -> tuple[Q, bool]:
    """Return the condition for a SID, a number or words, and whether an index leads to what it means.

    To people who do not see whole numbers a number counts only as a whole, or trying would tell the hidden digits.
    """
    if _SID.match(text):
        return Q(pk__in=_with_sid(request.tenant, text)), True
    if not _NUMBER.match(text):
        return Q(body__icontains=text), False
    digits = re.sub(r"\D", "", text)
    theirs = Q(their_address=f"+{digits}")
    if len(digits) >= _WHOLE and request.tenant.messages.filter(theirs).exists():
        return theirs, True
    # Who types the plus means how the number begins.
    part, typed = ("startswith", f"+{digits}") if text.startswith("+") else ("contains", digits)
    if can(request, Permission.MESSAGES_UNMASKED):
        theirs = Q(**{f"their_address__{part}": typed})
    return theirs | Q(**{f"our_address__{part}": typed}), False


def _with_sid(tenant: Tenant, sid: str) -> list[uuid.UUID]:
    """Return the messages that a SID of Twilio's belongs to, each once, whichever attempt has it."""
    sent = reports.with_sid(tenant.attempts.all(), [sid]).values_list("message", flat=True)
    came = tenant.messages.filter(direction=Direction.IN, provider_sid=sid).values_list("pk", flat=True)
    return [*sent, *came]


def _dated(rows: QuerySet[Message], request: TenantRequest) -> QuerySet[Message]:
    """Keep the days asked for, in the viewer's time zone."""
    first, last = day(request.GET.get("from", "")), day(request.GET.get("to", ""))
    if first:
        rows = rows.filter(occurred_at__gte=first)
    if last:
        rows = rows.filter(occurred_at__lt=last + timedelta(days=1))
    return rows


def day(text: str) -> datetime | None:
    """Return the start of a day, written as in an address, in the viewer's time zone."""
    try:
        found = datetime.strptime(text, "%Y-%m-%d").date()
    except ValueError:
        return None
    return datetime.combine(found, time.min, tzinfo=timezone.get_current_timezone())
