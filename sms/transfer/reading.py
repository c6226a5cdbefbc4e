"""Read a file, a table or JSON, into records: everything that is wrong with it is listed, not the first thing only."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from sms.transfer import kinds, tables
from sms.transfer.kinds import Kind
from sms.transfer.tables import FileRefused, Problem, Row
from tenants.models import Tenant

Json = dict[str, Any]
Progress = Callable[[int, int], None]

FORMAT = "sms-portal/1"
CSV, JSON = "csv", "json"
_AS_EXPORTED = "Export once to see what it should look like."


@dataclass(frozen=True, slots=True)
class Placed:
    """A record and the row of the file it stands in."""

    row: int
    record: Json


@dataclass(slots=True)
class Parsed:
    """What a file holds, by kind, and what is wrong with it."""

    records: dict[str, list[Placed]] = field(default_factory=dict)
    # Rows with a cell that cannot be read: what is left of them is checked all the same.
    broken: dict[str, list[Placed]] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


def read(data: bytes, name: str, country: str, progress: Progress = lambda done, total: None) -> Parsed:
    """Read a file of one kind, or JSON of every kind; `country` completes numbers that are written without "+"."""
    parsed = Parsed()
    try:
        if is_json(data):
            _read_document(parsed, data, name, country, progress)
        else:
            _read_table(parsed, data, name, country, progress)
    except FileRefused as refused:
        parsed.problems.append(refused.problem)
    return parsed


def is_json(data: bytes) -> bool:
    """Whether a file is JSON, by its first sign."""
    return data.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in (b"{", b"[")


def write(tenant: Tenant, name: str, form: str) -> bytes:
    """Export one kind as CSV or JSON, or every kind as JSON. Equal rows make equal bytes.

    Raises:
        FileRefused: every kind at once fits into no table.
    """
    chosen = kinds.of(name)
    if form == JSON:
        document = {"format": FORMAT} | {kind.name: kind.export(tenant) for kind in chosen}
        return (json.dumps(document, ensure_ascii=False, indent=2, sort_keys=True) + "\n").encode()
    if len(chosen) > 1:
        raise FileRefused("Everything at once fits into no table.", "Export it as JSON, or one kind after the other.")
    [kind] = chosen
    return tables.write(list(kind.columns), map(kind.to_row, kind.export(tenant)))


def _read_table(parsed: Parsed, data: bytes, name: str, country: str, progress: Progress) -> None:
    if name == kinds.EVERYTHING:
        raise FileRefused("Everything at once is imported as JSON.", "Choose the one kind that this table holds.")
    [kind] = kinds.of(name)
    table = tables.read(data, list(kind.columns))
    parsed.warnings += table.warnings
    parsed.problems += table.problems
    parsed.records[kind.name] = _records(parsed, kind, table.rows, country, progress, label="")


def _read_document(parsed: Parsed, data: bytes, name: str, country: str, progress: Progress) -> None:
    text, warnings = tables.decode(data)
    parsed.warnings += warnings
    document = _document(text)
    lists = [(kind, document.get(kind.name)) for kind in kinds.of(name)]
    if all(found is None for _, found in lists):
        names = ", ".join(kind.name for kind, _ in lists)
        raise FileRefused(f"The file holds none of: {names}.", "Choose the kind that it holds.")
    total = sum(len(found) for _, found in lists if isinstance(found, list))
    if total > tables.MOST_ROWS:
        text = f"The file has {total:,} records; at most {tables.MOST_ROWS:,} are read at a time."
        raise FileRefused(text, "Split it into several files and import them with “add and change”.")
    for kind, found in lists:
        if found is None:
            continue
        if not isinstance(found, list):
            parsed.problems.append(Problem(0, "", "", f"“{kind.name}” is not a list.", _AS_EXPORTED, kind.name))
            continue
        rows = _rows(parsed, kind, found)
        parsed.records[kind.name] = _records(parsed, kind, rows, country, progress, label=kind.name)


def _document(text: str) -> Mapping[str, Any]:
    try:
        document = json.loads(text.removeprefix("\ufeff"))
    except (ValueError, RecursionError) as error:
        raise FileRefused(f"This is no JSON: {error}.", "Mend it there, or export again.") from error
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise FileRefused(f"The file does not say “format”: “{FORMAT}”.", _AS_EXPORTED)
    return document


def _rows(parsed: Parsed, kind: Kind, found: Sequence[Any]) -> list[Row]:
    """Turn records of JSON into rows, so that both forms are read and checked by the same code."""
    rows = []
    for number, record in enumerate(found, 1):
        try:
            cells = kind.to_row(record)
            rows.append(Row(number, {name: _text(cells.get(name, "")) for name in kind.columns}))
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            what = f"The field {error} is missing." if isinstance(error, KeyError) else "It is not written as exported."
            parsed.problems.append(Problem(number, "", "", what, _AS_EXPORTED, kind.name))
    return rows


def _cannot_be_stored(row: Row) -> Problem | None:
    """Name a cell with a sign that no database takes: a NUL, or half of a pair."""
    for name, cell in row.cells.items():
        if "\0" in cell or any("\ud800" <= sign <= "\udfff" for sign in cell):
            return Problem(row.number, name, "", "The cell has a sign that cannot be stored.", "Type the cell again.")
    return None


def _text(cell: object) -> str:
    if not isinstance(cell, str):
        raise TypeError(cell)
    return cell


def _records(
    parsed: Parsed, kind: Kind, rows: Sequence[Row], country: str, progress: Progress, *, label: str
) -> list[Placed]:
    found = []
    for done, row in enumerate(rows, 1):
        spoiled = _cannot_be_stored(row)
        records, problems = ([], [spoiled]) if spoiled else kind.from_row(row, country)
        parsed.problems += [replace(problem, kind=label) for problem in problems]
        placed = [Placed(row.number, record) for record in records]
        if problems:
            parsed.broken.setdefault(kind.name, []).extend(placed)
        else:
            found += placed
        progress(done, len(rows))
    return found
