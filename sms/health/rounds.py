"""When each configuration is looked at: every hour, every quarter of one while something is wrong, or when asked.

A row a configuration, taken with a lease; what belongs to a whole account is asked once for all its configurations, and
each public address is looked at once a round.
"""

import logging
import uuid
from collections.abc import Callable
from datetime import datetime, timedelta

from django.conf import settings
from django.db import DatabaseError, transaction
from django.db.models import Q, QuerySet

from sms.health import account_facts, keeping, probing, reasons
from sms.models import Configuration, HealthSchedule
from tenants import clock, hints
from tenants.ids import new_id

log = logging.getLogger(__name__)

_HOURLY_SECONDS, _WATCHED_SECONDS, _READ_FIRST_SECONDS = 3600, 900, 15
_FAILED_SECONDS = 300
_LEASE_SECONDS = 120
# Looks of one round; what is left is due at the next.
_MOST = 50


def check_now(configuration: Configuration) -> None:
    """Have a configuration looked at at once, and nothing taken from what was known before."""
    with transaction.atomic():
        account_facts.ask_anew(configuration.account)
        asked = {"tenant_id": configuration.tenant_id, "due_at": clock.now()}
        HealthSchedule.objects.update_or_create(configuration=configuration, defaults=asked)
        hints.hint("connect")


def is_under_way(schedule: HealthSchedule | None) -> bool:
    """Whether a look is due or going on."""
    now = clock.now()
    if schedule is None:
        return True
    return schedule.due_at <= now or (schedule.lease_until is not None and schedule.lease_until > now)


def work(should_stop: Callable[[], bool] = lambda: False) -> int:
    """Look at the configurations that are due; returns at how many."""
    _begin_rows()
    looks, seen, done = probing.Looks(), set[uuid.UUID](), 0
    while len(seen) < _MOST and not should_stop() and (row := _take(seen)) is not None:
        seen.add(row.pk)
        done += _look(row, looks)
    return done


def _live() -> QuerySet[Configuration]:
    return Configuration.objects.filter(deleted_at=None, tenant__deleted_at=None, tenant__enabled=True)


def _begin_rows() -> None:
    """Give every configuration a row; the first look is due at once."""
    new = _live().filter(health_schedule=None).values_list("pk", "tenant_id")[:500]
    rows = [HealthSchedule(configuration_id=pk, tenant_id=tenant, due_at=clock.now()) for pk, tenant in new]
    HealthSchedule.objects.bulk_create(rows, ignore_conflicts=True)


def _take(seen: set[uuid.UUID]) -> HealthSchedule | None:
    """Take what has been due longest, unless somebody else looks at it."""
    now = clock.now()
    free = HealthSchedule.objects.filter(Q(lease_until=None) | Q(lease_until__lt=now), due_at__lte=now)
    due = free.filter(configuration__in=_live()).exclude(pk__in=seen).order_by("due_at", "pk")
    for pk in due.values_list("pk", flat=True)[:20]:
        if free.filter(pk=pk).update(lease_token=new_id().hex, lease_until=clock.in_seconds(_LEASE_SECONDS)):
            together = ("configuration__account", "configuration__tenant", "configuration__trunk")
            return HealthSchedule.objects.select_related(*together).get(pk=pk)
    return None


def _look(row: HealthSchedule, looks: probing.Looks) -> bool:
    """Look at one configuration and keep what was seen; trouble with it leaves the others alone."""
    asked_at, wait, over = row.due_at, float(_FAILED_SECONDS), False
    try:
        verdicts = probing.look_at(row.configuration, looks)
        keeping.keep(row.configuration, verdicts)
        well = all(reasons.RANK[verdict.tone] < reasons.RANK[reasons.BAD] for verdict in verdicts)
        wait, over = float(_HOURLY_SECONDS if well else _WATCHED_SECONDS), True
    except probing.NotYet:
        wait = _READ_FIRST_SECONDS
    except DatabaseError:
        # The database is away: the lease ends, and the look is taken up again.
        raise
    except Exception:
        log.exception("sms.health.failed configuration=%s", row.configuration_id.hex)
    _give_back(row, asked_at, wait * settings.TIME_SCALE, over=over)
    return over


def _give_back(row: HealthSchedule, asked_at: datetime, seconds: float, *, over: bool) -> None:
    """Note when the next look is due; at once, if somebody asked while this one went on."""
    mine = HealthSchedule.objects.filter(pk=row.pk, lease_token=row.lease_token)
    due_at = clock.now() + timedelta(seconds=seconds * _spread(row.pk))
    mine.filter(due_at=asked_at).update(due_at=due_at)
    freed = {"lease_token": "", "lease_until": None} | ({"checked_at": clock.now()} if over else {})
    mine.update(**freed)


def _spread(pk: uuid.UUID) -> float:
    """Keep configurations that began together from being due together."""
    return 0.9 + (pk.int % 100) / 500
