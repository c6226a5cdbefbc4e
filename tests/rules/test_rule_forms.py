"""The forms of rules: what they store, what they refuse and why."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from rules.models import InboundRule, OutboundRule
from tests.factories import OUR_NUMBER, OUR_SECOND_NUMBER, THEIR_NUMBER, Cast, make_group, make_pool, make_trunk
from tests.rules.test_routing import inbound_rule, live


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
            "targets-1-text": "Thank you",
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
        ({"targets-0-where": "email", "targets-0-address": "bob"}, "is not one e-mail address"),
        ({"targets-0-where": "auto_reply"}, "Enter the text of the reply."),
        ({"targets-1-address": "lost"}, "Choose where the text goes."),
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
    assert [condition["kind"] for condition in rule.conditions] == ["prefix", "length", "extensions"]
    assert [row.group for row in rule.groups.all()] == [sales]
    route = rule.routes.get()
    assert (route.sender, route.prepend, route.enabled) == (OUR_NUMBER, "0044", True)
    page = body_of(alice.get(at("outbound_rule_edit", rule)))
    assert "1202;33" in page
    assert "101;102;200-299" in page


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"everywhere": ""}, "Choose at least one condition"),
        ({"prefixes": "33"}, "leaves nothing to choose by number"),
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
