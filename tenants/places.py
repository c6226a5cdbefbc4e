"""Countries (ISO 3166), time zones (IANA) and currencies (ISO 4217) as the choices of forms.

Country names and zones come from the time zone database, which is updated with its package.
"""

import zoneinfo
from functools import lru_cache
from importlib import resources

# Where the time zone database writes a name in a way that does not sort well.
_PLAIN_NAMES = {
    "AS": "American Samoa",
    "CD": "Congo (Democratic Republic)",
    "CG": "Congo (Republic)",
    "CZ": "Czechia",
    "GB": "United Kingdom",
    "KP": "North Korea",
    "KR": "South Korea",
    "SZ": "Eswatini",
    "TC": "Turks & Caicos Islands",
    "VG": "British Virgin Islands",
    "VI": "US Virgin Islands",
    "WS": "Samoa",
}
# Where the time zone database does not list the most peopled zone first.
_MAIN_ZONES = {
    "AU": "Australia/Sydney",
    "BR": "America/Sao_Paulo",
    "CA": "America/Toronto",
    "RU": "Europe/Moscow",
    "UA": "Europe/Kyiv",
}
_ZONE_REGIONS = (
    "Africa",
    "America",
    "Antarctica",
    "Arctic",
    "Asia",
    "Atlantic",
    "Australia",
    "Europe",
    "Indian",
    "Pacific",
)
# ISO 4217, in use. A table, because neither Python nor Django brings one.
_CURRENCIES = (
    "AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF "
    "CLP CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD HNL HTG "
    "HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA "
    "MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD "
    "RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX "
    "USD UYU UZS VES VND VUV WST XAF XCD XOF XPF YER ZAR ZMW ZWG"
)

Choices = list[tuple[str, str]]


@lru_cache(maxsize=1)
def country_names() -> dict[str, str]:
    """Return the English names by two-letter code."""
    text = (resources.files("tzdata") / "zoneinfo" / "iso3166.tab").read_text(encoding="utf-8")
    rows = (line.split("\t") for line in text.splitlines() if line and not line.startswith("#"))
    return {code: _PLAIN_NAMES.get(code, name) for code, name in rows}


def country_name(code: str) -> str:
    """Return a country's name; an unknown code stays as it is."""
    return country_names().get(code, code)


def countries() -> Choices:
    """Return the countries by name."""
    return sorted(country_names().items(), key=lambda pair: pair[1])


@lru_cache(maxsize=1)
def _zones_of_countries() -> dict[str, str]:
    """Return the first time zone of each country: where most of its people live."""
    text = (resources.files("tzdata") / "zoneinfo" / "zone.tab").read_text(encoding="utf-8")
    rows = (line.split("\t") for line in text.splitlines() if line and not line.startswith("#"))
    zones = dict(_MAIN_ZONES)
    for row in rows:
        zones.setdefault(row[0], row[2])
    return zones


def zone_of(country: str) -> str:
    """Return a country's main time zone; without one, UTC."""
    return _zones_of_countries().get(country, "UTC")


@lru_cache(maxsize=1)
def _zones() -> tuple[str, ...]:
    return tuple(sorted(name for name in zoneinfo.available_timezones() if name.split("/")[0] in _ZONE_REGIONS))


def time_zones() -> list[tuple[str, str | Choices]]:
    """Return the time zones, one group a continent, UTC first."""
    groups: dict[str, Choices] = {}
    for name in _zones():
        region, _slash, place = name.partition("/")
        groups.setdefault(region, []).append((name, place.replace("_", " ").replace("/", " – ")))
    return [("UTC", "UTC"), *groups.items()]


def currencies() -> Choices:
    """Return the currencies by code."""
    return [(code, code) for code in _CURRENCIES.split()]
