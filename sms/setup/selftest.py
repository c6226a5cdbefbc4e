"""Call our own webhook as Twilio would, through the public address, and say how far the call came.

The call carries a number used once in place of a text. Whoever takes it notes that number where every process of this
portal sees it: so an answer of somebody else, however friendly, is told from our own.
"""

import re
import secrets as random
import socket
import ssl
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as DeadlinePassed
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from urllib.parse import urlencode, urlsplit

import requests
from django.core.cache import cache
from django.utils.translation import gettext as _
from requests.adapters import HTTPAdapter

from sms.models import Configuration, RefusedRequest
from sms.setup import configuring
from sms.webhooks import selftests, signature
from sms.webhooks.views import GONE
from tenants import clock, secrets

_CONNECT_SECONDS = 3.0
_SECONDS = 8.0
_KEPT_SECONDS = 1800
_OURS = "Refused: the signature or the account does not fit this webhook."
_CERTIFICATE = re.compile(r"unable to get (local )?issuer|self.signed|verify the first certificate", re.IGNORECASE)


class Reached(StrEnum):
    """How far the call came."""

    HERE = "here"
    NO_ADDRESS = "no_address"
    DNS = "dns"
    CONNECT = "connect"
    TIMEOUT = "timeout"
    CHAIN = "chain"
    CERTIFICATE = "certificate"
    TLS = "tls"
    BROKEN = "broken"
    REDIRECTED = "redirected"
    NO_SIGNATURE = "no_signature"
    BAD_SIGNATURE = "bad_signature"
    PATH_CHANGED = "path_changed"
    OTHER_PORTAL = "other_portal"
    NOT_FOUND = "not_found"
    REFUSED = "refused"
    NO_SERVER = "no_server"
    ANSWERED = "answered"
    STRANGER = "stranger"


@dataclass(frozen=True, slots=True)
class Outcome:
    """How far a self-test came, with what the sentence about it names."""

    reached: Reached
    detail: str = ""

    @property
    def is_here(self) -> bool:
        """Whether this portal took the call and knew its signature."""
        return self.reached == Reached.HERE

    @property
    def arrived(self) -> bool:
        """Whether the call came as far as this portal, whatever it then said to it."""
        return self.reached in (Reached.HERE, Reached.NO_SIGNATURE, Reached.BAD_SIGNATURE, Reached.PATH_CHANGED)


def run(configuration: Configuration, token: str = "") -> Outcome:
    """Make one call, signed with the account's Auth Token or another one."""
    problem = configuring.address_problem(configuration)
    url = configuring.webhook_url(configuration, overrides=False)
    if problem or not urlsplit(url).hostname:
        return Outcome(Reached.NO_ADDRESS, problem or configuring.public_address_problem(""))
    account, nonce, since = configuration.account, random.token_hex(16), clock.now()
    form = {"AccountSid": account.account_sid, selftests.PARAMETER: nonce}
    body = urlencode(form).encode()
    headers = {
        "Content-Type": "application/x-www-form-urlencoded; charset=UTF-8",
        "X-Twilio-Signature": signature.sign(url, body, token or secrets.open(account, "auth_token")),
        "User-Agent": "SMS-Portal-Self-Test",
    }
    answer = _ask(url, body, headers)
    if isinstance(answer, Outcome):
        return answer
    if selftests.was_here(nonce):
        return Outcome(Reached.HERE)
    return _refusal(configuration, nonce, since, url) or _judge(answer, url)


def _ask(url: str, body: bytes, headers: dict[str, str]) -> requests.Response | Outcome:
    """Wait in another thread: the time-outs of `requests` start anew with every byte that arrives."""
    pool = ThreadPoolExecutor(1, thread_name_prefix="selftest")
    try:
        return pool.submit(_post, url, body, headers).result(_SECONDS)
    except (DeadlinePassed, requests.Timeout) as error:
        connected = not isinstance(error, requests.ConnectTimeout)
        return Outcome(Reached.TIMEOUT if connected else Reached.CONNECT, urlsplit(url).netloc)
    except requests.RequestException as error:
        return _unreached(error, urlsplit(url).netloc)
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _post(url: str, body: bytes, headers: dict[str, str]) -> requests.Response:
    with requests.Session() as session:
        # As Twilio: by no proxy of this machine, with no credentials of its own.
        session.trust_env = False
        session.mount("https://", HTTPAdapter(max_retries=0))
        timeout = (_CONNECT_SECONDS, _SECONDS)
        return session.post(url, data=body, headers=headers, timeout=timeout, allow_redirects=False)


def _unreached(error: BaseException, host: str) -> Outcome:
    """Find the cause below the layers that the HTTP client puts around it."""
    causes = list(_causes(error))
    for cause in causes:
        if isinstance(cause, socket.gaierror):
            return Outcome(Reached.DNS, host)
        if isinstance(cause, ssl.SSLCertVerificationError):
            said = str(getattr(cause, "verify_message", "") or cause)
            return Outcome(Reached.CHAIN if _CERTIFICATE.search(said) else Reached.CERTIFICATE, said[:200])
        if isinstance(cause, ssl.SSLError):
            return Outcome(Reached.TLS, str(cause.reason or cause)[:200])
    refused = any(isinstance(cause, OSError) and cause.errno for cause in causes)
    return Outcome(Reached.CONNECT if refused else Reached.BROKEN, host)


def _causes(error: BaseException) -> list[BaseException]:
    found: list[BaseException] = []
    left: list[Any] = [error]
    while left:
        one = left.pop()
        if not isinstance(one, BaseException) or one in found:
            continue
        found.append(one)
        left += [one.__cause__, one.__context__, getattr(one, "reason", None), *one.args]
    return found


def _refusal(configuration: Configuration, nonce: str, since: Any, url: str) -> Outcome | None:
    """Read what this portal kept of the call when it refused it: what had changed on the way. It is not kept on."""
    rows = RefusedRequest.objects.filter(configuration=configuration, created_at__gte=since)
    for row in rows:
        if nonce.encode() not in bytes(row.body):
            continue
        row.delete()
        if row.reason == "no_signature":
            return Outcome(Reached.NO_SIGNATURE)
        path = urlsplit(url).path
        changed = row.path != path or row.query
        return Outcome(Reached.PATH_CHANGED, f"{path} → {row.path}") if changed else Outcome(Reached.BAD_SIGNATURE)
    return None


def _judge(answer: requests.Response, url: str) -> Outcome:
    """Say what an answer means that this portal knows nothing of, or that refuses without a trace."""
    status = answer.status_code
    if 300 <= status < 400:
        return Outcome(Reached.REDIRECTED, f"{status} {answer.headers.get('Location', '')}"[:200])
    if status == 404:
        ours = answer.text[:200].strip() == GONE
        return Outcome(Reached.OTHER_PORTAL if ours else Reached.NOT_FOUND, urlsplit(url).path.rsplit("/", 2)[0])
    if status in (401, 403):
        ours = answer.text[:200].strip() == _OURS
        return Outcome(Reached.BAD_SIGNATURE if ours else Reached.REFUSED, str(status))
    if status in (502, 503, 504):
        return Outcome(Reached.NO_SERVER, str(status))
    return Outcome(Reached.STRANGER if status == 200 else Reached.ANSWERED, str(status))


def explain(outcome: Outcome) -> str:
    """Say how far the call came, why not further, and what to do."""
    texts = {
        Reached.HERE: _("The call came back here, and its signature is right."),
        Reached.NO_ADDRESS: outcome.detail,
        Reached.DNS: _("The name %s is not found. Check the DNS entry of the public address."),
        Reached.CONNECT: _(
            "Nothing answers at %s. Check that the web server or proxy runs there and that the firewall lets port 443 "
            "in. Some networks do not let a machine call its own public address: then text a number instead."
        ),
        Reached.TIMEOUT: _("%s took the call and did not answer in time. Look at the proxy and at this portal's log."),
        Reached.CHAIN: _(
            "The certificate is not trusted (%s). Most often the intermediate certificate is missing: install the full "
            "chain. A browser hides this; Twilio does not."
        ),
        Reached.CERTIFICATE: _("The certificate does not fit (%s). Renew it, or get one for this host name."),
        Reached.TLS: _("No secure connection came about (%s). Check that https is served on this port."),
        Reached.BROKEN: _("%s broke off the connection. Look at the proxy's log."),
        Reached.REDIRECTED: _(
            "The proxy redirects (%s). Twilio would lose the text. Let it pass /webhooks/ on as it is, and set "
            "PUBLIC_BASE_URL to the address it redirects to if that is the right one."
        ),
        Reached.NO_SIGNATURE: _(
            "The call came here without its signature. The proxy drops the header X-Twilio-Signature: let it pass."
        ),
        Reached.BAD_SIGNATURE: _(
            "The call came here, but its signature did not fit. The proxy changed what was posted, or this portal's "
            "processes do not agree on PUBLIC_BASE_URL: restart all of them."
        ),
        Reached.PATH_CHANGED: _("The proxy changed the path (%s). Let it pass /webhooks/ on as it is."),
        Reached.OTHER_PORTAL: _(
            "An SMS portal answers there that does not know this webhook: most often another installation. Check "
            "PUBLIC_BASE_URL and where the proxy leads."
        ),
        Reached.NOT_FOUND: _(
            "Something answers there, but not this portal (404 for %s). Let the proxy pass /webhooks/ on to it."
        ),
        Reached.REFUSED: _(
            "Something in front of the portal refuses the call (%s): a firewall for web applications, or a password. "
            "Let POST to /webhooks/ pass."
        ),
        Reached.NO_SERVER: _("The proxy answers, but does not reach this portal (%s). Check where it leads."),
        Reached.ANSWERED: _("The answer was %s in place of 200. Look at the proxy's log and at this portal's log."),
        Reached.STRANGER: _(
            "Something answered 200, but it was not this portal. Check PUBLIC_BASE_URL and where the proxy leads."
        ),
    }
    text = str(texts[outcome.reached])
    return text % outcome.detail if "%s" in text else text


# --- Between the page that asks and the page that shows ---


def keep(configuration: Configuration, outcome: Outcome) -> None:
    """Keep the last outcome for half an hour, with when it was."""
    told = {"reached": str(outcome.reached), "detail": outcome.detail, "at": clock.now().timestamp()}
    cache.set(f"sms.selftest.of:{configuration.pk.hex}", told, _KEPT_SECONDS)


def kept(configuration: Configuration) -> tuple[Outcome, float] | None:
    """Return the last outcome with when it was (seconds since 1970), if one is kept."""
    told = cache.get(f"sms.selftest.of:{configuration.pk.hex}")
    return (Outcome(Reached(told["reached"]), told["detail"]), told["at"]) if told else None
