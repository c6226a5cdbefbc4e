"""Sealed secrets: bound to their row and field, opened by every key of the ring, never by another."""

import base64
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sms.models import TwilioAccount
from tenants import secrets
from tenants.accounts import MfaAdapter

IDS = st.uuids()
NAMES = st.sampled_from(["auth_token", "secondary_token", "api_key_secret"])
TABLES = st.sampled_from(["sms_twilioaccount", "mfa_authenticator"])
TEXTS = st.text(min_size=1)


def key(name, value=b"x"):
    return f"{name}:{base64.b64encode(value * 32).decode()}"


@given(table=TABLES, row=IDS, field=NAMES, text=TEXTS)
def test_what_is_sealed_opens_again(table, row, field, text):
    sealed = secrets.seal_value(table, row, field, text)
    assert secrets.open_value(table, row, field, sealed) == text
    assert secrets.open_value(table, row, field, memoryview(sealed)) == text


@given(row=IDS, field=NAMES, text=st.text(min_size=8))
def test_the_sealed_form_does_not_hold_the_text(row, field, text):
    assert text.encode() not in secrets.seal_value("t", row, field, text)


@given(row=IDS, text=TEXTS)
def test_the_same_text_is_never_sealed_alike(row, text):
    assert secrets.seal_value("t", row, "f", text) != secrets.seal_value("t", row, "f", text)


@given(here=st.tuples(TABLES, IDS, NAMES), there=st.tuples(TABLES, IDS, NAMES), text=TEXTS)
def test_a_value_moved_to_another_table_row_or_field_does_not_open(here, there, text):
    sealed = secrets.seal_value(*here, text)
    if here == there:
        return
    with pytest.raises(secrets.SecretError):
        secrets.open_value(*there, sealed)


@given(text=TEXTS, where=st.integers(min_value=0), flip=st.integers(min_value=1, max_value=255))
def test_a_value_with_one_changed_byte_does_not_open(text, where, flip):
    row = uuid.UUID(int=1)
    sealed = bytearray(secrets.seal_value("t", row, "f", text))
    sealed[where % len(sealed)] ^= flip
    with pytest.raises(secrets.SecretError):
        secrets.open_value("t", row, "f", bytes(sealed))


@given(text=TEXTS, length=st.integers(min_value=1))
def test_a_value_cut_short_does_not_open(text, length):
    row = uuid.UUID(int=1)
    sealed = secrets.seal_value("t", row, "f", text)
    with pytest.raises(secrets.SecretError):
        secrets.open_value("t", row, "f", sealed[: length % len(sealed) or 1])


@given(junk=st.binary(min_size=1))
def test_junk_is_refused_in_words(junk):
    with pytest.raises(secrets.SecretError):
        secrets.open_value("t", uuid.UUID(int=1), "f", junk)


def test_an_empty_secret_stays_empty():
    assert secrets.seal_value("t", uuid.UUID(int=1), "f", "") == b""
    assert secrets.open_value("t", uuid.UUID(int=1), "f", b"") == ""


def test_the_first_key_seals_and_all_open(settings):
    row = uuid.UUID(int=1)
    settings.FIELD_KEYS = [key("old", b"o")]
    before = secrets.seal_value("t", row, "f", "text")
    settings.FIELD_KEYS = [key("new", b"n"), key("old", b"o")]
    after = secrets.seal_value("t", row, "f", "text")
    assert (secrets.key_of(before), secrets.key_of(after)) == ("old", "new")
    assert secrets.open_value("t", row, "f", before) == secrets.open_value("t", row, "f", after) == "text"


def test_a_missing_key_is_named(settings):
    settings.FIELD_KEYS = [key("old")]
    sealed = secrets.seal_value("t", uuid.UUID(int=1), "f", "text")
    settings.FIELD_KEYS = [key("new")]
    with pytest.raises(secrets.SecretError, match="needs the key 'old'"):
        secrets.open_value("t", uuid.UUID(int=1), "f", sealed)


def test_another_key_of_the_same_name_does_not_open(settings):
    settings.FIELD_KEYS = [key("k", b"a")]
    sealed = secrets.seal_value("t", uuid.UUID(int=1), "f", "text")
    settings.FIELD_KEYS = [key("k", b"b")]
    with pytest.raises(secrets.SecretError):
        secrets.open_value("t", uuid.UUID(int=1), "f", sealed)


def test_an_error_never_quotes_the_secret(settings):
    settings.FIELD_KEYS = [key("old")]
    sealed = secrets.seal_value("t", uuid.UUID(int=1), "f", "canary-secret")
    for ring in ([key("new")], [key("old", b"y")]):
        settings.FIELD_KEYS = ring
        with pytest.raises(secrets.SecretError) as refused:
            secrets.open_value("t", uuid.UUID(int=1), "f", sealed)
        assert "canary" not in str(refused.value)
        assert ring[0].split(":")[1] not in str(refused.value)


@pytest.mark.parametrize(
    ("ring", "said"),
    [
        ([], "must be a list"),
        (["nonsense"], "must be a list"),
        ([key("a"), "k2:not base64!"], "must be a list"),
        ([key("a"), key("a", b"z")], "names a key twice"),
        (["k1:AAAA"], "16, 24 or 32 bytes"),
        (["k1:AAAAA"], "16, 24 or 32 bytes"),
    ],
)
def test_a_ring_that_is_none_is_said_to_be_so(ring, said, settings):
    settings.FIELD_KEYS = ring
    assert said in secrets.ring_problem()


def test_a_sound_ring_has_no_problem(settings):
    settings.FIELD_KEYS = [key("k2"), key("k1", b"y")]
    assert secrets.ring_problem() == ""


def test_a_row_carries_its_secret_sealed():
    account = TwilioAccount(account_sid=f"AC{'0' * 32}")
    secrets.seal(account, "auth_token", "token")
    assert b"token" not in account.auth_token_sealed
    assert secrets.open(account, "auth_token") == "token"
    other = TwilioAccount(account_sid=account.account_sid, auth_token_sealed=account.auth_token_sealed)
    with pytest.raises(secrets.SecretError):
        secrets.open(other, "auth_token")


@given(text=TEXTS)
def test_the_second_factors_secret_is_sealed_too(text):
    sealed = MfaAdapter().encrypt(text)
    assert MfaAdapter().decrypt(sealed) == text
    assert sealed != MfaAdapter().encrypt(text)


@pytest.mark.parametrize("row", ["account", "webhook_key", "api_key", "invitation"])
def test_what_a_row_calls_itself_gives_no_secret_away(cast, row):
    from tenants import api_keys, audit
    from tenants.models import Invitation
    from tests import factories

    made, text = api_keys.create(audit.PORTAL, cast.acme, "Billing")
    webhook_key = cast.configuration.webhook_keys.get()
    known = {
        "account": (cast.account, factories.AUTH_TOKEN),
        "webhook_key": (webhook_key, webhook_key.key),
        "api_key": (made, text.split("_")[2]),
        "invitation": (Invitation(email="x@acme.example", token_digest="d" * 64), "d" * 64),
    }
    shown, secret = known[row]
    assert secret not in f"{shown!s} {shown!r}"
