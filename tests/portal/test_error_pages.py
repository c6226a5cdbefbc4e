"""Pages after an error, and what every page tells browsers: nothing leaks, nothing is kept, nothing foreign runs."""

import json

import pytest
from django.db import InterfaceError, OperationalError
from django.test import Client

from tests import factories
from tests.factories import PASSWORD

pytestmark = pytest.mark.django_db
CANARY = "canary-7f3a"


@pytest.fixture
def visitor(cast):
    client = Client(raise_request_exception=False)
    client.force_login(cast.alice.user)
    return client


def break_dashboard(monkeypatch, error):
    def fail(*args, **kwargs):
        raise error

    monkeypatch.setattr("portal.dashboard.render", fail)


# --- After an error ---


def test_an_error_shows_its_number_and_nothing_else(visitor, monkeypatch):
    break_dashboard(monkeypatch, RuntimeError(CANARY))
    answer = visitor.get("/t/acme/")
    page = answer.content.decode()
    assert answer.status_code == 500
    assert answer["X-Request-Id"] in page
    assert CANARY not in page
    assert "Traceback" not in page
    assert "Alice" not in page
    assert 'id="content"' in page


@pytest.mark.parametrize("trouble", [OperationalError, InterfaceError])
def test_a_database_that_is_away_is_503_and_asks_for_patience(visitor, monkeypatch, trouble):
    break_dashboard(monkeypatch, trouble(CANARY))
    answer = visitor.get("/t/acme/")
    assert (answer.status_code, answer["Retry-After"]) == (503, "5")
    assert CANARY not in answer.content.decode()


def test_the_error_page_needs_no_database(visitor, monkeypatch, django_assert_num_queries):
    from portal import views

    request = type("Broken", (), {"path": "/t/acme/", "request_id": "abc"})()
    with django_assert_num_queries(0):
        assert b"abc" in views.failed(request).content


@pytest.mark.parametrize(("trouble", "status"), [(RuntimeError, 500), (OperationalError, 503)])
def test_a_program_gets_its_error_in_the_shape_of_all_others(cast, monkeypatch, trouble, status):
    from tenants import api_keys, audit

    _, text = api_keys.create(audit.PORTAL, cast.acme, "Billing")

    def fail(*args, **kwargs):
        raise trouble(CANARY)

    monkeypatch.setattr("sms.api.views.keyset.page", fail)
    answer = Client(raise_request_exception=False).get("/api/v1/messages", HTTP_AUTHORIZATION=f"Bearer {text}")
    assert answer.status_code == status
    assert answer["Content-Type"] == "application/problem+json"
    body = json.loads(answer.content)
    assert body["status"] == status
    assert body["code"] == {500: "internal", 503: "unavailable"}[status]
    assert CANARY not in str(body)


def test_a_page_that_is_not_there_names_no_other(visitor):
    answer = visitor.get(f"/t/acme/{CANARY}-nothing/")
    assert answer.status_code == 404
    assert "URLconf" not in answer.content.decode()


def test_a_refused_page_says_why_in_plain_words(cast, client):
    client.force_login(cast.bob.user)
    answer = client.get("/t/acme/members/")
    assert answer.status_code == 403
    assert "Your role does not include this" in answer.content.decode()


def test_a_form_without_its_token_is_refused(cast):
    client = Client(enforce_csrf_checks=True)
    client.force_login(cast.alice.user)
    answer = client.post("/t/acme/company/", {"name": "Stolen"})
    assert answer.status_code == 403
    cast.acme.refresh_from_db()
    assert cast.acme.name == "Acme"


# --- What every page tells browsers ---

PAGES = ["/account/login/", "/t/acme/", "/t/acme/conversations/", "/t/acme/nothing/", "/account/", "/t/acme/members/"]


@pytest.mark.parametrize("path", PAGES)
def test_a_page_carries_strict_headers(visitor, path):
    answer = visitor.get(path)
    policy = answer["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["X-Frame-Options"] == "DENY"
    assert answer["Referrer-Policy"] == "same-origin"
    assert answer["Cross-Origin-Opener-Policy"] == "same-origin"
    assert "no-store" in answer["Cache-Control"]
    assert "Server" not in answer
    assert "X-Powered-By" not in answer


def test_what_the_api_answers_is_kept_by_nobody(cast):
    from tenants import api_keys, audit

    _, text = api_keys.create(audit.PORTAL, cast.acme, "Billing")
    answer = Client().get("/api/v1/messages", HTTP_AUTHORIZATION=f"Bearer {text}")
    assert answer.status_code == 200
    assert "no-store" in answer["Cache-Control"]
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert not answer.cookies


def test_static_files_may_be_kept(client):
    answer = client.get("/static/js/page.js")
    answer.close()
    assert answer.status_code == 200
    assert "no-store" not in answer.get("Cache-Control", "")


# --- Sessions ---


def sign_in(client, email, **more):
    return client.post("/account/login/", {"login": email, "password": PASSWORD, **more})


def test_a_session_gets_a_new_name_at_sign_in(cast, client):
    """What a stranger planted before is worthless afterwards."""
    client.get("/account/login/?next=/t/acme/")
    session = client.session
    session["planted"] = True
    session.save()
    before = session.session_key
    client.cookies["session"] = before
    sign_in(client, cast.alice.user.email)
    assert client.session.session_key not in (None, before)
    stranger = Client()
    stranger.cookies["session"] = before
    assert stranger.get("/t/acme/").status_code == 302


def test_signing_out_ends_the_session_at_the_server(cast, client):
    sign_in(client, cast.alice.user.email)
    key = client.session.session_key
    client.post("/account/logout/")
    thief = Client()
    thief.cookies["session"] = key
    assert thief.get("/t/acme/").status_code == 302


def test_a_new_password_ends_the_other_sessions(cast, client):
    sign_in(client, cast.alice.user.email)
    other = Client()
    sign_in(other, cast.alice.user.email)
    changed = {"oldpassword": PASSWORD, "password1": "four green river stones", "password2": "four green river stones"}
    assert other.post("/account/password/change/", changed).status_code == 302
    assert client.get("/t/acme/").status_code == 302
    assert other.get("/t/acme/").status_code == 200


def test_a_person_who_is_switched_off_is_out_at_once(cast, client):
    sign_in(client, cast.alice.user.email)
    assert client.get("/t/acme/").status_code == 200
    type(cast.alice.user).objects.filter(pk=cast.alice.user.pk).update(is_active=False)
    assert client.get("/t/acme/").status_code == 302


@pytest.mark.parametrize(
    "elsewhere", ["https://evil.example/", "//evil.example/", "/\\evil.example", "javascript:alert(1)", "http:evil"]
)
def test_signing_in_leads_nowhere_else(cast, client, elsewhere):
    answer = sign_in(client, cast.alice.user.email, next=elsewhere)
    assert answer.status_code == 302
    assert "evil" not in answer.url
    assert "javascript" not in answer.url


def test_the_session_cookie_is_for_this_site_and_no_script(cast, client):
    sign_in(client, cast.alice.user.email)
    cookie = client.cookies["session"]
    assert cookie["httponly"]
    assert cookie["samesite"] == "Lax"
    assert cookie["path"] == "/"
    assert not cookie["domain"]


def test_wrong_and_unknown_sign_ins_look_alike(cast):
    wrong = Client().post("/account/login/", {"login": cast.alice.user.email, "password": "wrong"})
    unknown = Client().post("/account/login/", {"login": "nobody@acme.example", "password": "wrong"})
    assert wrong.status_code == unknown.status_code == 200
    assert wrong.context["form"].errors == unknown.context["form"].errors


# --- Files ---


def test_mails_in_the_data_folder_are_for_their_owner_only(settings, tmp_path):
    from django.core.mail import EmailMessage

    from tenants.mail import FolderBackend

    settings.VAR_DIR = tmp_path
    FolderBackend().send_messages([EmailMessage("Hello", "https://portal.example/invitation/x/", to=["a@b.example"])])
    folder = tmp_path / "mail"
    (mail,) = folder.iterdir()
    assert folder.stat().st_mode & 0o777 == 0o700
    assert mail.stat().st_mode & 0o777 == 0o600
    assert "invitation" in mail.read_text()


def test_a_webhook_page_for_people_runs_nothing(cast):
    from tests.sms.webhook_client import path_of

    page = Client().get(path_of(cast.configuration)).content.decode()
    assert "<script" not in page
    assert factories.AUTH_TOKEN not in page
