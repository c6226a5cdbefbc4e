"""What outbound rules do, as a table to be read from top to bottom; `test_specification` says what Acme is.

The text goes to +1 415-555-0123 on Monday, 7 December 2026, at 10:00 in Paris, unless a row says otherwise.
"""

from rules.conditions import OUTBOUND_KINDS
from rules.documents import ACTIONS, WHEN_CLOSED, parse_outbound
from rules.engine import Action, CompiledOutbound
from tests.rules.specified import ACME, HOLIDAY, MORNING, NIGHT, NIGHT_SAID, at, check, if_, named, reply, way

BY_ACME = ["Acme"]
OUTBOUND = [
    # --- To whom
    ("all destinations", [way(name="R")], reply(), "send", "R", BY_ACME, "it goes to +1 415-555-0123"),
    (
        "a prefix, one of a list",
        [way(if_("prefix", prefixes=["180", "1415"]), name="R")],
        reply(),
        *("send", "R", BY_ACME, "the number is +1 415-555-0123"),
    ),
    (
        "another prefix",
        [way(if_("prefix", prefixes=["180", "33"]), name="R")],
        reply(),
        *(
            *("refuse", "", []),
            "it applies only if the number starts with +180 or +33, but the number is +1 415-555-0123",
        ),
    ),
    (
        "a length, with the country code",
        [way(if_("length", lengths=[10, 11]), name="R")],
        reply(),
        *("send", "R", BY_ACME, "the number has 11 digits"),
    ),
    (
        "a country",
        [way(if_("country", countries=["CA"]), name="Canada"), way(if_("country", countries=["US"]), name="R")],
        reply(),
        *("send", "R", BY_ACME, "the number, +1 415-555-0123, is in US"),
    ),
    # --- Who writes, and what
    (
        "an extension of a range",
        [way(if_("extensions", extensions="101;200-299"), name="R")],
        reply(extension="299"),
        *("send", "R", BY_ACME, "the writer's extension is 299"),
    ),
    (
        "a writer without extension",
        [way(if_("extensions", extensions="101;200-299"), name="R")],
        reply(),
        *(
            *("refuse", "", []),
            "it applies only if the writer's extension is one of 101;200-299, but the writer has no extension",
        ),
    ),
    (
        "a group of the writer",
        [way(if_("groups", ids=["g1"], labels=["Sales"]), name="R")],
        reply(groups=("g0", "g1")),
        *("send", "R", BY_ACME, "the writer is in one of these groups"),
    ),
    ("an SMS", [way(if_("message_kind", value="sms"), name="R")], reply(), "send", "R", BY_ACME, "it is an SMS"),
    (
        "an MMS",
        [way(if_("message_kind", value="mms"), name="R")],
        reply(num_media=1),
        "send",
        "R",
        BY_ACME,
        "it is an MMS",
    ),
    ("in office hours", [way(if_("time", period="open"), name="R")], reply(), "send", "R", BY_ACME, MORNING),
    # --- What is done
    (
        "sent by the routes that are on, in order",
        [way(name="R", by=[{"configuration": "a", "enabled": False}, "Acme", "Spare"])],
        reply(),
        *("send", "R", ["Acme", "Spare"], "it goes to +1 415-555-0123"),
    ),
    (
        "refused, with a reason",
        [way(if_("country", countries=["US"]), name="R", action="deny", reason="no texts to the US", by=[]), way()],
        reply(),
        *("deny", "R", [], "the number, +1 415-555-0123, is in US and no texts to the US"),
    ),
    (
        "held for a person to release",
        [way(name="R", action="hold", reason="first look at it")],
        reply(),
        *("hold", "R", BY_ACME, "it goes to +1 415-555-0123 and first look at it"),
    ),
    (
        "open: sent, although closed hours block",
        [way(name="R", when_closed="block")],
        reply(),
        *("send", "R", BY_ACME, "it goes to +1 415-555-0123"),
    ),
    (
        "closed hours block",
        [way(name="R", when_closed="block")],
        reply(when=NIGHT),
        *("deny", "R", [], f"it goes to +1 415-555-0123 and {NIGHT_SAID}"),
    ),
    (
        "closed hours hold until opening",
        [way(name="R", when_closed="hold")],
        reply(when=NIGHT),
        *("wait", "R", BY_ACME, f"it goes to +1 415-555-0123 and {NIGHT_SAID}"),
    ),
    (
        "hold until an opening that never comes is refused",
        [way(name="R", when_closed="hold", hours={})],
        reply(),
        *("deny", "R", [], "it goes to +1 415-555-0123 and it is Monday 10:00, outside office hours"),
    ),
    (
        "closed hours matter to no rule that does not ask",
        [way(name="R")],
        reply(when=HOLIDAY),
        "send",
        "R",
        BY_ACME,
        "it goes to",
    ),
    # --- Which rule
    (
        "lower priority first",
        [way(name="Late", by=["Late"]), way(name="R", priority=10)],
        reply(),
        *("send", "R", BY_ACME, "it goes to +1 415-555-0123"),
    ),
    (
        "equal priorities in order",
        [way(name="R"), way(name="Late", by=["Late"])],
        reply(),
        "send",
        "R",
        BY_ACME,
        "it goes to",
    ),
    (
        "no route that is on",
        [way(name="R", by=[{"configuration": "a", "enabled": False}])],
        reply(),
        "refuse",
        "",
        [],
        "it cannot be used, because every route is switched off",
    ),
    ("no rules", [], reply(), "refuse", "", [], ""),
]


@named(OUTBOUND)
def test_sent_texts(rules, facts, action, name, ends, said):
    compiled = CompiledOutbound(parse_outbound({"calendar": ACME, "rules": rules}))
    decision = compiled.decide(facts, explain=True)
    check(decision, compiled.decide(facts), action, name, ends, [one.label for one in decision.routes], said)


def test_a_text_that_waits_may_go_when_the_office_opens_next():
    compiled = CompiledOutbound(parse_outbound({"calendar": ACME, "rules": [way(when_closed="hold")]}))
    opens = {
        "2026-12-07 12:30": "2026-12-07 13:00",
        NIGHT: "2026-12-08 09:00",
        "2026-12-11 17:00": "2026-12-14 09:00",
        HOLIDAY: "2026-12-28 09:00",
    }
    assert {when: compiled.decide(reply(when=when)).until for when in opens} == {
        when: at(then) for when, then in opens.items()
    }


def test_routes_at_random_come_in_an_order_that_the_draw_decides():
    by = [{"id": str(weight), "configuration": "a", "weight": weight} for weight in (1, 9)]
    compiled = CompiledOutbound(parse_outbound({"rules": [way(by=by, strategy="random")]}))
    firsts = [compiled.decide(reply(draw=draw / 1000)).routes[0].weight for draw in range(1000)]
    assert 850 < firsts.count(9) < 950
    again = compiled.decide(reply(draw=0.5))
    assert again.routes == compiled.decide(reply(draw=0.5), explain=True).routes
    assert sorted(route.weight for route in again.routes) == [1, 9]


def test_every_kind_and_action_is_in_the_table():
    rules = [one for row in OUTBOUND for one in row[1]]
    assert set(OUTBOUND_KINDS) <= {condition["kind"] for one in rules for condition in one["conditions"]}
    assert {one.get("action", "send") for one in rules} == ACTIONS
    assert {one.get("when_closed", "") for one in rules} == WHEN_CLOSED
    done = {Action.SEND, Action.DENY, Action.HOLD, Action.WAIT, Action.REFUSE}
    assert {row[3] for row in OUTBOUND} == done
