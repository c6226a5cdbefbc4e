"""Setting webhooks as people do it: what will change, one click, how far it is, stop, try again, undo."""

import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from sms.models import AccountReading, TwilioNumber, WebhookJob
from sms.setup import configuring
from tenants import clock
from tests.factories import OUR_NUMBER, OUR_SECOND_NUMBER, make_account
from tests.sms.pointing.conftest import STRANGER

ELSEWHERE = "https://crm.example/in"


@pytest.fixture
def alice(client, cast):
    client.force_login(cast.alice.user)
    return client


def url(name, pk, slug="acme"):
    return reverse(f"sms:{name}", args=[slug, pk])


def words(answer):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.content.decode()))


def hidden(answer, name):
    return re.findall(rf'name="{name}" value="([^"]*)"', answer.content.decode())


def begin(alice, scene, preview, **more):
    form = {name: hidden(preview, name) for name in ("ids", "sids", "digest")}
    return alice.post(url("pointing_begin", scene.configuration.pk), form | more, follow=True)


def test_from_copy_webhook_to_set_in_two_clicks(alice, scene):
    page = alice.get(url("configuration_webhook", scene.configuration.pk))
    assert url("pointing_preview", scene.configuration.pk) in page.content.decode()
    unread = alice.get(url("pointing_preview", scene.configuration.pk))
    assert "were not read yet" in words(unread)
    preview = alice.post(url("pointing_preview", scene.configuration.pk))
    assert "2 will change" in words(preview)
    assert not scene.at_twilio()["sms_url"]
    done = begin(alice, scene, preview)
    assert "Texts to these numbers come here now." in words(done)
    assert scene.at_twilio(OUR_SECOND_NUMBER)["sms_url"] == configuring.webhook_url(scene.configuration)
    job = WebhookJob.objects.get()
    undone = alice.post(url("pointing_job_undo", job.pk), follow=True)
    assert "What stood there before is back" in words(undone)
    assert not scene.at_twilio()["sms_url"]
    assert "Nothing is left to take back" in words(alice.post(url("pointing_job_undo", job.pk), follow=True))


def test_a_few_are_asked_from_twilio_anew_before_they_are_shown(alice, scene):
    scene.read()
    scene.set(sms_url=ELSEWHERE)
    preview = alice.post(url("pointing_preview", scene.configuration.pk), {"ids": [scene.number().pk.hex]})
    assert f"Its texts go to {ELSEWHERE} now" in words(preview)
    assert "1 will change" in words(preview)
    begin(alice, scene, preview)
    assert not scene.at_twilio(OUR_SECOND_NUMBER)["sms_url"]
    job = WebhookJob.objects.get()
    alice.post(url("pointing_change_undo", job.changes.get().pk))
    assert scene.at_twilio()["sms_url"] == ELSEWHERE


def test_a_number_that_was_never_read_is_looked_up_by_its_sid(alice, scene):
    preview = alice.post(url("pointing_preview", scene.configuration.pk), {"sids": [scene.sids[OUR_NUMBER]]})
    assert "1 will change" in words(preview)
    unknown = alice.post(url("pointing_preview", scene.configuration.pk), {"sids": ["PN" + "0" * 32]})
    assert "does not know" in words(unknown)


def test_nothing_is_set_that_was_not_shown(alice, scene):
    preview = alice.post(url("pointing_preview", scene.configuration.pk))
    scene.set(sms_url=ELSEWHERE)
    scene.read()
    again = begin(alice, scene, preview)
    assert "Nothing was set yet" in words(again)
    assert not WebhookJob.objects.exists()
    assert scene.at_twilio()["sms_url"] == ELSEWHERE


def test_another_choice_for_a_service_is_shown_first(alice, scene):
    service = scene.service(OUR_NUMBER, inbound_request_url=ELSEWHERE)
    preview = alice.post(url("pointing_preview", scene.configuration.pk))
    assert "Messaging Service “Shop”" in words(preview)
    mode = {f"mode-{service.sid}": "leave"}
    again = begin(alice, scene, preview, **mode)
    assert "Nothing was set yet" in words(again)
    assert "1 will change" in words(again)
    begin(alice, scene, again, **mode)
    assert scene.service_now(service.sid).inbound_request_url == ELSEWHERE
    assert scene.at_twilio(OUR_SECOND_NUMBER)["sms_url"]


def test_a_tenant_sets_nothing_of_an_operator_but_its_own_pool(alice, cast, scene):
    account = make_account(None, sid=scene.account["sid"], auth_token=scene.account["auth_token"])
    scene.configuration.account = account
    scene.configuration.save()
    scene.read()
    stranger = TwilioNumber.objects.get(account=account, e164=STRANGER)
    preview = alice.post(url("pointing_preview", scene.configuration.pk), {"ids": [stranger.pk.hex]})
    assert STRANGER[-4:] not in words(preview)
    assert "No number to set" in words(preview)
    form = {"ids": [stranger.pk.hex], "digest": hidden(preview, "digest")}
    alice.post(url("pointing_begin", scene.configuration.pk), form)
    assert not WebhookJob.objects.exists()
    assert not scene.at_twilio(STRANGER)["sms_url"]


def test_a_job_is_watched_stopped_gone_on_with_and_tried_again(alice, cast, hinted):
    job = WebhookJob.objects.create(
        tenant=cast.acme, configuration=cast.configuration, purpose="set", total=2, made_by="alice"
    )
    shared = {
        "tenant": cast.acme,
        "configuration": cast.configuration,
        "after": {"sms_url": "https://portal.example/x"},
    }
    job.changes.create(number_sid="PN1", e164=OUR_NUMBER, state="done", before={"sms_url": ELSEWHERE}, **shared)
    job.changes.create(number_sid="PN2", e164=OUR_SECOND_NUMBER, state="planned", **shared)
    page = alice.get(url("pointing_job", job.pk))
    assert 'hx-trigger="every 2s"' in page.content.decode()
    assert "Look again" in words(page)
    stopped = alice.post(url("pointing_job_stop", job.pk), follow=True)
    assert "1 of 2 were looked at" in words(stopped)
    assert "every 2s" not in stopped.content.decode()
    alice.post(url("pointing_job_resume", job.pk))
    job.changes.filter(number_sid="PN2").update(state="failed", problem="Twilio refused this.")
    WebhookJob.objects.update(state="done", failed=1)
    failed = alice.get(url("pointing_job", job.pk) + "?state=failed")
    assert "1 was not set" in words(failed)
    assert "Twilio refused this." in words(failed)
    assert "0101" not in words(failed)
    alice.post(url("pointing_job_again", job.pk))
    job.refresh_from_db()
    assert (job.state, job.failed) == ("running", 0)


def test_pages_ask_few_questions_however_many_numbers(alice, cast, settings):
    settings.PUBLIC_BASE_URL = "https://portal.example"
    pool = cast.acme.phone_numbers.first().pool
    AccountReading.objects.create(account=cast.account, finished_at=clock.now())
    counts = []
    for count in (3, 60):
        addresses = [f"+1202557{at:04d}" for at in range(count)]
        known = set(cast.acme.phone_numbers.values_list("e164", flat=True))
        for e164 in [found for found in addresses if found not in known]:
            cast.acme.phone_numbers.create(pool=pool, e164=e164)
            cast.account.twilio_numbers.create(sid=f"PN{e164[1:]:0>32}", e164=e164, sms=True, sms_url=ELSEWHERE)
        with CaptureQueriesContext(connection) as queries:
            page = alice.get(url("pointing_preview", cast.configuration.pk))
        assert f"{count} will change" in words(page)
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 12, [found["sql"][:150] for found in queries.captured_queries]
