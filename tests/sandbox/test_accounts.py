"""Accounts, credentials and numbers over the official client."""

import pytest
import requests
from twilio.base.exceptions import TwilioRestException

from tests.sandbox.harness import ControlError

NONE = "SM" + "0" * 32


def assert_refused(call, code, status):
    with pytest.raises(TwilioRestException) as caught:
        call()
    assert (caught.value.code, caught.value.status) == (code, status)


def test_an_account_says_who_it_is(sandbox, client, account):
    found = client.api.accounts(account["sid"]).fetch()
    assert (found.friendly_name, found.type, found.status) == ("Acme", "Full", "active")
    assert found.auth_token == account["auth_token"]
    assert found.sid.startswith("AC5a4db0c55a4d")
    assert [a.sid for a in client.api.accounts.list()] == [account["sid"]]
    assert client.balance.fetch().currency == "USD"


def test_a_wrong_token_is_refused_in_twilios_words(sandbox, account):
    stranger = sandbox.client(account["sid"], "wrong")
    assert_refused(lambda: stranger.messages(NONE).fetch(), 20003, 401)
    url = f"{sandbox.url}/api.twilio.com/2010-04-01/Accounts/{account['sid']}.json"
    assert requests.get(url, timeout=10).json() == {
        "code": 20003,
        "message": "Authenticate",
        "more_info": "https://www.twilio.com/docs/errors/20003",
        "status": 401,
    }


def test_another_accounts_credential_is_refused(sandbox, account):
    other = sandbox.account()
    client = sandbox.client(other["sid"], other["auth_token"], account["sid"])
    assert_refused(lambda: client.messages(NONE).fetch(), 20003, 401)


def test_a_sid_that_the_sandbox_did_not_issue_is_refused_and_noted(sandbox):
    real = "AC" + "0123456789abcdef" * 2
    for sid in (real, "AC5a4db0c55a4d" + "0" * 20):
        assert_refused(lambda sid=sid: sandbox.client(sid, "secret-token").messages(NONE).fetch(), 20003, 401)
        assert sid in [entry["sid"] for entry in sandbox.journal("foreign_sid")]
    assert b"secret-token" not in (sandbox.state_dir / "journal.jsonl").read_bytes()


def test_an_account_can_be_suspended(sandbox, client, account, our_number, phone):
    sandbox.control("PATCH", f"/accounts/{account['sid']}", {"status": "suspended"})
    assert client.api.accounts(account["sid"]).fetch().status == "suspended"
    assert_refused(lambda: client.messages.create(to=phone, from_=our_number, body="x"), 20005, 403)
    with pytest.raises(ControlError, match="not active"):
        sandbox.text(phone, our_number, "x")


def test_tokens_rotate(sandbox, account):
    path = f"/accounts/{account['sid']}"
    secondary = sandbox.control("PATCH", path, {"rotate": "secondary"})["secondary_auth_token"]
    for token in (account["auth_token"], secondary):
        assert sandbox.client(account["sid"], token).messages.list() == []
    promoted = sandbox.control("PATCH", path, {"rotate": "promote"})
    assert (promoted["auth_token"], promoted["secondary_auth_token"]) == (secondary, None)
    assert_refused(lambda: sandbox.client(account["sid"], account["auth_token"]).messages(NONE).fetch(), 20003, 401)
    with pytest.raises(ControlError, match="promote"):
        sandbox.control("PATCH", path, {"rotate": "promote"})


def test_a_standard_key_reads_messages_but_no_account(sandbox, account):
    key = sandbox.control("POST", f"/accounts/{account['sid']}/keys", {})
    client = sandbox.client(key["sid"], key["secret"], account["sid"])
    assert client.messages.list(limit=1) == []
    assert client.incoming_phone_numbers.list() == []
    assert_refused(lambda: client.api.accounts(account["sid"]).fetch(), 20003, 401)
    sandbox.control("DELETE", f"/accounts/{account['sid']}/keys/{key['sid']}")
    assert_refused(lambda: client.messages(NONE).fetch(), 20003, 401)


def test_an_account_is_issued_once(sandbox):
    wanted = {"sid": "AC5a4db0c55a4d" + "1" * 20, "friendly_name": "Demo", "auth_token": "t" * 32}
    first = sandbox.account(**wanted)
    assert sandbox.account(**{**wanted, "friendly_name": "Else", "auth_token": "u" * 32}) == first
    with pytest.raises(ControlError, match="AC5a4db0c55a4d"):
        sandbox.account(sid="AC" + "0" * 32)


def test_numbers_are_listed_filtered_and_paged(sandbox, account, client):
    wanted = ["+15557770001", "+15557770002", "+15557770003"]
    for address in wanted:
        sandbox.number(account, address)
    assert [n.phone_number for n in client.incoming_phone_numbers.list(page_size=2)] == wanted[::-1]
    found = client.incoming_phone_numbers.list(phone_number="+15557770002")
    assert [n.phone_number for n in found] == ["+15557770002"]
    assert found[0].capabilities == {"fax": False, "mms": True, "sms": True, "voice": True}
    assert client.incoming_phone_numbers.list(phone_number="+15557779999") == []


def test_a_number_takes_a_webhook_and_keeps_the_fragment(sandbox, account, client, our_number):
    sid = client.incoming_phone_numbers.list(phone_number=our_number)[0].sid
    url = "https://portal.example/webhooks/twilio/abc/message#rc=3&rp=ct,rt,5xx"
    changed = client.incoming_phone_numbers(sid).update(sms_url=url, sms_method="POST", friendly_name="Desk")
    assert (changed.sms_url, changed.sms_method, changed.friendly_name) == (url, "POST", "Desk")
    assert client.incoming_phone_numbers(sid).fetch().sms_url == url


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"sms_url": "nonsense"}, 21402),
        ({"sms_method": "PUT"}, 21403),
        ({"sms_fallback_url": "https://a.example/"}, 21406),
    ],
)
def test_a_wrong_number_setting_is_refused(client, our_number, change, code):
    sid = client.incoming_phone_numbers.list(phone_number=our_number)[0].sid
    assert_refused(lambda: client.incoming_phone_numbers(sid).update(**change), code, 400)


def test_a_number_belongs_to_one_account(sandbox, account, our_number):
    assert sandbox.number(account, our_number)["phone_number"] == our_number
    other = sandbox.account()
    with pytest.raises(ControlError, match="another sandbox account"):
        sandbox.number(other, our_number)
    sandbox.control("DELETE", f"/accounts/{account['sid']}/numbers/{our_number}")
    assert sandbox.number(other, our_number)["account_sid"] == other["sid"]


def test_foreign_numbers_and_messages_are_not_found(sandbox, client, our_number):
    other = sandbox.account()
    stranger = sandbox.client(other["sid"], other["auth_token"])
    sid = client.incoming_phone_numbers.list(phone_number=our_number)[0].sid
    assert_refused(lambda: stranger.incoming_phone_numbers(sid).fetch(), 20404, 404)
    assert_refused(lambda: stranger.messages(NONE).fetch(), 20404, 404)


@pytest.mark.parametrize("host", ["api.ie1.twilio.com", "pricing.twilio.com", "lookups.twilio.com"])
def test_what_is_not_served_answers_as_twilio_does(sandbox, account, host):
    response = requests.get(
        f"{sandbox.url}/{host}/v1/Services", auth=(account["sid"], account["auth_token"]), timeout=10
    )
    assert response.status_code == 404
    assert response.json()["code"] == 20404
    assert response.json()["message"] == "The requested resource /v1/Services was not found"


def test_an_edge_is_accepted(sandbox, account):
    client = sandbox.client(account["sid"], account["auth_token"])
    client.region, client.edge = "us1", "dublin"
    assert client.messages.list() == []


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", "/accounts", [], 400),
        ("POST", "/accounts", {"type": "Best"}, 400),
        ("GET", "/accounts/AC5a4db0c55a4d0", None, 404),
        ("POST", "/faults", {"kind": "earthquake"}, 400),
        ("POST", "/faults", {"kind": "delay", "seconds": "long"}, 400),
        ("POST", "/faults", {"kind": "delay", "match": {"body": "x"}}, 400),
        ("DELETE", "/faults/none", None, 404),
        ("POST", "/phones/+15551112222/texts", {"to": "+19998887777"}, 404),
        ("POST", "/phones/+15551112222/texts", {}, 400),
        ("GET", "/media/ME0", None, 404),
    ],
)
def test_a_control_call_that_cannot_be_done_says_why(sandbox, method, path, body, status):
    with pytest.raises(ControlError) as caught:
        sandbox.control(method, path, body)
    assert caught.value.status == status
    assert caught.value.body["error"]
