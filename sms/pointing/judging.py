"""Say where a number's texts go, from how it stands at Twilio; PURE.

What decides: the Messaging Service the number is in, unless that leaves it to the number; then the number's TwiML
application; then the number's own address. A SIP trunk takes a number's calls, never its texts.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import SplitResult, urlsplit

PATH = "/webhooks/twilio/"
_PORTS = {"https": 443, "http": 80}


class Verdict(StrEnum):
    """What becomes of a number's texts."""

    HERE = "here"
    HERE_WITHOUT_RETRIES = "here_without_retries"
    HERE_BY_SERVICE = "here_by_service"
    # By a key that was replaced: here until its overlap ends.
    FORMER_KEY = "former_key"
    FORMER_ADDRESS = "former_address"
    WRONG_METHOD = "wrong_method"
    NOT_SET = "not_set"
    TRUNK_ONLY = "trunk_only"
    ELSEWHERE = "elsewhere"
    APPLICATION = "application"
    SERVICE = "service"
    SERVICE_DROPS = "service_drops"

    @property
    def is_healthy(self) -> bool:
        """Whether texts come here, now and later."""
        return self in _HEALTHY

    @property
    def arrives(self) -> bool:
        """Whether texts come here now, though something may be left to mend."""
        return self in _ARRIVES


_HEALTHY = frozenset({Verdict.HERE, Verdict.HERE_WITHOUT_RETRIES, Verdict.HERE_BY_SERVICE})
_ARRIVES = _HEALTHY | {Verdict.FORMER_KEY, Verdict.FORMER_ADDRESS, Verdict.WRONG_METHOD}


@dataclass(frozen=True, slots=True)
class Pointing:
    """A verdict, with what it names: an address (masked), an application's or trunk's SID.

    `service` is the Messaging Service that decided, if one did.
    """

    verdict: Verdict
    detail: str = ""
    service: str = ""


@dataclass(frozen=True, slots=True)
class Service:
    """A Messaging Service as it stands at Twilio."""

    name: str
    url: str = ""
    method: str = ""
    leaves_it_to_the_number: bool = False


@dataclass(frozen=True, slots=True)
class Stands:
    """A number as it stands at Twilio."""

    url: str = ""
    method: str = ""
    application_sid: str = ""
    trunk_sid: str = ""
    service: Service | None = None


@dataclass(frozen=True, slots=True)
class Ours:
    """How a webhook of one configuration looks: base addresses, keys, and what follows the path (`#…`).

    `retiring` are the keys that were replaced and still live.
    """

    bases: Sequence[str]
    keys: Sequence[str]
    retiring: Sequence[str] = ()
    tail: str = ""


def judge(number: Stands, ours: Ours) -> Pointing:
    """Say where a number's texts go."""
    service = number.service
    if service is not None and not service.leaves_it_to_the_number:
        return judge_service(service, ours)
    if number.application_sid:
        return Pointing(Verdict.APPLICATION, number.application_sid)
    if not number.url:
        return Pointing(Verdict.TRUNK_ONLY, number.trunk_sid) if number.trunk_sid else Pointing(Verdict.NOT_SET)
    return _judge_address(number.url, number.method, ours)


def judge_service(service: Service, ours: Ours) -> Pointing:
    """Say where the texts of a Messaging Service go that does not leave it to its numbers."""
    if service.leaves_it_to_the_number:
        return Pointing(Verdict.NOT_SET, service=service.name)
    if not service.url:
        return Pointing(Verdict.SERVICE_DROPS, service=service.name)
    found = _judge_address(service.url, service.method, ours)
    verdict = {Verdict.HERE: Verdict.HERE_BY_SERVICE, Verdict.ELSEWHERE: Verdict.SERVICE}.get(found.verdict)
    return Pointing(verdict or found.verdict, found.detail, service.name)


def _judge_address(url: str, method: str, ours: Ours) -> Pointing:
    base, key = split(url)
    if key not in (*ours.keys, *ours.retiring):
        return Pointing(Verdict.ELSEWHERE, masked(url))
    if (method or "POST").upper() != "POST":
        return Pointing(Verdict.WRONG_METHOD, method)
    if base not in map(plain, ours.bases):
        # Nobody can guess a key: an address that carries it was ours, remembered or not.
        return Pointing(Verdict.FORMER_ADDRESS, base)
    if key in ours.retiring:
        return Pointing(Verdict.FORMER_KEY)
    return Pointing(Verdict.HERE if _tail(url) == ours.tail else Verdict.HERE_WITHOUT_RETRIES)


def split(url: str) -> tuple[str, str]:
    """Return the base address and the key of a webhook of this product; two empty texts for any other address."""
    parts = _parts(url)
    if parts is None:
        return "", ""
    head, mark, rest = parts.path.partition(PATH)
    key, _, purpose = rest.partition("/")
    if not mark or purpose != "message":
        return "", ""
    return plain(f"{parts.scheme}://{parts.netloc}{head}"), key


def plain(base: str) -> str:
    """Write a base address in its one form: lower case, no port that goes without saying, no slash at the end."""
    parts = _parts(base)
    if parts is None:
        return base
    host = parts.netloc.rpartition("@")[2].lower()
    port = _PORTS.get(parts.scheme.lower())
    return f"{parts.scheme.lower()}://{host.removesuffix(f':{port}')}{parts.path.rstrip('/')}"


def masked(url: str) -> str:
    """Leave out of an address what may be secret: name and password, query, and the key of a webhook of ours."""
    parts = _parts(url)
    if parts is None:
        return "…"
    host = parts.netloc.rpartition("@")[2]
    head, mark, _key = parts.path.partition(PATH)
    return f"{parts.scheme}://{host}{head}{mark}{'…' if mark else ''}{'?…' if parts.query else ''}"[:200]


def _parts(url: str) -> SplitResult | None:
    """Take an address apart; None for a text that is none."""
    try:
        parts = urlsplit(url.strip())
    except ValueError:
        return None
    return parts if parts.scheme and parts.netloc else None


def _tail(url: str) -> str:
    _, mark, tail = url.partition("#")
    return mark + tail
