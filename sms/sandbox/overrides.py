"""Connection overrides: what the part of a webhook URL after # asks of Twilio."""

from dataclasses import dataclass
from urllib.parse import parse_qsl, urldefrag

POLICIES = frozenset({"4xx", "5xx", "ct", "rt"})


@dataclass(frozen=True, slots=True)
class Overrides:
    """How to connect; the defaults are Twilio's."""

    connect_ms: int = 5000
    read_ms: int = 15000
    total_ms: int = 15000
    retries: int = 1
    policies: frozenset[str] = frozenset({"ct"})
    is_valid: bool = True


def parse(url: str) -> tuple[str, Overrides]:
    """Split a configured URL into what is sent and signed, and how to send it."""
    bare, fragment = urldefrag(url)
    wanted = dict(parse_qsl(fragment, keep_blank_values=True))
    policies, is_valid = _policies(wanted.get("rp"))
    return bare, Overrides(
        connect_ms=_bounded(wanted.get("ct"), 100, 10000, 5000),
        read_ms=_bounded(wanted.get("rt"), 100, 15000, 15000),
        total_ms=_bounded(wanted.get("tt"), 100, 15000, 15000),
        retries=_bounded(wanted.get("rc"), 0, 5, 1),
        policies=policies,
        is_valid=is_valid,
    )


def _policies(text: str | None) -> tuple[frozenset[str], bool]:
    if text is None:
        return frozenset({"ct"}), True
    wanted = frozenset(part.strip() for part in text.split(",") if part.strip())
    if "all" in wanted:
        return POLICIES, wanted - POLICIES == {"all"}
    if not wanted or wanted - POLICIES:
        return frozenset({"ct"}), False
    return wanted, True


def _bounded(text: str | None, low: int, high: int, otherwise: int) -> int:
    if text is None or not text.isdecimal():
        return otherwise
    return min(max(int(text), low), high)
