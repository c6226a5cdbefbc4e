"""What a rule may ask about a text; PURE.

Facts are stored with the decision, but never the body: the message has it, and retention must be able
to erase it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from rules.spans import digits_of

# Facts of texts from before times were kept: no rule of that time asked for one.
_UNKNOWN_TIME = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class InboundFacts:
    """A text that came in; `trunk` and `number` are ids of ours, "" where the address is not one of ours.

    `at` is when it came, in UTC. `media` are the content types of its files. `conversation` says what was there before
    the text: "" nothing (a first contact), "open" (nobody has it), "assigned".
    """

    our_address: str
    their_address: str
    body: str = ""
    num_media: int = 0
    trunk: str = ""
    number: str = ""
    at: datetime = _UNKNOWN_TIME
    media: tuple[str, ...] = ()
    conversation: str = ""

    @property
    def keys(self) -> tuple[str, ...]:
        """What rules are looked up by: everything our address starts with, and the id of the number."""
        ours = self.our_address
        return (*(ours[:length] for length in range(1, len(ours) + 1)), self.number)

    def to_json(self) -> dict[str, Any]:
        """Return what is stored, without the body."""
        return {
            "our_address": self.our_address,
            "their_address": self.their_address,
            "num_media": self.num_media,
            "trunk": self.trunk,
            "number": self.number,
            "at": self.at.isoformat(),
            "media": list(self.media),
            "conversation": self.conversation,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any], *, body: str = "", at: datetime | None = None) -> "InboundFacts":
        """Read stored facts, however old they are; `at` (aware) stands in for a time that they do not have."""
        return cls(
            our_address=_text(data, "our_address"),
            their_address=_text(data, "their_address"),
            body=body,
            num_media=_count(data, "num_media"),
            trunk=_text(data, "trunk"),
            number=_text(data, "number"),
            at=_instant(data, "at", at or _UNKNOWN_TIME),
            media=_texts(data, "media"),
            conversation=_text(data, "conversation"),
        )

    def moved_to(self, at: datetime) -> "InboundFacts":
        """Return the same text at another time."""
        return replace(self, at=at)


@dataclass(frozen=True, slots=True)
class OutboundFacts:
    """A text that is to go out; `member` and `groups` are ids of the writer and of the writer's groups.

    `at` is when it was written, in UTC. `draw` is a number from 0 up to 1, drawn once, that random routes are chosen
    by: so a decision can be computed again.
    """

    to: str
    body: str = ""
    num_media: int = 0
    extension: str = ""
    member: str = ""
    groups: tuple[str, ...] = ()
    at: datetime = _UNKNOWN_TIME
    draw: float = 0.0

    @property
    def keys(self) -> tuple[str, ...]:
        """What rules are looked up by: everything the recipient's digits start with."""
        digits = digits_of(self.to)
        return tuple(digits[:length] for length in range(1, len(digits) + 1))

    def to_json(self) -> dict[str, Any]:
        """Return what is stored, without the body."""
        return {
            "to": self.to,
            "num_media": self.num_media,
            "extension": self.extension,
            "member": self.member,
            "groups": list(self.groups),
            "at": self.at.isoformat(),
            "draw": self.draw,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any], *, body: str = "", at: datetime | None = None) -> "OutboundFacts":
        """Read stored facts, however old they are; `at` (aware) stands in for a time that they do not have."""
        draw = data.get("draw")
        return cls(
            to=_text(data, "to"),
            body=body,
            num_media=_count(data, "num_media"),
            extension=_text(data, "extension"),
            member=_text(data, "member"),
            groups=_texts(data, "groups"),
            at=_instant(data, "at", at or _UNKNOWN_TIME),
            draw=draw if isinstance(draw, float) else 0.0,
        )

    def moved_to(self, at: datetime) -> "OutboundFacts":
        """Return the same text at another time."""
        return replace(self, at=at)


def _text(data: Mapping[str, Any], name: str) -> str:
    return str(data.get(name) or "")


def _texts(data: Mapping[str, Any], name: str) -> tuple[str, ...]:
    return tuple(str(value) for value in data.get(name) or ())


def _count(data: Mapping[str, Any], name: str) -> int:
    value = data.get(name)
    return value if isinstance(value, int) else 0


def _instant(data: Mapping[str, Any], name: str, unknown: datetime) -> datetime:
    try:
        found = datetime.fromisoformat(_text(data, name))
    except ValueError:
        return unknown
    return found if found.tzinfo else found.replace(tzinfo=UTC)
