"""Where a text can go that came in: one small class per kind of destination; PURE.

To add a kind: a class with these parts, its place in the list, a module in `sms/destinations`, a choice in the form,
a test.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, ClassVar, Protocol, Self

from rules.e164 import NumberError, format_for_people, parse_number
from rules.facts import InboundFacts
from rules.reading import ConditionError, Json, read_optional_text, read_text
from rules.spans import PatternError, Span, span

_E164 = re.compile(r"\+[0-9]{3,15}\Z")


class Target(Protocol):
    """What every destination can do."""

    kind: ClassVar[str]

    @classmethod
    def from_json(cls, data: Json) -> Self:
        """Read the destination, or raise ConditionError."""

    def to_json(self) -> dict[str, Any]:
        """Return what is stored."""

    def describe(self) -> str:
        """Say the destination in words that go on from "to"."""

    def resolve(self, facts: InboundFacts) -> "Target":
        """Return the destination for this very text."""


class _AsItStands:
    """A destination that is the same for every text."""

    __slots__ = ()

    def resolve(self, facts: InboundFacts) -> Self:
        return self


@dataclass(frozen=True, slots=True)
class ToMember(_AsItStands):
    """A member's inbox."""

    kind: ClassVar[str] = "member"
    id: str
    label: str = ""

    @classmethod
    def from_json(cls, data: Json) -> Self:
        return cls(read_text(data, "id"), read_optional_text(data, "label"))

    def to_json(self) -> dict[str, Any]:
        return {"kind": self.kind, "id": self.id, "label": self.label}

    def describe(self) -> str:
        return f"the inbox of {self.label or 'a member'}"


@dataclass(frozen=True, slots=True)
class ToGroup(_AsItStands):
    """A group's inbox."""

    kind: ClassVar[str] = "group"
    id: str
    label: str = ""

    @classmethod
    def from_json(cls, data: Json) -> Self:
        return cls(read_text(data, "id"), read_optional_text(data, "label"))

    def to_json(self) -> dict[str, Any]:
        return {"kind": self.kind, "id": self.id, "label": self.label}

    def describe(self) -> str:
        return f"the group {self.label}".rstrip()


@dataclass(frozen=True, slots=True)
class ToExtension(_AsItStands):
    """The inbox of whoever has an extension: what a range of extensions resolves to."""

    kind: ClassVar[str] = "extension"
    extension: str

    @classmethod
    def from_json(cls, data: Json) -> Self:
        return cls(read_text(data, "extension"))

    def to_json(self) -> dict[str, Any]:
        return {"kind": self.kind, "extension": self.extension}

    def describe(self) -> str:
        return f"the extension {self.extension}"


@dataclass(frozen=True, slots=True)
class ToExtensions:
    """A run of extensions for a run of numbers of the same size: the third number is the third extension's."""

    kind: ClassVar[str] = "extensions"
    numbers: Span
    extensions: Span

    @classmethod
    def from_json(cls, data: Json) -> Self:
        names = ("first_number", "last_number", "first", "last")
        first_number, last_number, first, last = (read_text(data, name) for name in names)
        if not (_E164.match(first_number) and _E164.match(last_number)):
            raise ConditionError("the numbers of the extensions are not a range such as +12027594810 to +12027594815.")
        if not (re.fullmatch(r"[0-9]{1,64}", first) and re.fullmatch(r"[0-9]{1,64}", last)):
            raise ConditionError("the extensions are not a range such as 101 to 106.")
        try:
            numbers = span(f"{first_number}-{last_number}", first_number, last_number)
            extensions = span(f"{first}-{last}", first, last)
        except PatternError as error:
            raise ConditionError(str(error)) from error
        if len(numbers) != len(extensions):
            raise ConditionError(
                f"{len(numbers)} numbers cannot go to {len(extensions)} extensions one by one: "
                "both ranges must have the same size."
            )
        return cls(numbers, extensions)

    def to_json(self) -> dict[str, Any]:
        return {
            "kind": self.kind,
            "first_number": self.numbers.first,
            "last_number": self.numbers.last,
            "first": self.extensions.first,
            "last": self.extensions.last,
        }

    def describe(self) -> str:
        first, last = self.extensions.first, self.extensions.last
        return f"the extensions {first} to {last}, one for each number from {format_for_people(self.numbers.first)}"

    def resolve(self, facts: InboundFacts) -> Target:
        if not self.numbers.holds(facts.our_address):
            return Drop(f"{format_for_people(facts.our_address)} has no extension in this rule")
        offset = int(facts.our_address) - int(self.numbers.first)
        return ToExtension(str(int(self.extensions.first) + offset).zfill(len(self.extensions.first)))


@dataclass(frozen=True, slots=True)
class ToEmail(_AsItStands):
    """An e-mail address."""

    kind: ClassVar[str] = "email"
    address: str

    @classmethod
    def from_json(cls, data: Json) -> Self:
        return cls(read_text(data, "address"))

    def to_json(self) -> dict[str, Any]:
        return {"kind": self.kind, "address": self.address}

    def describe(self) -> str:
        return f"e-mail {self.address}"


@dataclass(frozen=True, slots=True)
class AutoReply(_AsItStands):
    """An automatic answer; placeholders such as {number} are filled in when it is sent."""

    kind: ClassVar[str] = "auto_reply"
    text: str

    @classmethod
    def from_json(cls, data: Json) -> Self:
        return cls(read_text(data, "text"))

    def to_json(self) -> dict[str, Any]:
        return {"kind": self.kind, "text": self.text}

    def describe(self) -> str:
        return f"an automatic reply, “{self.text}”"


@dataclass(frozen=True, slots=True)
class Forward(_AsItStands):
    """A phone number that gets the text as a text of ours."""

    kind: ClassVar[str] = "forward"
    number: str

    @classmethod
    def from_json(cls, data: Json) -> Self:
        try:
            return cls(parse_number(read_text(data, "number")))
        except NumberError as error:
            raise ConditionError(str(error)) from error

    def to_json(self) -> dict[str, Any]:
        return {"kind": self.kind, "number": self.number}

    def describe(self) -> str:
        return f"the phone number {format_for_people(self.number)}"


@dataclass(frozen=True, slots=True)
class Hold(_AsItStands):
    """Wait until the office opens; then the rules of that moment decide."""

    kind: ClassVar[str] = "hold"

    @classmethod
    def from_json(cls, data: Json) -> Self:
        return cls()

    def to_json(self) -> dict[str, Any]:
        return {"kind": self.kind}

    def describe(self) -> str:
        return "nobody yet: it is held until opening"


@dataclass(frozen=True, slots=True)
class Drop(_AsItStands):
    """Nowhere."""

    kind: ClassVar[str] = "drop"
    reason: str = ""

    @classmethod
    def from_json(cls, data: Json) -> Self:
        return cls(read_optional_text(data, "reason"))

    def to_json(self) -> dict[str, Any]:
        return {"kind": self.kind, **({"reason": self.reason} if self.reason else {})}

    def describe(self) -> str:
        return f"nobody: it is dropped{f' ({self.reason})' if self.reason else ''}"


_CLASSES: tuple[type[Target], ...] = (
    *(ToMember, ToGroup, ToExtension, ToExtensions, ToEmail),
    *(AutoReply, Forward, Hold, Drop),
)
KINDS: Mapping[str, type[Target]] = MappingProxyType({one.kind: one for one in _CLASSES})


def read_target(data: object) -> Target:
    """Read one stored destination; an unknown kind is an error."""
    if not isinstance(data, Mapping):
        raise ConditionError("a destination is not an object.")
    kind = read_text(data, "kind")
    if kind not in KINDS:
        raise ConditionError(f"the destination “{kind}” is not known here.")
    return KINDS[kind].from_json(data)
