"""Celery's way in: each task does its one call, on its own queue."""

from typing import Any

import pytest
from celery import current_app

from sms import delivering, inbound, send_loop, sweeps, tasks
from sms.twilio import sender
from tenants import hints

CALLS = {
    "send.work": (send_loop, "work"),
    "inbound.work": (inbound, "work"),
    "deliver.work": (delivering, "work"),
    "maint.sweep": (sweeps, "sweep"),
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
