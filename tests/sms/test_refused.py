"""Genuine requests that were refused because of a wrong Auth Token are taken once the right one is stored."""

from urllib.parse import urlencode

import pytest
from django.test import Client

from sms import callbacks
from sms.models import Message, RefusedRequest, StatusEvent
from sms.setup import credentials
from sms.webhooks import limits, refused, registry, signature
from tenants import audit, clock
from tenants.ids import new_id
from tests.sms.webhook_client import BASE, be_patient, path_of, post, text

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("hinted")]

RIGHT = "e" * 32


@pytest.fixture(autouse=True)
def _public(settings):
    settings.PUBLIC_BASE_URL = BASE
    registry.forget()
    limits.forget()


def store_token(cast, token):
    cast.account.refresh_from_db()
    credentials.replace_token(audit.PORTAL, cast.account, token)


def test_a_new_auth_token_takes_what_it_explains(cast):
    path = path_of(cast.configuration)
    assert post(path, text(cast.configuration, Body="genuine"), token=RIGHT).status_code == 403
    assert post(path, text(cast.configuration, Body="forged"), token="f" * 32).status_code == 403
    came_at = RefusedRequest.objects.latest("-created_at").created_at
    store_token(cast, RIGHT)
    message = Message.objects.get()
    assert (message.body, message.occurred_at) == ("genuine", came_at)
    assert [bytes(row.body).count(b"forged") for row in RefusedRequest.objects.all()] == [1]


def test_reports_and_requests_by_get_are_taken_too(cast):
    account = cast.account
    report = {"MessageSid": f"SM{'1' * 32}", "MessageStatus": "sent", "AccountSid": account.account_sid}
    assert post(path_of(cast.configuration, f"status/{new_id().hex}/1"), report, token=RIGHT).status_code == 403
    path, query = path_of(cast.configuration), urlencode(text(cast.configuration, Body="by GET " + "x" * 900))
    signed = signature.sign(f"{BASE}{path}?{query}", b"", RIGHT)
    assert Client().get(f"{path}?{query}", HTTP_X_TWILIO_SIGNATURE=signed).status_code == 403
    be_patient()
    store_token(cast, RIGHT)
    assert Message.objects.get().body.startswith("by GET")
    assert StatusEvent.objects.get().status == "sent"
    assert callbacks.has_due()
    assert not RefusedRequest.objects.exists()


def test_what_twilio_delivered_another_way_is_not_stored_again(cast):
    parameters = text(cast.configuration)
    post(path_of(cast.configuration), parameters, token=RIGHT)
    post(path_of(cast.configuration, "fallback"), parameters, token=RIGHT)
    store_token(cast, RIGHT)
    assert Message.objects.count() == 1
    assert not RefusedRequest.objects.exists()
    assert refused.take_genuine(cast.account.pk) == 0


def test_a_change_of_something_else_takes_nothing(cast, monkeypatch):
    monkeypatch.setattr(refused, "take_genuine", lambda account: pytest.fail("looked without need"))
    credentials.save(audit.PORTAL, credentials.prepare(cast.acme, credentials.Typed(cast.account.account_sid, edge="")))


def test_what_is_too_large_to_be_kept_whole_stays_refused(cast):
    parameters = text(cast.configuration, Body="x" * 100_000)
    assert post(path_of(cast.configuration), parameters, token=RIGHT).status_code == 403
    store_token(cast, RIGHT)
    assert not Message.objects.exists()
    row = RefusedRequest.objects.get()
    assert len(row.body) < 100_000


def test_another_accounts_configurations_are_left_alone(cast):
    post(path_of(cast.configuration), text(cast.configuration), token=RIGHT)
    assert refused.take_genuine(new_id()) == 0
    assert RefusedRequest.objects.get().created_at <= clock.now()
