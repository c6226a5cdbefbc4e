"""Look at a public address as a stranger does: name, certificate with its chain, and whether the portal answers.

Python's TLS never fetches a missing intermediate certificate, as Twilio does not: what browsers forgive shows here.
"""

import http.client
import socket
import ssl
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as DeadlinePassed
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any
from urllib.parse import SplitResult, urlsplit

# What a visitor of any webhook sees; a key that nobody has, since nothing is looked up.
PATH = "/webhooks/twilio/look/message"
MARK = b"sms-portal-webhook"
_SECONDS = 5.0
_DEADLINE_SECONDS = 15.0
_ENOUGH = 8192


class Outcome(StrEnum):
    """What a look at an address showed."""

    OK = "ok"
    NO_NAME = "no_name"
    CLOSED = "closed"
    SILENT = "silent"
    EXPIRED = "expired"
    NOT_YET = "not_yet"
    OTHER_HOST = "other_host"
    INCOMPLETE = "incomplete"
    SELF_SIGNED = "self_signed"
    UNTRUSTED = "untrusted"
    NO_TLS = "no_tls"
    REDIRECTED = "redirected"
    OTHER_SITE = "other_site"
    FAULTY = "faulty"


@dataclass(frozen=True, slots=True)
class Look:
    """What was seen of one base address. `detail` holds a status or where a redirection leads."""

    outcome: Outcome
    host: str
    detail: str = ""
    expires_at: datetime | None = None
    # Of http:// beside an https address: it redirects, it answers by itself, or nothing is there.
    plain: str = ""


def look(base: str, *, trusted: ssl.SSLContext | None = None) -> Look:
    """Look at a base address from this server; never raises, and ends before long."""
    parts = urlsplit(base)
    host = parts.hostname or ""
    pool = ThreadPoolExecutor(1, thread_name_prefix="reaching")
    try:
        return pool.submit(_look, parts, host, trusted).result(_DEADLINE_SECONDS)
    except DeadlinePassed:
        return Look(Outcome.SILENT, host)
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _look(parts: SplitResult, host: str, trusted: ssl.SSLContext | None) -> Look:
    try:
        if parts.scheme != "https":
            return _ask(http.client.HTTPConnection(host, parts.port or 80, timeout=_SECONDS), host)
        context = trusted or ssl.create_default_context()
        seen = _ask(http.client.HTTPSConnection(host, parts.port or 443, timeout=_SECONDS, context=context), host)
    except ssl.SSLCertVerificationError as error:
        return Look(_of_certificate(error, host, parts.port or 443), host)
    except ssl.SSLError as error:
        return Look(Outcome.NO_TLS, host, detail=str(error.reason or "")[:80])
    except (socket.gaierror, UnicodeError):
        return Look(Outcome.NO_NAME, host)
    except TimeoutError:
        return Look(Outcome.SILENT, host)
    except (OSError, http.client.HTTPException):
        return Look(Outcome.CLOSED, host)
    # Only beside the usual port: what answers on port 80 says nothing of an address with another one.
    return replace(seen, plain=_beside(host)) if (parts.port or 443) == 443 else seen


def _ask(connection: http.client.HTTPConnection, host: str) -> Look:
    try:
        connection.connect()
        expires_at = _expiry(connection.sock)
        connection.request("GET", PATH, headers={"User-Agent": "SMS-Portal-Health"})
        answer = connection.getresponse()
        found, detail = _of_answer(answer.status, answer.getheader("Location", ""), answer.read(_ENOUGH))
        return Look(found, host, detail=detail, expires_at=expires_at)
    finally:
        connection.close()


def _of_answer(status: int, location: str, body: bytes) -> tuple[Outcome, str]:
    if 300 <= status < 400:
        parts = urlsplit(location)
        return Outcome.REDIRECTED, f"{parts.scheme}://{parts.netloc}"[:120] if parts.netloc else "/"
    if status == 200 and MARK in body:
        return Outcome.OK, ""
    return (Outcome.FAULTY if status >= 500 else Outcome.OTHER_SITE), str(status)


def _expiry(sock: Any) -> datetime | None:
    told = sock.getpeercert() if isinstance(sock, ssl.SSLSocket) else None
    until = str(told["notAfter"]) if told and "notAfter" in told else ""
    return datetime.fromtimestamp(ssl.cert_time_to_seconds(until), UTC) if until else None


# What OpenSSL calls them: X509_V_ERR_…
_BY_CODE = {
    9: Outcome.NOT_YET,
    10: Outcome.EXPIRED,
    18: Outcome.SELF_SIGNED,
    19: Outcome.UNTRUSTED,
    62: Outcome.OTHER_HOST,
    64: Outcome.OTHER_HOST,
}


def _of_certificate(error: ssl.SSLCertVerificationError, host: str, port: int) -> Outcome:
    """Say what is wrong with a certificate; a chain that ends too early is told from an authority nobody knows."""
    if error.verify_code in _BY_CODE:
        return _BY_CODE[error.verify_code]
    return Outcome.INCOMPLETE if _sent(host, port) <= 1 else Outcome.UNTRUSTED


def _sent(host: str, port: int) -> int:
    """Count the certificates that a server sends, believing none of them."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    try:
        with (
            socket.create_connection((host, port), _SECONDS) as plain,
            context.wrap_socket(plain, server_hostname=host) as sock,
        ):
            return _chain_length(sock)
    except OSError:
        return 0


def _chain_length(sock: ssl.SSLSocket) -> int:
    """Public from Python 3.13 on; before, the inner object has it."""
    inner: Any = sock if hasattr(sock, "get_unverified_chain") else getattr(sock, "_sslobj", None)
    tell = getattr(inner, "get_unverified_chain", None)
    return len(tell() or ()) if tell else 0


def _beside(host: str) -> str:
    """Say what stands on port 80: nothing there is fine, since Twilio is told https."""
    connection = http.client.HTTPConnection(host, 80, timeout=_SECONDS)
    try:
        connection.request("GET", PATH)
        answer = connection.getresponse()
        return "redirects" if 300 <= answer.status < 400 else "answers"
    except (OSError, http.client.HTTPException):
        return "closed"
    finally:
        connection.close()
