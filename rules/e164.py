"""Read, recognise and show phone numbers and the other addresses a text can have; PURE."""

import re
import unicodedata
from enum import StrEnum
from functools import lru_cache
from typing import NewType

import phonenumbers
from phonenumbers import PhoneNumber, PhoneNumberFormat

E164 = NewType("E164", str)

_E164 = re.compile(r"\+[1-9][0-9]{6,14}\Z")
_SHORT_CODE = re.compile(r"[0-9]{3,8}\Z")
_CHANNEL = re.compile(r"[a-z]{2,20}:.+\Z", re.IGNORECASE | re.DOTALL)
_MESSAGING_SERVICE = re.compile(r"MG[0-9a-f]{32}\Z", re.IGNORECASE)
_ALPHANUMERIC = re.compile(r"(?=.*[A-Za-z])[A-Za-z0-9 +_&.#-]{1,11}\Z")
_LETTER = re.compile(r"[^\W\d_]")
_LONGEST = 60
# Also for numbers that are not in use, such as those for films and tests.
_NORTH_AMERICAN_AREA = 3


class NumberError(ValueError):
    """A text is not a phone number; the message says what to do."""


class AddressKind(StrEnum):
    """What stands in the From or To of a text."""

    E164 = "e164"
    SHORT_CODE = "short_code"
    ALPHANUMERIC = "alphanumeric"
    CHANNEL = "channel"
    MESSAGING_SERVICE = "messaging_service"
    OTHER = "other"


class LineKind(StrEnum):
    """What kind of line a number is, as far as its digits tell."""

    LOCAL = "local"
    MOBILE = "mobile"
    TOLL_FREE = "toll_free"


# In North America the digits do not tell a mobile number from another.
_LINES = {
    phonenumbers.PhoneNumberType.FIXED_LINE: LineKind.LOCAL,
    phonenumbers.PhoneNumberType.FIXED_LINE_OR_MOBILE: LineKind.LOCAL,
    phonenumbers.PhoneNumberType.MOBILE: LineKind.MOBILE,
    phonenumbers.PhoneNumberType.TOLL_FREE: LineKind.TOLL_FREE,
}


def parse_number(text: str, country: str = "") -> E164:
    """Read a number the way a person writes it; `country` is where a number without "+" belongs."""
    written = _tidy(text)
    _refuse_what_is_no_number(text, written)
    if written.startswith("00"):
        written = "+" + written[2:]
    for number, strict in _readings(written, country.strip().upper()):
        if phonenumbers.is_valid_number(number) or not strict:
            return E164(phonenumbers.format_number(number, PhoneNumberFormat.E164))
    raise NumberError(_advice(text, written, country))


# One explanation shows the same numbers rule after rule.
@lru_cache(maxsize=4096)
def format_for_people(address: str) -> str:
    """Show a number in its international form; anything else comes back as it is."""
    number = _read_e164(address)
    if number is None:
        return address
    return phonenumbers.format_number(number, PhoneNumberFormat.INTERNATIONAL)


def country_of(address: str) -> str:
    """Return the ISO country of a number, or "" when that cannot be told."""
    number = _read_e164(address)
    if number is None:
        return ""
    # Numbers reserved for films and tests belong to no region; their calling code still names one.
    region = phonenumbers.region_code_for_number(number) or phonenumbers.region_code_for_country_code(
        number.country_code or 0
    )
    return region if region.isalpha() and region != "ZZ" else ""


def area_of(address: str) -> str:
    """Return how the numbers of the same area or network begin, such as "+1202", or "" when that cannot be told."""
    number = _read_e164(address)
    if number is None:
        return ""
    code = str(number.country_code)
    digits = (
        _NORTH_AMERICAN_AREA
        if code == "1"
        else phonenumbers.length_of_geographical_area_code(number)
        or phonenumbers.length_of_national_destination_code(number)
    )
    return address[: 1 + len(code) + digits] if digits else ""


def line_of(address: str) -> LineKind | None:
    """Say what kind of line a number is, or None when that cannot be told."""
    number = _read_e164(address)
    return _LINES.get(phonenumbers.number_type(number)) if number is not None else None


def is_country(code: str) -> bool:
    """Say whether an ISO code, in capitals, names a country with phone numbers."""
    return code in phonenumbers.SUPPORTED_REGIONS


def calling_code_of(country: str) -> str:
    """Return the digits that a country's numbers start with, "" for an unknown country."""
    return str(phonenumbers.country_code_for_region(country) or "")


def example_of(country: str) -> str:
    """Return a number as a country's mobile ones look, or "" for an unknown country."""
    number = phonenumbers.example_number_for_type(country, phonenumbers.PhoneNumberType.MOBILE)
    return phonenumbers.format_number(number, PhoneNumberFormat.E164) if number else ""


def classify_address(text: str) -> AddressKind:
    """Say what an address is, without ever refusing one: carriers send many shapes."""
    if _E164.match(text):
        return AddressKind.E164
    if _SHORT_CODE.match(text):
        return AddressKind.SHORT_CODE
    if _MESSAGING_SERVICE.match(text):
        return AddressKind.MESSAGING_SERVICE
    if _CHANNEL.match(text):
        return AddressKind.CHANNEL
    return AddressKind.ALPHANUMERIC if _ALPHANUMERIC.match(text) else AddressKind.OTHER


def _tidy(text: str) -> str:
    """Drop the invisible marks that address books add, and make every digit and space a plain one."""
    visible = "".join(mark for mark in text[: _LONGEST + 1] if unicodedata.category(mark) != "Cf")
    plain = unicodedata.normalize("NFKC", visible).strip()
    return plain[4:] if plain[:4].lower() == "tel:" else plain


def _refuse_what_is_no_number(text: str, written: str) -> None:
    if not written:
        raise NumberError("Enter a phone number.")
    if len(text.strip()) > _LONGEST:
        raise NumberError("That is too long for one phone number: enter one number at a time.")
    if _LETTER.search(written):
        raise NumberError(f"“{written}” has letters: write the number in digits only, without an extension.")
    if not any(mark.isdigit() for mark in written):
        raise NumberError(f"“{written}” has no digits: enter a phone number.")


def _readings(written: str, country: str) -> list[tuple[PhoneNumber, bool]]:
    """List the ways to read a number, best first, each with whether it must be a number in use.

    With "+" the length decides, because number plans grow faster than our tables. Without it a guess
    must be a number in use, at home first and then with the country code written without its "+".
    """
    if written.startswith("+"):
        return _possible(written, "", strict=False)
    home = _possible(written, country, strict=True) if country else []
    abroad = _possible("+" + written, "", strict=True)
    return home + abroad + [(number, False) for number, _ in home]


def _possible(written: str, country: str, *, strict: bool) -> list[tuple[PhoneNumber, bool]]:
    try:
        number = phonenumbers.parse(written, country or None)
    except phonenumbers.NumberParseException:
        return []
    if phonenumbers.is_possible_number_with_reason(number) != phonenumbers.ValidationResult.IS_POSSIBLE:
        return []
    return [(number, strict)]


def _advice(text: str, written: str, country: str) -> str:
    digits = "".join(mark for mark in written if mark.isdigit())
    if len(digits) <= 6 and not written.startswith("+"):
        return f"“{text.strip()}” is a short code or incomplete: write the whole number, such as +12027594810."
    if not country and not written.startswith("+"):
        return f"“{text.strip()}” needs its country code: write it as +12027594810."
    return f"“{text.strip()}” is not a phone number: check the digits, or write it as +12027594810."


@lru_cache(maxsize=4096)
def _read_e164(address: str) -> PhoneNumber | None:
    if not _E164.match(address):
        return None
    try:
        return phonenumbers.parse(address, None)
    except phonenumbers.NumberParseException:
        return None
