"""The Celery settings that reliability stands on, one by one."""

import pytest
from django.conf import settings

from portal import broker
from portal.celery import app

# What each is, and why it must not change silently.
WANTED = {
    "result_backend": None,  # nobody reads results: the database is the truth
    "task_ignore_result": True,
    "task_acks_late": True,  # a killed worker's hint is delivered again
    "task_reject_on_worker_lost": True,
    "task_acks_on_failure": True,
    "task_acks_on_timeout": True,
    "worker_prefetch_multiplier": 1,
    "worker_max_tasks_per_child": 2000,
    "worker_cancel_long_running_tasks_on_connection_loss": False,  # would make sends unknown
    "worker_soft_shutdown_timeout": 30,
    "worker_enable_soft_shutdown_on_idle": True,
    "task_soft_time_limit": 75,
    "task_time_limit": 100,
    "broker_connection_retry_on_startup": True,
    "broker_connection_max_retries": None,  # a worker never gives up on its broker
    "task_default_queue": "maint",
    "task_serializer": "json",
    "accept_content": ["json"],  # never pickle
    "enable_utc": True,
    "timezone": "UTC",
}


@pytest.mark.parametrize("name", WANTED)
def test_a_setting_is_what_reliability_asks_for(name):
    assert app.conf[name] == WANTED[name]


def test_the_transport_restores_quickly_and_notices_a_dead_broker():
    wanted = {
        "visibility_timeout": 300,
        "unacked_restore_interval": 5,
        "unacked_restore_throttle": 1,
        "socket_connect_timeout": 3,
        "socket_timeout": 10,
        "health_check_interval": 20,
        "retry_on_timeout": True,
    }
    assert wanted.items() <= app.conf.broker_transport_options.items()


def test_publishing_gives_up_at_once():
    policy = app.conf.task_publish_retry_policy
    assert (policy["max_retries"], policy["interval_start"], policy["interval_max"]) == (1, 0, 0.2)


def test_time_limits_lie_between_the_http_deadline_and_the_lease():
    from sms.twilio.client import DEADLINE_SECONDS

    assert DEADLINE_SECONDS < app.conf.task_soft_time_limit < app.conf.task_time_limit < 180 * 1.0
    assert app.conf.task_time_limit < app.conf.broker_transport_options["visibility_timeout"]


def test_tasks_are_routed_by_queue_name_only():
    """A named exchange loses its bindings when the broker is flushed, and then drops what is published."""
    for pattern, route in app.conf.task_routes.items():
        assert pattern.endswith(".*")
        assert route == {"queue": pattern.removesuffix(".*")}


def test_beat_keeps_its_state_in_the_data_folder():
    assert app.conf.beat_schedule_filename.startswith(str(settings.VAR_DIR))
    assert settings.SWEEP_SECONDS == 3 * settings.TIME_SCALE
    assert settings.LEASE_SECONDS == 180 * settings.TIME_SCALE


def test_beat_asks_for_no_magic_and_nothing_of_it_outlives_its_use():
    """No delay, no exchange, no priority: a queue by the task's name, and an end."""
    for name, entry in app.conf.beat_schedule.items():
        assert set(entry) == {"task", "schedule", "options"}, name
        assert set(entry["options"]) == {"expires"}, name
        assert entry["options"]["expires"] <= 60, name


def test_no_task_carries_magic_of_its_own():
    app.loader.import_default_modules()
    for name, task in app.tasks.items():
        if name.startswith("celery."):
            continue
        assert getattr(task, "queue", None) is None, name
        assert getattr(task, "exchange", None) is None, name
        assert getattr(task, "routing_key", None) is None, name
        assert task.rate_limit is None, name
        assert task.autoretry_for == () if hasattr(task, "autoretry_for") else True, name


def test_the_embedded_broker_throws_nothing_away():
    command = " ".join(broker.command(settings.VAR_DIR, settings.VAR_DIR / "kv.sock"))
    assert "--maxmemory-policy noeviction" in command
    assert "--appendonly yes" in command
