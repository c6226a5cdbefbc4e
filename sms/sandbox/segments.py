"""How many parts a text has, counted on its own so that it can contradict the portal's count."""

BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
EXTENDED = frozenset("\f^{}\\[~]|€")


def count(body: str) -> int:
    """Return the number of segments; an empty text has one."""
    if all(c in BASIC or c in EXTENDED for c in body):
        return _parts([1 + (c in EXTENDED) for c in body], single=160, part=153)
    return _parts([1 + (ord(c) > 0xFFFF) for c in body], single=70, part=67)


def _parts(widths: list[int], *, single: int, part: int) -> int:
    if sum(widths) <= single:
        return 1
    parts, used = 1, 0
    for width in widths:
        if used + width > part:
            parts, used = parts + 1, 0
        used += width
    return parts
