"""Signs of life: when a worker last took something from each queue. A worker can be alive and consume nothing.

Beat sends a task that does nothing through each queue, every few seconds; that it was taken is what counts. So does
every other task: a queue with much to do is not a silent one.
"""

import time
from datetime import timedelta

from django.db.models import Q

from tenants import clock
from tenants.models import PeriodicRun

QUEUES = ("send", "inbound", "deliver", "maint")
# Workers have more to do than this: once in so many seconds is enough.
_NOTE_SECONDS = 5.0
_noted: dict[str, float] = {}


def note(queue: str) -> None:
    """Note that this process has just taken something from a queue."""
    steady = time.monotonic()
    if queue not in QUEUES or steady - _noted.get(queue, float("-inf")) < _NOTE_SECONDS:
        return
    _noted[queue] = steady
    clock.sync()
    now = clock.now()
    row, _ = PeriodicRun.objects.get_or_create(name=name_of(queue), defaults={"last_run": now})
    older = Q(last_run=None) | Q(last_run__lt=now - timedelta(seconds=_NOTE_SECONDS))
    PeriodicRun.objects.filter(older, pk=row.pk).update(last_run=now)


def name_of(queue: str) -> str:
    """Return the name of the row that holds when something was last taken from a queue."""
    return f"canary.{queue}"
