"""Celery's way in: each task is named after its queue, takes nothing, and works until nothing is due."""

import mmap
from contextlib import suppress
from typing import Any

from celery import shared_task, signals
from django.db import DatabaseError

from tenants.failpoints import failpoint

# One byte that a worker's children share with it: set when the worker is asked to stop.
_stopping = mmap.mmap(-1, 1)


@signals.worker_init.connect
def load_early(**kwargs: object) -> None:
    """Load what sending needs once, before the worker forks its children."""
    from sms.twilio import sender

    sender.warm_up()


@signals.worker_shutting_down.connect
def note_shutdown(**kwargs: object) -> None:
    """Tell the children to finish the work in hand and to take no more."""
    _stopping[0] = 1


@signals.task_prerun.connect
def note_taken(task: Any, **kwargs: object) -> None:
    """Note that this worker consumes the queue that the task came by; a task run in place came by none."""
    if not task.request.is_eager:
        from sms import canaries

        # Without its database the task has its own say.
        with suppress(DatabaseError):
            canaries.note(task.name.split(".")[0])


def is_stopping() -> bool:
    """Whether the worker was asked to stop."""
    return bool(_stopping[0])


@shared_task(name="send.work")
def send_work() -> int:
    """Send until nothing is due."""
    from sms.queueing import send_loop

    failpoint("send.received")
    return send_loop.work(is_stopping)


@shared_task(name="inbound.work")
def inbound_work() -> int:
    """Process received texts until none is due."""
    from sms import inbound

    return inbound.work(is_stopping)


@shared_task(name="deliver.work")
def deliver_work() -> int:
    """Carry out deliveries until none is due."""
    from sms import delivery_rounds

    return delivery_rounds.work_in_turn(is_stopping)


@shared_task(name="maint.sweep")
def sweep() -> dict[str, int]:
    """Do what a lost hint would have done."""
    from sms import sweeps

    return sweeps.sweep()


@shared_task(name="maint.housekeeping")
def housekeeping() -> dict[str, int]:
    """Run the hourly jobs."""
    from sms import sweeps

    return sweeps.housekeeping()


@shared_task(name="maint.transfer")
def transfer() -> int:
    """Check and carry out imports until none is due."""
    from sms.transfer import jobs

    return jobs.work(is_stopping)


@shared_task(name="maint.connect")
def connect() -> int:
    """Read accounts at Twilio, set webhooks there, look how configurations do, and mail what got worse."""
    from sms import connect_work

    return connect_work.work(is_stopping)


@shared_task(name="send.canary")
def send_canary() -> None:
    """Do nothing: that it was taken shows that somebody consumes the queue."""


@shared_task(name="inbound.canary")
def inbound_canary() -> None:
    """Do nothing, by the queue of received texts."""


@shared_task(name="deliver.canary")
def deliver_canary() -> None:
    """Do nothing, by the queue of deliveries."""


@shared_task(name="maint.canary")
def maint_canary() -> None:
    """Do nothing, by the queue of all the rest."""


@shared_task(name="maint.lists")
def lists() -> dict[str, int]:
    """Ask Twilio for what nobody called about."""
    from sms import sweeps

    return sweeps.ask_twilio()
