"""The order of rules: places are dense, moves are exact, and a page that shows an old order changes nothing."""

from typing import Any

import pytest

from rules.changing import editing, ordering, stale
from rules.changing.editing import InboundDraft, OutboundDraft, RouteDraft, TargetDraft
from rules.changing.stale import RuleGone, StaleEdit, StaleOrder
from rules.models import InboundRule, OutboundRule
from tests.factories import Cast
from tests.rules.test_routing import actor_of, inbound_rule, live, outbound_rule


def names(cast: Cast) -> str:
    return "".join(rule.name for rule in cast.acme.inbound_rules.all())


def places(cast: Cast) -> list[tuple[str, int]]:
    return [(rule.name, rule.priority) for rule in cast.acme.outbound_rules.all()]


def four(cast: Cast) -> list[InboundRule]:
    return [inbound_rule(cast, name) for name in "ABCD"]


@pytest.mark.parametrize(
    ("moved", "position", "order"),
    [
        (0, 0, "ABCD"),
        (0, 2, "BCAD"),
        (0, 3, "BCDA"),
        (0, 99, "BCDA"),
        (3, 0, "DABC"),
        (3, 2, "ABDC"),
        (1, 2, "ACBD"),
    ],
)
def test_a_rule_goes_to_the_place_that_was_asked_for(cast: Cast, moved: int, position: int, order: str) -> None:
    rules = four(cast)
    ordering.place(actor_of(cast), cast.acme, rules[moved], position)
    assert names(cast) == order
    assert [rule.position for rule in cast.acme.inbound_rules.all()] == [0, 1, 2, 3]


def test_places_stay_dense_when_a_rule_goes(cast: Cast) -> None:
    rules = four(cast)
    editing.delete(actor_of(cast), cast.acme, rules[1])
    assert [(rule.name, rule.position) for rule in cast.acme.inbound_rules.all()] == [("A", 0), ("C", 1), ("D", 2)]


def test_a_move_says_from_where_to_where(cast: Cast) -> None:
    rules = four(cast)
    ordering.place(actor_of(cast), cast.acme, rules[3], 0)
    entry = cast.acme.audit_entries.latest("id")
    assert (entry.action, entry.changes["position"]) == ("rules.inbound_rule.moved", [4, 1])


@pytest.mark.parametrize(
    ("moved", "position", "order"),
    [
        # Among rules of its own priority it keeps it.
        ("C", 1, [("A", 1), ("C", 5), ("B", 5), ("D", 9)]),
        # Farther up or down it takes the nearest one that fits.
        ("D", 0, [("D", 1), ("A", 1), ("B", 5), ("C", 5)]),
        ("D", 2, [("A", 1), ("B", 5), ("D", 5), ("C", 5)]),
        ("A", 3, [("B", 5), ("C", 5), ("D", 9), ("A", 9)]),
        ("A", 1, [("B", 5), ("A", 5), ("C", 5), ("D", 9)]),
        ("B", 3, [("A", 1), ("C", 5), ("D", 9), ("B", 9)]),
    ],
)
def test_an_outbound_rule_takes_the_nearest_priority_that_fits_its_place(
    cast: Cast, moved: str, position: int, order: list[tuple[str, int]]
) -> None:
    rules = {name: outbound_rule(cast, name, priority=value) for name, value in zip("ABCD", (1, 5, 5, 9), strict=True)}
    ordering.place(actor_of(cast), cast.acme, rules[moved], position)
    assert places(cast) == order
    assert [rule.position for rule in cast.acme.outbound_rules.all()] == [0, 1, 2, 3]


def test_a_new_priority_by_moving_counts_as_a_change_of_the_rule(cast: Cast) -> None:
    outbound_rule(cast, "A", priority=1)
    last = outbound_rule(cast, "B", priority=9)
    ordering.place(actor_of(cast), cast.acme, last, 0)
    last.refresh_from_db()
    assert (last.priority, last.revision) == (1, 2)
    assert cast.acme.audit_entries.latest("id").changes["priority"] == [9, 1]


def test_an_outbound_rule_of_another_priority_is_added_in_its_place(cast: Cast) -> None:
    outbound_rule(cast, "Late", priority=9)
    outbound_rule(cast, "Early", priority=1)
    rows = [(rule.name, rule.position) for rule in cast.acme.outbound_rules.all()]
    assert rows == [("Early", 0), ("Late", 1)]


def test_an_order_that_somebody_changed_is_not_changed_by_an_old_page(cast: Cast) -> None:
    rules = four(cast)
    version = live(cast, "inbound").version
    ordering.place(actor_of(cast), cast.acme, rules[0], 3)
    with pytest.raises(StaleOrder):
        ordering.place(actor_of(cast), cast.acme, rules[2], 0, version=version)
    assert names(cast) == "BCDA"
    changes = stale.order_changes(cast.acme, "inbound", version)
    assert [(one.who, one.text) for one in changes] == [
        ("alice@acme.example", "“A” was moved from place 1 to place 4"),
    ]


def test_an_old_page_may_move_while_the_order_is_the_same(cast: Cast) -> None:
    rules = four(cast)
    version = live(cast, "inbound").version
    editing.switch(actor_of(cast), cast.acme, rules[1], on=False)
    ordering.place(actor_of(cast), cast.acme, rules[2], 0, version=version)
    assert names(cast) == "CABD"


def test_added_and_deleted_rules_are_named(cast: Cast) -> None:
    rules = four(cast)
    version = live(cast, "inbound").version
    inbound_rule(cast, "E")
    editing.delete(actor_of(cast), cast.acme, rules[0])
    texts = [one.text for one in stale.order_changes(cast.acme, "inbound", version)]
    assert texts == ["“E” was added", "“A” was deleted"]
    with pytest.raises(StaleOrder):
        ordering.move(actor_of(cast), cast.acme, rules[1], "down", version=version)
    with pytest.raises(RuleGone):
        ordering.move(actor_of(cast), cast.acme, rules[0], "down")


def test_a_version_that_never_was_is_an_old_page(cast: Cast) -> None:
    with pytest.raises(StaleOrder):
        ordering.place(actor_of(cast), cast.acme, four(cast)[0], 1, version=99)


@pytest.mark.parametrize(("expected", "fits"), [("BCA", True), ("BC", True), ("ACB", False), ("BD", False)])
def test_the_order_that_the_page_shows_must_come_out(cast: Cast, expected: str, fits: bool) -> None:
    rules = dict(zip("ABCD", four(cast), strict=True))
    wanted = [rules[name].pk for name in expected]
    if fits:
        ordering.place(actor_of(cast), cast.acme, rules["A"], 2, expected=wanted)
        assert names(cast) == "BCAD"
        return
    with pytest.raises(StaleOrder):
        ordering.place(actor_of(cast), cast.acme, rules["A"], 2, expected=wanted)
    assert names(cast) == "ABCD"


# --- Edits of an older state ---


def inbound_draft(name: str, **fields: Any) -> InboundDraft:
    return InboundDraft(name, True, None, [], [], [TargetDraft("drop")], **fields)


def test_an_edit_of_an_older_state_is_refused_and_changes_nothing(cast: Cast) -> None:
    rule = inbound_rule(cast)
    version = live(cast, "inbound").version
    editing.save_inbound(actor_of(cast), cast.acme, inbound_draft("Mine"), rule, based_on=1)
    with pytest.raises(StaleEdit) as refused:
        editing.save_inbound(actor_of(cast), cast.acme, inbound_draft("Theirs"), rule, based_on=1)
    assert refused.value.revision == 2
    assert names(cast) == "Mine"
    changes = {one.label: (one.before, one.after) for one in stale.rule_changes(cast.acme, "inbound", rule.pk, version)}
    assert changes["Name"] == ("Sales", "Mine")
    assert "Bob" in changes["Send it to"][0]
    editing.save_inbound(actor_of(cast), cast.acme, inbound_draft("Theirs"), rule, based_on=2)
    assert names(cast) == "Theirs"


def test_every_change_of_a_rule_counts_and_what_changes_nothing_does_not(cast: Cast) -> None:
    rule, other = inbound_rule(cast), inbound_rule(cast, "Other")
    actor = actor_of(cast)

    def revision() -> int:
        rule.refresh_from_db()
        return rule.revision

    assert revision() == 1
    editing.switch(actor, cast.acme, rule, on=False)
    assert revision() == 2
    editing.switch(actor, cast.acme, rule, on=False)
    ordering.move(actor, cast.acme, other, "up")
    assert revision() == 2
    editing.save_inbound(actor, cast.acme, inbound_draft("New"), rule)
    editing.save_inbound(actor, cast.acme, inbound_draft("New"), rule)
    assert revision() == 3


def test_a_rule_that_was_changed_is_not_deleted_by_an_old_page(cast: Cast) -> None:
    rule = outbound_rule(cast)
    editing.switch(actor_of(cast), cast.acme, rule, on=False)
    with pytest.raises(StaleEdit):
        editing.delete(actor_of(cast), cast.acme, rule, based_on=1)
    editing.delete(actor_of(cast), cast.acme, rule, based_on=2)
    editing.delete(actor_of(cast), cast.acme, rule, based_on=1)
    assert not OutboundRule.objects.exists()


def test_switching_touches_nothing_that_somebody_else_changed(cast: Cast) -> None:
    rule = InboundRule.objects.get(pk=inbound_rule(cast).pk)
    editing.save_inbound(actor_of(cast), cast.acme, inbound_draft("New name"), rule)
    old_page = InboundRule(pk=rule.pk, tenant=cast.acme, name="Old name")
    assert editing.switch(actor_of(cast), cast.acme, old_page, on=False)
    rule.refresh_from_db()
    assert (rule.name, rule.enabled) == ("New name", False)
    editing.delete(actor_of(cast), cast.acme, rule)
    assert not editing.switch(actor_of(cast), cast.acme, old_page, on=True)


def test_all_of_a_draft_is_stored_and_decides(cast: Cast) -> None:
    hours = {"mon": [["09:00", "17:00"]]}
    moment = {"weekdays": [5]}
    targets = [
        TargetDraft("member", cast.bob.id, when="open"),
        TargetDraft("auto_reply", settings={"text": "Later"}, when="moment", moment=moment),
    ]
    draft = InboundDraft("In", True, None, [], [], targets, applies="messages", hours=hours, holidays=[])
    editing.save_inbound(actor_of(cast), cast.acme, draft)
    entry = live(cast, "inbound").document["rules"][0]
    assert (entry["applies"], entry["hours"], entry["holidays"]) == ("messages", hours, [])
    assert [(one["kind"], one["when"], one.get("moment")) for one in entry["targets"]] == [
        ("member", "open", None),
        ("auto_reply", "moment", moment),
    ]
    out = OutboundDraft(
        "Out",
        True,
        10,
        [{"kind": "all"}],
        [RouteDraft(cast.configuration.id, weight=7)],
        strategy="random",
        when_closed="hold",
        hours=hours,
        sticky=True,
        area_match=True,
    )
    rule = editing.save_outbound(actor_of(cast), cast.acme, out)
    entry = live(cast, "outbound").document["rules"][0]
    assert (entry["strategy"], entry["when_closed"], entry["hours"]) == ("random", "hold", hours)
    assert (entry["sticky"], entry["area_match"], entry["routes"][0]["weight"]) == (True, True, 7)
    refuse = OutboundDraft("Out", True, 10, [{"kind": "all"}], [], action="deny", reason="Too dear")
    editing.save_outbound(actor_of(cast), cast.acme, refuse, rule)
    entry = live(cast, "outbound").document["rules"][0]
    assert (entry["action"], entry["reason"], entry["routes"]) == ("deny", "Too dear", [])
    logged = cast.acme.audit_entries.latest("id").changes
    assert logged["action"] == ["", "Refuse it"]
    assert logged["hours"] == ["Monday 09:00 – 17:00", ""]
