"""What a text does that comes late, out of Twilio's list."""

import pytest
from django.db.models import Max

from rules.models import RuleSet
from sms import inbound, optouts
from sms.models import Message
from sms.twilio import history
from tests.factories import OUR_NUMBER, THEIR_NUMBER
from tests.sms.conftest import World
from tests.sms.import_scene import read_all, text

pytestmark = pytest.mark.usefixtures("longer_held")


def late_word(world: World, *bodies: str) -> None:
    """Let words arrive at Twilio, some minutes apart, and here only now."""
    for number, body in enumerate(bodies):
        text(world, body, ago_seconds=3000 - 300 * number)
    read_all()
    while inbound.work():
        pass


def is_out(world: World) -> bool:
    return optouts.is_opted_out(world.cast.acme, OUR_NUMBER, THEIR_NUMBER)


def test_a_late_stop_still_stops(world: World) -> None:
    late_word(world, "STOP")
    assert is_out(world)


def test_a_late_stop_that_was_taken_back_stops_nothing(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history, "LARGEST_PAGE", 1)
    late_word(world, "STOP", "START")
    assert not is_out(world)


def test_a_late_start_that_a_stop_has_followed_opens_nothing(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history, "LARGEST_PAGE", 1)
    late_word(world, "STOP", "START", "STOP")
    assert is_out(world)


def test_no_machine_answers_a_text_that_is_ten_minutes_old(world: World) -> None:
    target = {"kind": "auto_reply", "text": "We are closed."}
    rule = {"id": "b" * 32, "name": "Reply", "enabled": True, "conditions": [{"kind": "all_numbers"}]}
    RuleSet.objects.create(
        tenant=world.cast.acme,
        kind="inbound",
        version=(world.cast.acme.rule_sets.aggregate(last=Max("version"))["last"] or 0) + 1,
        document={"rules": [rule | {"targets": [target]}]},
    )
    text(world, "old", ago_seconds=700)
    text(world, "new", phone="+12025550188")
    read_all()
    inbound.work()
    replies = {message.body: message.deliveries.get().state for message in Message.objects.filter(direction="in")}
    assert replies["old"] == "skipped"
    assert replies["new"] != "skipped"
