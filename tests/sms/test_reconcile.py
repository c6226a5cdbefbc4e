"""Texts of unknown outcome, and those without news: many at once, and what follows when Twilio does not have one."""

from datetime import timedelta
from typing import Any

import pytest

from sms import reconcile, reports
from sms.models import Attempt, Configuration, Message
from sms.models.configurations import UnknownPolicy
from sms.queueing import send_loop
from sms.twilio import history
from sms.twilio.history import SentText
from tenants import clock
from tests.factories import THEIR_NUMBER
from tests.sms.conftest import World, fresh, later


def search_at(*seconds: float) -> None:
    """Search at some moments after now, as the job would."""
    for moment in seconds:
        with later(moment):
            reconcile.search_unknown()


def no_single_list(*arguments: Any) -> Any:
    raise AssertionError("One list for each text: that takes too long when there are many.")


# --- Many at once ---


@pytest.fixture
def many(world: World) -> list[Message]:
    """Texts to 24 phones that Twilio has, and whose answers were lost."""
    world.fault("drop_callbacks")
    world.fault("reset_after_accept")
    found = [world.queue(f"Text {n % 3}", to=f"+120255502{n:02}") for n in range(24)]
    send_loop.work()
    world.sandbox.control("DELETE", "/faults")
    assert {message.state for message in Message.objects.all()} == {"unknown"}
    return found


def test_many_unknown_texts_are_found_in_one_list(
    world: World, many: list[Message], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(history, "sent_to", no_single_list)
    monkeypatch.setattr(history, "LARGEST_PAGE", 7)
    with later(30):
        assert reconcile.search_unknown() == 24
    for message in many:
        (made,) = world.created(message)
        assert (fresh(message).state, fresh(message).provider_sid) == ("accepted", made["sid"])


def test_texts_beyond_the_end_of_a_very_long_list_are_looked_up_by_themselves(
    world: World, many: list[Message], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(history, "LARGEST_PAGE", 5)
    monkeypatch.setattr(reconcile, "_PAGES", 2)
    Attempt.objects.update(posting_at=clock.now() - timedelta(seconds=1000))
    with later(30):
        assert reconcile.search_unknown() == 20
        assert reconcile.search_unknown() == 0
    assert not Attempt.objects.filter(missed_at__isnull=False).exists()
    with later(91):
        assert reconcile.search_unknown() == 4
    assert {fresh(message).state for message in many} == {"accepted"}


def test_while_twilio_cannot_be_reached_all_wait_by_one_question(
    world: World, many: list[Message], settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def page(*arguments: Any, **options: Any) -> Any:
        asked.append("page")
        raise history.TwilioUnreachable("away")

    monkeypatch.setattr(history, "page", page)
    with later(30):
        assert reconcile.search_unknown() == 0
        assert reconcile.search_unknown() == 0
        assert asked == ["page"]
        assert not Message.objects.filter(due_at__lte=clock.now()).exists()
    monkeypatch.undo()
    with later(30 + 61):
        assert reconcile.search_unknown() == 24


def test_a_text_of_the_same_words_is_bound_once(world: World) -> None:
    world.fault("drop_callbacks")
    world.fault("reset_after_accept", count=1)
    taken = world.send("Hello")
    world.fault("reset_before", count=1)
    lost = world.send("Hello")
    for number in range(12):
        world.fault("reset_after_accept", count=1)
        world.send("Other", to=f"+120255502{number:02}")
    with later(30):
        assert reconcile.search_unknown() == 13
    assert (fresh(taken).state, fresh(lost).state) == ("accepted", "unknown")


# --- What Twilio does not have ---


@pytest.fixture
def lost(world: World) -> Message:
    """A text that Twilio never got, for all that we know at first."""
    world.fault("reset_before", count=1)
    message = world.send()
    assert message.state == "unknown"
    return message


def resend(world: World) -> None:
    Configuration.objects.update(unknown_policy=UnknownPolicy.REQUEUE)


def test_by_default_a_text_that_is_not_there_waits_for_a_person(world: World, lost: Message) -> None:
    search_at(30, 910, 1220, 5000)
    assert (fresh(lost).state, fresh(lost).state_reason) == ("unknown", "Not in Twilio's list of messages")
    assert world.created(lost) == []


def test_absence_takes_two_lists_late_and_apart(world: World, lost: Message) -> None:
    resend(world)
    search_at(30, 100, 400, 910)
    assert (fresh(lost).state, fresh(lost).state_reason) == ("unknown", "No clear answer from Twilio")
    search_at(1000, 1100, 1200)
    assert fresh(lost).state == "unknown"
    search_at(1220)
    assert fresh(lost).state == "queued"


def test_where_it_is_wanted_a_text_that_is_not_there_is_sent_again_once(world: World, lost: Message) -> None:
    resend(world)
    search_at(910, 1220)
    with later(1230):
        send_loop.work()
    message = fresh(lost)
    assert (message.state, message.attempt_count, len(world.created(lost))) == ("accepted", 2, 1)
    first, second = message.attempts.all()
    assert (first.outcome, second.outcome) == ("not_sent", "accepted")
    assert "Twice not in Twilio's list" in first.note
    entry = world.cast.acme.audit_entries.get(action="sms.message.sent_again")
    assert entry.changes["reason"] == "absent"


def test_a_stale_list_proves_nothing(world: World) -> None:
    resend(world)
    world.send("Earlier")
    world.fault("reset_before", count=1)
    message = world.send()
    world.fault("list_lag", seconds=36_000, match={"account": world.account["sid"], "operation": "list"})
    search_at(910, 1220, 4000)
    assert (fresh(message).state, message.attempts.get().missed_at) == ("unknown", None)
    world.sandbox.control("DELETE", "/faults")
    search_at(8000, 12_000)
    assert fresh(message).state == "queued"


def test_a_list_that_cannot_be_read_is_no_second_look(world: World, lost: Message) -> None:
    resend(world)
    search_at(910)
    world.fault("http_500_before", match={"account": world.account["sid"], "operation": "list"})
    search_at(1220, 2000)
    assert fresh(lost).state == "unknown"


def test_a_text_whose_time_is_over_is_not_sent_again(world: World, lost: Message) -> None:
    resend(world)
    Message.objects.update(expires_at=clock.now() + timedelta(seconds=1000))
    search_at(910, 1220)
    assert (fresh(lost).state, fresh(lost).state_reason) == ("unknown", "Not in Twilio's list of messages")


def test_a_report_that_comes_first_is_not_overrun(world: World, lost: Message) -> None:
    resend(world)
    search_at(910)
    stale = Attempt.objects.select_related("message", "configuration").get()
    said = SentText("SM" + "b" * 32, world.account["sid"], "sent", "", "Hello", 0, clock.now())
    reports.apply_report(
        world.cast.acme.id, history.as_report(said), message_id=lost.pk, attempt_number=1, source="callback"
    )
    assert not reconcile._send_anew(stale)
    assert fresh(lost).state == "accepted"


# --- Silent texts ---


def test_many_silent_texts_are_asked_about_by_one_list(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.fault("drop_callbacks")
    for number in range(24):
        world.queue(to=f"+120255502{number:02}")
    send_loop.work()
    world.sandbox.wait_quiet()
    monkeypatch.setattr(history, "find", no_single_list)
    monkeypatch.setattr(history, "LARGEST_PAGE", 7)
    with later(700):
        assert reconcile.ask_silent() == 24
        assert reconcile.ask_silent() == 0
    assert set(Message.objects.values_list("provider_status", "due_at")) == {("delivered", None)}


def test_texts_that_the_list_does_not_show_go_on_by_the_ladder(world: World) -> None:
    world.fault("drop_callbacks")
    for number in range(24):
        world.queue(to=f"+120255502{number:02}")
    send_loop.work()
    world.sandbox.wait_quiet()
    client = world.sandbox.client(world.account["sid"], world.account["auth_token"])
    for message in Message.objects.all():
        client.messages(message.provider_sid).delete()
    for seconds in (700, 3700, 22_000, 90_000, 260_000):
        with later(seconds):
            assert reconcile.ask_silent() == 24
            assert reconcile.ask_silent() == 0
    assert set(Message.objects.values_list("state", "due_at")) == {("accepted", None)}


def test_a_report_that_ends_a_text_while_it_is_asked_about_stands(world: World) -> None:
    world.fault("drop_callbacks")
    message = world.send(to=THEIR_NUMBER)
    world.sandbox.wait_quiet()
    stale = fresh(message)
    with later(700):
        reconcile.ask_silent()
        reconcile._asked(stale, None)
    assert (fresh(message).provider_status, fresh(message).due_at) == ("delivered", None)
