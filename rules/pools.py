"""Read a pool of phone numbers typed any way a person writes it, and write it down again; PURE."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from rules.e164 import E164, NumberError, parse_number
from rules.spans import PatternError, Span, shorten, span

POOL_CAP = 10_000
_SEPARATOR = re.compile(r"[;,\n\r\t]+")
_RANGE_SIGN = re.compile(r"\s+-\s+|\s*(?:\.\.\.?|…|–|—|→)\s*|\s+to\s+", re.IGNORECASE)
_LOCAL_NUMBER = 7


@dataclass(frozen=True, slots=True)
class EntryError:
    """One entry of a pool that could not be read, and why."""

    entry: str
    message: str


@dataclass(frozen=True, slots=True)
class PoolText:
    """The numbers that a pool's text names, and the entries that name none."""

    numbers: tuple[E164, ...]
    errors: tuple[EntryError, ...]


def parse_pool(text: str, country: str = "", *, cap: int = POOL_CAP) -> PoolText:
    """Read a pool; every entry that cannot be read is named."""
    spans, errors = _read_entries(text, country)
    if sum(len(run) for run in spans) > cap:
        message = f"A pool holds at most {cap:,} numbers: shorten this range or split the pool."
        return PoolText((), (*errors, EntryError(str(max(spans, key=len)), message)))
    numbers = {number for run in spans for number in _expand(run)}
    return PoolText(tuple(sorted(numbers, key=_by_digits)), tuple(errors))


def collapse_ranges(numbers: Iterable[str]) -> tuple[Span, ...]:
    """Join numbers that follow each other into spans, to show a pool in a few lines."""
    spans: list[Span] = []
    for number in sorted(set(numbers), key=_by_digits):
        if spans and _follows(spans[-1].last, number):
            spans[-1] = Span(spans[-1].first, number)
        else:
            spans.append(Span(number, number))
    return tuple(spans)


def pool_as_text(numbers: Iterable[str]) -> str:
    """Write numbers as a pool that `parse_pool` reads back."""
    return "; ".join(str(run) for run in collapse_ranges(numbers))


def _by_digits(number: str) -> tuple[int, str]:
    return (len(number), number)


def _expand(run: Span) -> Iterator[E164]:
    return (E164(f"+{value}") for value in range(int(run.first), int(run.last) + 1))


def _follows(last: str, number: str) -> bool:
    return len(last) == len(number) and int(number) == int(last) + 1


def _read_entries(text: str, country: str) -> tuple[list[Span], list[EntryError]]:
    spans: list[Span] = []
    errors: list[EntryError] = []
    for entry in filter(None, (part.strip() for part in _SEPARATOR.split(text))):
        try:
            spans.append(_read_entry(entry, country))
        except (NumberError, PatternError) as error:
            errors.append(EntryError(shorten(entry), str(error)))
    return spans, errors


def _read_entry(entry: str, country: str) -> Span:
    """Read a clear range as one, else a number, else a range after all: a hyphen may be either."""
    found = _first_range(entry, _clear_cuts(entry), country)
    if found is not None:
        return found
    try:
        number = parse_number(entry, country)
    except NumberError:
        found = _first_range(entry, _cuts_at(entry, re.compile("-")), country)
        if found is None:
            raise
        return found
    return Span(number, number)


def _clear_cuts(entry: str) -> Iterator[tuple[str, str]]:
    """Yield the places where an entry can only be a range: a spaced or long dash, dots, equal halves."""
    yield from _cuts_at(entry, _RANGE_SIGN)
    for left, right in _cuts_at(entry, re.compile("-")):
        if len(_digits(left)) == len(_digits(right)) >= _LOCAL_NUMBER:
            yield left, right


def _cuts_at(entry: str, sign: re.Pattern[str]) -> list[tuple[str, str]]:
    """List the two sides of each sign, the last sign first: what comes before it is a whole number."""
    cuts = [(entry[: found.start()], entry[found.end() :]) for found in sign.finditer(entry)]
    return cuts[::-1]


def _first_range(entry: str, cuts: Iterable[tuple[str, str]], country: str) -> Span | None:
    for left, right in cuts:
        try:
            first = parse_number(left, country)
        except NumberError:
            continue
        return span(entry, first, _range_end(entry, left, right, first, country))
    return None


def _range_end(entry: str, left: str, right: str, first: E164, country: str) -> E164:
    """Complete the end of a range: a whole number, or only the digits that change."""
    digits = _digits(right)
    if not digits:
        raise PatternError(f"“{shorten(entry)}” has no end: write the last number of the range.")
    if "+" in right or len(digits) == len(_digits(left)):
        return parse_number(digits if "+" not in left + right else f"+{digits}", country)
    if len(digits) <= _LOCAL_NUMBER + 1 or (digits[0] != "0" and len(digits) < len(first) - 1):
        return E164(first[: -len(digits)] + digits)
    return parse_number(right, country)


def _digits(text: str) -> str:
    return "".join(mark for mark in text if mark in "0123456789")
