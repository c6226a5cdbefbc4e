"""Sub-accounts and regions: whose credential opens what, and where."""

import pytest

from tests.sandbox.test_accounts import NONE, assert_refused


@pytest.fixture
def child(sandbox, account):
    return sandbox.account(friendly_name="Branch", parent=account["sid"])


def test_a_parent_lists_and_reads_its_sub_accounts(sandbox, account, client, child):
    assert [a.sid for a in client.api.accounts.list()] == [child["sid"], account["sid"]]
    assert [a.sid for a in client.api.accounts.list(friendly_name="Branch")] == [child["sid"]]
    found = client.api.accounts(child["sid"]).fetch()
    assert (found.owner_account_sid, found.auth_token) == (account["sid"], child["auth_token"])
    assert client.api.accounts(account["sid"]).fetch().owner_account_sid == account["sid"]


def test_a_parent_acts_on_a_sub_account_but_not_the_other_way(sandbox, account, child):
    sandbox.number(child, number := "+15557650003")
    parent = sandbox.client(account["sid"], account["auth_token"], child["sid"])
    pn = parent.incoming_phone_numbers.list()[0]
    assert (pn.phone_number, pn.account_sid) == (number, child["sid"])
    assert parent.incoming_phone_numbers(pn.sid).update(sms_url="https://a.example/in").account_sid == child["sid"]
    upwards = sandbox.client(child["sid"], child["auth_token"], account["sid"])
    assert_refused(upwards.messages(NONE).fetch, 20003, 401)
    assert_refused(upwards.api.accounts(account["sid"]).fetch, 20003, 401)
    # The newer APIs know no account in the path: they act on the credential's own.
    made = parent.messaging.v1.services.create(friendly_name="Care")
    assert made.account_sid == account["sid"]


def test_a_sub_accounts_webhooks_are_signed_with_its_own_token(sandbox, account, child, phone, receiver):
    sandbox.number(child, number := "+15557650004", sms_url=receiver.url + "/in")
    sandbox.text(phone, number, "x")
    assert receiver.requests[0].is_signed_with(child["auth_token"])
    assert not receiver.requests[0].is_signed_with(account["auth_token"])


def test_a_sub_account_has_no_balance_of_its_own(sandbox, account, client, child):
    sandbox.control("PATCH", f"/accounts/{account['sid']}", {"balance": "-1.25", "currency": "EUR"})
    found = client.balance.fetch()
    assert (found.balance, found.currency) == ("-1.25", "EUR")
    theirs = sandbox.client(child["sid"], child["auth_token"])
    assert_refused(theirs.balance.fetch, 20404, 404)


def test_a_sub_account_is_suspended_with_its_parent(sandbox, account, child):
    theirs = sandbox.client(child["sid"], child["auth_token"])
    for status in ("suspended", "active"):
        sandbox.control("PATCH", f"/accounts/{account['sid']}", {"status": status})
        assert theirs.api.accounts(child["sid"]).fetch().status == status


@pytest.mark.parametrize(("region", "edge"), [("ie1", "dublin"), ("au1", "sydney")])
def test_an_account_answers_in_its_region_only(sandbox, region, edge):
    account = sandbox.account(region=region)
    client = sandbox.client(account["sid"], account["auth_token"])
    assert_refused(client.messages(NONE).fetch, 20003, 401)
    client.region, client.edge = region, edge
    assert client.messages.list() == []
    assert client.api.accounts(account["sid"]).fetch().sid == account["sid"]
    assert client.messaging.v1.services.list() == []
    assert client.monitor.v1.alerts.list() == []
    assert client.accounts.v1.messaging_geopermissions.fetch(country_code="IE").permissions
    client.region, client.edge = "us1", "ashburn"
    assert_refused(client.messages(NONE).fetch, 20003, 401)


def test_each_region_has_its_own_token(sandbox, account, client):
    sandbox.control("PATCH", f"/accounts/{account['sid']}", {"region_tokens": {"ie1": "i" * 32}})
    irish = sandbox.client(account["sid"], "i" * 32)
    assert_refused(irish.messages(NONE).fetch, 20003, 401)
    for one in (irish, client):
        one.region, one.edge = "ie1", "dublin"
    assert irish.messages.list() == []
    assert_refused(client.messages(NONE).fetch, 20003, 401)


def test_an_api_key_holds_in_its_region_only(sandbox, account):
    key = sandbox.control("POST", f"/accounts/{account['sid']}/keys", {"region": "ie1"})
    client = sandbox.client(key["sid"], key["secret"], account["sid"])
    assert_refused(client.messages(NONE).fetch, 20003, 401)
    client.region, client.edge = "ie1", "dublin"
    assert client.messages.list() == []
