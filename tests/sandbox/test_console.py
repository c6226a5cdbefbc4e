"""The console helper of the tests does what it says, as the official client sees it."""

import pytest

from tests.sandbox.console import Console
from tests.sandbox.harness import Sandbox
from tests.sandbox.test_accounts import NONE, assert_refused


@pytest.fixture
def console(sandbox, account):
    return Console(sandbox, account["sid"])


def test_it_changes_numbers_and_where_they_go(console, client, our_number):
    service = console.add_service(our_number, use_inbound_webhook_on_number=False, friendly_name="Care")
    assert [n.phone_number for n in client.messaging.v1.services(service).phone_numbers.list()] == [our_number]
    console.set_service(service, inbound_request_url="https://care.example/in")
    assert client.messaging.v1.services(service).fetch().inbound_request_url == "https://care.example/in"
    console.place(our_number, None)
    assert client.messaging.v1.services(service).phone_numbers.list() == []
    application = console.set_application(our_number)
    assert console.number(our_number)["sms_application_sid"] == application
    console.set_number(our_number, sms_application_sid="", sms_url="https://else.example/")
    assert client.incoming_phone_numbers.list()[0].sms_url == "https://else.example/"
    assert len(console.add_numbers("+14155550000", 30)) == 30
    console.release(our_number)
    assert len(client.incoming_phone_numbers.list()) == 30


def test_it_changes_the_account(sandbox, console, account, client, our_number):
    console.set_account(balance="0.40")
    assert client.balance.fetch().balance == "0.40"
    console.forbid("DE", "FR")
    found = client.accounts.v1.messaging_geopermissions.fetch(country_code="DE,FR,GB").permissions
    assert [p["enabled"] for p in found] == [False, False, True]
    service = console.add_service(our_number)
    console.set_brand("FAILED")
    console.set_campaign(service, "IN_PROGRESS")
    assert [b.status for b in client.messaging.v1.brand_registrations.list()] == ["FAILED"]
    campaigns = client.messaging.v1.services(service).us_app_to_person.list()
    assert [c.campaign_status for c in campaigns] == ["IN_PROGRESS"]
    console.set_number(our_number, type="toll free")
    console.set_verification(our_number, "IN_REVIEW")
    assert [v.status for v in client.messaging.v1.tollfree_verifications.list()] == ["IN_REVIEW"]
    token = console.revoke_token()
    assert_refused(client.messages(NONE).fetch, 20003, 401)
    console.suspend()
    fresh = sandbox.client(account["sid"], token)
    assert fresh.api.accounts(account["sid"]).fetch().status == "suspended"


def test_all_of_it_outlives_a_restart(tmp_path):
    with Sandbox(tmp_path) as sandbox:
        parent = sandbox.account(friendly_name="Parent")
        account = sandbox.account(parent=parent["sid"], region="ie1", region_tokens={"us1": "u" * 32})
        console = Console(sandbox, account["sid"])
        console.add_numbers("+14155552000", 3, sms_url="https://a.example/in")
        sandbox.number(account, "74888", type="short code")
        sandbox.number(account, "+18335550191")
        service = console.add_service("+14155552000", "+14155552001", inbound_request_url="https://a.example/in")
        console.place("+14155552001", console.add_service())
        console.set_application("+14155552002")
        console.release("+14155552000")
        console.set_account(balance="3.5", countries={"DE": False}, enforces_registration=True)
        console.set_brand("APPROVED")
        console.set_campaign(service, "VERIFIED")
        console.set_verification("+18335550191", "IN_REVIEW")
        client = sandbox.client(account["sid"], account["auth_token"])
        client.region, client.edge = "ie1", "dublin"
        client.messaging.v1.services(service).alpha_senders.create(alpha_sender="Acme")

        def seen():
            asked = client.messaging.v1
            return (
                sandbox.control("GET", "/state"),
                [(c.sid, c.campaign_status) for c in asked.services(service).us_app_to_person.list()],
                [(v.sid, v.status) for v in asked.tollfree_verifications.list()],
                [(b.sid, b.status) for b in asked.brand_registrations.list()],
                [a.alpha_sender for a in asked.services(service).alpha_senders.list()],
                client.accounts.v1.messaging_geopermissions.fetch(country_code="DE").permissions,
            )

        before = seen()
        sandbox.stop()
        sandbox.start()
        client.http_client.base = sandbox.url
        after = seen()
        assert after == before
        assert [len(part) for part in after[1:]] == [1, 1, 1, 1, 1]


def test_the_journal_keeps_requests_and_answers_whole_on_demand(sandbox, client, account):
    def newest():
        client.balance.fetch()
        return sandbox.journal("request")[-1]

    assert "answer" not in newest()
    sandbox.control("PATCH", "/settings", {"record": True})
    try:
        assert newest()["answer"] == {"account_sid": account["sid"], "balance": "100.00", "currency": "USD"}
    finally:
        sandbox.control("PATCH", "/settings", {"record": False})
    assert "answer" not in newest()
