"""Status callbacks, and media that a message brings along."""

import requests
from requests.auth import HTTPBasicAuth

from tests.sandbox.harness import Answer, wait_until


def send(client, receiver, our_number, to, **more):
    more = {"body": "Hello", "status_callback": f"{receiver.url}/status/a/b#rc=0", **more}
    return client.messages.create(to=to, from_=our_number, **more)


def statuses(receiver):
    return [r.form["MessageStatus"] for r in receiver.requests]


def test_sent_and_delivered_are_reported_signed(sandbox, client, account, our_number, phone, receiver):
    message = send(client, receiver, our_number, phone)
    receiver.wait(2)
    assert statuses(receiver) == ["sent", "delivered"]
    first, last = receiver.requests
    assert first.url == f"{receiver.url}/status/a/b"
    assert first.is_signed_with(account["auth_token"])
    assert last.is_signed_with(account["auth_token"])
    assert first.form == {
        "MessageSid": message.sid,
        "SmsSid": message.sid,
        "MessageStatus": "sent",
        "SmsStatus": "sent",
        "To": phone,
        "From": our_number,
        "AccountSid": account["sid"],
        "ApiVersion": "2010-04-01",
    }
    assert len(last.form["RawDlrDoneDate"]) == 10
    assert first.headers["I-Twilio-Idempotency-Token"] != last.headers["I-Twilio-Idempotency-Token"]


def test_a_failure_is_reported_with_its_code(client, our_number, receiver):
    send(client, receiver, our_number, "+15552220002")
    (request,) = receiver.wait(1)
    assert (request.form["MessageStatus"], request.form["ErrorCode"]) == ("failed", "30007")


def test_a_late_delivery_follows_undelivered(client, our_number, receiver):
    send(client, receiver, our_number, "+15552220007")
    receiver.wait(3)
    assert statuses(receiver) == ["sent", "undelivered", "delivered"]


def test_reports_are_retried_as_the_fragment_asks(sandbox, client, our_number, phone, receiver):
    receiver.answers = [Answer(500), Answer(500)]
    send(client, receiver, our_number, phone, status_callback=f"{receiver.url}/s#rc=5&rp=all")
    receiver.wait(4)
    assert statuses(receiver) == ["sent", "sent", "sent", "delivered"]
    assert len({r.headers["I-Twilio-Idempotency-Token"] for r in receiver.requests[:3]}) == 1


def test_a_message_past_its_validity_fails(client, our_number, receiver):
    send(client, receiver, our_number, "+15552220008", validity_period=1)
    (request,) = receiver.wait(1)
    assert (request.form["MessageStatus"], request.form["ErrorCode"]) == ("failed", "30036")


def test_reports_can_come_twice(client, our_number, phone, receiver, sandbox):
    sandbox.fault("duplicate_callbacks", match={"to": phone})
    send(client, receiver, our_number, phone)
    receiver.wait(4)
    assert statuses(receiver) == ["sent", "sent", "delivered", "delivered"]


def test_reports_can_come_out_of_order(client, our_number, phone, receiver, sandbox):
    sandbox.fault("out_of_order_callbacks", count=1, match={"to": phone})
    send(client, receiver, our_number, phone)
    receiver.wait(2)
    assert statuses(receiver) == ["delivered", "sent"]


def test_reports_can_be_late(client, our_number, phone, receiver, sandbox):
    sandbox.fault("late_callbacks", count=1, seconds=0.5, match={"to": phone})
    send(client, receiver, our_number, phone)
    receiver.wait(2)
    assert statuses(receiver) == ["delivered", "sent"]


def test_reports_can_be_lost(client, our_number, phone, receiver, sandbox):
    sandbox.fault("drop_callbacks", match={"to": phone})
    message = send(client, receiver, our_number, phone)
    wait_until(lambda: client.messages(message.sid).fetch().status == "delivered")
    sandbox.wait_quiet()
    assert receiver.requests == []


def test_reports_can_name_the_wrong_message_or_lack_a_signature(client, account, our_number, phone, receiver, sandbox):
    sandbox.fault("wrong_sid_callbacks", count=1, match={"to": phone})
    message = send(client, receiver, our_number, phone)
    first, last = receiver.wait(2)
    assert first.form["MessageSid"] != message.sid
    assert first.is_signed_with(account["auth_token"])
    assert last.form["MessageSid"] == message.sid
    sandbox.fault("unsigned_callbacks", count=1, match={"to": phone})
    send(client, receiver, our_number, phone)
    assert "X-Twilio-Signature" not in receiver.wait(4)[2].headers


def test_a_delivery_can_be_made_to_fail(client, our_number, phone, receiver, sandbox):
    sandbox.fault("fail_delivery", code=30005, count=1, match={"to": phone})
    send(client, receiver, our_number, phone)
    receiver.wait(2)
    assert statuses(receiver) == ["sent", "undelivered"]
    assert receiver.requests[-1].form["ErrorCode"] == "30005"


def test_media_are_fetched_and_seen_by_the_phone(sandbox, client, account, our_number, phone, receiver):
    receiver.by_path["/picture"] = Answer(200, b"GIF89a", "image/gif")
    message = client.messages.create(to=phone, from_=our_number, body="", media_url=[f"{receiver.url}/picture?x=1"])
    assert message.sid.startswith("MM")
    assert message.num_media == "1"
    sandbox.wait_quiet()
    assert [r.query for r in receiver.at("/picture")] == ["x=1"]
    (seen,) = sandbox.control("GET", f"/phones/{phone}/messages")["messages"]
    assert seen["status"] == "delivered"
    found = requests.get(sandbox.url + seen["media"][0]["url"], timeout=10)
    assert (found.content, found.headers["Content-Type"]) == (b"GIF89a", "image/gif")
    (item,) = client.messages(message.sid).media.list()
    auth = HTTPBasicAuth(account["sid"], account["auth_token"])
    place = f"{sandbox.url}/api.twilio.com{item.uri.removesuffix('.json')}"
    assert requests.get(place, auth=auth, timeout=10, allow_redirects=False).status_code == 302


def test_media_that_cannot_be_fetched_fail_the_message(client, our_number, phone, receiver):
    receiver.by_path["/gone"] = Answer(404)
    send(client, receiver, our_number, phone, media_url=[f"{receiver.url}/gone"])
    wait_until(lambda: receiver.at("/status/a/b"))
    assert receiver.at("/status/a/b")[0].form["ErrorCode"] == "11200"
