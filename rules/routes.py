"""One way out of an outbound rule; PURE."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from rules.e164 import E164, NumberError, format_for_people, parse_number
from rules.reading import ConditionError, read_optional_text, read_switch, read_text, read_whole_number
from rules.spans import digits_of

_HEAVIEST = 1000
_MOST_STRIPPED = 9
_PREPEND = re.compile(r"\+?[0-9]{0,15}\Z")


class RewriteError(ValueError):
    """A route's strip and prepend make no phone number; the message says which route and number."""


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
    weight: int = 1

    @classmethod
    def from_json(cls, data: object) -> Self:
        """Read a stored route."""
        if not isinstance(data, Mapping):
            raise ConditionError("a route is not an object.")
        strip, prepend = read_whole_number(data, "strip", 0), read_optional_text(data, "prepend")
        if not 0 <= strip <= _MOST_STRIPPED:
            raise ConditionError(f"a route strips at most {_MOST_STRIPPED} digits.")
        if not _PREPEND.match(prepend):
            raise ConditionError("a route prepends digits only.")
        weight = read_whole_number(data, "weight", 1)
        if not 1 <= weight <= _HEAVIEST:
            raise ConditionError(f"the weight of a route is not between 1 and {_HEAVIEST}.")
        return cls(
            id=read_optional_text(data, "id"),
            configuration=read_text(data, "configuration"),
            strip=strip,
            prepend=prepend,
            sender=read_optional_text(data, "sender"),
            enabled=read_switch(data, "enabled", True),
            label=read_optional_text(data, "label"),
            weight=weight,
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
            "weight": self.weight,
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
