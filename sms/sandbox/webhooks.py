"""Calls to the portal as Twilio makes them: signed, with time-outs, retries and connection overrides."""

import time
import uuid
from dataclasses import asdict, dataclass
from typing import Any, Literal
from urllib.parse import urlencode, urljoin

import aiohttp
from twilio.request_validator import RequestValidator
from yarl import URL

from sms.sandbox import overrides, places
from sms.sandbox.hub import Hub
from sms.sandbox.things import Account

Purpose = Literal["message", "fallback", "status"]

LARGEST_REPLY = 64 * 1024
REPLY_TYPES = ("text/xml", "application/xml", "text/html", "text/plain")
MOST_REDIRECTS = 5


@dataclass(frozen=True, slots=True)
class Webhook:
    """One thing to tell the portal."""

    account: Account
    url: str
    method: str
    params: dict[str, str]
    purpose: Purpose
    resource: str
    signed: bool = True


@dataclass(slots=True)
class Try:
    """One HTTP request of a webhook and what came of it."""

    url: str
    fallback: bool
    status: int | None = None
    ms: int = 0
    error: str | None = None
    code: int | None = None
    reply: str = ""

    @property
    def is_success(self) -> bool:
        """Say whether Twilio would be content."""
        return self.code is None

    def shown(self) -> dict[str, Any]:
        """Return the try as JSON, without the reply's text."""
        return {name: value for name, value in asdict(self).items() if name != "reply"}


async def send(hub: Hub, webhook: Webhook) -> list[Try]:
    """Tell the portal, retrying as the URL asks; a failure ends in the list of alerts."""
    url, how = overrides.parse(webhook.url)
    token = str(uuid.uuid4())
    if not how.is_valid:
        _alert(hub, webhook, 11243, "HTTP retry policy is invalid")
    tries: list[Try] = []
    deadline = time.monotonic() + how.total_ms / 1000
    while True:
        tries.append(await _once(hub, webhook, url, how, deadline=deadline, token=token))
        left = deadline - time.monotonic()
        if len(tries) > how.retries or left <= 0 or _class(tries[-1]) not in how.policies:
            break
    last = tries[-1]
    if last.code:
        _alert(hub, webhook, last.code, last.error or f"Got HTTP {last.status} response to {url}")
    await hub.commit()
    return tries


def _alert(hub: Hub, webhook: Webhook, code: int, text: str) -> None:
    hub.alert(
        webhook.account, code, webhook.resource, overrides.parse(webhook.url)[0], method=webhook.method, text=text
    )


def _class(tried: Try) -> str:
    if tried.is_success:
        return "success"
    if tried.status is not None:
        return f"{tried.status // 100}xx"
    return tried.error or ""


async def _once(hub: Hub, webhook: Webhook, url: str, how: overrides.Overrides, *, deadline: float, token: str) -> Try:
    tried = Try(url=url, fallback=webhook.purpose == "fallback")
    async with hub.slots:
        started = time.monotonic()
        timeout = aiohttp.ClientTimeout(
            total=max(deadline - started, 0.001),
            sock_connect=how.connect_ms / 1000,
            sock_read=how.read_ms / 1000,
        )
        await _exchange(hub, webhook, tried, timeout=timeout, token=token)
    tried.ms = round((time.monotonic() - started) * 1000)
    _judge(tried, webhook.purpose)
    hub.record(
        "webhook",
        **tried.shown(),
        purpose=webhook.purpose,
        sid=webhook.resource,
        message_status=webhook.params.get("MessageStatus"),
        message_sid=webhook.params.get("MessageSid"),
        method=webhook.method,
        signed=webhook.signed,
        token=token,
    )
    return tried


async def _exchange(hub: Hub, webhook: Webhook, tried: Try, *, timeout: aiohttp.ClientTimeout, token: str) -> None:
    try:
        await _follow(hub, webhook, tried, timeout=timeout, token=token)
    except aiohttp.ConnectionTimeoutError:
        tried.error = "ct"
    except aiohttp.SocketTimeoutError:
        tried.error = "rt"
    except TimeoutError:
        tried.error = "tt"
    except aiohttp.ClientConnectorError:
        tried.error = "ct"
    except aiohttp.InvalidURL:
        tried.error = "host"
    except (aiohttp.ClientError, ConnectionError):
        tried.error = "rt"


async def _follow(hub: Hub, webhook: Webhook, tried: Try, *, timeout: aiohttp.ClientTimeout, token: str) -> None:
    url, method, params = tried.url, webhook.method, webhook.params
    for _ in range(MOST_REDIRECTS + 1):
        if method == "GET" and params:
            url = f"{url}{'&' if '?' in url else '?'}{urlencode(params)}"
        place = places.find(url, hub.settings.routes)
        if place is None:
            tried.error = "refused"
            return
        form = params if method == "POST" else {}
        headers = {**_headers(webhook, url, form, token), **place.headers}
        async with _session(hub).request(
            method,
            URL(place.url, encoded=True),
            data=urlencode(form) if method == "POST" else None,
            headers=headers,
            timeout=timeout,
            allow_redirects=False,
        ) as response:
            tried.status = response.status
            location = response.headers.get("Location", "")
            if not (300 <= response.status < 400 and location):
                await _read(response, tried)
                return
        # As with browsers a redirected POST arrives as a GET and loses its parameters.
        url, method, params = urljoin(url, location), "GET", {}


async def _read(response: aiohttp.ClientResponse, tried: Try) -> None:
    body = b""
    async for chunk in response.content.iter_chunked(8192):
        body += chunk
        if len(body) > LARGEST_REPLY:
            tried.error, tried.code = "too large", 11750
            return
    if body and response.content_type not in REPLY_TYPES:
        tried.reply = "wrong type"
    elif body and "xml" in response.content_type and not body.lstrip().startswith(b"<"):
        tried.reply = "not xml"


def _judge(tried: Try, purpose: Purpose) -> None:
    if tried.code:
        return
    if tried.error:
        tried.status = None
        tried.code = 11210 if tried.error in {"refused", "host"} else 11205
    elif tried.status is None or not 200 <= tried.status < 300:
        tried.code = 11200
    elif purpose != "status" and tried.reply:
        tried.code = 12300 if tried.reply == "wrong type" else 12100


def _headers(webhook: Webhook, url: str, form: dict[str, str], token: str) -> dict[str, str]:
    headers = {
        "User-Agent": "TwilioProxy/1.1",
        "Accept": "*/*",
        "Cache-Control": "max-age=259200",
        "X-Home-Region": "us1",
        "I-Twilio-Idempotency-Token": token,
    }
    if webhook.method == "POST":
        headers["Content-Type"] = "application/x-www-form-urlencoded; charset=UTF-8"
    if webhook.signed:
        validator = RequestValidator(webhook.account.auth_token)
        headers["X-Twilio-Signature"] = validator.compute_signature(url, form)
    return headers


def _session(hub: Hub) -> aiohttp.ClientSession:
    if hub.http is None:
        # A kept-open connection that the portal closes at the wrong moment would look like a fault of its own.
        hub.http = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0, force_close=True))
    return hub.http


async def fetch(hub: Hub, url: str, *, most_bytes: int) -> tuple[str, bytes] | None:
    """Fetch a file that a message is to carry; None when Twilio could not have had it."""
    place = places.find(url, hub.settings.routes)
    if place is None:
        return None
    timeout = aiohttp.ClientTimeout(total=15)
    try:
        async with _session(hub).get(
            URL(place.url, encoded=True), headers=place.headers, timeout=timeout, allow_redirects=False
        ) as response:
            if response.status != 200:
                return None
            body = await response.content.read(most_bytes + 1)
            return response.content_type, body
    except (aiohttp.ClientError, OSError, TimeoutError):
        return None
