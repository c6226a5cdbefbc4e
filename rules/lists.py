"""Read what people write as lists, such as "1;15;20-25"; PURE."""

import re

from rules.spans import PatternError, shorten

_SEPARATOR = re.compile(r"[;,\n\r]+")
_RUN = re.compile(r"([0-9]{1,4})(?:\s*[-–]\s*([0-9]{1,4}))?\Z")
_LONGEST_RUN = 400


def entries_of(text: str) -> list[str]:
    """Return the entries of a list, separated by semicolons, commas or lines, without blanks around them."""
    return [entry for entry in map(str.strip, _SEPARATOR.split(text)) if entry]


def read_numbers(text: str) -> list[int]:
    """Read whole numbers and runs of them.

    Raises:
        PatternError: an entry is neither; the message names it.
    """
    found: list[int] = []
    for entry in entries_of(text):
        run = _RUN.match(entry)
        first, last = (int(run[1]), int(run[2] or run[1])) if run else (1, 0)
        if last < first or last - first > _LONGEST_RUN:
            raise PatternError(f"“{shorten(entry)}” is neither a number nor a run of numbers such as 20-25.")
        found += range(first, last + 1)
    return sorted(set(found))


def numbers_as_text(numbers: list[int]) -> str:
    """Write whole numbers the way `read_numbers` reads them: runs as such."""
    runs: list[list[int]] = []
    for number in sorted(numbers):
        if runs and number == runs[-1][1] + 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    return "; ".join(str(first) if first == last else f"{first}-{last}" for first, last in runs)
