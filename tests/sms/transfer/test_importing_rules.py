"""A thousand rules: every bad row is named, nothing is changed; the good file is carried out and exports the same."""

import json
import re
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from rules.changing import versions
from sms.transfer import kinds, reading, tables
from sms.transfer.applying import ImportRefused, PlanChanged, apply, digests
from sms.transfer.planning import plan as plan_of
from sms.transfer.tables import Problem
from tenants import audit
from tenants.models import Tenant
from tests.factories import OUR_NUMBER, Cast, make_group
from tests.sms.transfer.scene import ALL_RIGHTS, carry_out, dry_run, furnish

INBOUND = list(kinds.KINDS["inbound"].columns)
OUTBOUND = list(kinds.KINDS["outbound"].columns)
# What is wrong in one cell: column, what stands there, a part of what is said, a part of the remedy.
BAD: list[tuple[str, str, str, str]] = [
    ("name", "", "The cell is empty.", "at most 64 characters"),
    ("name", "x" * 65, "at most 64 are kept", "Shorten it."),
    ("enabled", "perhaps", "neither yes nor no", "Write yes or no."),
    ("applies to", "mail", "not one of the words", "Write both, messages, voice"),
    ("trunk", "Mian", "You have no trunk “Mian”.", "Write one of: Main"),
    ("numbers", "1.20276E+10", "has turned a number into 1.20276E+10", "Format the column as text"),
    ("numbers", "+12025550188", "is not one of your numbers", "Add it to a trunk"),
    ("numbers", "range:+12025550102..+12025550101", "ends before it starts", "range:+12025550101..+12025550105"),
    ("sender", "+1202***;!", "", "masks such as +1202*******"),
    ("countries", "US; XX", "“XX” is not the code of a country", "codes of countries"),
    ("pattern", "(", "", "Write an RE2 pattern"),
    ("media", "some", "neither yes nor no", "yes for texts with pictures"),
    ("media kinds", "music", "“music” is not known", "image"),
    ("conversation", "second", "“second” is not known", "first, known, unassigned or assigned"),
    ("time", "noon", "is no time", "weekdays=sat,sun"),
    ("other conditions", "{}", "no list of conditions", "as it was exported"),
    ("destinations", "", "The rule has no destination.", "Write group:Sales@open"),
    ("destinations", "group:Sale", "There is no group “Sale”.", "Write one of: Sales"),
    ("destinations", "member:nobody@acme.example", "Nobody here is", "invite the person first"),
    ("destinations", "drop; group:Sales", "“drop” stands alone.", "Remove it"),
    ("destinations", "email:nobody", "not one e-mail address", "name@example.com"),
    ("destinations", "hold; hold", "twice", "Remove one."),
    ("hours", "mon 9-5", "is no time of day", "mon-fri 09:00-12:00"),
    ("holidays", "Christmas", "is no holiday", "2026-12-24"),
]
BAD_OUTBOUND: list[tuple[str, str, str, str]] = [
    ("priority", "first", "is no whole number", "lower numbers are tried first"),
    ("prefixes", "x", "", "country code first"),
    ("lengths", "ten", "is no whole number", "such as 10; 11"),
    ("groups", "Sale", "There is no group “Sale”.", "Write some of: Sales"),
    ("message kind", "fax", "neither sms nor mms", "Write sms or mms."),
    ("action", "drop", "not one of the words", "Write send, deny, hold"),
    ("reason", "x" * 161, "at most 160", "Shorten it."),
    ("routes", "Mian", "You have no SMS configuration “Mian”.", "Write one of: Main"),
    ("routes", "Main [from=+12025550188]", "is not among your numbers on Main", "or nothing"),
    ("routes", "Main [from=A very long sender]", "at most 11 characters", "a Sender ID"),
    ("routes", "", "The rule has no route.", "Write names of SMS configurations"),
    ("prefixes", "", "The rule has no condition.", "takes every recipient"),
    ("routes", "; ".join(["Main"] * 7), "more than 6 routes", "Remove some."),
    ("strategy", "any", "not one of the words", "prioritised, random"),
    ("when closed", "wait", "not one of the words", "block, hold"),
]


@pytest.fixture
def acme(cast: Cast) -> Tenant:
    make_group(cast.acme, "Sales", cast.bob)
    return cast.acme


def rule(number: int, **cells: str) -> dict[str, str]:
    usual = {"name": f"Rule {number}", "enabled": "yes", "keywords": f"word{number}", "destinations": "group:Sales"}
    return usual | cells


def way_out(number: int, **cells: str) -> dict[str, str]:
    return {"name": f"Rule {number}", "enabled": "yes", "prefixes": f"44{number}", "routes": "Main"} | cells


def file_of(rows: list[dict[str, str]], columns: list[str] = INBOUND) -> bytes:
    return tables.write(columns, rows)


@pytest.mark.parametrize(
    ("kind", "column", "cell", "text", "remedy"),
    [("inbound", *one) for one in BAD] + [("outbound", *one) for one in BAD_OUTBOUND],
)
def test_a_bad_cell_is_named_with_its_row_its_column_and_what_to_do(
    acme: Tenant, kind: str, column: str, cell: str, text: str, remedy: str
) -> None:
    make, columns = (rule, INBOUND) if kind == "inbound" else (way_out, OUTBOUND)
    plan = dry_run(acme, file_of([make(1), make(2, **{column: cell}), make(3)], columns), kind)
    [problem] = plan.problems
    assert problem.row == 3
    assert problem.column == ("everywhere" if (column, cell) == ("prefixes", "") else column)
    assert text in problem.text
    assert remedy in problem.remedy


def test_every_bad_cell_of_a_row_is_named_not_the_first_only(acme: Tenant) -> None:
    spoiled = rule(1, media="some", trunk="Mian", numbers="1E10", destinations="group:Sale; member:nobody@acme.example")
    found = dry_run(acme, file_of([spoiled, rule(2)]), "inbound").problems
    assert sorted(problem.column for problem in found) == ["destinations", "destinations", "media", "numbers", "trunk"]


def test_a_thousand_rules_with_twenty_bad_rows_then_the_good_file(acme: Tenant) -> None:
    furnished = [rule(number) for number in range(1000)]
    bad = {n * 50 + 7: BAD[n] for n in range(20)}
    spoiled = [row | ({bad[n][0]: bad[n][1]} if n in bad else {}) for n, row in enumerate(furnished)]
    with pytest.raises(ImportRefused) as refused:
        carry_out(acme, file_of(spoiled), "inbound")
    assert [problem.row for problem in by_row(refused.value.problems)] == [n + 2 for n in sorted(bad)]
    assert all(problem.text and problem.remedy for problem in refused.value.problems)
    assert not acme.inbound_rules.exists()
    assert not acme.rule_sets.exists()

    with CaptureQueriesContext(connection) as queries:
        carry_out(acme, file_of(furnished), "inbound")
    assert len(queries) < 100  # rows are written many at once
    [version] = acme.rule_sets.all()
    assert version.note == "Imported a file: 1000 added"
    assert acme.audit_entries.filter(action="rules.inbound.imported").count() == 1
    exported = reading.write(acme, "inbound", "csv")
    assert exported == file_of([row | {"applies to": "both"} for row in furnished])
    assert not dry_run(acme, exported, "inbound").changes_anything


def by_row(problems: list[Problem]) -> list[Problem]:
    return sorted(problems, key=lambda problem: problem.row)


def names(tenant: Tenant) -> list[str]:
    return [entry["name"] for entry in versions.build(tenant, "inbound")["rules"]]


def test_add_and_change_leaves_the_rest_and_its_order(acme: Tenant) -> None:
    carry_out(acme, file_of([rule(1), rule(2), rule(3)]), "inbound")
    kept = {one.name: one.pk for one in acme.inbound_rules.all()}
    carry_out(acme, file_of([rule(4), rule(3, keywords="new"), rule(1)]), "inbound", "add")
    assert names(acme) == ["Rule 1", "Rule 2", "Rule 3", "Rule 4"]
    changed = acme.inbound_rules.get(name="Rule 3")
    assert changed.pk == kept["Rule 3"]
    assert changed.conditions[0]["words"] == ["new"]
    assert acme.rule_sets.latest("version").note == "Imported a file: 1 added, 1 changed"


def test_exactly_so_removes_and_orders(acme: Tenant) -> None:
    carry_out(acme, file_of([rule(1), rule(2), rule(3)]), "inbound")
    plan = dry_run(acme, file_of([rule(3), rule(1)]), "inbound")
    assert [one.to_json() | {"digest": ""} for one in plan.kinds] == [
        {
            "kind": "inbound",
            "added": 0,
            "changed": 0,
            "removed": 1,
            "unchanged": 2,
            "reordered": True,
            "names": {"added": [], "changed": [], "removed": ["Rule 2"]},
            "digest": "",
        }
    ]
    carry_out(acme, file_of([rule(3), rule(1)]), "inbound")
    assert names(acme) == ["Rule 3", "Rule 1"]


def test_rules_of_the_same_name_stay_two_rules(acme: Tenant) -> None:
    rows = [rule(1, keywords="a"), rule(1, keywords="b")]
    carry_out(acme, file_of(rows), "inbound")
    assert names(acme) == ["Rule 1", "Rule 1"]
    assert not dry_run(acme, file_of(rows), "inbound").changes_anything
    plan = dry_run(acme, file_of([rows[0], rule(1, keywords="c")]), "inbound")
    assert len(plan.kinds[0].changed) == 1


def test_what_was_shown_is_what_is_done_or_nothing(acme: Tenant) -> None:
    parsed = reading.read(file_of([rule(1)]), "inbound", "US")
    shown = digests(plan_of(acme, parsed, "exact", ALL_RIGHTS))
    carry_out(acme, file_of([rule(9)]), "inbound")
    with pytest.raises(PlanChanged):
        apply(audit.PORTAL, acme, parsed, "exact", ALL_RIGHTS, expected=shown)
    assert names(acme) == ["Rule 9"]


def test_a_table_shows_numbers_the_way_people_read_them(cast: Cast) -> None:
    furnish(cast)
    text = reading.write(cast.acme, "inbound", "csv").decode("utf-8-sig")
    assert f"'{OUR_NUMBER}-12025550102" in text
    assert "group:Sales@open; member:bob@acme.example@closed" in text
    assert "mon 09:00-12:00,13:00-17:00; tue 09:00-17:00" in text
    assert not re.search("[0-9a-f]{32}", text), "names, not ids"


@pytest.mark.parametrize("state", ["first", "known", "unassigned", "assigned"])
def test_the_states_that_the_page_names_are_known(acme: Tenant, state: str) -> None:
    assert not dry_run(acme, file_of([rule(1, conversation=state)]), "inbound").problems


@pytest.mark.parametrize("delimiter", [";", "\t"])
def test_what_a_spreadsheet_saved_anew_is_the_same(cast: Cast, delimiter: str) -> None:
    """Another delimiter, no byte order mark, other line ends, and the guards typed away."""
    import csv
    import io

    furnish(cast)
    rows = list(csv.reader(io.StringIO(reading.write(cast.acme, "inbound", "csv").decode("utf-8-sig"))))
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter, lineterminator="\n", quoting=csv.QUOTE_ALL).writerows(
        [cell.removeprefix("'") if cell.startswith("'+") else cell for cell in row] for row in rows
    )
    assert not dry_run(cast.acme, out.getvalue().encode(), "inbound").changes_anything


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "The file is empty."),
        (b"PK\0\0", "This is not a text file."),
        (b"name,email\n", "These columns are missing in the first row: enabled, applies to"),
        (b"{", "This is no JSON"),
        (b"{}", "does not say “format”"),
        (b'{"format": "sms-portal/1"}', "The file holds none of: inbound."),
        (b'{"format": "sms-portal/1", "inbound": 1}', "“inbound” is not a list."),
        (b'{"format": "sms-portal/1", "inbound": [{"name": 1}]}', "is missing."),
        (b'{"format": "sms-portal/1", "inbound": [7]}', "It is not written as exported."),
        (b"[" * 100_000, "This is no JSON"),
    ],
)
def test_a_wrong_file_is_named(acme: Tenant, data: bytes, said: str) -> None:
    plan = dry_run(acme, data, "inbound")
    assert said in str(plan.problems[0])
    assert plan.problems[0].remedy


@pytest.mark.parametrize("sign", ["\0", "\ud800"])
def test_a_sign_that_no_database_takes_is_named(acme: Tenant, sign: str) -> None:
    document = json.loads(reading.write(acme, "inbound", "json"))
    record = kinds.KINDS["inbound"].from_row(tables.Row(2, dict.fromkeys(INBOUND, "") | rule(1)), "US")[0][0]
    document["inbound"] = [record | {"name": f"A{sign}B"}]
    [problem] = dry_run(acme, json.dumps(document).encode(), "inbound").problems
    assert (problem.row, problem.column) == (1, "name")
    assert "cannot be stored" in problem.text


def test_everything_is_no_table(acme: Tenant) -> None:
    assert "imported as JSON" in str(dry_run(acme, file_of([rule(1)]), "everything").problems[0])
    with pytest.raises(tables.FileRefused):
        reading.write(acme, "everything", "csv")


def test_progress_is_told_row_by_row(acme: Tenant) -> None:
    told: list[Any] = []
    reading.read(file_of([rule(1), rule(2)]), "inbound", "US", lambda done, total: told.append((done, total)))
    assert told == [(1, 2), (2, 2)]
