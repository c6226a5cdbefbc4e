"""What a change of the rules would do with the last texts is shown before it is saved, and nothing is saved."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from rules.changing import editing
from rules.changing.drafts import InboundDraft, OutboundDraft, RouteDraft, TargetDraft
from rules.models import InboundRule, OutboundRule
from tenants import audit
from tests.factories import Cast
from tests.sms.test_replaying import received, written
from tests.test_access import fingerprint


@pytest.fixture
def alice(client: Client, cast: Cast) -> Client:
    client.force_login(cast.alice.user)
    return client


def to(cast: Cast, name: str, member: Any, *conditions: dict[str, Any]) -> InboundRule:
    draft = InboundDraft(name, True, None, [], list(conditions), [TargetDraft("member", member.id)])
    return editing.save_inbound(audit.PORTAL, cast.acme, draft)


def out(cast: Cast, name: str = "All", **route: Any) -> OutboundRule:
    draft = OutboundDraft(name, True, 1000, [{"kind": "all"}], [RouteDraft(cast.configuration.id, **route)])
    return editing.save_outbound(audit.PORTAL, cast.acme, draft)


def posted(client: Client, url: str) -> dict[str, str]:
    """Return what the form at an address would post as it stands."""
    page = client.get(url)
    forms = [page.context["form"], *(page.context.get("targets") or page.context["routes"]).forms]
    found: dict[str, Any] = {}
    for form in [*forms, (page.context.get("targets") or page.context["routes"]).management_form]:
        for field in form:
            value = field.value()
            for name, shown in _written(field, value):
                found[name] = shown
    return found


def _written(field: Any, value: Any) -> list[tuple[str, Any]]:
    if value is None or value is False or value == "":
        return []
    if isinstance(value, bool):
        return [(field.html_name, "on")]
    return [(field.html_name, value)] if isinstance(value, str | int | list) else []


def test_a_changed_rule_shows_what_would_change_and_is_not_saved(alice: Client, cast: Cast) -> None:
    rule = to(cast, "Desk", cast.bob)
    received(cast, "order 5")
    received(cast, "hello")
    entered = posted(alice, reverse("rules:inbound_rule_edit", args=["acme", rule.id])) | {"keyword": "order"}
    before = fingerprint(cast.acme)
    page = alice.post(reverse("sms:inbound_preview_edit", args=["acme", rule.id]), entered).content.decode()
    assert "1 of the last 2 texts would fare otherwise" in page
    assert "To the inbox of Bob" in page
    assert "Unrouted" in page
    assert 'name="keyword" value="order"' in page
    assert reverse("rules:inbound_rule_edit", args=["acme", rule.id]) in page
    assert fingerprint(cast.acme) == before


def test_a_new_rule_is_tried_at_the_end(alice: Client, cast: Cast) -> None:
    to(cast, "Orders", cast.bob, {"kind": "keyword", "words": ["order"]})
    received(cast, "order 5")
    received(cast, "hello")
    entered = posted(alice, reverse("rules:inbound_rule_new", args=["acme"]))
    entered |= {"name": "Rest", "which": "all", "targets-0-where": f"member:{cast.alice.id.hex}"}
    before = fingerprint(cast.acme)
    page = alice.post(reverse("sms:inbound_preview_new", args=["acme"]), entered).content.decode()
    assert "1 of the last 2 texts would fare otherwise" in page
    assert "To the inbox of Alice" in page
    assert fingerprint(cast.acme) == before


def test_what_is_wrong_with_the_form_is_said(alice: Client, cast: Cast) -> None:
    rule = to(cast, "Desk", cast.bob)
    entered = posted(alice, reverse("rules:inbound_rule_edit", args=["acme", rule.id])) | {"name": ""}
    page = alice.post(reverse("sms:inbound_preview_edit", args=["acme", rule.id]), entered).content.decode()
    assert "Name: This field is required." in page


def test_another_route_shows_what_would_change(alice: Client, cast: Cast) -> None:
    rule = out(cast)
    written(cast, "Hi")
    entered = posted(alice, reverse("rules:outbound_rule_edit", args=["acme", rule.id])) | {"routes-0-strip": "2"}
    before = fingerprint(cast.acme)
    page = alice.post(reverse("sms:outbound_preview_edit", args=["acme", rule.id]), entered).content.decode()
    assert "1 of the last 1 texts would fare otherwise" in page
    assert "strip 2" in page
    assert fingerprint(cast.acme) == before


@pytest.mark.parametrize(
    ("place", "says"), [("1", "1 of the last 1 texts"), ("2", "Nothing would change"), ("x", "No")]
)
def test_another_place_shows_what_would_change(alice: Client, cast: Cast, place: str, says: str) -> None:
    to(cast, "First", cast.alice)
    second = to(cast, "Second", cast.bob)
    received(cast, "hello")
    before = fingerprint(cast.acme)
    page = alice.post(reverse("sms:inbound_preview_move", args=["acme", second.id]), {"place": place})
    assert says in page.content.decode()
    assert fingerprint(cast.acme) == before


def test_deleting_shows_what_would_change(alice: Client, cast: Cast) -> None:
    rule = out(cast)
    written(cast, "Hi")
    before = fingerprint(cast.acme)
    page = alice.post(reverse("sms:outbound_preview_delete", args=["acme", rule.id])).content.decode()
    assert "Refused: no rule fits" in page
    assert fingerprint(cast.acme) == before


@pytest.mark.parametrize("name", ["inbound_preview_new", "outbound_preview_new"])
def test_only_who_may_change_rules_may_ask(client: Client, cast: Cast, name: str) -> None:
    client.force_login(cast.vera.user)
    assert client.post(reverse(f"sms:{name}", args=["acme"])).status_code == 403
    assert client.get(reverse(f"sms:{name}", args=["acme"])).status_code == 405


def test_a_rule_saved_with_a_flaw_is_warned_about(alice: Client, cast: Cast) -> None:
    rule = to(cast, "Desk", cast.bob)
    cast.bob.enabled = False
    cast.bob.save()
    url = reverse("rules:inbound_rule_edit", args=["acme", rule.id])
    page = alice.post(url, posted(alice, url), follow=True).content.decode()
    assert "It is saved, but: " in page
    assert reverse("rules:finding_list", args=["acme"]) in page
