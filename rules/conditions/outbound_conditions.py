"""What an outbound rule can ask: one small class per kind of condition; PURE."""

from dataclasses import dataclass
from typing import Any, ClassVar, Self

from rules.conditions.asking import Asking
from rules.countries import in_countries, read_countries
from rules.e164 import calling_code_of, country_of, format_for_people
from rules.facts import OutboundFacts
from rules.patterns import ExtensionList, PatternError, digits_of, parse_extensions, parse_prefixes
from rules.reading import ConditionError, Json, read_text, read_texts, read_whole_numbers
from rules.wording import any_of


@dataclass(frozen=True, slots=True)
class AllDestinations(Asking):
    """Every recipient."""

    kind: ClassVar[str] = "all"
    about: ClassVar[str] = "recipient"

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

    def includes(self, other: object) -> bool:
        return True


@dataclass(frozen=True, slots=True)
class HasPrefix(Asking):
    """The recipient's number starts with one of some digits, country code first."""

    kind: ClassVar[str] = "prefix"
    about: ClassVar[str] = "recipient"
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

    @property
    def keys(self) -> frozenset[str] | None:
        return frozenset(self.prefixes)

    def includes(self, other: object) -> bool:
        narrower = other.keys if isinstance(other, HasPrefix | ToCountry) else None
        return bool(narrower) and all(prefix.startswith(self.prefixes) for prefix in narrower or ())

    def excludes(self, other: object) -> bool:
        if not isinstance(other, HasPrefix | ToCountry) or not other.keys:
            return False
        theirs = tuple(other.keys)
        meets = any(one.startswith(theirs) for one in self.prefixes) or any(
            one.startswith(self.prefixes) for one in theirs
        )
        return not meets


@dataclass(frozen=True, slots=True)
class HasLength(Asking):
    """The recipient's number has one of some lengths, country code included."""

    kind: ClassVar[str] = "length"
    about: ClassVar[str] = "recipient"
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

    def includes(self, other: object) -> bool:
        return isinstance(other, HasLength) and set(other.lengths) <= set(self.lengths)

    def excludes(self, other: object) -> bool:
        return isinstance(other, HasLength) and set(other.lengths).isdisjoint(self.lengths)


@dataclass(frozen=True, slots=True)
class FromExtensions(Asking):
    """The writer has one of some extensions."""

    kind: ClassVar[str] = "extensions"
    about: ClassVar[str] = "writer"
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

    def includes(self, other: object) -> bool:
        return isinstance(other, FromExtensions) and all(
            any(mine.includes(run) for mine in self.extensions.spans) for run in other.extensions.spans
        )

    def excludes(self, other: object) -> bool:
        return isinstance(other, FromExtensions) and not any(
            mine.meets(run) for mine in self.extensions.spans for run in other.extensions.spans
        )


@dataclass(frozen=True, slots=True)
class FromGroups(Asking):
    """The writer is in one of some groups."""

    kind: ClassVar[str] = "groups"
    about: ClassVar[str] = "writer"
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

    @property
    def names(self) -> tuple[tuple[str, str], ...]:
        return tuple(("group", key) for key in self.ids)

    def includes(self, other: object) -> bool:
        return isinstance(other, FromGroups) and set(other.ids) <= set(self.ids)


@dataclass(frozen=True, slots=True)
class ToCountry(Asking):
    """The recipient's number belongs to one of some countries."""

    kind: ClassVar[str] = "country"
    about: ClassVar[str] = "recipient"
    countries: tuple[str, ...]

    @classmethod
    def from_json(cls, data: Json) -> Self:
        return cls(read_countries(data))

    def to_json(self) -> dict[str, Any]:
        return {"kind": self.kind, "countries": list(self.countries)}

    def holds(self, facts: OutboundFacts) -> bool:
        return country_of(facts.to) in self.countries

    def describe(self) -> str:
        return f"the number is in {any_of(self.countries)}"

    def explain(self, facts: OutboundFacts) -> str:
        return f"the number, {in_countries(facts.to)}"

    @property
    def keys(self) -> frozenset[str] | None:
        return frozenset(calling_code_of(country) for country in self.countries)

    def includes(self, other: object) -> bool:
        return isinstance(other, ToCountry) and set(other.countries) <= set(self.countries)

    def excludes(self, other: object) -> bool:
        return isinstance(other, ToCountry) and set(other.countries).isdisjoint(self.countries)


@dataclass(frozen=True, slots=True)
class IsMessageKind(Asking):
    """It is an SMS, which is words alone, or an MMS, which has pictures or files."""

    kind: ClassVar[str] = "message_kind"
    about: ClassVar[str] = "media"
    value: str

    @classmethod
    def from_json(cls, data: Json) -> Self:
        value = read_text(data, "value")
        if value not in ("sms", "mms"):
            raise ConditionError(f"the message kind “{value}” is neither sms nor mms.")
        return cls(value)

    def to_json(self) -> dict[str, Any]:
        return {"kind": self.kind, "value": self.value}

    def holds(self, facts: OutboundFacts) -> bool:
        return (facts.num_media > 0) == (self.value == "mms")

    def describe(self) -> str:
        return f"it is an {self.value.upper()}"

    def explain(self, facts: OutboundFacts) -> str:
        return "it is an MMS" if facts.num_media else "it is an SMS"

    def excludes(self, other: object) -> bool:
        return isinstance(other, IsMessageKind) and other != self
