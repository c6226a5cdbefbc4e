"""The short path for webhooks: nothing of the site before it, a brief wait for the database, no trace of an error."""

import sqlite3
import threading

import pytest
from django.conf import settings as configured
from django.db import OperationalError, connection
from django.db.utils import DataError, InterfaceError
from django.test import Client, RequestFactory

from portal import webhook_path
from sms.models import Message
from sms.webhooks import limits, outage, patience, registry, spool
from sms.webhooks.views import EMPTY_TWIML
from tenants.secrets import SecretError
from tests.conftest import ON_POSTGRES
from tests.sms.webhook_client import BASE, path_of, post, text


@pytest.fixture(autouse=True)
def _public(settings, tmp_path):
    settings.PUBLIC_BASE_URL = BASE
    settings.VAR_DIR = tmp_path
    registry.forget()
    limits.forget()
    outage.over()
    yield
    outage.over()


# --- Whatever goes wrong ---


@pytest.mark.django_db
@pytest.mark.parametrize("trouble", [OperationalError, InterfaceError, DataError, SecretError])
def test_a_text_that_the_database_does_not_take_is_kept_on_disk(cast, monkeypatch, trouble):
    def fail(*args, **kwargs):
        raise trouble("canary: connection to +12025550199 lost")

    monkeypatch.setattr("sms.inbound._insert_once", fail)
    answer = post(path_of(cast.configuration), text(cast.configuration))
    assert (answer.status_code, answer.content) == (200, EMPTY_TWIML)
    assert spool.state().files == 1


@pytest.mark.django_db
def test_twilio_is_asked_to_try_again_when_neither_database_nor_disk_take_a_text(cast, monkeypatch, settings, tmp_path):
    def fail(*args, **kwargs):
        raise OperationalError("canary: connection to +12025550199 lost")

    (tmp_path / "a file").touch()
    settings.VAR_DIR = tmp_path / "a file"
    monkeypatch.setattr("sms.inbound._insert_once", fail)
    answer = post(path_of(cast.configuration), text(cast.configuration))
    assert (answer.status_code, answer.content) == (503, b"Not available now. Try again.")


@pytest.mark.django_db
def test_an_error_of_ours_shows_no_trace_even_while_developing(cast, monkeypatch, settings):
    settings.DEBUG = True
    monkeypatch.setattr("sms.inbound.accept", lambda *args, **kwargs: {}["canary"])
    answer = post(path_of(cast.configuration), text(cast.configuration))
    assert answer.status_code == 500
    assert answer.content == b"This went wrong. Try again."
    assert not Message.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize(
    "key", ["%00" * 42, "%ff" * 42, "ÿ" * 42, "a" * 5000, "..%2f..", "A" * 42, "a%0d%0aSet-Cookie:x=1"]
)
def test_a_key_that_can_be_none_is_404_and_asks_no_database(key, django_assert_num_queries):
    with django_assert_num_queries(0):
        assert post(f"/webhooks/twilio/{key}/message", b"Body=x", signature="x").status_code == 404


@pytest.mark.django_db
@pytest.mark.parametrize("length", ["²", "-1", "x", "9" * 30])
def test_a_length_that_is_none_is_refused(cast, length):
    answer = Client().generic("POST", path_of(cast.configuration), b"Body=x", CONTENT_LENGTH=length)
    assert answer.status_code == 413


@pytest.mark.django_db
def test_a_report_with_a_number_beyond_all_attempts_is_no_error(cast):
    path = path_of(cast.configuration, f"status/{'0' * 32}/{'9' * 30}")
    report = {"MessageSid": f"SM{'1' * 32}", "MessageStatus": "sent", "AccountSid": cast.account.account_sid}
    assert post(path, report).status_code == 200


# --- What an answer carries ---


@pytest.mark.django_db
@pytest.mark.parametrize("what", ["accepted", "refused", "unknown", "hello", "nothing"])
def test_every_answer_carries_strict_headers_and_no_cookie(cast, what):
    path = path_of(cast.configuration)
    answer = {
        "accepted": lambda: post(path, text(cast.configuration)),
        "refused": lambda: post(path, text(cast.configuration), signature="bad"),
        "unknown": lambda: post(f"/webhooks/twilio/{'a' * 42}/message", b"", signature="x"),
        "hello": lambda: Client().get(path),
        "nothing": lambda: Client().get("/webhooks/else"),
    }[what]()
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Content-Security-Policy"].startswith("default-src 'none'")
    assert answer["Cache-Control"] == "no-store"
    assert not answer.cookies


@pytest.mark.django_db
def test_the_rest_of_the_site_is_passed_on(client):
    assert client.get("/livez").content == b"ok"
    assert client.get("/webhooksx").status_code == 404


def test_it_stands_before_everything_else():
    assert configured.MIDDLEWARE[0] == "portal.webhook_path.WebhookPath"


# --- How long it waits ---


def waits():
    """Return how long this thread's connection waits for a lock, in milliseconds."""
    with connection.cursor() as cursor:
        if not ON_POSTGRES:
            return cursor.execute("PRAGMA busy_timeout").fetchone()[0]
        cursor.execute("SELECT setting FROM pg_settings WHERE name = 'statement_timeout'")
        return int(cursor.fetchone()[0])


BRIEF, PATIENT = (1000, 0) if ON_POSTGRES else (1500, 20_000)


@pytest.mark.django_db(transaction=True)
def test_webhooks_wait_briefly_and_pages_patiently(cast, client, monkeypatch):
    seen = []
    from sms import inbound

    insert = inbound._insert_once
    monkeypatch.setattr(inbound, "_insert_once", lambda row: seen.append(waits()) or insert(row))
    assert post(path_of(cast.configuration), text(cast.configuration)).status_code == 200
    client.get("/livez")
    assert seen == [BRIEF]
    assert waits() == PATIENT
    assert post(path_of(cast.configuration), text(cast.configuration)).status_code == 200
    assert seen == [BRIEF, BRIEF]
    patience.wait_patiently()


@pytest.mark.django_db(transaction=True)
def test_a_thread_that_only_answers_webhooks_is_told_once(cast, django_assert_num_queries):
    patience.tell_server()
    with django_assert_num_queries(0):
        patience.tell_server()
    patience.wait_patiently()
    with django_assert_num_queries(0):
        patience.wait_patiently()


@pytest.mark.django_db(transaction=True)
def test_a_new_connection_is_told_anew(cast):
    patience.tell_server()
    connection.close()
    patience.tell_server()
    assert waits() == BRIEF
    connection.close()
    patience.wait_patiently()
    assert waits() == PATIENT


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(ON_POSTGRES, reason="SQLite's one write lock")
def test_a_text_for_a_locked_sqlite_is_kept_on_disk(cast):
    """Another connection holds the write lock for as long as it takes; the webhook does not wait for it to end."""
    path, parameters = path_of(cast.configuration), text(cast.configuration)
    registry.find(path.split("/")[3])
    other = sqlite3.connect(connection.settings_dict["NAME"], isolation_level=None)
    try:
        other.execute("BEGIN IMMEDIATE")
        assert post(path, parameters).status_code == 200
        assert spool.state().files == 1
        other.execute("ROLLBACK")
        outage.over()
        assert post(path, parameters).status_code == 200
    finally:
        other.close()
        patience.wait_patiently()
    assert spool.drain()["stored"] == 1
    assert Message.objects.count() == 1


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_a_text_for_a_locked_table_is_kept_on_disk(cast):
    """A migration that holds the table makes webhooks give up, not pile up."""
    path, parameters = path_of(cast.configuration), text(cast.configuration)
    locked, free = threading.Event(), threading.Event()

    def hold():
        from django.db import transaction

        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("LOCK TABLE sms_message IN ACCESS EXCLUSIVE MODE")
            locked.set()
            free.wait(60)
        connection.close()

    holder = threading.Thread(target=hold)
    holder.start()
    try:
        assert locked.wait(30)
        assert post(path, parameters).status_code == 200
        assert spool.state().files == 1
    finally:
        free.set()
        holder.join(30)
    outage.over()
    assert post(path, parameters).status_code == 200
    patience.wait_patiently()
    assert spool.drain()["stored"] == 1
    assert Message.objects.count() == 1


# --- Who called ---


@pytest.mark.parametrize(
    ("trusted", "chain", "seen"),
    [
        (0, "203.0.113.9", "10.0.0.1"),
        (1, "", "10.0.0.1"),
        (1, "203.0.113.9", "203.0.113.9"),
        (1, "198.51.100.1, 203.0.113.9", "203.0.113.9"),
        (2, "198.51.100.1, 203.0.113.9", "198.51.100.1"),
        (3, "198.51.100.1, 203.0.113.9", "10.0.0.1"),
        (1, "2001:db8::1", "2001:db8::1"),
        (1, "nonsense", "10.0.0.1"),
    ],
)
def test_only_as_many_proxies_are_believed_as_are_ours(settings, trusted, chain, seen):
    settings.TRUSTED_PROXIES = trusted
    request = RequestFactory().get("/", REMOTE_ADDR="10.0.0.1", headers={"X-Forwarded-For": chain} if chain else {})
    webhook_path.believe_proxies(request)
    assert request.META["REMOTE_ADDR"] == seen
