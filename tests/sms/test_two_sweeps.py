"""Two beats, and several sweeps at the same moment: each job's effects happen once, on both engines."""

import threading
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connections

from portal.celery import app
from sms import inbound, outbound, reconcile, sending, sweeps, tasks
from sms.models import Attempt, IdempotencyKey, Message, Sender
from sms.twilio import history
from tenants import audit, clock, slices
from tenants.models import AuditEntry, PeriodicRun, Tenant
from tests import factories
from tests.factories import OUR_NUMBER, THEIR_NUMBER
from tests.sms.conftest import let_send

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("hinted")]
SCHEDULERS = 4


def at_once(step: Callable[[], Any], count: int = SCHEDULERS) -> list[Any]:
    """Run a step on so many connections that start at the same moment; nobody may fail."""
    together, results, errors = threading.Barrier(count), [], []

    def run() -> None:
        try:
            together.wait(30)
            results.append(step())
        except Exception as error:
            errors.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not errors
    assert len(results) == count
    return results


def test_each_job_runs_once_on_the_very_first_tick_and_on_every_one_after_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """No row for any job exists at the first tick: all of them race to write it."""
    runs: Counter[str] = Counter()

    def counted(name: str) -> Callable[[], int]:
        return lambda: runs.update([name]) or 1

    for table in ("_JOBS", "_LISTS", "_HOURLY"):
        jobs = {name: (seconds, counted(name)) for name, (seconds, _) in getattr(sweeps, table).items()}
        monkeypatch.setattr(sweeps, table, jobs)
    names = {*sweeps._JOBS, *sweeps._LISTS, *sweeps._HOURLY}
    now = clock.now()
    for tick in range(5):
        with clock.frozen(now + tick * timedelta(hours=2)):
            at_once(lambda: (tasks.sweep.run(), tasks.lists.run(), tasks.housekeeping.run()))
        assert runs == Counter(dict.fromkeys(names, tick + 1))
    assert PeriodicRun.objects.exclude(holder="").count() == 0


def test_every_effect_happens_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker that died, a text whose time is over, one that was held, one of unknown outcome, rows to be erased."""
    asked: list[str] = []

    def sent_to(*arguments: Any, **options: Any) -> list[Any]:
        asked.append("list")
        return []

    def page(*arguments: Any, **options: Any) -> history.Page:
        asked.append("page")
        return history.Page((), "")

    monkeypatch.setattr(history, "sent_to", sent_to)
    monkeypatch.setattr(history, "page", page)
    cast = factories.make_cast()
    let_send(cast)
    now = clock.now()
    dead, over, unknown = (outbound.send(audit.PORTAL, cast.acme, to=f"+1202555017{n}", body="Hello") for n in range(3))
    Message.objects.filter(pk=over.pk).update(expires_at=now + timedelta(seconds=1), due_at=now + timedelta(hours=1))
    Message.objects.filter(pk=unknown.pk).update(state="unknown", attempt_count=1)
    Attempt.objects.create(
        tenant=cast.acme, message=unknown, number=1, configuration=cast.configuration, sender=OUR_NUMBER,
        phase="done", outcome="ambiguous", posting_at=now, account_sid=cast.account.account_sid,
    )  # fmt: skip
    Sender.objects.update(rate=1000, next_send_at=now)
    assert len(sending.claim(5)) == 1
    held = factories.make_inbound(cast.configuration, ours=OUR_NUMBER, theirs=THEIR_NUMBER, state="held")
    IdempotencyKey.objects.create(tenant=cast.acme, key="old", request_digest="x", message=dead)
    IdempotencyKey.objects.update(created_at=now - timedelta(days=8))
    Tenant.objects.filter(pk=cast.globex.pk).update(deleted_at=now - timedelta(days=31), enabled=False)
    versions = {m.pk: m.conversation.version for m in Message.objects.filter(pk__in=[dead.pk, over.pk])}
    with clock.frozen(now + timedelta(seconds=200)):
        at_once(lambda: (tasks.sweep.run(), tasks.lists.run(), tasks.housekeeping.run()))
    after = {m.pk: m for m in Message.objects.select_related("conversation")}
    assert [after[m.pk].state for m in (dead, over, unknown, held)] == ["queued", "expired", "unknown", "received"]
    assert {pk: after[pk].conversation.version - version for pk, version in versions.items()} == {
        dead.pk: 1,
        over.pk: 1,
    }
    assert dead.attempts.count() == 1
    assert sorted(asked) == ["list", "page", "page"]
    assert not IdempotencyKey.objects.exists()
    assert AuditEntry.objects.filter(action="tenants.tenant.purged").count() == 1


def test_a_job_with_more_to_do_than_its_slice_goes_on_with_the_next_tick(monkeypatch: pytest.MonkeyPatch) -> None:
    cast = factories.make_cast()
    message = factories.make_inbound(cast.configuration, ours=OUR_NUMBER, theirs=THEIR_NUMBER, state="routed")
    for n in range(5):
        IdempotencyKey.objects.create(tenant=cast.acme, key=f"{n}", request_digest="x", message=message)
    IdempotencyKey.objects.update(created_at=clock.now() - timedelta(days=8))
    monkeypatch.setattr("sms.retention._BATCH", 2)
    monkeypatch.setattr(sweeps, "_SLICE_SECONDS", -1.0)
    left, ran = [], []
    for _ in range(4):
        ran.append("retention" in sweeps.housekeeping())
        left.append(IdempotencyKey.objects.count())
    # Two rows a tick, at once one after the other; the last tick finds nothing more to do, and the hour begins.
    assert (left, ran) == ([3, 1, 0, 0], [False, False, False, True])
    assert "retention" not in sweeps.housekeeping()


def test_all_slices_of_a_run_end_before_its_task_is_cut(settings: Any) -> None:
    assert app.conf.task_soft_time_limit > sweeps._SLICE_SECONDS
    ticks = app.conf.beat_schedule["housekeeping"]["schedule"].run_every.total_seconds()
    assert ticks <= 60 * settings.TIME_SCALE


def test_a_purge_goes_on_where_it_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    cast = factories.make_cast()
    for _ in range(3):
        factories.make_inbound(cast.configuration, ours=OUR_NUMBER, theirs=THEIR_NUMBER, state="routed")
    Tenant.objects.filter(pk=cast.acme.pk).update(deleted_at=clock.now() - timedelta(days=31), enabled=False)
    monkeypatch.setattr(sweeps, "_SLICE_SECONDS", -1.0)
    for _ in range(60):
        if "purge" in sweeps.housekeeping():
            break
    else:
        raise AssertionError("the purge never came to its end")
    assert not Tenant.objects.filter(pk=cast.acme.pk).exists()
    assert AuditEntry.objects.filter(action="tenants.tenant.purged").count() == 1


def test_a_sweep_that_finds_more_than_a_batch_takes_all_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sweeps, "_BATCH", 2)
    cast = factories.make_cast()
    let_send(cast)
    for n in range(5):
        outbound.send(audit.PORTAL, cast.acme, to=f"+1202555017{n}", body="Hello")
    Message.objects.update(expires_at=clock.in_seconds(-1))
    with slices.of(60):
        assert sweeps.expire() == 5
    assert inbound.release() == 0
    assert reconcile.ask_silent() == 0
