"""What is wrong with the rules stands on a page, with links to what mends it, as far as the visitor may go there."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from rules.changing import editing
from rules.changing.drafts import InboundDraft, TargetDraft
from rules.models import InboundRule
from tenants import audit
from tests.factories import Cast


def to_bob(cast: Cast, name: str = "Desk") -> InboundRule:
    draft = InboundDraft(name, True, None, [], [], [TargetDraft("member", cast.bob.id)])
    return editing.save_inbound(audit.PORTAL, cast.acme, draft)


def page_for(client: Client, cast: Cast, who: str = "alice") -> str:
    client.force_login(getattr(cast, who).user)
    return client.get(reverse("rules:finding_list", args=["acme"])).content.decode()


def test_rules_that_are_in_order_are_said_to_be(client: Client, cast: Cast) -> None:
    to_bob(cast)
    page = page_for(client, cast)
    assert "To the list" in page
    assert page.count("Nothing is wrong.") >= 1


def test_a_finding_leads_to_what_mends_it(client: Client, cast: Cast) -> None:
    to_bob(cast)
    cast.bob.enabled = False
    cast.bob.save()
    page = page_for(client, cast)
    assert "1 thing is wrong with these rules" in page
    assert reverse("tenants:member_edit", args=["acme", cast.bob.id]) in page
    assert '<details class="fold" open>' in page
    for_viewers = page_for(client, cast, "vera")
    assert "1 thing is wrong with these rules" in for_viewers
    assert reverse("tenants:member_edit", args=["acme", cast.bob.id]) not in for_viewers


def test_a_rule_that_can_never_match_leads_to_the_list(client: Client, cast: Cast) -> None:
    to_bob(cast, "First")
    to_bob(cast, "Second")
    page = page_for(client, cast)
    assert "Second" in page
    assert page.count(reverse("rules:inbound_rule_list", args=["acme"])) >= 2


def test_agents_do_not_see_it(client: Client, cast: Cast) -> None:
    client.force_login(cast.bob.user)
    assert client.get(reverse("rules:finding_list", args=["acme"])).status_code == 403


def test_the_page_costs_the_same_for_many_rules(client: Client, cast: Cast) -> None:
    counts = []
    for rules in (1, 20):
        for number in range(rules):
            to_bob(cast, f"Rule {number}")
        with CaptureQueriesContext(connection) as queries:
            page_for(client, cast)
        counts.append(len(queries))
    assert counts[1] <= counts[0]


@pytest.mark.parametrize("who", ["alice", "vera"])
def test_the_dashboard_leads_there(client: Client, cast: Cast, who: str) -> None:
    client.force_login(getattr(cast, who).user)
    to_bob(cast)
    cast.configuration.last_in_at = cast.configuration.last_out_at = cast.configuration.created_at
    cast.configuration.save()
    page = client.get(reverse("dashboard", args=["acme"])).content.decode()
    assert reverse("rules:finding_list", args=["acme"]) in page
