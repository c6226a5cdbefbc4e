"""Count texts by days and quarters of an hour, from their rows and again whenever these change.

Figures of long spans read that. Nothing is added up as texts pass: a lost or repeated run loses and doubles nothing.
"""

import uuid
from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from itertools import islice

from django.db.models import Case, CharField, Count, Q, QuerySet, Sum, Value, When
from django.db.models.functions import ExtractHour, ExtractMinute, TruncDate

from sms.models import Direction, Message, StatusEvent, UsageDay, UsageProgress
from sms.showing import log
from tenants import clock, ids, slices
from tenants.models import Tenant

QUARTER = timedelta(minutes=15)
# What a text counts as, first match wins; one that was sent and has no such word counts as "out".
KINDS: Sequence[tuple[str, Q]] = (
    ("unrouted", Q(direction=Direction.IN) & log.STATES["unrouted"]),
    ("held", log.STATES["held"]),
    ("in", Q(direction=Direction.IN)),
    ("canceled", log.STATES["canceled"]),
    ("delivered", log.STATES["delivered"]),
    ("failed", log.STATES["failed"]),
    ("unknown", log.STATES["unknown"]),
    ("waiting", log.STATES["waiting"]),
)
RECEIVED = ("in", "unrouted", "held_in")
SENT = ("delivered", "failed", "unknown", "waiting", "held", "out")

COUNTED = ("received", "sent", "delivered", "failed", "segments_received", "segments_sent")

_DAY = timedelta(days=1)
# A text that is being stored right now may be seen only after it is: its quarter is closed a little later.
_SETTLING = timedelta(minutes=2)
_OVERLAP = timedelta(minutes=10)
# Texts that wait, expire or are canceled change without a report: the last days are looked at every hour.
_LOOK_BACK_DAYS = 3
_TENANTS = 200
_ROWS = 500

_Place = tuple[uuid.UUID, date]
# A day's quarters in which something passed, by their place among the 96, each with the counts above.
_Quarters = dict[int, list[int]]


def kind() -> Case:
    """Return the expression for what a text counts as."""
    return Case(
        *(When(condition, then=Value(name)) for name, condition in KINDS),
        default=Value("out"),
        output_field=CharField(),
    )


def kind_of(found: str, direction: str) -> str:
    """Return the kind with the direction, where both directions share a word."""
    return "held_in" if found == "held" and direction == Direction.IN else found


def floor(moment: datetime) -> datetime:
    """Return the beginning of a moment's quarter of an hour."""
    return moment.replace(minute=moment.minute - moment.minute % 15, second=0, microsecond=0)


def counted_span() -> tuple[datetime, datetime] | None:
    """Return between which moments every tenant's texts are counted; None before the first run."""
    return UsageProgress.objects.values_list("since", "until").first()


def refresh() -> int:
    """Count the days with texts that are new or got a report, then older days; returns how many changed."""
    until = floor(clock.now() - _SETTLING)
    progress, _ = UsageProgress.objects.get_or_create(id=1, defaults={"since": until, "until": until})
    changed = sum(recount(tenants, day, day) for day, tenants in _touched(progress.until - _OVERLAP))
    if until > progress.until:
        UsageProgress.objects.filter(pk=1).update(until=until)
    return changed + _fill_in(progress.since)


def _touched(since: datetime) -> Iterator[tuple[date, set[uuid.UUID]]]:
    """Yield the days of which texts are new or got a report since a moment, each with the tenants whose they are."""
    fresh = Message.objects.filter(id__gte=ids.id_at(since))
    reported = StatusEvent.objects.filter(id__gte=ids.id_at(since), attempt__isnull=False)
    by_day: defaultdict[date, set[uuid.UUID]] = defaultdict(set)
    for rows, at in ((fresh, "occurred_at"), (reported, "attempt__message__occurred_at")):
        days = rows.order_by().annotate(day=TruncDate(at, tzinfo=UTC))
        for day, tenant in days.values_list("day", "tenant").distinct():
            by_day[day].add(tenant)
    yield from by_day.items()


def _fill_in(since: datetime) -> int:
    """Count day after day of the past until the oldest text is counted; the next run goes on where this one ends."""
    oldest = Message.objects.order_by("id").values_list("occurred_at", flat=True).first()
    changed = 0
    while oldest is not None and since > oldest:
        # The day that holds the last moment before: also a first, broken day is counted whole.
        day = (since - QUARTER).date()
        changed += recount(_tenants(), day, day)
        since = datetime.combine(day, time(), tzinfo=UTC)
        UsageProgress.objects.filter(pk=1).update(since=since)
        slices.check()
    return changed


def look_back() -> int:
    """Count the last three days of one tenant after the other; the next run goes on where this one ends."""
    progress = UsageProgress.objects.first()
    if progress is None:
        return 0
    last, after = progress.until.date(), progress.checked_tenant
    changed = 0
    for some in _batches([pk for pk in _tenants() if after is None or pk > after]):
        changed += recount(some, last - _LOOK_BACK_DAYS * _DAY, last)
        UsageProgress.objects.filter(pk=1).update(checked_tenant=some[-1])
        slices.check()
    UsageProgress.objects.filter(pk=1).update(checked_tenant=None)
    return changed


def _tenants() -> list[uuid.UUID]:
    return list(Tenant.objects.filter(deleted_at=None).order_by("id").values_list("pk", flat=True))


def recount(tenants: Collection[uuid.UUID], first: date, last: date) -> int:
    """Count some tenants' texts of some days of UTC; returns how many days changed.

    What a tenant no longer keeps is left as it was counted.
    """
    changed = 0
    for some in _batches(sorted(tenants)):
        kept = _kept_from(some)
        since, until = (datetime.combine(day, time(), tzinfo=UTC) for day in (first, last + _DAY))
        found = _count(Message.objects.filter(tenant__in=sorted(kept), occurred_at__gte=since, occurred_at__lt=until))
        stored = UsageDay.objects.filter(tenant__in=sorted(kept), day__gte=first, day__lte=last)
        known = {
            (tenant, day): {quarter: counts for quarter, *counts in quarters}
            for tenant, day, quarters in stored.values_list("tenant_id", "day", "quarters")
        }
        wanted = {
            place: _with_erased(found.get(place, {}), known.get(place, {}), place[1], kept[place[0]])
            for place in sorted({*found, *known})
        }
        changed += _write({place: quarters for place, quarters in wanted.items() if quarters != known.get(place)})
    return changed


def _kept_from(tenants: Sequence[uuid.UUID]) -> dict[uuid.UUID, datetime | None]:
    """Return, for each tenant that still exists, from when on all of its texts are there; None is all of them."""
    now = clock.now()
    days = Tenant.objects.filter(pk__in=tenants).values_list("pk", "keep_messages_days")
    return {pk: now - timedelta(days=keep) if keep else None for pk, keep in days}


def _with_erased(found: _Quarters, known: _Quarters, day: date, kept_from: datetime | None) -> _Quarters:
    """Take the quarters of which texts are erased as they were counted, the others as they are found."""
    if kept_from is None:
        return found
    midnight = datetime.combine(day, time(), tzinfo=UTC)
    whole = {quarter for quarter in {*found, *known} if midnight + quarter * QUARTER >= kept_from}
    mixed = {quarter: (found if quarter in whole else known).get(quarter) for quarter in {*found, *known}}
    return {quarter: counts for quarter, counts in mixed.items() if counts}


def _count(messages: QuerySet[Message]) -> dict[_Place, _Quarters]:
    minute = ExtractHour("occurred_at", tzinfo=UTC) * 60 + ExtractMinute("occurred_at", tzinfo=UTC)
    rows = (
        messages.order_by()
        .annotate(day=TruncDate("occurred_at", tzinfo=UTC), quarter=minute / 15, kind=kind())
        .values_list("tenant_id", "day", "quarter", "kind", "direction")
        .annotate(number=Count("pk"), parts=Sum("segments"))
    )
    found: defaultdict[_Place, _Quarters] = defaultdict(dict)
    for tenant, day, quarter, name, direction, number, parts in rows:
        counted = kind_of(name, direction)
        received, sent = counted in RECEIVED, counted in SENT
        happened = (received, sent, counted == "delivered", counted == "failed", received, sent)
        amounts = (number, number, number, number, parts, parts)
        counts = found[tenant, day].setdefault(int(quarter), [0] * len(COUNTED))
        for position, (applies, amount) in enumerate(zip(happened, amounts, strict=True)):
            counts[position] += amount * applies
    return dict(found)


def _write(days: dict[_Place, _Quarters]) -> int:
    rows = [
        UsageDay(
            tenant_id=tenant,
            day=day,
            quarters=[[quarter, *counts] for quarter, counts in sorted(quarters.items())],
            **dict(zip(COUNTED, map(sum, zip(*quarters.values(), strict=True)), strict=True)),
        )
        for (tenant, day), quarters in days.items()
        if quarters
    ]
    UsageDay.objects.bulk_create(
        rows,
        _ROWS,
        update_conflicts=True,
        unique_fields=["tenant", "day"],
        update_fields=[*COUNTED, "quarters"],
    )
    for tenant, day in (place for place, quarters in days.items() if not quarters):
        UsageDay.objects.filter(tenant=tenant, day=day).delete()
    return len(days)


def _batches(tenants: Sequence[uuid.UUID]) -> Iterator[list[uuid.UUID]]:
    rest = iter(tenants)
    while some := list(islice(rest, _TENANTS)):
        yield some
