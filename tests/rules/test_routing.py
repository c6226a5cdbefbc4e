"""Routing reads versions, never the rows being edited; versions are written once, and only when something changed."""

import threading
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import connection

from rules import routing
from rules.changing import editing, ordering, versions
from rules.changing.editing import InboundDraft, OutboundDraft, RouteDraft, TargetDraft
from rules.engine import Action
from rules.facts import InboundFacts, OutboundFacts
from rules.models import InboundRule, OutboundRule, RuleSet
from tenants import audit
from tenants.models import AuditEntry
from tests.factories import OUR_NUMBER, OUR_SECOND_NUMBER, THEIR_NUMBER, Cast, make_group

NOON = datetime(2026, 12, 7, 12, tzinfo=UTC)


def actor_of(cast: Cast) -> audit.Actor:
    return audit.Actor(label="alice@acme.example", user=cast.alice.user, member=cast.alice)


def inbound_rule(cast: Cast, name: str = "Sales", **fields: Any) -> InboundRule:
    draft: dict[str, Any] = {
        "name": name,
        "enabled": True,
        "trunk": None,
        "numbers": [],
        "conditions": [],
        "targets": [TargetDraft("member", cast.bob.id)],
        **fields,
    }
    return editing.save_inbound(actor_of(cast), cast.acme, InboundDraft(**draft))


def live(cast: Cast, kind: str) -> RuleSet:
    return cast.acme.rule_sets.filter(kind=kind).latest("version")


def rule_name(cast: Cast) -> str:
    rule = routing.route_inbound(cast.acme, received(cast))[0].rule
    return rule.name if rule else ""


def outbound_rule(cast: Cast, name: str = "All", **fields: Any) -> OutboundRule:
    draft: dict[str, Any] = {
        "name": name,
        "enabled": True,
        "priority": 1000,
        "conditions": [{"kind": "all"}],
        "routes": [RouteDraft(cast.configuration.id)],
        **fields,
    }
    return editing.save_outbound(actor_of(cast), cast.acme, OutboundDraft(**draft))


def received(cast: Cast, **fields: Any) -> InboundFacts:
    facts: dict[str, Any] = {
        "our_address": OUR_NUMBER,
        "their_address": THEIR_NUMBER,
        "body": "Hello",
        "trunk": cast.trunk.id.hex,
        "number": cast.number.id.hex,
        **fields,
    }
    return InboundFacts(**facts)


def test_a_tenant_without_rules_routes_nothing(cast: Cast) -> None:
    decision, rule_set = routing.route_inbound(cast.acme, received(cast))
    assert (decision.action, rule_set) == (Action.UNROUTED, "")
    refused, rule_set = routing.route_outbound(cast.acme, OutboundFacts(to=THEIR_NUMBER))
    assert (refused.action, rule_set) == (Action.REFUSE, "")


def test_the_newest_version_decides_and_is_named(cast: Cast) -> None:
    inbound_rule(cast)
    decision, rule_set = routing.route_inbound(cast.acme, received(cast))
    assert decision.targets[0].to_json()["id"] == cast.bob.id.hex
    assert rule_set == live(cast, "inbound").id.hex
    editing.switch(actor_of(cast), cast.acme, cast.acme.inbound_rules.get(), on=False)
    later, newer = routing.route_inbound(cast.acme, received(cast))
    assert later.action == Action.UNROUTED
    assert newer != rule_set


def test_rows_that_were_not_saved_decide_nothing(cast: Cast) -> None:
    inbound_rule(cast)
    cast.acme.inbound_rules.update(enabled=False)
    assert routing.route_inbound(cast.acme, received(cast))[0].action == Action.DELIVER


def test_a_decision_costs_one_query_once_compiled(cast: Cast, django_assert_num_queries: Any) -> None:
    inbound_rule(cast)
    routing.route_inbound(cast.acme, received(cast))
    with django_assert_num_queries(1):
        routing.route_inbound(cast.acme, received(cast))


def test_the_rules_of_one_tenant_never_decide_for_another(cast: Cast) -> None:
    inbound_rule(cast)
    assert routing.route_inbound(cast.globex, received(cast))[0].action == Action.UNROUTED


def test_trunk_numbers_range_and_words_stand_in_the_document(cast: Cast) -> None:
    inbound_rule(cast, trunk=cast.trunk.id, numbers=[cast.number.id], conditions=[{"kind": "contains", "text": "x"}])
    inbound_rule(cast, "Range", conditions=[{"kind": "range", "first": OUR_NUMBER, "last": OUR_SECOND_NUMBER}])
    inbound_rule(cast, "All")
    first, second, third = versions.build(cast.acme, "inbound")["rules"]
    assert [condition["kind"] for condition in first["conditions"]] == ["trunk", "number", "contains"]
    assert first["conditions"][1] == {"kind": "number", "ids": [cast.number.id.hex], "numbers": [OUR_NUMBER]}
    assert [condition["kind"] for condition in second["conditions"]] == ["range"]
    assert third["conditions"] == [{"kind": "all_numbers"}]


def test_saving_what_has_not_changed_writes_no_version(cast: Cast) -> None:
    rule = outbound_rule(cast)
    entries = AuditEntry.objects.count()
    draft = OutboundDraft("All", True, 1000, [{"kind": "all"}], [RouteDraft(cast.configuration.id)])
    editing.save_outbound(actor_of(cast), cast.acme, draft, rule)
    assert live(cast, "outbound").version == 1
    assert AuditEntry.objects.count() == entries


def test_every_change_writes_one_version_and_one_audit_entry_saying_who(cast: Cast) -> None:
    rule = inbound_rule(cast)
    editing.switch(actor_of(cast), cast.acme, rule, on=False)
    editing.delete(actor_of(cast), cast.acme, rule)
    saved = list(cast.acme.rule_sets.filter(kind="inbound").order_by("version"))
    assert [one.version for one in saved] == [1, 2, 3]
    assert {one.saved_by for one in saved} == {"alice@acme.example"}
    actions = list(cast.acme.audit_entries.order_by("id").values_list("action", flat=True))
    assert actions == ["rules.inbound_rule.created", "rules.inbound_rule.disabled", "rules.inbound_rule.deleted"]
    assert saved[0].document["rules"][0]["name"] == "Sales"
    assert saved[2].document == {"calendar": versions.calendar_json(cast.acme), "rules": []}


def test_switching_on_what_is_on_writes_nothing(cast: Cast) -> None:
    rule = inbound_rule(cast)
    editing.switch(actor_of(cast), cast.acme, rule, on=True)
    assert live(cast, "inbound").version == 1


def test_a_change_is_logged_in_words(cast: Cast) -> None:
    rule = inbound_rule(cast)
    draft = InboundDraft("Sales", True, None, [], [{"kind": "contains", "text": "order"}], [TargetDraft("drop")])
    editing.save_inbound(actor_of(cast), cast.acme, draft, rule)
    changes = cast.acme.audit_entries.latest("id").changes
    assert changes["targets"] == ["the inbox of Bob", "nobody: it is dropped"]
    assert "order" in changes["conditions"][1]


def test_saving_from_an_old_page_leaves_the_rule_where_it_was_moved_to(cast: Cast) -> None:
    first, second = inbound_rule(cast, "First"), inbound_rule(cast, "Second")
    cheap, dear = outbound_rule(cast, "Cheap"), outbound_rule(cast, "Dear")
    ordering.move(actor_of(cast), cast.acme, second, "up")
    ordering.move(actor_of(cast), cast.acme, dear, "up")
    target = [TargetDraft("member", cast.bob.id)]
    editing.save_inbound(actor_of(cast), cast.acme, InboundDraft("Former first", True, None, [], [], target), first)
    draft = OutboundDraft("Former cheap", True, 1000, [{"kind": "all"}], [RouteDraft(cast.configuration.id)])
    editing.save_outbound(actor_of(cast), cast.acme, draft, cheap)
    assert [rule.name for rule in cast.acme.inbound_rules.all()] == ["Second", "Former first"]
    assert [rule.name for rule in cast.acme.outbound_rules.all()] == ["Dear", "Former cheap"]
    assert [rule.position for rule in cast.acme.inbound_rules.all()] == [0, 1]


def test_a_rule_that_somebody_deleted_does_not_come_back(cast: Cast) -> None:
    rule, other = inbound_rule(cast), outbound_rule(cast)
    editing.delete(actor_of(cast), cast.acme, InboundRule.objects.get(pk=rule.pk))
    editing.delete(actor_of(cast), cast.acme, OutboundRule.objects.get(pk=other.pk))
    with pytest.raises(editing.RuleGone):
        editing.save_inbound(actor_of(cast), cast.acme, InboundDraft("Back", True, None, [], [], []), rule)
    with pytest.raises(editing.RuleGone):
        editing.save_outbound(actor_of(cast), cast.acme, OutboundDraft("Back", True, 1, [], []), other)
    editing.switch(actor_of(cast), cast.acme, rule, on=False)
    assert not cast.acme.inbound_rules.exists()
    assert not cast.acme.outbound_rules.exists()


def test_routes_keep_their_order_rewriting_and_identity(cast: Cast) -> None:
    rule = outbound_rule(cast, routes=[RouteDraft(cast.configuration.id, 1, "44", OUR_NUMBER)])
    first = versions.build(cast.acme, "outbound")["rules"][0]["routes"][0]
    draft = OutboundDraft("All", True, 1000, [{"kind": "all"}], [RouteDraft(cast.configuration.id, enabled=False)])
    editing.save_outbound(actor_of(cast), cast.acme, draft, rule)
    second = versions.build(cast.acme, "outbound")["rules"][0]["routes"][0]
    assert first["id"] == second["id"]
    assert (first["strip"], first["prepend"], first["sender"]) == (1, "44", OUR_NUMBER)
    assert routing.route_outbound(cast.acme, OutboundFacts(to=THEIR_NUMBER))[0].action == Action.REFUSE


def test_the_first_rule_in_order_wins_and_moving_changes_that(cast: Cast) -> None:
    inbound_rule(cast, "First")
    second = inbound_rule(cast, "Second", targets=[TargetDraft("drop")])
    assert rule_name(cast) == "First"
    ordering.move(actor_of(cast), cast.acme, second, "up")
    assert routing.route_inbound(cast.acme, received(cast))[0].action == Action.DROP
    ordering.move(actor_of(cast), cast.acme, second, "up")
    assert live(cast, "inbound").version == 3


def test_an_outbound_rule_takes_the_priority_of_the_rule_it_passes(cast: Cast) -> None:
    outbound_rule(cast, "Low", priority=10)
    high = outbound_rule(cast, "High", priority=20)
    ordering.move(actor_of(cast), cast.acme, high, "up")
    assert [(rule.name, rule.priority) for rule in cast.acme.outbound_rules.all()] == [("High", 10), ("Low", 10)]
    ordering.move(actor_of(cast), cast.acme, high, "down")
    assert [rule.name for rule in cast.acme.outbound_rules.all()] == ["Low", "High"]


def test_groups_and_extensions_choose_the_outbound_rule(cast: Cast) -> None:
    sales = make_group(cast.acme, "Sales", cast.bob)
    groups = {"kind": "groups", "ids": [sales.id.hex], "labels": ["Sales"]}
    outbound_rule(cast, "Sales", conditions=[groups, {"kind": "extensions", "extensions": "102"}])
    facts = OutboundFacts(to=THEIR_NUMBER, extension="102", groups=(sales.id.hex,))
    assert routing.route_outbound(cast.acme, facts)[0].action == Action.SEND
    assert routing.route_outbound(cast.acme, OutboundFacts(to=THEIR_NUMBER))[0].action == Action.REFUSE


@pytest.mark.parametrize("later", ["deleted", "changed"])
def test_a_message_is_explained_by_the_rules_of_its_time(cast: Cast, later: str) -> None:
    rule = inbound_rule(cast, "Night", conditions=[{"kind": "contains", "text": "night"}])
    last = inbound_rule(cast, "Rest")
    decision, rule_set = routing.route_inbound(cast.acme, received(cast))
    message = SimpleNamespace(direction="in", body="Hello", occurred_at=NOON, decision=decision.to_snapshot(rule_set))
    if later == "deleted":
        editing.delete(actor_of(cast), cast.acme, rule)
    else:
        editing.switch(actor_of(cast), cast.acme, last, on=False)
    explained = routing.explain_snapshot(cast.acme, message)
    assert [(step.rule_name, step.matched) for step in explained.trace] == [("Night", False), ("Rest", True)]
    assert routing.explain_snapshot(cast.globex, message).trace == ()


def test_an_outbound_message_is_explained_and_one_without_rules_too(cast: Cast) -> None:
    outbound_rule(cast)
    decision, rule_set = routing.route_outbound(cast.acme, OutboundFacts(to=THEIR_NUMBER))
    message = SimpleNamespace(direction="out", body="Hi", occurred_at=NOON, decision=decision.to_snapshot(rule_set))
    assert routing.explain_snapshot(cast.acme, message).action == Action.SEND
    bare = SimpleNamespace(direction="out", body="Hi", occurred_at=NOON, decision={})
    assert routing.explain_snapshot(cast.acme, bare).action == Action.REFUSE
    empty = SimpleNamespace(direction="in", body="", occurred_at=NOON, decision={})
    assert routing.explain_snapshot(cast.acme, empty).trace == ()


def test_a_message_from_before_times_were_kept_is_explained_as_of_when_it_occurred(cast: Cast) -> None:
    mondays = {"kind": "time", "moment": {"weekdays": [0]}}
    inbound_rule(cast, "Mondays", conditions=[mondays])
    outbound_rule(cast, "Mondays", conditions=[mondays])
    for direction, kind in (("in", "inbound"), ("out", "outbound")):
        decision = {"ruleset": live(cast, kind).id.hex, "facts": {"our_address": OUR_NUMBER, "to": THEIR_NUMBER}}
        message = SimpleNamespace(direction=direction, body="", occurred_at=NOON, decision=decision)
        explained = routing.explain_snapshot(cast.acme, message)
        assert explained.trace[0].reason.endswith("it is Monday 7 December 2026, 12:00")
        assert explained.trace[0].matched


@pytest.mark.django_db(transaction=True)
def test_a_version_that_another_process_wrote_decides_at_once(cast: Cast) -> None:
    """The other process is a thread with a connection of its own that knows nothing of this one's compiled rules."""
    inbound_rule(cast)
    before, first = routing.route_inbound(cast.acme, received(cast))
    newest = live(cast, "inbound")

    def elsewhere() -> None:
        document = {"rules": [{**newest.document["rules"][0], "name": "Theirs", "targets": [{"kind": "drop"}]}]}
        RuleSet.objects.create(tenant_id=cast.acme.id, kind="inbound", version=newest.version + 1, document=document)
        connection.close()

    other = threading.Thread(target=elsewhere)
    other.start()
    other.join()
    after, second = routing.route_inbound(cast.acme, received(cast))
    assert (before.action, after.action) == (Action.DELIVER, Action.DROP)
    assert first != second
    assert rule_name(cast) == "Theirs"


def test_rules_of_one_version_are_compiled_once(cast: Cast, django_assert_num_queries: Any) -> None:
    outbound_rule(cast)
    routing.route_outbound(cast.acme, OutboundFacts(to=THEIR_NUMBER))
    with django_assert_num_queries(3):
        for _ in range(3):
            routing.route_outbound(cast.acme, OutboundFacts(to=THEIR_NUMBER))
    inbound_rule(cast)
    routing.route_inbound(cast.acme, received(cast))
    with django_assert_num_queries(1):
        routing.live_rules(cast.acme, "inbound")
