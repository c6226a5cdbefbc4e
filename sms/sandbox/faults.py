"""Misbehaviour on command: which fault strikes which call, repeatably."""

import random
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

BEFORE = ("reset_before", "http_429", "http_500_before", "http_502_html", "error_code")
AFTER = ("timeout_after_accept", "reset_after_accept", "http_500_after_accept", "bad_json")
LISTS = ("list_lag",)
REPORTS = (
    "duplicate_callbacks",
    "late_callbacks",
    "out_of_order_callbacks",
    "drop_callbacks",
    "wrong_sid_callbacks",
    "unsigned_callbacks",
    "fail_delivery",
)
WEBHOOKS = ("duplicate_webhooks", "unsigned_webhooks")
KINDS = ("delay", *BEFORE, *AFTER, *LISTS, *REPORTS, *WEBHOOKS)
OPERATIONS = (
    *("create", "list", "fetch", "update", "delete", "media"),
    *("numbers", "short_codes", "applications", "accounts", "keys", "services", "pool", "registration"),
    *("tokens", "geo", "alerts", "any"),
)
MATCHABLE = ("to", "from", "account", "operation")


class BadFault(ValueError):
    """The control API was asked for a fault that does not exist."""


@dataclass(slots=True)
class Fault:
    """One order to misbehave."""

    id: str
    kind: str
    count: int | None = None
    probability: float | None = None
    seconds: float | None = None
    code: int | None = None
    status: int | None = None
    match: dict[str, str] = field(default_factory=dict)
    hits: int = 0

    def fits(self, facts: Mapping[str, str]) -> bool:
        """Say whether the facts of a call are the ones asked for."""
        return all(_same(wanted, facts.get(name, "")) for name, wanted in self.match.items() if wanted != "any")

    def shown(self) -> dict[str, Any]:
        """Return the fault as JSON."""
        return asdict(self)


class Faults:
    """The faults in force; the first that fits and wins its throw strikes."""

    def __init__(self, seed: int) -> None:
        self.active: dict[str, Fault] = {}
        self.reseed(seed)

    def reseed(self, seed: int) -> None:
        """Start the throws again from a known point."""
        self.seed = seed
        self._random = random.Random(seed)  # noqa: S311  repeatable on purpose

    def add(self, wanted: Mapping[str, Any]) -> Fault:
        """Take an order from the control API."""
        fault = _parsed(wanted)
        self.active[fault.id] = fault
        return fault

    def remove(self, fault_id: str) -> bool:
        """End one fault; false when there is none."""
        return self.active.pop(fault_id, None) is not None

    def clear(self) -> None:
        """End all."""
        self.active.clear()

    def take(self, kinds: Iterable[str], facts: Mapping[str, str]) -> Fault | None:
        """Return the fault that strikes now, counting it down."""
        wanted = frozenset(kinds)
        for fault in list(self.active.values()):
            if fault.kind in wanted and fault.fits(facts) and self._strikes(fault):
                self._count(fault)
                return fault
        return None

    def _strikes(self, fault: Fault) -> bool:
        return fault.probability is None or self._random.random() < fault.probability

    def _count(self, fault: Fault) -> None:
        fault.hits += 1
        if fault.count is not None and fault.hits >= fault.count:
            self.active.pop(fault.id, None)


def _same(wanted: str, value: str) -> bool:
    return value.startswith(wanted[:-1]) if wanted.endswith("*") else value == wanted


def _parsed(wanted: Mapping[str, Any]) -> Fault:
    kind = wanted.get("kind")
    if kind not in KINDS:
        raise BadFault(f"No such fault. Choose one of: {', '.join(KINDS)}.")
    match = {str(name): str(value) for name, value in (wanted.get("match") or {}).items()}
    if unknown := set(match) - set(MATCHABLE):
        raise BadFault(f"match knows {', '.join(MATCHABLE)}, not {', '.join(sorted(unknown))}.")
    if kind in ("delay", *BEFORE, *AFTER):
        match.setdefault("operation", "create")
    if match.get("operation", "any") not in OPERATIONS:
        raise BadFault(f"No such operation. Choose one of: {', '.join(OPERATIONS)}.")
    try:
        return Fault(
            id=secrets.token_hex(4),
            kind=kind,
            count=_number(wanted, "count", int),
            probability=_number(wanted, "probability", float),
            seconds=_number(wanted, "seconds", float),
            code=_number(wanted, "code", int),
            status=_number(wanted, "status", int),
            match=match,
        )
    except (TypeError, ValueError) as error:
        raise BadFault("count, probability, seconds, code and status are numbers.") from error


def _number(wanted: Mapping[str, Any], name: str, kind: type[Any]) -> Any:
    value = wanted.get(name)
    return None if value is None else kind(value)
