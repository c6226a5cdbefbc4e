"""The engine: first match wins, every step is explained, and the index changes nothing."""

import json
from dataclasses import FrozenInstanceError

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.documents import parse_inbound, parse_outbound
from rules.engine import Action, CompiledInbound, CompiledOutbound, Index, Step, decide, keys_of
from rules.facts import InboundFacts, OutboundFacts

TEXT = InboundFacts("+12027594810", "+14155550123", body="please help", trunk="t1", number="n1")
REPLY = OutboundFacts("+33123456789", extension="101", groups=("g1",))
BOB = {"kind": "member", "id": "b0b", "label": "Bob"}


def inbound(*rules):
    return parse_inbound(
        {
            "rules": [
                {"id": str(place), "name": f"Rule {place}", "targets": [BOB], **rule}
                for place, rule in enumerate(rules)
            ]
        }
    )


def outbound(*rules):
    return parse_outbound(
        {
            "rules": [
                {"id": str(place), "name": f"Rule {place}", "routes": [{"configuration": "c1"}], **rule}
                for place, rule in enumerate(rules)
            ]
        }
    )


def on(kind, **fields):
    return {"conditions": [{"kind": kind, **fields}]}


def test_the_first_rule_that_fits_wins():
    rules = inbound(on("keyword", words=["stop"]), on("contains", text="help"), on("all_numbers"))
    decision = decide(rules, TEXT, otherwise=Action.UNROUTED)
    assert decision.action is Action.DELIVER
    assert decision.rule is rules[1]
    assert decision.targets == tuple(end.target for end in rules[1].ends)
    assert decision.routes == ()


def test_every_condition_of_a_rule_must_hold():
    both = {"conditions": [{"kind": "contains", "text": "help"}, {"kind": "has_media"}]}
    assert decide(inbound(both), TEXT, otherwise=Action.UNROUTED).action is Action.UNROUTED


def test_every_step_says_why():
    rules = inbound(
        {**on("all_numbers"), "enabled": False},
        {"conditions": [{"kind": "moon_phase"}]},
        on("keyword", words=["stop"]),
        {"conditions": [{"kind": "all_numbers"}, {"kind": "contains", "text": "help"}]},
        on("all_numbers"),
    )
    decision = decide(rules, TEXT, otherwise=Action.UNROUTED)
    assert [step.describe() for step in decision.trace] == [
        "“Rule 0” skipped: it is switched off.",
        "“Rule 1” skipped: it cannot be used, because the condition “moon_phase” is not known here.",
        "“Rule 2” skipped: it applies only if the text has the word “stop”, but the text has none of the words.",
        "“Rule 3” matched: +1 202-759-4810 was texted and the text contains “help”.",
        "“Rule 4” would fit, too: +1 202-759-4810 was texted.",
    ]
    assert decision.trace[3] == Step(
        "3", "Rule 3", "matched", "+1 202-759-4810 was texted and the text contains “help”"
    )


@pytest.mark.parametrize(("state", "matched"), [("matched", True), ("skipped", False), ("later", False), ("", False)])
def test_a_step_matched_if_its_rule_decided(state, matched):
    assert Step("1", "Rule", state, "why").matched is matched


def test_what_was_decided_stays_as_it_is():
    decision = decide(inbound(on("all_numbers")), TEXT, otherwise=Action.UNROUTED)
    for one in (decision, *decision.trace):
        with pytest.raises(FrozenInstanceError):
            one.reason = "changed"
        assert not hasattr(one, "__dict__")


def test_what_is_asked_for_is_said_by_name():
    rules, replies = inbound(on("all_numbers")), outbound(on("all"))
    with pytest.raises(TypeError):
        decide(rules, TEXT, Action.UNROUTED)
    with pytest.raises(TypeError):
        CompiledInbound(rules).decide(TEXT, True)
    with pytest.raises(TypeError):
        CompiledOutbound(replies).decide(REPLY, True)


def test_compiled_rules_explain_only_if_asked_and_others_unless_not():
    rules, replies = inbound(on("all_numbers")), outbound(on("all"))
    assert CompiledInbound(rules).decide(TEXT).trace == CompiledOutbound(replies).decide(REPLY).trace == ()
    assert len(decide(rules, TEXT, otherwise=Action.UNROUTED).trace) == 1
    assert len(decide(replies, REPLY, otherwise=Action.REFUSE).trace) == 1


@pytest.mark.parametrize(
    ("action", "when_closed", "done"),
    [
        *(("send", "", "send"), ("send", "block", "deny"), ("send", "hold", "wait")),
        *(("deny", "", "deny"), ("hold", "", "hold"), ("deny", "hold", "deny"), ("hold", "block", "hold")),
    ],
)
def test_rules_come_out_of_stored_text(action, when_closed, done):
    """Words that were read are equal to ours, not the same objects."""
    week = {
        day: [] if day == "thu" else [["00:00", "24:00"]] for day in ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
    }
    route = {"configuration": "c1"}
    rule = {**on("all"), "routes": [route], "action": action, "when_closed": when_closed, "hours": week}
    stored = json.loads(json.dumps({"rules": [rule]}))
    # Without another time it is 1 January 1970, a Thursday.
    decision = CompiledOutbound(parse_outbound(stored)).decide(REPLY)
    assert decision.action == done
    assert (decision.until is None) == (done != "wait")
    assert [one.configuration for one in decision.routes] == ([] if done == "deny" else ["c1"])


def test_rules_are_looked_up_by_what_they_ask_for():
    numbers = [on("number", numbers=[f"+1202759481{last}"], ids=[f"n{last}"]) for last in range(3)]
    run = on("range", first="+12027594810", last="+12027594811")
    rules = inbound(*numbers, on("all_numbers"), run, {**on("all_numbers"), "enabled": False})
    index = Index(rules)
    assert index.places(TEXT.keys) == [0, 1, 3, 4]
    assert index.places(InboundFacts("+12027594812", "+1", number="n2").keys) == [2, 3, 4]
    assert index.places(InboundFacts("+13", "+1").keys) == index.places(()) == [3]
    assert list(index.candidates(TEXT.keys)) == [rules[place] for place in (0, 1, 3, 4)]
    assert [keys_of(rule) for rule in rules] == [
        *({f"+1202759481{last}", f"n{last}"} for last in range(3)),
        *(None, {"+1202759481"}, None),
    ]


def test_a_rule_is_looked_up_by_the_first_condition_that_can_be():
    (rule,) = outbound({"conditions": [{"kind": "length", "lengths": [11]}, {"kind": "country", "countries": ["FR"]}]})
    assert keys_of(rule) == {"33"}


def test_without_a_match_the_default_applies():
    decision = decide(inbound(on("keyword", words=["stop"])), TEXT, otherwise=Action.UNROUTED)
    assert (decision.action, decision.rule, decision.targets) == (Action.UNROUTED, None, ())
    assert len(decision.trace) == 1


def test_the_hot_call_keeps_no_trace():
    assert decide(inbound(on("all_numbers")), TEXT, otherwise=Action.UNROUTED, explain=False).trace == ()


@pytest.mark.parametrize(
    ("targets", "action"),
    [([{"kind": "drop"}], Action.DROP), ([{"kind": "drop"}, BOB], Action.DELIVER), ([BOB], Action.DELIVER)],
)
def test_a_rule_that_only_drops_drops(targets, action):
    rule = {**on("all_numbers"), "targets": targets}
    assert decide(inbound(rule), TEXT, otherwise=Action.UNROUTED).action is action


def test_an_outbound_rule_sends_by_its_open_routes():
    routes = [{"id": "a", "configuration": "c1", "enabled": False}, {"id": "b", "configuration": "c2"}]
    rules = outbound(on("prefix", prefixes=["44"]), {**on("all"), "routes": routes})
    decision = decide(rules, REPLY, otherwise=Action.REFUSE)
    assert decision.action is Action.SEND
    assert [route.id for route in decision.routes] == ["b"]


def test_a_snapshot_is_compact_and_holds_no_body():
    decision = decide(inbound(on("all_numbers")), TEXT, otherwise=Action.UNROUTED)
    snapshot = decision.to_snapshot("ab12")
    assert snapshot == {
        "ruleset": "ab12",
        "rule": "0",
        "name": "Rule 0",
        "action": "deliver",
        "targets": [BOB],
        "facts": TEXT.to_json(),
    }
    assert "please help" not in json.dumps(snapshot)


def test_a_snapshot_without_a_match_says_so():
    snapshot = decide((), REPLY, otherwise=Action.REFUSE).to_snapshot("ab12")
    assert (snapshot["rule"], snapshot["name"], snapshot["action"], snapshot["routes"]) == ("", "", "refuse", [])


def test_the_trace_is_computed_again_from_the_snapshot():
    rules = inbound(on("keyword", words=["stop"]), on("contains", text="help"))
    first = decide(rules, TEXT, otherwise=Action.UNROUTED)
    stored = json.loads(json.dumps(first.to_snapshot("ab12")))
    facts = InboundFacts.from_json(stored["facts"], body=TEXT.body)
    assert decide(rules, facts, otherwise=Action.UNROUTED) == first


NUMBERS = [f"+1202759481{last}" for last in range(4)]
INBOUND_CONDITIONS = st.one_of(
    st.just({"kind": "all_numbers"}),
    st.fixed_dictionaries({"kind": st.just("number"), "numbers": st.lists(st.sampled_from(NUMBERS), max_size=2)}),
    st.fixed_dictionaries({"kind": st.just("number"), "ids": st.lists(st.sampled_from("xyz"), max_size=2)}),
    st.just({"kind": "range", "first": NUMBERS[1], "last": NUMBERS[2]}),
    st.just({"kind": "keyword", "words": ["help"]}),
)
OUTBOUND_CONDITIONS = st.one_of(
    st.just({"kind": "all"}),
    st.fixed_dictionaries(
        {"kind": st.just("prefix"), "prefixes": st.lists(st.sampled_from(["1", "12", "1202", "33", "4"]), max_size=3)}
    ),
    st.just({"kind": "length", "lengths": [11]}),
    st.just({"kind": "groups", "ids": ["g1"]}),
)


def rules_of(conditions):
    return st.lists(
        st.fixed_dictionaries(
            {
                "conditions": st.lists(conditions, max_size=3),
                "enabled": st.sampled_from([True, True, False]),
                "priority": st.sampled_from([1, 1000]),
            }
        ),
        max_size=6,
    )


@given(
    rules_of(INBOUND_CONDITIONS),
    st.sampled_from([*NUMBERS, "MG1"]),
    st.sampled_from(["", "x", "y"]),
    st.sampled_from(["help", ""]),
)
def test_looking_inbound_rules_up_decides_the_same(rules, ours, number, body):
    facts = InboundFacts(ours, "+1", body=body, number=number)
    read = inbound(*rules)
    compiled = CompiledInbound(read)
    slow = decide(read, facts, otherwise=Action.UNROUTED)
    assert compiled.decide(facts, explain=True) == slow
    assert compiled.decide(facts).rule is slow.rule
    assert compiled.decide(facts).action is slow.action


@given(
    rules_of(OUTBOUND_CONDITIONS),
    st.sampled_from(["+12027594810", "+14155550123", "+33123456789", "+49301234567"]),
    st.sampled_from([(), ("g1",)]),
)
def test_looking_outbound_rules_up_decides_the_same(rules, to, groups):
    facts = OutboundFacts(to, groups=groups)
    read = outbound(*rules)
    compiled = CompiledOutbound(read)
    slow = decide(read, facts, otherwise=Action.REFUSE)
    assert compiled.decide(facts, explain=True) == slow
    assert compiled.decide(facts).rule is slow.rule
    assert compiled.decide(facts).action is slow.action
