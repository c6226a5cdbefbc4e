"""Members, groups, trunks and numbers by file: the flows and refusals of their pages, all or nothing."""

import pytest

from sms.transfer import reading, tables
from sms.transfer.applying import ImportRefused
from sms.transfer.kinds import KINDS
from sms.transfer.planning import EXACT, Rights, plan
from tenants.models import Tenant
from tests.factories import Cast, make_pool, make_trunk
from tests.sms.transfer.scene import OWN, carry_out, dry_run, furnish

Rows = list[dict[str, str]]


@pytest.fixture
def acme(cast: Cast) -> Tenant:
    furnish(cast)
    return cast.acme


def rows_of(tenant: Tenant, kind: str) -> Rows:
    return [KINDS[kind].to_row(record) for record in KINDS[kind].export(tenant)]


def file_of(kind: str, rows: Rows) -> bytes:
    return tables.write(list(KINDS[kind].columns), rows)


def changed(tenant: Tenant, kind: str, key: str, **cells: str) -> bytes:
    """Return the exported file with some cells of one row changed; the row is new when there is no such key."""
    rows = rows_of(tenant, kind)
    column = next(iter(KINDS[kind].columns)) if kind != "pools" else "number"
    found = next((row for row in rows if row[column] == key), None)
    if found is None:
        found = {**rows[0], column: key}
        rows.append(found)
    found.update({name.replace("_", " "): cell for name, cell in cells.items()})
    return file_of(kind, rows)


def test_members_are_changed_as_on_their_page(acme: Tenant, cast: Cast) -> None:
    data = changed(acme, "members", "bob@acme.example", name="Robert", role="supervisor", numbers="+12025550102* New")
    carry_out(acme, data, "members")
    cast.bob.refresh_from_db()
    assert (cast.bob.name, cast.bob.role) == ("Robert", "supervisor")
    [number] = cast.bob.numbers.all()
    assert (number.number.e164, number.description, number.preferred) == ("+12025550102", "New", True)
    assert acme.audit_entries.filter(action="tenants.member.changed", target_id=cast.bob.pk.hex).exists()


def test_members_that_are_not_in_the_file_go_only_when_that_was_asked(acme: Tenant, cast: Cast) -> None:
    rows = [row for row in rows_of(acme, "members") if row["email"] != "vera@acme.example"]
    carry_out(acme, file_of("members", rows), "members", "add")
    assert acme.members.filter(pk=cast.vera.pk).exists()
    carry_out(acme, file_of("members", rows), "members", EXACT)
    assert not acme.members.filter(pk=cast.vera.pk).exists()


def test_an_invitation_that_is_not_in_the_file_is_withdrawn(acme: Tenant) -> None:
    data = changed(acme, "members", "new@acme.example", name="New", extension="", numbers="")
    before = reading.write(acme, "members", "csv")
    assert dry_run(acme, data, "members").mails == 1
    carry_out(acme, data, "members")
    assert not dry_run(acme, data, "members").changes_anything
    carry_out(acme, before, "members", EXACT)
    assert not acme.invitations.exists()


def test_groups_are_added_changed_and_deleted(acme: Tenant, cast: Cast) -> None:
    rows = [row for row in rows_of(acme, "groups") if row["name"] == "Sales"]
    rows[0] |= {"members": "vera@acme.example", "when nobody is there": "group:Night", "assignment": ""}
    rows.append(rows[0] | {"name": "Night", "when nobody is there": "member:sam@acme.example"})
    acme.outbound_rules.all().delete()
    carry_out(acme, file_of("groups", rows), "groups")
    night, sales = acme.groups.order_by("name")
    assert (night.name, night.fallback_member) == ("Night", cast.sam)
    assert (list(sales.members.all()), sales.fallback_group, sales.assignment) == ([cast.vera], night, "")


def test_numbers_come_go_and_move_between_trunks(acme: Tenant, cast: Cast) -> None:
    second = make_trunk("Second", tenant=acme)
    make_pool(second, acme)
    rows = [row for row in rows_of(acme, "pools") if row["trunk"] != "Own"]
    rows += [{"trunk": "Second", "number": OWN[0]}, {"trunk": "Own", "number": "+12025550121-+12025550122"}]
    carry_out(acme, file_of("pools", rows), "pools")
    live = acme.phone_numbers.filter(released_at=None).exclude(pool__trunk=cast.trunk)
    assert sorted((one.pool.trunk.name, one.e164) for one in live) == [
        ("Own", "+12025550121"),
        ("Own", "+12025550122"),
        ("Second", OWN[0]),
    ]


def test_trunks_are_added_changed_and_deleted(acme: Tenant) -> None:
    rows = rows_of(acme, "trunks")
    new = rows[0] | {"name": "New", "host": "new.pstn.twilio.com", "authentication name": "", "addresses": ""}
    rows[0]["port"] = "5061"
    carry_out(acme, file_of("trunks", [*rows, new]), "trunks")
    trunks = acme.trunks.filter(deleted_at=None).order_by("name")
    assert [(trunk.name, trunk.port) for trunk in trunks] == [("New", 5060), ("Own", 5061)]
    acme.phone_numbers.filter(e164__in=OWN).update(released_at="2026-01-01T00:00:00Z")
    carry_out(acme, file_of("trunks", [new]), "trunks")
    assert [trunk.name for trunk in trunks.all()] == ["New"]


@pytest.mark.parametrize(
    ("kind", "key", "cells", "column", "said"),
    [
        ("members", "bob@acme.example", {"email": "bob"}, "email", "is no e-mail address"),
        ("members", "bob@acme.example", {"role": "boss"}, "role", "Write admin, supervisor, agent, viewer."),
        ("members", "bob@acme.example", {"extension": "1"}, "extension", "3 to 64 digits"),
        ("members", "bob@acme.example", {"extension": "1E5"}, "extension", "has turned a number into 1E5"),
        ("members", "bob@acme.example", {"extension": "101"}, "extension", "Extension 101 is alice@acme.example’s"),
        ("members", "bob@acme.example", {"numbers": "+12025550188"}, "numbers", "is not one of your numbers"),
        ("members", "bob@acme.example", {"numbers": "+12025550101*; +12025550102*"}, "numbers", "leave one star"),
        ("members", "bob@acme.example", {"numbers": "desk"}, "numbers", "is no number such as"),
        ("members", "bob@acme.example", {"email": "sam@acme.example"}, "email", "stands in row"),
        ("groups", "Sales", {"members": "nobody@acme.example"}, "members", "is not a member."),
        ("groups", "Sales", {"when_nobody_is_there": "Support"}, "when nobody is there", "neither a member nor"),
        ("groups", "Sales", {"when_nobody_is_there": "group:Night"}, "when nobody is there", "no group “Night”"),
        ("groups", "Sales", {"then_to": ""}, "then to", "belong together"),
        ("groups", "Sales", {"minutes_without_an_answer": "soon"}, "minutes without an answer", "whole number"),
        ("pools", OWN[0], {"trunk": "Mian"}, "trunk", "You have no trunk “Mian”."),
        ("pools", OWN[0], {"number": "five"}, "number", "Write a number or a run of numbers"),
        ("pools", OWN[0], {"number": ""}, "number", "The cell is empty."),
        ("pools", OWN[0], {"number": "+12025550131"}, "number", "is held by Globex"),
        ("trunks", "Own", {"host": "no host"}, "host", "Type a host name"),
        ("trunks", "Own", {"port": "x"}, "port", "is no whole number"),
        ("trunks", "Own", {"transport": "tin"}, "transport", "Write udp, tcp, tls."),
        ("trunks", "Own", {"addresses": "home"}, "addresses", "is not an IP address"),
    ],
)
def test_a_bad_row_is_named(
    acme: Tenant, cast: Cast, kind: str, key: str, cells: dict[str, str], column: str, said: str
) -> None:
    make_pool(make_trunk("Theirs"), cast.globex, "+12025550131")
    found = dry_run(acme, changed(acme, kind, key, **cells), kind, "add").problems
    [problem] = [one for one in found if one.column == column]
    assert problem.row > 1
    assert problem.remedy
    assert said in problem.sentence


@pytest.mark.parametrize("kind", ["trunks", "pools"])
def test_who_may_not_change_trunks_may_not_import_them(acme: Tenant, kind: str) -> None:
    data = changed(acme, kind, "Own", port="1") if kind == "trunks" else changed(acme, kind, "+12025550141")
    parsed = reading.read(data, kind, "US")
    [problem] = plan(acme, parsed, "add", Rights()).problems
    assert "may not" in problem.text
    assert "system administrator" in problem.remedy


def test_a_tenant_of_its_own_trunks_changes_no_shared_pool(acme: Tenant, cast: Cast) -> None:
    rows = [*rows_of(acme, "pools"), {"trunk": cast.trunk.name, "number": "+12025550141"}]
    parsed = reading.read(file_of("pools", rows), "pools", "US")
    [problem] = plan(acme, parsed, "add", Rights(own_trunks=True)).problems
    assert f"the numbers on “{cast.trunk.name}”" in problem.text


def test_an_import_leaves_the_company_an_administrator_and_room(acme: Tenant) -> None:
    data = changed(acme, "members", "alice@acme.example", role="viewer")
    assert "Nobody who is enabled would administer" in str(dry_run(acme, data, "members").problems)
    Tenant.objects.filter(pk=acme.pk).update(max_members=4)
    acme.refresh_from_db()
    data = changed(acme, "members", "new@acme.example", name="New", extension="", numbers="")
    assert "4 are allowed" in str(dry_run(acme, data, "members").problems)


def test_what_a_flow_refuses_is_told_and_undoes_everything(acme: Tenant, cast: Cast) -> None:
    rows = [row for row in rows_of(acme, "pools") if row["number"] != "+12025550101"]
    with pytest.raises(ImportRefused) as refused:
        carry_out(acme, file_of("pools", [*rows, {"trunk": "Own", "number": "+12025550151"}]), "pools")
    told = " ".join(str(problem) for problem in refused.value.problems)
    assert "still used" in told
    assert "member Bob (+12025550101)" in told
    assert not acme.phone_numbers.filter(e164="+12025550151").exists()


def test_rules_wait_for_people_who_were_invited(acme: Tenant) -> None:
    document = reading.write(acme, "everything", "json").decode().replace("bob@acme.example", "rob@acme.example")
    problems = [str(one) for one in dry_run(acme, document.encode(), "everything", "add").problems]
    assert any("rob@acme.example is invited and no member yet." in text for text in problems)
    assert any(text.startswith("inbound, row 1, destinations:") for text in problems)


def test_what_comes_later_is_said(acme: Tenant) -> None:
    data = changed(acme, "members", "new@acme.example", name="New", extension="", enabled="no", numbers="+12025550102")
    [numbers, disabled] = dry_run(acme, data, "members").warnings
    assert "gets the numbers" in numbers
    assert "is invited, and disabled" in disabled
