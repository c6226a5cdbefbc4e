"""Runs of numbers, and the digits that patterns are compared by; PURE."""

import re
from dataclasses import dataclass

_LONGEST_SHOWN = 40
# No country code starts with 0, so a third zero means that these two are no mark.
_INTERNATIONAL = re.compile(r"\A\+?(?:00(?=[1-9*]))?")


class PatternError(ValueError):
    """A pattern cannot be read; the message names the entry and says what to do."""


@dataclass(frozen=True, slots=True)
class Span:
    """A run of numbers, first to last, written with equally many digits."""

    first: str
    last: str

    def __len__(self) -> int:
        return int(self.last) - int(self.first) + 1

    def holds(self, number: str) -> bool:
        """Say whether a number written in the same way lies in the run."""
        return len(number) == len(self.first) and self.first <= number <= self.last

    def __str__(self) -> str:
        return self.first if self.first == self.last else f"{self.first}-{self.last.removeprefix('+')}"


def span(entry: str, first: str, last: str) -> Span:
    """Make a span out of its two ends, or say what is wrong with the entry they come from."""
    if len(first) != len(last):
        raise PatternError(f"“{shorten(entry)}”: both ends of a range must have equally many digits.")
    if last < first:
        raise PatternError(f"“{shorten(entry)}” ends before it starts: put the lower number first.")
    return Span(first, last)


def digits_of(address: str) -> str:
    """Drop the mark of an international number: "+1202" and "001202" are both "1202"."""
    return _INTERNATIONAL.sub("", address)


def shorten(entry: str) -> str:
    """Cut a long entry, so that an error stays readable."""
    return entry if len(entry) <= _LONGEST_SHOWN else entry[:_LONGEST_SHOWN] + "…"
