"""A look at a public address: real servers with real certificates, complete and otherwise."""

import socket
import ssl

import pytest

from sms.health import reaching
from sms.health.reaching import Outcome, look
from tests.sms.health.tls_server import NOW, make, serving

ROOT = make("Test Root", authority=True)
MIDDLE = make("Test Intermediate", ROOT, authority=True)


@pytest.fixture
def trusted():
    context = ssl.create_default_context()
    context.load_verify_locations(cadata=ROOT.pem.decode())
    return context


def test_a_complete_chain_is_well_and_tells_when_it_ends(tmp_path, trusted):
    with serving(tmp_path, make("leaf", MIDDLE, days=20), MIDDLE) as base:
        seen = look(base, trusted=trusted)
    assert (seen.outcome, seen.host) == (Outcome.OK, "localhost")
    assert seen.expires_at is not None
    assert (seen.expires_at - NOW).days in (19, 20)


def test_a_missing_intermediate_is_seen_though_browsers_would_fetch_it(tmp_path, trusted):
    with serving(tmp_path, make("leaf", MIDDLE)) as base:
        assert look(base, trusted=trusted).outcome == Outcome.INCOMPLETE


def test_a_complete_chain_of_an_authority_nobody_knows_is_another_matter(tmp_path):
    with serving(tmp_path, make("leaf", MIDDLE), MIDDLE) as base:
        assert look(base).outcome == Outcome.UNTRUSTED


@pytest.mark.parametrize(
    ("leaf", "outcome"),
    [
        (make("old", MIDDLE, since=30, days=-1), Outcome.EXPIRED),
        (make("young", MIDDLE, since=-2), Outcome.NOT_YET),
        (make("other", MIDDLE, host="other.example"), Outcome.OTHER_HOST),
        (make("own"), Outcome.SELF_SIGNED),
    ],
    ids=["expired", "not yet", "other host", "self-signed"],
)
def test_each_fault_of_a_certificate_has_its_own_name(tmp_path, trusted, leaf, outcome):
    with serving(tmp_path, leaf, MIDDLE) as base:
        assert look(base, trusted=trusted).outcome == outcome


def test_an_address_that_redirects_loses_what_twilio_posts(tmp_path, trusted):
    answer = {"status": 301, "headers_sent": (("Location", "https://www.example.com/webhooks/"),)}
    with serving(tmp_path, make("leaf", MIDDLE), MIDDLE, **answer) as base:
        seen = look(base, trusted=trusted)
    assert (seen.outcome, seen.detail) == (Outcome.REDIRECTED, "https://www.example.com")


@pytest.mark.parametrize(
    ("status", "body", "outcome"),
    [
        (200, b"another site", Outcome.OTHER_SITE),
        (404, reaching.MARK, Outcome.OTHER_SITE),
        (502, b"", Outcome.FAULTY),
    ],
)
def test_who_answers_is_told_apart(tmp_path, status, body, outcome):
    with serving(tmp_path, None, status=status, body=body) as base:
        assert look(base) == reaching.Look(outcome, "localhost", detail=str(status))


def test_plain_http_on_a_secure_port_and_nothing_at_all(tmp_path):
    with serving(tmp_path, None) as base:
        assert look(base).outcome == Outcome.OK
        assert look(base.replace("http:", "https:")).outcome == Outcome.NO_TLS
    assert look(base).outcome == Outcome.CLOSED
    assert look("https://nowhere.invalid").outcome == Outcome.NO_NAME


def test_a_server_that_says_nothing_is_not_waited_for_long(monkeypatch):
    monkeypatch.setattr(reaching, "_SECONDS", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        assert look(f"http://127.0.0.1:{silent.getsockname()[1]}").outcome == Outcome.SILENT


def test_the_page_of_a_webhook_carries_the_mark(client, db):
    answer = client.get(reaching.PATH)
    assert (answer.status_code, reaching.MARK in answer.content) == (200, True)
