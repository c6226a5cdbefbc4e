"""Read a rule set's document into rules; a rule that cannot be read whole is kept, but switched off; PURE."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self, TypeVar

from rules.conditions import InboundCondition, OutboundCondition, read_inbound, read_outbound
from rules.e164 import E164, NumberError, format_for_people, parse_number
from rules.reading import (
    ConditionError,
    Json,
    read_optional_text,
    read_switch,
    read_text,
    read_whole_number,
)
from rules.spans import digits_of

T = TypeVar("T")

DEFAULT_PRIORITY = 1000
_MOST_STRIPPED = 9
_PREPEND = re.compile(r"\+?[0-9]{0,15}\Z")


class DocumentError(ValueError):
    """This is no rule document at all."""


class RewriteError(ValueError):
    """A route's strip and prepend make no phone number; the message says which route and number."""


@dataclass(frozen=True, slots=True)
class Target:
    """One destination of a text that came in."""

    kind: str
    id: str = ""
    address: str = ""
    text: str = ""
    label: str = ""

    @classmethod
    def from_json(cls, data: object) -> Self:
        """Read a stored target; an unknown kind is an error."""
        entry = _object(data, "destination")
        kind = read_text(entry, "kind")
        if kind not in _TARGET_NEEDS:
            raise ConditionError(f"the destination “{kind}” is not known here.")
        if read_optional_text(entry, "when") not in ("", "always"):
            raise ConditionError("office hours are not known here.")
        if needed := _TARGET_NEEDS[kind]:
            read_text(entry, needed)
        return cls(kind, *(read_optional_text(entry, name) for name in ("id", "address", "text", "label")))

    def to_json(self) -> dict[str, Any]:
        """Return what is stored: the kind and what it needs."""
        named = {"id": self.id, "address": self.address, "text": self.text, "label": self.label}
        return {"kind": self.kind, **{name: value for name, value in named.items() if value}}

    def describe(self) -> str:
        """Say the destination in words that go on from "to"."""
        words = {
            "member": f"the inbox of {self.label or 'a member'}",
            "group": f"the group {self.label}".rstrip(),
            "email": f"e-mail {self.address}",
            "auto_reply": f"an automatic reply, “{self.text}”",
        }
        return words.get(self.kind, "nobody: it is dropped")


# What each kind of target cannot be without.
_TARGET_NEEDS: Mapping[str, str] = {
    "member": "id",
    "group": "id",
    "email": "address",
    "auto_reply": "text",
    "drop": "",
}


@dataclass(frozen=True, slots=True)
class Route:
    """One way out: a configuration, the sender it should use, and how the number is rewritten for it."""

    id: str
    configuration: str
    strip: int = 0
    prepend: str = ""
    sender: str = ""
    enabled: bool = True
    label: str = ""

    @classmethod
    def from_json(cls, data: object) -> Self:
        """Read a stored route."""
        entry = _object(data, "route")
        strip, prepend = read_whole_number(entry, "strip", 0), read_optional_text(entry, "prepend")
        if not 0 <= strip <= _MOST_STRIPPED:
            raise ConditionError(f"a route strips at most {_MOST_STRIPPED} digits.")
        if not _PREPEND.match(prepend):
            raise ConditionError("a route prepends digits only.")
        return cls(
            id=read_optional_text(entry, "id"),
            configuration=read_text(entry, "configuration"),
            strip=strip,
            prepend=prepend,
            sender=read_optional_text(entry, "sender"),
            enabled=read_switch(entry, "enabled", True),
            label=read_optional_text(entry, "label"),
        )

    def to_json(self) -> dict[str, Any]:
        """Return what is stored."""
        return {
            "id": self.id,
            "configuration": self.configuration,
            "strip": self.strip,
            "prepend": self.prepend,
            "sender": self.sender,
            "enabled": self.enabled,
            "label": self.label,
        }

    def dial(self, to: str) -> E164:
        """Return the number this route sends to: digits stripped from the front, then others put there."""
        if not (self.strip or self.prepend):
            return E164(to)
        rewritten = f"+{digits_of(self.prepend)}{digits_of(to)[self.strip :]}"
        try:
            return parse_number(rewritten)
        except NumberError as error:
            shown = format_for_people(to)
            raise RewriteError(
                f"The route {self.label or self.id} turns {shown} into {rewritten}, which is not a phone number: "
                "correct its strip and prepend."
            ) from error


@dataclass(frozen=True, slots=True)
class InboundRule:
    """Which texts go to which destinations; findings say why a rule is not used."""

    id: str
    name: str
    enabled: bool
    conditions: tuple[InboundCondition, ...]
    targets: tuple[Target, ...]
    findings: tuple[str, ...] = ()

    @property
    def live(self) -> bool:
        """Say whether the rule takes part."""
        return self.enabled and not self.findings

    def describe(self) -> str:
        """Say the whole rule in one sentence."""
        ends = " and ".join(target.describe() for target in self.targets)
        return f"If {_all_of(self.conditions)}: to {ends or 'nobody'}."


@dataclass(frozen=True, slots=True)
class OutboundRule:
    """Which texts leave by which routes; findings say why a rule is not used."""

    id: str
    name: str
    enabled: bool
    conditions: tuple[OutboundCondition, ...]
    routes: tuple[Route, ...]
    priority: int = DEFAULT_PRIORITY
    findings: tuple[str, ...] = ()

    @property
    def live(self) -> bool:
        """Say whether the rule takes part."""
        return self.enabled and not self.findings

    @property
    def open_routes(self) -> tuple[Route, ...]:
        """Return the routes that are switched on, in order."""
        return tuple(route for route in self.routes if route.enabled)

    def describe(self) -> str:
        """Say the whole rule in one sentence."""
        ways = ", then ".join(route.label or route.configuration for route in self.open_routes)
        return f"If {_all_of(self.conditions)}: by {ways or 'no route'}."


@dataclass(frozen=True, slots=True)
class Finding:
    """Why a rule is not used, although it is there."""

    rule_id: str
    rule_name: str
    text: str


def parse_inbound(document: Json) -> tuple[InboundRule, ...]:
    """Read inbound rules in their order."""
    return tuple(_inbound_rule(entry, number) for number, entry in enumerate(_entries(document), 1))


def parse_outbound(document: Json) -> tuple[OutboundRule, ...]:
    """Read outbound rules by priority; equal priorities keep their order."""
    rules = [_outbound_rule(entry, number) for number, entry in enumerate(_entries(document), 1)]
    return tuple(sorted(rules, key=lambda rule: rule.priority))


def findings_of(rules: Sequence[InboundRule | OutboundRule]) -> tuple[Finding, ...]:
    """List why rules are not used."""
    return tuple(Finding(rule.id, rule.name, text) for rule in rules for text in rule.findings)


def _inbound_rule(entry: Json, number: int) -> InboundRule:
    findings: list[str] = []
    conditions = _each(entry, "conditions", read_inbound, findings, "it has no condition: choose “all numbers”.")
    targets = _each(entry, "targets", Target.from_json, findings, "it has no destination.")
    return InboundRule(*_head(entry, number, findings), conditions, targets, tuple(findings))


def _outbound_rule(entry: Json, number: int) -> OutboundRule:
    findings: list[str] = []
    conditions = _each(entry, "conditions", read_outbound, findings, "it has no condition: choose “all destinations”.")
    routes = _each(entry, "routes", Route.from_json, findings, "it has no route.")
    priority = _try(lambda: read_whole_number(entry, "priority", DEFAULT_PRIORITY), DEFAULT_PRIORITY, findings)
    head = _head(entry, number, findings)
    if routes and not any(route.enabled for route in routes):
        findings.append("every route is switched off.")
    return OutboundRule(*head, conditions, routes, priority, tuple(findings))


def _head(entry: Json, number: int, findings: list[str]) -> tuple[str, str, bool]:
    name = _try(lambda: read_optional_text(entry, "name"), "", findings)
    return (
        _try(lambda: read_optional_text(entry, "id"), "", findings),
        name.strip() or f"Rule {number}",
        _try(lambda: read_switch(entry, "enabled", True), False, findings),
    )


def _each(entry: Json, name: str, read: Callable[[object], T], findings: list[str], when_none: str) -> tuple[T, ...]:
    items = entry.get(name, ())
    if not isinstance(items, list | tuple):
        findings.append(f"“{name}” is not a list.")
        return ()
    if not items:
        findings.append(when_none)
    found: list[T] = []
    for item in items:
        try:
            found.append(read(item))
        except ConditionError as error:
            findings.append(str(error))
    return tuple(found)


def _try(read: Callable[[], T], default: T, findings: list[str]) -> T:
    try:
        return read()
    except ConditionError as error:
        findings.append(str(error))
        return default


def _entries(document: Json) -> list[Json]:
    rules = document.get("rules") if isinstance(document, Mapping) else None
    if not isinstance(rules, list | tuple) or not all(isinstance(entry, Mapping) for entry in rules):
        raise DocumentError("A rule document is an object with a list of “rules”.")
    return list(rules)


def _object(data: object, what: str) -> Json:
    if not isinstance(data, Mapping):
        raise ConditionError(f"a {what} is not an object.")
    return data


def _all_of(conditions: Sequence[InboundCondition | OutboundCondition]) -> str:
    return " and ".join(condition.describe() for condition in conditions) or "nothing"
