"""Countries in a form: entered by name or ISO code, with semicolons between them."""

from typing import Any

from django.utils.translation import gettext as _

from rules.lists import entries_of
from rules.spans import PatternError, shorten
from tenants import places


def read_countries(text: str) -> list[str]:
    """Return the codes of the countries entered, such as "FR; Germany; US (United States)".

    Raises:
        PatternError: an entry is no country; the message names it.
    """
    return list(dict.fromkeys(_code(entry) for entry in entries_of(text)))


def countries_as_text(codes: Any) -> str:
    """Write countries by name the way `read_countries` reads them."""
    return "; ".join(f"{code} ({places.country_name(code)})" for code in codes)


def _code(entry: str) -> str:
    names = places.country_names()
    code = entry.partition("(")[0].strip().upper()
    if code in names:
        return code
    found = next((code for code, name in names.items() if name.casefold() == entry.casefold()), "")
    if not found:
        text = _("“%s” is no country: write its name or its code, such as France or FR.")
        raise PatternError(text % shorten(entry))
    return found
