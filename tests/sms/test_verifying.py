"""The verify page: a text in and a text out, tick by tick."""

from datetime import timedelta

import pytest
from django.urls import reverse

from sms.models import Attempt, Delivery, RefusedRequest, StatusEvent
from sms.setup import verifying
from tenants import clock
from tests.factories import OUR_NUMBER, THEIR_NUMBER, make_inbound


@pytest.fixture
def since():
    return clock.now() - timedelta(seconds=5)


@pytest.fixture
def alice(client, cast):
    client.force_login(cast.alice.user)
    return client


def states(ticks):
    return {tick.title: tick.state for tick in ticks}


def received(cast, **fields):
    return make_inbound(cast.configuration, ours=OUR_NUMBER, theirs=THEIR_NUMBER, **fields)


def test_nothing_has_come_yet(cast, since):
    assert set(states(verifying.inbound_ticks(cast.configuration, since)).values()) == {"waiting"}


def test_a_text_before_the_test_does_not_count(cast):
    received(cast)
    later = clock.now() + timedelta(seconds=1)
    assert set(states(verifying.inbound_ticks(cast.configuration, later)).values()) == {"waiting"}


def test_a_stored_text_ticks_three_and_waits_for_the_rule(cast, since):
    received(cast)
    assert list(states(verifying.inbound_ticks(cast.configuration, since)).values()) == ["done"] * 3 + ["waiting"] * 2


def test_a_routed_text_names_rule_and_inbox(cast, since):
    message = received(cast, state="routed", decision={"name": "Sales"})
    row = Delivery.objects.create(tenant=cast.acme, message=message, kind="member", label="Bob")
    ticks = verifying.inbound_ticks(cast.configuration, since)
    assert states(ticks)["Inbox"] == "waiting"
    row.delivered_at = clock.now()
    row.save()
    ticks = verifying.inbound_ticks(cast.configuration, since)
    assert [tick.text for tick in ticks[3:]] == ["Sales", "Bob"]
    assert verifying.is_over(ticks)


def test_an_unrouted_text_and_a_failed_delivery_are_said(cast, since):
    message = received(cast, state="unrouted")
    ticks = verifying.inbound_ticks(cast.configuration, since)
    assert (ticks[3].state, "No inbound rule" in ticks[3].text) == ("failed", True)
    message.state = "routed"
    message.save()
    Delivery.objects.create(tenant=cast.acme, message=message, kind="email", last_error="Mail server said no")
    ticks = verifying.inbound_ticks(cast.configuration, since)
    assert (ticks[4].state, ticks[4].text) == ("failed", "Mail server said no")


def test_a_held_text_says_so(cast, since):
    received(cast, state="held")
    assert verifying.inbound_ticks(cast.configuration, since)[3].state == "failed"


@pytest.mark.parametrize(
    ("reason", "said"),
    [("bad_signature", "Auth Token"), ("other_account", "another Twilio account"), ("strange", "could not be read")],
)
def test_a_refused_request_says_why(cast, since, reason, said):
    RefusedRequest.objects.create(tenant=cast.acme, configuration=cast.configuration, reason=reason, method="POST")
    ticks = verifying.inbound_ticks(cast.configuration, since)
    assert (ticks[0].state, ticks[1].state) == ("done", "failed")
    assert said in ticks[1].text


def sent(cast, **fields):
    message = received(cast, state="queued")
    message.direction = "out"
    for name, value in fields.items():
        setattr(message, name, value)
    message.save()
    return message


def test_a_sent_text_is_followed_to_delivered(cast):
    message = sent(cast)
    assert list(states(verifying.outbound_ticks(message)).values()) == ["done", "waiting", "waiting"]
    attempt = Attempt.objects.create(
        tenant=cast.acme,
        message=message,
        number=1,
        configuration=cast.configuration,
        sender=OUR_NUMBER,
        account_sid=cast.account.account_sid,
        provider_sid="SM" + "1" * 32,
        provider_status="sent",
        finished_at=clock.now(),
    )
    assert list(states(verifying.outbound_ticks(message)).values()) == ["done", "done", "waiting"]
    attempt.provider_status = "delivered"
    attempt.save()
    StatusEvent.objects.create(
        tenant=cast.acme,
        attempt=attempt,
        account_sid=attempt.account_sid,
        provider_sid=attempt.provider_sid,
        status="delivered",
    )
    ticks = verifying.outbound_ticks(message)
    assert list(states(ticks).values()) == ["done"] * 3
    assert ticks[-1].at is not None
    attempt.provider_status, attempt.error_code = "undelivered", "30003"
    attempt.save()
    ticks = verifying.outbound_ticks(message)
    assert ticks[-1].state == "failed"
    assert len(ticks[-1].text) > 20


def test_a_refused_text_says_why(cast):
    ticks = verifying.outbound_ticks(sent(cast, state="rejected", error_code="21211"))
    assert ticks[1].state == "failed"
    assert verifying.is_over(ticks)


def test_the_page_begins_now_and_asks_again_until_it_is_over(alice, cast, since):
    page = reverse("sms:configuration_verify", args=["acme", cast.configuration.pk])
    begun = alice.get(page)
    assert begun.status_code == 302
    text = alice.get(begun["Location"]).content.decode()
    assert 'hx-trigger="every 2s"' in text
    message = received(cast, state="routed", decision={"name": "Sales"})
    Delivery.objects.create(tenant=cast.acme, message=message, kind="member", label="Bob", delivered_at=clock.now())
    text = alice.get(f"{page}?since={int(since.timestamp())}").content.decode()
    assert "every 2s" not in text
    assert "+1 202-555-0199" in text


def test_a_test_text_that_cannot_leave_says_why(alice, cast):
    page = reverse("sms:configuration_verify", args=["acme", cast.configuration.pk]) + "?since=1700000000"
    answer = alice.post(page, {"to": "banana"})
    assert answer.context["form"].errors["to"]
    answer = alice.post(page, {"to": THEIR_NUMBER})
    assert answer.context["form"].errors["to"]


def test_a_test_text_is_written_and_followed(world, client):
    client.force_login(world.cast.alice.user)
    page = reverse("sms:configuration_verify", args=["acme", world.cast.configuration.pk]) + "?since=1700000000"
    answer = client.post(page, {"to": THEIR_NUMBER})
    assert "&sent=" in answer["Location"]
    assert "Taken by Twilio" in client.get(answer["Location"]).content.decode()
    assert client.get(f"{page}&sent={'0' * 32}").status_code == 200
