"""Rules as rows of a table: every field of a rule's entry, names for ids; PURE."""

from typing import Any

import sms.transfer.cells as cells
import sms.transfer.conditions as conditions
import sms.transfer.times as times
from rules.documents import DEFAULT_PRIORITY, End, Route
from rules.reading import ConditionError
from rules.schedule import Week, read_holidays
from sms.transfer.columns import Column, RowReader, by_name
from sms.transfer.tables import Problem, Row

Json = dict[str, Any]

LONGEST_NAME = 64
_APPLIES = {"": "both", "both": "both", "messages": "messages", "voice": "voice"}
_ACTIONS = {"": "send", "send": "send", "deny": "deny", "hold": "hold"}
_STRATEGIES = {"": "prioritised", "prioritised": "prioritised", "random": "random"}
_WHEN_CLOSED = {"": "", "block": "block", "hold": "hold"}
_NAME = Column("name", "Write a name of at most 64 characters.")
_ENABLED = Column("enabled", "Write yes or no.")
_HOURS = Column("hours", "Write mon-fri 09:00-12:00,13:00-17:00; sat 10:00-14:00; empty = the company's hours.")
_ROUTE_PARTS = ("label", "strip", "prepend", "sender", "enabled", "weight")

COLUMNS = {
    "inbound": by_name(
        _NAME,
        _ENABLED,
        Column("applies to", "Write both, messages or voice."),
        *conditions.columns("inbound"),
        conditions.OTHERS,
        Column("destinations", 'Write group:Sales@open; email:x@example.com@closed; reply:"We call back".'),
        _HOURS,
        Column("holidays", "Write 2026-12-24..2026-12-26 yearly Christmas; none; empty = the company's holidays."),
    ),
    "outbound": by_name(
        _NAME,
        _ENABLED,
        Column("priority", "Write a whole number; lower numbers are tried first."),
        *conditions.columns("outbound"),
        conditions.OTHERS,
        Column("action", "Write send, deny or hold."),
        Column("reason", "Write why a text is refused, in at most 160 characters."),
        Column("routes", "Write names of SMS configurations: Main [strip=1, prepend=44]; Spare [off]."),
        Column("strategy", "Write prioritised or random."),
        Column("when closed", "Write block or hold; empty = send at any hour."),
        _HOURS,
        Column("keep sender", "Write yes to keep to the number that a person knows."),
        Column("same area", "Write yes to prefer a number of the same area."),
    ),
}


def record(kind: str, entry: Json, emails: dict[str, str]) -> Json:
    """Return an entry of a rule document without ids: what it names stands there by name, members by e-mail address."""
    found = _without_id(entry)
    found["conditions"] = conditions.tidy(kind, entry["conditions"])
    found["hours"] = _tidy_week(entry.get("hours"))
    if kind == "inbound":
        found["holidays"] = _tidy_holidays(entry.get("holidays"))
        found["targets"] = [_target(target, emails) for target in entry["targets"]]
    else:
        found["routes"] = [{name: route[name] for name in _ROUTE_PARTS} for route in entry["routes"]]
    return found


def to_row(kind: str, found: Json) -> dict[str, str]:
    """Write a record as a row."""
    row = {"name": found["name"], "enabled": cells.write_switch(found["enabled"])}
    row |= conditions.write(kind, found["conditions"]) | {"hours": times.write_week(found["hours"])}
    if kind == "inbound":
        return row | {
            "applies to": found["applies"],
            "destinations": cells.write_destinations(found["targets"]),
            "holidays": times.write_holidays_cell(found["holidays"]),
        }
    return row | {
        "priority": str(found["priority"]),
        "action": found["action"],
        "reason": found["reason"],
        "routes": cells.write_routes(found["routes"]),
        "strategy": found["strategy"],
        "when closed": found["when_closed"],
        "keep sender": cells.write_switch(found["sticky"]),
        "same area": cells.write_switch(found["area_match"]),
    }


def from_row(kind: str, row: Row, country: str) -> tuple[Json, list[Problem]]:
    """Read a row as a record, with every problem in it."""
    reader = RowReader(row, COLUMNS[kind])
    found = {
        "name": reader.text("name", longest=LONGEST_NAME, required=True),
        "enabled": reader.read("enabled", cells.read_switch, True),
        "conditions": conditions.read(kind, reader, country),
        "hours": reader.read("hours", times.read_week, None),
    }
    if kind == "inbound":
        found |= {
            "applies": reader.choice("applies to", _APPLIES),
            "targets": reader.read("destinations", _read_targets, []),
            "holidays": reader.read("holidays", times.read_holidays_cell, None),
        }
    else:
        found |= {
            "priority": reader.read("priority", _priority, DEFAULT_PRIORITY),
            "action": reader.choice("action", _ACTIONS),
            "reason": reader.text("reason", longest=160),
            "routes": reader.read("routes", _read_routes, []),
            "strategy": reader.choice("strategy", _STRATEGIES),
            "when_closed": reader.choice("when closed", _WHEN_CLOSED),
            "sticky": reader.read("keep sender", cells.read_switch, False),
            "area_match": reader.read("same area", cells.read_switch, False),
        }
    return found, reader.problems


def _priority(cell: str) -> int:
    if not cell.strip():
        return DEFAULT_PRIORITY
    if not (cell.strip().isascii() and cell.strip().isdigit() and len(cell.strip()) <= 9):
        raise cells.CellError(f"“{cell.strip()[:20]}” is no whole number.")
    return int(cell)


def _read_targets(cell: str) -> list[Json]:
    return [_without_id(End.from_json({"id": "-", **one}).to_json()) for one in cells.read_destinations(cell)]


def _read_routes(cell: str) -> list[Json]:
    routes = [Route.from_json({**one, "configuration": "-"}).to_json() for one in cells.read_routes(cell)]
    return [{name: route[name] for name in _ROUTE_PARTS} for route in routes]


def _without_id(named: Json) -> Json:
    return {name: value for name, value in named.items() if name != "id"}


def _target(target: Json, emails: dict[str, str]) -> Json:
    """Name a member by e-mail address: two may have the same name."""
    return _without_id(target) | ({"label": emails[target["id"]]} if target.get("id") in emails else {})


def _tidy_week(week: Any) -> Any:
    try:
        return None if week is None else Week.from_json(week).to_json()
    except ConditionError:
        return week


def _tidy_holidays(holidays: Any) -> Any:
    try:
        return None if holidays is None else [one.to_json() for one in read_holidays(holidays)]
    except ConditionError:
        return holidays
