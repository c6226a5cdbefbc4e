"""Find out why a signature of Twilio's did not fit: what else it fits, with all that is known; PURE."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from urllib.parse import urlsplit

import sms.webhooks.payloads as payloads
import sms.webhooks.signature as signature
from sms.webhooks.signature import Signed

_PORTS = (80, 443, 3000, 8000, 8080, 8443)
_TOKEN_DIGITS = frozenset("0123456789abcdef")
_TOKEN_LENGTH = 32


@dataclass(frozen=True, slots=True)
class Known:
    """What may explain a signature.

    `tokens` are the configuration's own (primary, secondary); `others` the tokens of related accounts, each by what
    it is ("former", "parent", "child") and the end of its account's SID. `places` are base addresses beside ours
    under which the portal was or may be called.
    """

    account_sid: str
    bases: Sequence[str]
    tokens: Sequence[str]
    others: Mapping[tuple[str, str], str] = field(default_factory=dict)
    places: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Cause:
    """The likely cause, and what it names: an address, or the end of an account's SID."""

    name: str
    detail: str = ""


FITS = Cause("fits")


def diagnose(request: Signed, known: Known) -> Cause:
    """Say what most likely is wrong, the surest first; `FITS` when by now nothing is."""
    if not request.signature:
        return Cause("unsigned")
    found = _by_token(request, known)
    if found == FITS:
        # A good signature, and another account's text: its token happens to be known here.
        return _by_account(request, known) or FITS
    return (
        found
        or _by_address(request, known)
        or _by_path(request, known)
        or _by_account(request, known)
        or _by_shape(known)
        or Cause("rotated")
    )


def _by_token(request: Signed, known: Known) -> Cause | None:
    if signature.verify(request, bases=known.bases, tokens=known.tokens):
        return FITS
    for (name, end), token in known.others.items():
        if signature.verify(request, bases=known.bases, tokens=[token]):
            return Cause(f"{name}_token", end)
    return None


def _by_address(request: Signed, known: Known) -> Cause | None:
    """Try other schemes, ports and hosts, with every token: the address is what a proxy changes."""
    tokens = [*known.tokens, *known.others.values()]
    for name, base in _variants(known):
        if signature.verify(request, bases=[base], tokens=tokens):
            return Cause(name, base)
    return None


def _variants(known: Known) -> Iterator[tuple[str, str]]:
    for base in known.bases:
        parts = urlsplit(base)
        host = parts.hostname or ""
        other = "http" if parts.scheme == "https" else "https"
        yield "scheme", f"{other}://{parts.netloc}"
        yield "scheme", f"{other}://{host}"
        for port in _PORTS:
            yield "port", f"{parts.scheme}://{host}:{port}"
            yield "port", f"{other}://{host}:{port}"
        renamed = host.removeprefix("www.") if host.startswith("www.") else f"www.{host}"
        yield "host", f"{parts.scheme}://{renamed}"
    for place in known.places:
        netloc = urlsplit(place).netloc
        yield from (("host", f"{scheme}://{netloc}") for scheme in ("https", "http"))


def _by_path(request: Signed, known: Known) -> Cause | None:
    altered = (replace(request, path=f"{request.path}/"), replace(request, path=request.path.upper()))
    fits = (signature.verify(one, bases=known.bases, tokens=known.tokens) for one in altered)
    return Cause("path") if any(fits) else None


def _by_account(request: Signed, known: Known) -> Cause | None:
    """Read the account that the request names: numbers of another one sign with a token of their own."""
    form = request.query.encode() if request.method == "GET" else request.body
    try:
        named = dict(payloads.decode_form(form)).get("AccountSid", "")
    except payloads.PayloadError:
        return None
    return Cause("other_account", named[-4:]) if named and named != known.account_sid else None


def _by_shape(known: Known) -> Cause | None:
    token = next(iter(known.tokens), "")
    fits = len(token) == _TOKEN_LENGTH and _TOKEN_DIGITS.issuperset(token)
    return None if fits or not token else Cause("api_secret")
