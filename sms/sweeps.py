"""What must happen even when every hint is lost: due work announced, leases ended, texts expired, Twilio asked."""

import logging
import uuid
from collections.abc import Callable
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import F

from sms import delivering, inbound, reconcile, reports, retention, sending
from sms.models import Attempt, Direction, Message
from sms.outcomes import Outcome, Phase
from sms.status import MessageState
from sms.webhooks import refused
from tenants import clock, hints, removal
from tenants.ids import new_id
from tenants.models import PeriodicRun

log = logging.getLogger(__name__)

_BATCH = 500
_HOLD = timedelta(minutes=5)
_HOUR = 3600.0


def sweep() -> dict[str, int]:
    """Announce what is due and run each periodic job whose time has come; harmless however many run at once."""
    clock.sync()
    return {"hinted": announce_due(), **_run(_JOBS)}


def housekeeping() -> dict[str, int]:
    """Run the hourly jobs."""
    clock.sync()
    return _run(_HOURLY)


def announce_due() -> int:
    """Hint every queue that has something due; returns how many have."""
    now = clock.now()
    received = Message.objects.filter(state=MessageState.RECEIVED, direction=Direction.IN, due_at__lte=now)
    due = {"send": sending.has_due(), "inbound": received.exists(), "deliver": delivering.due(now).exists()}
    for queue in (queue for queue, has_work in due.items() if has_work):
        hints.note(queue)
    return sum(due.values())


@transaction.atomic
def end_leases() -> int:
    """Take texts back from workers that are gone: claimed ones are sent, those being posted are unknown."""
    now = clock.now()
    leased = Message.objects.filter(state=MessageState.SENDING, direction=Direction.OUT, lease_until__lt=now)
    rows = leased.select_for_update(no_key=True, skip_locked=True).order_by("lease_until")
    found = dict(rows.values_list("pk", "conversation_id")[:_BATCH])
    open_attempts = Attempt.objects.filter(message__in=found, number=F("message__attempt_count"))
    posting = set(open_attempts.filter(phase=Phase.POSTING).values_list("message_id", flat=True))
    _end(set(found) - posting, Phase.CLAIMED, Outcome.NOT_SENT, state=MessageState.QUEUED, state_reason="")
    unknown = "The worker stopped while it was sending"
    _end(posting, Phase.POSTING, Outcome.AMBIGUOUS, state=MessageState.UNKNOWN, state_reason=unknown)
    reports.touch(found.values())
    return len(found)


def _end(messages: set[uuid.UUID], phase: Phase, outcome: Outcome, **changes: object) -> None:
    now = clock.now()
    attempts = Attempt.objects.filter(message__in=messages, number=F("message__attempt_count"), phase=phase)
    attempts.update(phase=Phase.DONE, outcome=outcome, finished_at=now, note="The worker stopped")
    Message.objects.filter(pk__in=messages).update(due_at=now, lease_token="", lease_until=None, **changes)


@transaction.atomic
def expire() -> int:
    """End waiting texts whose time is over."""
    found: dict[uuid.UUID, uuid.UUID | None] = {}
    # One after the other: each has an index of its own, the two together have none.
    for state in (MessageState.QUEUED, MessageState.HELD):
        over = Message.objects.filter(direction=Direction.OUT, state=state, expires_at__lte=clock.now())
        rows = over.select_for_update(no_key=True, skip_locked=True).order_by("due_at")
        found |= dict(rows.values_list("pk", "conversation_id")[:_BATCH])
    Message.objects.filter(pk__in=found).update(state=MessageState.EXPIRED, due_at=None)
    reports.touch(found.values())
    return len(found)


_Jobs = dict[str, tuple[float, Callable[[], int]]]
# What, and every how many seconds.
_JOBS: _Jobs = {
    "leases": (10.0, end_leases),
    "expired": (10.0, expire),
    "held": (10.0, inbound.release),
    "unknown": (10.0, reconcile.search_unknown),
    "silent": (60.0, reconcile.ask_silent),
}
_HOURLY: _Jobs = {
    "retention": (_HOUR * 0.9, retention.erase),
    "refused": (_HOUR * 0.9, refused.prune),
    "purge": (_HOUR * 0.9, lambda: removal.purge_deleted(clock.now())),
}


def _run(jobs: _Jobs) -> dict[str, int]:
    """Run the jobs that are due and that nobody else runs; one that fails does not stop the others."""
    done: dict[str, int] = {}
    holder = new_id().hex
    for name, (seconds, job) in jobs.items():
        every = timedelta(seconds=seconds * settings.TIME_SCALE)
        if not PeriodicRun.take(f"sms.{name}", holder, every=every, hold=_HOLD):
            continue
        try:
            done[name] = job()
        except Exception:
            log.exception("sms.sweep.failed job=%s", name)
        finally:
            PeriodicRun.give_back(f"sms.{name}", holder)
    return done
