"""The columns of a table, and the reading of a row cell by cell: every problem is kept, none ends the reading; PURE."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar, cast

from sms.transfer.tables import Problem, Row, shortened_number

T = TypeVar("T")

_LONGEST_SHOWN = 80


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table; `help` says what to write in it, `is_number` that spreadsheets may have spoiled it."""

    name: str
    help: str
    is_number: bool = False


@dataclass(slots=True)
class RowReader:
    """Reads the cells of one row and collects what is wrong with them."""

    row: Row
    columns: Mapping[str, Column]
    problems: list[Problem] = field(default_factory=list)

    def read(self, name: str, reader: Callable[[str], T], default: object) -> T:
        """Read one cell; one that cannot be read is noted, with what to write instead."""
        cell, column = self.row.cells[name], self.columns[name]
        spoiled = shortened_number(cell) if column.is_number else ""
        if spoiled:
            remedy = "Format the column as text in the spreadsheet, then type the number again."
            self.problems.append(Problem(self.row.number, name, cell, spoiled, remedy))
            return cast(T, default)
        try:
            return reader(cell)
        except ValueError as error:
            self.note(name, _sentence(str(error)))
            return cast(T, default)

    def text(self, name: str, *, longest: int, required: bool = False) -> str:
        """Read a text of at most so many characters, without blanks around it."""
        value = self.row.cells[name].strip()
        if required and not value:
            self.note(name, "The cell is empty.")
        if len(value) > longest:
            self.note(name, f"It has {len(value)} characters; at most {longest} are kept.", "Shorten it.")
        return value

    def choice(self, name: str, choices: Mapping[str, str]) -> str:
        """Read one of some words; `choices` is from the word to what is stored."""
        word = self.row.cells[name].strip().casefold()
        if word not in choices:
            words = ", ".join(filter(None, choices))
            empty = " or leave the cell empty" if "" in choices else ""
            self.note(name, "This is not one of the words for it.", f"Write {words}{empty}.")
        return choices.get(word, "")

    def note(self, name: str, text: str, remedy: str = "") -> None:
        """Note a problem; without a remedy the column's own help stands for it."""
        value = self.row.cells.get(name, "")
        shown = value if len(value) <= _LONGEST_SHOWN else f"{value[:_LONGEST_SHOWN]}…"
        known = self.columns.get(name)
        self.problems.append(Problem(self.row.number, name, shown, text, remedy or (known.help if known else "")))


def by_name(*columns: Column) -> Mapping[str, Column]:
    """Return columns by their names, in order."""
    return {column.name: column for column in columns}


def _sentence(text: str) -> str:
    text = f"{text[:1].upper()}{text[1:]}"
    return text if text.endswith((".", "!", "?")) else f"{text}."
