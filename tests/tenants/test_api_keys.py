"""API keys: shown once, kept as a digest, and nothing that is typed can break the door."""

import pytest

from tenants import api_keys, audit, clock
from tenants.models import ApiKey, AuditEntry

pytestmark = pytest.mark.django_db


@pytest.fixture
def key(cast):
    return api_keys.create(audit.PORTAL, cast.acme, "Billing")


def test_a_key_names_its_tenant(cast, key):
    row, text = key
    found = api_keys.find(text)
    assert found == row
    assert found.tenant == cast.acme
    assert api_keys.find(f"  {text}\n") == row


def test_only_a_digest_is_kept(key):
    row, text = key
    secret = text.split("_")[2]
    stored = ApiKey.objects.filter(pk=row.pk).values_list().get()
    assert not any(secret in str(value) for value in stored)
    assert len(secret) == 43
    entry = AuditEntry.objects.get(action="tenants.api_key.created")
    assert secret not in str(entry.changes) + entry.target_label


def test_a_typing_error_costs_no_query(key, django_assert_num_queries):
    _, text = key
    with django_assert_num_queries(0):
        for wrong in (text[:-1], text + "0", text.replace("_", "-"), text[1:], text.upper(), ""):
            assert api_keys.find(wrong) is None


@pytest.mark.parametrize("part", [1, 2])
def test_another_id_or_secret_with_a_right_check_is_unknown(key, part):
    parts = key[1].split("_")[:3]
    parts[part] = parts[part][::-1] + ""
    body = "_".join(parts)
    assert api_keys.find(f"{body}_{api_keys._check(body)}") is None


@pytest.mark.parametrize("id_part", ["ÿÿÿÿÿÿÿÿ", "\0" * 8, "' OR 1=1", "🙂" * 8])
def test_what_no_key_can_hold_is_refused_and_never_an_error(client, id_part):
    body = f"smsp_{id_part}_{'a' * 43}"
    assert api_keys.find(f"{body}_{api_keys._check(body)}") is None
    assert api_keys.find(f"smsp_{'a' * 8}_{'a' * 43}_ÿ0000000") is None
    answer = client.get("/api/v1/messages", HTTP_AUTHORIZATION="Bearer smsp_ÿ_ÿ_ÿ")
    assert answer.status_code == 401


def test_a_revoked_key_is_unknown_at_once(key):
    row, text = key
    api_keys.revoke(audit.PORTAL, row)
    assert api_keys.find(text) is None
    api_keys.revoke(audit.PORTAL, row)
    assert AuditEntry.objects.filter(action="tenants.api_key.revoked").count() == 1


@pytest.mark.parametrize("closed", [{"enabled": False}, {"deleted": True}])
def test_the_key_of_a_closed_tenant_is_unknown(cast, key, closed):
    deleted_at = clock.now() if closed.pop("deleted", False) else None
    type(cast.acme).objects.filter(pk=cast.acme.pk).update(deleted_at=deleted_at, **closed)
    assert api_keys.find(key[1]) is None


def test_its_use_is_noted_once_a_minute(key, django_assert_num_queries):
    row, text = key
    api_keys.find(text)
    row.refresh_from_db()
    assert row.last_used_at is not None
    with django_assert_num_queries(1):
        api_keys.find(text)


def test_two_live_keys_never_share_a_name_but_a_revoked_one_gives_it_free(cast, key):
    with pytest.raises(api_keys.ApiKeyError):
        api_keys.create(audit.PORTAL, cast.acme, "Billing")
    api_keys.create(audit.PORTAL, cast.globex, "Billing")
    api_keys.revoke(audit.PORTAL, key[0])
    api_keys.create(audit.PORTAL, cast.acme, "Billing")
