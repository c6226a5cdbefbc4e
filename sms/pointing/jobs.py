"""Jobs that change webhooks at Twilio: begun by a person, worked by any worker, paced, stopped, tried again, undone.

Each change is committed by itself, so a killed worker's job goes on where it was; a lease keeps two from one job.
"""

import logging
import time
import uuid
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.utils.translation import gettext as _

from sms.models import ChangeState, Configuration, HealthSchedule, JobPurpose, JobState, WebhookChange, WebhookJob
from sms.pointing import changing, planning
from sms.pointing.changing import FEW
from sms.pointing.planning import Planned
from sms.setup import configuring
from sms.twilio.errors import Problem, TwilioProblem
from tenants import audit, clock, hints
from tenants.audit import Actor
from tenants.ids import new_id

log = logging.getLogger(__name__)

PER_SECOND = 4
_SLICE = 20
_LEASE_SECONDS = 120
_CHUNK = 500
_BACK_OFF = (5, 10, 30, 60, 120, 300)
_LISTED = 20
# Nothing else that is asked with the same credentials would be answered.
_REFUSALS = (Problem.REFUSED, Problem.LIMITED, Problem.SANDBOX_OFF)
_LEFT = (ChangeState.PLANNED, ChangeState.BEGUN)

# How often in a row Twilio could not be asked for a job, in this process.
_failures: dict[uuid.UUID, int] = {}


class JobRefused(Exception):
    """Nothing was begun; the text says why and what to do."""


# --- What people order ---


def begin(actor: Actor, configuration: Configuration, planned: Iterable[Planned]) -> WebhookJob:
    """Set what a plan would change: a few at once, more by a worker.

    Raises:
        JobRefused: Twilio could not reach the webhook, or nothing would change.
    """
    if problem := configuring.address_problem(configuration):
        raise JobRefused(problem)
    wanted = planning.changing(planned)
    if not wanted:
        raise JobRefused(_("Nothing would change."))
    job = _new(actor, JobPurpose.SET, configuration=configuration, total=len(wanted))
    rows = (_change(job, configuration, one) for one in wanted)
    return _start(actor, job, list(rows))


def _change(job: WebhookJob, configuration: Configuration, planned: Planned) -> WebhookChange:
    return WebhookChange(
        tenant_id=configuration.tenant_id,
        configuration=configuration,
        job=job,
        kind=planned.kind,
        number_sid=planned.sid,
        e164=planned.e164,
        label=planned.name[:120] if planned.is_service else "",
        state=ChangeState.PLANNED,
        before=planned.before,
        after=planned.after,
        changed_by=job.made_by,
    )


def begin_move(actor: Actor, rows: Sequence[WebhookChange]) -> WebhookJob:
    """Carry out changes of many tenants as one job of the system."""
    job = _new(actor, JobPurpose.MOVE, configuration=None, total=len(rows))
    for row in rows:
        row.job, row.changed_by = job, job.made_by
    return _start(actor, job, rows)


def undo(actor: Actor, job: WebhookJob) -> WebhookJob:
    """Put back what a job changed, where nobody else changed it since.

    Raises:
        JobRefused: the job is under way, or nothing of it is left to take back.
    """
    if job.state == JobState.RUNNING:
        raise JobRefused(_("Stop it first."))
    rows = list(undoable(job))
    if not rows:
        raise JobRefused(_("Nothing is left to take back."))
    return _undo(actor, rows, undoes=job, configuration=job.configuration)


def undo_change(actor: Actor, change: WebhookChange) -> WebhookJob:
    """Put back what stood at one number or service before we set it, where nobody else changed it since."""
    return _undo(actor, [change], undoes=change.job, configuration=change.configuration)


def undoable(job: WebhookJob) -> QuerySet[WebhookChange]:
    """Return what a job changed, or may have changed, and nobody took back."""
    done = job.changes.filter(state__in=[ChangeState.DONE, ChangeState.BEGUN], undone_at=None)
    return done.select_related("configuration").order_by("id")


def _undo(
    actor: Actor, rows: Sequence[WebhookChange], *, undoes: WebhookJob | None, configuration: Configuration | None
) -> WebhookJob:
    made = _new(actor, JobPurpose.UNDO, configuration=configuration, total=len(rows), undoes=undoes)
    now = clock.now()
    taken_back = [
        WebhookChange(
            tenant_id=row.tenant_id,
            configuration=row.configuration,
            job=made,
            kind=row.kind,
            number_sid=row.number_sid,
            e164=row.e164,
            label=row.label,
            state=ChangeState.PLANNED,
            before=row.after,
            after=changing.restored(row.before),
            changed_by=made.made_by,
            # There is no undo of an undo: set it anew.
            undone_at=now,
        )
        for row in rows
    ]
    return _start(actor, made, taken_back)


def _new(
    actor: Actor,
    purpose: JobPurpose,
    *,
    configuration: Configuration | None,
    total: int,
    undoes: WebhookJob | None = None,
) -> WebhookJob:
    """Make a job that nobody takes before its changes are there."""
    return WebhookJob.objects.create(
        tenant=configuration.tenant if configuration else None,
        configuration=configuration,
        purpose=purpose,
        total=total,
        undoes=undoes,
        made_by=actor.label[:254],
        user=actor.user,
        member=actor.member,
        managing=actor.managing,
        lease_token=new_id().hex,
        lease_until=clock.in_seconds(_LEASE_SECONDS),
    )


def _start(actor: Actor, job: WebhookJob, rows: Sequence[WebhookChange]) -> WebhookJob:
    """Add a job's changes, part by part, so that nothing else waits long; then let it be worked."""
    for start in range(0, len(rows), _CHUNK):
        WebhookChange.objects.bulk_create(rows[start : start + _CHUNK])
    with transaction.atomic():
        WebhookJob.objects.filter(pk=job.pk).update(lease_token="", lease_until=None)
        if job.total > FEW or job.tenant_id is None:
            _record(actor, job, rows)
    job.refresh_from_db()
    if job.total <= FEW and _take(job.pk):
        job.refresh_from_db()
        _work_on(job, lambda: False, paced=False)
        job.refresh_from_db()
    else:
        hints.hint("connect")
    return job


_ACTIONS = {
    JobPurpose.SET: "sms.webhook.many_set",
    JobPurpose.UNDO: "sms.webhook.many_undone",
    JobPurpose.MOVE: "sms.webhook.moved",
}


def _record(actor: Actor, job: WebhookJob, rows: Sequence[WebhookChange]) -> None:
    action = _ACTIONS[JobPurpose(job.purpose)]
    if job.configuration is not None:
        audit.record(actor, action, job.configuration, _facts(rows), tenant=job.tenant)
        return
    audit.record(actor, action, None, {"count": len(rows)}, tenant=None)
    by_configuration: dict[Configuration, list[WebhookChange]] = {}
    for row in rows:
        by_configuration.setdefault(row.configuration, []).append(row)
    for configuration, own in by_configuration.items():
        audit.record(actor, action, configuration, _facts(own), tenant=configuration.tenant)


def _facts(rows: Sequence[WebhookChange]) -> dict[str, Any]:
    return {"count": len(rows), "numbers": [row.e164 or row.label for row in rows[:_LISTED]]}


def stop(actor: Actor, job: WebhookJob) -> bool:
    """Stop a job after the change in hand; returns whether it was under way."""
    return _switch(actor, job, JobState.RUNNING, JobState.STOPPED, "sms.webhook.stopped")


def resume(actor: Actor, job: WebhookJob) -> bool:
    """Go on with a stopped job; returns whether it was stopped."""
    return _switch(actor, job, JobState.STOPPED, JobState.RUNNING, "sms.webhook.resumed")


def _switch(actor: Actor, job: WebhookJob, now: JobState, then: JobState, action: str) -> bool:
    with transaction.atomic():
        mine = WebhookJob.objects.filter(pk=job.pk, state=now)
        if not mine.update(state=then, due_at=clock.now(), problem=""):
            return False
        audit.record(actor, action, job.configuration, {"count": job.total}, tenant=job.tenant)
    hints.hint("connect")
    return True


def again(actor: Actor, job: WebhookJob) -> int:
    """Try again what failed; returns how many."""
    with transaction.atomic():
        failed = job.changes.filter(state=ChangeState.FAILED).update(state=ChangeState.PLANNED, problem="")
        if failed:
            running = {"state": JobState.RUNNING, "due_at": clock.now(), "finished_at": None, "problem": ""}
            WebhookJob.objects.filter(pk=job.pk).update(failed=F("failed") - failed, **running)
            audit.record(actor, "sms.webhook.tried_again", job.configuration, {"count": failed}, tenant=job.tenant)
    if failed:
        hints.hint("connect")
    return failed


# --- Working ---


def work(should_stop: Callable[[], bool] = lambda: False) -> int:
    """Work in turn on the jobs that are due, until none is; returns how many changes came to an end."""
    ended = 0
    while not should_stop():
        job = _next()
        if job is None:
            return ended
        ended += _work_on(job, should_stop, paced=True)
    if _due().exists():
        hints.hint("connect")
    return ended


def _due() -> QuerySet[WebhookJob]:
    free = Q(lease_until=None) | Q(lease_until__lt=clock.now())
    return WebhookJob.objects.filter(free, state=JobState.RUNNING, due_at__lte=clock.now())


def _next() -> WebhookJob | None:
    """Take the job that has waited longest."""
    for pk in _due().order_by("due_at", "id").values_list("pk", flat=True)[:20]:
        if _take(pk):
            return WebhookJob.objects.get(pk=pk)
    return None


def _take(pk: uuid.UUID) -> bool:
    until = clock.in_seconds(_LEASE_SECONDS)
    return bool(_due().filter(pk=pk).update(lease_token=new_id().hex, lease_until=until))


def _work_on(job: WebhookJob, should_stop: Callable[[], bool], *, paced: bool) -> int:
    """Make some changes of a job, then let others have their turn. Returns how many came to an end."""
    ended = 0
    mine = WebhookJob.objects.filter(pk=job.pk, lease_token=job.lease_token)
    for change in _some(job):
        if should_stop() or not mine.filter(state=JobState.RUNNING).update(
            lease_until=clock.in_seconds(_LEASE_SECONDS)
        ):
            break
        began = time.monotonic()
        try:
            changing.carry_out(job, change)
        except TwilioProblem as problem:
            if problem.kind not in _REFUSALS:
                _wait(job, problem)
                return ended
            ended += _fail_all(job, change, problem)
            break
        ended += 1
        _failures.pop(job.pk, None)
        if paced:
            _pause(1 / PER_SECOND - (time.monotonic() - began))
    _let_go(job)
    return ended


def _some(job: WebhookJob) -> list[WebhookChange]:
    left = job.changes.filter(state__in=_LEFT).order_by("id")
    return list(left.select_related("configuration__account", "configuration__tenant")[:_SLICE])


def _pause(seconds: float) -> None:
    """Wait, so that one account is asked a few times a second at most."""
    time.sleep(max(0.0, seconds * settings.TIME_SCALE))


def _wait(job: WebhookJob, problem: TwilioProblem) -> None:
    """Put a job off, longer each time: Twilio asked to slow down, or could not be reached."""
    failures = _failures.get(job.pk, 0)
    _failures[job.pk] = failures + 1
    seconds = _BACK_OFF[min(failures, len(_BACK_OFF) - 1)] * settings.TIME_SCALE
    log.warning("sms.pointing.waits job=%s kind=%s failures=%d", job.pk.hex, problem.kind, failures + 1)
    WebhookJob.objects.filter(pk=job.pk, lease_token=job.lease_token).update(
        lease_token="", lease_until=None, due_at=clock.in_seconds(seconds), problem=str(problem)[:250]
    )


def _fail_all(job: WebhookJob, change: WebhookChange, problem: TwilioProblem) -> int:
    """End all of a job that would be asked with the credentials that were just refused."""
    with transaction.atomic():
        same = job.changes.filter(state__in=_LEFT, configuration__account=change.configuration.account_id)
        failed = same.update(state=ChangeState.FAILED, problem=str(problem)[:250])
        WebhookJob.objects.filter(pk=job.pk).update(failed=F("failed") + failed)
    return failed


def _let_go(job: WebhookJob) -> None:
    """End a job that is through; let the others have their turn before what is left of it."""
    now = clock.now()
    mine = WebhookJob.objects.filter(pk=job.pk, lease_token=job.lease_token)
    if job.changes.filter(state__in=_LEFT).exists():
        mine.update(lease_token="", lease_until=None, due_at=now, problem="")
        return
    over = {"state": JobState.DONE, "finished_at": now, "problem": ""}
    if mine.update(lease_token="", lease_until=None, **over):
        log.info("sms.pointing.done job=%s", job.pk.hex)
        _look_again(job)


def _look_again(job: WebhookJob) -> None:
    """Have the health of what was set looked at soon."""
    touched = job.changes.order_by().values("configuration").distinct()
    if HealthSchedule.objects.filter(configuration__in=touched).update(due_at=clock.now()):
        hints.hint("connect")
