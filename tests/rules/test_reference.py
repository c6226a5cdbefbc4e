"""Decisions by an index and in few steps are those of a plain loop over all rules, for rules and texts of any kind."""

from hypothesis import given
from hypothesis import strategies as st

from rules.documents import parse_inbound, parse_outbound
from rules.engine import Action, CompiledInbound, CompiledOutbound, decide
from tests.rules.specified import ACME, member
from tests.rules.test_includes import INBOUND, OUTBOUND, received, written


def plainly_inbound(rules, facts):
    for one in rules:
        if one.enabled and not one.findings and one.applies != "voice" and all(c.holds(facts) for c in one.conditions):
            ends, _why = one.ends_at(facts.at)
            if ends:
                return one, tuple(end.target.resolve(facts) for end in ends)
    return None, ()


def plainly_outbound(rules, facts):
    for one in rules:
        if one.enabled and not one.findings and all(c.holds(facts) for c in one.conditions):
            return one
    return None


def documents(conditions):
    """Documents of up to eight rules, some switched off, some for some times only."""
    when = st.sampled_from(["always", "open", "closed", "holiday"])
    rules = st.fixed_dictionaries(
        {
            "conditions": st.lists(conditions, min_size=1, max_size=3),
            "enabled": st.sampled_from([True, True, True, False]),
            "priority": st.sampled_from([1, 1000]),
            "applies": st.sampled_from(["both", "messages", "voice"]),
            "targets": st.lists(when.map(lambda at_: member("Bob", at_)), min_size=1, max_size=2),
            "action": st.sampled_from(["send", "send", "deny", "hold"]),
            "when_closed": st.sampled_from(["", "block", "hold"]),
            "routes": st.just([{"configuration": "a"}, {"configuration": "b"}]),
            "strategy": st.sampled_from(["prioritised", "random"]),
        }
    )
    return st.fixed_dictionaries({"calendar": st.sampled_from([None, ACME]), "rules": st.lists(rules, max_size=8)})


@given(documents(INBOUND), received())
def test_received_texts_go_where_a_plain_loop_sends_them(document, facts):
    rules = parse_inbound(document)
    compiled = CompiledInbound(rules)
    expected = plainly_inbound(rules, facts)
    for decision in (
        *(compiled.decide(facts), compiled.decide(facts, explain=True)),
        *(decide(rules, facts, otherwise=Action.UNROUTED, explain=explain) for explain in (False, True)),
    ):
        assert (decision.rule, decision.targets) == expected
        assert (decision.action == Action.UNROUTED) == (expected[0] is None)
        assert len(decision.trace) in (0, len(rules))


@given(documents(OUTBOUND), written())
def test_sent_texts_leave_by_the_rule_that_a_plain_loop_finds(document, facts):
    rules = parse_outbound(document)
    compiled = CompiledOutbound(rules)
    quick, explained = compiled.decide(facts), compiled.decide(facts, explain=True)
    assert quick.rule is explained.rule is plainly_outbound(rules, facts)
    same = [(one.action, one.routes, one.reason, one.until) for one in (quick, explained)]
    assert same[0] == same[1]
    assert [step.state for step in explained.trace].count("matched") == (explained.rule is not None)
