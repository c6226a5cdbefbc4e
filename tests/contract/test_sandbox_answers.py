"""Every operation of the fixtures is asked of the sandbox once, with the official client, and answered as described."""

import base64

import pytest

from tests.contract.description import assert_agree, operation_of, operations
from tests.sandbox.console import Console

NUMBER, TOLL_FREE, PHONE = "+15557300001", "+18335550190", "+15557309999"


@pytest.fixture
def account(running_sandbox):
    return running_sandbox.account(friendly_name="Described")


def test_every_operation_is_answered_as_twilio_describes_it(running_sandbox, recorder, account):
    console = Console(running_sandbox, account["sid"])
    client = running_sandbox.client(account["sid"], account["auth_token"])
    _accounts(running_sandbox, client, account)
    _numbers(running_sandbox, client, console, account)
    _messages(running_sandbox, client, account)
    _services(running_sandbox, client, console, account)
    _registrations(running_sandbox, client, console, account)
    client.monitor.v1.alerts.list(log_level="error", start_date="2026-01-01", end_date="2036-01-01T00:00:00Z")
    _tokens(running_sandbox, client, account)
    entries = recorder.read()
    assert_agree(entries)
    answered = {operation_of(entry)[0].name for entry in entries if entry["status"] < 400}
    assert {o.name for o in operations()} - answered == set()


def _accounts(sandbox, client, account):
    sandbox.account(parent=account["sid"])
    assert len(client.api.accounts.list(status="active", page_size=1)) == 2
    client.api.accounts(account["sid"]).fetch()
    client.balance.fetch()
    key = sandbox.control("POST", f"/accounts/{account['sid']}/keys", {"kind": "standard"})
    client.keys(key["sid"]).fetch()
    client.accounts.v1.messaging_geopermissions.fetch()
    client.accounts.v1.messaging_geopermissions.update(
        permissions=[{"country_code": code, "type": "country", "enabled": True} for code in ("DE", "PK")]
    )


def _numbers(sandbox, client, console, account):
    for address in (NUMBER, TOLL_FREE, "+15557300002", "+15557300003"):
        sandbox.number(account, address)
    code = sandbox.number(account, "74999", type="short code")["sid"]
    application = console.set_application("+15557300002")
    rows = client.incoming_phone_numbers.list(page_size=2)
    assert len(rows) == 4
    client.incoming_phone_numbers(rows[0].sid).fetch()
    client.incoming_phone_numbers(rows[0].sid).update(
        sms_url="https://a.example/in#rc=3", sms_method="GET", sms_fallback_url="", sms_application_sid=application
    )
    client.incoming_phone_numbers(rows[0].sid).delete()
    client.short_codes.list()
    client.short_codes(code).fetch()
    client.short_codes(code).update(sms_url="https://a.example/in", sms_fallback_method="POST")
    client.applications.list()
    client.applications(application).fetch()


def _messages(sandbox, client, account):
    sent = client.messages.create(to=PHONE, from_=NUMBER, body="Hello", validity_period=600, smart_encoded=True)
    sandbox.wait_quiet()
    assert client.messages(sent.sid).fetch().status == "delivered"
    picture = {"content_type": "image/png", "base64": base64.b64encode(b"png").decode()}
    got = [sandbox.text(PHONE, NUMBER, "look", media=[picture])["sid"] for _ in range(2)]
    assert len(client.messages.list(to=NUMBER, date_sent_after="2026-01-01", page_size=1)) == 2
    for sid, ending in zip(got, (".json", ""), strict=True):
        item = client.messages(sid).media.list()[0]
        assert client.messages(sid).media(item.sid).fetch().content_type == "image/png"
        path = f"https://api.twilio.com{item.uri.removesuffix('.json')}"
        assert client.request("GET", path).status_code == 302
        assert client.request("DELETE", path + ending).status_code == 204
    client.messages(sent.sid).update(body="")
    client.messages(sent.sid).delete()


def _services(sandbox, client, console, account):
    service = client.messaging.v1.services.create(friendly_name="Care", use_inbound_webhook_on_number=False).sid
    asked = client.messaging.v1.services(service)
    asked.update(inbound_request_url="https://a.example/in", inbound_method="POST", validity_period=3600)
    asked.fetch()
    number = client.incoming_phone_numbers.list(phone_number=NUMBER)[0].sid
    code = client.short_codes.list()[0].sid
    asked.phone_numbers.create(phone_number_sid=number)
    asked.short_codes.create(short_code_sid=code)
    sender = asked.alpha_senders.create(alpha_sender="Acme").sid
    for pool, sid in ((asked.phone_numbers, number), (asked.short_codes, code), (asked.alpha_senders, sender)):
        assert [row.sid for row in pool.list()] == [sid]
        pool(sid).fetch()
        pool(sid).delete()
    assert len(client.messaging.v1.services.list(page_size=1)) == 1
    asked.delete()


def _registrations(sandbox, client, console, account):
    service = console.add_service(NUMBER)
    console.set_brand("FAILED", brand_score=None, failure_reason="Tax ID")
    console.set_campaign(service, "FAILED", errors=[{"error_code": 30886, "description": "Say how people opt in."}])
    console.set_verification(TOLL_FREE, "TWILIO_REJECTED", rejection_reason="Invalid", error_code=30491)
    asked = client.messaging.v1
    asked.brand_registrations(asked.brand_registrations.list()[0].sid).fetch()
    compliance = asked.services(service).us_app_to_person
    compliance(compliance.list()[0].sid).fetch()
    asked.tollfree_verifications(asked.tollfree_verifications.list(status="TWILIO_REJECTED")[0].sid).fetch()
    # A webhook that fails leaves an alert for the list.
    console.set_number(NUMBER, sms_url="http://127.0.0.1:9/in")
    sandbox.text(PHONE, NUMBER, "nobody home")


def _tokens(sandbox, client, account):
    client.accounts.v1.secondary_auth_token().create()
    client.accounts.v1.secondary_auth_token().delete()
    second = client.accounts.v1.secondary_auth_token().create().secondary_auth_token
    sandbox.client(account["sid"], second).accounts.v1.auth_token_promotion().update()
