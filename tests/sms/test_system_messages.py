"""The texts of all tenants, as system administrators see them without entering a tenant."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse

from tenants import clock, ids
from tests import factories
from tests.factories import OUR_NUMBER, THEIR_NUMBER, Cast

pytestmark = pytest.mark.django_db


@pytest.fixture
def root(cast: Cast, client: Client, settings: object) -> Client:
    settings.SECOND_FACTOR_FOR_SYSTEM_ADMINISTRATORS = False  # type: ignore[attr-defined]
    client.force_login(cast.root)
    return client


def page_of(client: Client, **query: str) -> str:
    return client.get(reverse("sms:system_message_list"), query).content.decode()


def test_numbers_are_masked_and_texts_left_out(root: Client, cast: Cast) -> None:
    message = factories.make_inbound(cast.configuration, ours=OUR_NUMBER, theirs=THEIR_NUMBER, body="Top secret")
    page = page_of(root)
    assert "Acme" in page
    assert "•" in page
    for hidden in ("Top secret", "555-0199", THEIR_NUMBER):
        assert hidden not in page
    whole = reverse("sms:message_detail", args=["acme", message.id])
    assert whole in page
    asked = root.get(whole)
    assert asked.status_code == 403
    assert "Top secret" not in asked.content.decode()


def test_the_list_is_narrowed_by_tenant_way_and_state_and_turns_pages(root: Client, cast: Cast) -> None:
    assert "No messages yet" in page_of(root)
    for number in range(52):
        factories.make_inbound(cast.configuration, ours=OUR_NUMBER, theirs=f"+1202555{number:04}", state="unrouted")
    first = page_of(root)
    assert first.count("row-link") == 50
    older = root.get(reverse("sms:system_message_list")).context["page"].older_url
    assert root.get(older).content.decode().count("row-link") == 2
    assert "row-link" in page_of(root, q="acm", direction="in", state="unrouted")
    for query in ({"q": "Globex"}, {"direction": "out"}, {"state": "delivered"}):
        assert "Nothing found" in page_of(root, **query)


def test_only_thirty_days_are_looked_through(root: Client, cast: Cast) -> None:
    old = ids.id_at(clock.now() - timedelta(days=31))
    factories.make_inbound(cast.configuration, ours=OUR_NUMBER, theirs=THEIR_NUMBER, id=old)
    new = factories.make_inbound(cast.configuration, ours=OUR_NUMBER, theirs=THEIR_NUMBER)
    rows = root.get(reverse("sms:system_message_list")).context["page"].rows
    assert [row.pk for row in rows] == [new.pk]
