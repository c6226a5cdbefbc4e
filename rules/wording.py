"""Fold texts for comparison and join words for people; PURE."""

import unicodedata
from collections.abc import Callable, Sequence
from functools import lru_cache

_SHOWN = 3
# Accents over letters, and the marks that choose the coloured form of a sign.
_ACCENTS = dict.fromkeys([*range(0x300, 0x370), *range(0xFE00, 0xFE10)])
# Letters with a stroke, which Unicode does not take apart, and the apostrophes that telephones write.
_PLAIN = _ACCENTS | str.maketrans({"ø": "o", "ł": "l", "đ": "d", "ħ": "h", "ı": "i", "æ": "ae", "œ": "oe", "’": "'"})


# One text is asked by every rule of a tenant, one after the other.
@lru_cache(maxsize=64)
def fold(text: str) -> str:
    """Make texts comparable: one form of each character, no case, no accents, single blanks."""
    # Without case there may be accents again that can be taken off: "İ" is "i" with a dot above.
    taken_apart = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    return " ".join(unicodedata.normalize("NFKC", taken_apart.translate(_PLAIN)).split())


def any_of(words: Sequence[str], say: Callable[[str], str] = str) -> str:
    """Join words with "or", each as `say` writes it, and count those there is no room for."""
    if not words:
        return "nothing"
    shown, more = [say(word) for word in words[:_SHOWN]], len(words) - _SHOWN
    if more > 0:
        shown.append(f"{more} more")
    return " or ".join(filter(None, (", ".join(shown[:-1]), shown[-1])))
