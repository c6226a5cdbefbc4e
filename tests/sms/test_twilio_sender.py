"""The border to Twilio while sending: what is posted, and how each answer is read."""

import asyncio
import json
import logging
from base64 import b64encode
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl

import pytest
from twilio.base import values
from twilio.http import AsyncHttpClient
from twilio.http.response import Response

from sms.errors import Verdict
from sms.models import TwilioAccount
from sms.queueing.outcomes import Answer, judge
from sms.twilio import sender
from sms.twilio.sender import Post
from tenants import secrets
from tenants.ids import new_id
from tests.sandbox.harness import Answer as Reply
from tests.sandbox.harness import Receiver

SERVICE = "MG" + "3" * 32


@pytest.fixture
def account() -> TwilioAccount:
    account = TwilioAccount(id=new_id(), account_sid="AC" + "1" * 32)
    secrets.seal(account, "auth_token", "token")
    return account


def post(account: TwilioAccount, **wanted: Any) -> Post:
    fields = {"to": "+12025550199", "sender": "+12025550101", "body": "Hello", "validity_seconds": 60}
    return Post(account=account, status_callback="", **fields | wanted)  # type: ignore[arg-type]


def ask(settings: Any, post: Post, *replies: Reply) -> tuple[Answer, Receiver]:
    """Post to a receiver that answers with these."""

    async def once() -> Answer:
        async with sender.sender(2) as twilio:
            return await twilio.post(post)

    with Receiver() as receiver:
        receiver.answers = list(replies)
        settings.TWILIO_API_BASE = receiver.url
        return asyncio.run(once()), receiver


def reply(status: int, payload: Any, **headers: str) -> Reply:
    return Reply(status, json.dumps(payload).encode(), "application/json", headers)


TAKEN = {"sid": "SM" + "4" * 32, "status": "accepted", "error_code": None}


def test_a_text_is_posted_once_with_what_twilio_wants(settings: Any, account: TwilioAccount) -> None:
    wanted = post(account, media=("https://a.example/1", "https://a.example/2"))
    answer, receiver = ask(settings, wanted, reply(201, TAKEN))
    assert answer == Answer(201, sid=TAKEN["sid"], status="accepted")
    [request] = receiver.requests
    assert request.path == f"/api.twilio.com/2010-04-01/Accounts/{account.account_sid}/Messages.json"
    assert request.body.count(b"MediaUrl=") == 2
    assert request.form["From"] == "+12025550101"
    assert request.form["ValidityPeriod"] == "60"
    assert request.headers["Authorization"].startswith("Basic ")
    assert "MessagingServiceSid" not in request.form


def test_a_messaging_service_chooses_its_own_number(settings: Any, account: TwilioAccount) -> None:
    _, receiver = ask(settings, post(account, sender=SERVICE), reply(201, TAKEN))
    assert receiver.requests[0].form["MessagingServiceSid"] == SERVICE
    assert "From" not in receiver.requests[0].form


@pytest.mark.parametrize(
    ("given", "code", "verdict"),
    [
        (reply(400, {"code": 21211, "message": "Invalid", "status": 400}), "21211", Verdict.REJECTED),
        (reply(429, {"message": "Too many"}), "", Verdict.REQUEUE),
        (reply(400, {"type": "x", "title": "Bad", "status": 400, "code": 21617}), "21617", Verdict.REJECTED),
        (reply(307, {}), "", Verdict.UNKNOWN),
        (Reply(400, b"<html>", "text/html"), "", Verdict.REJECTED),
        (Reply(503, b"", "text/html"), "", Verdict.UNKNOWN),
        (reply(201, {"status": "queued"}), "", Verdict.UNKNOWN),
        (Reply(201, b'{"sid": "S', "application/json"), "", Verdict.UNKNOWN),
    ],
)
def test_every_answer_is_read_for_what_it_proves(
    settings: Any, account: TwilioAccount, given: Reply, code: str, verdict: Verdict
) -> None:
    answer, receiver = ask(settings, post(account), given)
    assert (answer.http_status, answer.code, judge(answer)) == (given.status, code, verdict)
    assert len(receiver.requests) == 1


@pytest.mark.parametrize(("header", "seconds"), [("7", 7.0), ("soon", None)])
def test_retry_after_is_heard(settings: Any, account: TwilioAccount, header: str, seconds: float | None) -> None:
    answer, _ = ask(settings, post(account), reply(429, {"code": 20429}, **{"Retry-After": header}))
    assert answer.retry_after == seconds


def test_credentials_are_tried_in_order_and_only_after_a_refusal(settings: Any, account: TwilioAccount) -> None:
    account.api_key_sid = "SK" + "5" * 32
    secrets.seal(account, "api_key_secret", "secret")
    no = reply(401, {"code": 20003})
    answer, receiver = ask(settings, post(account), no, reply(201, TAKEN))
    assert answer.sid == TAKEN["sid"]
    assert len({request.headers["Authorization"] for request in receiver.requests}) == 2


def test_the_machines_proxy_is_used_towards_twilio(monkeypatch: pytest.MonkeyPatch) -> None:
    sender._proxy_to.cache_clear()
    monkeypatch.setenv("https_proxy", "http://proxy.example:3128")
    monkeypatch.setenv("no_proxy", "inside.example")
    assert sender._proxy_to("api.twilio.com") == "http://proxy.example:3128"
    assert sender._proxy_to("inside.example") is None
    sender._proxy_to.cache_clear()


def test_a_proxy_that_refuses_shows_nobody_its_password(
    account: TwilioAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def once() -> Answer:
        async with sender.sender(1) as twilio:
            return await twilio.post(post(account))

    with Receiver() as proxy:
        address = proxy.url.replace("//", "//user:hunter2@")
        monkeypatch.setattr(sender, "_proxy_to", lambda host: address)
        answer = asyncio.run(once())
    assert (answer.sent, judge(answer)) == (False, Verdict.REQUEUE)
    assert "ClientHttpProxyError" in answer.text
    assert "hunter2" not in answer.text


def test_without_a_connection_nothing_was_sent(settings: Any, account: TwilioAccount) -> None:
    settings.TWILIO_API_BASE = "http://127.0.0.1:9"

    async def once() -> Answer:
        async with sender.sender(1) as twilio:
            return await twilio.post(post(account))

    answer = asyncio.run(once())
    assert (answer.http_status, answer.sent, judge(answer)) == (0, False, Verdict.REQUEUE)


def test_silence_after_the_request_proves_nothing(
    settings: Any, account: TwilioAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sms.twilio.client.DEADLINE_SECONDS", 0.3)
    answer, _ = ask(settings, post(account), Reply(hold=True))
    assert (answer.http_status, answer.sent, judge(answer)) == (0, True, Verdict.UNKNOWN)


class Recording(AsyncHttpClient):  # type: ignore[misc]
    """Takes down what the official client would send."""

    async def request(self, method: str, uri: str, *more: Any, **options: Any) -> Response:
        self.asked = method, uri, options
        return Response(201, json.dumps(TAKEN))


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"body": "Ünï © & = + % 📎\n"},
        {"body": "", "media": ("https://a.example/1?x=1&y=2", "https://a.example/2")},
        {"sender": SERVICE, "validity_seconds": 36_000},
        {"sender": "ACME"},
    ],
)
@pytest.mark.parametrize("region", ["", "ie1"])
def test_a_post_is_the_one_that_the_official_client_would_make(
    account: TwilioAccount, changes: dict[str, Any], region: str
) -> None:
    account.region = region
    callback = "https://portal.example.com/webhooks/twilio/abc/status/1/1#rc=3&rp=ct"
    text = replace(post(account, **changes), status_callback=callback)
    recording = Recording(logging.getLogger("test"), True, 1.0)
    official = sender._client(account, (account.account_sid, "token"))
    official.http_client = recording
    by_service = text.sender == SERVICE
    asyncio.run(
        official.messages.create_async(
            to=text.to,
            from_=values.unset if by_service else text.sender,
            messaging_service_sid=text.sender if by_service else values.unset,
            body=text.body or values.unset,
            media_url=list(text.media) or values.unset,
            status_callback=text.status_callback,
            validity_period=text.validity_seconds,
        )
    )
    method, url, options = recording.asked
    line = sender._line(account, (account.account_sid, "token"))
    assert (method, url) == ("POST", line.url)
    wanted = [(name, str(each)) for name, value in options["data"].items() for each in listed(value)]
    assert sorted(parse_qsl(sender.form_of(text).decode(), keep_blank_values=True)) == sorted(wanted)
    assert options["headers"].items() <= line.headers.items()
    assert set(line.headers) == {*options["headers"], "Authorization"}
    user, password = options["auth"]
    assert line.headers["Authorization"] == f"Basic {b64encode(f'{user}:{password}'.encode()).decode()}"


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
