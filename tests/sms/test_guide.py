"""Every statement of the guide, and the page that carries it."""

import pytest
from django.urls import reverse
from django.utils.html import conditional_escape

from sms.setup import guide
from tests.factories import make_trunk

# What the guide must tell, and where else it stands: workflow, section 5.
CARRIED = {
    "buy_number": {"guide", "trunk"},
    "us_registration": {"guide", "form", "webhook"},
    "trunk_first": {"guide", "trunk"},
    "account_info": {"guide", "form"},
    "token_secret": {"guide", "form"},
    "sender_id": {"guide", "form"},
    "webhook_needed": {"guide", "webhook"},
    "webhook_unchanged": {"guide", "webhook"},
    "webhook_paste": {"guide", "webhook"},
    "geo_permissions": {"guide", "webhook"},
    "verify": {"guide", "webhook", "verify"},
    "rules": {"guide", "verify"},
}


@pytest.fixture
def pages(client, cast, settings):
    settings.PUBLIC_BASE_URL = "https://portal.example"
    client.force_login(cast.alice.user)
    one = cast.configuration.pk
    addresses = {
        "guide": reverse("sms:guide", args=["acme"]),
        "form": reverse("sms:configuration_new", args=["acme"]),
        "webhook": reverse("sms:configuration_webhook", args=["acme", one]),
        "verify": reverse("sms:configuration_verify", args=["acme", one]) + "?since=1700000000",
        "trunk": reverse("sms:trunk_new", args=["acme"]),
    }
    return {name: client.get(address).content.decode() for name, address in addresses.items()}


def test_the_list_of_statements_is_the_one_agreed():
    assert {said.key: set(said.pages) for said in guide.STATEMENTS} == CARRIED


@pytest.mark.parametrize("said", guide.STATEMENTS, ids=lambda said: said.key)
def test_each_statement_stands_on_its_pages_with_its_link(pages, said):
    for name in said.pages:
        assert conditional_escape(said.text) in pages[name], name
        if said.url:
            assert said.url in pages[name], name


def test_the_us_hint_stands_only_where_it_matters(client, cast):
    assert guide.concerns_us(cast.acme)
    cast.acme.country = "DE"
    cast.acme.save()
    assert guide.concerns_us(cast.acme)
    cast.globex.country = "DE"
    cast.globex.save()
    make_trunk("Theirs", tenant=cast.globex)
    client.force_login(cast.mallory.user)
    assert not guide.concerns_us(cast.globex)
    assert "A2P" not in client.get(reverse("sms:configuration_new", args=["globex"])).content.decode()
    assert "A2P" in client.get(reverse("sms:guide", args=["globex"])).content.decode()
