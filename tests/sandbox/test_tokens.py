"""Rotating Auth Tokens over the official client."""

import pytest

from tests.sandbox.test_accounts import NONE, assert_refused


@pytest.fixture
def with_token(sandbox, account):
    return lambda token: sandbox.client(account["sid"], token)


def test_a_secondary_token_is_made_and_promoted(
    account, client, with_token, our_number, phone, sandbox, receiver, listen
):
    listen("/in")
    made = client.accounts.v1.secondary_auth_token().create()
    assert made.account_sid == account["sid"]
    for token in (account["auth_token"], made.secondary_auth_token):
        assert with_token(token).messages.list() == []
    sandbox.text(phone, our_number, "signed with the primary")
    assert receiver.requests[-1].is_signed_with(account["auth_token"])
    promoted = with_token(made.secondary_auth_token).accounts.v1.auth_token_promotion().update()
    assert promoted.auth_token == made.secondary_auth_token
    assert_refused(client.messages(NONE).fetch, 20003, 401)
    assert with_token(promoted.auth_token).api.accounts(account["sid"]).fetch().auth_token == promoted.auth_token
    sandbox.text(phone, our_number, "signed with the new one")
    assert receiver.requests[-1].is_signed_with(promoted.auth_token)
    assert not receiver.requests[-1].is_signed_with(account["auth_token"])


def test_a_secondary_token_can_be_dropped(client, with_token):
    made = client.accounts.v1.secondary_auth_token().create()
    assert client.accounts.v1.secondary_auth_token().delete()
    assert_refused(with_token(made.secondary_auth_token).messages(NONE).fetch, 20003, 401)
    assert_refused(client.accounts.v1.secondary_auth_token().delete, 20404, 404)
    assert_refused(client.accounts.v1.auth_token_promotion().update, 20404, 404)


def test_there_is_one_secondary_token_at_a_time(client, with_token):
    made = client.accounts.v1.secondary_auth_token().create()
    assert_refused(client.accounts.v1.secondary_auth_token().create, 20001, 400)
    assert with_token(made.secondary_auth_token).messages.list() == []


@pytest.mark.parametrize("kind", ["standard", "main"])
def test_no_api_key_may_touch_a_token(sandbox, account, kind):
    key = sandbox.control("POST", f"/accounts/{account['sid']}/keys", {"kind": kind})
    client = sandbox.client(key["sid"], key["secret"], account["sid"])
    assert_refused(client.accounts.v1.secondary_auth_token().create, 20003, 401)
    assert_refused(client.accounts.v1.auth_token_promotion().update, 20003, 401)
