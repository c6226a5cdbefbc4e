"""Texts from +1 to +1 while US networks do not know the sender: warned of, and refused where the tenant chose so."""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from sms import outbound
from sms.composing import registration
from sms.models import Message, TwilioNumber, TwilioService
from sms.models.mirror import NumberKind, Registration
from sms.trying import tryout
from tenants import api_keys, audit
from tenants.models import AuditEntry
from tests import factories
from tests.factories import OUR_NUMBER, OUR_SECOND_NUMBER, THEIR_NUMBER
from tests.sms.conftest import let_send

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("hinted")]
TOLL_FREE = "+18885550100"
SERVICE = "MG" + "1" * 32


@pytest.fixture
def cast(cast: factories.Cast) -> factories.Cast:
    let_send(cast)
    return cast


def at_twilio(cast: factories.Cast, state: str, e164: str = OUR_NUMBER, **fields: Any) -> TwilioNumber:
    given = {"sid": f"PN{e164[1:]:0>32}", "kind": NumberKind.LOCAL, "registration": state} | fields
    return TwilioNumber.objects.create(account=cast.account, e164=e164, **given)


def state_of(cast: factories.Cast, sender: str = OUR_NUMBER, to: str = THEIR_NUMBER) -> str | None:
    on_way = registration.of_way(cast.configuration, sender, to)
    thread = factories.make_conversation(cast.acme, sender, to)
    assert registration.of_thread(registration.with_state(cast.acme.conversations).get(pk=thread.pk)) == on_way
    thread.delete()
    return on_way.state if on_way else None


def send(cast: factories.Cast, **wanted: Any) -> Message:
    return outbound.send(audit.PORTAL, cast.acme, to=THEIR_NUMBER, body="Hello", **wanted)


# --- What is known ---


@pytest.mark.parametrize("state", list(Registration))
def test_a_number_is_judged_by_what_twilio_said_of_it(cast, state):
    at_twilio(cast, state)
    assert state_of(cast) == (None if state in ("registered", "not_needed") else state)


def test_a_number_that_was_never_read_or_is_gone_is_unknown(cast):
    assert state_of(cast) == Registration.UNKNOWN
    at_twilio(cast, "registered", gone_at=cast.acme.created_at)
    assert state_of(cast) == Registration.UNKNOWN


def test_another_accounts_number_says_nothing(cast):
    other = factories.make_account(cast.globex)
    TwilioNumber.objects.create(account=other, e164=OUR_NUMBER, sid="PN" + "1" * 32, registration="registered")
    assert state_of(cast) == Registration.UNKNOWN


@pytest.mark.parametrize(
    ("sender", "to"), [(OUR_NUMBER, "+4930123456"), ("+4930123456", THEIR_NUMBER), ("24273", THEIR_NUMBER)]
)
def test_only_plus_one_to_plus_one_is_asked_about(cast, sender, to, django_assert_num_queries):
    assert state_of(cast, sender, to) is None
    with django_assert_num_queries(0):
        registration.of_way(cast.configuration, sender, to)


@pytest.mark.parametrize(("state", "found"), [("", None), ("registered", None), ("missing", "missing")])
def test_toll_free_numbers_are_judged_apart(cast, state, found):
    at_twilio(cast, state, TOLL_FREE, kind=NumberKind.TOLL_FREE)
    assert state_of(cast, TOLL_FREE) == found
    if found:
        assert "toll-free" in str(registration.of_way(cast.configuration, TOLL_FREE, THEIR_NUMBER).text)


@pytest.mark.parametrize(("state", "found"), [("registered", None), ("failed", "failed"), ("", "")])
def test_a_messaging_service_is_judged_by_its_campaign(cast, state, found):
    service = TwilioService.objects.create(account=cast.account, sid=SERVICE, registration=state)
    assert state_of(cast, SERVICE) == found
    at_twilio(cast, "", service=service)
    assert state_of(cast) == found  # a number of the service, of which nothing else is known


# --- Sending ---


def test_a_text_goes_unless_the_tenant_refuses_it(cast):
    at_twilio(cast, "missing")
    assert send(cast).state == "queued"
    cast.acme.registered_us_only = True
    cast.acme.save()
    with pytest.raises(outbound.NotRegistered) as refused:
        send(cast)
    assert (refused.value.code, refused.value.may_go) == ("not_registered", False)
    assert "A2P 10DLC" in str(refused.value)
    assert cast.acme.messages.count() == 1
    TwilioNumber.objects.update(registration="registered")
    assert send(cast).state == "queued"


def test_what_nobody_knows_is_refused_too_where_the_tenant_chose_so(cast):
    cast.acme.registered_us_only = True
    cast.acme.save()
    with pytest.raises(outbound.NotRegistered):
        send(cast)


def test_the_sender_that_is_chosen_counts_not_another(cast):
    cast.acme.registered_us_only = True
    cast.acme.save()
    at_twilio(cast, "missing")
    at_twilio(cast, "registered", OUR_SECOND_NUMBER)
    assert send(cast, sender=OUR_SECOND_NUMBER).our_address == OUR_SECOND_NUMBER
    with pytest.raises(outbound.NotRegistered):
        send(cast, sender=OUR_NUMBER)


def test_sending_costs_one_query_more_at_most(cast):
    at_twilio(cast, "registered")
    send(cast)
    counts = []
    for chosen in (False, True):
        cast.acme.registered_us_only = chosen
        with CaptureQueriesContext(connection) as captured:
            send(cast)
        counts.append(len(captured))
    assert counts[1] == counts[0] + 1


def test_a_program_is_told_in_problem_details(cast, client):
    cast.acme.registered_us_only = True
    cast.acme.save()
    at_twilio(cast, "missing")
    _, key = api_keys.create(audit.PORTAL, cast.acme, "Billing")
    answer = client.post(
        "/api/v1/messages",
        {"to": THEIR_NUMBER, "body": "Hello"},
        content_type="application/json",
        headers={"Authorization": f"Bearer {key}"},
    )
    assert (answer.status_code, answer.json()["code"]) == (422, "not_registered")
    assert "A2P 10DLC" in answer.json()["title"]


# --- The pages ---


def write(client, **fields):
    given = {"to": THEIR_NUMBER, "body": "Hello", "once": "1" * 32}
    return client.post(reverse("sms:conversation_new", args=["acme"]), given | fields)


def test_a_new_text_asks_before_it_goes(cast, client):
    client.force_login(cast.alice.user)
    at_twilio(cast, "missing")
    answer = write(client)
    assert answer.status_code == 200
    html = answer.content.decode()
    assert "they block its texts" in html
    assert "Send anyway" in html
    assert 'name="anyway"' in html
    assert not cast.acme.messages.exists()
    assert write(client, anyway="1").status_code == 302
    assert cast.acme.messages.count() == 1


def test_a_company_that_refuses_such_texts_offers_no_way_round(cast, client):
    client.force_login(cast.alice.user)
    cast.acme.registered_us_only = True
    cast.acme.save()
    at_twilio(cast, "missing")
    html = write(client, anyway="1").content.decode()
    assert "Your company sends no such texts." in html
    assert 'name="anyway"' not in html
    assert not cast.acme.messages.exists()


def test_what_nobody_knows_warns_and_does_not_stop(cast, client):
    client.force_login(cast.alice.user)
    assert write(client).status_code == 302


def way(client, **fields):
    return client.post(reverse("sms:conversation_way", args=["acme"]), {"to": THEIR_NUMBER, "body": ""} | fields)


def test_the_form_says_beforehand_from_where_a_text_goes(cast, client):
    client.force_login(cast.alice.user)
    at_twilio(cast, "missing")
    at_twilio(cast, "registered", OUR_SECOND_NUMBER)
    html = way(client).content.decode()
    assert "Goes from +1 202-555-0101 by “Main”." in html
    assert "they block its texts" in html
    assert "they block its texts" not in way(client, sender=OUR_SECOND_NUMBER).content.decode()
    assert "alert" not in way(client, to="").content.decode()
    assert not cast.acme.messages.exists()


def test_a_conversation_warns_whoever_may_write(cast, client):
    thread = factories.make_conversation(cast.acme, OUR_NUMBER, THEIR_NUMBER)
    url = reverse("sms:conversation_detail", args=["acme", thread.pk])
    at_twilio(cast, "pending")
    client.force_login(cast.alice.user)
    assert b"is under way" in client.get(url).content
    client.force_login(cast.vera.user)
    assert b"is under way" not in client.get(url).content
    TwilioNumber.objects.update(registration="registered")
    client.force_login(cast.alice.user)
    assert b"is under way" not in client.get(url).content


def test_the_page_of_a_text_explains_it(cast, client):
    client.force_login(cast.alice.user)
    text = send(cast)
    url = reverse("sms:message_detail", args=["acme", text.pk])
    assert b"US networks may not carry it" in client.get(url).content
    at_twilio(cast, "registered")
    assert b"US networks may not carry it" not in client.get(url).content


def test_trying_out_says_what_would_happen(cast):
    at_twilio(cast, "missing")
    tried = {"to": THEIR_NUMBER, "body": "Hello", "member": cast.alice}
    assert any("they block" in told for told in tryout.try_outbound(cast.acme, **tried).warnings)
    cast.acme.registered_us_only = True
    warnings = tryout.try_outbound(cast.acme, **tried).warnings
    assert any(told.startswith("The text would be refused") for told in warnings)


def test_the_company_chooses_and_the_choice_is_in_the_log(cast, client):
    client.force_login(cast.alice.user)
    url = reverse("tenants:company", args=["acme"])
    form = client.get(url).context["form"]
    values = {name: value for name in form.fields if (value := form[name].value()) not in (None, False)}
    assert client.post(url, values | {"registered_us_only": "on"}).status_code == 302
    cast.acme.refresh_from_db()
    assert cast.acme.registered_us_only
    entry = AuditEntry.objects.filter(tenant=cast.acme, action="tenants.tenant.changed").latest("occurred_at")
    assert "registered_us_only" in entry.changes
