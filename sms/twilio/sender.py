"""Post texts to Twilio from one event loop: as the official client would, on connections of our own, each once."""

import contextlib
import json
import ssl
from base64 import b64encode
from collections.abc import AsyncIterator, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from urllib.parse import urlencode, urlsplit
from urllib.request import getproxies, proxy_bypass

import aiohttp
from requests.utils import DEFAULT_CA_BUNDLE_PATH
from twilio.base.exceptions import TwilioException
from twilio.base.version import Version
from twilio.http.response import Response
from twilio.rest import Client

from sms.models import TwilioAccount
from sms.queueing.outcomes import Answer
from sms.twilio import client
from tenants import secrets

# What came back in this task, for what the official client does not tell: the status of a broken answer, Retry-After.
_answered: ContextVar[tuple[int, Any] | None] = ContextVar("answered", default=None)

# No request byte has left: the connection was never made.
_NEVER_SENT = (
    aiohttp.ClientConnectorError,
    aiohttp.ClientHttpProxyError,
    aiohttp.ConnectionTimeoutError,
    aiohttp.InvalidURL,
)
_UNAUTHORIZED = 401
_LONGEST_NOTE = 250


@dataclass(frozen=True, slots=True)
class Post:
    """One text as Twilio gets it."""

    account: TwilioAccount
    to: str
    sender: str
    body: str
    status_callback: str
    validity_seconds: int
    media: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Line:
    """Where and how texts of one login are posted.

    Address and headers are the official client's own, asked for once: it would build them anew for every text, and a
    model of each answer, which costs more than the POST itself.
    """

    account_sid: str
    url: str
    headers: Mapping[str, str]

    async def ask(self, session: aiohttp.ClientSession, form: bytes) -> Response:
        """Make the one call: no retries, no redirects, no log of parameters; the session has the deadlines."""
        address = client.rest_url(self.account_sid, self.url)
        proxy = None if address != self.url else _proxy_to(urlsplit(self.url).hostname or "")
        options: dict[str, Any] = {"headers": self.headers, "allow_redirects": False, "proxy": proxy}
        async with session.post(address, data=form, **options) as answer:
            _answered.set((answer.status, answer.headers))
            return Response(answer.status, await answer.text(), answer.headers)


def _line(account: TwilioAccount, login: tuple[str, str]) -> Line:
    official = _client(account, login)
    path = f"/Accounts/{account.account_sid}/Messages.json"
    headers = official.get_headers("POST", {"Accept": "application/json"})
    headers["Authorization"] = f"Basic {b64encode(':'.join(login).encode()).decode()}"
    return Line(account.account_sid, official.get_hostname(official.api.v2010.absolute_url(path)), headers)


@lru_cache(maxsize=32)
def _proxy_to(host: str) -> str | None:
    """Return the proxy that this machine uses towards a host, as its environment says."""
    return None if proxy_bypass(host) else getproxies().get("https")


@lru_cache(maxsize=1)
def _certificates() -> ssl.SSLContext:
    """Trust what the machine trusts and, for machines without certificates, the usual authorities."""
    context = ssl.create_default_context()
    context.load_verify_locations(DEFAULT_CA_BUNDLE_PATH)
    return context


class Sender:
    """The lines of one event loop, one per set of credentials, over one pool of connections."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self._session = session
        self._lines: dict[tuple[object, ...], list[Line]] = {}

    async def post(self, post: Post) -> Answer:
        """Ask Twilio to send a text, once. Other stored credentials are tried only after a refusal of the first."""
        answer = Answer(_UNAUTHORIZED, code="20003", text="No credentials are stored for this Twilio account.")
        for line in self._lines_of(post.account):
            answer = await _create(line, self._session, post)
            if answer.http_status != _UNAUTHORIZED:
                break
        return answer

    def _lines_of(self, account: TwilioAccount) -> list[Line]:
        key = (account.pk, account.api_key_sid, account.region, account.edge, *_sealed(account))
        if key not in self._lines:
            self._lines[key] = [_line(account, login) for login in _logins(account)]
        return self._lines[key]


def _sealed(account: TwilioAccount) -> tuple[bytes, ...]:
    sealed = (account.auth_token_sealed, account.secondary_token_sealed, account.api_key_secret_sealed)
    return tuple(bytes(value) for value in sealed)


def _logins(account: TwilioAccount) -> list[tuple[str, str]]:
    """Return user and password in the order to try: API key, Auth Token, secondary Auth Token."""
    logins = [
        (account.api_key_sid, secrets.open(account, "api_key_secret")),
        (account.account_sid, secrets.open(account, "auth_token")),
        (account.account_sid, secrets.open(account, "secondary_token")),
    ]
    return [(user, password) for user, password in logins if user and password]


def _client(account: TwilioAccount, login: tuple[str, str]) -> Client:
    region, edge = client.region_and_edge(account)
    return Client(*login, account.account_sid, region=region, edge=edge, environment={"TWILIO_REGION": ""})


async def _create(line: Line, session: aiohttp.ClientSession, post: Post) -> Answer:
    """Make the one call and turn whatever comes of it into an answer."""
    _answered.set(None)
    try:
        response = await line.ask(session, form_of(post))
        if not 200 <= response.status_code < 300:
            return _refusal(Version.exception("POST", line.url, response, "Unable to create record"))
        made = json.loads(response.text)
        return Answer(201, str(made["sid"] or ""), str(made["status"] or ""), str(made.get("error_code") or ""))
    except _NEVER_SENT as error:
        return Answer(sent=False, text=_note(error))
    except client.SandboxNotRunning as error:
        return Answer(sent=False, text=str(error))
    except (TimeoutError, aiohttp.ClientError, OSError, ValueError, TypeError, LookupError, AttributeError) as error:
        return _lost(error)


def form_of(post: Post) -> bytes:
    """Return the form as the official client would write it; a test compares the two."""
    fields = [
        ("To", post.to),
        ("StatusCallback", post.status_callback),
        ("ValidityPeriod", str(post.validity_seconds)),
        ("MessagingServiceSid" if post.sender.startswith("MG") else "From", post.sender),
        ("Body", post.body),
        *(("MediaUrl", url) for url in post.media),
    ]
    return urlencode([(name, value) for name, value in fields if value]).encode()


def _refusal(error: TwilioException) -> Answer:
    """Read an answer of 300 and above; both forms of Twilio's errors."""
    status = int(getattr(error, "status", 0) or 0)
    code = getattr(error, "code", None)
    text = str(getattr(error, "msg", "") or getattr(error, "detail", "") or getattr(error, "title", "") or error)
    return Answer(
        http_status=status,
        code="" if code in (None, status) else str(code),
        text=text[:_LONGEST_NOTE],
        retry_after=_retry_after(),
    )


def _retry_after() -> float | None:
    status_and_headers = _answered.get()
    text = str(status_and_headers[1].get("Retry-After", "")) if status_and_headers else ""
    return float(text) if text.isascii() and text.isdigit() else None


def _lost(error: Exception) -> Answer:
    """The request left, and what came back, if anything, does not say what became of it."""
    status_and_headers = _answered.get()
    return Answer(http_status=status_and_headers[0] if status_and_headers else 0, text=_note(error))


def _note(error: Exception) -> str:
    """Say what went wrong. An answer that is an error names the address asked, which holds a proxy's password."""
    said = f"{error.status} {error.message}" if isinstance(error, aiohttp.ClientResponseError) else error
    return f"{type(error).__name__}: {said}"[:_LONGEST_NOTE]


def warm_up() -> None:
    """Load what the first text would wait for: the certificates, and the client's own lazy modules."""
    _certificates()
    Client("AC", "-", environment={"TWILIO_REGION": ""}).messages  # noqa: B018 (loads them)


@contextlib.asynccontextmanager
async def sender(in_flight: int) -> AsyncIterator[Sender]:
    """Open the pool of connections inside the running loop; a connection idle for 5 s is not used again."""
    connector = aiohttp.TCPConnector(limit=in_flight, keepalive_timeout=5, ssl=_certificates())
    timeout = aiohttp.ClientTimeout(connect=client.CONNECT_SECONDS, total=client.DEADLINE_SECONDS)
    async with aiohttp.ClientSession(connector=connector, timeout=timeout) as session:
        yield Sender(session)
