"""What stands in one cell of a table: lists, destinations, routes, as people read and write them; PURE.

    list          help; info; "a;b"
    destinations  group:Sales@open; email:night@acme.example@closed; reply:"We call back; soon"
    routes        Main [strip=1, prepend=44, from=+12025550101]; Spare [off]

Parts are separated by semicolons. A part that holds a semicolon, a quotation mark, or blanks at its ends stands in
quotation marks, and marks within are doubled. What has no short form is written as `json:…`; so every value comes
back as it was.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from rules.targets import AutoReply, Drop, Forward, Hold, ToEmail, ToExtensions, ToGroup, ToMember
from sms.transfer.times import CellError, read_moment, write_moment

__all__ = [
    "CellError",
    "read_destinations",
    "read_list",
    "read_routes",
    "read_switch",
    "write_destinations",
    "write_list",
    "write_routes",
    "write_switch",
]

Json = dict[str, Any]

# A destination by the word that stands for it in a cell, and the field that its value fills.
_WORDS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "member": (ToMember.kind, "label"),
        "group": (ToGroup.kind, "label"),
        "email": (ToEmail.kind, "address"),
        "reply": (AutoReply.kind, "text"),
        "forward": (Forward.kind, "number"),
        "hold": (Hold.kind, ""),
        "drop": (Drop.kind, "reason"),
    }
)
_EXTENSIONS = "extensions"
_EXTENSION_FIELDS = ("first_number", "last_number", "first", "last")
_EXTENSION_RANGES = re.compile(r"\s*(\S+?)\s*(?:\.\.|–|-)\s*(\S+?)\s*=\s*([0-9]+)\s*(?:\.\.|–|-)\s*([0-9]+)\s*\Z")
_TIMES = ("always", "open", "closed", "holiday")
_TIMED = re.compile(r"(?P<value>.*?)(?:@(?P<when>always|open|closed|holiday|at\((?P<moment>[^()]*)\)))?\Z", re.DOTALL)
_HEAD = re.compile(r"(?P<word>[a-z]+)\s*(?P<colon>:?)", re.IGNORECASE)
_OPTIONS = re.compile(r"(?P<name>.*?)\s*(?:\[(?P<options>[^\[\]]*)\])?\s*\Z", re.DOTALL)
_ROUTE_TEXTS = {"prepend": "prepend", "from": "sender"}
_ROUTE_NUMBERS = {"strip": "strip", "weight": "weight"}
_YES = frozenset({"yes", "y", "true", "1", "on", "x", "ja", "oui", "si", "sí"})
_NO = frozenset({"no", "n", "false", "0", "off", "", "nein", "non"})
_JSON = "json:"


def read_switch(text: str) -> bool:
    """Read yes or no; an empty cell is no."""
    word = text.strip().casefold()
    if word not in _YES | _NO:
        raise CellError(f"“{text}” is neither yes nor no: write yes or no.")
    return word in _YES


def write_switch(value: bool) -> str:
    """Write yes or no."""
    return "yes" if value else "no"


def read_list(text: str) -> list[str]:
    """Read parts separated by semicolons; empty parts are skipped unless they stand in quotation marks."""
    return [value for raw in split(text) if (value := _unquoted(raw)) or raw.startswith('"')]


def write_list(values: Sequence[str]) -> str:
    """Write parts separated by semicolons."""
    return "; ".join(_shortest(value) for value in values)


def read_destinations(text: str) -> list[Json]:
    """Read destinations with their times, as rule documents hold them; members and groups by name."""
    return [_read_destination(part) for part in split(text)]


def write_destinations(targets: Sequence[Json]) -> str:
    """Write destinations with their times."""
    return "; ".join(_write_destination(target) for target in targets)


def read_routes(text: str) -> list[Json]:
    """Read routes, as rule documents hold them; configurations by name."""
    return [_read_route(part) for part in split(text)]


def write_routes(routes: Sequence[Json]) -> str:
    """Write routes."""
    return "; ".join(_write_route(route) for route in routes)


def split(text: str) -> list[str]:
    """Cut at the semicolons that stand outside quotation marks."""
    parts, start, quoted = [], 0, False
    for place, sign in enumerate(text):
        if sign == '"':
            quoted = not quoted
        elif sign == ";" and not quoted:
            parts.append(text[start:place])
            start = place + 1
    if quoted:
        raise CellError("a quotation mark is not closed: add the second one, or double a mark that is meant.")
    return [part for part in (part.strip() for part in [*parts, text[start:]]) if part]


def _quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'


def _unquoted(text: str) -> str:
    """Read a part with or without quotation marks."""
    text = text.strip()
    if not text.startswith('"'):
        return text
    if len(text) < 2 or not text.endswith('"'):
        raise CellError(f"“{text[:40]}” goes on after its quotation marks: put all of it between them.")
    return text[1:-1].replace('""', '"')


def _shortest(value: str) -> str:
    """Write a value plainly if it reads back the same, else in quotation marks."""
    try:
        plain = '"' not in value and read_list(value) == [value]
    except CellError:
        plain = False
    return value if plain else _quoted(value)


def _read_json(text: str) -> Any:
    try:
        return json.loads(_unquoted(text[len(_JSON) :]))
    except (ValueError, RecursionError) as error:
        raise CellError("what follows json: cannot be read: take it as it was exported.") from error


def _write_json(value: object) -> str:
    return _JSON + _quoted(json.dumps(value, ensure_ascii=False, sort_keys=True))


# --- Destinations ---


def _read_destination(part: str) -> Json:
    if part.startswith(_JSON):
        return _an_object(_read_json(part))
    head = _HEAD.match(part)
    word = head["word"].casefold() if head else ""
    if word not in _WORDS and word != _EXTENSIONS:
        known = ", ".join([*_WORDS, _EXTENSIONS])
        raise CellError(f"“{part[:40]}” is no destination: begin with one of {known}, as in group:Sales.")
    value, times = _value_and_times(part[head.end() :].strip() if head else "")
    return {**_destination(word, value, bool(head and head["colon"])), **times}


def _destination(word: str, value: str, has_value: bool) -> Json:
    if word == _EXTENSIONS:
        ranges = _EXTENSION_RANGES.match(value)
        if not ranges:
            raise CellError(f"“{value[:40]}” is not written as +12025550101..+12025550105=101..105.")
        return {"kind": ToExtensions.kind} | dict(zip(_EXTENSION_FIELDS, ranges.groups(), strict=True))
    kind, name = _WORDS[word]
    if not name and value:
        raise CellError(f"“{word}” stands alone: remove “{value[:40]}”.")
    if name and not value and kind != Drop.kind:
        raise CellError(f"“{word}” needs something after it, as in {word}:….")
    return {"kind": kind, **({name: value} if name and (value or has_value) else {})}


def _value_and_times(text: str) -> tuple[str, Json]:
    if text.startswith('"'):
        end = _end_of_quotes(text)
        rest = text[end:].strip()
        found = _TIMED.match(rest)
        if found is None or found["value"]:
            raise CellError(f"“{rest[:40]}” is no time: write @open, @closed, @holiday or @at(weekdays=sat,sun).")
        return _unquoted(text[:end]), _times(found)
    found = _TIMED.match(text)
    if found is None:
        return text, {}
    return found["value"].strip(), _times(found)


def _end_of_quotes(text: str) -> int:
    found = re.match(r'"(?:[^"]|"")*"', text, re.DOTALL)
    if not found:
        raise CellError("a quotation mark is not closed: add the second one, or double a mark that is meant.")
    return found.end()


def _times(found: re.Match[str]) -> Json:
    when = found["when"]
    if when in (None, "always"):
        return {}
    if when in _TIMES:
        return {"when": when}
    return {"when": "moment", "moment": read_moment(found["moment"])}


def _write_destination(target: Json) -> str:
    """Write a destination briefly if it reads back the same, else as JSON."""
    for text in _ways_to_write(target):
        try:
            if split(text) == [text] and _read_destination(text) == target:
                return text
        except CellError:
            continue
    return _write_json(target)


def _ways_to_write(target: Json) -> Iterator[str]:
    when, moment = target.get("when", "always"), target.get("moment")
    time = "" if when == "always" else f"@at({write_moment(moment)})" if isinstance(moment, dict) else f"@{when}"
    if target.get("kind") == ToExtensions.kind and all(isinstance(target.get(name), str) for name in _EXTENSION_FIELDS):
        first_number, last_number, first, last = (target[name] for name in _EXTENSION_FIELDS)
        yield f"{_EXTENSIONS}:{first_number}..{last_number}={first}..{last}{time}"
    for word, (kind, name) in _WORDS.items():
        if kind == target.get("kind"):
            value = target.get(name)
            if value is None:
                yield f"{word}{time}"
            elif isinstance(value, str):
                yield f"{word}:{value}{time}"
                yield f"{word}:{_quoted(value)}{time}"


# --- Routes ---


def _read_route(part: str) -> Json:
    if part.startswith(_JSON):
        return _an_object(_read_json(part))
    end = _end_of_quotes(part) if part.startswith('"') else 0
    found = _OPTIONS.match(part[end:])
    if found is None or (end and found["name"]):
        raise CellError(f"“{part[:40]}” is not a name with options: write Main [strip=1, prepend=44].")
    name = _unquoted(part[:end]) if end else found["name"].strip()
    if not name:
        raise CellError("a route needs the name of an SMS configuration.")
    route: Json = {"label": name, "strip": 0, "prepend": "", "sender": "", "enabled": True, "weight": 1}
    for option in filter(None, (one.strip() for one in (found["options"] or "").split(","))):
        _read_option(route, option)
    return route


def _read_option(route: Json, option: str) -> None:
    name, _sign, value = (part.strip() for part in option.partition("="))
    if name == "off" and not value:
        route["enabled"] = False
    elif name in _ROUTE_TEXTS:
        route[_ROUTE_TEXTS[name]] = value
    elif name in _ROUTE_NUMBERS and re.fullmatch("[0-9]{1,6}", value):
        route[_ROUTE_NUMBERS[name]] = int(value)
    else:
        raise CellError(f"“{option[:40]}” is no option: write strip=1, prepend=44, from=+12025550101, weight=2 or off.")


def _write_route(route: Json) -> str:
    options = [f"{word}={route[name]}" for word, name in (_ROUTE_NUMBERS | _ROUTE_TEXTS).items() if _says(route, name)]
    options += [] if route.get("enabled", True) else ["off"]
    tail = f" [{', '.join(options)}]" if options else ""
    name = route.get("label")
    for text in (f"{name}{tail}", f"{_quoted(str(name))}{tail}"):
        try:
            if split(text) == [text] and _read_route(text) == route:
                return text
        except CellError:
            continue
    return _write_json(route)


def _says(route: Json, name: str) -> bool:
    return route.get(name) not in (None, "", 1 if name == "weight" else 0)


def _an_object(value: object) -> Json:
    if not isinstance(value, dict):
        raise CellError("what follows json: is not an object: take it as it was exported.")
    return value
