"""Each field of the forms of rules: what it stores, how it comes back, what it refuses in which words, nothing lost."""

from typing import Any

import pytest
from django.test import Client

from rules.conditions import INBOUND_KINDS, OUTBOUND_KINDS
from rules.forms.conditions import INBOUND_ASKED, OUTBOUND_ASKED
from rules.models import OfficeHours
from tests.factories import OUR_NUMBER, OUR_SECOND_NUMBER, Cast
from tests.rules.test_routing import inbound_rule, live
from tests.rules.test_rule_forms import alice, at, body_of, inbound_data, outbound_data

__all__ = ["alice"]

NEVER: dict[str, list[Any]] = {"mon": []}
WEEKEND = {"targets-0-when": "moment", "targets-0-weekdays": ["5", "6"]}


def stored(cast: Cast, kind: str, what: str) -> Any:
    return live(cast, kind).document["rules"][0][what]


def test_every_kind_of_condition_has_its_field() -> None:
    named_by_rows = {"all_numbers", "trunk", "number", "range"}
    # Inbound rules have times at their destinations.
    assert {one.kind for one in INBOUND_ASKED} | named_by_rows | {"time"} == set(INBOUND_KINDS)
    assert {one.kind for one in OUTBOUND_ASKED} | {"groups"} == set(OUTBOUND_KINDS)


INBOUND_CONDITIONS = [
    ({"countries": "France; de"}, {"kind": "country", "countries": ["FR", "DE"]}, "FR (France); DE (Germany)"),
    ({"countries": "US (United States)"}, {"kind": "country", "countries": ["US"]}, "US (United States)"),
    ({"pattern": "order [0-9]{4}"}, {"kind": "pattern", "pattern": "order [0-9]{4}", "case": False}, "order [0-9]{4}"),
    (
        {"media_kinds": ["image", "video"]},
        {"kind": "media_kind", "kinds": ["image", "video"]},
        'id="id_media_kinds_0" checked',
    ),
    ({"has_media": "no"}, {"kind": "has_media", "value": False}, 'value="no" selected'),
    ({"conversation": "first"}, {"kind": "conversation", "state": "first"}, 'value="first" selected'),
    ({"conversation": "unassigned"}, {"kind": "conversation", "state": "unassigned"}, 'value="unassigned" selected'),
    ({"conversation": "assigned"}, {"kind": "conversation", "state": "assigned"}, 'value="assigned" selected'),
    ({"keyword": "order, buy\nget"}, {"kind": "keyword", "words": ["order", "buy", "get"]}, "order; buy; get"),
]


@pytest.mark.parametrize(("fields", "condition", "shown"), INBOUND_CONDITIONS)
def test_an_inbound_condition_is_stored_and_comes_back(
    alice: Client, cast: Cast, fields: dict[str, Any], condition: dict[str, Any], shown: str
) -> None:
    alice.post(at("inbound_rule_new"), inbound_data(cast, **fields))
    rule = cast.acme.inbound_rules.get()
    assert rule.conditions == [condition]
    page = " ".join(body_of(alice.get(at("inbound_rule_edit", rule))).split())
    assert shown in page


def test_a_condition_that_the_form_would_store_otherwise_is_kept_and_said(alice: Client, cast: Cast) -> None:
    strict = {"kind": "pattern", "pattern": "VIP", "case": True}
    two = [{"kind": "contains", "text": "a"}, {"kind": "contains", "text": "b"}]
    rule = inbound_rule(cast, conditions=[strict, *two])
    page = body_of(alice.get(at("inbound_rule_edit", rule)))
    assert "This rule asks more than this form shows" in page
    assert "the text fits the pattern VIP" in page
    alice.post(at("inbound_rule_edit", rule), inbound_data(cast, contains="c"))
    rule.refresh_from_db()
    assert rule.conditions == [{"kind": "contains", "text": "c"}, strict, two[1]]


# --- Destinations ---

RANGE = {
    "targets-0-where": "extensions",
    "targets-0-first_number": "(202) 555-0101",
    "targets-0-last_number": OUR_SECOND_NUMBER,
    "targets-0-first": "101",
    "targets-0-last": "102",
}
DESTINATIONS = [
    ({"targets-0-where": "email", "targets-0-address": "a@b.example"}, {"kind": "email", "address": "a@b.example"}),
    (
        {"targets-0-where": "forward", "targets-0-number": "(202) 555-0199"},
        {"kind": "forward", "number": "+12025550199"},
    ),
    ({"targets-0-where": "drop", "targets-0-reason": "Spam"}, {"kind": "drop", "reason": "Spam"}),
    ({"targets-0-where": "drop"}, {"kind": "drop"}),
    (
        {"targets-0-where": "auto_reply", "targets-0-text": "We open {opens}."},
        {"kind": "auto_reply", "text": "We open {opens}."},
    ),
    (
        RANGE,
        {
            "kind": "extensions",
            "first_number": OUR_NUMBER,
            "last_number": OUR_SECOND_NUMBER,
            "first": "101",
            "last": "102",
        },
    ),
    (
        {"targets-0-where": "drop", **WEEKEND},
        {"kind": "drop", "when": "moment", "moment": {"weekdays": [5, 6]}},
    ),
    (
        {
            "targets-0-where": "drop",
            "targets-0-when": "moment",
            "targets-0-months": ["12"],
            "targets-0-days": "24; 28-31",
            "targets-0-years": "2026",
            "targets-0-starts": "18:00",
        },
        {
            "kind": "drop",
            "when": "moment",
            "moment": {"years": [2026], "months": [12], "days": [24, 28, 29, 30, 31], "hours": ["18:00", "24:00"]},
        },
    ),
]


@pytest.mark.parametrize(("fields", "target"), DESTINATIONS)
def test_a_destination_is_stored_and_comes_back_the_same(
    alice: Client, cast: Cast, fields: dict[str, Any], target: dict[str, Any]
) -> None:
    alice.post(at("inbound_rule_new"), inbound_data(cast, **fields))
    assert stored(cast, "inbound", "targets") == [target]
    rule = cast.acme.inbound_rules.get()
    response = alice.get(at("inbound_rule_edit", rule))
    initial = response.context["targets"].forms[0].initial
    again = {f"targets-0-{name}": value for name, value in initial.items() if value}
    alice.post(at("inbound_rule_edit", rule), inbound_data(cast, name="Again", **again))
    assert stored(cast, "inbound", "targets") == [target]
    assert stored(cast, "inbound", "name") == "Again"


def test_rows_are_stored_in_the_order_that_was_given_them(alice: Client, cast: Cast) -> None:
    rows = {"targets-0-ORDER": "2", "targets-1-where": f"member:{cast.sam.id.hex}", "targets-1-ORDER": "1"}
    alice.post(at("inbound_rule_new"), inbound_data(cast, **rows))
    assert [target["label"] for target in stored(cast, "inbound", "targets")] == ["Sam", "Bob"]
    routes = {
        "routes-0-ORDER": "2",
        "routes-1-configuration": cast.configuration.id.hex,
        "routes-1-ORDER": "1",
        "routes-1-sender": "Acme",
    }
    alice.post(at("outbound_rule_new"), outbound_data(cast, **routes))
    assert [route["sender"] for route in stored(cast, "outbound", "routes")] == ["Acme", ""]


def test_different_times_may_drop_and_deliver(alice: Client, cast: Cast) -> None:
    rows = {"targets-0-when": "open", "targets-1-where": "drop", "targets-1-when": "closed"}
    alice.post(at("inbound_rule_new"), inbound_data(cast, **rows))
    assert [target["when"] for target in stored(cast, "inbound", "targets")] == ["open", "closed"]


def test_the_endpoint_is_not_offered(alice: Client, cast: Cast) -> None:
    assert "endpoint" not in body_of(alice.get(at("inbound_rule_new"))).casefold()


INBOUND_MISTAKES = [
    ({"name": ""}, "This field is required."),
    ({"name": "x" * 65}, "at most 64 characters"),
    ({"countries": "Utopia"}, "“Utopia” is no country: write its name or its code, such as France or FR."),
    ({"pattern": "("}, "is not a pattern"),
    ({"pattern": "(?=x)"}, "it cannot look ahead or behind"),
    ({"pattern": r"(a)\1"}, "it cannot refer back"),
    ({"pattern": "x" * 501}, "at most 500 characters"),
    ({"media_kinds": ["hologram"]}, "hologram is not one of the available choices"),
    ({"conversation": "odd"}, "odd is not one of the available choices"),
    ({"applies": "odd"}, "odd is not one of the available choices"),
    ({"targets-0-where": "endpoint"}, "endpoint is not one of the available choices"),
    ({"targets-0-where": "forward"}, "Enter the phone number."),
    ({"targets-0-where": "forward", "targets-0-number": "12"}, "short code or incomplete"),
    ({"targets-0-where": "auto_reply", "targets-0-text": "Hi {nmae}"}, "“{nmae}” is no placeholder"),
    ({**RANGE, "targets-0-last": "103"}, "2 numbers cannot go to 3 extensions one by one"),
    ({**RANGE, "targets-0-last": "ab"}, "The extensions are not a range such as 101 to 106."),
    ({**RANGE, "targets-0-first": ""}, "Enter the first extension."),
    ({"targets-0-when": "odd"}, "odd is not one of the available choices"),
    ({"targets-0-when": "moment"}, "No time is given: choose a day"),
    ({"targets-0-when": "moment", "targets-0-days": "32"}, "a number that is not between 1 and 31"),
    ({"targets-0-when": "moment", "targets-0-days": "soon"}, "“soon” is neither a number nor a run"),
    ({"targets-0-when": "moment", "targets-0-years": "12"}, "not between 1970 and 9999"),
    ({"targets-0-when": "moment", "targets-0-starts": "25:00"}, "Write a time of day such as 09:00."),
    (
        {"targets-0-when": "moment", "targets-0-starts": "18:00", "targets-0-ends": "08:00"},
        "ends before it starts: split it at midnight",
    ),
    ({"targets-0-where": "hold"}, "choose “Outside office hours”"),
    ({"targets-0-where": "hold", "targets-0-when": "open"}, "choose “Outside office hours”"),
    ({"targets-1-where": "drop", "targets-1-when": "open"}, "stands alone"),
    ({"targets-TOTAL_FORMS": "21"}, "Please submit at most 20 forms."),
    ({"hours-own": "on"}, "No day is open: open at least one."),
    ({"holidays": "soon"}, "“soon” is not a holiday"),
]


@pytest.mark.parametrize(("fields", "message"), INBOUND_MISTAKES)
def test_a_mistake_in_an_inbound_rule_is_named_and_nothing_is_lost(
    alice: Client, cast: Cast, fields: dict[str, Any], message: str
) -> None:
    data = inbound_data(cast, **{"keyword": "kept; words", "caller_mask": "+1202*******", **fields})
    response = alice.post(at("inbound_rule_new"), data)
    page = response.content.decode().replace("&quot;", '"').replace("&#x27;", "'")
    assert message in page
    assert "Please check the form." in page
    assert 'value="kept; words"' in page
    assert 'value="+1202*******"' in page
    assert not cast.acme.inbound_rules.exists()


# --- Hours ---


def test_holding_without_any_opening_ever_is_refused(alice: Client, cast: Cast) -> None:
    OfficeHours.objects.create(tenant=cast.acme, week=NEVER)
    hold = {"targets-0-where": "hold", "targets-0-when": "closed"}
    assert "It never opens: set office hours first" in body_of(
        alice.post(at("inbound_rule_new"), inbound_data(cast, **hold))
    )
    wait = {"when_closed": "hold"}
    assert "It never opens: set office hours first" in body_of(
        alice.post(at("outbound_rule_new"), outbound_data(cast, **wait))
    )
    own = {"hours-own": "on", "hours-mon-open": "on", "hours-mon-start": "09:00", "hours-mon-end": "17:00"}
    alice.post(at("inbound_rule_new"), inbound_data(cast, **hold, **own))
    alice.post(at("outbound_rule_new"), outbound_data(cast, **wait, **own))
    assert stored(cast, "inbound", "hours") == stored(cast, "outbound", "hours") == {"mon": [["09:00", "17:00"]]}


def test_own_hours_and_holidays_are_stored_said_and_given_up(alice: Client, cast: Cast) -> None:
    own = {"hours-own": "on", "hours-mon-open": "on", "holidays": "2026-12-24 Christmas Eve", "applies": "voice"}
    alice.post(at("inbound_rule_new"), inbound_data(cast, **own))
    assert stored(cast, "inbound", "holidays")[0]["name"] == "Christmas Eve"
    rule = cast.acme.inbound_rules.get()
    assert rule.applies == "voice"
    page = body_of(alice.get(at("inbound_rule_detail", rule)))
    for words in ("Calls only", "Monday 00:00 – 24:00", "Christmas Eve 2026-12-24", "1 of 1"):
        assert words in page
    alice.post(at("inbound_rule_edit", rule), inbound_data(cast))
    assert stored(cast, "inbound", "hours") is stored(cast, "inbound", "holidays") is None


def test_a_finding_is_said_when_a_rule_is_saved(alice: Client, cast: Cast) -> None:
    cast.bob.enabled = False
    cast.bob.save()
    page = body_of(alice.post(at("inbound_rule_new"), inbound_data(cast), follow=True))
    assert "It is saved, but:" in page
