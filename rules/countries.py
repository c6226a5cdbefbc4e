"""Read lists of countries, and say where a number is; PURE."""

from rules.e164 import AddressKind, classify_address, country_of, format_for_people, is_country
from rules.reading import ConditionError, Json, read_texts

_WITHOUT = {
    AddressKind.SHORT_CODE: "is a short code, which is in no country",
    AddressKind.ALPHANUMERIC: "is a name, which is in no country",
}


def read_countries(data: Json) -> tuple[str, ...]:
    """Read a list of ISO 3166 codes such as US and FR; each once, in the order given."""
    countries = tuple(dict.fromkeys(code.strip().upper() for code in read_texts(data, "countries")))
    unknown = next((code for code in countries if not is_country(code)), None)
    if unknown is not None:
        raise ConditionError(f"“{unknown}” is not the code of a country, such as US or FR.")
    if not countries:
        raise ConditionError("no country is chosen.")
    return countries


def in_countries(address: str) -> str:
    """Say an address and where it is, in words that go on from "the number, "."""
    country = country_of(address)
    shown = format_for_people(address)
    if country:
        return f"{shown}, is in {country}"
    return f"{shown}, {_WITHOUT.get(classify_address(address), 'is in no country that could be told')}"
