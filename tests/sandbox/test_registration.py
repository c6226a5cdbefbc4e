"""Brands, campaigns and toll-free verifications over the official client, and texts without them."""

import pytest

from tests.sandbox.harness import ControlError, wait_until
from tests.sandbox.test_accounts import assert_refused


@pytest.fixture
def service(client):
    return client.messaging.v1.services.create(friendly_name="Care").sid


def test_a_brand_and_a_campaign_tell_their_state(sandbox, account, client, service):
    compliance = client.messaging.v1.services(service).us_app_to_person
    assert (compliance.list(), client.messaging.v1.brand_registrations.list()) == ([], [])
    brand = sandbox.control("POST", f"/accounts/{account['sid']}/brands", {"status": "PENDING", "brand_score": None})
    sandbox.control(
        "POST", f"/services/{service}/campaign", {"campaign_status": "IN_PROGRESS", "brand_sid": brand["sid"]}
    )
    assert client.messaging.v1.brand_registrations(brand["sid"]).fetch().status == "PENDING"
    assert [c.campaign_status for c in compliance.list()] == ["IN_PROGRESS"]
    errors = [{"error_code": 30886, "fields": ["MESSAGE_FLOW"]}]
    made = sandbox.control("POST", f"/services/{service}/campaign", {"campaign_status": "FAILED", "errors": errors})
    found = compliance(made["sid"]).fetch()
    assert (found.campaign_status, found.errors) == ("FAILED", errors)
    assert found.brand_registration_sid == brand["sid"]
    assert client.messaging.v1.services(service).fetch().us_app_to_person_registered is False
    sandbox.control("POST", f"/services/{service}/campaign", {"campaign_status": "VERIFIED", "errors": []})
    assert client.messaging.v1.services(service).fetch().us_app_to_person_registered is True
    sandbox.control("DELETE", f"/services/{service}/campaign")
    assert_refused(compliance(made["sid"]).fetch, 20404, 404)
    with pytest.raises(ControlError, match="APPROVED"):
        sandbox.control("POST", f"/accounts/{account['sid']}/brands", {"status": "GOOD"})


def test_a_toll_free_verification_tells_its_state(sandbox, account, client):
    number = sandbox.number(account, "+18335550102")
    path = f"/accounts/{account['sid']}/numbers/+18335550102/verification"
    made = sandbox.control("POST", path, {"status": "IN_REVIEW"})
    asked = client.messaging.v1.tollfree_verifications
    assert asked(made["sid"]).fetch().status == "IN_REVIEW"
    sandbox.control(
        "POST",
        path,
        {"status": "TWILIO_REJECTED", "rejection_reason": "Invalid", "error_code": 30491, "edit_allowed": True},
    )
    found = asked.list(tollfree_phone_number_sid=number["sid"], status="TWILIO_REJECTED")
    assert [(v.rejection_reason, v.error_code, v.edit_allowed) for v in found] == [("Invalid", 30491, True)]
    assert found[0].rejection_reasons == [{"code": 30491, "reason": "Invalid"}]
    assert asked.list(status="TWILIO_APPROVED") == []
    sandbox.control("DELETE", path)
    assert asked.list() == []


def fate(client, **text):
    sid = client.messages.create(body="x", **text).sid
    return wait_until(lambda: (m := client.messages(sid).fetch()).status in {"delivered", "undelivered"} and m)


def test_us_networks_drop_what_they_do_not_know(sandbox, account, client, service, our_number, phone):
    sandbox.control("PATCH", f"/accounts/{account['sid']}", {"enforces_registration": True})
    assert fate(client, to=phone, from_=our_number).error_code == 30034
    assert fate(client, to="+4915112345671", from_=our_number).status == "delivered"
    sandbox.control("PUT", f"/accounts/{account['sid']}/numbers/{our_number}/service", {"sid": service})
    sandbox.control("POST", f"/services/{service}/campaign", {})
    assert fate(client, to=phone, from_=our_number).status == "delivered"
    sandbox.number(account, toll_free := "+18335550103")
    assert fate(client, to=phone, from_=toll_free).error_code == 30032
    sandbox.control("POST", f"/accounts/{account['sid']}/numbers/{toll_free}/verification", {})
    assert fate(client, to=phone, from_=toll_free).status == "delivered"
