"""The kinds of conditions that rules are made of, and the reading of one; PURE.

To add a kind: a class with these parts (most of them have a sensible default in `asking.py`), its place in the
list here, a choice in the form, a test.
"""

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any, ClassVar, Protocol, Self, TypeVar

import rules.conditions.inbound_conditions as inbound
import rules.conditions.outbound_conditions as outbound
import rules.conditions.text_conditions as text
from rules.conditions.time_condition import AtTime
from rules.facts import InboundFacts, OutboundFacts
from rules.reading import ConditionError, Json, read_text
from rules.schedule import Calendar

__all__ = [
    "INBOUND_KINDS",
    "OUTBOUND_KINDS",
    "Condition",
    "ConditionError",
    "InboundCondition",
    "OutboundCondition",
    "read_inbound",
    "read_outbound",
]

F = TypeVar("F", contravariant=True)


class Condition(Protocol[F]):
    """What every condition can do."""

    kind: ClassVar[str]
    about: ClassVar[str]

    @classmethod
    def from_json(cls, data: Json) -> Self:
        """Read the condition, or raise ConditionError."""

    def to_json(self) -> dict[str, Any]:
        """Return what is stored."""

    def holds(self, facts: F) -> bool:
        """Say whether the condition holds."""

    def describe(self) -> str:
        """Say the condition in words that go on from "if"."""

    def explain(self, facts: F) -> str:
        """Say the fact that decided, whichever way it went."""

    def within(self, calendar: Calendar) -> Self:
        """Return the condition as it is in a rule with this calendar."""

    @property
    def keys(self) -> frozenset[str] | None:
        """Return what the facts' own keys must share one of for the condition to hold, or None: it may always hold."""

    @property
    def names(self) -> tuple[tuple[str, str], ...]:
        """Return the rows that are named, each by its kind ("trunk", "group") and id."""

    def comes(self, now: datetime) -> bool:
        """Say whether there will be a time, from an instant (aware) on, at which the condition may hold."""

    def includes(self, other: object) -> bool:
        """Say whether this holds for every text that the other holds for; False when that is not certain."""

    def excludes(self, other: object) -> bool:
        """Say whether no text can fit both; False when that is not certain."""


InboundCondition = Condition[InboundFacts]
OutboundCondition = Condition[OutboundFacts]

_INBOUND: tuple[type[InboundCondition], ...] = (
    *(inbound.AllNumbers, inbound.OnTrunk, inbound.OneOfNumbers, inbound.InRange),
    *(inbound.FromCaller, inbound.FromCountry, inbound.ConversationIs),
    *(text.HasKeyword, text.StartsWith, text.Contains, text.MatchesPattern),
    *(text.HasMedia, text.HasMediaKind, AtTime),
)
_OUTBOUND: tuple[type[OutboundCondition], ...] = (
    *(outbound.AllDestinations, outbound.HasPrefix, outbound.HasLength, outbound.ToCountry),
    *(outbound.FromExtensions, outbound.FromGroups, outbound.IsMessageKind, AtTime),
)
INBOUND_KINDS: Mapping[str, type[InboundCondition]] = MappingProxyType({one.kind: one for one in _INBOUND})
OUTBOUND_KINDS: Mapping[str, type[OutboundCondition]] = MappingProxyType({one.kind: one for one in _OUTBOUND})

C = TypeVar("C")


def read_inbound(data: object) -> InboundCondition:
    """Read one stored condition of an inbound rule."""
    return _kind(data, INBOUND_KINDS).from_json(_object(data))


def read_outbound(data: object) -> OutboundCondition:
    """Read one stored condition of an outbound rule."""
    return _kind(data, OUTBOUND_KINDS).from_json(_object(data))


def _object(data: object) -> Json:
    if not isinstance(data, Mapping):
        raise ConditionError("a condition is not an object.")
    return data


def _kind(data: object, kinds: Mapping[str, C]) -> C:
    kind = read_text(_object(data), "kind")
    if kind not in kinds:
        raise ConditionError(f"the condition “{kind}” is not known here.")
    return kinds[kind]
