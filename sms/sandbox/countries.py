"""The countries of geographic permissions, with the numbers that lead there."""

PREFIXES = {
    "US": "1", "CA": "1", "AE": "971", "AR": "54", "AT": "43", "AU": "61", "AZ": "994", "BD": "880", "BE": "32",
    "BG": "359", "BR": "55", "CH": "41", "CL": "56", "CN": "86", "CO": "57", "CU": "53", "CY": "357", "CZ": "420",
    "DE": "49", "DK": "45", "DZ": "213", "EE": "372", "EG": "20", "ES": "34", "FI": "358", "FR": "33", "GB": "44",
    "GR": "30", "HK": "852", "HR": "385", "HU": "36", "ID": "62", "IE": "353", "IL": "972", "IN": "91", "IR": "98",
    "IT": "39", "JP": "81", "KE": "254", "KR": "82", "LK": "94", "LT": "370", "LU": "352", "LV": "371", "MX": "52",
    "MY": "60", "NG": "234", "NL": "31", "NO": "47", "NZ": "64", "OM": "968", "PH": "63", "PK": "92", "PL": "48",
    "PS": "970", "PT": "351", "RO": "40", "RS": "381", "SA": "966", "SE": "46", "SG": "65", "SI": "386", "SK": "421",
    "SY": "963", "TH": "66", "TJ": "992", "TN": "216", "TR": "90", "TW": "886", "UA": "380", "VN": "84", "ZA": "27",
}  # fmt: skip

# Twilio lets these be enabled in its console only, and delivers to the last three never.
HIGH_RISK = frozenset({"AZ", "BD", "DZ", "IL", "LK", "NG", "OM", "PK", "PS", "TJ", "TN"})
UNSUPPORTED = frozenset({"CU", "IR", "SY"})

_CANADIAN = tuple(
    f"+1{area}"
    for area in (
        *(204, 226, 236, 249, 250, 263, 289, 306, 343, 354, 365, 367, 368, 382, 387, 403, 416, 418, 428, 431, 437, 438),
        *(450, 468, 474, 506, 514, 519, 548, 579, 581, 584, 587, 604, 613, 639, 647, 672, 683, 705, 709, 742, 753, 778),
        *(780, 782, 807, 819, 825, 867, 873, 879, 902, 905),
    )
)


def of(e164: str) -> str | None:
    """Return the country of a number, as far as the table goes."""
    if e164.startswith("+1"):
        return "CA" if e164.startswith(_CANADIAN) else "US"
    return next((country for country, prefix in PREFIXES.items() if e164.startswith(f"+{prefix}")), None)


def is_enabled(country: str | None, changed: dict[str, bool]) -> bool:
    """Say whether texts may go to a country: all but the risky ones, unless somebody changed it."""
    if country is None:
        return True
    return changed.get(country, country not in HIGH_RISK | UNSUPPORTED)
