"""Geographic permissions over the official client."""

from tests.sandbox.test_accounts import assert_refused

GERMAN = "+4915112345670"


def states(found):
    return {p["country_code"]: p["enabled"] for p in found.permissions}


def test_permissions_are_read_by_country_and_as_a_whole(client):
    asked = client.accounts.v1.messaging_geopermissions
    assert states(asked.fetch(country_code="US,IN,PK")) == {"US": True, "IN": True, "PK": False}
    assert states(asked.fetch())["DE"] is True
    assert_refused(lambda: asked.fetch(country_code="XX"), 20001, 400)


def test_a_country_is_switched_off_and_on_and_texts_obey(client, our_number):
    asked = client.accounts.v1.messaging_geopermissions
    off, on = ([{"country_code": "DE", "type": "country", "enabled": state}] for state in (False, True))
    assert states(asked.update(permissions=off)) == {"DE": False}
    assert_refused(lambda: client.messages.create(to=GERMAN, from_=our_number, body="x"), 21408, 400)
    assert states(asked.update(permissions=on)) == {"DE": True}
    assert client.messages.create(to=GERMAN, from_=our_number, body="x").status == "queued"


def test_a_risky_country_stays_as_it_is(client):
    wanted = [{"country_code": country, "type": "country", "enabled": True} for country in ("PK", "IR", "FR")]
    found = client.accounts.v1.messaging_geopermissions.update(permissions=wanted).permissions
    assert [(p["country_code"], p["enabled"], p["error_code"]) for p in found] == [
        ("PK", False, 30649),
        ("IR", False, 30649),
        ("FR", True, 0),
    ]
    assert "High risk" in found[0]["error_messages"][0]


def test_a_sub_account_has_its_parents_permissions(sandbox, account, our_number):
    child = sandbox.account(parent=account["sid"])
    sandbox.number(child, number := "+15557650001")
    client = sandbox.client(child["sid"], child["auth_token"])
    asked = client.accounts.v1.messaging_geopermissions
    assert_refused(lambda: asked.update(permissions=[{"country_code": "DE", "enabled": False}]), 30648, 403)
    sandbox.control("PATCH", f"/accounts/{account['sid']}", {"countries": {"DE": False}})
    assert states(asked.fetch(country_code="DE")) == {"DE": False}
    assert_refused(lambda: client.messages.create(to=GERMAN, from_=number, body="x"), 21408, 400)
