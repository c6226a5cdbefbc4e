"""The kinds of conditions that rules are made of, and the reading of one; PURE.

To add a kind: a class with these six parts, its line here, a choice in the form, a test.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, ClassVar, Protocol, Self, TypeVar

import rules.inbound_conditions as inbound
import rules.outbound_conditions as outbound
from rules.facts import InboundFacts, OutboundFacts
from rules.reading import ConditionError, Json, read_text

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


InboundCondition = Condition[InboundFacts]
OutboundCondition = Condition[OutboundFacts]

INBOUND_KINDS: Mapping[str, type[InboundCondition]] = MappingProxyType(
    {
        inbound.AllNumbers.kind: inbound.AllNumbers,
        inbound.OnTrunk.kind: inbound.OnTrunk,
        inbound.OneOfNumbers.kind: inbound.OneOfNumbers,
        inbound.InRange.kind: inbound.InRange,
        inbound.FromCaller.kind: inbound.FromCaller,
        inbound.HasKeyword.kind: inbound.HasKeyword,
        inbound.StartsWith.kind: inbound.StartsWith,
        inbound.Contains.kind: inbound.Contains,
        inbound.HasMedia.kind: inbound.HasMedia,
    }
)
OUTBOUND_KINDS: Mapping[str, type[OutboundCondition]] = MappingProxyType(
    {
        outbound.AllDestinations.kind: outbound.AllDestinations,
        outbound.HasPrefix.kind: outbound.HasPrefix,
        outbound.HasLength.kind: outbound.HasLength,
        outbound.FromExtensions.kind: outbound.FromExtensions,
        outbound.FromGroups.kind: outbound.FromGroups,
    }
)

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
