"""Whether the portal can do its work: database, broker, sweep, oldest waiting row."""

from datetime import datetime
from typing import Any

import redis
from django.conf import settings

from sms.models import Message
from tenants import clock
from tenants.models import PeriodicRun

_SWEEP_LATE_SECONDS = 60


def report() -> dict[str, Any]:
    """Return the state of the parts, as `/readyz` shows it; ages are in seconds."""
    now = clock.now()
    run = PeriodicRun.objects.filter(name="sms.leases").first()
    age = _age(run.last_run if run else None, now)
    oldest = (
        Message.objects.filter(state__in=("queued", "received"), due_at__lte=now)
        .order_by("due_at")
        .values_list("due_at", flat=True)
        .first()
    )
    return {
        "ready": True,
        "database": "ok",
        "broker": _broker(),
        "sweep": "ok" if age is not None and age <= _SWEEP_LATE_SECONDS else "late: are worker and beat running?",
        "sweep_age": age,
        "oldest_due_age": _age(oldest, now),
    }


def _broker() -> str:
    with redis.Redis.from_url(settings.REDIS_URL, socket_connect_timeout=0.3, socket_timeout=0.3) as server:
        try:
            server.ping()
        except redis.RedisError:
            return "not reachable: texts wait for the sweep"
    return "ok"


def _age(moment: datetime | None, now: datetime) -> int | None:
    return int((now - moment).total_seconds()) if moment else None
