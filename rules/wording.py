"""Fold texts for comparison and join words for people; PURE."""

import unicodedata
from collections.abc import Sequence
from functools import lru_cache

_SHOWN = 3


# One text is asked by every rule of a tenant, one after the other.
@lru_cache(maxsize=64)
def fold(text: str) -> str:
    """Make texts comparable: one form of each character, no case, single blanks."""
    return " ".join(unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold()).split())


def any_of(words: Sequence[str]) -> str:
    """Join words with "or", and count those there is no room for."""
    if not words:
        return "nothing"
    shown, more = list(words[:_SHOWN]), len(words) - _SHOWN
    if more > 0:
        shown.append(f"{more} more")
    return " or ".join(filter(None, (", ".join(shown[:-1]), shown[-1])))
