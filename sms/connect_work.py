"""What waits for Twilio's management API: each round works until nothing of its own is due, or its time is over."""

import logging
import time
from collections.abc import Callable
from datetime import timedelta

from django.db import DatabaseError

from sms.health import notices
from sms.health import rounds as health_rounds
from sms.mirror import reading
from sms.pointing import addresses
from sms.pointing import jobs as webhook_jobs
from sms.rotating import rounds as rotation_rounds
from tenants import clock
from tenants.ids import new_id
from tenants.models import PeriodicRun

log = logging.getLogger(__name__)

Stop = Callable[[], bool]
Round = Callable[[Stop], int]

# For all rounds of a task together, well below the time that Celery gives it.
_SECONDS = 60.0
# As long as Celery lets a task live: a worker that was killed keeps a place no longer.
_HOLD = timedelta(seconds=100)
_SLOTS = ("sms.connect.1", "sms.connect.2")


def rounds() -> dict[str, Round]:
    """Return the rounds in the order in which they are worked: what people wait for comes first."""
    return {
        "rotation": rotation_rounds.work,
        "webhooks": webhook_jobs.work,
        "accounts": reading.work,
        "health": health_rounds.work,
        "notices": notices.work,
        "addresses": addresses.work,
    }


def work(should_stop: Stop = lambda: False) -> int:
    """Work each round; one that fails does not stop the others. Returns how many things were done.

    Two workers at most are at it at once: the others are for texts.
    """
    clock.sync()
    holder = new_id().hex
    slot = next((name for name in _SLOTS if PeriodicRun.take(name, holder, every=timedelta(0), hold=_HOLD)), "")
    if not slot:
        return 0
    try:
        return _work(should_stop)
    finally:
        PeriodicRun.give_back(slot, holder)


def _work(should_stop: Stop) -> int:
    found = rounds()
    done = 0
    for name, each in found.items():
        if should_stop():
            break
        try:
            done += each(_within(_SECONDS / len(found), should_stop))
        except DatabaseError:
            raise
        except Exception:
            log.exception("sms.connect.failed round=%s", name)
    return done


def _within(seconds: float, should_stop: Stop) -> Stop:
    end = time.monotonic() + seconds
    return lambda: should_stop() or time.monotonic() >= end
