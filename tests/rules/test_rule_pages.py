"""The pages of rules: who sees and changes them, what the forms refuse and why, what deleting would cost."""

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from rules import routing
from rules.engine import Action
from rules.facts import OutboundFacts
from rules.models import InboundRule, OutboundRule
from tests.factories import OUR_NUMBER, OUR_SECOND_NUMBER, THEIR_NUMBER, Cast, make_group, make_pool, make_trunk
from tests.rules.test_routing import actor_of, inbound_rule, live, outbound_rule


def at(name: str, rule: InboundRule | OutboundRule | None = None) -> str:
    return reverse(f"rules:{name}", args=["acme", *([rule.id] if rule else [])])


def inbound_data(cast: Cast, **fields: str) -> dict[str, str]:
    return {
        "name": "Sales",
        "enabled": "on",
        "which": "all",
        "targets-TOTAL_FORMS": "2",
        "targets-INITIAL_FORMS": "0",
        "targets-0-where": f"member:{cast.bob.id.hex}",
        **fields,
    }


def outbound_data(cast: Cast, **fields: str) -> dict[str, str]:
    return {
        "name": "All",
        "enabled": "on",
        "priority": "1000",
        "everywhere": "on",
        "routes-TOTAL_FORMS": "2",
        "routes-INITIAL_FORMS": "0",
        "routes-0-configuration": cast.configuration.id.hex,
        "routes-0-strip": "0",
        "routes-0-enabled": "on",
        "routes-1-strip": "0",
        "routes-1-enabled": "on",
        **fields,
    }


@pytest.fixture
def alice(client: Client, cast: Cast) -> Client:
    client.force_login(cast.alice.user)
    return client


def body_of(response: Any) -> str:
    return str(response.content.decode())


def test_a_rule_added_on_the_page_decides_and_is_selected(alice: Client, cast: Cast) -> None:
    data = inbound_data(
        cast,
        **{
            "trunk": cast.trunk.id.hex,
            "which": "numbers",
            "numbers": "(202) 555-0101; +1 202 555 0102",
            "caller_mask": "+1202*******; (202) 555-0100-(202) 555-0199",
            "keyword": "order; buy",
            "starts_with": "Please",
            "contains": "now",
            "has_media": "yes",
            "targets-1-where": "auto_reply",
            "targets-1-detail": "Thank you",
        },
    )
    response = alice.post(at("inbound_rule_new"), data)
    rule = cast.acme.inbound_rules.get()
    assert response["Location"] == f"{at('inbound_rule_list')}?selected={rule.id.hex}"
    kinds = [condition["kind"] for condition in live(cast, "inbound").document["rules"][0]["conditions"]]
    assert kinds == ["trunk", "number", "caller_mask", "keyword", "starts_with", "contains", "has_media"]
    assert [target.kind for target in rule.targets.all()] == ["member", "auto_reply"]


def test_editing_shows_what_was_entered_and_changes_it(alice: Client, cast: Cast) -> None:
    conditions = [
        {"kind": "range", "first": OUR_NUMBER, "last": OUR_SECOND_NUMBER},
        {"kind": "keyword", "words": ["order", "buy"]},
        {"kind": "has_media", "value": False},
    ]
    rule = inbound_rule(cast, conditions=conditions)
    page = body_of(alice.get(at("inbound_rule_edit", rule)))
    assert "order; buy" in page
    assert "+1 202-555-0102" in page
    data = inbound_data(
        cast,
        **{
            "which": "range",
            "first": "2025550101",
            "last": "2025550102",
            "name": "Renamed",
            "targets-INITIAL_FORMS": "1",
        },
    )
    alice.post(at("inbound_rule_edit", rule), data)
    rule.refresh_from_db()
    assert rule.name == "Renamed"
    assert rule.conditions == conditions[:1]


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"caller_mask": "+12x*"}, "is not a mask"),
        ({"which": "numbers", "numbers": ""}, "Enter at least one of your numbers"),
        ({"which": "numbers", "numbers": "2025550177"}, "Not among your numbers: +1 202-555-0177"),
        ({"which": "numbers", "numbers": "12"}, "is a short code or incomplete"),
        ({"which": "numbers", "numbers": "2025550000-0999"}, "At most 500 numbers"),
        ({"which": "range", "first": "2025550102", "last": "2025550101"}, "ends before it starts"),
        ({"which": "range", "first": "2025550170", "last": "2025550171"}, "None of your numbers"),
        ({"which": "range", "first": "x", "last": "2025550171"}, "has letters"),
        ({"targets-0-where": ""}, "Add at least one destination."),
        ({"targets-0-where": "email", "targets-0-detail": "bob"}, "is not one e-mail address"),
        ({"targets-0-where": "auto_reply"}, "or the text of the reply."),
        ({"targets-1-detail": "lost"}, "Choose where the text goes."),
        ({"targets-1-where": "drop"}, "stands alone"),
        ({"targets-0-where": "drop", "targets-1-where": "drop"}, "twice"),
    ],
)
def test_the_inbound_form_says_what_is_wrong(alice: Client, cast: Cast, fields: dict[str, str], message: str) -> None:
    response = alice.post(at("inbound_rule_new"), inbound_data(cast, **fields))
    assert message in body_of(response)
    assert not cast.acme.inbound_rules.exists()


def test_without_numbers_the_form_says_so(client: Client, cast: Cast) -> None:
    client.force_login(cast.mallory.user)
    page = body_of(client.get(reverse("rules:inbound_rule_new", args=["globex"])))
    assert "You have no numbers yet." in page


def test_a_number_on_another_trunk_is_named(alice: Client, cast: Cast) -> None:
    other = make_trunk("Other")
    make_pool(other, cast.acme, "+12025550155")
    data = inbound_data(cast, which="numbers", numbers="2025550101", trunk=other.id.hex)
    assert "Not on the chosen trunk: +1 202-555-0101" in body_of(alice.post(at("inbound_rule_new"), data))


def test_conditions_that_the_form_does_not_know_survive_an_edit(alice: Client, cast: Cast) -> None:
    rule = inbound_rule(cast, conditions=[{"kind": "moon_phase", "value": "full"}])
    assert "is not known here" in body_of(alice.get(at("inbound_rule_list")))
    alice.post(at("inbound_rule_edit", rule), inbound_data(cast, name="Still"))
    rule.refresh_from_db()
    assert rule.conditions == [{"kind": "moon_phase", "value": "full"}]


def test_an_outbound_rule_added_on_the_page_decides(alice: Client, cast: Cast) -> None:
    sales = make_group(cast.acme, "Sales", cast.bob)
    data = outbound_data(
        cast,
        **{
            "prefixes": "+1 202; 33",
            "lengths": "10-12",
            "extensions": "101;102;200-299",
            "groups": sales.id.hex,
            "routes-0-sender": "(202) 555-0101",
            "routes-0-prepend": "00 44",
        },
    )
    del data["everywhere"]
    alice.post(at("outbound_rule_new"), data)
    rule = cast.acme.outbound_rules.get()
    assert [condition["kind"] for condition in rule.conditions] == ["prefix", "length", "extensions", "groups"]
    route = rule.routes.get()
    assert (route.sender, route.prepend, route.enabled) == (OUR_NUMBER, "0044", True)
    page = body_of(alice.get(at("outbound_rule_edit", rule)))
    assert "1202;33" in page
    assert "101;102;200-299" in page


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"everywhere": ""}, "Choose at least one condition"),
        ({"prefixes": "33"}, "stands alone"),
        ({"prefixes": "12a", "everywhere": ""}, "is not a prefix"),
        ({"extensions": "9-1", "everywhere": ""}, "ends before it starts"),
        ({"lengths": "99", "everywhere": ""}, "is not a length"),
        ({"routes-0-configuration": "", "routes-0-strip": "0"}, "Add at least one route"),
        ({"routes-0-configuration": "", "routes-0-prepend": "1"}, "Choose the configuration"),
        ({"routes-0-strip": "10"}, "Strip 0 to 9 digits."),
        ({"routes-0-prepend": "x"}, "Write digits only"),
        ({"routes-0-sender": THEIR_NUMBER}, "+1 202-555-0199 is not among your numbers on Main."),
        ({"routes-0-sender": "A name too long"}, "A Sender ID has at most 11 characters"),
    ],
)
def test_the_outbound_form_says_what_is_wrong(alice: Client, cast: Cast, fields: dict[str, str], message: str) -> None:
    response = alice.post(at("outbound_rule_new"), outbound_data(cast, **fields))
    assert message in body_of(response)
    assert not cast.acme.outbound_rules.exists()


def test_a_route_may_name_a_sender_id(alice: Client, cast: Cast) -> None:
    alice.post(at("outbound_rule_new"), outbound_data(cast, **{"routes-0-sender": "Acme"}))
    assert cast.acme.outbound_rules.get().routes.get().sender == "Acme"


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
    assert "A text to +1 202-555-0102 that fits no rule" in body_of(alice.get(at("inbound_rule_list")))
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
