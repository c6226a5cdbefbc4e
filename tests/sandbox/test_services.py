"""Messaging Services over the official client, and where texts to their numbers go."""

import itertools

import pytest

from tests.sandbox.test_accounts import assert_refused


@pytest.fixture
def service(client):
    return client.messaging.v1.services.create(friendly_name="Care")


@pytest.fixture
def pn(client, our_number):
    return client.incoming_phone_numbers.list(phone_number=our_number)[0].sid


def test_a_service_is_made_changed_listed_and_deleted(client, service):
    assert (service.friendly_name, service.inbound_request_url) == ("Care", None)
    assert service.use_inbound_webhook_on_number is False
    changed = client.messaging.v1.services(service.sid).update(
        friendly_name="Desk",
        inbound_request_url="https://portal.example/in#rc=3",
        inbound_method="GET",
        fallback_url="https://portal.example/fallback",
        fallback_method="POST",
        status_callback="https://portal.example/status",
        use_inbound_webhook_on_number=True,
    )
    found = client.messaging.v1.services(service.sid).fetch()
    for shown in (changed, found):
        assert (shown.friendly_name, shown.inbound_method) == ("Desk", "GET")
        assert shown.inbound_request_url == "https://portal.example/in#rc=3"
        assert shown.fallback_url == "https://portal.example/fallback"
        assert shown.status_callback == "https://portal.example/status"
        assert shown.use_inbound_webhook_on_number is True
    assert client.messaging.v1.services(service.sid).update(inbound_request_url="").inbound_request_url is None
    assert client.messaging.v1.services(service.sid).delete()
    assert_refused(client.messaging.v1.services(service.sid).fetch, 20404, 404)


def test_services_come_in_pages_of_the_newer_kind(client):
    made = [client.messaging.v1.services.create(friendly_name=f"No. {n}").sid for n in range(5)]
    first = client.messaging.v1.services.page(page_size=2)
    assert first.next_page_url.startswith("https://messaging.twilio.com/v1/Services?PageSize=2&Page=1&PageToken=")
    assert [s.sid for s in client.messaging.v1.services.list(page_size=2)] == made[::-1]


@pytest.mark.parametrize(
    "change",
    [
        {"inbound_request_url": "nonsense"},
        {"inbound_method": "PUT"},
        {"validity_period": 0},
        {"friendly_name": "x" * 65},
    ],
)
def test_a_wrong_setting_is_refused(client, service, change):
    assert_refused(lambda: client.messaging.v1.services(service.sid).update(**change), 20001, 400)


def test_a_number_is_in_one_service_only(client, service, pn, our_number):
    pool = client.messaging.v1.services(service.sid).phone_numbers
    added = pool.create(phone_number_sid=pn)
    assert (added.sid, added.phone_number, added.service_sid) == (pn, our_number, service.sid)
    assert added.capabilities == ["MMS", "SMS", "Voice"]
    assert_refused(lambda: pool.create(phone_number_sid=pn), 21710, 409)
    other = client.messaging.v1.services.create(friendly_name="Other")
    elsewhere = client.messaging.v1.services(other.sid).phone_numbers
    assert_refused(lambda: elsewhere.create(phone_number_sid=pn), 21712, 409)
    assert pool(pn).delete()
    assert elsewhere.create(phone_number_sid=pn).service_sid == other.sid
    assert (pool.list(), [n.sid for n in elsewhere.list()]) == ([], [pn])
    assert_refused(lambda: pool(pn).fetch(), 20404, 404)


def test_a_pools_numbers_come_in_pages(sandbox, account, client, service):
    pool = client.messaging.v1.services(service.sid).phone_numbers
    numbers = itertools.count(15557600001)
    made = [sandbox.number(account, f"+{next(numbers)}")["sid"] for _ in range(5)]
    for sid in made:
        pool.create(phone_number_sid=sid)
    assert [n.sid for n in pool.list(page_size=2)] == made[::-1]


def test_a_service_has_one_sender_id(client, service):
    senders = client.messaging.v1.services(service.sid).alpha_senders
    made = senders.create(alpha_sender="Acme")
    assert [a.alpha_sender for a in senders.list()] == ["Acme"]
    assert senders(made.sid).fetch().capabilities == ["SMS"]
    assert_refused(lambda: senders.create(alpha_sender="Acme 2"), 21714, 409)
    assert senders(made.sid).delete()
    assert_refused(lambda: senders.create(alpha_sender="12345"), 20001, 400)


def test_services_of_another_account_are_not_found(sandbox, client, service, pn):
    other = sandbox.account()
    stranger = sandbox.client(other["sid"], other["auth_token"])
    assert stranger.messaging.v1.services.list() == []
    assert_refused(stranger.messaging.v1.services(service.sid).fetch, 20404, 404)
    theirs = stranger.messaging.v1.services.create(friendly_name="Theirs")
    pool = stranger.messaging.v1.services(theirs.sid).phone_numbers
    assert_refused(lambda: pool.create(phone_number_sid=pn), 20404, 404)


def test_a_service_takes_the_texts_of_its_numbers(sandbox, client, service, pn, our_number, phone, receiver, listen):
    listen("/number", sms_fallback_url=receiver.url + "/number-fallback")
    receiver.by_path["/service"] = receiver.by_path["/service-fallback"] = receiver.usual.__class__(500)
    client.messaging.v1.services(service.sid).update(
        inbound_request_url=receiver.url + "/service", fallback_url=receiver.url + "/service-fallback"
    )
    client.messaging.v1.services(service.sid).phone_numbers.create(phone_number_sid=pn)
    sandbox.text(phone, our_number, "to the service")
    assert [r.path for r in receiver.requests] == ["/service", "/service-fallback"]
    assert receiver.requests[0].form["MessagingServiceSid"] == service.sid
    assert receiver.requests[1].form["ErrorUrl"] == receiver.url + "/service"
    client.messaging.v1.services(service.sid).update(use_inbound_webhook_on_number=True)
    assert sandbox.text(phone, our_number, "to the number")["webhook"]["delivered"]
    assert [r.path for r in receiver.requests[2:]] == ["/number"]


def test_a_service_without_an_address_drops_texts_unlisted(sandbox, client, service, pn, our_number, phone, listen):
    listen("/number")
    client.messaging.v1.services(service.sid).phone_numbers.create(phone_number_sid=pn)
    sent = sandbox.text(phone, our_number, "into the void")
    assert sent["webhook"] == {"delivered": False, "attempts": []}
    assert client.messages.list(to=our_number) == []
    assert_refused(client.messages(sent["sid"]).fetch, 20404, 404)


def test_a_control_call_moves_a_number_between_services(sandbox, account, client, pn, our_number):
    sids = [sandbox.control("POST", f"/accounts/{account['sid']}/services", {})["sid"] for _ in range(2)]
    for sid in [*sids, None]:
        sandbox.control("PUT", f"/accounts/{account['sid']}/numbers/{our_number}/service", {"sid": sid})
        held = {s: [n.sid for n in client.messaging.v1.services(s).phone_numbers.list()] for s in sids}
        assert held == {s: [pn] if s == sid else [] for s in sids}
    changed = sandbox.control("PATCH", f"/services/{sids[0]}", {"use_inbound_webhook_on_number": False})
    assert changed["use_inbound_webhook_on_number"] is False
    assert sandbox.control("DELETE", f"/services/{sids[0]}") is None
    assert [s.sid for s in client.messaging.v1.services.list()] == [sids[1]]


def test_a_released_number_leaves_its_service(sandbox, account, client, service, pn, our_number):
    client.messaging.v1.services(service.sid).phone_numbers.create(phone_number_sid=pn)
    sandbox.control("DELETE", f"/accounts/{account['sid']}/numbers/{our_number}")
    assert client.messaging.v1.services(service.sid).phone_numbers.list() == []
