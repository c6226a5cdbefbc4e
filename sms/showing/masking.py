"""Hide parts of numbers from people who may see that a text passed, not with whom."""

from rules.e164 import AddressKind, classify_address, format_for_people

_SHOWN_START, _SHOWN_END, _HIDDEN = 5, 2, "•"


def mask(address: str) -> str:
    """Return a phone number with its middle hidden; other addresses as they are."""
    if classify_address(address) != AddressKind.E164 or len(address) < _SHOWN_START + _SHOWN_END + 2:
        return address
    hidden = len(address) - _SHOWN_START - _SHOWN_END
    return f"{address[:_SHOWN_START]}{_HIDDEN * hidden}{address[-_SHOWN_END:]}"


def hide(text: str, *addresses: str) -> str:
    """Return a sentence with these addresses masked, however they are written in it."""
    for address in filter(None, addresses):
        for written in (format_for_people(address), address):
            text = text.replace(written, mask(address))
    return text
