"""Each field of the form of outbound rules: what it stores, how it comes back, what it refuses, nothing lost."""

from typing import Any

import pytest
from django.test import Client

from tests.factories import Cast, make_group
from tests.rules.test_routing import outbound_rule
from tests.rules.test_rule_form_fields import stored
from tests.rules.test_rule_forms import alice, at, body_of, outbound_data

__all__ = ["alice"]

OUTBOUND_CONDITIONS = [
    ({"countries": "FR"}, {"kind": "country", "countries": ["FR"]}, "FR (France)"),
    ({"message_kind": "mms"}, {"kind": "message_kind", "value": "mms"}, 'value="mms" selected'),
    ({"time": "closed"}, {"kind": "time", "period": "closed"}, 'value="closed" selected'),
    (
        {"time": "moment", "weekdays": ["5"], "starts": "08:00", "ends": "12:00"},
        {"kind": "time", "moment": {"weekdays": [5], "hours": ["08:00", "12:00"]}},
        'value="08:00"',
    ),
]


@pytest.mark.parametrize(("fields", "condition", "shown"), OUTBOUND_CONDITIONS)
def test_an_outbound_condition_is_stored_and_comes_back(
    alice: Client, cast: Cast, fields: dict[str, Any], condition: dict[str, Any], shown: str
) -> None:
    alice.post(at("outbound_rule_new"), outbound_data(cast, everywhere="", **fields))
    rule = cast.acme.outbound_rules.get()
    assert rule.conditions == [condition]
    page = " ".join(body_of(alice.get(at("outbound_rule_edit", rule))).split())
    assert shown in page
    data = outbound_data(cast, everywhere="", **fields, name="Again")
    alice.post(at("outbound_rule_edit", rule), data)
    rule.refresh_from_db()
    assert (rule.name, rule.conditions) == ("Again", [condition])


OUTBOUND_MISTAKES = [
    ({"name": ""}, "This field is required."),
    ({"priority": "-1"}, "greater than or equal to 0"),
    ({"everywhere": "", "countries": "Utopia"}, "“Utopia” is no country"),
    ({"countries": "FR"}, "leaves nothing to choose by number"),
    ({"everywhere": "", "time": "moment"}, "No time is given: choose a day"),
    ({"everywhere": "", "time": "odd"}, "odd is not one of the available choices"),
    ({"action": "odd"}, "odd is not one of the available choices"),
    ({"strategy": "odd"}, "odd is not one of the available choices"),
    ({"when_closed": "odd"}, "odd is not one of the available choices"),
    ({"routes-0-weight": "0"}, "A weight is from 1 to 1000"),
    ({"routes-0-weight": "1001"}, "A weight is from 1 to 1000"),
    ({"routes-0-sender": f"MG{'a' * 32}"}, "Main does not have the Messaging Service MGa"),
    ({"routes-0-enabled": ""}, "Every route is off"),
    ({"action": "hold", "routes-0-configuration": ""}, "Choose the configuration of this route."),
    ({"routes-TOTAL_FORMS": "7"}, "Please submit at most 6 forms."),
    ({"hours-own": "on"}, "No day is open: open at least one."),
]


@pytest.mark.parametrize(("fields", "message"), OUTBOUND_MISTAKES)
def test_a_mistake_in_an_outbound_rule_is_named_and_nothing_is_lost(
    alice: Client, cast: Cast, fields: dict[str, Any], message: str
) -> None:
    data = outbound_data(cast, **{"extensions": "101;105", "routes-0-prepend": "0044", **fields})
    page = body_of(alice.post(at("outbound_rule_new"), data))
    assert message in page
    assert "Please check the form." in page
    assert 'value="101;105"' in page
    assert 'value="0044"' in page
    assert not cast.acme.outbound_rules.exists()


# --- What becomes of a text to send ---


def test_refusing_needs_no_route_and_holding_says_why(alice: Client, cast: Cast) -> None:
    refuse = outbound_data(cast, **{"action": "deny", "reason": "Too dear", "routes-0-configuration": ""})
    alice.post(at("outbound_rule_new"), refuse)
    assert (stored(cast, "outbound", "action"), stored(cast, "outbound", "reason")) == ("deny", "Too dear")
    assert "Refuse it: Too dear" in body_of(alice.get(at("outbound_rule_list")))
    rule = cast.acme.outbound_rules.get()
    alice.post(at("outbound_rule_edit", rule), outbound_data(cast, action="hold", reason="Look first"))
    assert stored(cast, "outbound", "action") == "hold"
    assert "Hold it for a person to release: Look first" in body_of(alice.get(at("outbound_rule_detail", rule)))


def test_random_routes_and_the_choice_of_the_number_are_stored_and_said(alice: Client, cast: Cast) -> None:
    cast.configuration.messaging_service_sid = f"MG{'a' * 32}"
    cast.configuration.save()
    data = outbound_data(
        cast,
        **{
            "strategy": "random",
            "sticky": "on",
            "area_match": "on",
            "when_closed": "block",
            "routes-0-weight": "3",
            "routes-0-sender": f"MG{'a' * 32}",
        },
    )
    alice.post(at("outbound_rule_new"), data)
    route = stored(cast, "outbound", "routes")[0]
    assert (route["weight"], route["sender"]) == (3, f"MG{'a' * 32}")
    page = body_of(alice.get(at("outbound_rule_list")))
    for words in (
        "At random, by weight",
        "weight 3",
        "Keeps to the number",
        "Prefers a number of the same area",
        "Outside the hours: Refuse it",
    ):
        assert words in page


def test_groups_may_stand_beside_all_destinations(alice: Client, cast: Cast) -> None:
    sales = make_group(cast.acme, "Sales", cast.bob)
    alice.post(at("outbound_rule_new"), outbound_data(cast, groups=sales.id.hex))
    assert [one["kind"] for one in stored(cast, "outbound", "conditions")] == ["all", "groups"]


def test_a_kept_rule_of_an_outbound_form_comes_back(alice: Client, cast: Cast) -> None:
    rule = outbound_rule(cast, conditions=[{"kind": "all"}, {"kind": "moon"}])
    page = body_of(alice.get(at("outbound_rule_edit", rule)))
    assert "the condition “moon” is not known here." in page
