"""The public address moves: what points to the former one is counted, still accepted, updated, and put back."""

import csv
import io

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from sms.models import Message, PublicAddress, TwilioNumber, WebhookJob
from sms.pointing import addresses, jobs
from sms.setup import configuring, numbers
from sms.webhooks import registry
from tenants.audit import Actor
from tenants.models import AuditEntry
from tests.factories import OUR_NUMBER, OUR_SECOND_NUMBER
from tests.sms import webhook_client
from tests.sms.pointing.test_webhook_jobs import Twilio

ROOT = Actor("root@portal.example")
OLD, NEW = "https://old.example", "https://new.example"
FIELDS = ("sms_url", "sms_method", "sms_fallback_url", "sms_fallback_method", "sms_application_sid")


@pytest.fixture
def moved(cast, settings, hinted):
    """Acme's first number was set under the old address; since then the portal has moved."""
    settings.SECOND_FACTOR_FOR_SYSTEM_ADMINISTRATORS = False
    settings.PUBLIC_BASE_URL = OLD
    registry.forget()
    addresses.note()
    old = configuring.webhook_url(cast.configuration)
    TwilioNumber.objects.create(
        account=cast.account, sid=f"PN{1:032x}", e164=OUR_NUMBER, sms=True, sms_url=old, sms_method="POST"
    )
    settings.PUBLIC_BASE_URL = NEW
    settings.ALLOWED_HOSTS = ["testserver", "new.example"]
    addresses.note()
    yield old
    registry.forget()


def call(cast, base: str, sid: str):
    """Call the webhook as Twilio does that was told another base address."""
    told = webhook_client.text(cast.configuration, MessageSid=sid)
    path = webhook_client.path_of(cast.configuration)
    return webhook_client.post(path, told, base=base, HTTP_HOST=base.removeprefix("https://"))


def test_what_twilio_signs_over_a_former_address_is_accepted(cast, moved):
    for at, base in enumerate([NEW, OLD]):
        assert call(cast, base, f"SM{at:032x}").status_code == 200
    assert call(cast, "https://never.example", "SM" + "9" * 32).status_code == 403
    assert Message.objects.filter(provider_sid__startswith="SM0000").count() == 2


def test_a_warm_webhook_asks_nothing_about_addresses(cast, moved):
    call(cast, OLD, "SM" + "1" * 32)
    with CaptureQueriesContext(connection) as queries:
        assert call(cast, OLD, "SM" + "2" * 32).status_code == 200
    assert not [found for found in queries.captured_queries if "publicaddress" in found["sql"]]


def test_former_addresses_are_counted_with_whose_they_are(cast, moved, settings):
    assert [(former.url, former.numbers, former.is_accepted) for former in addresses.formers()] == [(OLD, 1, True)]
    assert addresses.counted() == 0
    assert addresses.work() == 0
    assert addresses.counted() == 1
    # Somebody else's portal, and a configuration that is gone, are no business of this one.
    TwilioNumber.objects.create(
        account=cast.account,
        sid=f"PN{2:032x}",
        e164=OUR_SECOND_NUMBER,
        sms_url=moved.replace("/message", "x/message")[:60],
    )
    settings.PUBLIC_BASE_URL = OLD
    assert addresses.formers() == []


def test_an_address_that_was_never_set_here_is_found_and_accepted_by_a_person(client, cast, moved):
    lost = moved.replace(OLD, "https://lost.example")
    TwilioNumber.objects.update(sms_url=lost)
    addresses.count()
    [former] = addresses.formers()
    assert (former.url, former.is_accepted) == ("https://lost.example", False)
    assert call(cast, former.url, "SM" + "3" * 32).status_code == 403
    client.force_login(cast.root)
    page = client.get(reverse("sms:system_addresses")).content.decode()
    assert "Refused" in page
    client.post(reverse("sms:system_addresses_accept"), {"url": former.url})
    assert call(cast, former.url, "SM" + "4" * 32).status_code == 200
    assert AuditEntry.objects.filter(action="sms.address.accepted", tenant=None).exists()


@pytest.fixture
def twilio(monkeypatch, moved):
    from sms.twilio import numbers as at_twilio

    made = Twilio()
    made.webhooks = {f"PN{1:032x}": dict.fromkeys(FIELDS, "") | {"sms_url": moved, "sms_method": "POST"}}
    monkeypatch.setattr(at_twilio, "fetch_number", lambda account, sid: _at(made, made.fetch, sid))
    monkeypatch.setattr(at_twilio, "write_webhook", lambda account, sid, values: _at(made, made.write, sid, values))
    return made


def _at(twilio, call, sid, *values):
    from dataclasses import replace

    return replace(call(None, sid, *values), e164=OUR_NUMBER)


def test_all_are_updated_and_put_back(cast, moved, twilio):
    job = addresses.move(ROOT, "")
    assert (job.tenant, job.purpose, job.state, job.done) == (None, "move", "done", 1)
    [now] = [webhook["sms_url"] for webhook in twilio.webhooks.values()]
    assert now == configuring.webhook_url(cast.configuration)
    assert now.startswith(NEW)
    assert addresses.formers() == []
    # The tenant's own log says who did it.
    assert AuditEntry.objects.filter(action="sms.webhook.moved", tenant=cast.acme, actor_label=ROOT.label).exists()
    with pytest.raises(jobs.JobRefused, match="Nothing is left"):
        addresses.move(ROOT)
    jobs.undo(ROOT, job)
    assert [webhook["sms_url"] for webhook in twilio.webhooks.values()] == [moved]
    assert [former.url for former in addresses.formers()] == [OLD]


def test_what_somebody_changed_since_it_was_read_is_not_moved(cast, moved, twilio):
    [sid] = twilio.webhooks
    twilio.webhooks[sid]["sms_url"] = "https://crm.example/in"
    job = addresses.move(ROOT)
    assert job.changes.get().state == "skipped"
    assert twilio.webhooks[sid]["sms_url"] == "https://crm.example/in"
    assert addresses.formers() == []


def test_without_a_present_address_nothing_is_moved(cast, moved, settings):
    settings.PUBLIC_BASE_URL = ""
    assert addresses.formers()
    with pytest.raises(jobs.JobRefused):
        addresses.move(ROOT)
    assert not WebhookJob.objects.exists()


def test_the_page_counts_thousands_with_few_questions_and_hands_them_out(client, cast, moved):
    TwilioNumber.objects.bulk_create(
        TwilioNumber(
            account=cast.account,
            sid=f"PN{at:032x}",
            e164=f"+1202556{at:04d}",
            sms=True,
            sms_url=moved,
            sms_method="POST",
        )
        for at in range(1000, 5011)
    )
    addresses.count()
    client.force_login(cast.root)
    with CaptureQueriesContext(connection) as queries:
        page = client.get(reverse("sms:system_addresses")).content.decode()
    assert "4,012 numbers at Twilio still point to former addresses" in page
    assert OLD in page
    assert len(queries) <= 12
    answer = client.get(reverse("sms:system_addresses_export"))
    rows = list(csv.reader(io.StringIO(b"".join(answer.streaming_content).decode())))
    assert rows[0] == ["Tenant", "Kind", "Number", "Address"]
    assert len(rows) == 4013
    assert ["Acme", "Phone number", OUR_NUMBER, OLD] in rows
    # Every page of system administrators says it.
    assert '<span class="nav-badge">4012</span>' in client.get(reverse("tenants:tenant_list")).content.decode()


def test_two_updates_do_not_run_at_once(client, cast, moved):
    WebhookJob.objects.create(purpose="move", state="running", made_by="root")
    client.force_login(cast.root)
    answer = client.post(reverse("sms:system_addresses_move"), follow=True)
    assert "under way already" in answer.content.decode()
    assert numbers.live_numbers(cast.acme).exists()
    assert PublicAddress.objects.count() == 2
