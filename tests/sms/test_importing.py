"""What no webhook brought is found in Twilio's list: once, in full, however the reading goes. The sandbox lists it."""

from datetime import timedelta
from typing import Any

import pytest

from sms import inbound, retention
from sms.lists import importing
from sms.models import Configuration, ImportCursor, Message, TwilioAccount
from sms.twilio import history
from sms.webhooks import payloads
from tenants import audit, clock
from tests.factories import OUR_NUMBER, THEIR_NUMBER
from tests.sandbox.harness import Answer
from tests.sms.conftest import World, later
from tests.sms.import_scene import HOUR, bodies, cursor, read_all, text

pytestmark = pytest.mark.usefixtures("longer_held")


# --- One text ---


def test_a_text_that_no_webhook_brought_is_found_and_routed(world: World) -> None:
    sid = text(world, ago_seconds=3000)
    assert importing.work() == 1
    message = Message.objects.get(provider_sid=sid)
    assert (message.source, message.body, message.their_address) == ("reconciled", "Hello", THEIR_NUMBER)
    assert message.configuration == world.cast.configuration
    assert timedelta(seconds=2990) < clock.now() - message.occurred_at < timedelta(seconds=3060)
    assert inbound.work() == 1
    message.refresh_from_db()
    assert message.number == world.cast.number
    assert message.conversation is not None


def test_reading_again_takes_nothing_twice(world: World) -> None:
    text(world)
    assert read_all() == 1
    with later(2 * HOUR):
        assert read_all() == 0
    assert Message.objects.count() == 1


def test_a_webhook_that_failed_and_comes_again_stores_no_second_text(world: World) -> None:
    world.receiver.usual = Answer(500)
    client = world.sandbox.client(world.account["sid"], world.account["auth_token"])
    number = client.incoming_phone_numbers.list(phone_number=OUR_NUMBER)[0]
    number.update(sms_url=f"{world.receiver.url}/in")
    sid = text(world)
    assert read_all() == 1
    form = payloads.decode_form(world.receiver.requests[0].body)
    again = payloads.parse_message(form)
    assert again.message_sid == sid
    assert not inbound.accept(
        again, tenant_id=world.cast.acme.id, configuration_id=world.cast.configuration.id, raw=b""
    )


def test_files_stand_as_the_webhook_would_have_named_them(world: World) -> None:
    files = [{"content_type": "image/png", "base64": "AAAA"}, {"content_type": "text/vcard", "base64": "AAAA"}]
    client = world.sandbox.client(world.account["sid"], world.account["auth_token"])
    number = client.incoming_phone_numbers.list(phone_number=OUR_NUMBER)[0]
    number.update(sms_url=f"{world.receiver.url}/in")
    text(world, "Look", media=files)
    assert read_all() == 1
    form = world.receiver.requests[0].form
    assert Message.objects.get().media == [
        {"url": form[f"MediaUrl{n}"], "content_type": form[f"MediaContentType{n}"]} for n in (0, 1)
    ]


def test_a_text_whose_files_cannot_be_listed_waits_for_them(world: World) -> None:
    text(world, "Look", media=[{"content_type": "image/png", "base64": "AAAA"}])
    world.fault("http_500_before", match={"account": world.account["sid"], "operation": "media"}, count=1)
    assert importing.work() == 0
    assert not Message.objects.exists()
    assert (cursor(world).cursor, cursor(world).error) == (None, "unreachable")
    with later(60):
        assert importing.work() == 1
    assert len(Message.objects.get().media) == 1


PICTURE = [{"content_type": "image/png", "base64": "AAAA"}]


def test_what_was_stored_of_a_page_stays_when_the_rest_cannot_be_read(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importing, "_CHUNK", 2)
    for number in range(5):
        text(world, f"{number}", media=PICTURE, ago_seconds=60 - number)
    asked: list[int] = []
    media_of = history.media_of

    def sometimes(account: TwilioAccount, sids: Any) -> Any:
        asked.append(len(sids))
        if len(asked) == 2:
            raise history.TwilioUnreachable("away")
        return media_of(account, sids)

    monkeypatch.setattr(history, "media_of", sometimes)
    importing.work()
    assert (bodies(), cursor(world).cursor) == (["0", "1"], None)
    with later(60):
        read_all()
    assert bodies() == ["0", "1", "2", "3", "4"]
    assert asked == [2, 2, 2, 1]


def test_the_files_of_an_erased_text_are_not_asked_for(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    text(world, media=PICTURE)
    assert read_all() == 1
    retention.delete_messages(Message.objects.all())
    ImportCursor.objects.update(due_at=clock.now())

    def ask(*arguments: Any) -> Any:
        raise AssertionError("This text was erased.")

    monkeypatch.setattr(history, "media_of", ask)
    assert read_all() == 0
    assert cursor(world).error == ""


def test_an_erased_text_is_not_found_again(world: World) -> None:
    text(world, ago_seconds=3 * HOUR)
    assert read_all() == 1
    retention.delete_messages(Message.objects.all())
    with later(2 * HOUR):
        assert read_all() == 0
    assert not Message.objects.exists()


def test_a_text_without_a_date_of_sending_counts_by_the_day_it_was_made(world: World) -> None:
    text(world, undated=True, ago_seconds=7000)
    assert read_all() == 1
    assert clock.now() - Message.objects.get().occurred_at > timedelta(seconds=6900)


def test_texts_that_we_sent_are_no_received_ones(world: World) -> None:
    world.send()
    world.sandbox.wait_quiet()
    assert read_all() == 0
    assert cursor(world).skipped == 0


def test_a_text_for_a_disabled_configuration_is_held(world: World) -> None:
    Configuration.objects.update(enabled=False)
    text(world)
    assert read_all() == 1
    assert Message.objects.get().state == "held"


# --- Windows, pages, leases ---


def test_the_cursor_moves_only_when_the_whole_window_was_read(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history, "LARGEST_PAGE", 4)
    monkeypatch.setattr(importing, "_PAGES_IN_A_TURN", 1)
    for number in range(10):
        text(world, f"{number}", ago_seconds=600 - number)
    began = clock.now()
    assert importing.work() == 4
    assert (cursor(world).cursor, bool(cursor(world).next_page)) == (None, True)
    assert read_all() == 6
    assert bodies() == [f"{number}" for number in range(10)]
    moved, left = cursor(world).cursor, cursor(world).next_page
    assert moved is not None
    assert began <= moved <= clock.now()
    assert left == ""


def test_a_crash_between_a_page_and_the_cursor_is_made_good(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    text(world)
    save = importing._save

    def dies(row: ImportCursor, **changes: Any) -> None:
        if "next_page" in changes:
            raise KeyboardInterrupt
        save(row, **changes)

    monkeypatch.setattr(importing, "_save", dies)
    with pytest.raises(KeyboardInterrupt):
        importing.work()
    assert Message.objects.count() == 1
    assert cursor(world).cursor is None
    monkeypatch.undo()
    assert read_all() == 0
    assert cursor(world).cursor is not None
    assert Message.objects.count() == 1


def test_a_list_that_lags_is_overlapped(world: World) -> None:
    assert read_all() == 0
    world.fault("list_lag", seconds=600, match={"account": world.account["sid"], "operation": "list"})
    text(world)
    with later(2 * HOUR):
        assert read_all() == 0
    world.sandbox.control("DELETE", "/faults")
    with later(4 * HOUR):
        assert read_all() == 1


def test_a_server_that_was_away_for_days_gets_every_text(world: World) -> None:
    read_all()
    ImportCursor.objects.update(cursor=clock.now() - timedelta(days=5), full_at=clock.now(), due_at=clock.now())
    for days in (5, 3, 1):
        text(world, f"{days}", ago_seconds=days * 86_400)
    assert read_all() == 3


def test_each_night_the_last_seven_days_are_read_again(world: World) -> None:
    read_all()
    text(world, "five days", ago_seconds=5 * 86_400)
    with later(2 * HOUR):
        assert read_all() == 0
    with later(25 * HOUR):
        assert read_all() == 1


def test_two_workers_never_read_one_list_at_a_time(world: World) -> None:
    importing.work()
    ImportCursor.objects.update(due_at=clock.now())
    row = importing._take(set())
    assert row is not None
    assert importing._take(set()) is None
    with later(importing._LEASE_SECONDS + 1):
        other = importing._take(set())
        assert other is not None
        with pytest.raises(importing._TakenOver):
            importing._save(row, next_page="x")
        importing._save(other, next_page="")


def test_a_configuration_that_is_gone_is_not_asked_for(world: World) -> None:
    read_all()
    Configuration.objects.update(deleted_at=clock.now())
    ImportCursor.objects.update(due_at=clock.now())
    world.sandbox.fault("http_429", match={"operation": "list"})
    assert importing.work() == 0
    assert cursor(world).error == ""


# --- As far back as a person asks ---


def test_a_person_may_have_texts_read_from_a_day_on(world: World) -> None:
    read_all()
    text(world, "long ago", ago_seconds=30 * 86_400)
    text(world, "longer ago", ago_seconds=50 * 86_400)
    since = clock.now() - timedelta(days=40)
    importing.read_since(audit.Actor(label="alice"), world.cast.configuration, since)
    assert read_all() == 1
    assert bodies() == ["long ago"]
    row = cursor(world)
    assert (row.wanted_since, row.back_from, row.back_reached) == (None, None, since)
    assert world.cast.acme.audit_entries.filter(action="sms.import.ordered").exists()


def test_a_long_reading_goes_on_where_it_stopped(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    read_all()
    for days in range(30, 20, -1):
        text(world, f"{days}", ago_seconds=days * 86_400)
    monkeypatch.setattr(history, "LARGEST_PAGE", 3)
    monkeypatch.setattr(importing, "_PAGES_IN_A_TURN", 1)
    importing.read_since(audit.PORTAL, world.cast.configuration, clock.now() - timedelta(days=60))
    turns = 0
    while cursor(world).wanted_since and turns < 20:
        importing.work()
        turns += 1
    assert turns == 4
    assert len(bodies()) == 10
