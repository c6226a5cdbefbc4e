"""The one clock: the database's time, standing still in tests, and never an offset in production."""

import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection

from tenants import clock

MOMENT = datetime(2030, 1, 1, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _forgetful(monkeypatch):
    monkeypatch.setattr(clock, "_read", None)


def test_it_stands_still_when_told_and_goes_on_afterwards():
    with clock.frozen(MOMENT):
        assert clock.now() == MOMENT
        with clock.frozen(MOMENT + timedelta(days=1)):
            assert clock.now() == MOMENT + timedelta(days=1)
        assert clock.in_seconds(90) == MOMENT + timedelta(seconds=90)
    assert clock.now() != MOMENT


def test_it_goes_on_after_a_failure():
    with pytest.raises(ZeroDivisionError), clock.frozen(MOMENT):
        _ = 1 / 0
    assert clock.now() != MOMENT


def test_moments_are_utc():
    assert clock.now().tzinfo is UTC


def test_an_offset_moves_every_moment(settings):
    before = clock.now()
    settings.CLOCK_OFFSET_SECONDS = 86_400.0
    assert clock.now() - before >= timedelta(days=1)


def test_production_takes_no_offset(tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", "import portal.settings"],
        env={"VAR_DIR": str(tmp_path), "CLOCK_OFFSET_SECONDS": "5", "DEBUG": "0", "PATH": ""}
        | dict.fromkeys(("SECRET_KEY", "FIELD_KEYS", "WEBHOOK_KEY_SECRETS"), "x")
        | {"PUBLIC_BASE_URL": "https://portal.example"},
        capture_output=True,
        text=True,
    )
    assert "CLOCK_OFFSET_SECONDS is for tests only" in done.stderr


@pytest.mark.django_db
def test_the_databases_time_is_taken(monkeypatch):
    """A machine whose own clock is an hour wrong still says what the database says."""
    if connection.vendor == "sqlite":
        clock.sync(force=True)
        assert clock._read is None  # the database is this machine
        return
    real = clock.time.time
    monkeypatch.setattr(clock.time, "time", lambda: real() + 3600)
    assert (clock.now() - datetime.fromtimestamp(real(), UTC)) > timedelta(minutes=59)
    clock.sync()
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        (theirs,) = cursor.fetchone()
    assert abs(clock.now() - theirs) < timedelta(minutes=1)


def test_between_two_looks_a_step_of_this_machines_clock_changes_nothing(monkeypatch):
    steady = [1000.0]
    monkeypatch.setattr(clock.time, "monotonic", lambda: steady[0])
    monkeypatch.setattr(clock, "_read", (MOMENT.timestamp(), 1000.0))
    monkeypatch.setattr(clock.time, "time", lambda: 0.0)
    steady[0] += 5
    assert clock.now() == MOMENT + timedelta(seconds=5)


@pytest.mark.postgres
@pytest.mark.django_db
def test_it_looks_once_a_minute(monkeypatch, django_assert_num_queries):
    steady = [1000.0]
    monkeypatch.setattr(clock.time, "monotonic", lambda: steady[0])
    with django_assert_num_queries(1):
        clock.sync()
        clock.sync()
    steady[0] += 59
    with django_assert_num_queries(0):
        clock.sync()
    steady[0] += 2
    with django_assert_num_queries(1):
        clock.sync()
    with django_assert_num_queries(1):
        clock.sync(force=True)
