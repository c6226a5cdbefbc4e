"""Two people at one rule or one list: nobody overwrites unseen what the other has done, and nothing typed is lost."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from rules.changing import editing, ordering
from rules.changing.editing import InboundDraft, OutboundDraft, RouteDraft, TargetDraft
from rules.models import InboundRule
from tenants.audit import Actor
from tests.factories import Cast
from tests.rules.test_routing import actor_of, inbound_rule, live, outbound_rule
from tests.rules.test_rule_forms import alice, at, body_of, inbound_data, outbound_data

__all__ = ["alice"]


def sam_of(cast: Cast) -> Actor:
    return Actor(label="sam@acme.example", user=cast.sam.user, member=cast.sam)


def test_an_edit_from_an_old_page_is_refused_with_what_changed_and_keeps_what_was_typed(
    alice: Client, cast: Cast
) -> None:
    rule = inbound_rule(cast)
    opened = {"revision": "1", "version": str(live(cast, "inbound").version)}
    theirs = InboundDraft("By Sam", True, None, [], [], [TargetDraft("drop")])
    editing.save_inbound(sam_of(cast), cast.acme, theirs, rule)
    mine = inbound_data(cast, name="By Alice", keyword="order; buy", **opened)
    page = body_of(alice.post(at("inbound_rule_edit", rule), mine))
    rule.refresh_from_db()
    assert rule.name == "By Sam"
    assert "somebody has changed this rule since you opened it" in page
    assert "Sales → By Sam" in page
    assert "sam@acme.example" in page
    assert 'value="By Alice"' in page
    assert 'value="order; buy"' in page
    assert "Save mine anyway" in page
    assert f'href="{at("inbound_rule_edit", rule)}"' in page
    assert '<input type="hidden" name="revision" value="2">' in page
    alice.post(at("inbound_rule_edit", rule), mine | {"revision": "2", "version": "2"})
    rule.refresh_from_db()
    assert rule.name == "By Alice"


def test_saving_anyway_is_refused_again_when_it_was_changed_again(alice: Client, cast: Cast) -> None:
    rule = outbound_rule(cast)
    for name in ("Second", "Third"):
        draft = OutboundDraft(name, True, 1000, [{"kind": "all"}], [RouteDraft(cast.configuration.id)])
        editing.save_outbound(sam_of(cast), cast.acme, draft, rule)
    page = body_of(alice.post(at("outbound_rule_edit", rule), outbound_data(cast, revision="2", version="2")))
    assert "Second → Third" in page
    assert "All → Second" not in page
    rule.refresh_from_db()
    assert rule.name == "Third"


def test_the_form_carries_the_state_that_it_was_opened_with(alice: Client, cast: Cast) -> None:
    rule = inbound_rule(cast)
    editing.switch(actor_of(cast), cast.acme, rule, on=False)
    page = body_of(alice.get(at("inbound_rule_edit", rule)))
    assert '<input type="hidden" name="revision" value="2">' in page
    assert '<input type="hidden" name="version" value="2">' in page


@pytest.mark.parametrize("kind", ["inbound", "outbound"])
def test_a_rule_that_was_changed_is_not_deleted_unseen(alice: Client, cast: Cast, kind: str) -> None:
    rule = inbound_rule(cast) if kind == "inbound" else outbound_rule(cast)
    editing.switch(sam_of(cast), cast.acme, rule, on=False)
    page = body_of(alice.post(at(f"{kind}_rule_delete", rule), {"revision": "1", "version": "1"}))
    assert "Enabled</strong>: yes → no" in page
    assert type(rule).objects.filter(pk=rule.pk).exists()
    alice.post(at(f"{kind}_rule_delete", rule), {"revision": "2", "version": "2"})
    assert not type(rule).objects.filter(pk=rule.pk).exists()


def test_a_rule_that_somebody_deleted_is_said_to_be_gone(
    alice: Client, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    rule = inbound_rule(cast)
    monkeypatch.setattr(editing, "switch", lambda *_args, **_options: False)
    response = alice.post(at("inbound_rule_toggle", rule), {"on": "0"}, follow=True)
    assert "somebody has deleted this rule" in body_of(response)

    def gone(*_args: object, **_options: object) -> None:
        raise editing.RuleGone

    monkeypatch.setattr(ordering, "move", gone)
    response = alice.post(at("inbound_rule_move", rule), {"direction": "up"}, follow=True)
    assert "somebody has deleted this rule" in body_of(response)


# --- Order ---


def order(cast: Cast) -> str:
    return "".join(rule.name for rule in cast.acme.inbound_rules.all())


def test_dragging_posts_the_place_the_order_and_the_version(alice: Client, cast: Cast) -> None:
    rules = {name: inbound_rule(cast, name) for name in "ABC"}
    wanted = " ".join(rules[name].id.hex for name in "CAB")
    data = {"place": "1", "order": wanted, "version": "3"}
    response = alice.post(at("inbound_rule_move", rules["C"]), data)
    assert response["Location"].endswith(f"?selected={rules['C'].id.hex}")
    assert order(cast) == "CAB"


def test_a_drag_in_an_old_list_is_refused_with_what_changed(alice: Client, cast: Cast) -> None:
    rules = {name: inbound_rule(cast, name) for name in "ABC"}
    ordering.place(sam_of(cast), cast.acme, rules["A"], 2)
    inbound_rule(cast, "D")
    response = alice.post(at("inbound_rule_move", rules["B"]), {"place": "2", "version": "3"})
    page = body_of(response)
    assert response.status_code == 409
    assert "“B” was not moved" in page
    assert "“A” was moved from place 1 to place 3" in page
    assert "“D” was added" in page
    assert "sam@acme.example" in page
    assert order(cast) == "BCAD"
    alice.post(at("inbound_rule_move", rules["B"]), {"place": "2", "version": "5"})
    assert order(cast) == "CBAD"


@pytest.mark.parametrize(
    ("data", "after"),
    [
        ({"direction": "up"}, "ACBD"),
        ({"direction": "down"}, "ABDC"),
        ({"place": "1"}, "CABD"),
        ({"place": "0"}, "CABD"),
        ({"place": "999"}, "ABDC"),
        ({"place": "x", "direction": "up"}, "ACBD"),
        ({"place": "1", "order": "nonsense"}, "CABD"),
    ],
)
def test_a_rule_moves_by_buttons_and_by_its_place(alice: Client, cast: Cast, data: dict[str, str], after: str) -> None:
    rules = {name: inbound_rule(cast, name) for name in "ABCD"}
    alice.post(at("inbound_rule_move", rules["C"]), data)
    assert order(cast) == after


# --- Long lists ---


def many(cast: Cast, count: int) -> None:
    """Add rules quickly: all but the last with rows alone."""
    for number in range(count - 1):
        cast.acme.inbound_rules.create(name=f"Rule {number + 1:03}", position=number, conditions=[])
    inbound_rule(cast, "Last", conditions=[{"kind": "contains", "text": "order"}], numbers=[cast.number.id])


def test_a_long_list_is_cut_into_pages_that_keep_the_order(alice: Client, cast: Cast) -> None:
    many(cast, 120)
    first = body_of(alice.get(at("inbound_rule_list")))
    assert "Page 1 of 3; 120 of 120 rules" in first
    assert "Rule 050" in first
    assert "Rule 051" not in first
    third = body_of(alice.get(at("inbound_rule_list") + "?page=3"))
    assert 'value="101"' in third
    assert "Last" in third
    assert "Page 3 of 3" in body_of(alice.get(at("inbound_rule_list") + "?page=99"))


def test_a_rule_that_was_saved_is_shown_on_its_page(alice: Client, cast: Cast) -> None:
    many(cast, 120)
    rule = cast.acme.inbound_rules.get(name="Last")
    assert "Page 3 of 3" in body_of(alice.get(f"{at('inbound_rule_list')}?selected={rule.id.hex}"))


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("last", True),
        ("contains order", True),
        ("2025550101", True),
        ("202-555-0101", True),
        ("bob", True),
        ("x7", False),
    ],
)
def test_rules_are_found_by_name_words_and_number(alice: Client, cast: Cast, words: str, found: bool) -> None:
    many(cast, 12)
    page = body_of(alice.get(at("inbound_rule_list"), {"q": words}))
    assert ("Last" in page) == found
    assert "Rule 001" not in page
    assert ("No rule fits. Clear the search to see all." in page) != found
    # What is hidden stands between the rules: their places can be typed, but they are not dragged.
    assert "data-order-handle" not in page


@pytest.mark.parametrize("kind", ["inbound", "outbound"])
@pytest.mark.parametrize("name", ["list", "detail", "edit", "new", "delete"])
def test_pages_cost_as_many_queries_with_sixty_rules_as_with_three(
    alice: Client, cast: Cast, kind: str, name: str
) -> None:
    make = inbound_rule if kind == "inbound" else outbound_rule
    rules = [make(cast, f"Rule {number}") for number in range(3)]
    address = at(f"{kind}_rule_{name}", None if name in ("list", "new") else rules[0])

    def queries() -> int:
        with CaptureQueriesContext(connection) as seen:
            assert alice.get(address).status_code == 200
        return len(seen)

    queries()
    few = queries()
    for number in range(56):
        more = type(rules[0]).objects.create(
            tenant=cast.acme, name=f"More {number}", position=number + 3, conditions=[{"kind": "contains", "text": "x"}]
        )
        if isinstance(more, InboundRule):
            more.targets.create(tenant=cast.acme, kind="member", member=cast.bob)
            more.numbers.create(tenant=cast.acme, number=cast.number)
        else:
            more.routes.create(tenant=cast.acme, configuration=cast.configuration)
    make(cast, "Last")
    assert queries() == few <= 12


@pytest.mark.parametrize(
    ("who", "reads", "writes"), [("alice", 200, 302), ("sam", 200, 302), ("vera", 200, 403), ("bob", 403, 403)]
)
@pytest.mark.parametrize("kind", ["inbound", "outbound"])
def test_who_reads_and_who_moves(client: Client, cast: Cast, kind: str, who: str, reads: int, writes: int) -> None:
    rule = inbound_rule(cast) if kind == "inbound" else outbound_rule(cast)
    client.force_login(getattr(cast, who).user)
    assert client.get(at(f"{kind}_rule_list")).status_code == reads
    assert client.get(at(f"{kind}_rule_detail", rule)).status_code == reads
    for page in ("edit", "delete"):
        assert client.get(at(f"{kind}_rule_{page}", rule)).status_code == (200 if writes == 302 else 403)
    assert client.post(at(f"{kind}_rule_move", rule), {"place": "1"}).status_code == writes
    assert client.post(at(f"{kind}_rule_toggle", rule), {"on": "0"}).status_code == writes


def test_moving_a_rule_of_another_tenant_finds_nothing(client: Client, cast: Cast) -> None:
    rule = inbound_rule(cast)
    client.force_login(cast.mallory.user)
    assert client.post(reverse("rules:inbound_rule_move", args=["globex", rule.id]), {"place": "1"}).status_code == 404
