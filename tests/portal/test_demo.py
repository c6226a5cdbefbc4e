"""The demo: it fills an empty database once, and its numbers follow the portal's address."""

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import transaction
from django.test import override_settings

from portal import demo, demo_cast, tasks
from rules import routing
from rules.schedule import DAYS
from rules.times import calendars
from sms import sandbox_client
from sms.models import Configuration, Message, WebhookChange
from sms.setup import connecting, first_hour
from tenants.models import Member, Tenant, User
from tests.sandbox.harness import Sandbox

ADDRESS = "http://127.0.0.1:8123"


@pytest.fixture(scope="module")
def running_sandbox(tmp_path_factory):
    with Sandbox(tmp_path_factory.mktemp("sandbox")) as sandbox:
        yield sandbox


@pytest.fixture(scope="module")
def one_demo(django_db_setup, django_db_blocker, running_sandbox):
    """Fill the database once for all tests here, and empty it afterwards."""
    with django_db_blocker.unblock():
        with override_settings(SANDBOX_URL=running_sandbox.url, LOCAL_BASE_URL=ADDRESS), transaction.atomic():
            assert demo.seed()
            yield
            transaction.set_rollback(True)
        routing._inbound.cache_clear()
        routing._outbound.cache_clear()


@pytest.fixture
def seeded(one_demo, db):
    """The demo; what a test changes in the database is undone after it."""


def test_the_demo_can_be_signed_in_to_with_what_it_prints(seeded):
    for _who, email, password in demo.sign_ins():
        assert User.objects.get(email=email).check_password(password)
    assert User.objects.filter(is_system_administrator=True).count() == 1
    assert Member.objects.filter(user__email=demo_cast.KIM).count() == 2


def test_filling_twice_changes_nothing(seeded):
    before = (Tenant.objects.count(), User.objects.count(), Message.objects.count())
    assert not demo.seed()
    assert (Tenant.objects.count(), User.objects.count(), Message.objects.count()) == before


def test_every_tenant_is_connected_to_the_last_step(seeded):
    for tenant in Tenant.objects.all():
        assert [step.title for step in first_hour.checklist(tenant) if not step.done] == []


def test_every_number_of_the_pool_leads_to_the_portal(seeded):
    for configuration in Configuration.objects.all():
        lines = connecting.lines(configuration)
        assert lines
        assert all(line.held and line.points_here for line in lines)


def test_the_numbers_follow_when_the_portal_moves(seeded, settings):
    settings.LOCAL_BASE_URL = "http://127.0.0.1:8999"
    demo.seed()
    for configuration in Configuration.objects.all():
        urls = [line.number.webhook for line in connecting.lines(configuration)]
        assert all(url["sms_url"].startswith("http://127.0.0.1:8999/webhooks/") for url in urls)
        assert all(url["sms_fallback_url"].startswith("http://127.0.0.1:8999/webhooks/") for url in urls)


def test_the_week_of_texts_shows_both_ways_and_some_trouble(seeded):
    for tenant in Tenant.objects.all():
        ways = set(tenant.messages.values_list("direction", flat=True))
        assert ways == {"in", "out"}
        assert tenant.messages.count() > 80
    acme = Tenant.objects.get(slug="acme")
    assert {"routed", "unrouted", "accepted", "unknown"} <= set(acme.messages.values_list("state", flat=True))
    assert acme.messages.filter(error_code="30003").exists()


def test_past_texts_are_explained_by_the_rules_of_today(seeded):
    asked = Message.objects.filter(body__contains="hours on Friday").get()
    explained = routing.explain_snapshot(asked.tenant, asked)
    assert explained.rule is not None
    assert explained.rule.name == "Opening hours"
    answer = Message.objects.filter(direction="out", conversation=asked.conversation).first()
    assert answer is not None
    assert routing.explain_snapshot(answer.tenant, answer).rule.name == "All destinations"


def test_nothing_of_the_past_waits_to_be_sent(seeded):
    assert not Message.objects.exclude(due_at=None).exists()


def test_a_phone_texts_in_while_the_demo_runs(seeded):
    assert demo.text_in() is False, "nobody answers at the portal's address here, so the text is not taken"
    phones = {phone for phone, _to, _body in demo.demo_script.LIVE}
    assert len([text for phone in phones for text in sandbox_client.texts(phone)]) == 1


def test_the_phones_fall_silent_after_enough_texts_in_a_day(seeded, monkeypatch):
    monkeypatch.setattr(demo, "_TEXTS_A_DAY", 0)
    before = sandbox_client.texts(demo.demo_script.LIVE[0][0])
    assert tasks.demo_text() is False
    assert sandbox_client.texts(demo.demo_script.LIVE[0][0]) == before


def test_a_number_whose_webhook_was_set_by_hand_follows_too(seeded, settings):
    WebhookChange.objects.all().delete()
    settings.LOCAL_BASE_URL = "http://127.0.0.1:8777"
    demo.follow_address()
    lines = [line for c in Configuration.objects.all() for line in connecting.lines(c)]
    assert all(line.number.webhook["sms_url"].startswith("http://127.0.0.1:8777/") for line in lines)


def test_the_command_leaves_a_filled_database_alone_and_says_so(seeded, capsys):
    call_command("demo")
    assert "not empty" in capsys.readouterr().out


def test_the_command_says_what_it_needs(db, settings):
    settings.SANDBOX_URL = ""
    with pytest.raises(CommandError, match="up --demo"):
        call_command("demo")
    settings.SANDBOX_URL = "http://127.0.0.1:9"
    with pytest.raises(CommandError, match="does not answer"):
        call_command("demo")


def test_both_companies_keep_hours_and_holidays_and_acme_those_of_its_automatic_reply(seeded):
    acme, globex = (Tenant.objects.get(slug=company.slug) for company in (demo_cast.ACME, demo_cast.GLOBEX))
    for tenant in (acme, globex):
        assert tenant.holidays.filter(country=tenant.country).count() > 5
    assert calendars.week_of(acme) == {day: [["08:00", "18:00"]] for day in DAYS[:5]}
    assert calendars.week_of(globex) == {day: [["09:00", "17:00"]] for day in DAYS[:5]}
    assert Member.objects.get(tenant=acme, user__email=demo_cast.KIM).hours is not None
