"""The rounds of a worker that sends: its pace, its end when it is told to stop, and a database that goes away."""

import os
import signal
import time
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.db import OperationalError

from sms import sending, sweeps
from sms.models import Attempt, Message, Sender
from sms.queueing import recording, send_loop
from sms.queueing.recording import Result, record
from tests.sms.conftest import World, later


def test_a_sender_keeps_its_pace(world: World) -> None:
    Sender.objects.update(rate=4)
    for n in range(5):
        world.queue(f"Number {n}")
    started = time.monotonic()
    assert send_loop.work() == 5
    assert time.monotonic() - started > 0.9


def test_a_round_that_is_told_to_stop_takes_nothing_more(world: World, hinted: list[str]) -> None:
    message = world.queue()
    hinted.clear()
    assert send_loop.work(lambda: True) == 0
    message.refresh_from_db()
    assert (message.state, hinted) == ("queued", ["send"])


def test_a_round_that_is_stopped_finishes_the_work_in_hand(world: World, settings: Any) -> None:
    settings.SEND_IN_FLIGHT = 2
    world.fault("delay", seconds=0.3)
    for n in range(4):
        world.queue(f"Number {n}")
    looks: list[bool] = []

    def after_the_second_look() -> bool:
        looks.append(True)
        return len(looks) > 2

    assert send_loop.work(after_the_second_look) == 2
    assert sorted(Message.objects.values_list("state", flat=True)) == ["accepted", "accepted", "queued", "queued"]
    assert list(Attempt.objects.values_list("outcome", flat=True).order_by("outcome")) == [
        *("accepted", "accepted", "not_sent")
    ], "what was leased beyond the places went back at once"
    assert send_loop.work() == 2


def test_a_worker_waits_for_texts_that_another_is_just_taking(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    message, claim, empty = world.queue(), sending.claim, iter([True, True])

    def beaten_twice(slots: int, *arguments: Any) -> list[Any]:
        return [] if next(empty, False) else claim(slots, *arguments)

    monkeypatch.setattr(sending, "claim", beaten_twice)
    assert send_loop.work() == 1
    message.refresh_from_db()
    assert message.state == "accepted"


def test_drain_works_without_celery(world: World) -> None:
    message = world.queue()
    out = StringIO()
    call_command("drain", stdout=out)
    message.refresh_from_db()
    assert message.state == "accepted"
    assert out.getvalue().splitlines()[0] == "spool=0 inbound=0 deliver=0 send=1"


def test_drain_keeps_looking_for_as_long_as_asked(world: World) -> None:
    started = time.monotonic()
    call_command("drain", "--seconds", "0.6", stdout=StringIO())
    assert time.monotonic() - started > 0.6


def test_drain_stops_when_it_is_asked_to(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.queue()

    def ask_to_stop() -> dict[str, int]:
        os.kill(os.getpid(), signal.SIGTERM)
        return {}

    monkeypatch.setattr(sweeps, "sweep", ask_to_stop)
    out = StringIO()
    call_command("drain", "--seconds", "60", stdout=out)
    assert out.getvalue().splitlines()[0] == "spool=0 inbound=0 deliver=0 send=0"


def test_a_database_that_is_away_loses_no_answer(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    tries: list[int] = []

    def fail_twice(results: list[Result], noted: recording.Noted) -> None:
        tries.append(len(results))
        if len(tries) < 3:
            raise OperationalError("away")
        record(results, noted)

    monkeypatch.setattr(recording, "record", fail_twice)
    assert world.send().state == "accepted"
    assert tries == [1, 1, 1]


def test_an_answer_that_cannot_be_recorded_ends_as_unknown(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*arguments: object) -> None:
        raise OperationalError("away")

    monkeypatch.setattr(recording, "record", fail)
    monkeypatch.setattr(send_loop, "_RECORD_PATIENCE", 0.1)
    message = world.send()
    assert message.state == "sending"
    with later(200):
        sweeps.end_leases()
    world.pump(message)
    assert (message.state, message.provider_status) == ("accepted", "delivered")


def test_a_database_that_is_away_ends_the_round(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*arguments: object) -> None:
        raise OperationalError("away")

    message = world.queue()
    monkeypatch.setattr(sending, "mark", away)
    monkeypatch.setattr(sending, "has_due", away)
    assert send_loop.work() == 0
    assert world.created(message) == []


def test_a_worker_that_was_frozen_before_the_post_sends_nothing(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(send_loop, "_LATEST_START", -1.0)
    message = world.queue()
    calls = iter([False, False, False])
    send_loop.work(lambda: next(calls, True))
    message.refresh_from_db()
    assert (message.state, message.attempts.get().outcome) == ("queued", "not_sent")
    assert world.created(message) == []
