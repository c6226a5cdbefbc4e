"""What stops sending: the switch, a sender that Twilio will not carry, an account that is asked to slow down."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from portal import health
from sms import outbound, sending, sweeps
from sms.models import Configuration, Message, Sender, TwilioAccount
from sms.queueing import breaker, failing_over, recording, send_loop, slowing
from sms.queueing.outcomes import Answer
from sms.queueing.recording import Result
from tenants import audit, clock, stopping
from tenants.models import AuditEntry, SystemState
from tests import factories
from tests.factories import OUR_NUMBER, OUR_SECOND_NUMBER, THEIR_NUMBER
from tests.sms.conftest import World, fresh, later, let_send

pytestmark = pytest.mark.usefixtures("hinted")


@pytest.fixture
def cast(db: None) -> factories.Cast:
    cast = factories.make_cast()
    let_send(cast)
    return cast


def queue(cast: factories.Cast, body: str = "Hello", **wanted: Any) -> Message:
    message = outbound.send(audit.PORTAL, cast.acme, to=THEIR_NUMBER, body=body, **wanted)
    Sender.objects.update(rate=1000, next_send_at=clock.now())
    return message


def everywhere(cast: factories.Cast, *, on: bool) -> bool:
    return stopping.resume_everything(audit.PORTAL) if on else stopping.stop_everything(audit.PORTAL)


def here(cast: factories.Cast, *, on: bool) -> bool:
    return stopping.resume(audit.PORTAL, cast.acme) if on else stopping.stop(audit.PORTAL, cast.acme)


SERVICE = "MG" + "1" * 32
SWITCHES = pytest.mark.parametrize("switch", [everywhere, here])


@SWITCHES
def test_nothing_is_leased_or_marked_while_sending_is_stopped(cast: factories.Cast, switch: Any) -> None:
    first, second, third = (queue(cast, f"Number {n}") for n in range(3))
    going = sending.mark(sending.claim(1))
    leased = sending.claim(1)
    assert switch(cast, on=False)
    assert not switch(cast, on=False)
    assert sending.mark(leased) == []
    assert sending.claim(10) == []
    assert not sending.has_due()
    assert sending.seconds_until_due(30) is None
    recording.record([Result(going[0], Answer(201, sid="SM" + "1" * 32, status="queued"))])
    assert [fresh(message).state for message in (first, second, third)] == ["accepted", "queued", "queued"]
    assert switch(cast, on=True)
    assert not switch(cast, on=True)
    assert [item.message for item in sending.claim(10)] == [second.pk, third.pk], "in their old places"


def test_one_tenants_stop_does_not_stop_another(cast: factories.Cast) -> None:
    queue(cast)
    stopping.stop(audit.PORTAL, cast.globex)
    assert stopping.current(cast.acme) is None
    assert len(sending.claim(10)) == 1


@SWITCHES
def test_a_text_whose_time_runs_out_meanwhile_says_so(cast: factories.Cast, switch: Any) -> None:
    message = queue(cast)
    switch(cast, on=False)
    Message.objects.update(expires_at=clock.in_seconds(-1))
    assert sweeps.expire() == 1
    row = fresh(message)
    assert (row.state, row.state_reason) == ("expired", "Its time ran out while sending was stopped")


def test_both_moves_stand_in_the_logs(cast: factories.Cast) -> None:
    here(cast, on=False)
    here(cast, on=True)
    everywhere(cast, on=False)
    everywhere(cast, on=True)
    of_tenant = AuditEntry.objects.filter(tenant=cast.acme).values_list("action", flat=True)
    of_system = AuditEntry.objects.filter(tenant=None).values_list("action", flat=True)
    both = {"tenants.sending.stopped", "tenants.sending.resumed"}
    assert both <= set(of_tenant)
    assert {*both, "tenants.sending.stopped_everywhere", "tenants.sending.resumed_everywhere"} <= set(of_system)


def test_the_system_s_stop_is_shown_to_load_balancers(cast: factories.Cast) -> None:
    assert health.report()["sending"] == "ok"
    everywhere(cast, on=False)
    assert health.report()["sending"].startswith("Stopped by hand")


def test_people_stop_and_resume_their_tenant_and_see_it_on_every_page(cast: factories.Cast, client: Client) -> None:
    client.force_login(cast.alice.user)
    page, switch = reverse("tenants:sending", args=["acme"]), reverse("tenants:sending_switch", args=["acme"])
    queue(cast)
    shown = client.get(page).content.decode()
    assert "Stop sending" in shown
    forms = re.findall(f'<form[^>]*action="{switch}".*?</form>', shown, re.DOTALL)
    assert len(forms) == 2, "one behind a question, one for browsers without scripts"
    assert all("csrfmiddlewaretoken" in form for form in forms)
    client.post(switch)
    cast.acme.refresh_from_db()
    assert cast.acme.sending_stopped_by == "alice@acme.example"
    elsewhere = client.get(reverse("sms:message_list", args=["acme"])).content.decode()
    assert "Sending is stopped by alice@acme.example" in elsewhere
    assert "Send again" in client.get(page).content.decode()
    client.post(switch, {"on": "1"})
    assert "Sending is stopped" not in client.get(reverse("sms:message_list", args=["acme"])).content.decode()
    assert len(sending.claim(5)) == 1


def test_administrators_of_the_system_stop_everybody(cast: factories.Cast, client: Client, settings: Any) -> None:
    settings.SECOND_FACTOR_FOR_SYSTEM_ADMINISTRATORS = False
    client.force_login(cast.root)
    page, switch = reverse("tenants:system_sending"), reverse("tenants:system_sending_switch")
    stopping.stop(audit.PORTAL, cast.globex)
    shown = client.get(page).content.decode()
    assert "Globex" in shown
    forms = re.findall(f'<form[^>]*action="{switch}".*?</form>', shown, re.DOTALL)
    assert all("csrfmiddlewaretoken" in form for form in forms)
    assert len(forms) == 2
    client.post(switch)
    assert SystemState.objects.get().sending_stopped_by == "root@portal.example"
    assert "Sending is stopped for every tenant" in client.get(reverse("tenants:tenant_list")).content.decode()
    client.post(switch, {"on": "1"})
    assert stopping.current(None) is None
    assert stopping.current(cast.globex) is not None, "its own stop stays"


def refuse(cast: factories.Cast, code: str = "30034", **wanted: Any) -> Message:
    """Let Twilio refuse a text because of its sender."""
    message = queue(cast, **wanted)
    [item] = sending.mark(sending.claim(1))
    recording.record([Result(item, Answer(400, code=code))])
    return message


def test_a_sender_that_twilio_will_not_carry_keeps_its_texts(cast: factories.Cast) -> None:
    message = refuse(cast)
    sender = Sender.objects.get()
    assert (sender.stopped_reason, sender.stopped_at is not None) == ("30034", True)
    row = fresh(message)
    assert (row.state, row.state_reason) == ("queued", failing_over.SENDER_STOPPED)
    assert (row.attempts.get().outcome, row.attempts.get().error_code) == ("rejected", "30034")
    waiting, other = queue(cast, "Waits"), queue(cast, "Goes", sender=OUR_SECOND_NUMBER)
    assert [item.message for item in sending.claim(10)] == [other.pk]
    assert failing_over.move_waiting() == 0
    assert fresh(waiting).state_reason == failing_over.SENDER_STOPPED
    assert breaker.release_sender(audit.PORTAL, sender)
    assert not breaker.release_sender(audit.PORTAL, sender)
    assert {item.message for item in sending.claim(10)} == {message.pk, waiting.pk}
    assert fresh(waiting).state_reason == ""
    actions = ["sms.sender.stopped", "sms.sender.released"]
    assert list(cast.acme.audit_entries.filter(action__in=actions).values_list("action", flat=True).order_by("id")) == (
        actions
    )


def test_a_sender_that_stops_between_claim_and_marker_posts_nothing(cast: factories.Cast) -> None:
    message = queue(cast)
    claimed = sending.claim(5)
    assert breaker.stop_sender(cast.configuration.pk, OUR_NUMBER, "30034")
    assert not breaker.stop_sender(cast.configuration.pk, OUR_NUMBER, "30034")
    assert sending.mark(claimed) == []
    assert fresh(message).state == "queued"


@pytest.fixture
def second(cast: factories.Cast) -> Configuration:
    """A second route of the only outbound rule, over another trunk and account."""
    trunk = factories.make_trunk("Second")
    account = factories.make_account(cast.acme)
    found = factories.make_configuration(cast.acme, trunk, account, name="Second", messaging_service_sid=SERVICE)
    let_send(cast, cast.configuration, found)
    return found


def test_what_waits_for_a_stopped_sender_takes_the_next_route(cast: factories.Cast, second: Configuration) -> None:
    refused = refuse(cast)
    assert (fresh(refused).configuration, fresh(refused).our_address) == (second, SERVICE)
    later_text = queue(cast, "Comes later")
    assert fresh(later_text).configuration == second
    breaker.release_sender(audit.PORTAL, Sender.objects.get(address=OUR_NUMBER))
    waits = queue(cast, "Waits")
    assert fresh(waits).configuration == cast.configuration
    breaker.stop_sender(cast.configuration.pk, OUR_NUMBER, "30034")
    assert failing_over.move_waiting() == 1
    assert fresh(waits).configuration == second


def test_the_page_of_the_configuration_says_why_and_lets_go(cast: factories.Cast, client: Client) -> None:
    refuse(cast)
    client.force_login(cast.alice.user)
    page = client.get(cast.configuration.get_absolute_url()).content.decode()
    assert "The number is not on an A2P 10DLC campaign." in page
    assert "Code 30034" in page
    sender = Sender.objects.get()
    client.post(reverse("sms:sender_release", args=["acme", cast.configuration.pk, sender.pk]))
    sender.refresh_from_db()
    assert sender.stopped_at is None


def test_a_late_refusal_of_replaced_credentials_does_not_hold_the_new_ones(cast: factories.Cast) -> None:
    message = queue(cast)
    items = sending.mark(sending.claim(1))
    TwilioAccount.objects.filter(pk=cast.account.pk).update(version=2)
    recording.record([Result(items[0], Answer(401, code="20003"))])
    assert Configuration.objects.get().held_reason == ""
    assert fresh(message).state == "queued"
    with later(2):
        again = sending.mark(sending.claim(1))
        recording.record([Result(again[0], Answer(401, code="20003"))])
    assert Configuration.objects.get().held_reason == "20003"


def slowed_account(cast: factories.Cast) -> TwilioAccount:
    return TwilioAccount.objects.get(pk=cast.account.pk)


def busy(answer: Answer, *items: sending.Claimed) -> None:
    recording.record([Result(item, answer) for item in items])


TOO_MANY = Answer(429, code="20429")
TAKEN = [Answer(201, sid=f"SM{number:032x}", status="queued") for number in range(50)]


def test_an_account_that_is_asked_to_slow_down_halves_and_pauses_once(cast: factories.Cast) -> None:
    for n in range(12):
        queue(cast, f"Number {n}")
    with clock.frozen(clock.now()):
        items = sending.mark(sending.claim(8))
        busy(TOO_MANY, items[0], items[1])
        busy(TOO_MANY, items[2])
        account = slowed_account(cast)
        assert (account.concurrency, account.slow_step) == (4, 1)
        assert account.slow_until is not None
        assert 0.8 <= (account.slow_until - clock.now()).total_seconds() <= 1.2
        assert sending.claim(10) == []
    with later(1.5):
        assert sending.claim(10) == [], "five are still in flight"
        for number, item in enumerate(items[3:6]):
            busy(TAKEN[number], item)
        assert len(sending.claim(10)) == 2
        assert sending.claim(10) == []


def test_only_the_account_that_twilio_names_is_slowed(cast: factories.Cast, second: Configuration) -> None:
    slowing.slow_down(cast.account.pk, 30)
    queue(cast)
    other = queue(cast, "Other")
    Message.objects.filter(pk=other.pk).update(configuration=second, our_address=SERVICE)
    sending.make_sender(second, SERVICE)
    assert [item.message for item in sending.claim(10)] == [other.pk]


def test_twilios_own_wait_counts_and_grows_with_each_time(cast: factories.Cast) -> None:
    with clock.frozen(clock.now()):
        assert slowing.slow_down(cast.account.pk, 7)
        assert not slowing.slow_down(cast.account.pk, 20)
        account = slowed_account(cast)
        assert account.slow_until == clock.in_seconds(20)
    with later(21):
        assert slowing.slow_down(cast.account.pk)
        account = slowed_account(cast)
        assert account.slow_step == 2
        assert account.slow_until is not None
        assert 1.6 <= (account.slow_until - clock.now()).total_seconds() <= 2.4


def test_an_account_recovers_by_steps_until_it_is_as_fast_as_any(cast: factories.Cast) -> None:
    TwilioAccount.objects.update(concurrency=4, slow_step=2, slow_until=clock.now())
    assert not slowing.speed_up(cast.account.pk), "not at once"
    seen: list[int | None] = []
    for number in range(1, 20):
        with later(4 * number):
            slowing.speed_up(cast.account.pk)
        seen.append(slowed_account(cast).concurrency)
    limits = [limit for limit in seen if limit is not None]
    assert limits == sorted(limits)
    assert limits[:3] == [6, 9, 13]
    assert seen[-1] is None
    account = slowed_account(cast)
    assert (account.slow_step, account.slow_until) == (0, None)


def test_answers_let_a_slowed_account_recover(cast: factories.Cast) -> None:
    TwilioAccount.objects.update(concurrency=4, slow_step=1, slow_until=clock.now() - timedelta(seconds=5))
    queue(cast)
    [item] = sending.mark(sending.claim(1))
    busy(TAKEN[0], item)
    assert slowed_account(cast).concurrency == 6


def test_the_page_of_the_configuration_says_that_twilio_asked(cast: factories.Cast, client: Client) -> None:
    TwilioAccount.objects.update(concurrency=3, slow_until=clock.in_seconds(30))
    client.force_login(cast.alice.user)
    page = client.get(cast.configuration.get_absolute_url()).content.decode()
    assert "Twilio asked to slow down" in page
    assert "At most 3 texts at a time now" in page


def test_twilio_that_is_busy_gets_everything_in_the_end(world: World) -> None:
    world.fault("http_429", count=3, seconds=1)
    for n in range(5):
        world.queue(f"Number {n}")
    send_loop.work()
    assert {message.state for message in Message.objects.all()} == {"accepted"}
    assert all(len(world.created(message)) == 1 for message in Message.objects.all())
