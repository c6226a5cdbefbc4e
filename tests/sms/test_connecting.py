"""Asking Twilio, setting webhooks and undoing it, against the sandbox as a process of its own."""

import pytest
import requests

from sms.models import WebhookChange
from sms.pointing import single
from sms.pointing.jobs import JobRefused
from sms.setup import configuring, connecting, credentials
from sms.twilio import numbers
from sms.twilio.client import DeadlineClient, SandboxNotRunning, is_sandbox, rest_url, sync_client
from sms.twilio.errors import Problem, TwilioProblem
from tenants.audit import PORTAL, Actor
from tenants.models import AuditEntry
from tests.factories import OUR_NUMBER, OUR_SECOND_NUMBER, make_account
from tests.sms.connect_scene import forget, make_scene

ALICE = Actor("alice@acme.example")
TOKEN = "f" * 32


@pytest.fixture
def scene(cast, running_sandbox, settings):
    settings.SANDBOX_URL = running_sandbox.url
    yield make_scene(cast, running_sandbox)
    running_sandbox.control("DELETE", "/faults")
    forget(running_sandbox)


def typed(scene, **more):
    return credentials.Typed(
        scene.account["sid"], **({"auth_token": scene.account["auth_token"], "api_key_secret": "x" * 32} | more)
    )


# --- Where calls go ---


def test_a_sandbox_account_never_reaches_twilio(settings):
    sid = "AC5a4db0c55a4d" + "0" * 20
    assert is_sandbox(sid)
    settings.SANDBOX_URL, settings.TWILIO_API_BASE = "", "http://127.0.0.1:9"
    with pytest.raises(SandboxNotRunning, match="not running"):
        rest_url(sid, "https://api.twilio.com/2010-04-01/x.json")
    settings.SANDBOX_URL = "http://127.0.0.1:7"
    assert rest_url(sid, "https://api.twilio.com/x.json?a=1") == "http://127.0.0.1:7/api.twilio.com/x.json?a=1"


def test_another_account_reaches_twilio_or_the_base_for_tests(settings):
    settings.SANDBOX_URL, settings.TWILIO_API_BASE = "http://127.0.0.1:7", ""
    url = "https://api.twilio.com/2010-04-01/x.json"
    assert rest_url("AC" + "1" * 32, url) == url
    settings.TWILIO_API_BASE = "http://127.0.0.1:9"
    assert rest_url("AC" + "1" * 32, url) == "http://127.0.0.1:9/api.twilio.com/2010-04-01/x.json"


def test_a_region_comes_with_its_edge(cast):
    account = make_account(cast.acme, region="ie1")
    client = sync_client(account)
    assert client.get_hostname("https://api.twilio.com/x") == "https://api.dublin.ie1.twilio.com/x"


def test_the_environment_names_no_account(cast, monkeypatch):
    monkeypatch.setenv("TWILIO_REGION", "au1")
    monkeypatch.setenv("TWILIO_EDGE", "sydney")
    assert sync_client(cast.account).get_hostname("https://api.twilio.com/x") == "https://api.twilio.com/x"


def test_an_answer_that_drips_ends_at_the_deadline(scene):
    scene.sandbox.fault("delay", seconds=5, match={"operation": "accounts"})
    client = DeadlineClient(scene.account["sid"], deadline=0.3)
    with pytest.raises(requests.Timeout):
        client.request("GET", f"https://api.twilio.com/2010-04-01/Accounts/{scene.account['sid']}.json")


# --- Numbers and webhooks ---


def test_numbers_of_the_account_are_shown_beside_the_pool(scene):
    lines = connecting.lines(scene.configuration)
    assert [(line.number.e164, line.held is not None) for line in lines] == [
        (OUR_NUMBER, True),
        (OUR_SECOND_NUMBER, True),
        ("+12025550777", False),
    ]
    assert connecting.mark_verified(scene.configuration) == 2
    assert not configuring.numbers_of(scene.configuration).filter(verified_at=None).exists()
    assert lines[0].held is not None
    lines[0].held.refresh_from_db()
    assert lines[0].held.verified_at is not None


def test_an_operators_account_shows_a_tenant_its_own_pool_only(cast, scene):
    account = make_account(None, sid=scene.account["sid"], auth_token=scene.account["auth_token"])
    scene.configuration.account = account
    scene.configuration.save()
    assert [line.number.e164 for line in connecting.lines(scene.configuration)] == [OUR_NUMBER, OUR_SECOND_NUMBER]


def test_a_webhook_is_set_with_overrides_and_fallback_and_undone(scene, settings):
    settings.LOCAL_BASE_URL = "http://127.0.0.1:8000"
    sid = scene.sids[OUR_NUMBER]
    client = scene.sandbox.client(scene.account["sid"], scene.account["auth_token"])
    client.incoming_phone_numbers(sid).update(sms_url="http://127.0.0.1:1/old", sms_method="GET")
    change = single.set_number(ALICE, scene.configuration, sid)
    now = scene.at_twilio()
    assert now["sms_url"] == configuring.webhook_url(scene.configuration)
    assert now["sms_url"].endswith("/message#ct=2000&rt=3500&tt=15000&rc=3&rp=ct,rt,5xx")
    assert (now["sms_method"], now["sms_fallback_method"]) == ("POST", "POST")
    assert "/fallback#" in now["sms_fallback_url"]
    assert connecting.lines(scene.configuration)[0].points_here
    key = configuring.live_key(scene.configuration).key
    entry = AuditEntry.objects.get(action="sms.webhook.set")
    assert key not in str(entry.changes)
    single.undo(ALICE, change)
    back = scene.at_twilio()
    assert (back["sms_url"], back["sms_method"], back["sms_fallback_url"]) == ("http://127.0.0.1:1/old", "GET", "")
    assert not connecting.open_changes(scene.configuration)


def test_undo_leaves_alone_what_somebody_changed_since(scene):
    sid = scene.sids[OUR_NUMBER]
    change = single.set_number(ALICE, scene.configuration, sid)
    client = scene.sandbox.client(scene.account["sid"], scene.account["auth_token"])
    client.incoming_phone_numbers(sid).update(sms_url="http://127.0.0.1:1/theirs")
    with pytest.raises(JobRefused, match="changed at Twilio since"):
        single.undo(ALICE, change)
    assert scene.at_twilio()["sms_url"] == "http://127.0.0.1:1/theirs"


def test_an_application_in_the_way_is_seen_replaced_and_put_back(scene):
    sid, application = scene.sids[OUR_NUMBER], "AP" + "1" * 32
    client = scene.sandbox.client(scene.account["sid"], scene.account["auth_token"])
    client.incoming_phone_numbers(sid).update(
        sms_url=configuring.webhook_url(scene.configuration), sms_application_sid=application
    )
    line = connecting.lines(scene.configuration)[0]
    assert (line.number.application_sid, line.points_here) == (application, False)
    change = single.set_number(ALICE, scene.configuration, sid)
    assert not scene.at_twilio()["sms_application_sid"]
    single.undo(ALICE, change)
    assert scene.at_twilio()["sms_application_sid"] == application


def test_a_number_outside_the_pool_is_not_touched(scene):
    with pytest.raises(JobRefused, match="not in the pool"):
        single.set_number(ALICE, scene.configuration, scene.sids["+12025550777"])
    with pytest.raises(TwilioProblem, match="does not know"):
        single.set_number(ALICE, scene.configuration, "PN" + "0" * 32)
    assert not WebhookChange.objects.exists()


def test_a_webhook_is_not_set_without_a_public_address(cast, settings):
    settings.PUBLIC_BASE_URL = "http://portal.example"
    with pytest.raises(JobRefused, match="https"):
        single.set_number(ALICE, cast.configuration, "PN" + "0" * 32)


def test_the_former_values_survive_an_answer_that_does_not_come(scene, monkeypatch):
    def late(*args):
        raise TwilioProblem(Problem.UNREACHABLE, "late")

    monkeypatch.setattr(numbers, "write_webhook", late)
    with pytest.raises(JobRefused, match="tried again by itself"):
        single.set_number(ALICE, scene.configuration, scene.sids[OUR_NUMBER])
    change = WebhookChange.objects.get()
    assert (change.before["sms_url"], change.state) == ("", "begun")


def test_a_rotated_key_still_points_here_until_it_retires(scene):
    single.set_number(ALICE, scene.configuration, scene.sids[OUR_NUMBER])
    configuring.rotate_key(PORTAL, scene.configuration, overlap_days=7)
    assert connecting.lines(scene.configuration)[0].points_here
    scene.configuration.webhook_keys.exclude(retires_at=None).update(retires_at=scene.configuration.created_at)
    assert not connecting.lines(scene.configuration)[0].points_here
