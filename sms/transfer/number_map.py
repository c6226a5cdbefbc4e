"""A number map: which old number becomes which new one, number by number; PURE.

    +12025550101-+12025550110 = +13035550101-+13035550110
    +12025550199 = +13035550199

Both sides of a line have the same size: the third number becomes the third.
"""

import re
from dataclasses import dataclass

from rules.e164 import NumberError
from rules.pools import parse_pool
from rules.spans import PatternError, Span

_SIGN = re.compile(r"\s*(?:=>|->|→|=)\s*")


@dataclass(frozen=True, slots=True)
class NumberMap:
    """Runs of old numbers, each with the run of the same size that takes its place."""

    runs: tuple[tuple[Span, Span], ...] = ()

    def new(self, number: str) -> str:
        """Return the number that takes the place of one, "" when none does."""
        for old, new in self.runs:
            if old.holds(number):
                return f"+{int(new.first) + int(number) - int(old.first)}"
        return ""

    def new_run(self, first: str, last: str) -> tuple[str, str] | None:
        """Return the run that takes the place of one; None unless all of it lies in one line of the map."""
        for old, new in self.runs:
            if old.holds(first) and old.holds(last):
                offset = int(new.first) - int(old.first)
                return f"+{int(first) + offset}", f"+{int(last) + offset}"
        return None

    @property
    def numbers(self) -> str:
        """All new numbers, as a pool is written."""
        return "; ".join(str(new) for _, new in self.runs)


def parse(text: str, country: str = "") -> tuple[NumberMap, list[str]]:
    """Read a map line by line; every line that cannot be read is named."""
    runs: list[tuple[Span, Span]] = []
    problems = []
    for row, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        try:
            old, new = _pair(line, country)
            _refuse_overlap(runs, old, new)
            runs.append((old, new))
        except (NumberError, PatternError) as error:
            problems.append(f"Line {row}: {error}")
    return NumberMap(tuple(runs)), problems


def _pair(line: str, country: str) -> tuple[Span, Span]:
    sides = _SIGN.split(line.strip())
    if len(sides) != 2:
        raise PatternError("write the old number or range, an equals sign, and the new one.")
    old, new = (_run(side, country) for side in sides)
    if len(old) != len(new):
        raise PatternError(f"{len(old)} old numbers cannot become {len(new)} new ones: both ranges need the same size.")
    return old, new


def _run(side: str, country: str) -> Span:
    read = parse_pool(side, country)
    if read.errors:
        raise PatternError(" ".join(error.message for error in read.errors))
    if not read.numbers or int(read.numbers[-1]) - int(read.numbers[0]) + 1 != len(read.numbers):
        raise PatternError(f"“{side}” is not one number or one range.")
    return Span(read.numbers[0], read.numbers[-1])


def _refuse_overlap(runs: list[tuple[Span, Span]], old: Span, new: Span) -> None:
    for known, taken in runs:
        if _meet(known, old):
            raise PatternError(f"the old numbers {old} stand in another line, too.")
        if _meet(taken, new):
            raise PatternError(f"the new numbers {new} stand in another line, too.")


def _meet(one: Span, other: Span) -> bool:
    return int(one.first) <= int(other.last) and int(other.first) <= int(one.last)
