"""The commands: the same files and the same refusals as the pages; 0 done, 1 problems in the file, 2 called wrongly."""

from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from sms.transfer import reading
from tenants.models import Tenant
from tests.factories import Cast
from tests.sms.transfer.scene import furnish
from tests.sms.transfer.test_importing_rules import file_of, rule


@pytest.fixture
def acme(cast: Cast) -> Tenant:
    furnish(cast)
    return cast.acme


@pytest.mark.parametrize(("kind", "form"), [("everything", "json"), ("inbound", "csv")])
def test_export_writes_the_file_of_the_page(acme: Tenant, kind: str, form: str, capsysbinary: Any) -> None:
    call_command("export_tenant", "acme", kind=kind, form=form)
    assert capsysbinary.readouterr().out == reading.write(acme, kind, form)


def test_import_says_what_it_did_and_a_dry_run_what_it_would(
    acme: Tenant, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "rules.csv"
    file.write_bytes(file_of([rule(1), rule(2)]))
    call_command("import_tenant", "acme", str(file), kind="inbound", mode="exact", dry_run=True)
    assert capsys.readouterr().out == "inbound: 2 would be added, 0 would be changed, 3 would be removed, 0 unchanged\n"
    assert acme.inbound_rules.count() == 3
    call_command("import_tenant", "acme", str(file), kind="inbound", mode="exact")
    assert capsys.readouterr().out == "inbound: 2 added, 0 changed, 3 removed, 0 unchanged\n"
    assert [one.name for one in acme.inbound_rules.all()] == ["Rule 1", "Rule 2"]


@pytest.mark.parametrize("dry_run", [True, False])
def test_problems_are_all_named_and_nothing_is_changed(
    acme: Tenant, tmp_path: Path, capsys: pytest.CaptureFixture[str], dry_run: bool
) -> None:
    file = tmp_path / "rules.csv"
    file.write_bytes(file_of([rule(1, trunk="Mian"), rule(2), rule(3, media="some")]))
    with pytest.raises(SystemExit) as ended:
        call_command("import_tenant", "acme", str(file), kind="inbound", dry_run=dry_run)
    assert ended.value.code == 1
    told = capsys.readouterr().err.splitlines()
    assert told[0].startswith("row 2, trunk: You have no trunk “Mian”. Write one of: ")
    assert told[1].startswith("row 4, media: ")
    assert told[2] == "2 problems: nothing was changed."
    assert acme.inbound_rules.count() == 3


def test_warnings_are_told(acme: Tenant, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "rules.csv"
    file.write_bytes(file_of([rule(1, contains="Grüße")]).decode("utf-8-sig").encode("cp1252"))
    call_command("import_tenant", "acme", str(file), kind="inbound")
    assert "Windows-1252" in capsys.readouterr().err


@pytest.mark.parametrize(
    "call",
    [
        ("export_tenant", "nobody"),
        ("export_tenant", "acme", "--format", "csv"),
        ("import_tenant", "nobody", "x.csv"),
        ("import_tenant", "acme", "/nowhere/x.csv"),
    ],
)
def test_a_wrong_call_ends_with_two(acme: Tenant, call: tuple[str, ...]) -> None:
    with pytest.raises(CommandError) as refused:
        call_command(*call)
    assert refused.value.returncode == 2
