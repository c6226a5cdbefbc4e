"""Tables: what is written reads back, whatever a spreadsheet did to the file; wrong files are named."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sms.transfer import tables
from sms.transfer.tables import FileRefused

COLUMNS = ["name", "number", "note"]
CELLS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)
FILLED = st.fixed_dictionaries(dict.fromkeys(COLUMNS, CELLS)).filter(lambda row: any(map(str.strip, row.values())))
ROWS = st.lists(FILLED)


@given(ROWS)
def test_a_table_reads_back_as_it_was(rows: list[dict[str, str]]) -> None:
    found = tables.read(tables.write(COLUMNS, rows), COLUMNS)
    assert [dict(row.cells) for row in found.rows] == rows
    assert not found.problems
    assert not found.warnings


@given(CELLS)
def test_no_cell_is_a_formula_and_the_guard_comes_off(cell: str) -> None:
    assert tables.guard(cell)[:1] not in set("=+-@\t\r")
    assert tables.unguard(tables.guard(cell)) == cell


@pytest.mark.parametrize("formula", ["=HYPERLINK(1)", "+1", "-1", "@SUM(A1)", "\tx", "'quoted"])
def test_formulas_are_written_as_text(formula: str) -> None:
    assert f"'{formula}" in tables.write(["name"], [{"name": formula}]).decode("utf-8-sig")


@pytest.mark.parametrize(
    "data",
    [
        b"name,number,note\r\nAnna,+12025550101,x\r\n",
        b"\xef\xbb\xbfname;number;note\nAnna;+12025550101;x\n",
        b"name\tnumber\tnote\rAnna\t'+12025550101\tx\r",
        "name,number,note\nAnna,+12025550101,x".encode("utf-16"),
        b"sep=;\r\nname;number;note\r\n;;\r\nAnna;+12025550101;x\r\n",
        b"Note, NAME ,number\nx,Anna,+12025550101\n",
        b'name,number,note\n"Anna","+12025550101",x,,\n',
    ],
    ids=["commas", "semicolons and mark", "tabs, old Mac lines", "UTF-16", "sep=", "order", "empty cells at the end"],
)
def test_what_spreadsheets_write_is_read(data: bytes) -> None:
    [row] = tables.read(data, COLUMNS).rows
    assert dict(row.cells) == {"name": "Anna", "number": "+12025550101", "note": "x"}


def test_rows_are_numbered_as_the_spreadsheet_numbers_them() -> None:
    found = tables.read(b'name,number,note\na,1,\n,,\n"b\nb",2,\nc,3,\n', COLUMNS)
    assert [row.number for row in found.rows] == [2, 4, 5]


def test_windows_1252_is_read_with_a_warning() -> None:
    found = tables.read("name,number,note\nJürgen,1,é\n".encode("cp1252"), COLUMNS)
    assert found.rows[0].cells["name"] == "Jürgen"
    assert "Windows-1252" in found.warnings[0]


def test_a_row_with_too_many_cells_is_named_and_the_others_are_read() -> None:
    found = tables.read(b"name,number,note\na,1,x,y\nb,2,z\n", COLUMNS)
    assert [row.cells["name"] for row in found.rows] == ["b"]
    [problem] = found.problems
    assert (problem.row, problem.value) == (2, "y")
    assert "quotation marks" in problem.remedy


@pytest.mark.parametrize(
    ("cell", "found"), [("1.20276E+10", True), ("1,2E+11", True), ("+12025550101", False), ("", False)]
)
def test_a_number_that_a_spreadsheet_shortened_is_noticed(cell: str, found: bool) -> None:
    assert bool(tables.shortened_number(cell)) == found


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "The file is empty."),
        (b"\r\n\r\n", "The file is empty."),
        (b"PK\x03\x04\0\0\0", "This is not a text file."),
        (b"\xff\xfe\x00", "The text of the file is damaged."),
        (b"nmae,number\n", "These columns are missing in the first row: name, note."),
        (b"nmae,number\n", "Is “nmae” meant to be “name”?"),
        (b"name,number,note,secret\n", "These columns are not known: secret."),
        (b"name,number,note,name\n", "These columns stand there twice: name."),
        (b"x" * (tables.LARGEST_FILE + 1), "The file is larger than 5 MB."),
        (b"name,number,note\n" + b"a,1,x\n" * (tables.MOST_ROWS + 1), "at most 10,000 are read at a time."),
        (b"name,number,note\n" + b"a" * 200_000, "This is no table."),
    ],
)
def test_a_wrong_file_is_refused_in_words(data: bytes, said: str) -> None:
    with pytest.raises(FileRefused) as refused:
        tables.read(data, COLUMNS)
    assert said in str(refused.value)
    assert refused.value.problem.remedy
