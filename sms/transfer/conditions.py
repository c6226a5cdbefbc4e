"""The conditions of a rule as columns of a table; PURE.

Each kind of condition has a column of its own. One that its column cannot say stands among the other conditions, as
JSON, so that nothing is lost.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import rules.conditions.inbound_conditions as inbound
import rules.conditions.outbound_conditions as outbound
import rules.conditions.text_conditions as text
import sms.transfer.cells as cells
from rules.conditions import read_inbound, read_outbound
from rules.conditions.time_condition import AtTime
from rules.patterns import parse_caller_mask
from rules.pools import parse_pool, pool_as_text
from rules.reading import ConditionError
from rules.schedule import Period
from sms.transfer.columns import Column, RowReader
from sms.transfer.times import CellError, read_moment, write_moment

Json = dict[str, Any]

OTHERS = Column("other conditions", "Leave it empty, or take it as it was exported.")
_RANGE = "range:"


@dataclass(frozen=True, slots=True)
class ConditionColumn:
    """How one kind of condition is written in its column; `read` is given the cell and the tenant's country."""

    column: Column
    kind: str
    read: Callable[[str, str], Json]
    write: Callable[[Json], str]


def _words(name: str, words: str, kind: str, field: str) -> ConditionColumn:
    column = Column(name, f"Write {words}, separated by semicolons.")
    return ConditionColumn(column, kind, lambda cell, _: {field: cells.read_list(cell)}, lambda c: _listed(c[field]))


def _listed(values: Sequence[str]) -> str:
    return cells.write_list(values)


def _text(name: str, kind: str, field: str, advice: str) -> ConditionColumn:
    return ConditionColumn(Column(name, advice), kind, lambda cell, _: {field: cell}, lambda c: str(c[field]))


def _whole(values: list[str]) -> list[str]:
    wrong = next((value for value in values if not (value.isascii() and value.isdigit())), None)
    if wrong is not None:
        raise CellError(f"“{wrong[:20]}” is no whole number.")
    return values


def _numbers(cell: str, country: str) -> Json:
    found = parse_pool(cell, country)
    if found.errors:
        raise CellError(" ".join(one.message for one in found.errors))
    return {"numbers": list(found.numbers)}


def _range(cell: str, _country: str) -> Json:
    first, sign, last = cell.removeprefix(_RANGE).partition("..")
    if not sign:
        raise CellError("a range is written as range:+12025550101..+12025550105.")
    return {"first": first.strip(), "last": last.strip()}


def _moment(cell: str, _country: str) -> Json:
    word = cell.strip().casefold()
    return {"period": word} if word in set(Period) else {"moment": read_moment(cell)}


_NUMBERS = Column(
    "numbers",
    "Write numbers as +12025550101 or +12025550101-12025550105, or one range as range:+12025550101..+12025550105; "
    "empty = all numbers.",
    is_number=True,
)
_SENDER = Column(
    "sender", "Write numbers, ranges and masks such as +1202*******, separated by semicolons.", is_number=True
)
_COUNTRIES = "codes of countries such as US; FR"
_TIME = Column("time", "Write open, closed, holiday, or a time such as weekdays=sat,sun hours=08:00-12:00.")

INBOUND = (
    ConditionColumn(
        Column("trunk", "Write the name of one of your trunks; empty = any trunk."),
        inbound.OnTrunk.kind,
        lambda cell, _: {"label": cell.strip()},
        lambda condition: str(condition["label"]),
    ),
    ConditionColumn(_NUMBERS, inbound.OneOfNumbers.kind, _numbers, lambda c: pool_as_text(c["numbers"])),
    ConditionColumn(_NUMBERS, inbound.InRange.kind, _range, lambda c: f"{_RANGE}{c['first']}..{c['last']}"),
    ConditionColumn(
        _SENDER,
        inbound.FromCaller.kind,
        lambda cell, country: {"mask": parse_caller_mask(cell, country).text},
        lambda condition: str(condition["mask"]),
    ),
    _words("countries", _COUNTRIES, inbound.FromCountry.kind, "countries"),
    _words("keywords", "words such as help; info", text.HasKeyword.kind, "words"),
    _text("starts with", text.StartsWith.kind, "text", "Write how the text starts."),
    _text("contains", text.Contains.kind, "text", "Write what the text contains."),
    ConditionColumn(
        Column("pattern", "Write an RE2 pattern such as order [0-9]+."),
        text.MatchesPattern.kind,
        lambda cell, _: {"pattern": cell, "case": False},
        lambda condition: "" if condition["case"] else str(condition["pattern"]),
    ),
    ConditionColumn(
        Column("media", "Write yes for texts with pictures or files, no for those without; empty = both."),
        text.HasMedia.kind,
        lambda cell, _: {"value": cells.read_switch(cell)},
        lambda condition: cells.write_switch(condition["value"]),
    ),
    _words("media kinds", f"some of {', '.join(text.MEDIA_KINDS)}", text.HasMediaKind.kind, "kinds"),
    _text("conversation", inbound.ConversationIs.kind, "state", "Write first, known, unassigned or assigned."),
    ConditionColumn(_TIME, AtTime.kind, _moment, lambda c: c["period"] if "period" in c else write_moment(c["moment"])),
)
OUTBOUND = (
    ConditionColumn(
        Column("everywhere", "Write yes for a rule that takes every recipient."),
        outbound.AllDestinations.kind,
        lambda cell, _: {} if cells.read_switch(cell) else {"kind": ""},
        lambda _: "yes",
    ),
    ConditionColumn(
        Column("prefixes", "Write the first digits, country code first, such as 1; 44.", is_number=True),
        outbound.HasPrefix.kind,
        lambda cell, _: {"prefixes": cells.read_list(cell)},
        lambda condition: _listed(condition["prefixes"]),
    ),
    ConditionColumn(
        Column("lengths", "Write how many digits, such as 10; 11."),
        outbound.HasLength.kind,
        lambda cell, _: {"lengths": [int(one) for one in _whole(cells.read_list(cell))]},
        lambda condition: _listed([str(length) for length in condition["lengths"]]),
    ),
    _words("countries", _COUNTRIES, outbound.ToCountry.kind, "countries"),
    ConditionColumn(
        Column("extensions", "Write extensions and ranges such as 101; 200-210.", is_number=True),
        outbound.FromExtensions.kind,
        lambda cell, _: {"extensions": cell.strip()},
        lambda condition: str(condition["extensions"]),
    ),
    _words("groups", "names of your groups", outbound.FromGroups.kind, "labels"),
    _text("message kind", outbound.IsMessageKind.kind, "value", "Write sms or mms."),
    ConditionColumn(_TIME, AtTime.kind, _moment, lambda c: c["period"] if "period" in c else write_moment(c["moment"])),
)


def of(kind: str) -> tuple[ConditionColumn, ...]:
    """Return the columns for conditions of inbound or outbound rules."""
    return INBOUND if kind == "inbound" else OUTBOUND


def columns(kind: str) -> list[Column]:
    """Return the columns themselves, each once."""
    return list({one.column.name: one.column for one in of(kind)}.values())


def write(kind: str, conditions: Sequence[Json]) -> dict[str, str]:
    """Write conditions into their columns, and what no column can say among the other conditions."""
    found: dict[str, str] = {}
    others = []
    by_kind = {one.kind: one for one in of(kind)}
    for condition in conditions:
        place = by_kind.get(condition.get("kind", ""))
        text = _in_its_column(kind, place, condition) if place else ""
        if place and text and place.column.name not in found:
            found[place.column.name] = text
        else:
            others.append(condition)
    return found | ({OTHERS.name: json.dumps(others, ensure_ascii=False, sort_keys=True)} if others else {})


def _in_its_column(kind: str, place: ConditionColumn, condition: Json) -> str:
    """Return the cell, "" when it would not read back as it was."""
    try:
        text = place.write(condition)
        again = _read_one(kind, place, "", text) if text else None
    except (ValueError, KeyError, TypeError):
        return ""
    return text if again == condition else ""


def read(kind: str, reader: RowReader, country: str) -> list[Json]:
    """Read the conditions of a row in the order of the columns."""
    found: list[Json] = []
    for place in of(kind):
        cell = reader.row.cells[place.column.name]
        is_range = cell.startswith(_RANGE)
        if not cell.strip() or (place.column == _NUMBERS and is_range != (place.kind == inbound.InRange.kind)):
            continue
        condition = reader.read(place.column.name, partial(_read_one, kind, place, country), {})
        found += [condition] if condition.get("kind") else []
    for condition in reader.read(OTHERS.name, _read_others, []):
        found.append(reader.read(OTHERS.name, partial(_canonical_other, kind, condition), condition))
    return in_order(kind, found)


def _canonical_other(kind: str, condition: Json, _cell: str) -> Json:
    return canonical(kind, condition)


def _read_one(kind: str, place: ConditionColumn, country: str, cell: str) -> Json:
    return canonical(kind, {"kind": place.kind, **place.read(cell, country)})


def _read_others(cell: str) -> list[Json]:
    if not cell.strip():
        return []
    try:
        found = json.loads(cell)
    except (ValueError, RecursionError) as error:
        raise CellError("this is no JSON: take it as it was exported.") from error
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        raise CellError("this is no list of conditions: take it as it was exported.")
    return found


def canonical(kind: str, condition: Json) -> Json:
    """Return a condition as its class writes it, without ids.

    Raises:
        ConditionError: it cannot be read.
    """
    if not condition.get("kind"):
        return {}
    # Names stand for ids here: what they name is looked up later.
    named = {"id": "-", "ids": condition.get("labels") or condition.get("numbers") or []} | condition
    found: Any = (read_inbound if kind == "inbound" else read_outbound)(named).to_json()
    return {name: value for name, value in found.items() if name not in ("id", "ids")}


def tidy(kind: str, conditions: Sequence[Json]) -> list[Json]:
    """Return stored conditions the way a table would give them back; one that cannot be read stays as it is."""
    found = []
    for condition in conditions:
        bare = {name: value for name, value in condition.items() if name not in ("id", "ids")}
        try:
            found.append(canonical(kind, bare))
        except ConditionError:
            found.append(bare)
    return in_order(kind, [one for one in found if one.get("kind") != inbound.AllNumbers.kind])


def in_order(kind: str, conditions: Sequence[Json]) -> list[Json]:
    """Sort conditions by their columns: all of them must hold, so their order says nothing."""
    places: Mapping[str, int] = {one.kind: place for place, one in enumerate(of(kind))}
    return sorted(conditions, key=lambda one: (places.get(one.get("kind", ""), 99), json.dumps(one, sort_keys=True)))
