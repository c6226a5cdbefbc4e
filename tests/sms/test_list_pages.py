"""What pages say about Twilio's list: how often it is read, what came late, and reading it again from a day on."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from sms.models import Configuration, ImportCursor, Message
from sms.models.configurations import UnknownPolicy
from tenants import clock
from tenants.models import AuditEntry
from tests import factories
from tests.factories import OUR_NUMBER, THEIR_NUMBER

pytestmark = pytest.mark.django_db


@pytest.fixture
def alice(cast: factories.Cast, client: Client, settings: Any) -> Client:
    settings.PUBLIC_BASE_URL = "https://portal.example.com"
    client.force_login(cast.alice.user)
    return client


def url(cast: factories.Cast, name: str, *more: Any) -> str:
    return reverse(f"sms:{name}", args=[cast.acme.slug, *more])


def details(cast: factories.Cast, client: Client) -> str:
    return client.get(url(cast, "configuration_detail", cast.configuration.pk)).content.decode()


def order(cast: factories.Cast, client: Client, since: str) -> str:
    """Ask for the list from a day on; returns what the page then says."""
    answer = client.post(url(cast, "configuration_import", cast.configuration.pk), {"since": since}, follow=True)
    assert answer.status_code == 200
    return answer.content.decode()


def test_without_a_public_address_list_and_page_say_that_texts_come_late(
    cast: factories.Cast, alice: Client, settings: Any
) -> None:
    assert "Polling" not in details(cast, alice)
    settings.PUBLIC_BASE_URL = ""
    for page in (alice.get(url(cast, "configuration_list")).content.decode(), details(cast, alice)):
        assert "Polling, up to 30 s late" in page
        assert "How to get a public address" in page


def test_a_first_call_from_twilio_ends_it(cast: factories.Cast, alice: Client, settings: Any) -> None:
    settings.PUBLIC_BASE_URL = "http://portal.example.com"
    assert "Polling" in details(cast, alice)
    Configuration.objects.update(signed_at=clock.now())
    assert "Polling" not in details(cast, alice)


def test_a_day_may_be_named_from_which_the_list_is_read_again(cast: factories.Cast, alice: Client) -> None:
    since = clock.now() - timedelta(days=10)
    page = order(cast, alice, f"{since:%Y-%m-%d}")
    assert "Reading the list again" in page
    row = ImportCursor.objects.get(account=cast.account)
    assert row.wanted_since is not None
    assert abs(row.wanted_since - since) < timedelta(days=2)
    assert row.wanted_by == AuditEntry.objects.get(action="sms.import.ordered").actor_label
    ImportCursor.objects.update(back_reached=since + timedelta(days=2))
    assert "Read back to" in details(cast, alice)


@pytest.mark.parametrize(
    ("days", "why"), [(-2, "still to come"), (401, "about 400 days"), (None, "Write the day"), ("", "required")]
)
def test_days_that_cannot_be_read_are_refused(cast: factories.Cast, alice: Client, days: Any, why: str) -> None:
    since = f"{clock.now() - timedelta(days=days):%Y-%m-%d}" if isinstance(days, int) else days or "yesterday"
    assert why in order(cast, alice, since if days != "" else "")
    assert not ImportCursor.objects.exists()
    assert not AuditEntry.objects.filter(action="sms.import.ordered").exists()


def test_only_those_who_change_configurations_may_ask(cast: factories.Cast, client: Client) -> None:
    client.force_login(cast.vera.user)
    answer = client.post(url(cast, "configuration_import", cast.configuration.pk), {"since": "2026-01-01"})
    assert answer.status_code == 403
    assert "Read again since" not in details(cast, client)


def test_the_page_says_why_the_list_could_not_be_read(cast: factories.Cast, alice: Client) -> None:
    ImportCursor.objects.create(account=cast.account, error="refused")
    assert "Twilio refuses the credentials" in details(cast, alice)


def test_how_much_an_operators_account_brought_is_nobody_elses_business(cast: factories.Cast, alice: Client) -> None:
    ImportCursor.objects.create(account=cast.account, imported=4711)
    assert "4,711" in details(cast, alice)
    cast.account.tenant = None
    cast.account.save()
    page = details(cast, alice)
    assert "4,711" not in page
    assert "4711" not in page


def test_what_happens_to_unknown_texts_is_chosen_and_logged(cast: factories.Cast, alice: Client) -> None:
    edit = url(cast, "configuration_edit", cast.configuration.pk)
    fields = {"name": "Main", "enabled": "on", "account_sid": cast.account.account_sid}
    assert "Hold the text" in alice.get(edit).content.decode()
    alice.post(edit, fields | {"unknown_policy": UnknownPolicy.REQUEUE, "save_anyway": "1"})
    cast.configuration.refresh_from_db()
    assert cast.configuration.unknown_policy == UnknownPolicy.REQUEUE
    entry = AuditEntry.objects.get(action="sms.configuration.changed")
    assert entry.changes["unknown_policy"] == ["hold", "requeue"]
    assert "Send it again once" in details(cast, alice)
    alice.post(edit, fields | {"save_anyway": "1"})
    cast.configuration.refresh_from_db()
    assert cast.configuration.unknown_policy == UnknownPolicy.REQUEUE


def came(cast: factories.Cast, source: str, seconds: float) -> Message:
    at = clock.now() - timedelta(seconds=seconds)
    return factories.make_inbound(
        cast.configuration, ours=OUR_NUMBER, theirs=THEIR_NUMBER, source=source, occurred_at=at
    )


@pytest.mark.parametrize(
    ("source", "seconds", "late"),
    [("reconciled", 900, True), ("polling", 900, True), ("polling", 20, False), ("webhook", 900, False)],
)
def test_a_text_that_came_late_says_so(
    cast: factories.Cast, alice: Client, source: str, seconds: float, late: bool
) -> None:
    page = alice.get(url(cast, "message_detail", came(cast, source, seconds).pk)).content.decode()
    assert ("Came late, found in Twilio" in page) is late
    assert ("It came late" in page) is late


def test_a_text_without_a_report_after_three_days_is_no_longer_waited_for(cast: factories.Cast, alice: Client) -> None:
    message = Message.objects.create(
        tenant=cast.acme, direction="out", configuration=cast.configuration, our_address=OUR_NUMBER,
        their_address=THEIR_NUMBER, body="Hello", state="accepted", provider_status="sent",
    )  # fmt: skip
    page = url(cast, "message_detail", message.pk)
    assert "no delivery report yet" in alice.get(page).content.decode()
    Message.objects.update(due_at=None)
    assert "Sent, no delivery report" in alice.get(page).content.decode()
