"""Rule documents: what is read, what is found wrong, and how a route rewrites a number."""

import json

import pytest

from rules.documents import (
    DocumentError,
    End,
    RewriteError,
    Route,
    parse_inbound,
    parse_outbound,
)
from rules.targets import ToMember

ANY = {"kind": "all_numbers"}
BOB = {"kind": "member", "id": "b0b", "label": "Bob"}
ROUTE = {"id": "r1", "configuration": "c1", "label": "Main"}


def inbound(**changes):
    rule = {"id": "1", "name": "Sales", "enabled": True, "conditions": [ANY], "targets": [BOB], **changes}
    (read,) = parse_inbound({"rules": [rule]})
    return read


def outbound(**changes):
    rule = {"id": "1", "name": "Out", "enabled": True, "conditions": [{"kind": "all"}], "routes": [ROUTE], **changes}
    (read,) = parse_outbound({"rules": [rule]})
    return read


def test_a_whole_inbound_rule_is_live():
    rule = inbound()
    assert (rule.live, rule.findings) == (True, ())
    assert (rule.id, rule.name, rule.ends) == ("1", "Sales", (End(ToMember("b0b", "Bob")),))
    assert rule.describe() == "If any number was texted: to the inbox of Bob."


def test_a_whole_outbound_rule_is_live():
    rule = outbound(priority=5, routes=[ROUTE, {**ROUTE, "enabled": False}, {"id": "r3", "configuration": "c3"}])
    assert (rule.live, rule.findings, rule.priority) == (True, (), 5)
    assert [route.id for route in rule.open_routes] == ["r1", "r3"]
    assert rule.describe() == "If it goes anywhere: by Main, then c3."


def test_a_rule_that_is_switched_off_is_not_live():
    assert not inbound(enabled=False).live
    assert not outbound(enabled=False).live
    assert inbound(enabled=False).findings == ()


@pytest.mark.parametrize(
    ("stored", "described"),
    [
        (BOB, "the inbox of Bob"),
        ({"kind": "member", "id": "b0b", "label": ""}, "the inbox of a member"),
        ({"kind": "group", "id": "9", "label": "Sales"}, "the group Sales"),
        ({"kind": "email", "address": "bob@acme.example"}, "e-mail bob@acme.example"),
        ({"kind": "auto_reply", "text": "Thanks!"}, "an automatic reply, “Thanks!”"),
        ({"kind": "drop"}, "nobody: it is dropped"),
    ],
)
def test_every_kind_of_target_is_read_and_stored_again(stored, described):
    (end,) = inbound(targets=[stored]).ends
    assert end.describe() == described
    assert end.to_json() == stored


@pytest.mark.parametrize(
    ("changes", "finding"),
    [
        ({"conditions": []}, "it has no condition: choose “all numbers”."),
        ({"conditions": "all"}, "“conditions” is not a list."),
        ({"conditions": [ANY, {"kind": "moon_phase"}]}, "the condition “moon_phase” is not known here."),
        ({"targets": []}, "it has no destination."),
        ({"targets": [BOB, {"kind": "pigeon"}]}, "the destination “pigeon” is not known here."),
        ({"targets": [{"kind": "member"}]}, "“id” is missing."),
        ({"targets": [{"kind": "email"}]}, "“address” is missing."),
        ({"targets": [{"kind": "auto_reply", "text": " "}]}, "“text” is missing."),
        ({"targets": [{"kind": "drop", "when": "dawn"}]}, "the time “dawn” of a destination is not known here."),
        ({"targets": [{"kind": "drop", "when": "moment"}]}, "a moment is not an object."),
        ({"targets": ["drop"]}, "a destination is not an object."),
        ({"enabled": "yes"}, "“enabled” is not yes or no."),
        ({"id": 7}, "“id” is not a text."),
        ({"applies": "fax"}, "“fax” is not known here as “applies”."),
        ({"hours": {"day": []}}, "a week is not made of the days mon to sun."),
        ({"holidays": {}}, "“holidays” is not a list."),
    ],
)
def test_an_inbound_rule_that_cannot_be_read_whole_is_switched_off_with_a_finding(changes, finding):
    rule = inbound(**changes)
    assert rule.findings == (finding,)
    assert not rule.live


@pytest.mark.parametrize(
    ("changes", "finding"),
    [
        ({"conditions": []}, "it has no condition: choose “all destinations”."),
        ({"conditions": [ANY]}, "the condition “all_numbers” is not known here."),
        ({"routes": []}, "it has no route."),
        ({"routes": [{**ROUTE, "enabled": False}]}, "every route is switched off."),
        ({"routes": [{"id": "r"}]}, "“configuration” is missing."),
        ({"routes": [{**ROUTE, "strip": 10}]}, "a route strips at most 9 digits."),
        ({"routes": [{**ROUTE, "strip": "1"}]}, "“strip” is not a whole number."),
        ({"routes": [{**ROUTE, "prepend": "abc"}]}, "a route prepends digits only."),
        ({"routes": [3]}, "a route is not an object."),
        ({"routes": [{**ROUTE, "weight": 0}]}, "the weight of a route is not between 1 and 1000."),
        ({"routes": [{**ROUTE, "weight": 1001}]}, "the weight of a route is not between 1 and 1000."),
        ({"action": "fax"}, "“fax” is not known here as “action”."),
        ({"strategy": "fax"}, "“fax” is not known here as “strategy”."),
        ({"when_closed": "fax"}, "“fax” is not known here as “when_closed”."),
        ({"sticky": 1}, "“sticky” is not yes or no."),
        ({"hours": "always"}, "a week is not made of the days mon to sun."),
        ({"priority": "high"}, "“priority” is not a whole number."),
    ],
)
def test_an_outbound_rule_that_cannot_be_read_whole_is_switched_off_with_a_finding(changes, finding):
    rule = outbound(**changes)
    assert rule.findings == (finding,)
    assert not rule.live


def test_a_rule_without_a_name_is_called_by_its_place():
    assert inbound(name=" ").name == "Rule 1"
    assert inbound(name=None).name == "Rule 1"


def test_a_rule_of_nothing_is_found_wrong_twice():
    (rule,) = parse_inbound({"rules": [{"id": "7", "name": "Empty"}]})
    assert rule.findings == ("it has no condition: choose “all numbers”.", "it has no destination.")
    assert rule.describe() == "If nothing: to nobody."
    assert outbound(routes=[]).describe() == "If it goes anywhere: by no route."


def test_inbound_rules_keep_their_order():
    document = {"rules": [{"id": "b", "name": "B"}, {"id": "a", "name": "A"}]}
    assert [rule.id for rule in parse_inbound(document)] == ["b", "a"]


def test_outbound_rules_go_by_priority_and_then_by_place():
    document = {"rules": [{"id": "late"}, {"id": "first", "priority": 1}, {"id": "later", "priority": 1000}]}
    assert [rule.id for rule in parse_outbound(document)] == ["first", "late", "later"]


@pytest.mark.parametrize("document", [None, [], {}, {"rules": {}}, {"rules": [1]}])
def test_what_is_no_document_is_refused(document):
    with pytest.raises(DocumentError, match="list of “rules”"):
        parse_inbound(document)


def test_a_calendar_that_cannot_be_read_is_refused():
    with pytest.raises(DocumentError, match="The calendar of this rule document cannot be read: the time zone “Mars”"):
        parse_inbound({"calendar": {"zone": "Mars"}, "rules": []})


def test_a_document_without_rules_has_none():
    assert parse_inbound({"rules": []}) == parse_outbound({"rules": []}) == ()


def test_a_route_is_stored_as_it_was_read():
    stored = {**ROUTE, "strip": 1, "prepend": "44", "sender": "+12027594810", "enabled": False, "weight": 3}
    assert json.loads(json.dumps(Route.from_json(stored).to_json())) == stored


@pytest.mark.parametrize(
    ("strip", "prepend", "dialled"),
    [
        (0, "", "+12027594810"),
        (1, "1", "+12027594810"),
        (1, "+1", "+12027594810"),
        (1, "001", "+12027594810"),
        (4, "1415", "+14157594810"),
        (1, "44", "+442027594810"),
    ],
)
def test_a_route_rewrites_the_number(strip, prepend, dialled):
    assert Route("r", "c", strip, prepend).dial("+12027594810") == dialled


@pytest.mark.parametrize(("strip", "prepend"), [(2, ""), (9, ""), (0, "999"), (0, "999999")])
def test_a_rewritten_number_must_be_a_number(strip, prepend):
    with pytest.raises(RewriteError, match=r"The route Main turns \+1 202-759-4810 into \+.*correct its strip"):
        Route("r", "c", strip, prepend, label="Main").dial("+12027594810")
