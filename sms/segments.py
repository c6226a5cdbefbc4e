"""Count the SMS parts a text will take, as the carriers and the bill do; PURE."""

from dataclasses import dataclass
from typing import Literal

Encoding = Literal["GSM-7", "UCS-2"]

# 3GPP TS 23.038, section 6.2.1: the basic table without its escape character. Note Ç, but no ç.
_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
# Section 6.2.1.1: each of these is sent as an escape and a character.
_EXTENSION = frozenset("\f^{}\\[~]|€")
_LAST_OF_ONE_UNIT = 0xFFFF


@dataclass(frozen=True, slots=True)
class Limits:
    """How many units fit into a text of one part, and into each part of a longer one."""

    gsm_single: int = 160
    gsm_part: int = 153
    ucs_single: int = 70
    ucs_part: int = 67


STANDARD = Limits()
# Reported for toll-free numbers in North America; not confirmed by Twilio, hence a choice of the caller.
TOLL_FREE = Limits(gsm_part=152, ucs_part=66)


@dataclass(frozen=True, slots=True)
class SegmentCount:
    """How a text is encoded, how many parts it takes, and which characters force the dearer encoding."""

    encoding: Encoding
    segments: int
    units: int
    units_left: int
    forcing: tuple[tuple[int, str], ...]


def count(body: str, limits: Limits = STANDARD) -> SegmentCount:
    """Count the parts of a text; an empty text takes none."""
    forcing = tuple((index, mark) for index, mark in enumerate(body) if not _is_gsm(mark))
    if forcing:
        return _fill("UCS-2", [_ucs_units(mark) for mark in body], limits.ucs_single, limits.ucs_part, forcing)
    return _fill("GSM-7", [_gsm_units(mark) for mark in body], limits.gsm_single, limits.gsm_part, ())


def _is_gsm(mark: str) -> bool:
    return mark in _BASIC or mark in _EXTENSION


def _gsm_units(mark: str) -> int:
    return 2 if mark in _EXTENSION else 1


def _ucs_units(mark: str) -> int:
    return 2 if ord(mark) > _LAST_OF_ONE_UNIT else 1


def _fill(
    encoding: Encoding, sizes: list[int], single: int, part: int, forcing: tuple[tuple[int, str], ...]
) -> SegmentCount:
    units = sum(sizes)
    if units <= single:
        return SegmentCount(encoding, 1 if sizes else 0, units, single - units, forcing)
    segments, left = 1, part
    for size in sizes:
        # A pair of units, an escape or a surrogate, never straddles two parts.
        if size > left:
            segments, left = segments + 1, part
        left -= size
    return SegmentCount(encoding, segments, units, left, forcing)
