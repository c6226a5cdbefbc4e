"""Texts passed on to a phone number: who wrote is said, loops end, what is refused is shown, nothing goes twice."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connections

from sms import delivering, inbound, optouts
from sms.destinations import forward
from sms.models import Conversation, Delivery
from tenants import audit, clock
from tests import factories
from tests.factories import OUR_NUMBER, THEIR_NUMBER
from tests.sms.arrival_scene import MONDAY, PHONE, arrive, follow, only, outcome, sent
from tests.sms.conftest import let_send
from tests.sms.test_limits import limit

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("hinted")]


def forwards(cast: factories.Cast, number: str = PHONE) -> None:
    let_send(cast)
    follow(cast, {"kind": "forward", "number": number})


def test_a_text_goes_on_and_says_who_wrote_and_what_does_not_go_along(cast: factories.Cast) -> None:
    forwards(cast)
    factories.make_conversation(cast.acme, OUR_NUMBER, THEIR_NUMBER, contact_name="Zoë")
    media = [{"url": "https://api.twilio.com/1", "content_type": "image/png"}] * 2
    message = arrive(cast, body="See these", media=media)
    [text] = sent("forward")
    assert text.body == "From Zoë +1 202-555-0199 to +1 202-555-0101:\nSee these\n[2 attachments]"
    assert (text.their_address, text.in_reply_to, text.author_label) == (PHONE, message, "Forwarded")
    assert outcome(only(message)) == ("delivered", "")
    assert delivering.title(only(message)) == "Forwarded to +1 202-555-0177"
    assert not Conversation.objects.filter(messages=text, their_address=THEIR_NUMBER).exists()


def test_a_long_text_is_cut_rather_than_lost(cast: factories.Cast) -> None:
    forwards(cast)
    arrive(cast, body="x" * 1600)
    [text] = sent("forward")
    assert len(text.body) == 1599
    assert text.body.endswith("x…")


def test_a_text_never_goes_back_to_who_wrote_it(cast: factories.Cast) -> None:
    forwards(cast, THEIR_NUMBER)
    assert outcome(only(arrive(cast))) == ("skipped", "This very number wrote the text.")
    assert sent("forward") == []


def test_a_text_never_goes_to_a_number_of_this_portal(cast: factories.Cast) -> None:
    forwards(cast, factories.OUR_SECOND_NUMBER)
    state, reason = outcome(only(arrive(cast)))
    assert state == "exhausted"
    assert reason == "+1 202-555-0102 is a number of this portal: a text to it would come back. Change the rule."


def test_what_a_machine_of_this_portal_wrote_is_never_passed_on(cast: factories.Cast) -> None:
    forwards(cast)
    factories.make_pool(factories.make_trunk("Other"), cast.globex, "+12025550188")
    state, reason = outcome(only(arrive(cast, theirs="+12025550188")))
    assert (state, reason[:45]) == ("skipped", "The text came from a number of this portal: i")


def test_ten_texts_in_ten_minutes_are_enough(cast: factories.Cast) -> None:
    forwards(cast)
    with clock.frozen(MONDAY):
        texts = [arrive(cast) for _ in range(forward.LOOP_CEILING + 1)]
        assert [only(text).state for text in texts] == ["delivered"] * 10 + ["exhausted"]
        assert "a loop is likely" in only(texts[-1]).last_error
        assert only(arrive(cast, theirs="+12025550198")).state == "delivered"
    with clock.frozen(MONDAY + forward.LOOP_WINDOW):
        assert only(arrive(cast)).state == "delivered"


def test_an_opt_out_is_respected_and_said(cast: factories.Cast) -> None:
    forwards(cast)
    optouts.add(cast.acme, OUR_NUMBER, PHONE, source="manual")
    state, reason = outcome(only(arrive(cast)))
    assert (state, reason[:25]) == ("exhausted", "They have opted out of te")
    assert sent("forward") == []


def test_a_refused_text_can_be_tried_again_when_the_reason_is_gone(cast: factories.Cast) -> None:
    follow(cast, {"kind": "forward", "number": PHONE})
    message = arrive(cast)
    assert only(message).state == "exhausted"
    assert "No outbound rule fits" in only(message).last_error
    let_send(cast)
    assert delivering.replay(audit.PORTAL, only(message))
    delivering.work()
    assert (only(message).state, len(sent("forward"))) == ("delivered", 1)


def test_a_reached_limit_is_waited_for(cast: factories.Cast) -> None:
    forwards(cast)
    limit(cast, messages_per_day=1)
    first, second = arrive(cast), arrive(cast, theirs="+12025550198")
    assert only(first).state == "delivered"
    assert only(second).state == "pending"
    assert only(second).last_error == "Over the limit of 1 texts a day."
    assert len(sent("forward")) == 1


def test_a_worker_that_died_after_sending_sends_no_second_text(cast: factories.Cast) -> None:
    forwards(cast)
    message = factories.make_inbound(cast.configuration, ours=OUR_NUMBER, theirs=THEIR_NUMBER)
    inbound.work()
    assert delivering.take(delivery := only(message))
    assert delivering.attempt(delivery) is None
    Delivery.objects.update(due_at=clock.in_seconds(-1))
    assert delivering.work() == 1
    assert (only(message).state, len(sent("forward"))) == ("delivered", 1)


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_workers_at_the_same_moment_count_each_other(cast: factories.Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    forwards(cast)
    monkeypatch.setattr(forward, "LOOP_CEILING", 3)
    for _ in range(6):
        factories.make_inbound(cast.configuration, ours=OUR_NUMBER, theirs=THEIR_NUMBER)
    inbound.work()
    deliveries = list(Delivery.objects.select_related("message__conversation", "message__tenant", "tenant"))
    tokens = [delivering.take(delivery) for delivery in deliveries]
    together = threading.Barrier(len(deliveries))

    def deliver(delivery: Delivery, token: str) -> None:
        try:
            together.wait(10)
            delivering.settle(delivery, token, delivering.attempt(delivery))
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(deliveries)) as pool:
        list(pool.map(deliver, deliveries, tokens))
    assert len(sent("forward")) == 3
    assert sorted(Delivery.objects.values_list("state", flat=True)) == ["delivered"] * 3 + ["exhausted"] * 3
