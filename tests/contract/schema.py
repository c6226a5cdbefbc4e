"""The kinds of values that Twilio's description knows, by the names that the fixtures call them."""

import json
import re
from collections.abc import Callable
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

Kind = str | dict[str, Any]

SID = re.compile(r"[A-Z]{2}")
HEX = "[0-9a-fA-F]{32}"
DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
LARGEST_PAGE = 1000
LONGEST_VALIDITY = 36000


def fits(value: Any, kind: Kind) -> bool:
    """Say whether a value of an answer is of a kind; every property may be null, as in Twilio's description."""
    return value is None or _fits(value, kind)


def _fits(value: Any, kind: Kind) -> bool:
    if isinstance(kind, dict):
        return bool(value in kind["enum"])
    if SID.fullmatch(kind):
        return isinstance(value, str) and re.fullmatch(kind + HEX, value) is not None
    return _KINDS[kind](value)


def fits_text(text: str, kind: Kind) -> bool:
    """Say whether a parameter as it was sent is of a kind."""
    if isinstance(kind, dict):
        return bool(text in kind["enum"])
    if SID.fullmatch(kind):
        # An empty SID takes away what was set.
        return text == "" or _fits(text, kind)
    return bool(_TEXTS.get(kind, _KINDS.get(kind, _is_string))(text))


def _is_string(value: Any) -> bool:
    return isinstance(value, str)


def _is_integer(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_moment(value: Any) -> bool:
    """ISO 8601 in UTC, as the newer APIs write it."""
    try:
        datetime.strptime(value, "%Y-%m-%dT%H:%M:%SZ")
    except (TypeError, ValueError):
        return False
    return True


def _is_rfc2822(value: Any) -> bool:
    try:
        return parsedate_to_datetime(value).utcoffset() is not None
    except (TypeError, ValueError):
        return False


def _is_day(value: Any) -> bool:
    return isinstance(value, str) and DAY.fullmatch(value) is not None


def _is_address(value: Any) -> bool:
    parts = urlsplit(value) if isinstance(value, str) else None
    return parts is not None and parts.scheme in {"http", "https"} and bool(parts.hostname)


def _is_json(text: str) -> bool:
    try:
        return isinstance(json.loads(text), dict)
    except ValueError:
        return False


def _within(least: int, most: int) -> Callable[[str], bool]:
    return lambda text: text.isdecimal() and least <= int(text) <= most


def _is_list_of(kind: type) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, list) and all(isinstance(item, kind) for item in value)


_KINDS: dict[str, Callable[[Any], bool]] = {
    "string": _is_string,
    "integer": _is_integer,
    "boolean": lambda value: isinstance(value, bool),
    "object": lambda value: isinstance(value, dict),
    "list of strings": _is_list_of(str),
    "list of objects": _is_list_of(dict),
    "rfc2822": _is_rfc2822,
    "iso8601": _is_moment,
    "method": lambda value: value in {"GET", "POST"},
    "url": lambda value: _is_address(value) and urlsplit(value).hostname.endswith("twilio.com"),
    # What is not set is empty in the older API.
    "webhook": lambda value: value == "" or _is_address(value),
    "path": lambda value: _is_string(value) and value.startswith("/2010-04-01/"),
    "message SID": lambda value: _is_string(value) and re.fullmatch(f"(SM|MM){HEX}", value) is not None,
}

_TEXTS: dict[str, Callable[[str], bool]] = {
    "integer": str.isdecimal,
    "boolean": lambda text: text in {"true", "false"},
    "page size": _within(1, LARGEST_PAGE),
    "seconds of validity": _within(1, LONGEST_VALIDITY),
    "date": lambda text: _is_day(text) or _is_moment(text),
    "moment": lambda text: _is_day(text) or _is_moment(text),
    "JSON": _is_json,
}
