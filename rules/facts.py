"""What a rule may ask about a text; PURE.

Facts are stored with the decision, but never the body: the message has it, and retention must be able
to erase it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class InboundFacts:
    """A text that came in; `trunk` and `number` are ids of ours, "" where the address is not one of ours."""

    our_address: str
    their_address: str
    body: str = ""
    num_media: int = 0
    trunk: str = ""
    number: str = ""

    def to_json(self) -> dict[str, Any]:
        """Return what is stored, without the body."""
        return {
            "our_address": self.our_address,
            "their_address": self.their_address,
            "num_media": self.num_media,
            "trunk": self.trunk,
            "number": self.number,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any], *, body: str = "") -> "InboundFacts":
        """Read stored facts, however old they are."""
        return cls(
            our_address=_text(data, "our_address"),
            their_address=_text(data, "their_address"),
            body=body,
            num_media=_count(data, "num_media"),
            trunk=_text(data, "trunk"),
            number=_text(data, "number"),
        )


@dataclass(frozen=True, slots=True)
class OutboundFacts:
    """A text that is to go out; `member` and `groups` are ids of the writer and of the writer's groups."""

    to: str
    body: str = ""
    num_media: int = 0
    extension: str = ""
    member: str = ""
    groups: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return what is stored, without the body."""
        return {
            "to": self.to,
            "num_media": self.num_media,
            "extension": self.extension,
            "member": self.member,
            "groups": list(self.groups),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any], *, body: str = "") -> "OutboundFacts":
        """Read stored facts, however old they are."""
        return cls(
            to=_text(data, "to"),
            body=body,
            num_media=_count(data, "num_media"),
            extension=_text(data, "extension"),
            member=_text(data, "member"),
            groups=tuple(str(group) for group in data.get("groups") or ()),
        )


def _text(data: Mapping[str, Any], name: str) -> str:
    return str(data.get(name) or "")


def _count(data: Mapping[str, Any], name: str) -> int:
    value = data.get(name)
    return value if isinstance(value, int) else 0
