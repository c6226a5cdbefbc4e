"""The pages of import and export: what each role finds there, the check before the word, the word, the end."""

import json
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from sms.models import TransferJob
from sms.transfer import jobs, kinds, reading, tables
from tenants.models import Tenant
from tests.factories import Cast
from tests.rules.test_rule_forms import at, body_of
from tests.sms.transfer.scene import furnish
from tests.sms.transfer.test_importing_rules import file_of, rule


@pytest.fixture
def acme(cast: Cast) -> Tenant:
    furnish(cast)
    return cast.acme


@pytest.fixture
def alice(client: Client, cast: Cast) -> Client:
    client.force_login(cast.alice.user)
    return client


def page(name: str, *args: Any) -> str:
    return reverse(f"sms:{name}", args=["acme", *args])


def upload(client: Client, data: bytes, kind: str = "inbound", mode: str = "add") -> Any:
    file = SimpleUploadedFile(f"{kind}.csv", data)
    return client.post(page("transfer_kind", kind), {"file": file, "mode": mode}, follow=True)


def test_what_is_exported_is_handed_out_under_a_name(alice: Client, acme: Tenant) -> None:
    response = alice.get(page("transfer_export", "inbound", "csv"))
    assert response.content == reading.write(acme, "inbound", "csv")
    assert response["Content-Disposition"].startswith('attachment; filename="acme-inbound-20')
    assert response["Cache-Control"] == "no-store"
    everything = alice.get(page("transfer_export", "everything", "json"))
    assert json.loads(everything.content)["format"] == "sms-portal/1"
    assert alice.get(page("transfer_export", "everything", "csv")).status_code == 404


def test_the_lists_of_rules_and_the_menu_lead_there(alice: Client, acme: Tenant) -> None:
    assert page("transfer_kind", "inbound") in body_of(alice.get(at("inbound_rule_list")))
    assert page("transfer_kind", "outbound") in body_of(alice.get(at("outbound_rule_list")))
    assert page("transfer_home") in body_of(alice.get(at("inbound_rule_list")))


def test_the_columns_are_written_on_the_page(alice: Client, acme: Tenant) -> None:
    shown = body_of(alice.get(page("transfer_kind", "inbound")))
    for column in kinds.KINDS["inbound"].columns:
        assert f"<code>{column}</code>" in shown


def test_a_file_is_checked_then_carried_out(alice: Client, acme: Tenant) -> None:
    shown = upload(alice, file_of([rule(1)]))
    assert "Added: 1" in body_of(shown)
    assert "Rule 1" in body_of(shown)
    assert acme.inbound_rules.count() == 3
    job = acme.transfer_jobs.get()
    done = alice.post(page("transfer_confirm", job.pk), follow=True)
    assert "All of it is saved" in body_of(done)
    assert acme.inbound_rules.count() == 4
    again = alice.post(page("transfer_confirm", job.pk), follow=True)
    assert "under way or over already" in body_of(again)
    assert "inbound.csv" in body_of(alice.get(page("transfer_home")))


def test_bad_rows_are_listed_and_cannot_be_carried_out(alice: Client, acme: Tenant) -> None:
    shown = body_of(upload(alice, file_of([rule(1), rule(2, trunk="Mian"), rule(3, media="some")])))
    assert "2 problems. Nothing was changed." in shown
    assert "You have no trunk “Mian”." in shown
    assert "Write yes for texts with pictures" in shown
    assert "Carry it out" not in shown
    alice.post(page("transfer_discard", acme.transfer_jobs.get().pk))
    assert not acme.transfer_jobs.exists()


def test_a_large_file_shows_its_progress_with_and_without_javascript(
    alice: Client, acme: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "SMALL_FILE", 10)
    shown = body_of(upload(alice, file_of([rule(1)])))
    assert "Rows checked" in shown
    assert 'hx-trigger="every 2s"' in shown
    job = acme.transfer_jobs.get()
    jobs.work()
    assert "Carry it out" in body_of(alice.get(page("transfer_job", job.pk)))
    alice.post(page("transfer_confirm", job.pk))
    TransferJob.objects.filter(pk=job.pk).update(done=1, total=1)
    assert "Saving" in body_of(alice.get(page("transfer_job", job.pk)))
    jobs.work()
    assert "All of it is saved" in body_of(alice.get(page("transfer_job", job.pk)))


@pytest.mark.parametrize(("error", "said"), [("stopped", "Split the file"), ("unexpected", "not the file")])
def test_a_failed_import_says_what_to_do(alice: Client, acme: Tenant, error: str, said: str) -> None:
    job = TransferJob.objects.create(
        tenant=acme, kind="inbound", state="failed", made_by="alice", result={"error": error}
    )
    assert said in body_of(alice.get(page("transfer_job", job.pk)))


def test_a_file_that_would_change_nothing_says_so(alice: Client, acme: Tenant) -> None:
    shown = body_of(upload(alice, reading.write(acme, "inbound", "csv"), mode="exact"))
    assert "Nothing would change. Unchanged: 3" in shown
    assert "Carry it out" not in shown


def test_a_wrong_file_and_a_huge_one_are_refused(alice: Client, acme: Tenant) -> None:
    assert "These columns are missing in the first row: name" in body_of(upload(alice, b"nme,b\n"))
    assert "The file is empty." in body_of(upload(alice, b""))
    assert "larger than 5 MB" in body_of(upload(alice, b"x" * (tables.LARGEST_FILE + 1)))
    assert "Choose the file to import." in body_of(alice.post(page("transfer_kind", "inbound"), {"mode": "add"}))


def test_a_supervisor_imports_rules_and_nothing_else(client: Client, cast: Cast, acme: Tenant) -> None:
    client.force_login(cast.sam.user)
    home = body_of(client.get(page("transfer_home")))
    assert page("transfer_export", "inbound", "csv") in home
    assert page("transfer_export", "members", "csv") not in home
    assert "Added: 1" in body_of(upload(client, file_of([rule(1)])))
    for kind in ("members", "groups", "everything"):
        assert client.get(page("transfer_kind", kind)).status_code == 403
        assert client.get(page("transfer_export", kind, "json")).status_code == 403
    assert upload(client, b"", "trunks").status_code == 403
    members = TransferJob.objects.create(tenant=acme, kind="members", state="checked", made_by="alice")
    assert client.get(page("transfer_job", members.pk)).status_code == 403
    assert client.post(page("transfer_confirm", members.pk)).status_code == 403
    assert client.post(page("transfer_discard", members.pk)).status_code == 403


def test_a_viewer_exports_rules_and_imports_nothing(client: Client, cast: Cast, acme: Tenant) -> None:
    client.force_login(cast.vera.user)
    assert client.get(page("transfer_export", "outbound", "json")).status_code == 200
    assert client.get(page("transfer_kind", "inbound")).status_code == 200
    assert upload(client, file_of([rule(1)])).status_code == 403
    assert not acme.transfer_jobs.exists()
