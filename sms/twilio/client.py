"""Clients for Twilio's REST API: which address a call goes to, with which credentials, and for how long at most."""

import logging
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as DeadlinePassed
from typing import Any
from urllib.parse import urlsplit

import requests
from django.conf import settings
from requests.adapters import HTTPAdapter
from twilio.http import HttpClient
from twilio.http.response import Response
from twilio.rest import Client

from sms.models import TwilioAccount
from tenants import secrets

SANDBOX_PREFIX = "AC5a4db0c55a4d"
CONNECT_SECONDS = 3.0
DEADLINE_SECONDS = 35.0
# An edge is needed beside a region: Twilio ended the form api.<region>.twilio.com.
EDGES = {"us1": "ashburn", "ie1": "dublin", "au1": "sydney"}

_silent = logging.getLogger("sms.twilio.client")
_silent.addHandler(logging.NullHandler())


class SandboxNotRunning(Exception):
    """An account of the sandbox was to be used while no sandbox runs. Nothing was sent anywhere."""

    def __init__(self) -> None:
        super().__init__(
            "This is a sandbox account, and the sandbox is not running. Start it, or set SANDBOX_URL to its address."
        )


def is_sandbox(account_sid: str) -> bool:
    """Whether the sandbox issued this Account SID; such an account never meets the real Twilio."""
    return account_sid.startswith(SANDBOX_PREFIX)


def rest_url(account_sid: str, url: str) -> str:
    """Return where a call to Twilio really goes: `https://host/path` becomes `<base>/host/path` when there is a base.

    Raises:
        SandboxNotRunning: a sandbox account, and no sandbox is known.
    """
    if is_sandbox(account_sid) and not settings.SANDBOX_URL:
        raise SandboxNotRunning
    base = settings.SANDBOX_URL if is_sandbox(account_sid) else settings.TWILIO_API_BASE
    if not base:
        return url
    parts = urlsplit(url)
    return f"{base}/{parts.netloc}{parts.path}{'?' if parts.query else ''}{parts.query}"


def rest_credentials(account: TwilioAccount) -> tuple[str, str]:
    """Return user and password for the REST API: the API key when there is one, else the Auth Token."""
    if account.api_key_sid:
        return account.api_key_sid, secrets.open(account, "api_key_secret")
    return account.account_sid, secrets.open(account, "auth_token")


def region_and_edge(account: TwilioAccount) -> tuple[str | None, str | None]:
    """Return where the account lives, or nothing for Twilio's default; a region always comes with an edge."""
    edge = account.edge or EDGES.get(account.region, "")
    return account.region or None, edge or None


def usual_place(region: str) -> tuple[str, str]:
    """Return a region with its usual edge, as they are stored; nothing for Twilio's default."""
    return ("", "") if region in ("", "us1") else (region, EDGES.get(region, ""))


class DeadlineClient(HttpClient):
    """The HTTP border of management calls: a wall-clock deadline, no retries, no redirects, no log of parameters."""

    def __init__(self, account_sid: str, deadline: float = DEADLINE_SECONDS) -> None:
        super().__init__(_silent, False, deadline)
        self.account_sid = account_sid
        self.deadline = deadline

    def request(
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
        """Make one call.

        Raises:
            requests.RequestException: it could not be made, or the deadline passed.
            SandboxNotRunning: the account needs the sandbox.
        """
        address = rest_url(self.account_sid, uri)
        body = {"json": data} if "json" in (headers or {}).get("Content-Type", "") else {"data": data}
        call = requests.Request(method.upper(), address, params=params, headers=headers, auth=auth, **body)
        answer = self._before_deadline(
            call, direct=address != uri, seconds=min(timeout or self.deadline, self.deadline)
        )
        return Response(answer.status_code, answer.text, answer.headers)

    def _before_deadline(self, call: requests.Request, *, direct: bool, seconds: float) -> requests.Response:
        """Wait in another thread: the time-outs of `requests` start anew with every byte that arrives."""
        pool = ThreadPoolExecutor(1, thread_name_prefix="twilio")
        try:
            return pool.submit(_send, call, direct, seconds).result(seconds)
        except DeadlinePassed as error:
            raise requests.Timeout(f"Twilio did not answer within {seconds:g} seconds") from error
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def _send(call: requests.Request, direct: bool, seconds: float) -> requests.Response:
    with requests.Session() as session:
        session.trust_env = not direct
        session.mount("https://", HTTPAdapter(max_retries=0))
        prepared = session.prepare_request(call)
        environment = session.merge_environment_settings(prepared.url, {}, None, None, None)
        return session.send(
            prepared, allow_redirects=False, timeout=(min(CONNECT_SECONDS, seconds), seconds), **environment
        )


def sync_client(
    account: TwilioAccount,
    *,
    credentials: tuple[str, str] | None = None,
    deadline: float = DEADLINE_SECONDS,
    region: str | None = None,
) -> Client:
    """Return the official client for management calls of one account.

    `credentials` and `region` replace the account's own.
    """
    user, password = credentials or rest_credentials(account)
    place = region_and_edge(account) if region is None else usual_place(region)
    options: dict[str, Any] = {"region": place[0] or None, "edge": place[1] or None}
    return Client(
        user,
        password,
        account.account_sid,
        http_client=DeadlineClient(account.account_sid, deadline),
        # Without an environment of our own the library would take whatever TWILIO_… the process has.
        environment={"TWILIO_REGION": ""},
        **options,
    )
