"""Post texts to Twilio from one event loop: the official client on connections of our own, never a second POST."""

import contextlib
import logging
import ssl
from base64 import b64encode
from collections.abc import AsyncIterator
from contextvars import ContextVar
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import aiohttp
from requests.utils import DEFAULT_CA_BUNDLE_PATH
from twilio.base import values
from twilio.base.exceptions import TwilioException
from twilio.http import AsyncHttpClient
from twilio.http.response import Response
from twilio.rest import Client

from sms.models import TwilioAccount
from sms.outcomes import Answer
from sms.twilio import client
from tenants import secrets

_silent = logging.getLogger("sms.twilio.sender")
_silent.addHandler(logging.NullHandler())

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


class LoopHttpClient(AsyncHttpClient):
    """The HTTP border of sending: hard deadlines, no retries, no redirects, no log of parameters."""

    def __init__(self, session: aiohttp.ClientSession, account_sid: str) -> None:
        super().__init__(_silent, True, client.DEADLINE_SECONDS)
        self.session = session
        self.account_sid = account_sid

    async def request(
        self,
        method: str,
        uri: str,
        params: dict[str, object] | None = None,
        data: dict[str, object] | None = None,
        headers: dict[str, str] | None = None,
        auth: tuple[str, str] | None = None,
        timeout: float | None = None,
        allow_redirects: bool = False,
    ) -> Response:
        """Make one call."""
        address = client.rest_url(self.account_sid, uri)
        options: dict[str, Any] = {
            "params": params,
            "data": _fields(data or {}),
            "headers": {**(headers or {}), **_authorization(auth)},
        }
        proxy = None if address != uri else _proxy_to(urlsplit(uri).hostname or "")
        async with self.session.request(method, address, allow_redirects=False, proxy=proxy, **options) as answer:
            _answered.set((answer.status, answer.headers))
            return Response(answer.status, await answer.text(), answer.headers)


def _authorization(auth: tuple[str, str] | None) -> dict[str, str]:
    return {"Authorization": f"Basic {b64encode(':'.join(auth).encode()).decode()}"} if auth else {}


def _fields(data: dict[str, object]) -> list[tuple[str, str]]:
    """Return the form; a list repeats its field."""
    pairs = ((name, value if isinstance(value, list) else [value]) for name, value in data.items())
    return [(name, str(item)) for name, items in pairs for item in items]


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
    """The clients of one event loop, one per set of credentials, over one pool of connections."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self._session = session
        self._clients: dict[tuple[object, ...], list[Client]] = {}

    async def post(self, post: Post) -> Answer:
        """Ask Twilio to send a text, once. Other stored credentials are tried only after a refusal of the first."""
        answer = Answer(_UNAUTHORIZED, code="20003", text="No credentials are stored for this Twilio account.")
        for official in self._clients_of(post.account):
            answer = await _create(official, post)
            if answer.http_status != _UNAUTHORIZED:
                break
        return answer

    def _clients_of(self, account: TwilioAccount) -> list[Client]:
        key = (account.pk, account.api_key_sid, *_sealed(account))
        if key not in self._clients:
            http = LoopHttpClient(self._session, account.account_sid)
            self._clients[key] = [_client(account, login, http) for login in _logins(account)]
        return self._clients[key]


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


def _client(account: TwilioAccount, login: tuple[str, str], http: LoopHttpClient) -> Client:
    region, edge = client.region_and_edge(account)
    environment = {"TWILIO_REGION": ""}
    return Client(*login, account.account_sid, http_client=http, region=region, edge=edge, environment=environment)


async def _create(official: Client, post: Post) -> Answer:
    """Make the one call and turn whatever comes of it into an answer."""
    _answered.set(None)
    try:
        created = await official.messages.create_async(**_parameters(post))
    except TwilioException as error:
        return _refusal(error)
    except _NEVER_SENT as error:
        return Answer(sent=False, text=_note(error))
    except client.SandboxNotRunning as error:
        return Answer(sent=False, text=str(error))
    except (TimeoutError, aiohttp.ClientError, OSError, ValueError) as error:
        return _lost(error)
    return Answer(
        http_status=201, sid=created.sid or "", status=created.status or "", code=str(created.error_code or "")
    )


def _parameters(post: Post) -> dict[str, Any]:
    by_service = post.sender.startswith("MG")
    return {
        "to": post.to,
        "from_": values.unset if by_service else post.sender,
        "messaging_service_sid": post.sender if by_service else values.unset,
        "body": post.body or values.unset,
        "media_url": list(post.media) or values.unset,
        "status_callback": post.status_callback or values.unset,
        "validity_period": post.validity_seconds,
    }


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
