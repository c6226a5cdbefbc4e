"""What an inbound rule can ask of our number, the sender and the conversation: one small class per kind; PURE."""

import re
from dataclasses import dataclass
from typing import Any, ClassVar, Self

from rules.conditions.asking import Asking
from rules.countries import in_countries, read_countries
from rules.e164 import country_of, format_for_people
from rules.facts import InboundFacts
from rules.patterns import CallerMask, PatternError, Span, parse_caller_mask
from rules.reading import ConditionError, Json, read_optional_text, read_text, read_texts
from rules.spans import span
from rules.wording import any_of


@dataclass(frozen=True, slots=True)
class AllNumbers(Asking):
    """Every address of the tenant."""

    kind: ClassVar[str] = "all_numbers"
    about: ClassVar[str] = "number"

    @classmethod
    def from_json(cls, data: Json) -> Self:
        return cls()

    def to_json(self) -> dict[str, Any]:
        return {"kind": self.kind}

    def holds(self, facts: InboundFacts) -> bool:
        return True

    def describe(self) -> str:
        return "any number was texted"

    def explain(self, facts: InboundFacts) -> str:
        return f"{format_for_people(facts.our_address)} was texted"

    def includes(self, other: object) -> bool:
        return True


@dataclass(frozen=True, slots=True)
class OnTrunk(Asking):
    """The number lies on one trunk."""

    kind: ClassVar[str] = "trunk"
    about: ClassVar[str] = "number"
    id: str
    label: str = ""

    @classmethod
    def from_json(cls, data: Json) -> Self:
        return cls(read_text(data, "id"), read_optional_text(data, "label"))

    def to_json(self) -> dict[str, Any]:
        return {"kind": self.kind, "id": self.id, "label": self.label}

    def holds(self, facts: InboundFacts) -> bool:
        return facts.trunk == self.id

    def describe(self) -> str:
        return f"it came over the trunk {self.label or self.id}"

    def explain(self, facts: InboundFacts) -> str:
        if not facts.trunk:
            return "the number is on no trunk"
        side = "this" if self.holds(facts) else "another"
        return f"it came over {side} trunk"

    @property
    def names(self) -> tuple[tuple[str, str], ...]:
        return (("trunk", self.id),)

    def includes(self, other: object) -> bool:
        return isinstance(other, OnTrunk) and other.id == self.id

    def excludes(self, other: object) -> bool:
        return isinstance(other, OnTrunk) and other.id != self.id


@dataclass(frozen=True, slots=True)
class OneOfNumbers(Asking):
    """The number is one of a list; ids follow a number that is moved, texts name any address."""

    kind: ClassVar[str] = "number"
    about: ClassVar[str] = "number"
    numbers: tuple[str, ...] = ()
    ids: tuple[str, ...] = ()

    @classmethod
    def from_json(cls, data: Json) -> Self:
        numbers, ids = read_texts(data, "numbers"), read_texts(data, "ids")
        if not (numbers or ids):
            raise ConditionError("no number is chosen.")
        return cls(numbers, ids)

    def to_json(self) -> dict[str, Any]:
        return {"kind": self.kind, "numbers": list(self.numbers), "ids": list(self.ids)}

    def holds(self, facts: InboundFacts) -> bool:
        return facts.our_address in self.numbers or (bool(facts.number) and facts.number in self.ids)

    def describe(self) -> str:
        if not self.numbers:
            return f"one of {len(self.ids)} chosen numbers was texted"
        return f"{any_of(self.numbers, format_for_people)} was texted"

    def explain(self, facts: InboundFacts) -> str:
        return f"{format_for_people(facts.our_address)} was texted"

    @property
    def keys(self) -> frozenset[str] | None:
        return frozenset((*self.numbers, *self.ids))

    @property
    def addresses(self) -> frozenset[str] | None:
        """All addresses that are meant, or None when ids mean others: versions write the number beside each id."""
        return frozenset(self.numbers) if len(self.ids) in (0, len(self.numbers)) else None

    def includes(self, other: object) -> bool:
        if isinstance(other, InRange):
            return len(other.span) <= len(self.numbers) and set(other.span) <= set(self.numbers)
        if not isinstance(other, OneOfNumbers):
            return False
        same_ids = set(other.numbers) <= set(self.numbers) and set(other.ids) <= set(self.ids)
        return same_ids or (other.addresses is not None and other.addresses <= set(self.numbers))

    def excludes(self, other: object) -> bool:
        mine = self.addresses
        if mine is None:
            return False
        if isinstance(other, InRange):
            return not any(other.span.holds(number) for number in mine)
        return isinstance(other, OneOfNumbers) and other.addresses is not None and mine.isdisjoint(other.addresses)


@dataclass(frozen=True, slots=True)
class InRange(Asking):
    """The number lies in a range."""

    kind: ClassVar[str] = "range"
    about: ClassVar[str] = "number"
    span: Span

    @classmethod
    def from_json(cls, data: Json) -> Self:
        first, last = read_text(data, "first"), read_text(data, "last")
        if not all(re.fullmatch(r"\+[0-9]{3,15}", end) for end in (first, last)):
            raise ConditionError("the range is not made of two numbers such as +12027594810.")
        try:
            return cls(span(f"{first}-{last}", first, last))
        except PatternError as error:
            raise ConditionError(str(error)) from error

    def to_json(self) -> dict[str, Any]:
        return {"kind": self.kind, "first": self.span.first, "last": self.span.last}

    def holds(self, facts: InboundFacts) -> bool:
        return self.span.holds(facts.our_address)

    def describe(self) -> str:
        first, last = format_for_people(self.span.first), format_for_people(self.span.last)
        return f"a number from {first} to {last} was texted"

    def explain(self, facts: InboundFacts) -> str:
        return f"{format_for_people(facts.our_address)} was texted"

    @property
    def keys(self) -> frozenset[str] | None:
        return frozenset((self.span.start,))

    def includes(self, other: object) -> bool:
        if isinstance(other, OneOfNumbers):
            return other.addresses is not None and all(self.span.holds(number) for number in other.addresses)
        return isinstance(other, InRange) and self.span.includes(other.span)

    def excludes(self, other: object) -> bool:
        return isinstance(other, InRange) and not self.span.meets(other.span)


@dataclass(frozen=True, slots=True)
class FromCaller(Asking):
    """The sender fits a caller mask."""

    kind: ClassVar[str] = "caller_mask"
    about: ClassVar[str] = "sender"
    mask: CallerMask

    @classmethod
    def from_json(cls, data: Json) -> Self:
        try:
            return cls(parse_caller_mask(read_text(data, "mask")))
        except PatternError as error:
            raise ConditionError(str(error)) from error

    def to_json(self) -> dict[str, Any]:
        return {"kind": self.kind, "mask": self.mask.text}

    def holds(self, facts: InboundFacts) -> bool:
        return self.mask.matches(facts.their_address)

    def describe(self) -> str:
        return f"the sender fits {self.mask.text}"

    def explain(self, facts: InboundFacts) -> str:
        return f"the sender is {format_for_people(facts.their_address)}"

    def includes(self, other: object) -> bool:
        return isinstance(other, FromCaller) and self.mask.includes(other.mask)


@dataclass(frozen=True, slots=True)
class FromCountry(Asking):
    """The sender's number belongs to one of some countries; a short code or a name belongs to none."""

    kind: ClassVar[str] = "country"
    about: ClassVar[str] = "sender"
    countries: tuple[str, ...]

    @classmethod
    def from_json(cls, data: Json) -> Self:
        return cls(read_countries(data))

    def to_json(self) -> dict[str, Any]:
        return {"kind": self.kind, "countries": list(self.countries)}

    def holds(self, facts: InboundFacts) -> bool:
        return country_of(facts.their_address) in self.countries

    def describe(self) -> str:
        return f"the sender is in {any_of(self.countries)}"

    def explain(self, facts: InboundFacts) -> str:
        return f"the sender, {in_countries(facts.their_address)}"

    def includes(self, other: object) -> bool:
        return isinstance(other, FromCountry) and set(other.countries) <= set(self.countries)

    def excludes(self, other: object) -> bool:
        return isinstance(other, FromCountry) and set(other.countries).isdisjoint(self.countries)


_STATES = {
    "first": (frozenset({""}), "it is the first text between the two numbers"),
    "known": (frozenset({"open", "assigned"}), "the two numbers have texted before"),
    "unassigned": (frozenset({"open"}), "nobody has the conversation in hand"),
    "assigned": (frozenset({"assigned"}), "somebody has the conversation in hand"),
}
_FOUND = {
    "": "it is a first contact",
    "open": "nobody has the conversation",
    "assigned": "somebody has the conversation",
}


@dataclass(frozen=True, slots=True)
class ConversationIs(Asking):
    """What there was between the two numbers before this text: nothing, or a conversation, with or without a hand."""

    kind: ClassVar[str] = "conversation"
    about: ClassVar[str] = "conversation"
    state: str

    @classmethod
    def from_json(cls, data: Json) -> Self:
        state = read_text(data, "state")
        if state not in _STATES:
            raise ConditionError(f"the conversation state “{state}” is not known here.")
        return cls(state)

    def to_json(self) -> dict[str, Any]:
        return {"kind": self.kind, "state": self.state}

    @property
    def meant(self) -> frozenset[str]:
        """The facts that fit."""
        return _STATES[self.state][0]

    def holds(self, facts: InboundFacts) -> bool:
        return facts.conversation in self.meant

    def describe(self) -> str:
        return _STATES[self.state][1]

    def explain(self, facts: InboundFacts) -> str:
        return _FOUND.get(facts.conversation, "the state of the conversation is not known")

    def includes(self, other: object) -> bool:
        return isinstance(other, ConversationIs) and other.meant <= self.meant

    def excludes(self, other: object) -> bool:
        return isinstance(other, ConversationIs) and other.meant.isdisjoint(self.meant)
