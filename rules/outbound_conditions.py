"""What an outbound rule can ask: one small class per kind of condition; PURE."""

from dataclasses import dataclass
from typing import Any, ClassVar, Self

from rules.e164 import format_for_people
from rules.facts import OutboundFacts
from rules.patterns import ExtensionList, PatternError, digits_of, parse_extensions, parse_prefixes
from rules.reading import ConditionError, Json, read_text, read_texts, read_whole_numbers
from rules.wording import any_of


@dataclass(frozen=True, slots=True)
class AllDestinations:
    """Every recipient."""

    kind: ClassVar[str] = "all"

    @classmethod
    def from_json(cls, data: Json) -> Self:
        return cls()

    def to_json(self) -> dict[str, Any]:
        return {"kind": self.kind}

    def holds(self, facts: OutboundFacts) -> bool:
        return True

    def describe(self) -> str:
        return "it goes anywhere"

    def explain(self, facts: OutboundFacts) -> str:
        return f"it goes to {format_for_people(facts.to)}"


@dataclass(frozen=True, slots=True)
class HasPrefix:
    """The recipient's number starts with one of some digits, country code first."""

    kind: ClassVar[str] = "prefix"
    prefixes: tuple[str, ...]

    @classmethod
    def from_json(cls, data: Json) -> Self:
        try:
            return cls(parse_prefixes(";".join(read_texts(data, "prefixes"))))
        except PatternError as error:
            raise ConditionError(str(error)) from error

    def to_json(self) -> dict[str, Any]:
        return {"kind": self.kind, "prefixes": list(self.prefixes)}

    def holds(self, facts: OutboundFacts) -> bool:
        return digits_of(facts.to).startswith(self.prefixes)

    def describe(self) -> str:
        return f"the number starts with {any_of([f'+{prefix}' for prefix in self.prefixes])}"

    def explain(self, facts: OutboundFacts) -> str:
        return f"the number is {format_for_people(facts.to)}"


@dataclass(frozen=True, slots=True)
class HasLength:
    """The recipient's number has one of some lengths, country code included."""

    kind: ClassVar[str] = "length"
    lengths: tuple[int, ...]

    @classmethod
    def from_json(cls, data: Json) -> Self:
        lengths = read_whole_numbers(data, "lengths")
        if not all(1 <= length <= 15 for length in lengths):
            raise ConditionError("a length is not between 1 and 15.")
        return cls(lengths)

    def to_json(self) -> dict[str, Any]:
        return {"kind": self.kind, "lengths": list(self.lengths)}

    def holds(self, facts: OutboundFacts) -> bool:
        return len(digits_of(facts.to)) in self.lengths

    def describe(self) -> str:
        return f"the number has {any_of([str(length) for length in self.lengths])} digits"

    def explain(self, facts: OutboundFacts) -> str:
        return f"the number has {len(digits_of(facts.to))} digits"


@dataclass(frozen=True, slots=True)
class FromExtensions:
    """The writer has one of some extensions."""

    kind: ClassVar[str] = "extensions"
    extensions: ExtensionList

    @classmethod
    def from_json(cls, data: Json) -> Self:
        try:
            return cls(parse_extensions(read_text(data, "extensions")))
        except PatternError as error:
            raise ConditionError(str(error)) from error

    def to_json(self) -> dict[str, Any]:
        return {"kind": self.kind, "extensions": self.extensions.text}

    def holds(self, facts: OutboundFacts) -> bool:
        return self.extensions.holds(facts.extension)

    def describe(self) -> str:
        return f"the writer's extension is one of {self.extensions.text}"

    def explain(self, facts: OutboundFacts) -> str:
        return f"the writer's extension is {facts.extension}" if facts.extension else "the writer has no extension"


@dataclass(frozen=True, slots=True)
class FromGroups:
    """The writer is in one of some groups."""

    kind: ClassVar[str] = "groups"
    ids: tuple[str, ...]
    labels: tuple[str, ...] = ()

    @classmethod
    def from_json(cls, data: Json) -> Self:
        ids = read_texts(data, "ids")
        if not ids:
            raise ConditionError("no group is chosen.")
        return cls(ids, read_texts(data, "labels"))

    def to_json(self) -> dict[str, Any]:
        return {"kind": self.kind, "ids": list(self.ids), "labels": list(self.labels)}

    def holds(self, facts: OutboundFacts) -> bool:
        return not set(self.ids).isdisjoint(facts.groups)

    def describe(self) -> str:
        return f"the writer is in {any_of(self.labels)}" if self.labels else "the writer is in a chosen group"

    def explain(self, facts: OutboundFacts) -> str:
        if not facts.groups:
            return "the writer is in no group"
        return "the writer is in one of these groups" if self.holds(facts) else "the writer is in other groups"
