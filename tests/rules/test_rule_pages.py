"""The pages of rules: who sees and changes them, what is marked, what deleting would cost."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from rules import routing
from rules.changing import editing, versions
from rules.changing.editing import TargetDraft
from rules.engine import Action
from rules.facts import OutboundFacts
from tests.factories import OUR_SECOND_NUMBER, THEIR_NUMBER, Cast, make_group
from tests.rules.test_routing import actor_of, inbound_rule, outbound_rule, received
from tests.rules.test_rule_forms import alice, at, body_of, inbound_data, outbound_data

__all__ = ["alice"]


def test_without_a_configuration_the_list_says_what_comes_first(alice: Client, cast: Cast) -> None:
    cast.configuration.delete()
    assert "Add an SMS configuration first" in body_of(alice.get(at("outbound_rule_list")))
    response = alice.get(at("outbound_rule_new"), follow=True)
    assert "a rule leads texts to one" in body_of(response)


def test_deleting_names_the_numbers_that_would_be_unrouted(alice: Client, cast: Cast) -> None:
    rule = inbound_rule(cast, numbers=[cast.number.id])
    page = body_of(alice.get(at("inbound_rule_delete", rule)))
    assert "Texts to +1 202-555-0101 that fit no other rule" in page
    assert OUR_SECOND_NUMBER not in page
    assert "No rule takes every text to +1 202-555-0102" in body_of(alice.get(at("finding_list")))
    inbound_rule(cast, "All")
    assert "No number loses its last rule" in body_of(alice.get(at("inbound_rule_delete", rule)))
    alice.post(at("inbound_rule_delete", rule))
    assert [rule.name for rule in cast.acme.inbound_rules.all()] == ["All"]


def test_deleting_the_last_way_out_is_said_in_words(alice: Client, cast: Cast) -> None:
    rule = outbound_rule(cast)
    assert "Nobody could send any more" in body_of(alice.get(at("outbound_rule_delete", rule)))
    french = outbound_rule(cast, "France", conditions=[{"kind": "prefix", "prefixes": ["33"]}])
    assert "Some texts would be refused" in body_of(alice.get(at("outbound_rule_delete", rule)))
    assert "Another rule takes all destinations" in body_of(alice.get(at("outbound_rule_delete", french)))
    alice.post(at("outbound_rule_delete", rule))
    assert routing.route_outbound(cast.acme, OutboundFacts(to=THEIR_NUMBER))[0].action == Action.REFUSE


def test_saving_a_rule_that_is_gone_says_so(alice: Client, cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    def somebody_was_quicker(*_args: object, **_options: object) -> None:
        raise editing.RuleGone

    rule, other = inbound_rule(cast), outbound_rule(cast)
    monkeypatch.setattr(editing, "save_inbound", somebody_was_quicker)
    monkeypatch.setattr(editing, "save_outbound", somebody_was_quicker)
    for name, row, form in (("inbound", rule, inbound_data), ("outbound", other, outbound_data)):
        response = alice.post(at(f"{name}_rule_edit", row), form(cast), follow=True)
        assert "somebody has deleted this rule" in body_of(response)


def test_moving_and_switching_from_the_list(alice: Client, cast: Cast) -> None:
    first, second = inbound_rule(cast, "First"), inbound_rule(cast, "Second")
    alice.post(at("inbound_rule_move", second), {"direction": "up"})
    assert [rule.name for rule in cast.acme.inbound_rules.all()] == ["Second", "First"]
    alice.post(at("inbound_rule_toggle", first), {"on": "0"})
    first.refresh_from_db()
    assert not first.enabled
    low, high = outbound_rule(cast, "Low", priority=1), outbound_rule(cast, "High", priority=2)
    alice.post(at("outbound_rule_move", low), {"direction": "down"})
    assert [rule.name for rule in cast.acme.outbound_rules.all()] == ["High", "Low"]
    alice.post(at("outbound_rule_toggle", high), {"on": "0"})
    high.refresh_from_db()
    assert not high.enabled


def test_the_rule_page_says_who_saved_last_and_the_version(alice: Client, cast: Cast) -> None:
    rule, outbound = inbound_rule(cast), outbound_rule(cast)
    for page in (
        body_of(alice.get(at("inbound_rule_detail", rule))),
        body_of(alice.get(at("outbound_rule_detail", outbound))),
    ):
        assert "Version 1, saved by alice@acme.example" in page


def test_rules_that_do_not_work_are_marked(alice: Client, cast: Cast) -> None:
    inbound_rule(cast, trunk=cast.trunk.id)
    outbound_rule(cast)
    cast.bob.enabled = cast.configuration.enabled = cast.trunk.enabled = False
    for row in (cast.bob, cast.configuration, cast.trunk):
        row.save()
    page = body_of(alice.get(at("inbound_rule_list")))
    assert "Bob is disabled and reads nothing." in page
    assert "The trunk Main is disabled or deleted." in page
    assert "No route is left: texts that match are refused." in body_of(alice.get(at("outbound_rule_list")))


def test_a_group_that_is_gone_is_said(alice: Client, cast: Cast) -> None:
    sales = make_group(cast.acme, "Sales", cast.bob)
    groups = {"kind": "groups", "ids": [sales.id.hex], "labels": ["Sales"]}
    rule = outbound_rule(cast, conditions=[{"kind": "all"}, groups])
    assert "checked" in body_of(alice.get(at("outbound_rule_edit", rule)))
    sales.delete()
    assert "A group that it names is gone" in body_of(alice.get(at("outbound_rule_list")))


def test_a_rule_whose_groups_are_all_gone_is_for_nobody_not_for_everybody(cast: Cast) -> None:
    sales = make_group(cast.acme, "Sales", cast.bob)
    french = {"kind": "prefix", "prefixes": ["1"]}
    outbound_rule(cast, conditions=[french, {"kind": "groups", "ids": [sales.id.hex]}])
    sales.delete()
    versions.save(actor_of(cast), cast.acme, "outbound")
    assert routing.route_outbound(cast.acme, OutboundFacts(to=THEIR_NUMBER))[0].action == Action.REFUSE


def test_a_rule_that_named_a_removed_member_says_so_and_keeps_its_other_destinations(alice: Client, cast: Cast) -> None:
    rule = inbound_rule(cast, targets=[TargetDraft("member", cast.bob.id), TargetDraft("member", cast.sam.id)])
    cast.bob.delete()
    assert "A member or group that it delivered to was removed" in body_of(alice.get(at("inbound_rule_list")))
    versions.save(actor_of(cast), cast.acme, "inbound")
    decision = routing.route_inbound(cast.acme, received(cast))[0]
    assert [target.to_json()["label"] for target in decision.targets] == ["Sam"]
    assert "Choose…" in body_of(alice.get(at("inbound_rule_edit", rule)))


def test_rows_that_went_away_are_noticed_and_the_rules_saved_again(alice: Client, cast: Cast) -> None:
    inbound_rule(cast)
    assert "as they were saved before" not in body_of(alice.get(at("inbound_rule_list")))
    cast.bob.delete()
    assert "as they were saved before" in body_of(alice.get(at("inbound_rule_list")))
    alice.post(at("inbound_rule_set_save"))
    page = body_of(alice.get(at("inbound_rule_list")))
    assert "as they were saved before" not in page
    assert "It has no destination." in page


def test_the_usual_rules_come_with_one_press(alice: Client, cast: Cast) -> None:
    assert "Add the usual rules" in body_of(alice.get(at("inbound_rule_list")))
    response = alice.post(at("usual_rules"), {"list": "outbound"})
    assert response["Location"] == at("outbound_rule_list")
    assert cast.acme.inbound_rules.count() == cast.acme.outbound_rules.count() == 1
    again = alice.post(at("usual_rules"), {"configuration": cast.configuration.id.hex}, follow=True)
    assert "The usual rules are there already." in body_of(again)
    assert alice.post(at("usual_rules"), {"configuration": "nonsense"}).status_code == 404


def test_the_usual_rules_need_a_configuration(alice: Client, cast: Cast) -> None:
    cast.configuration.delete()
    page = body_of(alice.post(at("usual_rules"), follow=True))
    assert "Add an SMS configuration first" in page
    assert not cast.acme.inbound_rules.exists()


def test_a_supervisor_who_adds_the_usual_rules_gets_no_right_to_send(client: Client, cast: Cast) -> None:
    cast.sam.sending_right = "none"
    cast.sam.save()
    client.force_login(cast.sam.user)
    client.post(at("usual_rules"))
    cast.sam.refresh_from_db()
    assert cast.sam.sending_right == "none"
    assert cast.acme.outbound_rules.exists()


def test_a_viewer_sees_and_does_not_change(client: Client, cast: Cast) -> None:
    rule = inbound_rule(cast)
    client.force_login(cast.vera.user)
    page = body_of(client.get(at("inbound_rule_list")))
    assert "Sales" in page
    assert at("inbound_rule_edit", rule) not in page
    assert client.get(at("inbound_rule_detail", rule)).status_code == 200
    assert client.get(at("inbound_rule_edit", rule)).status_code == 403
    assert client.post(at("inbound_rule_toggle", rule), {"on": "0"}).status_code == 403


def test_rules_of_another_tenant_are_not_there(client: Client, cast: Cast) -> None:
    rule = inbound_rule(cast)
    client.force_login(cast.mallory.user)
    for name in ("detail", "edit", "delete"):
        assert client.get(reverse(f"rules:inbound_rule_{name}", args=["globex", rule.id])).status_code == 404
        assert client.get(at(f"inbound_rule_{name}", rule)).status_code == 404


def test_a_long_list_costs_as_many_queries_as_a_short_one(alice: Client, cast: Cast) -> None:
    def queries() -> int:
        with CaptureQueriesContext(
            connection,
        ) as seen:
            alice.get(at("inbound_rule_list"))
        return len(seen)

    inbound_rule(cast, numbers=[cast.number.id])
    queries()
    few = queries()
    for number in range(5):
        inbound_rule(cast, f"Rule {number}", trunk=cast.trunk.id, numbers=[cast.number.id])
    assert queries() == few <= 14
    assert actor_of(cast).member == cast.alice
