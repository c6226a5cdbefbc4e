"""Runs of numbers, and the digits that patterns are compared by; PURE."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import takewhile

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

    def __iter__(self) -> Iterator[str]:
        sign = "+" if self.first.startswith("+") else ""
        for number in range(int(self.first), int(self.last) + 1):
            yield sign + str(number).zfill(len(self.first) - len(sign))

    def __len__(self) -> int:
        return int(self.last) - int(self.first) + 1

    def holds(self, number: str) -> bool:
        """Say whether a number written in the same way lies in the run."""
        return len(number) == len(self.first) and self.first <= number <= self.last

    @property
    def start(self) -> str:
        """The digits that all its numbers start with."""
        same = takewhile(lambda pair: pair[0] == pair[1], zip(self.first, self.last, strict=False))
        return "".join(digit for digit, _ in same)

    def includes(self, other: "Span") -> bool:
        """Say whether the whole of another run lies in this one."""
        return self.holds(other.first) and self.holds(other.last)

    def meets(self, other: "Span") -> bool:
        """Say whether two runs have a number in common."""
        return len(self.first) == len(other.first) and self.first <= other.last and other.first <= self.last

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
