"""Check that a webhook was signed by Twilio with one of our tokens; PURE, and closed on any doubt.

https://www.twilio.com/docs/usage/webhooks/webhooks-security
"""

import base64
import hashlib
import hmac
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import parse_qs, unquote_to_bytes, urlsplit, urlunsplit

_HASHES = {"HMAC_SHA1": hashlib.sha1, "HMAC_SHA256": hashlib.sha256}
_FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True, slots=True)
class Signed:
    """A request as it came in: raw path, query and body, and the two headers about its signature."""

    method: str
    path: str
    query: str
    body: bytes
    content_type: str
    signature: str
    settings: str = ""


@dataclass(frozen=True, slots=True)
class Match:
    """Which of the tokens signed the request, and over which address."""

    token: int
    url: str


def verify(request: Signed, *, bases: Sequence[str], tokens: Sequence[str]) -> Match | None:
    """Return the token and the address that explain the signature, or None."""
    parameters = _signed_parameters(request)
    algorithm = _algorithm(request.settings)
    if parameters is None or algorithm not in _HASHES:
        return None
    given = request.signature.encode("utf-8", "replace")
    for url in _addresses(request, bases):
        for index, token in enumerate(tokens):
            if token.strip() and hmac.compare_digest(_mac(url, parameters, token, algorithm), given):
                return Match(index, url)
    return None


def sign(url: str, body: bytes, token: str, algorithm: str = "HMAC_SHA1") -> str:
    """Sign an address and a form, as Twilio does, for tests and for the diagnosis of a bad signature."""
    return _mac(url, _flatten(body), token, algorithm).decode("ascii")


def signed_urls(request: Signed, bases: Sequence[str]) -> tuple[str, ...]:
    """List the addresses Twilio may have signed: each base as it is, without and with its port."""
    return tuple(dict.fromkeys(_addresses(request, bases)))


def _addresses(request: Signed, bases: Sequence[str]) -> Iterator[str]:
    rest = request.path + (f"?{request.query}" if request.query else "")
    return (form + rest for base in bases for form in _forms(base.rstrip("/")))


@lru_cache(maxsize=32)
def _forms(base: str) -> tuple[str, str, str]:
    parts = urlsplit(base)
    host = parts.netloc.removesuffix(f":{parts.port}")
    port = parts.port or (443 if parts.scheme == "https" else 80)
    return (
        base,
        urlunsplit(parts._replace(netloc=host)),
        urlunsplit(parts._replace(netloc=f"{host}:{port}")),
    )


def _signed_parameters(request: Signed) -> bytes | None:
    """Return what the signature covers beside the address; None when the body is not covered at all."""
    if request.method == "GET" or not request.body:
        return b""
    if request.content_type.split(";")[0].strip().lower() == _FORM:
        return _flatten(request.body)
    digests = parse_qs(request.query).get("bodySHA256", [""])
    digest = hashlib.sha256(request.body).hexdigest()
    return b"" if hmac.compare_digest(digest.encode(), digests[0].encode()) else None


def _flatten(body: bytes) -> bytes:
    """Join each unique key with each of its unique values, in byte order."""
    halves = (field.partition(b"=") for field in body.replace(b"+", b" ").split(b"&") if field)
    pairs = {(unquote_to_bytes(key), unquote_to_bytes(value)) for key, _, value in halves}
    return b"".join(key + value for key, value in sorted(pairs))


def _algorithm(settings: str) -> str:
    """Read `key=…,algorithm=HMAC_SHA256`; without that header the classic signature applies."""
    if not settings:
        return "HMAC_SHA1"
    named = dict(part.strip().split("=", 1) for part in settings.split(",") if "=" in part)
    return named.get("algorithm", "").strip().upper() or "HMAC_SHA1"


def _mac(url: str, parameters: bytes, token: str, algorithm: str) -> bytes:
    digest = hmac.new(token.encode(), url.encode() + parameters, _HASHES[algorithm]).digest()
    return base64.b64encode(digest)
