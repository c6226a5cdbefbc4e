"""Celery's way in: each task does its one call, on its own queue."""

from datetime import timedelta
from typing import Any

import pytest
from celery import current_app
from django.db import OperationalError

from portal import supervisor
from sms import canaries, connect_work, delivery_rounds, inbound, sweeps, tasks
from sms.queueing import send_loop
from sms.transfer import jobs
from sms.twilio import sender
from tenants import clock, hints
from tenants.models import PeriodicRun

CALLS = {
    "send.work": (send_loop, "work"),
    "inbound.work": (inbound, "work"),
    "deliver.work": (delivery_rounds, "work_in_turn"),
    "maint.transfer": (jobs, "work"),
    "maint.connect": (connect_work, "work"),
    "maint.sweep": (sweeps, "sweep"),
    "maint.lists": (sweeps, "ask_twilio"),
    "maint.housekeeping": (sweeps, "housekeeping"),
}


@pytest.mark.parametrize("name", CALLS)
def test_a_task_does_its_one_call(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    module, verb = CALLS[name]
    monkeypatch.setattr(module, verb, lambda *arguments: 7)
    assert current_app.tasks[name].run() == 7


def test_every_hint_names_a_task_and_every_task_a_queue() -> None:
    own = {name for name in current_app.tasks if not name.startswith("celery.")}
    assert set(hints.TASKS.values()) < set(CALLS) <= own
    assert {name.split(".")[0] for name in own} == {"send", "inbound", "deliver", "maint"}


def test_a_worker_loads_what_sending_needs_before_it_forks() -> None:
    sender._certificates.cache_clear()
    tasks.load_early()
    assert sender._certificates.cache_info().currsize == 1


def test_a_worker_that_is_asked_to_stop_tells_its_children(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []
    monkeypatch.setattr(send_loop, "work", asked.append)
    tasks.send_work.run()
    [should_stop] = asked
    assert not should_stop()
    try:
        tasks.note_shutdown(sig="SIGTERM")
        assert should_stop()
    finally:
        tasks._stopping[0] = 0


# --- Signs of life ---


def take(name: str, *, eager: bool = False) -> None:
    """Let a worker have taken a task; that Celery says so is proved by the test of real workers."""
    task = current_app.tasks[name]
    task.push_request(is_eager=eager)
    try:
        tasks.note_taken(task=task)
    finally:
        task.pop_request()


@pytest.fixture
def forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(canaries, "_noted", {})


@pytest.mark.django_db
@pytest.mark.usefixtures("forgotten")
def test_whatever_is_taken_from_a_queue_shows_that_it_is_consumed() -> None:
    for name in ("send.work", "inbound.canary", "deliver.work", "maint.sweep"):
        take(name)
    assert set(PeriodicRun.objects.exclude(last_run=None).values_list("name", flat=True)) == {
        "canary.send", "canary.inbound", "canary.deliver", "canary.maint",
    }  # fmt: skip


@pytest.mark.django_db
@pytest.mark.usefixtures("forgotten")
def test_a_task_run_in_place_shows_nothing() -> None:
    take("send.work", eager=True)
    assert not PeriodicRun.objects.exists()


@pytest.mark.django_db
def test_a_busy_worker_notes_it_now_and_then(monkeypatch: pytest.MonkeyPatch, django_assert_num_queries: Any) -> None:
    monkeypatch.setattr(canaries, "_noted", {})
    now = clock.now()
    with clock.frozen(now):
        canaries.note("send")
    with clock.frozen(now + timedelta(seconds=100)):
        with django_assert_num_queries(0):
            canaries.note("send")
        # Another process, which knows nothing of that.
        canaries._noted.clear()
        canaries.note("send")
        assert PeriodicRun.objects.get().last_run == clock.now()
    with clock.frozen(now + timedelta(seconds=102)):
        canaries._noted.clear()
        canaries.note("send")
    assert PeriodicRun.objects.get().last_run == now + timedelta(seconds=100)


@pytest.mark.usefixtures("forgotten")
def test_a_database_that_is_away_leaves_the_task_its_own_say(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[object] = []

    def away(*arguments: object, **wanted: object) -> None:
        asked.append(wanted)
        raise OperationalError

    monkeypatch.setattr(PeriodicRun.objects, "get_or_create", away)
    monkeypatch.setattr(clock, "sync", lambda: None)
    take("send.canary")
    assert len(asked) == 1


def test_beat_sends_a_canary_through_every_queue_and_none_outlives_its_use() -> None:
    sent = {entry["task"] for entry in current_app.conf.beat_schedule.values() if "canary" in entry["task"]}
    assert sent == {f"{queue}.canary" for queue in canaries.QUEUES}
    for name in sent:
        assert current_app.amqp.router.route({}, name)["queue"].name == name.split(".")[0]
        assert current_app.tasks[name].run() is None
    assert canaries.QUEUES == supervisor.QUEUES


def test_in_a_queue_that_is_behind_no_periodic_task_is_passed_over() -> None:
    """What expires sooner than the rest would wait behind them until it has expired, each time anew."""
    own = [entry for name, entry in current_app.conf.beat_schedule.items() if name != "demo"]
    assert {entry["options"]["expires"] for entry in own} == {30}
    assert all(entry["schedule"].run_every.total_seconds() < 30 for entry in own if "house" not in entry["task"])
