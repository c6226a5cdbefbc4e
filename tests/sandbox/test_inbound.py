"""Texts from phones: the webhook as Twilio calls it, and media."""

import base64
import json
import socket

import pytest
import requests
from requests.auth import HTTPBasicAuth

from tests.sandbox.harness import Answer, wait_until

PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256))


def test_a_text_arrives_signed_with_everything_twilio_sends(sandbox, account, our_number, phone, receiver, listen):
    listen("/in?a=b%20c#rc=2&rp=all")
    sent = sandbox.text(phone, our_number, "Hello é 😀 +&= ")
    (request,) = receiver.requests
    assert request.url == f"{receiver.url}/in?a=b%20c"
    assert request.is_signed_with(account["auth_token"])
    assert not request.is_signed_with("another token")
    form = request.form
    assert form["Body"] == "Hello é 😀 +&= "
    assert form["MessageSid"] == form["SmsSid"] == form["SmsMessageSid"] == sent["sid"]
    assert (form["From"], form["To"], form["AccountSid"]) == (phone, our_number, account["sid"])
    assert (form["NumMedia"], form["NumSegments"], form["SmsStatus"]) == ("0", "1", "received")
    assert form["FromCity"] == ""
    assert request.headers["User-Agent"] == "TwilioProxy/1.1"
    assert request.headers["I-Twilio-Idempotency-Token"]
    assert sent["webhook"]["delivered"] is True
    assert [(t["status"], t["code"]) for t in sent["webhook"]["attempts"]] == [(200, None)]


def test_get_carries_the_parameters_in_the_signed_address(sandbox, account, our_number, phone, receiver, listen):
    listen("/in", sms_method="GET")
    sandbox.text(phone, our_number, "Hi there")
    (request,) = receiver.requests
    assert request.method == "GET"
    assert "Body=Hi+there" in request.query
    assert request.is_signed_with(account["auth_token"])


def test_the_primary_token_of_the_moment_signs(sandbox, account, our_number, phone, receiver, listen):
    listen()
    path = f"/accounts/{account['sid']}"
    secondary = sandbox.control("PATCH", path, {"rotate": "secondary"})["secondary_auth_token"]
    sandbox.text(phone, our_number, "one")
    sandbox.control("PATCH", path, {"rotate": "promote"})
    sandbox.text(phone, our_number, "two")
    assert receiver.requests[0].is_signed_with(account["auth_token"])
    assert receiver.requests[1].is_signed_with(secondary)


def test_an_inbound_text_is_listed(sandbox, client, our_number, phone):
    sent = sandbox.text(phone, our_number, "Hello")
    assert sent["webhook"] == {"delivered": False, "attempts": []}
    (message,) = client.messages.list(to=our_number)
    assert (message.sid, message.direction, message.status) == (sent["sid"], "inbound", "received")
    assert message.date_sent is not None


def test_the_default_is_one_retry_and_only_after_a_failed_connection(sandbox, our_number, phone, receiver, listen):
    listen()
    receiver.usual = Answer(500)
    sent = sandbox.text(phone, our_number, "x")
    assert len(receiver.requests) == 1
    assert sent["webhook"]["delivered"] is False
    assert sent["webhook"]["attempts"][0]["code"] == 11200


def test_the_fragment_asks_for_retries(sandbox, our_number, phone, receiver, listen):
    listen("/in#rc=3&rp=ct,rt,5xx")
    receiver.answers = [Answer(503), Answer(500)]
    sent = sandbox.text(phone, our_number, "x")
    assert [t["status"] for t in sent["webhook"]["attempts"]] == [503, 500, 200]
    assert sent["webhook"]["delivered"] is True
    assert len({r.headers["I-Twilio-Idempotency-Token"] for r in receiver.requests}) == 1
    assert len({r.form["MessageSid"] for r in receiver.requests}) == 1


def test_a_4xx_is_retried_only_when_asked(sandbox, our_number, phone, receiver, listen):
    receiver.usual = Answer(404)
    listen("/in#rc=2&rp=5xx")
    sandbox.text(phone, our_number, "x")
    assert len(receiver.requests) == 1
    listen("/in#rc=2&rp=4xx")
    sandbox.text(phone, our_number, "x")
    assert len(receiver.requests) == 4


def test_a_slow_answer_ends_at_the_read_time_out(sandbox, our_number, phone, receiver, listen):
    listen("/in#rt=150&rc=1&rp=rt")
    receiver.answers = [Answer(hold=True)]
    sent = sandbox.text(phone, our_number, "x")
    assert [(t["error"], t["code"]) for t in sent["webhook"]["attempts"]] == [("rt", 11205), (None, None)]


def test_the_total_time_out_covers_all_tries(sandbox, our_number, phone, receiver, listen):
    listen("/in#rt=15000&tt=300&rc=5&rp=all")
    receiver.usual = Answer(hold=True)
    sent = sandbox.text(phone, our_number, "x")
    assert [t["error"] for t in sent["webhook"]["attempts"]] == ["tt"]


def test_a_closed_port_is_a_failed_connection_and_retried_once(sandbox, client, our_number, phone):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        sid = client.incoming_phone_numbers.list(phone_number=our_number)[0].sid
        client.incoming_phone_numbers(sid).update(sms_url=f"http://127.0.0.1:{taken.getsockname()[1]}/in")
        sent = sandbox.text(phone, our_number, "x")
    assert [(t["error"], t["code"]) for t in sent["webhook"]["attempts"]] == [("ct", 11205)] * 2


def test_the_fallback_is_told_once_what_went_wrong(sandbox, account, our_number, phone, receiver, listen):
    listen("/in#rc=1&rp=5xx", sms_fallback_url=f"{receiver.url}/fallback#rc=0")
    receiver.by_path["/in"] = Answer(500)
    sent = sandbox.text(phone, our_number, "x")
    assert [r.path for r in receiver.requests] == ["/in", "/in", "/fallback"]
    last = receiver.requests[-1]
    assert last.is_signed_with(account["auth_token"])
    assert last.form["ErrorCode"] == "11200"
    assert last.form["ErrorUrl"] == f"{receiver.url}/in"
    assert last.form["MessageSid"] == sent["sid"]
    assert sent["webhook"]["delivered"] is True
    assert [t["fallback"] for t in sent["webhook"]["attempts"]] == [False, False, True]


def test_failures_are_listed_as_alerts(sandbox, client, account, our_number, phone, receiver, listen):
    listen()
    receiver.usual = Answer(403)
    sent = sandbox.text(phone, our_number, "x")
    (alert,) = client.monitor.v1.alerts.list()
    assert (alert.error_code, alert.resource_sid) == ("11200", sent["sid"])
    assert alert.request_url == f"{receiver.url}/in"


def test_an_unexpected_content_type_is_a_failure_but_an_empty_answer_is_none(
    sandbox, our_number, phone, receiver, listen
):
    listen()
    receiver.answers = [
        Answer(200, b"{}", "application/json"),
        Answer(204, b"", None),
        Answer(200, b"hi", "text/plain"),
    ]
    codes = [sandbox.text(phone, our_number, "x")["webhook"]["attempts"][0]["code"] for _ in range(3)]
    assert codes == [12300, None, None]


def test_a_reply_in_the_answer_is_not_acted_on(sandbox, client, our_number, phone, receiver, listen):
    listen()
    receiver.usual = Answer(200, b"<Response><Message>Hello back</Message></Response>")
    sandbox.text(phone, our_number, "x")
    assert client.messages.list(from_=our_number) == []


def test_a_redirected_post_arrives_as_a_get_without_its_parameters(sandbox, our_number, phone, receiver, listen):
    listen()
    receiver.by_path["/in"] = Answer(302, b"", None, {"Location": "/elsewhere"})
    sandbox.text(phone, our_number, "x")
    assert [(r.method, r.path, r.body) for r in receiver.requests][1:] == [("GET", "/elsewhere", b"")]


def test_an_address_on_another_machine_is_refused(sandbox, client, our_number, phone):
    sid = client.incoming_phone_numbers.list(phone_number=our_number)[0].sid
    client.incoming_phone_numbers(sid).update(sms_url="https://portal.example/in")
    sent = sandbox.text(phone, our_number, "x")
    assert [(t["error"], t["code"]) for t in sent["webhook"]["attempts"]] == [("refused", 11210)]


def test_a_route_leads_a_public_address_to_this_machine(sandbox, account, client, our_number, phone, receiver):
    sid = client.incoming_phone_numbers.list(phone_number=our_number)[0].sid
    client.incoming_phone_numbers(sid).update(sms_url="https://portal.example/in#rc=1")
    sandbox.control("PATCH", "/settings", {"routes": {"https://portal.example": receiver.url}})
    try:
        assert sandbox.text(phone, our_number, "x")["webhook"]["delivered"] is True
    finally:
        sandbox.control("PATCH", "/settings", {"routes": {}})
    (request,) = receiver.requests
    assert request.headers["Host"] == request.headers["X-Forwarded-Host"] == "portal.example"
    assert request.headers["X-Forwarded-Proto"] == "https"
    request = type(request)(**{**request.__dict__, "base": "https://portal.example"})
    assert request.is_signed_with(account["auth_token"])


def test_in_the_background_the_caller_need_not_wait(sandbox, our_number, phone, receiver, listen):
    listen()
    assert sandbox.text(phone, our_number, "x", wait=False)["webhook"] is None
    assert receiver.wait(1)[0].form["Body"] == "x"


@pytest.mark.parametrize("sender", ["12345", "whatsapp:+15550001111", "ACME%20Inc"])
def test_other_senders_than_phones_can_text(sandbox, client, our_number, sender):
    sent = sandbox.text(sender, our_number, "x")
    assert client.messages(sent["sid"]).fetch().from_ == sender.replace("%20", " ")


def test_media_are_offered_behind_a_credential_and_a_redirect(
    sandbox, account, client, our_number, phone, receiver, listen
):
    listen()
    media = [{"content_type": "image/png", "base64": base64.b64encode(PNG).decode()}] * 2
    sent = sandbox.text(phone, our_number, "", media=media)
    form = receiver.requests[0].form
    assert sent["sid"].startswith("MM")
    assert (form["NumMedia"], form["MediaContentType0"], form["Body"]) == ("2", "image/png", "")
    assert form["MediaUrl1"].startswith(f"https://api.twilio.com/2010-04-01/Accounts/{account['sid']}/Messages/MM")
    here = f"{sandbox.url}/{form['MediaUrl0'].removeprefix('https://')}"
    auth = HTTPBasicAuth(account["sid"], account["auth_token"])
    assert requests.get(here, timeout=10, allow_redirects=False).status_code == 401
    first = requests.get(here, auth=auth, timeout=10, allow_redirects=False)
    assert first.status_code == 302
    assert first.headers["Location"].startswith("https://mms.twiliocdn.com/")
    there = f"{sandbox.url}/{first.headers['Location'].removeprefix('https://')}"
    assert requests.get(there, auth=auth, timeout=10).status_code == 400
    found = requests.get(there, timeout=10)
    assert (found.content, found.headers["Content-Type"]) == (PNG, "image/png")


def test_media_can_be_listed_and_deleted(sandbox, client, our_number, phone):
    media = [{"content_type": "image/png", "base64": base64.b64encode(PNG).decode()}] * 3
    sid = sandbox.text(phone, our_number, "", media=media)["sid"]
    found = client.messages(sid).media.list(page_size=2)
    assert [m.content_type for m in found] == ["image/png"] * 3
    assert client.messages(sid).media(found[0].sid).fetch().parent_sid == sid
    assert client.messages(sid).media(found[0].sid).delete()
    assert len(client.messages(sid).media.list()) == 2
    assert client.messages(sid).fetch().num_media == "2"


def test_inbound_webhooks_can_come_twice_or_unsigned(sandbox, account, our_number, phone, receiver, listen):
    listen()
    match = {"to": our_number}
    sandbox.fault("duplicate_webhooks", count=1, match=match)
    sandbox.text(phone, our_number, "x")
    assert len({r.form["MessageSid"] for r in receiver.requests}) == 1
    assert len(receiver.requests) == 2
    sandbox.fault("unsigned_webhooks", count=1, match=match)
    sandbox.text(phone, our_number, "y")
    assert "X-Twilio-Signature" not in receiver.requests[-1].headers


def test_the_webhook_is_in_the_journal(sandbox, our_number, phone, receiver, listen):
    listen()
    sent = sandbox.text(phone, our_number, "x")
    (entry,) = [e for e in sandbox.journal("webhook") if e["sid"] == sent["sid"]]
    assert (entry["purpose"], entry["status"], entry["url"]) == ("message", 200, f"{receiver.url}/in")
    assert json.dumps(entry)


def test_an_application_decides_over_the_numbers_own_address(sandbox, client, our_number, phone, receiver, listen):
    listen("/in", sms_application_sid="AP" + "0" * 32)
    sandbox.text(phone, our_number, "x")
    assert receiver.requests == []
    assert wait_until(lambda: client.messages.list(to=our_number))
