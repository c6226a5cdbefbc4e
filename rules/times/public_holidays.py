"""The public holidays of a country, from the `holidays` package: the countries, parts, languages and days it knows."""

import functools
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

import holidays
from django.utils.translation import get_language_info

from tenants import places

Choices = list[tuple[str, str]]

LONGEST_NAME = 120


@dataclass(frozen=True, slots=True)
class PublicHoliday:
    """One holiday of a list: the same name on days in a row is one holiday."""

    name: str
    first: date
    last: date


@functools.lru_cache(maxsize=1)
def countries() -> Choices:
    """Return the countries it knows, by two letters and name."""
    known = holidays.list_supported_countries(include_aliases=False)
    return [(code, name) for code, name in places.countries() if code in known]


def subdivisions(country: str) -> Choices:
    """Return the parts of a country whose holidays differ, by name; none for an unknown country."""
    if not _is_known(country):
        return []
    found = holidays.country_holidays(country)
    names = {code: alias for alias, code in reversed(list(getattr(found, "subdivisions_aliases", {}).items()))}
    return sorted(((code, names.get(code, code)) for code in found.subdivisions), key=lambda pair: pair[1])


def languages(country: str) -> Choices:
    """Return the languages in which it can name a country's holidays, the country's own first."""
    if not _is_known(country):
        return []
    found = holidays.country_holidays(country)
    own = found.default_language
    codes = sorted(found.supported_languages, key=lambda code: (code != own, _language(code)))
    return [(code, _language(code)) for code in codes]


def of_country(country: str, years: Iterable[int], *, subdivision: str = "", language: str = "") -> list[PublicHoliday]:
    """Return the public holidays of some years, in order; in the country's own language unless another is given.

    What is not known (a country, a part of it, a language) gives an empty list or is left out, never an error.
    """
    if not _is_known(country):
        return []
    known = [code for code, _name in languages(country)]
    found = holidays.country_holidays(
        country,
        subdiv=subdivision if subdivision in dict(subdivisions(country)) else None,
        years=list(years),
        # Without one the package would take whatever this machine is set to.
        language=language if language in known else next(iter(known), None),
        expand=False,
    )
    return _joined(sorted((day, _short(name)) for day, name in found.items()))


def _joined(days: Iterable[tuple[date, str]]) -> list[PublicHoliday]:
    """Make one holiday of days in a row that have one name."""
    found: list[PublicHoliday] = []
    for day, name in days:
        before = found[-1] if found else None
        if before and before.name == name and day - before.last == timedelta(days=1):
            found[-1] = PublicHoliday(name, before.first, day)
        else:
            found.append(PublicHoliday(name, day, day))
    return found


def _is_known(country: str) -> bool:
    return country in dict(countries())


def _short(name: str) -> str:
    return name if len(name) <= LONGEST_NAME else f"{name[: LONGEST_NAME - 1]}…"


def _language(code: str) -> str:
    """Name a language, with its region when it has one: "German", "English (US)"."""
    plain, _sign, region = code.partition("_")
    try:
        name = str(get_language_info(plain)["name_translated"])
    except KeyError:
        return code
    return f"{name} ({region})" if region else name
