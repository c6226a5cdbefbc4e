"""What must happen even when every hint is lost: due work announced, leases ended, texts expired, Twilio asked."""

import logging
import uuid
from collections.abc import Callable, Iterable
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import F

from sms import callbacks, delivering, handing_over, inbound, reconcile, reports, restored, retention, sending
from sms.health import keeping
from sms.lists import importing
from sms.models import Attempt, Direction, Message
from sms.queueing import failing_over, opening
from sms.queueing.outcomes import Outcome, Phase
from sms.showing import counting
from sms.status import MessageState
from sms.transfer import jobs
from sms.webhooks import refused
from tenants import clock, hints, removal, slices
from tenants.ids import new_id
from tenants.models import PeriodicRun, SystemState

log = logging.getLogger(__name__)

_BATCH = 500
# Above the time that one such job takes, and no longer: a worker that is killed must not keep the next one waiting.
_HOLD = timedelta(seconds=60)
# As long as Celery lets a task live.
_HOURLY_HOLD = timedelta(seconds=100)
_HOUR = 3600.0
# For all jobs of a run together, below the time that Celery gives a task; each has an equal part of it.
_SLICE_SECONDS = 50.0


def sweep() -> dict[str, int]:
    """Announce what is due and run each periodic job whose time has come; harmless however many run at once."""
    clock.sync()
    restored.hold_if_behind()
    return {"hinted": announce_due(), **_run(_JOBS)}


def housekeeping() -> dict[str, int]:
    """Run the hourly jobs that are due. One with much to do goes on a minute later, from where it stopped."""
    clock.sync()
    return _run(_HOURLY, hold=_HOURLY_HOLD)


def ask_twilio() -> dict[str, int]:
    """Read Twilio's lists: for texts that no webhook brought, for unknown ones, for those without news."""
    clock.sync()
    return _run(_LISTS)


def announce_due() -> int:
    """Hint every queue that has something due; returns how many have."""
    now = clock.now()
    received = Message.objects.filter(state=MessageState.RECEIVED, direction=Direction.IN, due_at__lte=now)
    arrived = received.exists() or callbacks.has_due()
    due = {"send": sending.has_due(), "inbound": arrived, "deliver": delivering.due(now).exists()}
    due["transfer"] = jobs.due().exists()
    for queue in (queue for queue, has_work in due.items() if has_work):
        hints.note(queue)
    return sum(due.values())


def end_leases() -> int:
    """Take texts back from workers that are gone: claimed ones are sent, those being posted are unknown."""
    return slices.each(_end_some_leases)


@transaction.atomic
def _end_some_leases() -> int:
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


def expire() -> int:
    """End waiting texts whose time is over."""
    return slices.each(_expire_some)


def _say_why_expired(found: Iterable[uuid.UUID]) -> None:
    """Say of texts that end while they, or their account, are held, or while sending is stopped, that this is why."""
    held = Message.objects.filter(pk__in=list(found), state=MessageState.HELD)
    held.update(state_reason="Its time ran out while it was held")
    rows = Message.objects.filter(pk__in=list(found), state=MessageState.QUEUED)
    refused = rows.exclude(configuration__held_reason="").exclude(configuration=None)
    refused.update(state_reason="Its time ran out while Twilio refused the account")
    if not SystemState.objects.filter(sending_stopped_at__isnull=False).exists():
        rows = rows.filter(tenant__sending_stopped_at__isnull=False)
    rows.update(state_reason="Its time ran out while sending was stopped")


@transaction.atomic
def _expire_some() -> int:
    found: dict[uuid.UUID, uuid.UUID | None] = {}
    # One after the other: each has an index of its own, the two together have none.
    for state in (MessageState.QUEUED, MessageState.HELD):
        over = Message.objects.filter(direction=Direction.OUT, state=state, expires_at__lte=clock.now())
        rows = over.select_for_update(no_key=True, skip_locked=True).order_by("due_at")
        found |= dict(rows.values_list("pk", "conversation_id")[:_BATCH])
    _say_why_expired(found)
    Message.objects.filter(pk__in=found).update(state=MessageState.EXPIRED, due_at=None)
    reports.touch(found.values())
    return len(found)


_Jobs = dict[str, tuple[float, Callable[[], int]]]
# What, and every how many seconds.
_JOBS: _Jobs = {
    "leases": (10.0, end_leases),
    "epoch": (10.0, restored.advance),
    "expired": (10.0, expire),
    "held": (10.0, inbound.release),
    "opened": (5.0, opening.let_go),
    "stopped": (10.0, failing_over.move_waiting),
    "unanswered": (10.0, handing_over.escalate_due),
    "counted": (600.0, counting.refresh),
}
# What waits for Twilio: apart from the rest, so that a slow account holds up no lease. Looked at every ten seconds.
_LISTS: _Jobs = {
    "lists": (5.0, importing.work),
    "unknown": (5.0, reconcile.search_unknown),
    "silent": (25.0, reconcile.ask_silent),
}
_HOURLY: _Jobs = {
    "counted_again": (_HOUR * 0.9, counting.look_back),
    "retention": (_HOUR * 0.9, retention.erase),
    "refused": (_HOUR * 0.9, refused.prune),
    "transfers": (_HOUR * 0.9, jobs.prune),
    "health": (_HOUR * 0.9, keeping.prune),
    "purge": (_HOUR * 0.9, lambda: removal.purge_deleted(clock.now())),
}


def _run(jobs: _Jobs, *, hold: timedelta = _HOLD) -> dict[str, int]:
    """Run the jobs that are due and that nobody else runs; one that fails does not stop the others."""
    done: dict[str, int] = {}
    holder = new_id().hex
    for name, (seconds, job) in jobs.items():
        every = timedelta(seconds=seconds * settings.TIME_SCALE)
        if not PeriodicRun.take(f"sms.{name}", holder, every=every, hold=hold):
            continue
        unfinished = False
        try:
            with slices.of(_SLICE_SECONDS / len(jobs)):
                done[name] = job()
        except slices.Unfinished:
            unfinished = True
            log.info("sms.sweep.unfinished job=%s", name)
        except Exception:
            log.exception("sms.sweep.failed job=%s", name)
        finally:
            PeriodicRun.give_back(f"sms.{name}", holder, unfinished=unfinished)
    return done
