"""What an inbound rule can ask: one small class per kind of condition; PURE."""

import re
from dataclasses import dataclass, field
from typing import Any, ClassVar, Self

from rules.e164 import format_for_people
from rules.facts import InboundFacts
from rules.patterns import CallerMask, PatternError, Span, parse_caller_mask
from rules.reading import (
    ConditionError,
    Json,
    read_optional_text,
    read_switch,
    read_text,
    read_texts,
)
from rules.spans import span
from rules.wording import any_of, fold


@dataclass(frozen=True, slots=True)
class AllNumbers:
    """Every address of the tenant."""

    kind: ClassVar[str] = "all_numbers"

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


@dataclass(frozen=True, slots=True)
class OnTrunk:
    """The number lies on one trunk."""

    kind: ClassVar[str] = "trunk"
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


@dataclass(frozen=True, slots=True)
class OneOfNumbers:
    """The number is one of a list; ids follow a number that is moved, texts name any address."""

    kind: ClassVar[str] = "number"
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
        return f"{any_of([format_for_people(number) for number in self.numbers])} was texted"

    def explain(self, facts: InboundFacts) -> str:
        return f"{format_for_people(facts.our_address)} was texted"


@dataclass(frozen=True, slots=True)
class InRange:
    """The number lies in a range."""

    kind: ClassVar[str] = "range"
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


@dataclass(frozen=True, slots=True)
class FromCaller:
    """The sender fits a caller mask."""

    kind: ClassVar[str] = "caller_mask"
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


@dataclass(frozen=True, slots=True)
class HasKeyword:
    """The text has one of some words, each as a whole word."""

    kind: ClassVar[str] = "keyword"
    words: tuple[str, ...]
    _pattern: re.Pattern[str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        choices = "|".join(re.escape(fold(word)) for word in self.words)
        object.__setattr__(self, "_pattern", re.compile(rf"(?<!\w)(?:{choices})(?!\w)"))

    @classmethod
    def from_json(cls, data: Json) -> Self:
        words = tuple(word.strip() for word in read_texts(data, "words") if fold(word))
        if not words:
            raise ConditionError("no keyword is given.")
        return cls(words)

    def to_json(self) -> dict[str, Any]:
        return {"kind": self.kind, "words": list(self.words)}

    def holds(self, facts: InboundFacts) -> bool:
        return self._pattern.search(fold(facts.body)) is not None

    def describe(self) -> str:
        return f"the text has the word {any_of([f'“{word}”' for word in self.words])}"

    def explain(self, facts: InboundFacts) -> str:
        found = self._pattern.search(fold(facts.body))
        return f"the text has the word “{found[0]}”" if found else "the text has none of the words"


@dataclass(frozen=True, slots=True)
class StartsWith:
    """The text starts with some words, in any case."""

    kind: ClassVar[str] = "starts_with"
    text: str

    @classmethod
    def from_json(cls, data: Json) -> Self:
        return cls(read_text(data, "text"))

    def to_json(self) -> dict[str, Any]:
        return {"kind": self.kind, "text": self.text}

    def holds(self, facts: InboundFacts) -> bool:
        return fold(facts.body).startswith(fold(self.text))

    def describe(self) -> str:
        return f"the text starts with “{self.text}”"

    def explain(self, facts: InboundFacts) -> str:
        return f"the text {'starts' if self.holds(facts) else 'does not start'} with “{self.text}”"


@dataclass(frozen=True, slots=True)
class Contains:
    """The text contains some characters, in any case."""

    kind: ClassVar[str] = "contains"
    text: str

    @classmethod
    def from_json(cls, data: Json) -> Self:
        return cls(read_text(data, "text"))

    def to_json(self) -> dict[str, Any]:
        return {"kind": self.kind, "text": self.text}

    def holds(self, facts: InboundFacts) -> bool:
        return fold(self.text) in fold(facts.body)

    def describe(self) -> str:
        return f"the text contains “{self.text}”"

    def explain(self, facts: InboundFacts) -> str:
        return f"the text {'contains' if self.holds(facts) else 'does not contain'} “{self.text}”"


@dataclass(frozen=True, slots=True)
class HasMedia:
    """The text came with pictures or files, or without."""

    kind: ClassVar[str] = "has_media"
    value: bool = True

    @classmethod
    def from_json(cls, data: Json) -> Self:
        return cls(read_switch(data, "value", True))

    def to_json(self) -> dict[str, Any]:
        return {"kind": self.kind, "value": self.value}

    def holds(self, facts: InboundFacts) -> bool:
        return (facts.num_media > 0) == self.value

    def describe(self) -> str:
        return "it has pictures or files" if self.value else "it has no pictures or files"

    def explain(self, facts: InboundFacts) -> str:
        return f"it has {facts.num_media or 'no'} {'picture or file' if facts.num_media == 1 else 'pictures or files'}"
