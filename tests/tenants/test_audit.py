"""The audit log: in the same transaction as the change, in the right log, never with a secret."""

import pytest
from django.db import IntegrityError, transaction

from sms.models import OptOut
from sms.setup import configuring
from tenants import audit
from tenants.audit import Actor
from tenants.models import AuditEntry
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def actor(cast):
    return Actor(
        label="alice@acme.example", user=cast.alice.user, member=cast.alice, address="2001:db8::1", request_id="r"
    )


def test_an_entry_says_who_did_what_to_what(cast, actor):
    audit.record(actor, "tenants.group.created", cast.trunk, {"name": ["", "Sales"]}, tenant=cast.acme)
    entry = AuditEntry.objects.get()
    assert (entry.tenant, entry.tenant_label) == (cast.acme, "Acme")
    assert (entry.actor, entry.actor_label, entry.managing) == (cast.alice.user, "alice@acme.example", False)
    assert (entry.target_type, entry.target_id, entry.target_label) == ("trunk", cast.trunk.id.hex, str(cast.trunk))
    assert (entry.address, entry.request_id) == ("2001:db8::1", "r")


def test_an_entry_goes_when_the_change_is_undone(cast, actor):
    with transaction.atomic():
        audit.record(actor, "tenants.group.created", tenant=cast.acme)
        transaction.set_rollback(True)
    assert not AuditEntry.objects.exists()


def test_a_change_goes_when_its_entry_cannot_be_written(cast, actor):
    from sms import optouts

    def refuse(*args, **kwargs):
        raise IntegrityError("full")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(audit, "record", refuse)
        with pytest.raises(IntegrityError):
            optouts.add(cast.acme, factories.OUR_NUMBER, factories.THEIR_NUMBER, source="person", actor=actor)
    assert not OptOut.objects.exists()


def test_each_log_gets_its_own(cast, actor):
    audit.record(actor, "a.b", tenant=cast.acme)
    audit.record(actor, "a.c", tenant=None)
    audit.record(actor, "a.d", tenant=cast.acme, both_logs=True)
    assert {entry.action for entry in AuditEntry.objects.filter(tenant=cast.acme)} == {"a.b", "a.d"}
    assert {entry.action for entry in AuditEntry.objects.filter(tenant=None)} == {"a.c", "a.d"}
    assert not AuditEntry.objects.filter(tenant=cast.globex).exists()


def test_what_happened_stays_when_the_person_goes(cast, actor):
    audit.record(actor, "a.b", tenant=cast.acme)
    cast.alice.user.delete()
    entry = AuditEntry.objects.get()
    assert (entry.actor, entry.actor_label) == (None, "alice@acme.example")


def test_only_what_changed_is_written():
    before, after = {"name": "A", "size": 1, "same": True}, {"name": "B", "size": 2, "same": True}
    assert audit.differences(before, after) == {"name": ["A", "B"], "size": [1, 2]}
    assert audit.differences({}, {"when": audit.PORTAL}) == {"when": [None, str(audit.PORTAL)]}


def test_a_long_name_is_cut(cast, actor):
    cast.trunk.name = "x" * 500
    audit.record(actor, "a.b", cast.trunk, tenant=cast.acme)
    assert len(AuditEntry.objects.get().target_label) <= 254


def test_replacing_a_token_writes_that_and_not_the_token(cast, actor, monkeypatch):
    from sms.setup import credentials

    new = "f" * 32
    credentials.replace_token(actor, cast.account, new)
    written = str(list(AuditEntry.objects.values_list("action", "changes", "target_label")))
    assert "auth_token" in written
    assert new not in written
    assert factories.AUTH_TOKEN not in written


def test_rotating_a_webhook_writes_that_and_not_the_key(cast, actor):
    before = cast.configuration.webhook_keys.get().key
    configuring.rotate_key(actor, cast.configuration)
    after = cast.configuration.webhook_keys.latest("created_at").key
    written = str(list(AuditEntry.objects.values_list("action", "changes", "target_label")))
    assert "sms.webhook.rotated" in written
    assert before not in written
    assert after not in written
