"""Secrets at rest: sealed, bound to their row, under a ring of keys."""

import base64
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sms.models import TwilioAccount
from tenants import api_keys, secrets
from tenants.audit import Actor
from tenants.ids import new_id
from tenants.models import ApiKey
from tests.factories import AUTH_TOKEN

TABLE = "sms_twilioaccount"


def key(name: str) -> str:
    return f"{name}:{base64.b64encode(os.urandom(32)).decode()}"


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_what_is_sealed_opens_again_and_is_nowhere_in_the_clear(text):
    row = new_id()
    sealed = secrets.seal_value(TABLE, row, "auth_token", text)
    assert secrets.open_value(TABLE, row, "auth_token", sealed) == text
    assert len(text) < 8 or text.encode() not in sealed


def test_a_stored_token_is_sealed_and_opens_from_its_row_only(cast):
    stored = TwilioAccount.objects.get(pk=cast.account.pk)
    assert AUTH_TOKEN.encode() not in bytes(stored.auth_token_sealed)
    assert secrets.open(stored, "auth_token") == AUTH_TOKEN
    other = TwilioAccount(tenant=cast.globex, account_sid="AC" + "2" * 32, auth_token_sealed=stored.auth_token_sealed)
    with pytest.raises(secrets.SecretError, match="does not belong to its row"):
        secrets.open(other, "auth_token")


@pytest.mark.parametrize("place", ["table", "field"])
def test_a_value_moved_to_another_place_does_not_open(place):
    row = new_id()
    sealed = secrets.seal_value(TABLE, row, "auth_token", "top secret")
    table, field = ("other", "auth_token") if place == "table" else (TABLE, "secondary_token")
    with pytest.raises(secrets.SecretError):
        secrets.open_value(table, row, field, sealed)


def test_the_first_key_seals_and_every_key_opens(settings):
    row, old, new = new_id(), key("k1"), key("k2")
    settings.FIELD_KEYS = [old]
    before = secrets.seal_value(TABLE, row, "auth_token", "kept")
    settings.FIELD_KEYS = [new, old]
    after = secrets.seal_value(TABLE, row, "auth_token", "kept")
    assert (before.split(b":")[1], after.split(b":")[1]) == (b"k1", b"k2")
    assert [secrets.open_value(TABLE, row, "auth_token", sealed) for sealed in (before, after)] == ["kept", "kept"]
    settings.FIELD_KEYS = [new]
    with pytest.raises(secrets.SecretError, match="needs the key 'k1'"):
        secrets.open_value(TABLE, row, "auth_token", before)


def test_an_api_key_is_kept_as_a_digest_only(cast):
    row, text = api_keys.create(Actor(label="alice"), cast.acme, "Website")
    stored = ApiKey.objects.filter(pk=row.pk).values().get()
    secret = text.split("_")[2]
    assert not [value for value in stored.values() if secret in str(value)]
    assert api_keys.find(text) == row
