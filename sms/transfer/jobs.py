"""Imports as jobs: checked, confirmed by a person, carried out. A killed worker's job is taken up again, never halved.

What changes the tenant and what says "done" are one transaction; so a job whose worker is gone either is done, or has
done nothing.
"""

import logging
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.db import DatabaseError, transaction
from django.db.models import F, Q, QuerySet

from sms.models import TransferJob, TransferMode, TransferState
from sms.transfer import applying, planning, reading
from sms.transfer.planning import Rights
from tenants import audit, clock, hints
from tenants.audit import Actor
from tenants.ids import new_id
from tenants.models import Tenant

log = logging.getLogger(__name__)

# A file up to this size is checked while the person waits.
SMALL_FILE = 40_000
KEPT_DAYS = 7
_LEASE_SECONDS = 120
_TRIES = 3
_TELL_EVERY_SECONDS = 0.5


class TakenOver(Exception):
    """Another worker has this job now: what this one did is undone."""


def begin(actor: Actor, tenant: Tenant, *, kind: str, mode: str, data: bytes, file_name: str = "") -> TransferJob:
    """Take a file in and check it: a small one at once, a large one by a worker."""
    job = TransferJob.objects.create(
        tenant=tenant,
        kind=kind,
        mode=TransferMode(mode),
        file=data,
        file_name=file_name[-120:],
        made_by=actor.label[:254],
        user=actor.user,
        member=actor.member,
        managing=actor.managing,
    )
    if len(data) <= SMALL_FILE:
        _work_on(job)
    else:
        hints.hint("transfer")
    return job


def confirm(actor: Actor, job: TransferJob) -> bool:
    """Carry out what the check showed, in the name of who says so; returns whether it was waiting for that word."""
    waiting = TransferJob.objects.filter(pk=job.pk, state=TransferState.CHECKED)
    person = {
        "made_by": actor.label[:254],
        "user": actor.user,
        "member": actor.member,
        "managing": actor.managing,
    }
    if not waiting.update(state=TransferState.CONFIRMED, tries=0, done=0, lease_until=None, **person):
        return False
    job.refresh_from_db()
    if len(job.file) <= SMALL_FILE:
        _work_on(job)
    else:
        hints.hint("transfer")
    return True


def discard(job: TransferJob) -> None:
    """Forget a job that is not being carried out."""
    TransferJob.objects.filter(pk=job.pk).exclude(state=TransferState.CONFIRMED).delete()


def rights_of(actor: Actor, tenant: Tenant) -> Rights:
    """Return what of trunks a person may import: as on the pages of trunks."""
    managing = actor.managing is not None
    return Rights(own_trunks=tenant.own_trunks or managing, all_trunks=managing)


def due() -> QuerySet[TransferJob]:
    """Return the jobs that nobody works on."""
    free = Q(lease_until=None) | Q(lease_until__lt=clock.now())
    return TransferJob.objects.filter(free, state__in=[TransferState.CHECKING, TransferState.CONFIRMED])


def work(should_stop: Callable[[], bool] = lambda: False) -> int:
    """Work until no job is due; returns how many were worked on."""
    clock.sync()
    worked = 0
    while not should_stop():
        job = due().order_by("created_at").first()
        if job is None:
            break
        worked += _work_on(job)
    return worked


def prune() -> int:
    """Delete the jobs of last week."""
    old = TransferJob.objects.filter(created_at__lt=clock.now() - timedelta(days=KEPT_DAYS))
    return old.exclude(state=TransferState.CONFIRMED).delete()[0]


def _work_on(job: TransferJob) -> bool:
    """Take a job unless somebody else has, and take its next step."""
    token = new_id().hex
    mine = due().filter(pk=job.pk)
    if not mine.update(lease_token=token, lease_until=clock.in_seconds(_LEASE_SECONDS), tries=F("tries") + 1):
        return False
    job.refresh_from_db()
    try:
        _take_a_step(job)
    except TakenOver:
        log.info("sms.transfer.taken_over job=%s", job.pk.hex)
    except DatabaseError:
        # The database is away: the lease ends, and the job is taken up again.
        log.exception("sms.transfer.interrupted job=%s", job.pk.hex)
        raise
    except Exception:
        log.exception("sms.transfer.failed job=%s", job.pk.hex)
        _finish(job, TransferState.FAILED, {**job.result, "error": "unexpected"})
    job.refresh_from_db()
    return True


def _take_a_step(job: TransferJob) -> None:
    if job.tries > _TRIES:
        _finish(job, TransferState.FAILED, {**job.result, "error": "stopped"})
        return
    parsed = reading.read(bytes(job.file), job.kind, job.tenant.country, _Telling(job))
    if job.state == TransferState.CHECKING:
        _check(job, parsed)
    else:
        _carry_out(job, parsed)


def _check(job: TransferJob, parsed: reading.Parsed, **more: Any) -> None:
    found = planning.plan(job.tenant, parsed, job.mode, rights_of(_actor(job), job.tenant))
    _save(job, state=TransferState.CHECKED, result=found.to_json() | more, lease_until=None, lease_token="")


def _carry_out(job: TransferJob, parsed: reading.Parsed) -> None:
    actor = _actor(job)
    shown = [one["digest"] for one in job.result["kinds"]]
    try:
        with transaction.atomic():
            rights = rights_of(actor, job.tenant)
            applied = applying.apply(actor, job.tenant, parsed, job.mode, rights, expected=shown)
            _finish(job, TransferState.DONE, job.result)
    except applying.PlanChanged:
        _check(job, parsed, changed_meanwhile=True)
        return
    except applying.ImportRefused as refused:
        problems = [planning.as_json(problem) for problem in refused.problems]
        _finish(job, TransferState.REFUSED, {**job.result, "problems": problems})
        return
    applied.mail()


def _finish(job: TransferJob, state: TransferState, result: dict[str, Any]) -> None:
    """End a job and let go of its file."""
    _save(job, state=state, result=result, file=b"", finished_at=clock.now(), lease_until=None)


def _save(job: TransferJob, **changes: Any) -> None:
    """Write to a job as long as it is ours.

    Raises:
        TakenOver: its lease ended, and another worker took it.
    """
    if not TransferJob.objects.filter(pk=job.pk, lease_token=job.lease_token).update(**changes):
        raise TakenOver


def _actor(job: TransferJob) -> Actor:
    return audit.Actor(label=job.made_by, user=job.user, member=job.member, managing=job.managing)


class _Telling:
    """Tells how far the reading is, now and then, and keeps the lease."""

    def __init__(self, job: TransferJob) -> None:
        self._job, self._told = job, time.monotonic()

    def __call__(self, done: int, total: int) -> None:
        now = time.monotonic()
        if done == total or now - self._told > _TELL_EVERY_SECONDS:
            self._told = now
            _save(self._job, done=done, total=total, lease_until=clock.in_seconds(_LEASE_SECONDS))
