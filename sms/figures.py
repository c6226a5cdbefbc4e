"""Counts for dashboards: how many texts passed by hour and day, and what needs somebody's attention."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import TypedDict

from django.db.models import Case, CharField, Count, F, IntegerField, Q, QuerySet, Value, When
from django_stubs_ext import WithAnnotations

from sms import log
from sms.models import Configuration, Delivery, Direction, Message
from tenants.models import Tenant

DAYS = 7
_MOST = 100


@dataclass(frozen=True, slots=True)
class Slot:
    """One bar: an hour of today or a whole day, with what was received and sent in it."""

    at: datetime
    received: int
    sent: int


@dataclass(frozen=True, slots=True)
class Figures:
    """The last seven days, today included."""

    received: int
    sent: int
    waiting: int
    delivered: int
    failed: int
    hours: tuple[Slot, ...]
    days: tuple[Slot, ...]
    unrouted: int
    unknown: int
    failed_lately: int
    held: int


class Refusals(TypedDict):
    """How many webhook requests were refused since the last text that was taken."""

    refused: int


Counts = Counter[tuple[int, str]]

# What a text counts as, first match wins.
_KINDS: Sequence[tuple[str, Q]] = (
    ("unrouted", Q(direction=Direction.IN) & log.STATES["unrouted"]),
    ("held", log.STATES["held"]),
    ("in", Q(direction=Direction.IN)),
    ("canceled", log.STATES["canceled"]),
    ("delivered", log.STATES["delivered"]),
    ("failed", log.STATES["failed"]),
    ("unknown", log.STATES["unknown"]),
    ("waiting", log.STATES["waiting"]),
)
_RECEIVED = ("in", "unrouted", "held_in")
_SENT = ("delivered", "failed", "unknown", "waiting", "held", "out")


def read(messages: QuerySet[Message], now: datetime) -> Figures:
    """Count the messages of the last seven days, in the time zone of `now`: one query, however many bars."""
    edges = _edges(now)
    counts = _count(messages, edges)
    today = range(DAYS - 1, len(edges))
    return Figures(
        received=_sum(counts, today, _RECEIVED),
        sent=_sum(counts, today, _SENT),
        waiting=_sum(counts, today, ("waiting",)),
        delivered=_sum(counts, today, ("delivered",)),
        failed=_sum(counts, today, ("failed",)),
        hours=tuple(_slot(edges[position], counts, [position]) for position in today),
        days=(
            *(_slot(edges[position], counts, [position]) for position in range(DAYS - 1)),
            _slot(edges[DAYS - 1], counts, today),
        ),
        unrouted=_sum(counts, range(len(edges)), ("unrouted",)),
        unknown=_sum(counts, range(len(edges)), ("unknown",)),
        failed_lately=_sum(counts, range(len(edges)), ("failed",)),
        held=_sum(counts, range(len(edges)), ("held", "held_in")),
    )


def _edges(now: datetime) -> list[datetime]:
    """Return where each bar begins: the midnights of the six days before, then the hours of today."""
    midnight = datetime.combine(now.date(), time(), tzinfo=now.tzinfo)
    days = [midnight - timedelta(days=days) for days in range(DAYS - 1, 0, -1)]
    return [*days, *(midnight + timedelta(hours=hour) for hour in range(24))]


def _count(messages: QuerySet[Message], edges: Sequence[datetime]) -> Counts:
    """Count by bar and kind. The bounds are plain values, so that both engines compare and nothing converts zones."""
    begun = [When(occurred_at__gte=edge, then=Value(position)) for position, edge in reversed(list(enumerate(edges)))]
    kinds = [When(condition, then=Value(kind)) for kind, condition in _KINDS]
    rows = (
        messages.filter(occurred_at__gte=edges[0])
        .annotate(
            bar=Case(*begun, default=Value(0), output_field=IntegerField()),
            kind=Case(*kinds, default=Value("out"), output_field=CharField()),
        )
        .order_by()
        .values_list("bar", "kind", "direction")
        .annotate(number=Count("pk"))
    )
    counts: Counts = Counter()
    for bar, kind, direction, number in rows:
        counts[bar, f"{kind}_in" if kind == "held" and direction == Direction.IN else kind] += number
    return counts


def _sum(counts: Counts, bars: Sequence[int], kinds: Sequence[str]) -> int:
    return sum(counts[bar, kind] for bar in bars for kind in kinds)


def _slot(at: datetime, counts: Counts, bars: Sequence[int]) -> Slot:
    return Slot(at, _sum(counts, bars, _RECEIVED), _sum(counts, bars, _SENT))


def undelivered_to_destination(tenant: Tenant, since: datetime) -> int:
    """Count received texts that a destination (a mail, an automatic reply) did not get, up to a hundred."""
    ended = Delivery.objects.filter(state="exhausted", delivered_at=None).order_by()
    lost = ended.filter(message__tenant=tenant, message__occurred_at__gte=since)
    return lost.values("message")[:_MOST].count()


def configurations(tenant: Tenant, since: datetime) -> "list[WithAnnotations[Configuration, Refusals]]":
    """Return a tenant's configurations, each with how many requests its webhook refused since its last good one."""
    lately = Q(refused_requests__created_at__gte=since)
    after_the_last_good = Q(last_in_at=None) | Q(refused_requests__created_at__gt=F("last_in_at"))
    rows = tenant.configurations.filter(deleted_at=None).order_by("name", "id")
    return list(rows.annotate(refused=Count("refused_requests", filter=lately & after_the_last_good)))
