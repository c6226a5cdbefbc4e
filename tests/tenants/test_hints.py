"""Hints may be lost at any time: requests do not wait for the broker, and the sweep finds the work."""

import threading

import pytest

from rules import usual
from sms import outbound, sweeps
from sms.models import Message
from tenants import audit, hints
from tests.factories import THEIR_NUMBER


@pytest.fixture
def broker_away(settings, tmp_path, monkeypatch):
    """A broker that is not there: its socket has no server."""
    monkeypatch.setattr(hints, "failures", 0)
    monkeypatch.setattr(hints.current_app.conf, "broker_url", f"redis+socket://{tmp_path}/kv.sock?virtual_host=0")
    monkeypatch.setattr(hints.current_app.conf, "broker_write_url", f"redis+socket://{tmp_path}/kv.sock?virtual_host=0")


def test_a_broker_that_is_away_loses_no_text(cast, broker_away):
    usual.usual_rules(audit.PORTAL, cast.acme, cast.configuration, cast.alice)
    message = outbound.send(audit.PORTAL, cast.acme, to=THEIR_NUMBER, body="Hello")
    hints._publish("send")
    assert hints.failures == 1
    assert Message.objects.get(pk=message.pk).state == "queued"


def test_nobody_waits_for_a_broker_that_hangs(monkeypatch, django_capture_on_commit_callbacks, db):
    reached, free = threading.Event(), threading.Event()

    def hang(queue: str) -> None:
        reached.set()
        free.wait(30)

    monkeypatch.setattr(hints, "_publish", hang)
    with django_capture_on_commit_callbacks(execute=True):
        hints.hint("send")
    try:
        assert reached.wait(30)
        assert not free.is_set()
    finally:
        free.set()


def test_the_sweep_finds_what_a_lost_hint_was_about(cast, broker_away, monkeypatch):
    usual.usual_rules(audit.PORTAL, cast.acme, cast.configuration, cast.alice)
    outbound.send(audit.PORTAL, cast.acme, to=THEIR_NUMBER, body="Hello")
    hinted = []
    monkeypatch.setattr(hints, "note", hinted.append)
    assert sweeps.announce_due() == 1
    assert hinted == ["send"]
