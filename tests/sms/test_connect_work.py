"""The rounds that wait for Twilio's management API: no failure spreads, and texts keep their workers."""

from datetime import timedelta

import pytest
from django.db import OperationalError

from sms import connect_work
from tenants import clock
from tenants.models import PeriodicRun

pytestmark = pytest.mark.django_db


@pytest.fixture
def worked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return what was worked, by two rounds of which the first asks for a third worker meanwhile."""
    done: list[str] = []

    def first(should_stop: connect_work.Stop) -> int:
        done.append("first")
        if len(done) < 6:
            connect_work.work(should_stop)
        return 1

    def second(should_stop: connect_work.Stop) -> int:
        done.append("second")
        return 2

    monkeypatch.setattr(connect_work, "rounds", lambda: {"first": first, "second": second})
    return done


def test_two_are_at_it_at_once_and_no_third(worked: list[str]) -> None:
    assert connect_work.work() == 3
    assert worked == ["first", "first", "second", "second"]
    assert connect_work.work() == 3


def test_what_a_killed_worker_held_is_free_once_its_time_is_over(worked: list[str]) -> None:
    over = clock.now() - timedelta(seconds=1)
    for name in ("sms.connect.1", "sms.connect.2"):
        PeriodicRun.objects.create(name=name, holder="gone", until=over + timedelta(seconds=60), last_run=over)
    assert connect_work.work() == 0
    assert worked == []
    PeriodicRun.objects.filter(holder="gone").update(until=over)
    assert connect_work.work() == 3


def test_a_round_that_fails_leaves_the_others_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(should_stop: connect_work.Stop) -> int:
        raise ValueError("not understood")

    monkeypatch.setattr(connect_work, "rounds", lambda: {"fails": fails, "works": lambda should_stop: 2})
    assert connect_work.work() == 2


def test_without_its_database_it_ends_and_gives_its_place_back(monkeypatch: pytest.MonkeyPatch) -> None:
    def away(should_stop: connect_work.Stop) -> int:
        raise OperationalError("the database is away")

    monkeypatch.setattr(connect_work, "rounds", lambda: {"away": away})
    with pytest.raises(OperationalError):
        connect_work.work()
    assert not PeriodicRun.objects.exclude(holder="").exists()


def test_a_worker_that_is_told_to_stop_begins_no_round(worked: list[str]) -> None:
    assert connect_work.work(lambda: True) == 0
    assert worked == []
