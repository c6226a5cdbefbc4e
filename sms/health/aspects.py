"""Judge each aspect of a configuration from what was seen of it; PURE.

What could not be seen is "not known" with the reason; nothing is concluded from it.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import sms.health.reasons as reasons
from rules.senders import NO_SENDER_ID
from sms.health.reasons import BAD, GOOD, WARN

_LATELY = timedelta(hours=24)
_ENDS_SOON, _ENDS_NOW = timedelta(days=14), timedelta(days=3)
# Below that a busy account may be empty before somebody looks again; in the account's own currency.
_LOW = Decimal(10)
_FEW = 5
_NAMED = 5
# Twilio's codes for a Sender ID that a country, or the account there, does not take.
SENDER_ID_CODES = frozenset({"21612", "21657", "21709", "30018", "30024", "30040", "30041", "30042"})


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one aspect is like, for the configuration or for one of its numbers."""

    aspect: str
    reason: str
    facts: Mapping[str, Any] = field(default_factory=dict)
    address: str = ""

    @property
    def tone(self) -> str:
        """How well that is."""
        return reasons.of(self.reason).tone


@dataclass(frozen=True, slots=True)
class Unread:
    """Something that Twilio did not tell. `why` is empty when it may tell next time."""

    why: str = ""

    def verdict(self, aspect: str) -> Verdict:
        """Say that it is not known."""
        return Verdict(aspect, "not_allowed", {"why": self.why}) if self.why else Verdict(aspect, "not_read")


# --- The account ---

_ACCEPTED = frozenset({"ok", "key_limited"})
_NOT_ASKED = frozenset({"", "unreachable", "busy", "sandbox_off", "unclear"})
_STOPPED = frozenset({"suspended", "closed", "not_active"})
_BY_FORM = frozenset({"in_us1", "in_ie1", "in_au1", "no_messaging", "test_credentials"})


def credentials(result: str, detail: str = "") -> Verdict:
    """Judge what a check of the credentials ended in."""
    if result in _ACCEPTED:
        key = "credentials_good"
    elif result in _NOT_ASKED:
        key = "credentials_not_asked"
    elif result in _STOPPED:
        key = "credentials_stopped"
    elif result.startswith("key_"):
        key = "credentials_key"
    else:
        key = "credentials_edit" if result in _BY_FORM else "credentials_token"
    return Verdict(reasons.CREDENTIALS, key, {"result": result, "detail": detail})


def are_refused(result: str) -> bool:
    """Whether there is no sense in asking Twilio for more with these credentials."""
    return credentials(result).tone != GOOD


@dataclass(frozen=True, slots=True)
class Money:
    """What an account has left."""

    amount: str
    currency: str


def balance(money: Money | Unread, *, account_type: str, is_sub_account: bool) -> Verdict:
    """Judge what is left, and whether the account is a trial."""
    if isinstance(money, Unread):
        if is_sub_account:
            return Verdict(reasons.BALANCE, "balance_of_parent")
        return money.verdict(reasons.BALANCE)
    left = Decimal(money.amount)
    facts = {"amount": money.amount, "currency": money.currency}
    if left <= 0:
        return Verdict(reasons.BALANCE, "balance_out", facts)
    if account_type.lower() == "trial":
        return Verdict(reasons.BALANCE, "balance_trial", facts)
    return Verdict(reasons.BALANCE, "balance_low" if left < _LOW else "balance_ok", facts)


# --- Numbers ---


def webhooks(found: Mapping[str, tuple[str, Mapping[str, str]]], *, polled: bool) -> Iterator[Verdict]:
    """Judge where the texts of each number go: by number a verdict of the pointing, with what it names."""
    if polled:
        yield Verdict(reasons.WEBHOOK, "webhook_polled")
        return
    each = [
        Verdict(reasons.WEBHOOK, f"webhook_{verdict}", named, address) for address, (verdict, named) in found.items()
    ]
    yield from each
    yield _together(reasons.WEBHOOK, each, none="webhook_no_numbers", well="webhook_all_here")


@dataclass(frozen=True, slots=True)
class Registered:
    """How a number's registration stands, and what a refusal said."""

    state: str
    detail: str = ""
    toll_free: bool = False


def registrations(found: Mapping[str, Registered], *, to_us: bool) -> Iterator[Verdict]:
    """Judge each number's registration; `to_us`: texts go to where it is asked for."""
    each = [
        Verdict(reasons.REGISTRATION, *_registered(told, to_us=to_us), address=address)
        for address, told in found.items()
    ]
    yield from each
    need = [verdict for verdict in each if verdict.reason != "registration_not_needed"]
    yield _together(reasons.REGISTRATION, need, none="registration_none", well="registration_all")


def _registered(told: Registered, *, to_us: bool) -> tuple[str, dict[str, str]]:
    if told.state == "missing":
        if told.toll_free:
            return "registration_missing_toll_free", {}
        return "registration_missing_10dlc" if to_us else "registration_unused_10dlc", {}
    if told.state == "failed":
        return "registration_failed", {"detail": told.detail}
    return f"registration_{told.state or 'unknown'}", {}


def _together(aspect: str, each: Sequence[Verdict], *, none: str, well: str) -> Verdict:
    """Sum up the numbers: the worst reason, for how many, and some of them by name."""
    if not each:
        return Verdict(aspect, none)
    tones = Counter(verdict.tone for verdict in each)
    tone = reasons.worst(tones)
    if tone == GOOD:
        return Verdict(aspect, well, {"count": len(each)})
    alike = [verdict for verdict in each if verdict.tone == tone]
    reason = Counter(verdict.reason for verdict in alike).most_common(1)[0][0]
    first = next(verdict for verdict in alike if verdict.reason == reason)
    named = [verdict.address for verdict in alike if verdict.reason == reason]
    numbers = {"numbers": named[:_NAMED], "count": len(alike), "total": len(each)}
    return Verdict(aspect, reason, {**first.facts, **numbers})


# --- The public address ---


@dataclass(frozen=True, slots=True)
class Seen:
    """A look at a public address (`sms.health.reaching.Look`), in plain words."""

    outcome: str
    host: str
    detail: str = ""
    expires_at: datetime | None = None
    plain: str = ""
    is_local: bool = False


def address(seen: Seen, *, now: datetime, signed_at: datetime | None, aspect: str = reasons.ADDRESS) -> Verdict:
    """Judge a look from this server; a signed call of Twilio's that came lately proves more."""
    facts: dict[str, Any] = {"host": seen.host, "detail": seen.detail, "plain": seen.plain}
    if seen.outcome == "ok":
        return _by_expiry(seen, facts, now, aspect)
    called_lately = signed_at is not None and signed_at > now - timedelta(hours=1)
    unseen = seen.outcome in ("no_name", "closed", "silent")
    if unseen and called_lately:
        return Verdict(aspect, "address_not_from_here", facts)
    return Verdict(aspect, f"address_{seen.outcome}", facts)


def _by_expiry(seen: Seen, facts: dict[str, Any], now: datetime, aspect: str) -> Verdict:
    if seen.expires_at is not None:
        facts["day"] = seen.expires_at.date().isoformat()
        if seen.expires_at < now + _ENDS_SOON:
            ends_now = seen.expires_at < now + _ENDS_NOW
            return Verdict(aspect, "address_ends_now" if ends_now else "address_ends_soon", facts)
    return Verdict(aspect, "address_plain" if seen.is_local else "address_ok", facts)


def no_address(problem: str) -> Verdict:
    """Say that there is no address to look at."""
    return Verdict(reasons.ADDRESS, "address_none", {"problem": problem})


def signatures(causes: Sequence[tuple[str, str]], *, is_over: bool) -> Verdict:
    """Judge the requests that were refused lately, by their likely causes (name, detail), newest first."""
    told = [cause for cause in causes if cause[0] != "fits"]
    if not told:
        return Verdict(reasons.SIGNATURE, "signature_over" if causes else "signature_ok", {"count": len(causes)})
    if is_over:
        return Verdict(reasons.SIGNATURE, "signature_over", {"count": len(told)})
    # Strangers are no news while something real is wrong.
    real = [cause for cause in told if cause[0] != "unsigned"] or told
    (name, detail), _ = Counter(real).most_common(1)[0]
    return Verdict(reasons.SIGNATURE, f"signature_{name}", {"detail": detail, "count": len(told)})


# --- What came and went ---


@dataclass(frozen=True, slots=True)
class Sent:
    """One recent text: the country it went to, whether it failed and with which code, and whether a Sender ID sent."""

    country: str
    failed: bool
    code: str = ""
    by_sender_id: bool = False


def inbound(
    *, last_in_at: datetime | None, signed_at: datetime | None, missed_at: datetime | None, now: datetime
) -> Verdict:
    """Judge how texts come in."""
    missed = missed_at is not None and missed_at > now - _LATELY and (signed_at is None or signed_at < missed_at)
    if missed:
        return Verdict(reasons.INBOUND, "inbound_missed")
    return Verdict(reasons.INBOUND, "inbound_ok" if last_in_at else "inbound_none")


def outbound(recent: Sequence[Sent], *, held_reason: str, stopped: Sequence[tuple[str, str]]) -> Verdict:
    """Judge how texts go out: `recent` newest first, `stopped` the senders that were stopped, each with its code."""
    if held_reason:
        return Verdict(reasons.OUTBOUND, "outbound_stopped", {"code": held_reason})
    if stopped:
        named, code = stopped[0]
        return Verdict(reasons.OUTBOUND, "outbound_sender_stopped", {"address": named, "code": code})
    failed = [text for text in recent if text.failed]
    if not recent:
        return Verdict(reasons.OUTBOUND, "outbound_none")
    if len(failed) >= _FEW and 2 * len(failed) >= len(recent):
        code = Counter(text.code for text in failed).most_common(1)[0][0]
        return Verdict(reasons.OUTBOUND, "outbound_failing", {"failed": len(failed), "sent": len(recent), "code": code})
    if recent[0].failed:
        return Verdict(reasons.OUTBOUND, "outbound_last_failed", {"code": recent[0].code})
    return Verdict(reasons.OUTBOUND, "outbound_ok", {"failed": len(failed), "sent": len(recent)})


def geo(countries: Sequence[str], allowed: Mapping[str, bool] | Unread) -> Verdict:
    """Judge whether the account may send to the countries in use."""
    if not countries:
        return Verdict(reasons.GEO, "geo_none")
    if isinstance(allowed, Unread):
        return allowed.verdict(reasons.GEO)
    closed = sorted(country for country in countries if allowed.get(country) is False)
    return Verdict(reasons.GEO, "geo_closed" if closed else "geo_ok", {"countries": closed or sorted(countries)})


def sender_id(wanted: str, recent: Sequence[Sent], *, account_type: str) -> Verdict:
    """Judge whether a Sender ID can be used in the countries in use."""
    if not wanted:
        return Verdict(reasons.SENDER_ID, "sender_id_none")
    if account_type.lower() == "trial":
        return Verdict(reasons.SENDER_ID, "sender_id_trial")
    refused = {text.country for text in recent if text.by_sender_id and text.code in SENDER_ID_CODES}
    if refused:
        return Verdict(reasons.SENDER_ID, "sender_id_refused", {"countries": sorted(refused)})
    never = {text.country for text in recent} & NO_SENDER_ID
    if never:
        return Verdict(reasons.SENDER_ID, "sender_id_countries", {"countries": sorted(never)})
    return Verdict(reasons.SENDER_ID, "sender_id_ok")


def service(sid: str, numbers: int | None) -> Verdict:
    """Judge the Messaging Service that texts are sent by: how many numbers it has, None when it is not there."""
    if not sid:
        return Verdict(reasons.SERVICE, "service_none")
    if numbers is None:
        return Verdict(reasons.SERVICE, "service_missing")
    return Verdict(reasons.SERVICE, "service_ok" if numbers else "service_empty", {"count": numbers})


def alerts(count: int, code: str, last_at: datetime | None, signed_at: datetime | None) -> Verdict:
    """Judge what Twilio noted of failed calls in a day."""
    if not count or last_at is None:
        return Verdict(reasons.ALERTS, "alerts_none")
    facts = {"count": count, "code": code}
    over = signed_at is not None and signed_at > last_at
    return Verdict(reasons.ALERTS, "alerts_over" if over else "alerts_now", facts)


# --- Whose it is ---

_OPERATORS = (reasons.CREDENTIALS, reasons.BALANCE)


def for_tenant(verdict: Verdict) -> Verdict:
    """Say of an operator's account only how well it is: sums and causes are the operator's."""
    if verdict.aspect not in _OPERATORS:
        return verdict
    word = {GOOD: "good", WARN: "warn", BAD: "bad"}.get(verdict.tone, "unknown")
    return Verdict(verdict.aspect, f"operator_{word}", address=verdict.address)
