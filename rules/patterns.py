"""Read the patterns that rules are made of: caller masks, prefixes, lengths, extensions, text patterns; PURE."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, TypeVar

import re2  # type: ignore[import-untyped]

from rules.e164 import NumberError, parse_number
from rules.pools import POOL_CAP, EntryError, PoolText, collapse_ranges, parse_pool, pool_as_text
from rules.spans import PatternError, Span, digits_of, shorten, span

# Pools are patterns, too: whoever looks for them here finds them.
__all__ = [
    "POOL_CAP",
    "CallerMask",
    "EntryError",
    "ExtensionList",
    "PatternError",
    "PoolText",
    "Span",
    "TextPattern",
    "collapse_ranges",
    "digits_of",
    "parse_caller_mask",
    "parse_extensions",
    "parse_lengths",
    "parse_pool",
    "parse_prefixes",
    "parse_text_pattern",
    "pool_as_text",
]

T = TypeVar("T")

_SEPARATOR = re.compile(r"[;,\n\r]+")
_PUNCTUATION = re.compile(r"[\s().\-/\u200e\u200f\u202a-\u202e]+")
_BLANKS = re.compile(r"\s+")
_MASK = re.compile(r"\+?[0-9*]{1,32}\Z")
_DIGITS = re.compile(r"\+?[0-9]{1,32}\Z")
_NAME = re.compile(r"(?=.*[A-Za-z])[A-Za-z0-9 ]{1,11}\Z")
_EXTENSION = re.compile(r"[0-9]{1,64}\Z")
_LENGTH = re.compile(r"[0-9]{1,2}\Z")
# No short code is longer than this; what is longer is written with its "+".
_LONGEST_SHORT_CODE = 8
_LONGEST_NUMBER = 15
_LONGEST_PATTERN = 500
# What one pattern may need once it is compiled, in bytes: a few thousand states.
_PATTERN_MEMORY = 1 << 20
_LACKING = (
    (re.compile(r"\(\?<?[=!]"), "it cannot look ahead or behind, as (?=…), (?!…), (?<=…) and (?<!…) do"),
    (re.compile(r"\\[1-9]|\\k|\(\?P="), "it cannot refer back to what it has found, as \\1 does"),
    (re.compile(r"\(\?>|[*+?}]\+"), "it has no groups or repeats that hold fast, such as (?>…) and a++"),
)


@dataclass(frozen=True, slots=True)
class CallerMask:
    """Which senders are meant: numbers, runs of numbers, masks with `*` for one digit, names."""

    text: str
    spans: tuple[Span, ...] = ()
    masks: tuple[str, ...] = ()
    names: tuple[str, ...] = ()

    def matches(self, address: str) -> bool:
        """Say whether the sender of a text is among those meant."""
        digits = digits_of(address)
        return (
            any(run.holds(digits) for run in self.spans)
            or any(_fits(mask, digits) for mask in self.masks)
            or address.casefold() in self.names
        )

    def includes(self, other: "CallerMask") -> bool:
        """Say whether all that another mask means is meant; False when that is not certain."""
        return (
            all(any(run.includes(one) for run in self.spans) or self._masks_include(one) for one in other.spans)
            and all(self._includes_mask(mask) for mask in other.masks)
            and set(other.names) <= set(self.names)
        )

    def _masks_include(self, run: Span) -> bool:
        """Say whether one mask fits every number of a run: where its ends part, the mask must take any digit."""
        same = len(run.start)
        return any(_fits(mask, run.first) and set(mask[same:]) <= {"*"} for mask in self.masks)

    def _includes_mask(self, mask: str) -> bool:
        run = Span(mask.replace("*", "0"), mask.replace("*", "9"))
        return any(one.includes(run) for one in self.spans) or any(_fits(wider, mask, "*") for wider in self.masks)


def parse_caller_mask(text: str, country: str = "") -> CallerMask:
    """Read a caller mask; `country` completes whole numbers without "+"."""
    entries = list(_entries(text))
    masks = [entry for entry in entries if "*" in entry]
    names = [entry for entry in entries if "*" not in entry and _NAME.match(entry)]
    spans = [_caller_span(entry, country) for entry in entries if entry not in masks and entry not in names]
    if not entries:
        raise PatternError("Enter at least one number, range or mask, such as +1202*******.")
    plain_masks = [_mask(entry) for entry in masks]
    return CallerMask(
        text=";".join([*(_written(run) for run in spans), *plain_masks, *names]),
        spans=tuple(spans),
        masks=tuple(digits_of(mask) for mask in plain_masks),
        names=tuple(name.casefold() for name in names),
    )


def parse_prefixes(text: str) -> tuple[str, ...]:
    """Read number prefixes, such as `180;33`."""
    return _read_list(text, "a prefix, such as 33", _prefix)


def parse_lengths(text: str) -> tuple[int, ...]:
    """Read how many digits a number may have, such as `10;11` or `10-12`."""
    runs = _read_list(text, "a length from 1 to 15, such as 11", _length_run)
    return tuple(sorted({length for run in runs for length in run}))


@dataclass(frozen=True, slots=True)
class ExtensionList:
    """The extension numbers that a rule is for."""

    spans: tuple[Span, ...]

    def holds(self, extension: str) -> bool:
        """Say whether an extension is on the list."""
        return any(run.holds(extension) for run in self.spans)

    @property
    def text(self) -> str:
        """Write the list as `parse_extensions` reads it."""
        return ";".join(str(run) for run in self.spans)


def parse_extensions(text: str) -> ExtensionList:
    """Read extension numbers, such as `101;102;100-200`."""
    return ExtensionList(_read_list(text, "an extension, such as 101 or 100-200", _extension_span))


@dataclass(frozen=True, slots=True)
class TextPattern:
    """A regular expression in RE2's language: its time grows with the text alone, whatever the pattern is."""

    text: str
    match_case: bool = False
    _compiled: Any = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        options = re2.Options()
        options.case_sensitive = self.match_case
        options.max_mem = _PATTERN_MEMORY
        options.log_errors = False
        object.__setattr__(self, "_compiled", re2.compile(self.text, options))

    def find(self, text: str) -> str | None:
        """Return the first part of a text that fits, which may be empty, or None."""
        found = self._compiled.search(text)
        return None if found is None else str(found[0])


def parse_text_pattern(text: str, *, match_case: bool = False) -> TextPattern:
    """Read a pattern for the text of a message, such as `order [0-9]{4}`."""
    if len(text) > _LONGEST_PATTERN:
        raise PatternError(f"The pattern has more than {_LONGEST_PATTERN} characters: shorten it, or make two rules.")
    try:
        return TextPattern(text, match_case)
    except (re2.error, UnicodeEncodeError) as error:
        raise PatternError(_why_no_pattern(text, error)) from error


def _why_no_pattern(text: str, error: Exception) -> str:
    """Say what is wrong with a pattern, and what RE2 lacks if it is that."""
    lacking = next((words for wanted, words in _LACKING if wanted.search(text)), "")
    if lacking:
        return f"“{shorten(text)}” asks for what this kind of pattern (RE2) lacks: {lacking}. Write it another way."
    said = error.args[0].decode(errors="replace") if isinstance(error, re2.error) else "it has broken characters"
    if "too large" in said or "repetition size" in said:
        return f"“{shorten(text)}” needs too much room: repeat less often, never more than 1000 times."
    return f"“{shorten(text)}” is not a pattern: {said}. Put \\ before . * + ? ( ) [ to mean it."


def _entries(text: str) -> Iterator[str]:
    return filter(None, (part.strip() for part in _SEPARATOR.split(text)))


def _read_list(text: str, wanted: str, read: Callable[[str], T | None]) -> tuple[T, ...]:
    found: dict[T, None] = {}
    for entry in _entries(text):
        value = read(entry)
        if value is None:
            raise PatternError(f"“{shorten(entry)}” is not {wanted}.")
        found[value] = None
    if not found:
        raise PatternError(f"Enter {wanted}.")
    return tuple(found)


def _prefix(entry: str) -> str | None:
    digits = digits_of(_PUNCTUATION.sub("", entry))
    return digits if _DIGITS.match(digits) and len(digits) <= _LONGEST_NUMBER else None


def _length_run(entry: str) -> range | None:
    first, last = _ends(entry)
    if not (_LENGTH.match(first) and _LENGTH.match(last)):
        return None
    run = range(int(first), int(last) + 1)
    return run if run and run[0] >= 1 and run[-1] <= _LONGEST_NUMBER else None


def _extension_span(entry: str) -> Span | None:
    first, last = _ends(entry)
    return span(entry, first, last) if _EXTENSION.match(first) and _EXTENSION.match(last) else None


def _ends(entry: str) -> tuple[str, str]:
    first, hyphen, last = _BLANKS.sub("", entry).partition("-")
    return first, last if hyphen else first


def _mask(entry: str) -> str:
    plain = _PUNCTUATION.sub("", entry)
    if not _MASK.match(plain):
        raise PatternError(f"“{shorten(entry)}” is not a mask: use digits, and * for any one digit.")
    return plain


def _fits(mask: str, digits: str, more: str = "") -> bool:
    any_digit = "0123456789" + more
    return len(mask) == len(digits) and all(
        want == have or (want == "*" and have in any_digit) for want, have in zip(mask, digits, strict=True)
    )


def _caller_span(entry: str, country: str) -> Span:
    """Read a number or a run; a hyphen makes a run only between equally long numbers."""
    left, _, right = entry.partition("-")
    first, last = _caller_digits(left, country), _caller_digits(right, country)
    if first and len(first) == len(last):
        return span(entry, first, last)
    digits = _caller_digits(entry, country)
    if not digits:
        raise PatternError(f"“{shorten(entry)}” is neither a number nor a range: write it as +12027594810.")
    return Span(digits, digits)


def _caller_digits(text: str, country: str) -> str:
    """Return a sender's digits; what is no whole number, such as a short code, stays as written."""
    try:
        return digits_of(parse_number(text, country))
    except NumberError:
        plain = _PUNCTUATION.sub("", text)
        return digits_of(plain) if _DIGITS.match(plain) else ""


def _written(run: Span) -> str:
    ends = (run.first,) if run.first == run.last else (run.first, run.last)
    return "-".join(f"+{end}" if len(end) > _LONGEST_SHORT_CODE else end for end in ends)
