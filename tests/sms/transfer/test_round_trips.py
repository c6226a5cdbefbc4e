"""What is exported and imported again changes nothing, and makes another company the same."""

import json

import pytest

from rules.changing import versions
from sms.transfer import kinds, reading
from tenants import audit, membership
from tenants.models import Tenant
from tests import factories
from tests.factories import Cast
from tests.sms.transfer.scene import carry_out, dry_run, furnish

ONE_BY_ONE = list(kinds.KINDS)


@pytest.fixture
def acme(cast: Cast) -> Tenant:
    furnish(cast)
    return cast.acme


@pytest.mark.parametrize("mode", ["add", "exact"])
@pytest.mark.parametrize(
    ("name", "form"), [*((kind, form) for kind in ONE_BY_ONE for form in ("csv", "json")), ("everything", "json")]
)
def test_importing_what_was_exported_would_change_nothing(acme: Tenant, name: str, form: str, mode: str) -> None:
    plan = dry_run(acme, reading.write(acme, name, form), name, mode)
    assert plan.problems == []
    assert plan.warnings == []
    assert not plan.changes_anything
    assert sum(one.unchanged for one in plan.kinds) > 0


def test_equal_rows_make_equal_bytes(acme: Tenant) -> None:
    first = reading.write(acme, "everything", "json")
    assert first == reading.write(acme, "everything", "json")
    assert json.loads(first)["format"] == "sms-portal/1"


def test_no_secret_leaves(acme: Tenant, cast: Cast) -> None:
    acme.trunks.update(auth_name="public")
    text = reading.write(acme, "everything", "json").decode()
    for secret in (factories.AUTH_TOKEN, cast.account.account_sid, cast.configuration.webhook_keys.get().key):
        assert secret not in text
    assert not {"token", "password", "secret", "sealed"} & set(text.lower().replace('"', " ").split())


@pytest.mark.parametrize("form", ["csv", "json"])
def test_rules_go_and_come_back_as_they_were(acme: Tenant, form: str) -> None:
    for kind in ("inbound", "outbound"):
        before = versions.build(acme, kind)["rules"]
        data = reading.write(acme, kind, form)
        getattr(acme, f"{kind}_rules").all().delete()
        carry_out(acme, data, kind)
        again = versions.build(acme, kind)["rules"]
        assert [rule["name"] for rule in again] == [rule["name"] for rule in before]
        assert reading.write(acme, kind, form) == data


def test_everything_makes_another_company_the_same(acme: Tenant, cast: Cast) -> None:
    """Members are invited and accept; configurations hold secrets and are made by hand; the rest comes by the file."""
    data = reading.write(acme, "everything", "json")
    acme.inbound_rules.all().delete()
    acme.outbound_rules.all().delete()
    acme.phone_numbers.update(released_at="2026-01-01T00:00:00Z")
    acme.trunks.update(deleted_at="2026-01-01T00:00:00Z")

    other = factories.make_tenant("Other", max_members=100)
    factories.make_pool(cast.trunk, other)
    factories.make_configuration(other, cast.trunk, factories.make_account(other), name=cast.configuration.name)
    members = json.dumps({"format": "sms-portal/1", "members": json.loads(data)["members"]}).encode()
    applied = carry_out(other, members, "members")
    for invitation, token in applied.letters:
        person = acme.members.get(user__email=invitation.email).user
        membership.accept(token, user=person)
    carry_out(other, data, "everything")
    assert reading.write(other, "everything", "json") == data
    assert not dry_run(other, data, "everything").changes_anything


def test_one_import_of_rules_is_one_version_and_one_entry(acme: Tenant) -> None:
    data = reading.write(acme, "inbound", "csv")
    versions_before = acme.rule_sets.filter(kind="inbound").count()
    acme.inbound_rules.filter(name="Rest").delete()
    acme.inbound_rules.filter(name="Range").update(enabled=True)
    entries = acme.audit_entries.count()
    carry_out(acme, data, "inbound")
    newest = acme.rule_sets.filter(kind="inbound").latest("version")
    assert newest.version == versions_before + 1 or newest.note == ""
    assert acme.audit_entries.count() <= entries + 1
    assert audit.PORTAL.label == newest.saved_by
