"""Looks at a configuration with the sandbox at the other end: drift shows within one look, and goes when mended."""

import pytest

from sms.health import notices, probing, rounds, showing
from sms.health.aspects import Seen
from sms.models import AccountReading, HealthChange, HealthReading, HealthSchedule, RefusedRequest
from sms.pointing import single
from sms.setup import connecting, credentials
from tenants import clock
from tenants.audit import PORTAL
from tests.factories import OUR_NUMBER, OUR_SECOND_NUMBER, make_account
from tests.sms.conftest import later
from tests.sms.connect_scene import forget, make_scene

pytestmark = pytest.mark.django_db


@pytest.fixture
def scene(cast, running_sandbox, settings, monkeypatch, hinted):
    settings.SANDBOX_URL = running_sandbox.url
    monkeypatch.setattr(probing.Looks, "at", lambda self, base, **more: Seen("ok", "localhost", is_local=True))
    forget(running_sandbox)
    made = make_scene(cast, running_sandbox)
    for e164 in (OUR_NUMBER, OUR_SECOND_NUMBER):
        single.set_number(PORTAL, made.configuration, made.sids[e164])
    yield made
    forget(running_sandbox)
    running_sandbox.control("DELETE", "/faults")


def light(scene, aspect="webhook"):
    """Return one light as it is after a look that was asked for."""
    rounds.check_now(scene.configuration)
    assert rounds.work() >= 1
    return next(one for one in showing.strip(scene.configuration) if one.aspect == aspect)


def twilio(scene):
    """Return Twilio's own client: what somebody does there behind our back."""
    return scene.sandbox.client(scene.account["sid"], scene.account["auth_token"])


def test_all_is_well_when_all_is_set(scene):
    assert light(scene).tone == "good"
    tones = {one.aspect: one.tone for one in showing.strip(scene.configuration)}
    assert {tones[name] for name in ("credentials", "address", "signature", "balance", "alerts")} == {"good"}
    assert not HealthChange.objects.filter(aspect="webhook").exists()
    assert HealthReading.objects.filter(aspect="webhook", tone="good").exclude(address="").count() == 2


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"sms_url": "https://elsewhere.example/sms"}, "webhook_elsewhere"),
        ({"sms_url": ""}, "webhook_not_set"),
        ({"sms_method": "GET"}, "webhook_wrong_method"),
        ({"sms_application_sid": "AP" + "1" * 32}, "webhook_application"),
    ],
)
def test_what_somebody_changes_at_the_number_shows_at_once_and_can_be_mended(scene, change, reason):
    assert light(scene).tone == "good"
    twilio(scene).incoming_phone_numbers(scene.sids[OUR_NUMBER]).update(**change)
    shown = light(scene)
    assert HealthReading.objects.get(aspect="webhook", address=OUR_NUMBER).reason == reason
    assert shown.tone == ("warn" if reason == "webhook_wrong_method" else "bad")
    assert shown.button.url.endswith(f"/{scene.configuration.pk.hex}/pointing/")
    entry = HealthChange.objects.get(aspect="webhook", address=OUR_NUMBER)
    assert (entry.before, entry.is_worse, entry.mail_due_at is not None) == ("good", True, True)
    single.set_number(PORTAL, scene.configuration, scene.sids[OUR_NUMBER])
    assert light(scene).tone == "good"


def test_a_number_that_is_moved_into_a_service_shows(scene):
    light(scene)
    service = twilio(scene).messaging.v1.services.create(friendly_name="Theirs")
    twilio(scene).messaging.v1.services(service.sid).phone_numbers.create(scene.sids[OUR_NUMBER])
    shown = light(scene)
    assert (shown.tone, "Theirs" in shown.text, shown.button.label) == ("bad", True, "Set the webhook")
    assert HealthReading.objects.get(aspect="webhook", address=OUR_NUMBER).reason == "webhook_service_drops"


def test_a_token_that_is_revoked_shows_and_the_new_one_mends_it(scene):
    light(scene)
    account = scene.configuration.account
    credentials.save(PORTAL, _with_token(account, "f" * 32))
    shown = light(scene, "credentials")
    assert (shown.tone, shown.button.url.endswith("/token/")) == ("bad", True)
    assert HealthReading.objects.get(aspect="webhook", address="").reason == "needs_credentials"
    assert HealthReading.objects.get(aspect="webhook", address=OUR_NUMBER).tone == "good"
    credentials.save(PORTAL, _with_token(account, scene.account["auth_token"]))
    assert light(scene, "credentials").tone == "good"
    assert light(scene).tone == "good"


def _with_token(account, token):
    return credentials.prepare(account.tenant, credentials.Typed(account.account_sid, auth_token=token))


def test_a_number_that_the_account_gives_up_shows(scene):
    light(scene)
    scene.sandbox.control("DELETE", f"/accounts/{scene.account['sid']}/numbers/{OUR_NUMBER}")
    assert light(scene).tone == "bad"
    assert HealthReading.objects.get(aspect="webhook", address=OUR_NUMBER).reason == "webhook_number_gone"


def test_an_operators_account_tells_a_tenant_how_well_it_is_and_no_more(cast, scene):
    account = make_account(None, sid=scene.account["sid"], auth_token=scene.account["auth_token"])
    scene.configuration.account = account
    scene.configuration.save()
    scene.sandbox.control("PATCH", f"/accounts/{scene.account['sid']}", {"balance": "3.21"})
    light(scene)
    rows = HealthReading.objects.filter(configuration=scene.configuration)
    assert {row.reason for row in rows.filter(aspect__in=["credentials", "balance"])} <= {
        "operator_good",
        "operator_warn",
    }
    assert "3.21" not in str(list(rows.values_list("facts", flat=True)))
    assert set(rows.exclude(address="").values_list("address", flat=True)) == {OUR_NUMBER, OUR_SECOND_NUMBER}


def test_the_account_is_asked_once_for_all_its_configurations(scene, monkeypatch):
    asked = []
    check = connecting.check
    monkeypatch.setattr(connecting, "check", lambda account, *more: asked.append(account.pk) or check(account, *more))
    rounds.check_now(scene.configuration)
    rounds.work()
    HealthSchedule.objects.update(due_at=clock.now())
    rounds.work()
    assert asked == [scene.configuration.account_id]
    assert "auth_token" not in str(AccountReading.objects.get(account=scene.configuration.account).facts)


def test_the_next_look_comes_sooner_while_something_is_bad(scene):
    light(scene)
    calm = HealthSchedule.objects.get(configuration=scene.configuration)
    twilio(scene).incoming_phone_numbers(scene.sids[OUR_NUMBER]).update(sms_url="")
    light(scene)
    watched = HealthSchedule.objects.get(configuration=scene.configuration)
    now = clock.now()
    assert (watched.due_at - now).total_seconds() < 1200 < (calm.due_at - now).total_seconds() < 4000
    assert watched.lease_until is None
    assert not rounds.is_under_way(watched)


def test_what_somebody_else_looks_at_is_left_alone_until_the_lease_ends(scene):
    rounds.check_now(scene.configuration)
    HealthSchedule.objects.update(lease_until=clock.in_seconds(60), lease_token="theirs")
    rounds.work()
    assert not HealthReading.objects.filter(configuration=scene.configuration).exists()
    with later(61):
        assert rounds.work() == 1


def test_a_fault_of_one_look_leaves_the_schedule_working(scene, monkeypatch):
    monkeypatch.setattr(probing, "look_at", lambda *told: 1 // 0)
    rounds.check_now(scene.configuration)
    assert rounds.work() == 0
    row = HealthSchedule.objects.get(configuration=scene.configuration)
    assert (row.lease_until, row.checked_at) == (None, None)
    assert row.due_at > clock.now()


def test_twilio_away_means_not_known_and_no_mail(scene, settings):
    light(scene)
    settings.SANDBOX_URL = "http://127.0.0.1:9"
    assert light(scene, "credentials").tone == "unknown"
    assert not HealthChange.objects.exclude(mail_due_at=None).exists()


def test_refused_requests_are_explained(scene):
    RefusedRequest.objects.create(
        tenant=scene.configuration.tenant,
        configuration=scene.configuration,
        reason="bad_signature",
        signed_url="https://x/",
        method="POST",
        path="/webhooks/twilio/x/message",
        body=f"AccountSid={scene.account['sid']}".encode(),
        content_type="application/x-www-form-urlencoded",
        signature="bm8=",
    )
    shown = light(scene, "signature")
    assert (shown.tone, shown.button.url.endswith("/token/")) == ("bad", True)
    assert notices.lines(scene.configuration, HealthChange.objects.filter(aspect="signature"))
