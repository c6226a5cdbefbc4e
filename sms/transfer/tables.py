"""Tables for spreadsheets: bytes to rows of cells and back, surviving what spreadsheets do to them; PURE.

Written: UTF-8 with a byte order mark, commas. Read: also semicolons or tabs, UTF-16, and Windows-1252 with a warning.
A cell that a spreadsheet would take for a formula is written with an apostrophe in front, which reading takes away.
"""

import csv
import difflib
import io
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

LARGEST_FILE = 5 * 1024 * 1024
MOST_ROWS = 10_000
_DELIMITERS = ",;\t"
_BOMS = {b"\xef\xbb\xbf": "utf-8-sig", b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}
_RISKY = frozenset("=+-@\t\r'")
_SHORTENED_NUMBER = re.compile(r"[+-]?[0-9]+(?:[.,][0-9]+)?E[+-]?[0-9]+\Z", re.IGNORECASE)
_LONGEST_SHOWN = 80


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with one cell, and what to do; `row` counts as the spreadsheet does, 0 = the whole file.

    `kind` says which part of a file that holds several.
    """

    row: int
    column: str
    value: str
    text: str
    remedy: str = ""
    kind: str = ""

    def __str__(self) -> str:
        place = ", ".join(filter(None, (self.kind, f"row {self.row}" if self.row else "", self.column)))
        return f"{place}: {self.sentence}" if place else self.sentence

    @property
    def sentence(self) -> str:
        """What is wrong and what to do."""
        return f"{self.text} {self.remedy}".strip()


class FileRefused(Exception):
    """The file cannot be read at all; the problem says why."""

    def __init__(self, text: str, remedy: str, *, column: str = "") -> None:
        super().__init__(f"{text} {remedy}")
        self.problem = Problem(0, column, "", text, remedy)


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a table: its number in the spreadsheet and its cells by column."""

    number: int
    cells: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Table:
    """The rows of a file, and what a person should know about how it was read."""

    rows: tuple[Row, ...]
    problems: tuple[Problem, ...]
    warnings: tuple[str, ...]


def read(data: bytes, columns: Sequence[str]) -> Table:
    """Read a table whose first row names exactly these columns, in any order.

    Raises:
        FileRefused: it is no such table, or it is too large.
    """
    text, warnings = decode(data)
    records = _records(text)
    if not records:
        raise FileRefused("The file is empty.", "Export a table first to see what it should look like.")
    header = [name.strip().casefold() for name in records[0][1]]
    _check_header(header, columns)
    if len(records) - 1 > MOST_ROWS:
        raise FileRefused(
            f"The file has {len(records) - 1:,} rows; at most {MOST_ROWS:,} are read at a time.",
            "Split it into several files and import them with “add and change”.",
        )
    rows, problems = [], []
    for number, cells in records[1:]:
        if len(cells) > len(header) and any(cell.strip() for cell in cells[len(header) :]):
            text = f"The row has {len(cells)} cells, the header {len(header)}."
            remedy = "Put cells that hold the delimiter into quotation marks."
            problems.append(Problem(number, "", _shorten(cells[len(header)]), text, remedy))
            continue
        padded = [unguard(cell) for cell in cells] + [""] * (len(header) - len(cells))
        rows.append(Row(number, dict(zip(header, padded, strict=False))))
    return Table(tuple(rows), tuple(problems), tuple(warnings))


def write(columns: Sequence[str], rows: Iterable[Mapping[str, str]]) -> bytes:
    """Write a table that spreadsheets open without changing it."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(columns)
    writer.writerows([guard(row.get(column, "")) for column in columns] for row in rows)
    return out.getvalue().encode("utf-8-sig")


def decode(data: bytes) -> tuple[str, list[str]]:
    """Turn bytes into text, with what a person should check.

    Raises:
        FileRefused: it is too large, or no text.
    """
    if len(data) > LARGEST_FILE:
        raise FileRefused(f"The file is larger than {LARGEST_FILE // 1024 // 1024} MB.", "Split it into several files.")
    encoding = next((name for mark, name in _BOMS.items() if data.startswith(mark)), "")
    if not encoding and b"\0" in data:
        raise FileRefused("This is not a text file.", "In the spreadsheet, save it as “CSV UTF-8”.")
    try:
        return data.decode(encoding or "utf-8"), []
    except UnicodeDecodeError as error:
        if encoding:
            raise FileRefused("The text of the file is damaged.", "Save it again as “CSV UTF-8”.") from error
    warning = "The file is not UTF-8 and was read as Windows-1252: check letters such as ä, é and ñ."
    return data.decode("cp1252", errors="replace"), [warning]


def guard(cell: str) -> str:
    """Keep a spreadsheet from taking a cell for a formula or a number."""
    return f"'{cell}" if cell[:1] in _RISKY else cell


def unguard(cell: str) -> str:
    """Take the guard away again."""
    return cell[1:] if cell[:1] == "'" and cell[1:2] in _RISKY else cell


def shortened_number(cell: str) -> str:
    """Say what a spreadsheet did to a number, "" when it did nothing: 1.20276E+10 has lost its digits."""
    if not _SHORTENED_NUMBER.match(cell.strip()):
        return ""
    return f"The spreadsheet has turned a number into {cell.strip()}, and its last digits are lost."


def _records(text: str) -> list[tuple[int, list[str]]]:
    """Return the records that are not blank, numbered as a spreadsheet numbers them."""
    lines = text.removeprefix("\ufeff")
    first, _, rest = lines.partition("\n")
    delimiter = _delimiter(first)
    skipped = 0
    if re.fullmatch(r"sep=.\r?", first, re.IGNORECASE):
        delimiter, lines, skipped = first[4], rest, 1
    try:
        found = list(csv.reader(io.StringIO(lines, newline=""), delimiter=delimiter))
    except csv.Error as error:
        raise FileRefused("This is no table.", f"Save it as CSV again ({error}).") from error
    numbered = enumerate(found, 1 + skipped)
    return [(number, cells) for number, cells in numbered if any(cell.strip() for cell in cells)]


def _delimiter(header: str) -> str:
    outside = re.sub(r'"[^"]*"', "", header)
    return max(_DELIMITERS, key=outside.count)


def _check_header(header: Sequence[str], columns: Sequence[str]) -> None:
    missing = [name for name in columns if name not in header]
    unknown = [name for name in header if name and name not in columns]
    twice = sorted({name for name in header if name and header.count(name) > 1})
    if missing:
        guesses = [_guess(name, missing) for name in unknown]
        hints = " ".join(filter(None, guesses))
        raise FileRefused(
            f"These columns are missing in the first row: {', '.join(missing)}.",
            f"Add them, empty where nothing is to be said. {hints}".strip(),
        )
    if unknown:
        raise FileRefused(f"These columns are not known: {', '.join(unknown)}.", "Remove them, or mend their names.")
    if twice:
        raise FileRefused(f"These columns stand there twice: {', '.join(twice)}.", "Remove one of each.")


def _guess(name: str, missing: Sequence[str]) -> str:
    close = difflib.get_close_matches(name, missing, 1)
    return f"Is “{_shorten(name)}” meant to be “{close[0]}”?" if close else ""


def _shorten(text: str) -> str:
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}…"
