"""Kinds of numbers, short codes, applications, and numbers by the thousand."""

import pytest

from tests.sandbox.harness import ControlError
from tests.sandbox.test_accounts import assert_refused


def test_numbers_say_what_kind_they_are(sandbox, account, client):
    wanted = {"+18335550101": "toll free", "+447700900123": "mobile", "+12025550901": "local"}
    for address, kind in wanted.items():
        sandbox.number(account, address, **({"type": "mobile"} if kind == "mobile" else {}))
    found = sandbox.control("GET", f"/accounts/{account['sid']}")["numbers"]
    assert {n["phone_number"]: n["type"] for n in found} == wanted
    assert len(client.incoming_phone_numbers.list()) == 3


def test_short_codes_have_a_list_of_their_own(sandbox, account, client, phone, receiver):
    made = sandbox.number(account, "894546", type="short code")
    assert client.incoming_phone_numbers.list() == []
    assert_refused(client.incoming_phone_numbers(made["sid"]).fetch, 20404, 404)
    assert [s.short_code for s in client.short_codes.list()] == ["894546"]
    changed = client.short_codes(made["sid"]).update(sms_url=receiver.url + "/in", sms_method="POST")
    assert (changed.sms_url, changed.sms_method) == (receiver.url + "/in", "POST")
    assert sandbox.text(phone, "894546", "VOTE")["webhook"]["delivered"]
    assert receiver.requests[0].form["To"] == "894546"
    service = client.messaging.v1.services.create(friendly_name="Votes")
    pool = client.messaging.v1.services(service.sid).short_codes
    assert pool.create(short_code_sid=made["sid"]).short_code == "894546"
    assert [s.sid for s in pool.list()] == [made["sid"]]
    assert client.messaging.v1.services(service.sid).phone_numbers.list() == []
    with pytest.raises(ControlError, match="3 to 8 digits"):
        sandbox.number(account, "+12025550902", type="short code")


def test_an_application_takes_the_texts_of_its_numbers(sandbox, account, client, our_number, phone, receiver, listen):
    listen("/number")
    path = f"/accounts/{account['sid']}"
    made = sandbox.control(
        "POST", f"{path}/applications", {"sms_url": receiver.url + "/application", "friendly_name": "Other product"}
    )
    found = client.applications(made["sid"]).fetch()
    assert (found.friendly_name, found.sms_url) == ("Other product", receiver.url + "/application")
    assert [a.sid for a in client.applications.list(friendly_name="Other product")] == [made["sid"]]
    sandbox.control("PATCH", f"{path}/numbers/{our_number}", {"sms_application_sid": made["sid"]})
    sandbox.text(phone, our_number, "x")
    pn = client.incoming_phone_numbers.list(phone_number=our_number)[0]
    assert pn.sms_application_sid == made["sid"]
    client.incoming_phone_numbers(pn.sid).update(sms_application_sid="")
    sandbox.text(phone, our_number, "x")
    assert [r.path for r in receiver.requests] == ["/application", "/number"]


def test_an_application_can_be_changed_and_deleted(sandbox, account, client, our_number, phone, receiver, listen):
    path = f"/accounts/{account['sid']}/applications"
    made = sandbox.control("POST", path, {})
    listen("/number", sms_application_sid=made["sid"])
    assert sandbox.text(phone, our_number, "x")["webhook"]["attempts"] == []
    sandbox.control("PATCH", f"{path}/{made['sid']}", {"sms_url": receiver.url + "/application"})
    assert sandbox.text(phone, our_number, "x")["webhook"]["delivered"]
    sandbox.control("DELETE", f"{path}/{made['sid']}")
    assert sandbox.text(phone, our_number, "x")["webhook"]["attempts"] == []
    assert_refused(client.applications(made["sid"]).fetch, 20404, 404)


def test_thousands_of_numbers_are_made_at_once_and_read_in_pages(sandbox, account, client):
    path = f"/accounts/{account['sid']}/numbers/bulk"
    wanted = {"first": "+13025550000", "count": 2500, "sms_url": "https://old.example/in"}
    assert sandbox.control("POST", path, wanted)["created"] == 2500
    assert sandbox.control("POST", path, {**wanted, "count": 2501})["created"] == 1
    found = client.incoming_phone_numbers.list(page_size=1000)
    assert [n.phone_number for n in (found[0], found[-1])] == ["+13025552500", "+13025550000"]
    assert {n.sms_url for n in found} == {"https://old.example/in"}
    assert len({n.sid for n in found}) == 2501
    with pytest.raises(ControlError, match="another sandbox account"):
        sandbox.control("POST", f"/accounts/{sandbox.account()['sid']}/numbers/bulk", wanted)


def test_the_console_changes_a_number(sandbox, account, client, our_number):
    path = f"/accounts/{account['sid']}/numbers/{our_number}"
    sandbox.control("PATCH", path, {"sms_url": "https://else.example/", "capabilities": {"mms": False}})
    found = client.incoming_phone_numbers.list(phone_number=our_number)[0]
    assert (found.sms_url, found.capabilities["mms"], found.capabilities["sms"]) == (
        "https://else.example/",
        False,
        True,
    )
    assert client.incoming_phone_numbers(found.sid).delete()
    assert client.incoming_phone_numbers.list() == []
