"""When Twilio's list is read: sooner after trouble, later while it cannot be, often where no webhook can come."""

from datetime import timedelta
from typing import Any

import pytest

from sms import sweeps
from sms.lists import import_signs, importing
from sms.models import Configuration, ImportCursor, Message, RefusedRequest
from sms.setup import configuring, credentials
from sms.twilio import history
from tenants import audit, clock
from tenants.models import PeriodicRun
from tests import factories
from tests.sms.conftest import World, later
from tests.sms.import_scene import HOUR, bodies, cursor, read_all, text

pytestmark = pytest.mark.usefixtures("longer_held")


# --- When it does not work, and when to look sooner ---


@pytest.mark.parametrize(
    ("kind", "status", "error"),
    [("http_429", None, "busy"), ("http_500_before", None, "unreachable"), ("error_code", 401, "refused")],
)
def test_a_list_that_cannot_be_read_concludes_nothing(world: World, kind: str, status: int | None, error: str) -> None:
    read_all()
    before = cursor(world).cursor
    text(world)
    world.fault(
        kind,
        match={"account": world.account["sid"], "operation": "list"},
        **({"status": status, "code": 20003} if status else {}),
    )
    with later(2 * HOUR):
        assert importing.work() == 0
        row = cursor(world)
        assert (row.cursor, row.error, row.failures) == (before, error, 1)
        assert row.due_at is not None
        assert row.due_at > clock.now()
        assert importing.work() == 0
        assert cursor(world).failures == 1
    world.sandbox.control("DELETE", "/faults")
    with later(3 * HOUR):
        assert importing.work() == 1
        assert (cursor(world).error, cursor(world).failures) == ("", 0)


def test_the_pause_grows_while_twilio_cannot_be_reached(world: World, settings: Any) -> None:
    settings.SANDBOX_URL = "http://127.0.0.1:9"
    pauses = []
    for _ in range(6):
        ImportCursor.objects.update(due_at=clock.now())
        importing.work()
        due = cursor(world).due_at
        assert due is not None
        pauses.append(round((due - clock.now()).total_seconds(), -1))
    assert pauses == [30, 60, 120, 300, 900, 900]


def test_new_credentials_are_tried_at_once(world: World) -> None:
    read_all()
    ImportCursor.objects.update(error="refused", failures=9, due_at=clock.now() + timedelta(hours=1))
    credentials.replace_token(audit.PORTAL, world.cast.account, "f" * 32)
    row = cursor(world)
    assert (row.error, row.failures, row.trouble) == ("", 0, "credentials")
    assert row.due_at is not None
    assert row.due_at <= clock.now()


def test_a_pause_of_the_portal_itself_makes_every_list_due(world: World) -> None:
    read_all()
    assert not ImportCursor.objects.filter(due_at__lte=clock.now()).exists()
    PeriodicRun.objects.filter(name="sms.lists.seen").update(last_run=clock.now() - timedelta(minutes=10))
    text(world)
    assert importing.work() == 1
    row = cursor(world)
    assert row.trouble == "outage"
    assert row.due_at is not None
    assert timedelta(minutes=4) < row.due_at - clock.now() < timedelta(minutes=6)
    with later(HOUR):
        PeriodicRun.objects.filter(name="sms.lists.seen").update(last_run=clock.now())
        read_all()
        due = cursor(world).due_at
        assert due is not None
        assert due - clock.now() > timedelta(minutes=50)


def test_until_twilio_has_called_once_the_list_is_read_every_five_minutes(world: World) -> None:
    for signed, minutes in ((None, 5), (clock.now(), 60)):
        Configuration.objects.update(signed_at=signed)
        ImportCursor.objects.update(due_at=clock.now())
        read_all()
        due = cursor(world).due_at
        assert due is not None
        assert round((due - clock.now()).total_seconds() / 60) == minutes


def test_a_burst_of_refused_signatures_makes_the_list_due(world: World) -> None:
    read_all()
    for _ in range(3):
        RefusedRequest.objects.create(
            tenant=world.cast.acme,
            configuration=world.cast.configuration,
            reason="bad_signature",
            signed_url="x",
            method="POST",
        )
    text(world)
    assert importing.work() == 1
    assert cursor(world).trouble == "signatures"
    due = cursor(world).due_at
    import_signs.look_out()
    assert cursor(world).due_at == due


@pytest.mark.parametrize("sign", [import_signs.note_start, lambda: import_signs.note_trouble(import_signs.SPOOL)])
def test_a_web_server_that_comes_back_and_a_spool_that_was_used_make_every_list_due(world: World, sign: Any) -> None:
    read_all()
    sign()
    due = cursor(world).due_at
    assert due is not None
    assert due <= clock.now()
    read_all()
    sign()
    due = cursor(world).due_at
    assert due is not None
    assert due > clock.now()


def test_one_account_that_is_refused_keeps_no_other_from_its_texts(world: World) -> None:
    bad = factories.make_account(world.cast.globex, sid="AC5a4db0c55a4d" + "9" * 20)
    factories.make_configuration(world.cast.globex, world.cast.trunk, bad, name="Bad")
    text(world)
    assert importing.work() == 1
    assert ImportCursor.objects.get(account=bad).error == "refused"


# --- Without a public address ---


@pytest.fixture
def polled(world: World, settings: Any) -> World:
    """Twilio cannot reach the portal: it has no address at all."""
    settings.LOCAL_BASE_URL = settings.PUBLIC_BASE_URL = ""
    read_all()
    return world


def test_without_an_address_texts_come_within_thirty_seconds(polled: World) -> None:
    due = cursor(polled).due_at
    assert due is not None
    assert due - clock.now() <= timedelta(seconds=20)
    text(polled)
    with later(20):
        assert sweeps.ask_twilio()["lists"] == 1
    assert Message.objects.get().source == "polling"


def test_without_an_address_the_list_tells_how_sent_texts_do(polled: World) -> None:
    message = polled.send()
    assert (message.state, message.provider_status) == ("accepted", "queued")
    polled.sandbox.wait_quiet()
    assert not polled.receiver.requests
    with later(20):
        importing.work()
    message.refresh_from_db()
    assert (message.provider_status, message.due_at) == ("delivered", None)


def test_a_long_reading_does_not_hold_up_the_poll(polled: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history, "LARGEST_PAGE", 1)
    monkeypatch.setattr(importing, "_PAGES_IN_A_TURN", 1)
    for days in (30, 29, 28):
        text(polled, f"{days}", ago_seconds=days * 86_400)
    importing.read_since(audit.PORTAL, polled.cast.configuration, clock.now() - timedelta(days=60))
    text(polled, "now")
    assert importing.work() >= 1
    assert "now" in bodies()
    assert cursor(polled).wanted_since is not None


def test_texts_that_the_webhook_should_have_brought_begin_polling(world: World, settings: Any) -> None:
    settings.LOCAL_BASE_URL = "http://127.0.0.1:9"
    Configuration.objects.update(signed_at=clock.now() - timedelta(hours=3))
    text(world, ago_seconds=600)
    read_all()
    found = Configuration.objects.select_related("account").get(pk=world.cast.configuration.pk)
    assert found.missed_at is not None
    assert configuring.is_polling(found)
    Configuration.objects.update(signed_at=clock.now())
    found.refresh_from_db()
    assert not configuring.is_polling(found)
