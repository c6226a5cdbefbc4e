"""A text on its way, against the sandbox: what happens when all goes well, and in each of the ways it can go wrong."""

from datetime import timedelta
from typing import Any

import pytest

from sms import inbound, outbound, reconcile
from sms.models import Attempt, Configuration, Message, OptOut, Sender, StatusEvent
from sms.queueing import breaker, send_loop
from sms.queueing.outcomes import Answer
from sms.twilio import history
from tenants import audit, clock, secrets
from tests import factories
from tests.factories import OUR_NUMBER, THEIR_NUMBER
from tests.sms.conftest import World, later, let_send


def attempt_of(message: Message) -> Attempt:
    return message.attempts.get(number=message.attempt_count)


def test_a_text_is_sent_and_delivered(world: World) -> None:
    message = world.send("Hello Carol")
    assert (message.state, message.provider_status) == ("accepted", "queued")
    [made] = world.created(message)
    attempt = attempt_of(message)
    assert (made["sid"], made["body"], made["to"]) == (message.provider_sid, "Hello Carol", THEIR_NUMBER)
    assert (attempt.phase, attempt.outcome, attempt.http_status) == ("done", "accepted", 201)
    assert attempt.posting_at is not None
    world.pump(message)
    assert (message.state, message.provider_status, message.due_at) == ("accepted", "delivered", None)
    assert [event.status for event in attempt.status_events.all()] == ["sent", "delivered"]
    assert Configuration.objects.get().last_out_at is not None


def test_the_web_server_takes_the_callbacks_it_is_sent(world: World, live_server: Any, settings: Any) -> None:
    settings.LOCAL_BASE_URL = live_server.url
    message = world.send()
    world.sandbox.wait_quiet()
    assert inbound.work()
    message.refresh_from_db()
    assert message.provider_status == "delivered"
    assert {entry["status"] for entry in world.sandbox.journal("webhook") if message.id.hex in entry["url"]} == {200}


def test_many_texts_go_out_at_once_and_each_only_once(world: World, settings: Any) -> None:
    settings.SEND_IN_FLIGHT = 20
    messages = [world.queue(f"Number {n}") for n in range(60)]
    assert send_loop.work() == 60
    made = [len(world.created(message)) for message in messages]
    assert made == [1] * 60
    assert {message.state for message in Message.objects.all()} == {"accepted"}


def test_what_is_left_of_a_texts_life_is_sent_along(world: World, settings: Any) -> None:
    settings.SEND_VALIDITY_SECONDS = 600
    message = world.send()
    [made] = world.created(message)
    assert 590 <= int(made["validity_period"]) <= 600


@pytest.mark.parametrize(
    "fault",
    ["timeout_after_accept", "reset_after_accept", "http_500_after_accept", "bad_json"],
)
def test_a_lost_answer_is_unknown_until_a_report_binds_it(
    world: World, monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    monkeypatch.setattr("sms.twilio.client.DEADLINE_SECONDS", 1.0)
    world.fault(fault, count=1, seconds=2)
    message = world.send()
    assert (message.state, attempt_of(message).outcome, message.provider_sid) == ("unknown", "ambiguous", "")
    world.pump(message)
    assert (message.state, message.provider_status) == ("accepted", "delivered")
    assert [made["sid"] for made in world.created(message)] == [message.provider_sid]


def test_a_lost_answer_is_found_in_twilios_list(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sms.twilio.client.DEADLINE_SECONDS", 5.0)
    world.fault("drop_callbacks")
    earlier = world.send("Hello")
    world.fault("reset_after_accept", count=2)
    first, second = world.queue("Hello"), world.queue("Hello")
    send_loop.work()
    assert reconcile.search_unknown() == 0
    with later(30):
        assert reconcile.search_unknown() == 2
    found = [Message.objects.get(pk=message.pk) for message in (first, second)]
    assert [message.state for message in found] == ["accepted", "accepted"]
    assert len({earlier.provider_sid, *(message.provider_sid for message in found)}) == 3
    assert {event.source for event in StatusEvent.objects.filter(attempt__message=first)} == {"list"}


def test_a_text_of_another_tenant_on_the_same_account_is_not_taken_for_ours(world: World) -> None:
    world.fault("drop_callbacks")
    theirs = world.send("Hello")
    world.fault("reset_before", count=1)
    ours = world.send("Hello")
    shared = factories.make_account(world.cast.globex, sid=theirs.account_sid)
    other = factories.make_configuration(world.cast.globex, world.cast.trunk, shared)
    Attempt.objects.filter(message=theirs).update(tenant=world.cast.globex, configuration=other)
    with later(30):
        assert reconcile.search_unknown() == 0
    ours.refresh_from_db()
    assert (ours.state, ours.provider_sid) == ("unknown", "")


def test_a_text_that_twilio_never_got_stays_unknown_until_a_person_decides(world: World) -> None:
    world.fault("reset_before", count=1)
    message = world.send()
    assert message.state == "unknown"
    for seconds in (30, 70, 310, 910, 3610):
        with later(seconds):
            assert reconcile.search_unknown() == 0
    message.refresh_from_db()
    assert (message.state, message.state_reason) == ("unknown", "Not in Twilio's list of messages")
    with later(50_000):
        reconcile.search_unknown()
    message.refresh_from_db()
    assert message.due_at is None
    assert world.created(message) == []
    assert outbound.send_again(audit.PORTAL, message)
    send_loop.work()
    message.refresh_from_db()
    assert (message.state, message.attempt_count, len(world.created(message))) == ("accepted", 2, 1)


def test_the_search_waits_while_twilio_cannot_be_reached(world: World, settings: Any) -> None:
    world.fault("reset_after_accept", count=1)
    message = world.send()
    settings.SANDBOX_URL = "http://127.0.0.1:9"
    with later(30):
        assert reconcile.search_unknown() == 0
        message.refresh_from_db()
        assert message.due_at is not None
        assert message.due_at > clock.now() + timedelta(seconds=50)
    assert message.state == "unknown"


def test_texts_of_a_messaging_service_are_searched_for_by_recipient(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[dict[str, Any]] = []

    class Messages:
        def list(self, **wanted: Any) -> list[Any]:
            asked.append(wanted)
            return []

    class Client:
        messages = Messages()

    monkeypatch.setattr(history, "sync_client", lambda *arguments, **options: Client())
    assert history.sent_to(world.cast.account, THEIR_NUMBER, "MG" + "1" * 32) == []
    assert asked == [{"to": THEIR_NUMBER, "limit": 50, "page_size": 50}]


def test_a_busy_twilio_gets_the_text_again_a_moment_later(world: World) -> None:
    world.fault("http_429", count=1, seconds=1)
    message = world.send()
    assert (message.state, message.attempt_count) == ("accepted", 2)
    first, second = message.attempts.all()
    assert (first.outcome, first.error_code, second.outcome) == ("not_sent", "20429", "accepted")
    assert len(world.created(message)) == 1


@pytest.mark.parametrize("fault", ["http_500_before", "http_502_html"])
def test_a_failure_of_twilio_is_unknown_and_never_posted_again(world: World, fault: str) -> None:
    world.fault(fault)
    message = world.send()
    assert message.state == "unknown"
    assert send_loop.work() == 0
    assert world.created(message) == []


@pytest.mark.parametrize("address", ["http://127.0.0.1:9", ""])
def test_a_text_waits_while_twilio_cannot_be_reached(world: World, settings: Any, address: str) -> None:
    working, settings.SANDBOX_URL, settings.SEND_ROUND_SECONDS = settings.SANDBOX_URL, address, 0.5
    message = world.send()
    assert (message.state, message.state_reason) == ("queued", "Twilio cannot be reached")
    assert attempt_of(message).outcome == "not_sent"
    settings.SANDBOX_URL, settings.SEND_ROUND_SECONDS = working, 30
    with later(20):
        send_loop.work()
    message.refresh_from_db()
    assert message.state == "accepted"


def test_a_bug_around_the_post_leaves_the_outcome_unknown(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken(*arguments: object) -> Answer:
        raise RuntimeError

    monkeypatch.setattr("sms.twilio.sender._create", broken)
    message = world.send()
    assert (message.state, attempt_of(message).note) == ("unknown", "RuntimeError")


def test_refused_credentials_hold_the_queue_and_lose_nothing(world: World) -> None:
    store_token(world, "f" * 32)
    message = world.send()
    configuration = Configuration.objects.get()
    assert (message.state, configuration.held_reason) == ("queued", "20003")
    assert attempt_of(message).outcome == "not_sent"
    assert send_loop.work() == 0
    store_token(world, world.account["auth_token"])
    assert breaker.release(audit.PORTAL, configuration)
    assert not breaker.release(audit.PORTAL, configuration)
    send_loop.work()
    message.refresh_from_db()
    assert (message.state, len(world.created(message))) == ("accepted", 1)


def test_a_configuration_without_any_token_is_held(world: World) -> None:
    store_token(world, "")
    message = world.send()
    assert (message.state, Configuration.objects.get().held_reason) == ("queued", "20003")


def test_another_stored_credential_is_tried_before_the_queue_is_held(world: World) -> None:
    account = world.cast.account
    secrets.seal(account, "auth_token", "f" * 32)
    secrets.seal(account, "secondary_token", world.account["auth_token"])
    account.save()
    assert world.send().state == "accepted"
    key = world.sandbox.control("POST", f"/accounts/{account.account_sid}/keys", {})
    account.api_key_sid = key["sid"]
    secrets.seal(account, "api_key_secret", key["secret"])
    account.save()
    assert world.send().state == "accepted"


def store_token(world: World, token: str) -> None:
    secrets.seal(world.cast.account, "auth_token", token)
    world.cast.account.save()


def test_a_recipient_who_opted_out_at_twilio_is_opted_out_here(world: World) -> None:
    world.fault("error_code", code=21610, count=1)
    message = world.send()
    assert (message.state, message.error_code) == ("rejected", "21610")
    opt_out = OptOut.objects.get()
    assert (opt_out.our_address, opt_out.their_address, opt_out.source) == (OUR_NUMBER, THEIR_NUMBER, "twilio")
    with pytest.raises(outbound.SendRefused, match="opted out"):
        world.queue()


def test_a_refused_text_says_why(world: World) -> None:
    message = world.send(to="+12025550009")
    assert (message.state, message.error_code, message.due_at) == ("rejected", "21211", None)
    attempt = attempt_of(message)
    assert (attempt.outcome, attempt.http_status, attempt.error_code) == ("rejected", 400, "21211")
    assert "+12025550009" in attempt.note


def test_another_route_carries_what_one_sender_cannot(world: World) -> None:
    cast = world.cast
    trunk = factories.make_trunk("Second")
    factories.make_pool(trunk, cast.acme, "+12025550188")
    world.sandbox.number(world.account, "+12025550188")
    second = factories.make_configuration(cast.acme, trunk, cast.account, sender_id="")
    let_send(cast, cast.configuration, second)
    world.fault("error_code", code=21606, match={"account": world.account["sid"], "from": OUR_NUMBER})
    rule_set = cast.acme.rule_sets.order_by("-version")[0]
    rule_set.document["rules"][0]["routes"][1]["sender"] = "+12025550188"
    rule_set.save()
    Sender.objects.create(tenant=cast.acme, configuration=second, address="+12025550188", rate=1000)
    message = world.send()
    assert (message.state, message.our_address, message.configuration) == ("accepted", "+12025550188", second)
    assert [attempt.outcome for attempt in message.attempts.all()] == ["rejected", "accepted"]
    assert message.conversation is not None
    assert message.conversation.our_address == "+12025550188"
    assert message.decision["route"]["configuration"] == second.id.hex
    world.sandbox.control("DELETE", f"/accounts/{world.account['sid']}/numbers/%2B12025550188")


def test_a_text_without_another_route_stays_refused(world: World) -> None:
    world.fault("error_code", code=21606)
    message = world.send()
    assert (message.state, message.error_code, message.attempt_count) == ("rejected", "21606", 1)


@pytest.mark.parametrize("fault", ["duplicate_callbacks", "out_of_order_callbacks", "late_callbacks"])
def test_reports_in_any_order_and_number_end_in_delivered(world: World, fault: str) -> None:
    world.fault(fault, seconds=0.2)
    message = world.send()
    world.pump(message)
    assert (message.state, message.provider_status) == ("accepted", "delivered")
    assert sorted(event.status for event in StatusEvent.objects.all()) == ["delivered", "sent"]


def test_a_report_for_another_sid_moves_nothing(world: World) -> None:
    world.fault("wrong_sid_callbacks")
    message = world.send()
    world.pump(message)
    assert (message.state, message.provider_status) == ("accepted", "queued")
    assert {event.note for event in StatusEvent.objects.all()} == {"sid_mismatch"}


def test_a_silent_text_is_asked_about(world: World, settings: Any) -> None:
    world.fault("drop_callbacks")
    message = world.send()
    world.sandbox.wait_quiet()
    assert reconcile.ask_silent() == 0
    working, settings.SANDBOX_URL = settings.SANDBOX_URL, "http://127.0.0.1:9"
    with later(700):
        assert reconcile.ask_silent() == 1
        message.refresh_from_db()
        assert message.provider_status == "queued"
        settings.SANDBOX_URL = working
    with later(800):
        assert reconcile.ask_silent() == 1
    message.refresh_from_db()
    assert (message.provider_status, message.due_at) == ("delivered", None)


def test_a_text_that_twilio_has_forgotten_is_asked_about_less_and_less(world: World) -> None:
    world.fault("drop_callbacks")
    message = world.send()
    world.sandbox.wait_quiet()
    client = world.sandbox.client(world.account["sid"], world.account["auth_token"])
    client.messages(message.provider_sid).delete()
    for seconds in (700, 3700, 22_000, 90_000, 260_000):
        with later(seconds):
            assert reconcile.ask_silent() == 1
    message.refresh_from_db()
    assert (message.state, message.due_at) == ("accepted", None)


def test_a_failed_delivery_may_be_sent_again_by_a_person(world: World) -> None:
    world.fault("fail_delivery", code=30003, count=1)
    message = world.send()
    world.pump(message)
    assert (message.state, message.provider_status, message.error_code) == ("accepted", "undelivered", "30003")
    assert outbound.send_again(audit.PORTAL, message)
    send_loop.work()
    world.pump(message)
    assert (message.provider_status, message.error_code, message.attempt_count) == ("delivered", "", 2)
    assert len(world.created(message)) == 2
