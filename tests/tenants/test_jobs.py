"""Exclusive jobs: one holder at a time, not too often, and a dead holder does not keep a job for ever."""

import threading
from datetime import timedelta

import pytest
from django.db import connection

from tenants import clock
from tenants.models import PeriodicRun

EVERY, HOLD = timedelta(seconds=10), timedelta(seconds=60)


def take(holder, **given):
    return PeriodicRun.take("sweep", holder, **{"every": EVERY, "hold": HOLD} | given)


@pytest.mark.django_db
def test_a_free_job_is_taken_once():
    assert take("one")
    assert not take("two")
    assert PeriodicRun.objects.get(name="sweep").holder == "one"


@pytest.mark.django_db
def test_a_job_given_back_waits_for_its_turn():
    now = clock.now()
    with clock.frozen(now):
        assert take("one")
        PeriodicRun.give_back("sweep", "one")
        assert not take("two")
    with clock.frozen(now + EVERY):
        assert take("two")


@pytest.mark.django_db
def test_a_holder_that_died_is_replaced_when_its_time_is_over():
    now = clock.now()
    with clock.frozen(now):
        assert take("dead")
    with clock.frozen(now + HOLD):
        assert not take("two")
    with clock.frozen(now + HOLD + timedelta(seconds=1)):
        assert take("two")


@pytest.mark.django_db
def test_a_late_holder_does_not_give_back_what_is_anothers():
    now = clock.now()
    with clock.frozen(now):
        take("late")
    with clock.frozen(now + HOLD + timedelta(seconds=1)):
        take("two")
        PeriodicRun.give_back("sweep", "late")
        assert PeriodicRun.objects.get(name="sweep").holder == "two"


@pytest.mark.django_db
def test_jobs_do_not_hinder_each_other():
    assert take("one")
    assert PeriodicRun.take("housekeeping", "one", every=EVERY, hold=HOLD)


@pytest.mark.django_db(transaction=True)
def test_two_schedulers_at_the_same_moment_are_one():
    """Twenty rounds of four that all want it at once."""
    now, wins = clock.now(), []

    def want(together, number):
        try:
            together.wait(30)
            if take(f"{number}"):
                wins.append(number)
        finally:
            connection.close()

    for round_number in range(20):
        together = threading.Barrier(4)
        with clock.frozen(now + round_number * 2 * HOLD):
            threads = [threading.Thread(target=want, args=(together, number)) for number in range(4)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        assert len(wins) == round_number + 1


@pytest.mark.django_db
def test_a_job_that_is_not_finished_is_due_again_at_once():
    now = clock.now()
    with clock.frozen(now):
        assert take("one")
        PeriodicRun.give_back("sweep", "another", unfinished=True)
        assert not take("two")
        PeriodicRun.give_back("sweep", "one", unfinished=True)
        assert take("two")
