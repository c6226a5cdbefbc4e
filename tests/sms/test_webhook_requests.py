"""The last requests of a webhook: what is kept of them, who sees what, and trying them again."""

from urllib.parse import urlencode

import pytest
from django.test import Client
from django.urls import reverse

from sms import callbacks, inbound
from sms.models import Delivery, Message, RefusedRequest
from sms.showing import refusals, webhook_requests
from sms.showing.webhook_requests import Asked, Looks
from sms.webhooks import limits, registry, signature
from tenants import clock, secrets
from tenants.models import AuditEntry
from tests import factories
from tests.factories import OUR_NUMBER, THEIR_NUMBER
from tests.sms.test_inbound import rules
from tests.sms.test_plans import plans_of, reads_whole
from tests.sms.test_query_ceilings import assert_flat
from tests.sms.webhook_client import BASE, be_patient, path_of, post, text

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("hinted")]


@pytest.fixture(autouse=True)
def _public(settings):
    settings.PUBLIC_BASE_URL = BASE
    registry.forget()
    limits.forget()
    be_patient()


def test_the_address_that_was_signed_is_kept_with_the_text(cast, settings):
    settings.PUBLIC_BASE_URL_ALIASES = ["https://old.example"]
    path = path_of(cast.configuration)
    for base in (BASE, "https://old.example:443"):
        assert post(path, text(cast.configuration), base=base).status_code == 200
    found = Message.objects.order_by("created_at").values_list("signed_url", flat=True)
    assert list(found) == [f"{BASE}{path}", f"https://old.example:443{path}"]


def test_of_a_query_only_the_mark_is_kept(cast):
    path, query = path_of(cast.configuration), urlencode(text(cast.configuration, Body="private"))
    token = registry.find(path.split("/")[3]).tokens[0]
    signed = signature.sign(f"{BASE}{path}?{query}", b"", token)
    assert Client().get(f"{path}?{query}", HTTP_X_TWILIO_SIGNATURE=signed).status_code == 200
    assert Message.objects.get().signed_url == f"{BASE}{path}?"


# --- The page ---


def page_of(client, cast, **query):
    return client.get(reverse("sms:webhook_request_list", args=["acme", cast.configuration.pk]), query)


def entries(client, cast, **query):
    return page_of(client, cast, **query).context["rows"]


def take(cast, count=1, **fields):
    """Let texts arrive and be worked on; returns them, oldest first."""
    for _ in range(count):
        assert post(path_of(cast.configuration), text(cast.configuration, **fields)).status_code == 200
    inbound.work()
    return list(Message.objects.filter(direction="in").order_by("occurred_at", "id"))


def refuse(cast, **fields):
    assert post(path_of(cast.configuration), text(cast.configuration, **fields), token="f" * 32).status_code == 403
    return RefusedRequest.objects.latest("created_at", "id")


def report(cast, status="delivered"):
    """Let Twilio report on a text that was sent."""
    message = Message.objects.create(
        tenant=cast.acme,
        direction="out",
        configuration=cast.configuration,
        our_address=OUR_NUMBER,
        their_address=THEIR_NUMBER,
        state="accepted",
        attempt_count=1,
    )
    sid = f"SM{message.id.hex}"
    account_sid = cast.account.account_sid
    message.attempts.create(
        tenant=cast.acme,
        number=1,
        configuration=cast.configuration,
        sender=OUR_NUMBER,
        account_sid=account_sid,
        provider_sid=sid,
    )
    told = {"MessageSid": sid, "MessageStatus": status, "AccountSid": account_sid}
    told |= {"To": THEIR_NUMBER, "From": OUR_NUMBER}
    path = path_of(cast.configuration, f"status/{message.id.hex}/1")
    assert post(path, told).status_code == 200
    callbacks.apply_due()
    return message


def test_every_kind_of_request_stands_there_newest_first(cast, client):
    client.force_login(cast.alice.user)
    assert b"No requests yet" in page_of(client, cast).content
    take(cast, Body="Hello there")
    report(cast)
    post(path_of(cast.configuration, "fallback"), text(cast.configuration))
    refuse(cast)
    rows = entries(client, cast)
    assert [(row.kind, row.title) for row in rows] == [
        ("message", "Refused"),
        ("fallback", "Taken"),
        ("status", "Taken"),
        ("message", "Taken"),
    ]
    assert rows[2].fate == "Applied: Delivered."
    assert ("Body", "Hello there") in rows[3].parameters
    assert [row.kind for row in entries(client, cast, kind="status")] == ["status"]
    assert [row.title for row in entries(client, cast, outcome="refused")] == ["Refused"]
    assert [row.kind for row in entries(client, cast, kind="fallback")] == ["fallback"]


def test_a_request_is_found_by_its_sid(cast, client):
    client.force_login(cast.alice.user)
    texts = take(cast, 2)
    wanted = refuse(cast, MessageSid="SM" + "7" * 32)
    assert [row.id for row in entries(client, cast, q=texts[0].provider_sid)] == [texts[0].pk]
    assert [row.id for row in entries(client, cast, q="SM" + "7" * 32)] == [wanted.pk]
    sent = report(cast)
    assert [row.kind for row in entries(client, cast, q=f"SM{sent.id.hex}")] == ["status"]
    assert entries(client, cast, q="SM%'") != []  # no SID: nothing is narrowed


def test_the_key_and_other_accounts_are_hidden_from_everybody(cast, client):
    client.force_login(cast.alice.user)
    take(cast, MediaUrl0=f"https://api.twilio.com/Accounts/AC{'b' * 32}/x", NumMedia="1")
    refuse(cast, ErrorUrl=f"{BASE}{path_of(cast.configuration)}")
    html = page_of(client, cast).content.decode()
    key = cast.configuration.webhook_keys.get().key
    assert key not in html
    assert f"{BASE}/webhooks/twilio/…{key[-4:]}/message" in html
    assert "AC" + "b" * 32 not in html
    assert cast.account.account_sid in html  # the tenant's own


def test_the_operators_account_is_hidden_from_the_tenant(cast, client):
    cast.account.tenant = None
    cast.account.save()
    registry.forget()
    take(cast)
    refuse(cast)
    client.force_login(cast.alice.user)
    html = page_of(client, cast).content.decode()
    assert cast.account.account_sid not in html
    assert f"AC…{cast.account.account_sid[-4:]}" in html


def test_a_viewer_sees_neither_numbers_nor_texts(cast, client):
    take(cast, Body="The keys are under the mat", FromCity="Springfield", ProfileName="Homer")
    report(cast)
    refuse(cast, Body="The keys are under the mat")
    client.force_login(cast.vera.user)
    html = page_of(client, cast).content.decode()
    for hidden in ("mat", "Springfield", "Homer", THEIR_NUMBER):
        assert hidden not in html
    assert OUR_NUMBER in html
    assert "hidden, 26 characters" in html
    assert "/replay/" not in html
    assert "/check/" not in html
    client.force_login(cast.alice.user)
    assert "under the mat" in page_of(client, cast).content.decode()


def test_a_request_by_get_hides_what_stands_in_its_address(cast, client):
    path, query = path_of(cast.configuration), urlencode(text(cast.configuration, Body="private"))
    assert Client().get(f"{path}?{query}", HTTP_X_TWILIO_SIGNATURE="x").status_code == 403
    be_patient()
    client.force_login(cast.vera.user)
    (row,) = entries(client, cast)
    assert (row.method, row.url.partition("?")[2]) == ("GET", "…")
    assert "private" not in page_of(client, cast).content.decode()


# --- Refused ones ---


def test_a_refused_request_shows_what_was_checked_and_why(cast, client, settings):
    settings.PUBLIC_BASE_URL_ALIASES = ["https://old.example"]
    client.force_login(cast.alice.user)
    refuse(cast)
    (row,) = entries(client, cast)
    key = cast.configuration.webhook_keys.get().key
    assert [url.partition("/webhooks")[0] for url in row.tried] == [
        *("https://portal.example", "https://portal.example:443", "https://old.example", "https://old.example:443")
    ]
    assert row.url == f"{BASE}/webhooks/twilio/…{key[-4:]}/message"
    assert row.signature
    assert (row.fate, row.cause) == (
        "The signature does not fit.",
        "Most likely the Auth Token was changed at Twilio. Enter the new one.",
    )


def test_a_proxy_that_changes_the_scheme_is_named(cast, client):
    client.force_login(cast.alice.user)
    assert post(path_of(cast.configuration), text(cast.configuration), base="http://portal.example").status_code == 403
    assert "http://portal.example" in entries(client, cast)[0].cause


def test_every_reason_of_a_refusal_has_words(cast, client):
    client.force_login(cast.alice.user)
    row = refuse(cast)
    for reason in refusals._REASONS:
        RefusedRequest.objects.filter(pk=row.pk).update(reason=reason)
        (entry,) = entries(client, cast)
        assert entry.fate == str(refusals._REASONS[reason])
        assert entry.cause


def check(client, cast, row):
    return client.post(reverse("sms:webhook_request_check", args=["acme", cast.configuration.pk, row.pk]), follow=True)


def test_a_refused_request_is_taken_once_a_token_explains_it(cast, client):
    client.force_login(cast.alice.user)
    row = refuse(cast, Body="genuine")
    assert b"It still does not fit" in check(client, cast, row).content
    assert not Message.objects.exists()
    secrets.seal(cast.account, "auth_token", "f" * 32)
    cast.account.save()
    assert "By now a token fits it" in entries(client, cast)[0].cause
    assert b"It fits now" in check(client, cast, row).content
    assert Message.objects.get().body == "genuine"
    assert not RefusedRequest.objects.exists()
    assert AuditEntry.objects.filter(action="sms.webhook.request_taken", tenant=cast.acme).exists()
    assert check(client, cast, row).status_code == 404


# --- Taken ones that went nowhere ---


def replay(client, cast, message):
    url = reverse("sms:webhook_request_replay", args=["acme", cast.configuration.pk, message.pk])
    return client.post(url, follow=True)


def test_a_text_that_no_rule_took_is_routed_once_one_fits(cast, client):
    client.force_login(cast.alice.user)
    (message,) = take(cast)
    (row,) = entries(client, cast)
    assert (row.again, row.fate) == ("route", "Stored. No inbound rule fits it.")
    assert b"There is nothing to try again" in replay(client, cast, message).content
    rules(cast.acme, {"targets": [{"kind": "member", "id": cast.bob.id.hex, "label": "Bob"}]})
    assert b"It is tried again now" in replay(client, cast, message).content
    message.refresh_from_db()
    assert message.state == "routed"
    assert entries(client, cast)[0].again == ""


def test_a_text_that_could_not_be_worked_on_is_due_at_once(cast, client, monkeypatch):
    client.force_login(cast.alice.user)
    with monkeypatch.context() as broken:
        broken.setattr(inbound, "process", lambda message: 1 / 0)
        (message,) = take(cast)
    assert entries(client, cast)[0].again == "process"
    assert message.due_at > clock.now()
    replay(client, cast, message)
    inbound.work()
    message.refresh_from_db()
    assert message.state == "unrouted"


def test_a_delivery_that_was_given_up_starts_anew(cast, client):
    client.force_login(cast.alice.user)
    (message,) = take(cast)
    Message.objects.update(state="routed")
    lost = Delivery.objects.create(tenant=cast.acme, message=message, position=0, kind="email", state="exhausted")
    assert entries(client, cast)[0].again == "deliver"
    assert b"It is tried again now" in replay(client, cast, message).content
    lost.refresh_from_db()
    assert lost.state == "pending"


# --- Bounds ---


def test_pages_go_back_in_time_without_gaps(cast, client, monkeypatch):
    monkeypatch.setattr(webhook_requests, "SIZE", 2)
    client.force_login(cast.alice.user)
    take(cast, 3)
    refuse(cast)
    report(cast)
    whole, url = [], reverse("sms:webhook_request_list", args=["acme", cast.configuration.pk])
    while url:
        answer = client.get(url)
        assert len(answer.context["rows"]) <= 2
        whole += [row.id for row in answer.context["rows"]]
        url = answer.context["older_url"]
    monkeypatch.setattr(webhook_requests, "SIZE", 25)
    assert whole == [row.id for row in entries(client, cast)]
    assert len(set(whole)) == 5


def test_only_the_newest_texts_of_the_tenant_are_looked_through(cast, client, monkeypatch):
    client.force_login(cast.alice.user)
    texts = take(cast, 4)
    monkeypatch.setattr(webhook_requests, "LOOKED_THROUGH", 2)
    assert [row.id for row in entries(client, cast)] == [text.pk for text in texts[:1:-1]]


def test_the_page_costs_few_queries_however_much_came(cast, client):
    client.force_login(cast.alice.user)
    take(cast)
    report(cast)
    refuse(cast)
    url = reverse("sms:webhook_request_list", args=["acme", cast.configuration.pk])

    def more():
        take(cast, 20)
        for _ in range(20):
            report(cast)
            refuse(cast)

    assert_flat(client, url, more)


@pytest.mark.parametrize("asked", [{}, {"sid": f"SM{'1' * 32}"}])
def test_no_whole_table_is_read_for_it(cast, asked):
    take(cast)
    report(cast)
    refuse(cast)
    plans = plans_of(lambda: webhook_requests.page(Looks(cast.configuration, is_unmasked=True), Asked(**asked)))
    assert plans
    for plan in plans:
        assert not any(reads_whole(plan, f"sms_{name}") for name in ("message", "attempt", "statusevent")), plan


def test_another_configurations_requests_are_not_shown(cast, client):
    client.force_login(cast.alice.user)
    other = factories.make_configuration(cast.acme, factories.make_trunk("Second"), factories.make_account(cast.acme))
    assert post(path_of(other), text(other)).status_code == 200
    row = refuse(cast)
    assert [entry.id for entry in entries(client, cast)] == [row.pk]
    wrong = reverse("sms:webhook_request_check", args=["acme", other.pk, row.pk])
    assert client.post(wrong).status_code == 404
