"""What waits for Twilio's management API: each round works until nothing of its own is due, or its time is over."""

import logging
import time
from collections.abc import Callable

from django.db import DatabaseError

from sms.mirror import reading
from sms.pointing import addresses
from sms.pointing import jobs as webhook_jobs
from sms.rotating import rounds as rotation_rounds
from tenants import clock

log = logging.getLogger(__name__)

Stop = Callable[[], bool]
Round = Callable[[Stop], int]

# For all rounds of a task together, well below the time that Celery gives it.
_SECONDS = 60.0


def rounds() -> dict[str, Round]:
    """Return the rounds in the order in which they are worked: what people wait for comes first."""
    return {
        "rotation": rotation_rounds.work,
        "webhooks": webhook_jobs.work,
        "accounts": reading.work,
        "addresses": addresses.work,
    }


def work(should_stop: Stop = lambda: False) -> int:
    """Work each round; one that fails does not stop the others. Returns how many things were done."""
    clock.sync()
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
