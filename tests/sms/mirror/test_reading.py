"""Accounts read from the sandbox: what they hold, what left them, and a reading that stops and goes on."""

import pytest

from sms import connect_work
from sms.mirror import keeping, reading
from sms.models import AccountReading, Configuration, PhoneNumber
from sms.twilio.errors import Problem, TwilioProblem
from sms.twilio.numbers import WEBHOOK_FIELDS, AccountNumber
from tenants import clock, secrets
from tests.factories import OUR_NUMBER, OUR_SECOND_NUMBER, make_account, make_configuration, make_trunk
from tests.sms.conftest import later
from tests.sms.mirror.scene import FREE, forget, give_token, make_scene, small_pages

DAY = 86_400


@pytest.fixture
def scene(cast, running_sandbox, settings, hinted):
    settings.SANDBOX_URL = running_sandbox.url
    yield make_scene(cast, running_sandbox)
    forget(running_sandbox)


def state(scene):
    return AccountReading.objects.get(account=scene.account)


# --- What is read ---


def test_numbers_come_with_what_they_can_and_where_their_texts_go(scene):
    scene.own("+18005550123", capabilities={"sms": True, "mms": False, "voice": True}, sms_url="https://else.example/x")
    reading.read_now(scene.account)
    assert scene.there == ["+12025550101", "+12025550102", FREE, "+18005550123"]
    free = scene.kept("+18005550123")
    assert (free.kind, free.sms, free.mms, free.voice) == ("toll_free", True, False, True)
    assert (free.sms_url, free.sms_method, free.service) == ("https://else.example/x", "POST", None)
    assert (state(scene).done, state(scene).part, state(scene).problem) == (4, "", "")
    assert state(scene).finished_at is not None


def test_services_come_with_their_numbers_and_a_number_that_moves_is_in_one(scene):
    first = scene.service(
        OUR_NUMBER, OUR_SECOND_NUMBER, friendly_name="One", inbound_request_url="https://one.example/"
    )
    second = scene.service(friendly_name="Two")
    reading.read_now(scene.account)
    one = scene.account.services.get(sid=first)
    assert (one.friendly_name, one.inbound_request_url) == ("One", "https://one.example/")
    assert {number.e164 for number in one.numbers.all()} == {OUR_NUMBER, OUR_SECOND_NUMBER}
    scene.move(OUR_NUMBER, second)
    scene.move(OUR_SECOND_NUMBER)
    reading.read_now(scene.account)
    assert scene.kept(OUR_NUMBER).service.sid == second
    assert scene.kept(OUR_SECOND_NUMBER).service is None


def test_a_service_that_was_deleted_is_gone_and_its_numbers_are_free(scene):
    sid = scene.service(OUR_NUMBER, friendly_name="One")
    reading.read_now(scene.account)
    scene.sandbox.control("DELETE", f"/services/{sid}")
    reading.read_now(scene.account)
    assert scene.account.services.get(sid=sid).gone_at is not None
    assert scene.kept(OUR_NUMBER).service is None


def test_a_number_that_left_is_gone_and_comes_back_when_seen_again(scene):
    reading.read_now(scene.account)
    seen = scene.kept(FREE)
    scene.release(FREE)
    reading.read_now(scene.account)
    assert scene.kept(FREE).gone_at is not None
    assert FREE not in scene.there
    # Moved away to another account and back, it has its SID again.
    webhook = dict.fromkeys(WEBHOOK_FIELDS, "")
    keeping.numbers(scene.account, [AccountNumber(seen.sid, FREE, "", sms=True, mms=True, webhook=webhook)])
    seen.refresh_from_db()
    assert seen.gone_at is None


# --- The pools ---


def test_numbers_of_the_pool_are_verified_and_lose_it_when_the_account_loses_them(scene):
    held = PhoneNumber.objects.filter(e164__in=[OUR_NUMBER, OUR_SECOND_NUMBER]).order_by("e164")
    reading.read_now(scene.account)
    assert all(number.verified_at for number in held.all())
    scene.release(OUR_SECOND_NUMBER)
    reading.read_now(scene.account)
    assert [bool(number.verified_at) for number in held.all()] == [True, False]


def test_an_account_speaks_only_for_the_pools_it_is_joined_with(cast, scene):
    stranger = make_account(cast.globex, sid=scene.issued["sid"], auth_token=scene.issued["auth_token"])
    trunk = make_trunk("Globex", tenant=cast.globex)
    make_configuration(cast.globex, trunk, stranger)
    reading.read_now(stranger)
    assert not PhoneNumber.objects.exclude(verified_at=None).exists()
    reading.read_now(scene.account)
    assert PhoneNumber.objects.exclude(verified_at=None).count() == 2


def test_a_number_in_another_account_of_the_tenant_stays_verified(cast, scene):
    other = scene.sandbox.account(friendly_name="Other")
    reading.read_now(scene.account)
    scene.release(OUR_NUMBER)
    scene.sandbox.number(other, OUR_NUMBER)
    second = make_account(cast.acme, sid=other["sid"], auth_token=other["auth_token"])
    Configuration.objects.create(tenant=cast.acme, trunk=cast.trunk, account=second, name="Second")
    reading.read_now(second)
    reading.read_now(scene.account)
    assert PhoneNumber.objects.get(e164=OUR_NUMBER).verified_at is not None


# --- Page by page, stopped and resumed ---


def test_a_reading_that_stops_goes_on_where_it_was(scene, monkeypatch):
    for digit in range(4):
        scene.own(f"+1202555080{digit}")
    with small_pages(monkeypatch):
        turns = iter([False, False, True])
        assert reading.work(lambda: next(turns, True)) == 1
        assert (state(scene).part, state(scene).done, len(scene.there)) == ("numbers", 2, 2)
        assert state(scene).next_page.startswith("https://api.twilio.com/")
        assert reading.work() > 0
    assert (state(scene).part, state(scene).done, len(scene.there)) == ("", 7, 7)
    assert state(scene).lease_until is None


def test_what_is_being_read_is_left_alone_until_its_reader_is_gone(scene):
    reading.ask(scene.account)
    assert reading._take(set()) is not None
    assert reading.work() == 0
    with later(3600):
        assert reading.work() > 0
    assert scene.there


def test_a_reader_that_was_taken_over_undoes_its_last_page(scene):
    reading.ask(scene.account)
    slow = reading._take(set())
    with later(3600):
        quick = reading._take(set())
        assert quick is not None
        assert reading._turn(slow, lambda: False) == 0
        assert not scene.there
        assert reading._turn(quick, lambda: False) > 0
    assert scene.there


def test_a_next_page_of_another_account_is_not_followed(scene):
    reading.ask(scene.account)
    stranger = "https://api.twilio.com/2010-04-01/Accounts/AC" + "0" * 32 + "/IncomingPhoneNumbers.json?Page=1"
    AccountReading.objects.update(part="numbers", next_page=stranger, started_at=clock.now())
    assert reading.work() == 0
    assert state(scene).problem
    # The list is read from its top again.
    assert state(scene).next_page == ""
    with later(3600):
        reading.work()
    assert len(scene.there) == 3
    assert state(scene).problem == ""


# --- When something is wrong ---


def test_a_refused_token_is_said_and_tried_again_rarely_until_it_is_mended(scene):
    reading.read_now(scene.account)
    give_token(scene.account, "f" * 32)
    with pytest.raises(TwilioProblem) as raised:
        reading.read_now(scene.account)
    assert raised.value.kind == Problem.REFUSED
    assert "refused" in state(scene).problem
    assert state(scene).failures == 1
    # Nothing is concluded from a list that was not read.
    assert len(scene.there) == 3
    with later(60):
        assert reading.work() == 0
    give_token(scene.account, scene.issued["auth_token"])
    reading.ask(scene.account)
    assert reading.work() > 0
    assert (state(scene).problem, state(scene).failures) == ("", 0)


def test_while_twilio_is_away_each_try_waits_longer(scene, settings):
    url, settings.SANDBOX_URL = settings.SANDBOX_URL, "http://127.0.0.1:9"
    reading.ask(scene.account)
    reading.work()
    first = state(scene)
    assert first.failures == 1
    with later(40):
        reading.work()
        second = state(scene)
    assert second.failures == 2
    assert second.due_at - first.due_at > first.due_at - first.started_at
    settings.SANDBOX_URL = url
    with later(3600):
        reading.work()
        assert (state(scene).problem, len(scene.there)) == ("", 3)
        # A reading that failed on its way is not begun anew at once.
        assert state(scene).due_at > state(scene).finished_at


def test_a_key_that_may_not_read_services_reads_the_numbers_and_says_so(scene):
    scene.sandbox.fault("error_code", code=20003, count=9, match={"operation": "services"})
    reading.ask(scene.account)
    reading.work()
    assert len(scene.there) == 3
    assert "Messaging Services" in state(scene).problem
    assert state(scene).part == ""
    assert state(scene).due_at > state(scene).finished_at


def test_an_account_that_is_to_be_slow_is_left_alone(scene):
    scene.account.slow_until = scene.account.created_at.replace(year=2999)
    scene.account.save()
    reading.ask(scene.account)
    assert reading.work() == 0


# --- When it is read ---


def test_accounts_in_use_are_read_by_the_task_once_a_day(scene):
    make_account(scene.cast.globex)
    connect_work.work()
    assert AccountReading.objects.count() == 1
    assert len(scene.there) == 3
    scene.own("+12025550888")
    assert reading.work() == 0
    with later(DAY + 60):
        assert reading.work() > 0
    assert len(scene.there) == 4


def test_who_asks_while_a_reading_is_under_way_gets_one_more(scene, monkeypatch):
    with small_pages(monkeypatch):
        turns = iter([False, False, True])
        reading.work(lambda: next(turns, True))
        reading.ask(scene.account)
        reading.work()
        assert state(scene).due_at <= state(scene).finished_at
        # One that is due like that is read once more, and then tomorrow.
        reading.work()
        assert state(scene).due_at > state(scene).finished_at


def test_an_api_key_reads_as_the_token_does(scene):
    path = f"/accounts/{scene.issued['sid']}/keys"
    key = scene.sandbox.control("POST", path, {"kind": "standard"})
    scene.account.api_key_sid = key["sid"]
    secrets.seal(scene.account, "api_key_secret", key["secret"])
    give_token(scene.account, "f" * 32)
    reading.read_now(scene.account)
    assert len(scene.there) == 3
