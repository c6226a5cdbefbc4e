"""Findings: each says which rule, what is wrong in one sentence, and about which row."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from rules.checking import shadowing
from rules.checking.conflicts import inbound_findings, outbound_findings
from rules.checking.findings import Code, Surroundings, Thing
from rules.documents import parse_inbound, parse_outbound
from rules.facts import InboundFacts

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
FIRST, SECOND = "+12027594810", "+12027594811"
BOB = {"kind": "member", "id": "bob", "label": "Bob"}
SALES = {"kind": "group", "id": "sales", "label": "Sales"}
ANY, ALL = {"kind": "all_numbers"}, {"kind": "all"}
WORK = {"mon": [["09:00", "17:00"]]}
AROUND = Surroundings(
    now=NOW,
    numbers=(
        InboundFacts(FIRST, "", trunk="main", number="n0"),
        InboundFacts(SECOND, "", trunk="main", number="n1"),
    ),
    things={
        ("member", "bob"): Thing("Bob"),
        ("member", "eve"): Thing("Eve", works=False),
        ("member", "ned"): Thing("Ned", reachable=False),
        ("group", "sales"): Thing("Sales", members=("bob", "eve")),
        ("group", "none"): Thing("Nobody", members=()),
        ("group", "away"): Thing("Away", members=("eve", "ned", "gone")),
        ("trunk", "main"): Thing("Main"),
        ("trunk", "old"): Thing("Old", works=False),
        ("configuration", "c1"): Thing("Acme", senders=frozenset({FIRST})),
        ("configuration", "c2"): Thing("Spare", works=False),
    },
    extensions=frozenset({"101"}),
    recipients={"US": ["+14155550123"]},
)


def inbound(*rules, **document):
    named = [{"id": str(place), "name": f"Rule {place}", "targets": [BOB], **one} for place, one in enumerate(rules)]
    return parse_inbound({"rules": named, **document})


def outbound(*rules, **document):
    routes = [{"id": "r", "configuration": "c1", "label": "Acme"}]
    named = [{"id": str(place), "name": f"Rule {place}", "routes": routes, **one} for place, one in enumerate(rules)]
    return parse_outbound({"rules": named, **document})


def on(*conditions, **fields):
    return {"conditions": list(conditions), **fields}


def words(*texts):
    return {"kind": "keyword", "words": list(texts)}


def to(target=BOB, when="always", **moment):
    return {**target, "when": when, **({"moment": moment} if moment else {})}


LAST = on(ANY)


INBOUND = [
    # what, rules, findings as (rule, code, text)
    ("all is well", [on(words("stop")), LAST], {}, []),
    (
        "a rule for one number and one for the rest",
        [on({"kind": "number", "numbers": [FIRST], "ids": ["n0"]}), LAST],
        {},
        [],
    ),
    (
        "a rule after one that takes everything",
        [LAST, on(words("stop"))],
        {},
        [("1", Code.SHADOWED, "It never gets a text: “Rule 0”, before it, takes all that it asks for.")],
    ),
    ("a rule after one that is switched off", [{**LAST, "enabled": False}, on(words("stop")), LAST], {}, []),
    ("a rule after one for calls", [{**LAST, "applies": "voice"}, on(words("stop")), LAST], {}, []),
    (
        "a rule after one that has destinations in office hours only",
        [on(ANY, targets=[to(when="open")]), on(words("stop")), LAST],
        {"calendar": {"zone": "UTC", "week": WORK}},
        [],
    ),
    (
        "a rule after one for office hours, where it never closes",
        [on(ANY, targets=[to(when="open")]), on(words("stop"))],
        {},
        [("1", Code.SHADOWED, "It never gets a text: “Rule 0”, before it, takes all that it asks for.")],
    ),
    (
        "a rule after two that share the day between them",
        [on(ANY, targets=[to(when="open")]), on(ANY, targets=[to(when="closed")]), on(words("stop"))],
        {"calendar": {"zone": "UTC", "week": WORK}},
        [("2", Code.SHADOWED, "It never gets a text: “Rule 0” and “Rule 1”, before it, together take all")],
    ),
    (
        "two that leave holidays out",
        [
            on(ANY, targets=[to(when="open")]),
            on(ANY, targets=[to(when="holiday")]),
            on(words("stop")),
            LAST,
        ],
        {
            "calendar": {
                "zone": "UTC",
                "week": WORK,
                "holidays": [{"name": "Yule", "start": "2026-12-25", "end": "2026-12-25"}],
            }
        },
        [],
    ),
    (
        "office hours of two kinds are not the same",
        [
            on(ANY, targets=[to(when="open")]),
            on(words("hi"), targets=[to(when="open")], hours={"tue": [["09:00", "10:00"]]}),
            LAST,
        ],
        {"calendar": {"zone": "UTC", "week": WORK}},
        [],
    ),
    (
        "a moment is not covered by office hours",
        [on(ANY, targets=[to(when="open")]), on(words("hi"), targets=[to(when="moment", weekdays=[6])]), LAST],
        {"calendar": {"zone": "UTC", "week": WORK}},
        [],
    ),
    (
        "a narrower range after a wider one",
        [
            on({"kind": "range", "first": FIRST, "last": "+12027594819"}),
            on({"kind": "range", "first": SECOND, "last": "+12027594812"}, words("hi")),
            LAST,
        ],
        {},
        [("1", Code.SHADOWED, "It never gets a text: “Rule 0”, before it, takes all that it asks for.")],
    ),
    (
        "a listed number after the range it lies in",
        [
            on({"kind": "range", "first": FIRST, "last": "+12027594819"}),
            on({"kind": "number", "numbers": [FIRST], "ids": ["n0"]}),
            LAST,
        ],
        {},
        [("1", Code.SHADOWED, "It never gets a text: “Rule 0”, before it, takes all that it asks for.")],
    ),
    (
        "conditions that exclude each other",
        [on({"kind": "has_media", "value": False}, {"kind": "media_kind", "kinds": ["image"]}), LAST],
        {},
        [
            (
                "0",
                Code.CONTRADICTION,
                "It never matches: “it has no pictures or files” and “it has a picture” exclude each other.",
            )
        ],
    ),
    (
        "a number that is not ours",
        [on({"kind": "number", "numbers": ["+12025550000"], "ids": ["9" * 32]}), LAST],
        {},
        [("0", Code.NO_NUMBER, "It never matches: none of your numbers is one that it asks for.")],
    ),
    (
        "a short code or a messaging service is ours without being in a pool",
        [on({"kind": "number", "numbers": ["72975"]}), on({"kind": "number", "numbers": ["MG" + "0" * 32]}), LAST],
        {},
        [],
    ),
    (
        "numbers without a rule",
        [on({"kind": "number", "numbers": [FIRST]})],
        {},
        [
            (
                "",
                Code.NUMBERS_WITHOUT_RULE,
                "No rule takes every text to +1 202-759-4811: what none takes is kept, but reaches nobody. "
                "Add a rule for them, or a last one for all numbers.",
            )
        ],
    ),
    (
        "numbers without a rule at night",
        [on(ANY, targets=[to(when="open")])],
        {"calendar": {"zone": "UTC", "week": WORK}},
        [("", Code.NUMBERS_WITHOUT_RULE, "No rule takes every text to +1 202-759-4810 – +1 202-759-4811: ")],
    ),
    (
        "no rules at all",
        [],
        {},
        [("", Code.NUMBERS_WITHOUT_RULE, "No rule takes every text to +1 202-759-4810 – +1 202-759-4811: ")],
    ),
    (
        "a member who is disabled",
        [on(ANY, targets=[{"kind": "member", "id": "eve"}])],
        {},
        [("0", Code.MEMBER_OFF, "Eve is disabled and reads nothing.")],
    ),
    (
        "a member who is gone",
        [on(ANY, targets=[{"kind": "member", "id": "zed", "label": "Zed"}])],
        {},
        [("0", Code.TARGET_GONE, "Gone: the inbox of Zed. Edit the rule.")],
    ),
    ("a group with somebody in it", [on(ANY, targets=[SALES])], {}, []),
    (
        "an empty group",
        [on(ANY, targets=[{"kind": "group", "id": "none"}])],
        {},
        [("0", Code.GROUP_EMPTY, "The group Nobody is empty: add a member.")],
    ),
    (
        "a group in which nobody is ever available",
        [on(ANY, targets=[{"kind": "group", "id": "away"}])],
        {},
        [("0", Code.GROUP_AWAY, "Nobody of the group Away is ever available: all are disabled, or never have hours.")],
    ),
    (
        "a trunk that is switched off",
        [on({"kind": "trunk", "id": "old"}), LAST],
        {},
        [("0", Code.TRUNK_OFF, "The trunk Old is disabled or deleted.")],
    ),
    (
        "extensions that nobody has",
        [
            on(
                {"kind": "range", "first": FIRST, "last": SECOND},
                targets=[
                    {"kind": "extensions", "first_number": FIRST, "last_number": SECOND, "first": "101", "last": "102"}
                ],
            ),
            LAST,
        ],
        {},
        [("0", Code.EXTENSION_FREE, "Nobody has the extension 102: give it to a member.")],
    ),
    (
        "extensions that members have",
        [
            on(
                {"kind": "range", "first": FIRST, "last": SECOND},
                targets=[
                    {"kind": "extensions", "first_number": FIRST, "last_number": FIRST, "first": "101", "last": "101"}
                ],
            ),
            LAST,
        ],
        {},
        [],
    ),
    (
        "hours that never open",
        [on(ANY, targets=[to(when="open"), to(SALES, "closed")], hours={})],
        {},
        [("0", Code.NEVER_OPENS, "It never delivers to the inbox of Bob in office hours: that time does not come.")],
    ),
    (
        "hours that never close",
        [on(ANY, targets=[to(when="open"), to(SALES, "closed")])],
        {},
        [
            (
                "0",
                Code.NEVER_COMES,
                "It never delivers to the group Sales outside office hours: that time does not come.",
            )
        ],
    ),
    (
        "holidays that are all over",
        [on(ANY, targets=[to(), to(SALES, "holiday")])],
        {"calendar": {"holidays": [{"name": "Yule", "start": "2025-12-25", "end": "2025-12-26"}]}},
        [("0", Code.NEVER_COMES, "It never delivers to the group Sales on holidays: that time does not come.")],
    ),
    (
        "holidays of every year",
        [on(ANY, targets=[to(), to(SALES, "holiday")])],
        {"calendar": {"holidays": [{"name": "Yule", "start": "2025-12-25", "end": "2025-12-26", "yearly": True}]}},
        [],
    ),
    (
        "31 February",
        [on(ANY, targets=[to(), to(SALES, "moment", months=[2], days=[31])])],
        {},
        [
            (
                "0",
                Code.NEVER_COMES,
                "It never delivers to the group Sales on day 31, in February: that time does not come.",
            )
        ],
    ),
    (
        "29 February on a Monday",
        [on(ANY, targets=[to(), to(SALES, "moment", months=[2], days=[29], weekdays=[0])])],
        {},
        [],
    ),
    (
        "a year that is over",
        [on({"kind": "time", "moment": {"years": [2025]}}), LAST],
        {},
        [("0", Code.NEVER_COMES, "It never matches: there will be no time at which it is 2025.")],
    ),
    ("what is left of this year", [on({"kind": "time", "moment": {"years": [2026], "months": [12]}}), LAST], {}, []),
    (
        "the month before this one in this year",
        [on({"kind": "time", "moment": {"years": [2026], "months": [10]}}), LAST],
        {},
        [("0", Code.NEVER_COMES, "It never matches: there will be no time at which it is in October, 2026.")],
    ),
    (
        "a rule that cannot be read",
        [on({"kind": "moon_phase"}), LAST],
        {},
        [("0", Code.UNUSABLE, "It is not used: the condition “moon_phase” is not known here.")],
    ),
]

OUTBOUND: list[Any] = [
    ("all is well", [on(ALL)], {}, []),
    (
        "a longer prefix after a shorter one",
        [on({"kind": "prefix", "prefixes": ["33", "1"]}), on({"kind": "prefix", "prefixes": ["336", "1415"]}), on(ALL)],
        {},
        [("1", Code.SHADOWED, "It never gets a text: “Rule 0”, before it, takes all that it asks for.")],
    ),
    (
        "a country after the prefix of its numbers",
        [on({"kind": "prefix", "prefixes": ["33"]}), on({"kind": "country", "countries": ["FR"]}), on(ALL)],
        {},
        [("1", Code.SHADOWED, "It never gets a text: “Rule 0”, before it, takes all that it asks for.")],
    ),
    (
        "priority decides which is first",
        [on({"kind": "length", "lengths": [11]}), on(ALL, priority=1)],
        {},
        [("0", Code.SHADOWED, "It never gets a text: “Rule 1”, before it, takes all that it asks for.")],
    ),
    (
        "a rule that refuses shadows, too",
        [on(ALL, action="deny", routes=[]), on({"kind": "length", "lengths": [11]})],
        {},
        [
            ("1", Code.SHADOWED, "It never gets a text: “Rule 0”, before it, takes all that it asks for."),
        ],
    ),
    (
        "a prefix of another country",
        [on({"kind": "prefix", "prefixes": ["33"]}, {"kind": "country", "countries": ["US"]}), on(ALL)],
        {},
        [("0", Code.CONTRADICTION, "It never matches: “the number starts with +33” and “the number is in US” exclude")],
    ),
    (
        "a configuration that is switched off, beside one that is not",
        [on(ALL, routes=[{"configuration": "c2"}, {"configuration": "c1"}])],
        {},
        [("0", Code.CONFIGURATION_OFF, "The SMS configuration Spare is disabled or deleted.")],
    ),
    (
        "a configuration that is gone",
        [on(ALL, routes=[{"configuration": "c9", "label": "Past"}])],
        {},
        [
            ("0", Code.CONFIGURATION_OFF, "The SMS configuration Past is disabled or deleted."),
            ("0", Code.NO_ROUTE_LEFT, "No route is left: texts that match are refused."),
        ],
    ),
    (
        "a sender that is not on the trunk",
        [on(ALL, routes=[{"configuration": "c1", "sender": SECOND}])],
        {},
        [
            (
                "0",
                Code.SENDER_OUTSIDE,
                "+1 202-759-4811 is not among your numbers on the trunk of Acme: choose another.",
            )
        ],
    ),
    (
        "senders that can be used",
        [on(ALL, routes=[{"configuration": "c1", "sender": FIRST}, {"configuration": "c1", "sender": "ACME"}])],
        {},
        [],
    ),
    (
        "a rule that refuses needs no route",
        [on({"kind": "length", "lengths": [5]}, action="deny", routes=[]), on(ALL)],
        {},
        [],
    ),
    (
        "a group of writers that is empty",
        [on({"kind": "groups", "ids": ["none"], "labels": ["Nobody"]}), on(ALL)],
        {},
        [("0", Code.GROUP_EMPTY, "The group Nobody is empty: add a member.")],
    ),
    ("writers need not be there to receive", [on({"kind": "groups", "ids": ["away"]}), on(ALL)], {}, []),
    (
        "hours that never open",
        [on(ALL, when_closed="hold", hours={})],
        {},
        [("0", Code.NEVER_OPENS, "It refuses every text: its hours never open.")],
    ),
    (
        "a rule that cannot be read",
        [on({"kind": "moon_phase"}), on(ALL)],
        {},
        [("0", Code.UNUSABLE, "It is not used: the condition “moon_phase” is not known here.")],
    ),
    (
        "a country that no route serves",
        [
            on({"kind": "prefix", "prefixes": ["33"]}),
            on({"kind": "prefix", "prefixes": ["1"]}, action="deny", routes=[]),
        ],
        {},
        [
            (
                "",
                Code.COUNTRY_UNSERVED,
                "No rule sends to US: texts there are refused. Add a rule for it, or one for all destinations.",
            )
        ],
    ),
    ("a country served for some writers", [on({"kind": "extensions", "extensions": "101"})], {}, []),
]


def check(found, expected):
    assert [(one.rule_id, one.code) for one in found] == [(rule, code) for rule, code, _ in expected]
    for one, (_, _, text) in zip(found, expected, strict=True):
        assert one.text.startswith(text)


@pytest.mark.parametrize(
    ("rules", "document", "expected"), [row[1:] for row in INBOUND], ids=[row[0] for row in INBOUND]
)
def test_what_is_wrong_with_inbound_rules(rules, document, expected):
    check(inbound_findings(inbound(*rules, **document), AROUND), expected)


@pytest.mark.parametrize(
    ("rules", "document", "expected"), [row[1:] for row in OUTBOUND], ids=[row[0] for row in OUTBOUND]
)
def test_what_is_wrong_with_outbound_rules(rules, document, expected):
    check(outbound_findings(outbound(*rules, **document), AROUND), expected)


def test_every_code_is_found_here():
    rows = [code for row in (*INBOUND, *OUTBOUND) for _, code, _ in row[3]]
    assert set(rows) == set(Code)


def test_a_finding_names_its_rule_and_the_row_it_is_about():
    (found,) = inbound_findings(inbound(on(ANY, targets=[{"kind": "member", "id": "eve"}], name="Night")), AROUND)
    assert (found.rule_name, found.subject) == ("Night", "eve")
    shadow = inbound_findings(inbound(LAST, LAST), AROUND)[0]
    assert shadow.subject == "0"


@pytest.mark.parametrize("kind", ["inbound", "outbound"])
def test_a_rule_that_named_a_row_since_removed_says_so(kind):
    around = replace(AROUND, lost=frozenset({"0"}))
    found = (
        inbound_findings(inbound(LAST), around) if kind == "inbound" else outbound_findings(outbound(on(ALL)), around)
    )
    assert [one.code for one in found] == [Code.TARGET_GONE]


def test_a_rule_that_is_switched_off_has_no_findings():
    off = {"enabled": False}
    assert inbound_findings(inbound(on({"kind": "trunk", "id": "old"}, **off), LAST), AROUND) == ()
    assert outbound_findings(outbound(on(ALL, routes=[{"configuration": "c2"}], **off), on(ALL)), AROUND) == ()


def thousand():
    """A thousand inbound rules, half for a listed number and half for a range, none of them for another's."""
    for place in range(1000):
        number = f"+1202{place * 10:07}"
        if place % 2:
            yield on({"kind": "number", "numbers": [number], "ids": [f"n{place}"]})
        else:
            yield on({"kind": "range", "first": number, "last": f"+1202{place * 10 + 9:07}"})


def test_a_thousand_rules_for_numbers_are_compared_with_few_of_them(monkeypatch):
    monkeypatch.setattr(shadowing, "PAIRS_AT_MOST", 1000)
    rules = inbound(*thousand(), on({"kind": "range", "first": "+12020005001", "last": "+12020005002"}), LAST)
    numbers = tuple(InboundFacts(f"+1202{place:07}", "", trunk="main", number=f"n{place}") for place in range(10_000))
    found = inbound_findings(rules, replace(AROUND, numbers=numbers))
    assert [(one.rule_id, one.code, one.subject) for one in found] == [("1000", Code.SHADOWED, "500")]


def test_rules_that_cannot_be_looked_up_are_compared_one_by_one_as_long_as_that_is_quick(monkeypatch):
    rules = inbound(*(on(ANY, words(f"word{place}")) for place in range(99)), on(ANY, words("word7")), LAST)
    assert [(one.rule_id, one.subject) for one in inbound_findings(rules, AROUND)] == [("99", "7")]
    # The hundredth rule makes it 99 * 100 / 2 pairs.
    for pairs, shadows in ((4950, 1), (4949, 0)):
        monkeypatch.setattr(shadowing, "PAIRS_AT_MOST", pairs)
        assert [one.code for one in inbound_findings(rules, AROUND)] == [Code.SHADOWED] * shadows
