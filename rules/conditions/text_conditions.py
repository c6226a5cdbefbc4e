"""What an inbound rule can ask of the text itself: its words and its files; PURE."""

import re
import unicodedata
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, ClassVar, Self

from rules.conditions.asking import Asking
from rules.facts import InboundFacts
from rules.patterns import PatternError, TextPattern, parse_text_pattern
from rules.reading import ConditionError, Json, read_switch, read_text, read_texts
from rules.spans import shorten
from rules.wording import any_of, fold

# Vowel signs belong to the word that they stand in, as letters do.
_MARKS = "".join(chr(code) for code in range(0x370, 0x10000) if unicodedata.category(chr(code))[0] == "M")
_INSIDE_A_WORD = rf"[\w{_MARKS}]"


# To compile one takes longer than to read a whole rule, and most texts have none of the words.
@lru_cache(maxsize=4096)
def _whole_words(folded: tuple[str, ...]) -> re.Pattern[str]:
    choices = "|".join(map(re.escape, folded))
    return re.compile(rf"(?<!{_INSIDE_A_WORD})(?:{choices})(?!{_INSIDE_A_WORD})")


@dataclass(frozen=True, slots=True)
class HasKeyword(Asking):
    """The text has one of some words, each as a whole word."""

    kind: ClassVar[str] = "keyword"
    about: ClassVar[str] = "text"
    words: tuple[str, ...]
    folded: tuple[str, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "folded", tuple(fold(word) for word in self.words))

    def _find(self, folded: str) -> re.Match[str] | None:
        """Find the first of the words; that most texts have none of them is quick to see."""
        for word in self.folded:
            if word in folded:
                return _whole_words(self.folded).search(folded)
        return None

    @classmethod
    def from_json(cls, data: Json) -> Self:
        words = tuple(word.strip() for word in read_texts(data, "words") if fold(word))
        if not words:
            raise ConditionError("no keyword is given.")
        return cls(words)

    def to_json(self) -> dict[str, Any]:
        return {"kind": self.kind, "words": list(self.words)}

    def holds(self, facts: InboundFacts) -> bool:
        return self._find(fold(facts.body)) is not None

    def describe(self) -> str:
        return f"the text has the word {any_of([f'“{word}”' for word in self.words])}"

    def explain(self, facts: InboundFacts) -> str:
        found = self._find(fold(facts.body))
        return f"the text has the word “{found[0]}”" if found else "the text has none of the words"

    def includes(self, other: object) -> bool:
        return isinstance(other, HasKeyword) and all(map(self._find, other.folded))


@dataclass(frozen=True, slots=True)
class StartsWith(Asking):
    """The text starts with some words, in any case, with or without accents."""

    kind: ClassVar[str] = "starts_with"
    about: ClassVar[str] = "text"
    text: str
    folded: str = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "folded", fold(self.text))

    @classmethod
    def from_json(cls, data: Json) -> Self:
        return cls(_words(data))

    def to_json(self) -> dict[str, Any]:
        return {"kind": self.kind, "text": self.text}

    def holds(self, facts: InboundFacts) -> bool:
        return fold(facts.body).startswith(self.folded)

    def describe(self) -> str:
        return f"the text starts with “{self.text}”"

    def explain(self, facts: InboundFacts) -> str:
        return f"the text {'starts' if self.holds(facts) else 'does not start'} with “{self.text}”"

    def includes(self, other: object) -> bool:
        return isinstance(other, StartsWith) and other.folded.startswith(self.folded)

    def excludes(self, other: object) -> bool:
        return isinstance(other, StartsWith) and not (self.includes(other) or other.includes(self))


@dataclass(frozen=True, slots=True)
class Contains(Asking):
    """The text contains some characters, in any case, with or without accents."""

    kind: ClassVar[str] = "contains"
    about: ClassVar[str] = "text"
    text: str
    folded: str = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "folded", fold(self.text))

    @classmethod
    def from_json(cls, data: Json) -> Self:
        return cls(_words(data))

    def to_json(self) -> dict[str, Any]:
        return {"kind": self.kind, "text": self.text}

    def holds(self, facts: InboundFacts) -> bool:
        return self.folded in fold(facts.body)

    def describe(self) -> str:
        return f"the text contains “{self.text}”"

    def explain(self, facts: InboundFacts) -> str:
        return f"the text {'contains' if self.holds(facts) else 'does not contain'} “{self.text}”"

    def includes(self, other: object) -> bool:
        if isinstance(other, HasKeyword):
            return all(self.folded in word for word in other.folded)
        return isinstance(other, StartsWith | Contains) and self.folded in other.folded


@dataclass(frozen=True, slots=True)
class MatchesPattern(Asking):
    """A pattern fits somewhere in the text, in any case unless it says otherwise."""

    kind: ClassVar[str] = "pattern"
    about: ClassVar[str] = "text"
    pattern: TextPattern

    @classmethod
    def from_json(cls, data: Json) -> Self:
        try:
            return cls(parse_text_pattern(read_text(data, "pattern"), match_case=read_switch(data, "case", False)))
        except PatternError as error:
            raise ConditionError(str(error)) from error

    def to_json(self) -> dict[str, Any]:
        return {"kind": self.kind, "pattern": self.pattern.text, "case": self.pattern.match_case}

    def holds(self, facts: InboundFacts) -> bool:
        return self.pattern.find(facts.body) is not None

    def describe(self) -> str:
        return f"the text fits the pattern {shorten(self.pattern.text)}"

    def explain(self, facts: InboundFacts) -> str:
        found = self.pattern.find(facts.body)
        return "the text does not fit the pattern" if found is None else f"“{shorten(found)}” fits the pattern"


@dataclass(frozen=True, slots=True)
class HasMedia(Asking):
    """The text came with pictures or files, or without."""

    kind: ClassVar[str] = "has_media"
    about: ClassVar[str] = "media"
    value: bool = True

    @classmethod
    def from_json(cls, data: Json) -> Self:
        return cls(read_switch(data, "value", True))

    def to_json(self) -> dict[str, Any]:
        return {"kind": self.kind, "value": self.value}

    def holds(self, facts: InboundFacts) -> bool:
        return (facts.num_media > 0) == self.value

    def describe(self) -> str:
        return "it has pictures or files" if self.value else "it has no pictures or files"

    def explain(self, facts: InboundFacts) -> str:
        return f"it has {facts.num_media or 'no'} {'picture or file' if facts.num_media == 1 else 'pictures or files'}"

    def includes(self, other: object) -> bool:
        return self == other or (self.value and isinstance(other, HasMediaKind))

    def excludes(self, other: object) -> bool:
        return isinstance(other, HasMedia | HasMediaKind) and not self.includes(other)


MEDIA_KINDS = {
    "image": "a picture",
    "video": "a video",
    "audio": "a sound recording",
    "contact": "a contact card",
    "other": "another file",
}
_CARDS = frozenset({"text/vcard", "text/x-vcard", "text/directory", "application/vcard"})


def media_kind(content_type: str) -> str:
    """Return the kind of file that a content type such as "image/jpeg" stands for."""
    plain = content_type.partition(";")[0].strip().lower()
    if plain in _CARDS:
        return "contact"
    family = plain.partition("/")[0]
    return family if family in ("image", "video", "audio") else "other"


@dataclass(frozen=True, slots=True)
class HasMediaKind(Asking):
    """The text came with a file of one of some kinds."""

    kind: ClassVar[str] = "media_kind"
    about: ClassVar[str] = "media"
    kinds: tuple[str, ...]

    @classmethod
    def from_json(cls, data: Json) -> Self:
        kinds = read_texts(data, "kinds")
        unknown = next((kind for kind in kinds if kind not in MEDIA_KINDS), None)
        if unknown is not None:
            raise ConditionError(f"the kind of file “{unknown}” is not known here.")
        if not kinds:
            raise ConditionError("no kind of file is chosen.")
        return cls(kinds)

    def to_json(self) -> dict[str, Any]:
        return {"kind": self.kind, "kinds": list(self.kinds)}

    def holds(self, facts: InboundFacts) -> bool:
        return any(media_kind(content_type) in self.kinds for content_type in facts.media)

    def describe(self) -> str:
        return f"it has {any_of([MEDIA_KINDS[kind] for kind in self.kinds])}"

    def explain(self, facts: InboundFacts) -> str:
        found = dict.fromkeys(media_kind(content_type) for content_type in facts.media)
        return f"it has {' and '.join(MEDIA_KINDS[kind] for kind in found) or 'no picture or file'}"

    def includes(self, other: object) -> bool:
        return isinstance(other, HasMediaKind) and set(other.kinds) <= set(self.kinds)


def _words(data: Json) -> str:
    text = read_text(data, "text")
    if not fold(text):
        raise ConditionError("“text” has no letter, digit or sign that could be found.")
    return text
