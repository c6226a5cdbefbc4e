"""Phones of other people: what they see, and the opt-out words."""

import pytest
from twilio.base.exceptions import TwilioRestException


def test_stop_blocks_the_pair_until_start(sandbox, client, account, our_number, phone, receiver, listen):
    listen()
    sandbox.text(phone, our_number, " stop ")
    with pytest.raises(TwilioRestException) as caught:
        client.messages.create(to=phone, from_=our_number, body="x")
    assert (caught.value.code, caught.value.status) == (21610, 400)
    sandbox.number(account, "+15559871111")
    assert client.messages.create(to=phone, from_="+15559871111", body="x").status == "queued"
    sandbox.text(phone, our_number, "Unstop")
    assert client.messages.create(to=phone, from_=our_number, body="x").status == "queued"
    assert [r.form["Body"] for r in receiver.requests] == [" stop ", "Unstop"]
    replies = [m["body"][:40] for m in sandbox.control("GET", f"/phones/{phone}/messages")["messages"]]
    assert "You have successfully been unsubscribed." in replies


def test_a_longer_text_with_the_word_stops_nothing(sandbox, client, our_number, phone):
    sandbox.text(phone, our_number, "Please stop by")
    assert client.messages.create(to=phone, from_=our_number, body="x").status == "queued"


def test_a_phone_shows_both_directions(sandbox, client, our_number, phone):
    sandbox.text(phone, our_number, "Question")
    client.messages.create(to=phone, from_=our_number, body="Answer")
    sandbox.wait_quiet()
    seen = sandbox.control("GET", f"/phones/{phone}/messages")["messages"]
    assert [(m["from_phone"], m["body"], m["arrived"]) for m in seen] == [
        (True, "Question", True),
        (False, "Answer", True),
    ]
    later = sandbox.control("GET", f"/phones/{phone}/messages?after={seen[0]['sid']}")["messages"]
    assert [m["body"] for m in later] == ["Answer"]
    listed = {p["phone"]: p for p in sandbox.control("GET", "/phones")["phones"]}
    assert (listed[phone]["messages"], listed[phone]["last_body"]) == (2, "Answer")
    assert our_number not in listed
