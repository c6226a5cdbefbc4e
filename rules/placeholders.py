"""Placeholders in an automatic reply, such as {name}: which there are, and what stands in their place; PURE."""

import re
from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType

from rules.schedule import DAY_NAMES, MONTH_NAMES, Calendar

# Shown beside the field, in this order.
PLACEHOLDERS: Mapping[str, str] = MappingProxyType(
    {
        "name": "the name of who wrote, or the number if no name is known",
        "sender": "the number of who wrote",
        "number": "the number of yours that was written to",
        "company": "the name of your company",
        "opens": "when you open next: “now”, “today at 14:00”, “on Monday at 09:00”",
        "keyword": "the first word of the text",
    }
)
_PART = re.compile(r"\{\{|\}\}|\{([a-z_]+)\}")
_BRACE = re.compile(r"\{[^{}]*\}?|\}")
_WORD = re.compile(r"\w+")
_LONGEST_WORD = 30


class PlaceholderError(ValueError):
    """The text holds a placeholder that does not exist; the message says which there are."""


def check_placeholders(text: str) -> None:
    """Refuse a text with a placeholder that is unknown, or with a brace that belongs to none.

    Raises:
        PlaceholderError: the message names the culprit, and says what to write instead.
    """
    rest = _PART.sub(lambda part: "" if part[1] in (None, *PLACEHOLDERS) else part[0], text)
    if wrong := _BRACE.search(rest):
        known = ", ".join(f"{{{name}}}" for name in PLACEHOLDERS)
        raise PlaceholderError(
            f"“{wrong[0][:40]}” is no placeholder: there are {known}. For a brace as it stands write it twice: {{{{."
        )


def fill(text: str, values: Mapping[str, str]) -> str:
    """Put values in the place of their placeholders; what is unknown stays as it stands."""

    def value_of(part: re.Match[str]) -> str:
        return values.get(part[1], part[0]) if part[1] else part[0][0]

    return _PART.sub(value_of, text)


def opening_in_words(calendar: Calendar, at: datetime) -> str:
    """Say when it is open next after an instant (in UTC), by the calendar's clock, in words that go on from "open"."""
    opening = calendar.next_opening(at)
    if opening is None:
        return "later"
    if opening == at:
        return "now"
    local, days = calendar.local(opening), (calendar.local(opening).date() - calendar.local(at).date()).days
    if days < 2:
        return f"{('today', 'tomorrow')[days]} at {local:%H:%M}"
    day = DAY_NAMES[local.weekday()]
    date = "" if days < 7 else f", {local.day} {MONTH_NAMES[local.month - 1]},"
    return f"on {day}{date} at {local:%H:%M}"


def first_word(text: str) -> str:
    """Return the first word of a text: letters and digits alone, so that no address can be sent back through us."""
    found = _WORD.search(text)
    return found[0][:_LONGEST_WORD] if found else ""
