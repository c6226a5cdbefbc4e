"""Messages over the official client."""

import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import twilio.rest.api.v2010.account.message as official
from twilio.base.exceptions import TwilioRestException

from sms.sandbox.parameters import KNOWN
from tests.sandbox.harness import wait_until


def refusal(client, **wanted):
    with pytest.raises(TwilioRestException) as caught:
        client.messages.create(**wanted)
    return caught.value.code, caught.value.status


def test_a_message_is_queued_and_then_delivered(client, account, our_number, phone):
    message = client.messages.create(to=phone, from_=our_number, body="Hello")
    assert message.status == "queued"
    assert message.sid.startswith("SM")
    assert (message.num_segments, message.num_media, message.direction) == ("1", "0", "outbound-api")
    assert message.account_sid == account["sid"]
    assert message.date_sent is None
    assert message.date_created.tzinfo is not None
    delivered = wait_until(lambda: (m := client.messages(message.sid).fetch()).status == "delivered" and m)
    assert delivered.date_sent is not None
    assert delivered.price == "-0.00790"
    assert delivered.uri == f"/2010-04-01/Accounts/{account['sid']}/Messages/{message.sid}.json"


def test_every_field_of_the_official_client_is_answered(sandbox, client, our_number, phone):
    message = client.messages.create(to=phone, from_=our_number, body="Hello")
    wanted = set(re.findall(r'payload\.get\(\s*"(\w+)"', Path(official.__file__).read_text()))
    response = client.request("GET", f"https://api.twilio.com{message.uri}")
    assert set(json.loads(response.text)) == wanted


def test_the_known_parameters_are_those_of_the_official_client():
    source = Path(official.__file__).read_text()
    assert (
        set(re.findall(r'^ {16}"([A-Z]\w+)": ', source, re.MULTILINE))
        - {"PageToken", "Page", "PageSize"}
        - {
            "Status",
            "DateSent",
        }
        == KNOWN["create", "POST"]
    )


def test_segments_are_counted(client, our_number, phone):
    def segments(body):
        return client.messages.create(to=phone, from_=our_number, body=body).num_segments

    assert [segments(b) for b in ("a" * 160, "a" * 161, "é" * 160, "€" * 80, "€" * 81)] == ["1", "2", "1", "1", "2"]
    assert [segments(b) for b in ("ж" * 70, "ж" * 71, "😀" * 35, "😀" * 67)] == ["1", "2", "1", "3"]


def test_the_wrong_message_is_refused_with_twilios_code(sandbox, client, account, our_number, phone):
    good = {"to": phone, "from_": our_number, "body": "Hello"}
    assert refusal(client, **{**good, "to": "12"}) == (21211, 400)
    assert refusal(client, **{**good, "to": "not a number"}) == (21211, 400)
    assert refusal(client, to=phone, body="Hello") == (21603, 400)
    assert refusal(client, **{**good, "from_": "+15005550007"}) == (21606, 400)
    assert refusal(client, **{**good, "body": ""}) == (21602, 400)
    assert refusal(client, to=phone, from_=our_number) == (21619, 400)
    assert refusal(client, **{**good, "body": "x" * 1601}) == (21617, 400)
    assert refusal(client, **{**good, "to": our_number}) == (21266, 400)
    assert refusal(client, **{**good, "validity_period": 0}) == (21624, 400)
    assert refusal(client, **{**good, "media_url": ["http://127.0.0.1/x"] * 11}) == (21623, 400)


@pytest.mark.parametrize("url", ["http://a_b.example/x", "nonsense", "ftp://host.example/", "https://host/"])
def test_a_callback_that_twilio_could_not_call_is_refused(client, our_number, phone, url):
    assert refusal(client, to=phone, from_=our_number, body="x", status_callback=url) == (21609, 400)


def test_a_number_of_another_account_cannot_send(sandbox, our_number, phone):
    other = sandbox.account()
    stranger = sandbox.client(other["sid"], other["auth_token"])
    assert refusal(stranger, to=phone, from_=our_number, body="Hello") == (21660, 400)


def test_a_number_without_texts_cannot_send(sandbox, account, client, phone):
    sandbox.number(account, "+15559870001", capabilities={"sms": False})
    assert refusal(client, to=phone, from_="+15559870001", body="Hello") == (21606, 400)


def test_a_trial_account_texts_only_verified_phones(sandbox, phone):
    trial = sandbox.account(type="Trial")
    sandbox.number(trial, "+15559870002")
    client = sandbox.client(trial["sid"], trial["auth_token"])
    assert refusal(client, to=phone, from_="+15559870002", body="Hello") == (21608, 400)
    sandbox.control("POST", f"/accounts/{trial['sid']}/verified", {"phone_number": phone})
    message = client.messages.create(to=phone, from_="+15559870002", body="Hello")
    assert message.body == "Sent from your Twilio trial account - Hello"


@pytest.mark.parametrize(
    ("ending", "code", "status"),
    [("0009", 21211, 400), ("0010", 21612, 400), ("0011", 21408, 400), ("0012", 20429, 429)],
)
def test_some_recipients_are_refused_at_once(client, our_number, ending, code, status):
    assert refusal(client, to=f"+1555222{ending}", from_=our_number, body="x") == (code, status)


@pytest.mark.parametrize(
    ("ending", "last", "code"),
    [
        ("0001", "undelivered", 30003),
        ("0002", "failed", 30007),
        ("0003", "undelivered", 30005),
        ("0004", "undelivered", 30006),
        ("0005", "failed", 30008),
        ("0006", "sent", None),
        ("0007", "delivered", None),
        ("0008", "queued", None),
    ],
)
def test_some_recipients_end_otherwise(sandbox, client, our_number, ending, last, code):
    message = client.messages.create(to=f"+1555222{ending}", from_=our_number, body="x")
    found = wait_until(lambda: (m := client.messages(message.sid).fetch()).status == last and m)
    assert found.error_code == code


def test_a_sender_id_goes_abroad_only(client, phone):
    assert client.messages.create(to="+447700900123", from_="ACME", body="x").from_ == "ACME"
    assert refusal(client, to=phone, from_="ACME", body="x") == (21612, 400)
    assert refusal(client, to="+447700900123", from_="AC-ME!", body="x") == (21212, 400)


def test_a_messaging_service_chooses_the_sender(sandbox, client, account, our_number, phone):
    service = sandbox.control("POST", f"/accounts/{account['sid']}/services", {"numbers": [our_number]})
    message = client.messages.create(to=phone, messaging_service_sid=service["sid"], body="Hello")
    assert (message.status, message.num_segments, message.from_) == ("accepted", "0", None)
    sent = wait_until(lambda: (m := client.messages(message.sid).fetch()).status == "delivered" and m)
    assert (sent.from_, sent.num_segments, sent.messaging_service_sid) == (our_number, "1", service["sid"])
    assert [m.sid for m in client.messages.list(from_=our_number)] == [message.sid]


def test_a_scheduled_message_can_be_canceled(sandbox, client, account, our_number, phone):
    service = sandbox.control("POST", f"/accounts/{account['sid']}/services", {"numbers": [our_number]})
    later = datetime.now(UTC) + timedelta(hours=1)
    wanted = {"to": phone, "body": "Later", "schedule_type": "fixed", "send_at": later}
    message = client.messages.create(messaging_service_sid=service["sid"], **wanted)
    assert message.status == "scheduled"
    assert client.messages(message.sid).update(status="canceled").status == "canceled"
    with pytest.raises(TwilioRestException, match="not cancelable"):
        client.messages(message.sid).update(status="canceled")


def test_lists_filter_and_page(client, our_number, phone):
    sids = [client.messages.create(to=phone, from_=our_number, body=str(n)).sid for n in range(5)]
    client.messages.create(to="+15553334444", from_=our_number, body="other")
    assert [m.sid for m in client.messages.list(to=phone, page_size=2)] == sids[::-1]
    assert len(client.messages.list(from_=our_number, limit=3)) == 3
    page = client.messages.page(to=phone, page_size=2)
    assert [m.sid for m in page] == sids[:2:-1]
    assert page.next_page_url.startswith("https://api.twilio.com/2010-04-01/Accounts/AC5a4db0c55a4d")
    newer = client.messages.create(to=phone, from_=our_number, body="new").sid
    assert newer not in [m.sid for m in page.next_page()]


def test_lists_filter_by_whole_days(sandbox, client, our_number, phone):
    client.messages.create(to=phone, from_=our_number, body="now")
    sandbox.wait_quiet()
    today = datetime.now(UTC)
    assert len(client.messages.list(date_sent=today)) == 1
    assert len(client.messages.list(date_sent_after=today - timedelta(days=1))) == 1
    assert client.messages.list(date_sent_before=today - timedelta(days=1)) == []
    assert client.messages.list(date_sent_after=today + timedelta(days=1)) == []


def test_a_finished_message_can_be_emptied_and_deleted(sandbox, client, our_number, phone):
    message = client.messages.create(to=phone, from_=our_number, body="secret")
    sandbox.wait_quiet()
    assert client.messages(message.sid).update(body="").body == ""
    assert client.messages(message.sid).delete()
    with pytest.raises(TwilioRestException) as caught:
        client.messages(message.sid).fetch()
    assert (caught.value.code, caught.value.status) == (20404, 404)


def test_an_unfinished_message_cannot_be_deleted(client, our_number):
    message = client.messages.create(to="+15552220008", from_=our_number, body="x")
    with pytest.raises(TwilioRestException) as caught:
        client.messages(message.sid).delete()
    assert (caught.value.code, caught.value.status) == (20009, 409)


def test_a_text_to_another_sandbox_number_arrives_there(sandbox, client, our_number):
    other = sandbox.account(friendly_name="Globex")
    sandbox.number(other, "+15559870003")
    client.messages.create(to="+15559870003", from_=our_number, body="Hello neighbour")
    theirs = sandbox.client(other["sid"], other["auth_token"])
    found = wait_until(lambda: theirs.messages.list(to="+15559870003"))
    assert [(m.direction, m.body, m.from_) for m in found] == [("inbound", "Hello neighbour", our_number)]


def test_unknown_parameters_are_noted(sandbox, client, account, our_number, phone):
    path = f"/2010-04-01/Accounts/{account['sid']}/Messages.json"
    form = {"To": phone, "From": our_number, "Body": "x", "Boddy": "typo"}
    client.request("POST", f"https://api.twilio.com{path}", data=form)
    entry = [e for e in sandbox.journal("request") if e["path"].endswith(path)][-1]
    assert entry["unknown_parameters"] == ["Boddy"]
