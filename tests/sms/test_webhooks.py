"""Twilio's requests: what is taken, what is refused, and what each answer is."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from pytest_django import DjangoAssertNumQueries

from sms.models import Configuration, Message, RefusedRequest, StatusEvent, WebhookKey
from sms.webhooks import limits, registry, signature
from sms.webhooks.views import EMPTY_TWIML
from tenants import clock, secrets
from tenants.ids import new_id
from tests import factories
from tests.sms import webhook_client
from tests.sms.webhook_client import BASE, path_of, post, text

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _public(settings: object) -> None:
    settings.PUBLIC_BASE_URL = BASE  # type: ignore[attr-defined]
    registry.forget()
    limits.forget()


@pytest.fixture
def configuration(cast: factories.Cast) -> Configuration:
    return cast.configuration


def test_a_signed_text_is_stored_and_answered_with_empty_twiml(configuration: Configuration) -> None:
    response = post(path_of(configuration), text(configuration, Body="Grüße 🙂"))
    assert response.status_code == 200
    assert response.content == EMPTY_TWIML
    assert response["Content-Type"] == "text/xml"
    message = Message.objects.get()
    assert (message.direction, message.state, message.body) == ("in", "received", "Grüße 🙂")
    assert (message.our_address, message.their_address) == (factories.OUR_NUMBER, factories.THEIR_NUMBER)
    assert message.tenant == configuration.tenant


def test_the_same_text_again_is_stored_once(configuration: Configuration) -> None:
    parameters = text(configuration)
    for _ in range(3):
        assert post(path_of(configuration), parameters).status_code == 200
    assert Message.objects.count() == 1


def test_an_accepted_text_costs_one_statement_when_the_caches_are_warm(configuration: Configuration) -> None:
    post(path_of(configuration), text(configuration))
    path, parameters = path_of(configuration), text(configuration)
    Configuration.objects.update(webhook_method="POST")
    registry.find(path.split("/")[3], fresh=True)
    with CaptureQueriesContext(connection) as queries:
        assert post(path, parameters).status_code == 200
    assert [query["sql"].split()[0] for query in queries] == ["INSERT"]


def test_no_rule_runs_before_the_answer(configuration: Configuration, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sms.inbound.process", lambda message: pytest.fail("a rule ran before the answer"))
    assert post(path_of(configuration), text(configuration)).status_code == 200
    assert Message.objects.get().conversation is None


def test_a_request_sets_no_cookie_and_opens_no_session(configuration: Configuration) -> None:
    assert not post(path_of(configuration), text(configuration)).cookies


@pytest.mark.parametrize("given", ["", "bm90IGEgc2lnbmF0dXJl", "ÿ"])
def test_a_missing_or_wrong_signature_is_refused_and_kept_for_diagnosis(
    configuration: Configuration, given: str
) -> None:
    response = post(path_of(configuration), text(configuration), signature=given)
    assert response.status_code == 403
    assert not Message.objects.exists()
    refused = RefusedRequest.objects.get()
    assert refused.signed_url == f"{BASE}{path_of(configuration)}"
    assert refused.reason == ("no_signature" if not given else "bad_signature")


def test_the_newest_refused_requests_are_kept_up_to_a_ceiling(
    configuration: Configuration, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sms.webhooks.refused.KEPT_PER_CONFIGURATION", 2)
    for number in range(4):
        post(path_of(configuration), text(configuration, Body=f"number {number}"), signature="bad")
    kept = RefusedRequest.objects.order_by("created_at", "id")
    assert [b"number+2" in bytes(row.body) or b"number+3" in bytes(row.body) for row in kept] == [True, True]


def test_too_many_unverified_requests_are_told_to_come_later_and_verified_ones_are_not(
    configuration: Configuration, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "BAD_SIGNATURE_PER_KEY", 1)
    assert post(path_of(configuration), text(configuration), signature="bad").status_code == 403
    assert post(path_of(configuration), text(configuration), signature="bad").status_code == 503
    assert post(path_of(configuration), text(configuration)).status_code == 200


def test_both_tokens_verify_and_the_page_can_say_which_did(configuration: Configuration) -> None:
    account = configuration.account
    secrets.seal(account, "secondary_token", "f" * 32)
    account.save()
    assert post(path_of(configuration), text(configuration), token="f" * 32).status_code == 200
    account.refresh_from_db()
    assert account.secondary_seen_at is not None
    assert account.token_seen_at is None


def test_a_replaced_token_goes_when_the_new_one_has_signed(configuration: Configuration) -> None:
    account = configuration.account
    secrets.seal(account, "secondary_token", "f" * 32)
    account.secondary_is_former = True
    account.save()
    assert post(path_of(configuration), text(configuration), token="f" * 32).status_code == 200
    assert post(path_of(configuration), text(configuration)).status_code == 200
    account.refresh_from_db()
    assert secrets.open(account, "secondary_token") == ""
    assert post(path_of(configuration), text(configuration), token="f" * 32).status_code == 403


def test_a_token_changed_a_moment_ago_works_at_once(configuration: Configuration) -> None:
    post(path_of(configuration), text(configuration))
    account = configuration.account
    secrets.seal(account, "auth_token", "e" * 32)
    account.save()
    assert post(path_of(configuration), text(configuration), token="e" * 32).status_code == 200


def test_an_empty_token_never_verifies(configuration: Configuration) -> None:
    account = configuration.account
    account.auth_token_sealed = b""
    account.save()
    assert post(path_of(configuration), text(configuration), token="").status_code == 403


def test_another_accounts_sid_is_refused(configuration: Configuration) -> None:
    response = post(path_of(configuration), text(configuration, AccountSid=f"AC{'9' * 32}"))
    assert response.status_code == 403
    assert RefusedRequest.objects.get().reason == "other_account"
    assert not Message.objects.exists()


@pytest.mark.parametrize("port", ["", ":443"])
def test_the_signature_may_be_over_the_address_with_its_port(configuration: Configuration, port: str) -> None:
    assert post(path_of(configuration), text(configuration), base=f"{BASE}{port}").status_code == 200


def test_a_former_public_address_still_verifies(configuration: Configuration, settings: object) -> None:
    settings.PUBLIC_BASE_URL_ALIASES = ["https://old.example"]  # type: ignore[attr-defined]
    assert post(path_of(configuration), text(configuration), base="https://old.example").status_code == 200


def test_the_hosts_of_the_request_are_never_believed(configuration: Configuration) -> None:
    response = post(
        path_of(configuration),
        text(configuration),
        base="https://evil.example",
        HTTP_HOST="evil.example",
        HTTP_X_FORWARDED_HOST="evil.example",
    )
    assert response.status_code == 403


def test_a_get_with_a_valid_signature_is_taken_and_the_configuration_says_so(configuration: Configuration) -> None:
    from urllib.parse import urlencode

    path, query = path_of(configuration), urlencode(text(configuration, Body="by GET"))
    signed = signature.sign(f"{BASE}{path}?{query}", b"", factories.AUTH_TOKEN)
    response = Client().get(f"{path}?{query}", HTTP_X_TWILIO_SIGNATURE=signed)
    assert response.status_code == 200
    assert Message.objects.get().body == "by GET"
    configuration.refresh_from_db()
    assert configuration.webhook_method == "GET"


@pytest.mark.parametrize("method", ["get", "head"])
def test_a_person_with_a_browser_gets_a_friendly_page(configuration: Configuration, method: str) -> None:
    response = getattr(Client(), method)(path_of(configuration))
    assert response.status_code == 200
    assert not Message.objects.exists()


@pytest.mark.parametrize("method", ["put", "delete", "patch"])
def test_other_methods_are_refused(configuration: Configuration, method: str) -> None:
    assert getattr(Client(), method)(path_of(configuration)).status_code == 405


def test_a_body_that_is_too_large_is_refused_before_it_is_read(configuration: Configuration) -> None:
    assert post(path_of(configuration), b"Body=" + b"a" * 300_000).status_code == 413


def test_too_many_fields_are_refused(configuration: Configuration) -> None:
    body = "&".join(f"x{n}=1" for n in range(500)).encode()
    assert post(path_of(configuration), body).status_code == 400
    assert RefusedRequest.objects.exists()


def test_a_parameter_that_comes_twice_is_refused(configuration: Configuration) -> None:
    from urllib.parse import urlencode

    body = urlencode(text(configuration)).encode() + b"&From=%2B12025550155"
    assert post(path_of(configuration), body).status_code == 400


@pytest.mark.parametrize("key", ["a" * 42, "abc", "2" * 42])
def test_an_unknown_key_is_404(cast: factories.Cast, key: str) -> None:
    assert post(f"/webhooks/twilio/{key}/message", {"MessageSid": "SM"}).status_code == 404


def test_a_key_made_under_another_secret_still_works(configuration: Configuration, settings: object) -> None:
    settings.WEBHOOK_KEY_SECRETS = ["another"]  # type: ignore[attr-defined]
    assert post(path_of(configuration), text(configuration)).status_code == 200


def test_a_deleted_configuration_answers_404(configuration: Configuration) -> None:
    Configuration.objects.update(deleted_at=clock.now())
    assert post(path_of(configuration), text(configuration)).status_code == 404


@pytest.mark.parametrize("what", ["tenant", "configuration", "switch"])
def test_texts_of_the_disabled_are_held_not_lost(configuration: Configuration, what: str) -> None:
    if what == "tenant":
        type(configuration.tenant).objects.filter(pk=configuration.tenant_id).update(enabled=False)
    elif what == "switch":
        type(configuration.tenant).objects.filter(pk=configuration.tenant_id).update(sms_enabled=False)
    else:
        Configuration.objects.update(enabled=False)
    assert post(path_of(configuration), text(configuration)).status_code == 200
    assert Message.objects.get().state == "held"


def test_a_rotated_key_takes_texts_until_its_overlap_ends(configuration: Configuration) -> None:
    path = path_of(configuration)
    WebhookKey.objects.update(retires_at=clock.in_seconds(60))
    assert post(path, text(configuration)).status_code == 200
    WebhookKey.objects.update(retires_at=clock.in_seconds(-60))
    registry.forget()
    assert post(path, text(configuration)).status_code == 404


def test_a_rotated_key_takes_delivery_reports_for_two_weeks_more(configuration: Configuration) -> None:
    WebhookKey.objects.update(retires_at=clock.in_seconds(-60))
    path = path_of(configuration, f"status/{new_id().hex}/1")
    report = {
        "MessageSid": f"SM{'1' * 32}",
        "MessageStatus": "sent",
        "AccountSid": configuration.account.account_sid,
    }
    assert post(path, report).status_code == 200
    assert StatusEvent.objects.get().attempt is None


@pytest.mark.parametrize(
    ("sender", "shown"),
    [
        ("12345", "12345"),
        ("ACME Bank", "ACME Bank"),
        ("whatsapp:+12025550177", "whatsapp:+12025550177"),
        ("+266696687", "+266696687"),
    ],
)
def test_senders_that_are_no_phone_numbers_are_kept_as_they_are(
    configuration: Configuration, sender: str, shown: str
) -> None:
    assert post(path_of(configuration), text(configuration, From=sender)).status_code == 200
    assert Message.objects.get().their_address == shown


def test_all_media_are_listed(configuration: Configuration) -> None:
    media = {f"MediaUrl{n}": f"https://api.twilio.com/2010-04-01/x/{n}" for n in range(10)}
    kinds = {f"MediaContentType{n}": "image/jpeg" for n in range(10)}
    assert post(path_of(configuration), text(configuration, NumMedia="10", **media, **kinds)).status_code == 200
    assert len(Message.objects.get().media) == 10


def test_what_is_longer_than_its_column_does_not_lose_a_text(configuration: Configuration) -> None:
    sender = "rcs:" + "brand" * 20
    parameters = text(configuration, From=sender, NumSegments="999999999", Body="x" * 5000)
    assert post(path_of(configuration), parameters).status_code == 200
    message = Message.objects.get()
    assert sender.startswith(message.their_address)
    assert (message.segments, len(message.body)) == (999, 5000)
    assert b"brand" * 20 in bytes(message.raw)


def test_a_secondary_token_typed_meanwhile_is_not_taken_for_the_former_one(configuration: Configuration) -> None:
    """Another process replaces the token while this one still remembers that a former one is kept."""
    account = configuration.account
    secrets.seal(account, "secondary_token", "f" * 32)
    account.secondary_is_former = True
    account.save()
    registry.find(path_of(configuration).split("/")[3])
    secrets.seal(account, "secondary_token", "e" * 32)
    account.secondary_is_former = False
    account.save()
    assert post(path_of(configuration), text(configuration)).status_code == 200
    account.refresh_from_db()
    assert secrets.open(account, "secondary_token") == "e" * 32


def test_a_refused_get_is_kept_with_its_query(configuration: Configuration) -> None:
    path = path_of(configuration)
    response = Client().get(f"{path}?MessageSid=SM1&Body=x", HTTP_X_TWILIO_SIGNATURE="bad")
    assert response.status_code == 403
    assert RefusedRequest.objects.get().signed_url == f"{BASE}{path}?MessageSid=SM1&Body=x"


def test_nul_bytes_and_broken_utf8_do_not_lose_a_text(configuration: Configuration) -> None:
    from urllib.parse import urlencode

    body = urlencode(text(configuration, Body="a\0b")).encode() + b"&Odd=%ff"
    assert post(path_of(configuration), body).status_code == 200
    message = Message.objects.get()
    assert message.body == "ab"
    assert bytes(message.raw) == body


def test_the_fallback_address_takes_the_text_too(configuration: Configuration) -> None:
    path = path_of(configuration, "fallback")
    assert post(path, text(configuration, ErrorCode="11200", ErrorUrl="https://portal.example")).status_code == 200
    assert Message.objects.count() == 1


def test_the_sandbox_signs_over_the_local_address(configuration: Configuration, settings: object) -> None:
    settings.LOCAL_BASE_URL = "http://127.0.0.1:8000"  # type: ignore[attr-defined]
    account = configuration.account
    account.account_sid = f"AC5a4db0c55a4d{'0' * 20}"
    account.save()
    configuration.refresh_from_db()
    assert post(path_of(configuration), text(configuration), base="http://127.0.0.1:8000").status_code == 200


def test_a_known_key_is_found_without_a_query(
    configuration: Configuration, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    key = path_of(configuration).split("/")[3]
    registry.find(key)
    with django_assert_num_queries(0):
        assert registry.find(key) is not None


def test_webhook_paths_are_answered_by_the_first_middleware(configuration: Configuration) -> None:
    response = webhook_client.post(path_of(configuration), text(configuration))
    assert "X-Request-Id" not in response
    assert Client().get("/webhooks/nothing").status_code == 404
