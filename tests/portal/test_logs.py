"""No secret, no number and no text stands in the log, whatever passes through the portal."""

import io
import logging

import pytest
from django.conf import settings as configured
from django.test import Client

from portal import logs
from rules.changing import usual
from sms import inbound, outbound
from sms.queueing import send_loop
from sms.webhooks import limits, registry
from tenants import api_keys, audit, hints, secrets
from tests import factories
from tests.factories import OUR_NUMBER, THEIR_NUMBER
from tests.sms.webhook_client import BASE, path_of, post, text

CANARY = "canary-7f3a"


@pytest.fixture
def lines():
    """Everything that is logged, at every level, as the console gets it; and the raw messages of our own loggers."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(logs.CarefulFormatter("{asctime} {levelname} {name} {message}", style="{"))
    root, level = logging.getLogger(), logging.getLogger().level
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    yield lambda: stream.getvalue()
    root.setLevel(level)
    root.removeHandler(handler)


@pytest.fixture(autouse=True)
def _public(settings, monkeypatch):
    settings.PUBLIC_BASE_URL = BASE
    monkeypatch.setattr(hints, "note", lambda queue: None)
    registry.forget()
    limits.forget()


@pytest.fixture
def forbidden(cast):
    """What must not be found anywhere."""
    return [
        CANARY,
        factories.AUTH_TOKEN,
        cast.configuration.webhook_keys.get().key,
        OUR_NUMBER,
        THEIR_NUMBER,
        THEIR_NUMBER[1:],
        configured.SECRET_KEY,
        configured.FIELD_KEYS[0].split(":")[1],
        configured.WEBHOOK_KEY_SECRETS[0],
    ]


def assert_clean(written, caplog, forbidden):
    assert not [word for word in forbidden if word in written]
    # Our own loggers do not even try.
    own = [record for record in caplog.records if record.name.split(".")[0] in ("portal", "sms", "rules", "tenants")]
    said = "\n".join(record.getMessage() for record in own)
    assert not [word for word in forbidden if word in said]


@pytest.mark.django_db
def test_a_text_that_comes_in_leaves_no_trace_of_itself(cast, lines, caplog, forbidden):
    usual.usual_rules(audit.PORTAL, cast.acme, cast.configuration, cast.alice)
    assert post(path_of(cast.configuration), text(cast.configuration, Body=CANARY)).status_code == 200
    inbound.work()
    assert_clean(lines(), caplog, forbidden)


@pytest.mark.django_db
@pytest.mark.parametrize("how", ["bad", "", "other_account", "unknown_key", "get", "too_large"])
def test_a_refused_webhook_leaves_no_trace_of_itself(cast, lines, caplog, forbidden, how):
    path, parameters = path_of(cast.configuration), text(cast.configuration, Body=CANARY)
    if how == "other_account":
        answer = post(path, parameters | {"AccountSid": f"AC{'9' * 32}"})
    elif how == "unknown_key":
        key = path.split("/")[3]
        answer = post(path.replace(key, f"b{key[1:]}"), parameters)
        forbidden.append(f"b{key[1:]}")
    elif how == "get":
        answer = Client().get(path, parameters, HTTP_X_TWILIO_SIGNATURE="bad")
    elif how == "too_large":
        answer = post(path, CANARY.encode() * 30_000)
    else:
        answer = post(path, parameters, signature=how)
    assert answer.status_code in (403, 404, 413)
    assert lines()
    assert_clean(lines(), caplog, forbidden)


@pytest.mark.django_db
def test_a_webhook_that_fails_leaves_no_trace_of_itself(cast, lines, caplog, forbidden, monkeypatch):
    def fail(row):
        raise ValueError(f"value {row.their_address} of /webhooks/twilio/{path.split('/')[3]}/message")

    path = path_of(cast.configuration)
    monkeypatch.setattr(inbound, "_insert_once", fail)
    assert post(path, text(cast.configuration)).status_code == 500
    assert "Traceback" in lines()
    assert_clean(lines(), caplog, forbidden)


@pytest.mark.django_db
def test_a_text_that_cannot_be_processed_leaves_no_trace_of_itself(cast, lines, caplog, forbidden, monkeypatch):
    def fail(message):
        raise ValueError(f"DETAIL: Key (their_address)=({message.their_address}) already exists.")

    monkeypatch.setattr(inbound, "process", fail)
    factories.make_inbound(cast.configuration, ours=OUR_NUMBER, theirs=THEIR_NUMBER, body=CANARY)
    inbound.work()
    assert "sms.inbound.failed" in lines()
    assert_clean(lines(), caplog, forbidden)


@pytest.mark.django_db
def test_a_text_that_is_refused_leaves_no_trace_of_itself(cast, lines, caplog, forbidden):
    with pytest.raises(outbound.SendRefused):
        outbound.send(audit.PORTAL, cast.acme, to=THEIR_NUMBER, body=CANARY)
    assert_clean(lines(), caplog, forbidden)


@pytest.mark.django_db(transaction=True)
def test_a_text_that_cannot_reach_twilio_leaves_no_trace_of_itself(cast, lines, caplog, forbidden, settings):
    settings.TWILIO_API_BASE = "http://127.0.0.1:9"
    settings.SEND_ROUND_SECONDS = 1.0
    usual.usual_rules(audit.PORTAL, cast.acme, cast.configuration, cast.alice)
    outbound.send(audit.PORTAL, cast.acme, to=THEIR_NUMBER, body=CANARY)
    send_loop.work()
    assert_clean(lines(), caplog, forbidden)


@pytest.mark.django_db
@pytest.mark.parametrize("how", ["accepted", "refused", "unknown"])
def test_a_programs_call_leaves_no_trace_of_itself(cast, lines, caplog, forbidden, how):
    if how == "accepted":
        usual.usual_rules(audit.PORTAL, cast.acme, cast.configuration, cast.alice)
    _, key = api_keys.create(audit.PORTAL, cast.acme, "Billing")
    forbidden.append(key.split("_")[2])
    answer = Client().post(
        "/api/v1/messages",
        {"to": THEIR_NUMBER, "body": CANARY},
        content_type="application/json",
        HTTP_AUTHORIZATION=f"Bearer {key[:-1] + 'x' if how == 'unknown' else key}",
    )
    assert answer.status_code == {"accepted": 202, "refused": 422, "unknown": 401}[how]
    assert_clean(lines(), caplog, forbidden)


@pytest.mark.django_db
def test_a_link_that_lets_somebody_in_is_not_logged(lines, client):
    token = "4f0c9d2b-secret-token-of-an-invitation"
    client.get(f"/invitation/{token}/x")
    client.get(f"/account/password/reset/key/ab-{token}/x")
    assert "Not Found" in lines()
    assert token not in lines()


# --- The fence itself ---


@pytest.mark.parametrize(
    ("given", "written"),
    [
        ("to +12025550199 from +4917012345678", "to +1202•••99 from +4917•••78"),
        ("Messages.json?To=%2B12025550199&x=1", "Messages.json?To=%2B1202•••99&x=1"),
        ("/webhooks/twilio/abcdef/message", "/webhooks/twilio/•••/message"),
        ("Bearer smsp_abcdefgh_" + "s" * 43 + "_0badcafe", "Bearer smsp_abcdefgh_•••"),
        ("redis://:hunter2@redis:6379/0", "redis://:•••@redis:6379/0"),
        ("postgres://portal:hunter2@db/portal", "postgres://portal:•••@db/portal"),
        ("took 12025550 ms, 10+20=30, id 01a203845dae710ea9435c7ce4d34bfe", None),
        ("https://portal.example:8000/t/acme/", None),
    ],
)
def test_what_may_not_stand_in_a_log_is_hidden(given, written):
    assert logs.hide(given) == (written or given)


def test_a_message_cannot_forge_a_second_line():
    record = logging.LogRecord("sms", logging.INFO, "", 0, "status=%s", ("x\r\n2026-01-01 INFO forged",), None)
    line = logs.CarefulFormatter("{levelname} {message}", style="{").format(record)
    assert line == "INFO status=x\\r\\n2026-01-01 INFO forged"


def test_a_traceback_keeps_its_lines():
    try:
        raise ValueError("about +12025550199")
    except ValueError:
        import sys

        record = logging.LogRecord("sms", logging.ERROR, "", 0, "failed", (), sys.exc_info())
    text = logs.CarefulFormatter("{message}", style="{").format(record)
    assert text.splitlines()[0] == "failed"
    assert text.splitlines()[-1] == "ValueError: about +1202•••99"


def test_the_console_writes_by_it():
    assert configured.LOGGING["formatters"]["line"]["()"] == "portal.logs.CarefulFormatter"
    assert {handler["formatter"] for handler in configured.LOGGING["handlers"].values()} == {"line"}


def test_the_official_client_and_the_libraries_stay_quiet():
    for name in ("twilio", "celery", "kombu"):
        assert configured.LOGGING["loggers"][name]["level"] == "WARNING"


def test_secrets_of_the_ring_do_not_stand_in_its_errors(settings):
    settings.FIELD_KEYS = ["k1:Y2FuYXJ5"]
    assert "Y2FuYXJ5" not in secrets.ring_problem()
