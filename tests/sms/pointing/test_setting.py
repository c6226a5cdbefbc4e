"""What stands in the way of a number's webhook, seen at the sandbox, planned, set and put back."""

import pytest

from sms.mirror import reading
from sms.models import PhoneNumber, WebhookChange
from sms.pointing import choosing, jobs, looking, planning
from sms.pointing.judging import Verdict
from sms.setup import configuring
from tenants.audit import Actor
from tenants.models import AuditEntry
from tests.factories import OUR_NUMBER, OUR_SECOND_NUMBER, make_account
from tests.sms.pointing.conftest import STRANGER

ALICE = Actor("alice@acme.example")
ELSEWHERE = "https://crm.example/in"


def verdict(scene, e164=OUR_NUMBER):
    scene.read()
    return looking.at_number(scene.number(e164), looking.ours(scene.configuration)).verdict


def plan(scene, *addresses, services=(), **modes):
    scene.read()
    rows = [scene.number(e164) for e164 in addresses or (OUR_NUMBER,)]
    return planning.plan(scene.configuration, rows, services, modes)


def test_every_way_to_stand_at_twilio_is_seen(scene):
    ours = configuring.webhook_url(scene.configuration)
    bare = configuring.webhook_url(scene.configuration, overrides=False)
    assert verdict(scene) == Verdict.NOT_SET
    seen = {}
    for name, values in {
        "elsewhere": {"sms_url": ELSEWHERE},
        "application": {"sms_url": ours, "sms_application_sid": "AP" + "1" * 32},
        "wrong_method": {"sms_url": ours, "sms_method": "GET", "sms_application_sid": ""},
        "here": {"sms_url": ours, "sms_method": "POST"},
        "here_without_retries": {"sms_url": bare},
        "former_address": {"sms_url": ours.replace("127.0.0.1:8000", "old.example")},
    }.items():
        scene.set(**values)
        seen[name] = str(verdict(scene))
    assert seen == {name: name for name in seen}
    scene.set(sms_url=ours)
    service = scene.service(OUR_NUMBER)
    assert verdict(scene) == Verdict.SERVICE_DROPS
    at = scene.client.messaging.v1.services(service.sid)
    at.update(inbound_request_url=ELSEWHERE)
    assert verdict(scene) == Verdict.SERVICE
    at.update(inbound_request_url=ours)
    assert verdict(scene) == Verdict.HERE_BY_SERVICE
    at.update(inbound_request_url=ELSEWHERE, use_inbound_webhook_on_number=True)
    assert verdict(scene) == Verdict.HERE
    at.update(use_inbound_webhook_on_number=False)
    configuring.rotate_key(ALICE, scene.configuration)
    at.update(inbound_request_url=ours)
    assert verdict(scene) == Verdict.FORMER_KEY


def test_a_plan_says_what_changes_and_who_gets_nothing_any_more(scene):
    scene.set(sms_url=ELSEWHERE)
    [planned] = plan(scene)
    assert "https://crm.example/in now" in planned.warnings[0]
    labels = [label for label, _before, _after in planned.differences]
    assert labels == ["A message comes in", "Primary handler fails"]
    _label, before, after = planned.differences[0]
    key = configuring.live_key(scene.configuration).key
    assert before == ELSEWHERE
    assert (
        after == f"http://127.0.0.1:8000/webhooks/twilio/…{key[-4:]}/message#ct=2000&rt=3500&tt=15000&rc=3&rp=ct,rt,5xx"
    )
    assert scene.at_twilio()["sms_url"] == ELSEWHERE


def test_what_is_left_alone_has_its_reason(scene):
    jobs.begin(ALICE, scene.configuration, plan(scene))
    left = {one.name: one.left for one in plan(scene, OUR_NUMBER, STRANGER)}
    assert left[OUR_NUMBER] == "It stands so already."
    assert "not in the pool" in left[STRANGER]
    with pytest.raises(jobs.JobRefused, match="Nothing would change"):
        jobs.begin(ALICE, scene.configuration, plan(scene, OUR_NUMBER, STRANGER))


def test_a_few_are_set_at_once_and_what_was_read_follows(scene, hinted):
    job = jobs.begin(ALICE, scene.configuration, plan(scene, OUR_NUMBER, OUR_SECOND_NUMBER))
    assert (job.state, job.done, job.failed) == ("done", 2, 0)
    ours = configuring.webhook_url(scene.configuration)
    assert {scene.at_twilio(e164)["sms_url"] for e164 in (OUR_NUMBER, OUR_SECOND_NUMBER)} == {ours}
    assert scene.number().sms_url == ours
    assert not PhoneNumber.objects.filter(e164=OUR_NUMBER, verified_at=None).exists()
    entries = AuditEntry.objects.filter(action="sms.webhook.set", tenant=scene.configuration.tenant)
    assert entries.count() == 2
    assert configuring.live_key(scene.configuration).key not in str(list(entries.values_list("changes")))


def test_a_service_takes_the_texts_of_its_numbers_and_is_set_in_their_place(scene):
    service = scene.service(inbound_request_url=ELSEWHERE)
    planned = {one.name: one for one in plan(scene)}
    assert planned["Shop"].pointing.verdict == Verdict.SERVICE
    assert "does not count" in planned[OUR_NUMBER].left
    job = jobs.begin(ALICE, scene.configuration, planned.values())
    now = scene.service_now(service.sid)
    assert now.inbound_request_url == configuring.webhook_url(scene.configuration)
    assert (now.inbound_method, now.use_inbound_webhook_on_number) == ("POST", False)
    assert "/fallback#" in now.fallback_url
    assert verdict(scene) == Verdict.HERE_BY_SERVICE
    jobs.undo(ALICE, job)
    assert scene.service_now(service.sid).inbound_request_url == ELSEWHERE
    assert verdict(scene) == Verdict.SERVICE


def test_a_service_may_leave_texts_to_its_numbers_all_of_the_pool_are_set(scene):
    service = scene.service(OUR_NUMBER, OUR_SECOND_NUMBER, STRANGER, inbound_request_url=ELSEWHERE)
    planned = plan(scene, **{service.sid: "numbers"})
    assert [one.name for one in planned if one.after] == ["Shop", OUR_NUMBER, OUR_SECOND_NUMBER]
    assert "1 numbers that are not in this pool" in planned[0].warnings[1]
    jobs.begin(ALICE, scene.configuration, planned)
    assert scene.service_now(service.sid).use_inbound_webhook_on_number is True
    assert verdict(scene) == verdict(scene, OUR_SECOND_NUMBER) == Verdict.HERE
    assert not scene.at_twilio(STRANGER)["sms_url"]


def test_a_service_may_be_left_as_it_is(scene):
    service = scene.service(inbound_request_url=ELSEWHERE)
    planned = plan(scene, **{service.sid: "leave"})
    assert not planning.changing(planned)
    assert "left as it is" in planned[1].left


def test_an_operators_services_and_other_numbers_are_no_tenants_business(scene):
    service = scene.service(OUR_NUMBER, STRANGER, inbound_request_url=ELSEWHERE)
    other = scene.client.messaging.v1.services.create(friendly_name="Other")
    account = make_account(None, sid=scene.account["sid"], auth_token=scene.account["auth_token"])
    scene.configuration.account = account
    scene.configuration.save()
    reading.read_now(account)
    assert STRANGER not in [row.e164 for row in choosing.visible_numbers(scene.configuration)]
    assert [row.sid for row in choosing.visible_services(scene.configuration)] == [service.sid]
    chosen = choosing.choose(scene.configuration, [], [scene.sids[STRANGER], other.sid, scene.sids[OUR_NUMBER]])
    assert [row.e164 for row in chosen.numbers] == [OUR_NUMBER]
    planned = planning.plan(scene.configuration, chosen.numbers, chosen.services, {service.sid: "service"})
    assert not planning.changing(planned)
    assert "operator" in planned[0].left
    assert scene.service_now(service.sid).inbound_request_url == ELSEWHERE


def test_what_was_changed_since_the_preview_is_left_and_said(scene):
    planned = plan(scene)
    scene.set(sms_url=ELSEWHERE)
    job = jobs.begin(ALICE, scene.configuration, planned)
    change = job.changes.get()
    assert (change.state, scene.at_twilio()["sms_url"]) == ("skipped", ELSEWHERE)
    assert "changed at Twilio since" in change.problem
    assert scene.number().sms_url == ELSEWHERE


def test_undo_refuses_what_somebody_else_set_and_takes_back_what_we_set_later(scene):
    scene.set(sms_url=ELSEWHERE)
    first = jobs.begin(ALICE, scene.configuration, plan(scene))
    configuring.rotate_key(ALICE, scene.configuration)
    jobs.begin(ALICE, scene.configuration, plan(scene))
    scene.set(sms_url="https://other.example/")
    refused = jobs.undo(ALICE, first).changes.get()
    assert (refused.state, scene.at_twilio()["sms_url"]) == ("skipped", "https://other.example/")
    scene.set(sms_url=configuring.webhook_url(scene.configuration))
    assert jobs.undo(ALICE, first).changes.get().state == "done"
    assert scene.at_twilio()["sms_url"] == ELSEWHERE
    assert not WebhookChange.objects.filter(state="done", undone_at=None).exists()
    with pytest.raises(jobs.JobRefused, match="Nothing is left"):
        jobs.undo(ALICE, first)


def test_one_change_of_several_is_taken_back_alone(scene):
    job = jobs.begin(ALICE, scene.configuration, plan(scene, OUR_NUMBER, OUR_SECOND_NUMBER))
    jobs.undo_change(ALICE, job.changes.get(e164=OUR_NUMBER))
    assert not scene.at_twilio()["sms_url"]
    assert scene.at_twilio(OUR_SECOND_NUMBER)["sms_url"]
    assert [change.e164 for change in jobs.undoable(job)] == [OUR_SECOND_NUMBER]
