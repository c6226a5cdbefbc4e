"""Counts for dashboards: how many texts passed by hour and day, and what needs somebody's attention."""

from bisect import bisect_right
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import TypedDict

from django.db.models import Case, Count, F, IntegerField, Q, QuerySet, Value, When
from django_stubs_ext import WithAnnotations

from sms.models import Configuration, Delivery, Message
from sms.models.messages import ASIDE
from sms.showing import counting
from sms.showing.counting import RECEIVED, SENT
from tenants.models import Tenant

DAYS = 7
LONG_DAYS = 30
_MOST = 100


@dataclass(frozen=True, slots=True)
class Slot:
    """One bar: an hour of today or a whole day, with what was received and sent in it."""

    at: datetime
    received: int
    sent: int


@dataclass(frozen=True, slots=True)
class Figures:
    """Today in figures, some days as bars, and what needs attention of the last seven; each with today."""

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
_Rows = QuerySet[Message, tuple[int, str, str, int]]
_HOURS = 24
# The place of what waits for somebody among the counts by bar.
_ASIDE = -1


def read(messages: QuerySet[Message], now: datetime, *, days: int = DAYS, counted_for: Tenant | None = None) -> Figures:
    """Count the messages of some days, in the time zone of `now`, with few queries, however many bars.

    `counted_for` is the tenant of whom these are all messages: then days of the past are read as they were counted
    by the quarter of an hour; of a part of the messages, each one is looked at.
    """
    edges = _edges(now, days)
    midnight = days - 1
    aside = messages.filter(ASIDE, occurred_at__gte=edges[midnight] - timedelta(days=DAYS - 1))
    counts = _counts(messages, aside, edges, counted_for)
    today = range(midnight, len(edges))
    return Figures(
        received=_sum(counts, today, RECEIVED),
        sent=_sum(counts, today, SENT),
        waiting=_sum(counts, today, ("waiting",)),
        delivered=_sum(counts, today, ("delivered",)),
        failed=_sum(counts, today, ("failed",)),
        hours=tuple(_slot(edges[position], counts, [position]) for position in today),
        days=(
            *(_slot(edges[position], counts, [position]) for position in range(midnight)),
            _slot(edges[midnight], counts, today),
        ),
        unrouted=counts[_ASIDE, "unrouted"],
        unknown=counts[_ASIDE, "unknown"],
        failed_lately=_sum(counts, range(days - DAYS, len(edges)), ("failed",)),
        held=counts[_ASIDE, "held"],
    )


def _edges(now: datetime, days: int) -> list[datetime]:
    """Return where each bar begins: the midnights of the days before, then the hours of today."""
    midnight = datetime.combine(now.date(), time(), tzinfo=now.tzinfo)
    before = [midnight - timedelta(days=ago) for ago in range(days - 1, 0, -1)]
    return [*before, *(midnight + timedelta(hours=hour) for hour in range(_HOURS))]


def _counts(
    messages: QuerySet[Message], aside: QuerySet[Message], edges: Sequence[datetime], counted_for: Tenant | None
) -> Counts:
    """Count by bar and kind: whole past days as they were counted, what is not counted yet from its rows."""
    midnight = edges[-_HOURS]
    counted = counting.counted_span() if counted_for else None
    if counted_for is None or counted is None or counted[1] <= edges[0] or counted[0] >= midnight:
        return _read(_rows(messages.filter(occurred_at__gte=edges[0]), edges), _rows_of(aside))
    since, until = max(counted[0], edges[0]), min(counted[1], midnight)
    parts = [_rows(messages.filter(occurred_at__gte=until), edges), _rows_of(aside)]
    if since > edges[0]:
        parts.append(_rows(messages.filter(occurred_at__gte=edges[0], occurred_at__lt=since), edges))
    return _read(*parts) + _as_counted(counted_for, since, until, edges)


def _bar(column: str, edges: Sequence[datetime]) -> Case:
    """Return the expression for the bar a moment belongs to: plain values, so that nothing converts zones."""
    moments = reversed(list(enumerate(edges)))
    begun = [When(**{f"{column}__gte": edge}, then=Value(position)) for position, edge in moments]
    return Case(*begun, default=Value(0), output_field=IntegerField())


def _rows(messages: QuerySet[Message], edges: Sequence[datetime]) -> _Rows:
    rows = messages.annotate(bar=_bar("occurred_at", edges), kind=counting.kind()).order_by()
    return rows.values_list("bar", "kind", "direction").annotate(number=Count("pk"))


def _rows_of(aside: QuerySet[Message]) -> _Rows:
    """Count what waits for somebody by its state, as one more bar."""
    rows = aside.annotate(bar=Value(_ASIDE, output_field=IntegerField()), kind=F("state")).order_by()
    return rows.values_list("bar", "kind", "direction").annotate(number=Count("pk"))


def _read(first: _Rows, *others: _Rows) -> Counts:
    """Read several counts in one query."""
    counts: Counts = Counter()
    for bar, kind, direction, number in first.union(*others, all=True):
        counts[bar, kind if bar == _ASIDE else counting.kind_of(kind, direction)] += number
    return counts


def _as_counted(tenant: Tenant, since: datetime, until: datetime, edges: Sequence[datetime]) -> Counts:
    """Read whole quarters of an hour as they were counted."""
    begun = [edge.astimezone(UTC) for edge in edges]
    counts: Counts = Counter()
    days = tenant.usage_days.filter(day__gte=since.astimezone(UTC).date(), day__lte=until.astimezone(UTC).date())
    for day, quarters in days.values_list("day", "quarters"):
        midnight = datetime.combine(day, time(), tzinfo=UTC)
        for quarter, received, sent, delivered, failed, *_segments in quarters:
            at = midnight + quarter * counting.QUARTER
            if since <= at < until:
                bar = bisect_right(begun, at) - 1
                counts[bar, "in"] += received
                counts[bar, "delivered"] += delivered
                counts[bar, "failed"] += failed
                counts[bar, "out"] += sent - delivered - failed
    return counts


def _sum(counts: Counts, bars: Sequence[int], kinds: Sequence[str]) -> int:
    return sum(counts[bar, kind] for bar in bars for kind in kinds)


def _slot(at: datetime, counts: Counts, bars: Sequence[int]) -> Slot:
    return Slot(at, _sum(counts, bars, RECEIVED), _sum(counts, bars, SENT))


def undelivered_to_destination(tenant: Tenant, since: datetime) -> int:
    """Count received texts that a destination (a mail, an automatic reply) did not get, up to a hundred."""
    ended = Delivery.objects.filter(state="exhausted", delivered_at=None).order_by()
    lost = ended.filter(message__tenant=tenant, message__occurred_at__gte=since)
    return lost.values("message")[:_MOST].count()


def configurations(tenant: Tenant, since: datetime) -> "list[WithAnnotations[Configuration, Refusals]]":
    """Return a tenant's configurations, each with how many requests its webhook refused since its last good one."""
    lately = Q(refused_requests__created_at__gte=since)
    after_the_last_good = Q(last_in_at=None) | Q(refused_requests__created_at__gt=F("last_in_at"))
    rows = tenant.configurations.filter(deleted_at=None).select_related("account").order_by("name", "id")
    return list(rows.annotate(refused=Count("refused_requests", filter=lately & after_the_last_good)))
