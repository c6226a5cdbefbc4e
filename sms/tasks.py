"""Celery's way in: each task is named after its queue, takes nothing, and works until nothing is due."""

import mmap

from celery import shared_task, signals

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


def is_stopping() -> bool:
    """Whether the worker was asked to stop."""
    return bool(_stopping[0])


@shared_task(name="send.work")
def send_work() -> int:
    """Send until nothing is due."""
    from sms import send_loop

    return send_loop.work(is_stopping)


@shared_task(name="inbound.work")
def inbound_work() -> int:
    """Process received texts until none is due."""
    from sms import inbound

    return inbound.work()


@shared_task(name="deliver.work")
def deliver_work() -> int:
    """Carry out deliveries until none is due."""
    from sms import delivering

    return delivering.work()


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
