"""What rules do, as a table to be read from top to bottom: rules, a text, the decision, and the sentence that says why.

Acme is open from Monday to Friday, 09:00 to 12:00 and 13:00 to 17:00 in Paris, and closed on 25 and 26 December. Its
numbers are +1 202-759-4810 to -4819 on one trunk. The text is "Hello" from +1 415-555-0123 on Monday, 7 December 2026,
at 10:00 in Paris, a first contact, unless a row says otherwise.
"""

from rules.conditions import INBOUND_KINDS
from rules.documents import APPLIES, WHENS, parse_inbound
from rules.engine import Action, CompiledInbound
from rules.targets import KINDS as TARGETS
from tests.rules.specified import (
    ACME,
    HOLIDAY,
    HOLIDAY_SAID,
    MORNING,
    NIGHT,
    NIGHT_SAID,
    check,
    if_,
    member,
    named,
    rule,
    text,
)

ANYBODY = rule(name="Rest", to=[{"kind": "group", "id": "all", "label": "All"}])
TO_BOB, TO_ALL = ["the inbox of Bob"], ["the group All"]

# What the row is about, the rules, the text, what is done, by which rule, to whom, what the rule named last said.
INBOUND = [
    # --- Which number was texted
    ("all numbers", [rule(name="R")], text(), "deliver", "R", TO_BOB, "+1 202-759-4810 was texted"),
    (
        "a trunk",
        [rule(if_("trunk", id="main", label="Main"), name="R")],
        text(),
        *("deliver", "R", TO_BOB, "it came over this trunk"),
    ),
    (
        "another trunk",
        [ANYBODY, rule(if_("trunk", id="spare", label="Spare"), name="R")],
        text(),
        *("deliver", "Rest", TO_ALL, "it applies only if it came over the trunk Spare, but it came over another trunk"),
    ),
    (
        "a listed number",
        [rule(if_("number", numbers=["+12027594810"], ids=["n0"]), name="R")],
        text(),
        *("deliver", "R", TO_BOB, "+1 202-759-4810 was texted"),
    ),
    (
        "a number listed by its row alone",
        [rule(if_("number", ids=["n0"]), name="R")],
        text(),
        *("deliver", "R", TO_BOB, "+1 202-759-4810 was texted"),
    ),
    (
        "a number that is not listed",
        [ANYBODY, rule(if_("number", numbers=["+12027594811"]), name="R")],
        text(),
        *("deliver", "Rest", TO_ALL, "it applies only if +1 202-759-4811 was texted, but +1 202-759-4810 was texted"),
    ),
    (
        "a range, first number",
        [rule(if_("range", first="+12027594810", last="+12027594815"), name="R")],
        text(),
        *("deliver", "R", TO_BOB, "+1 202-759-4810 was texted"),
    ),
    (
        "a range, last number",
        [rule(if_("range", first="+12027594810", last="+12027594815"), name="R")],
        text(to="+12027594815"),
        *("deliver", "R", TO_BOB, "+1 202-759-4815 was texted"),
    ),
    (
        "a range, the number after it",
        [ANYBODY, rule(if_("range", first="+12027594810", last="+12027594815"), name="R")],
        text(to="+12027594816"),
        *(
            *("deliver", "Rest", TO_ALL),
            "it applies only if a number from +1 202-759-4810 to +1 202-759-4815 was texted, "
            "but +1 202-759-4816 was texted",
        ),
    ),
    (
        "a range has no short code",
        [ANYBODY, rule(if_("range", first="+12027594810", last="+12027594815"), name="R")],
        text(to="20275"),
        *(
            *("deliver", "Rest", TO_ALL),
            "it applies only if a number from +1 202-759-4810 to +1 202-759-4815 was texted, but 20275 was texted",
        ),
    ),
    # --- Who writes
    (
        "a caller mask, each * one digit",
        [rule(if_("caller_mask", mask="+1415*******"), name="R")],
        text(),
        *("deliver", "R", TO_BOB, "the sender is +1 415-555-0123"),
    ),
    (
        "a caller mask of another length",
        [ANYBODY, rule(if_("caller_mask", mask="+1415******"), name="R")],
        text(),
        *(
            *("deliver", "Rest", TO_ALL),
            "it applies only if the sender fits +1415******, but the sender is +1 415-555-0123",
        ),
    ),
    (
        "0036*** is seven digits",
        [rule(if_("caller_mask", mask="0036***"), name="R")],
        text(sender="36123"),
        *("deliver", "R", TO_BOB, "the sender is 36123"),
    ),
    (
        "one of a list of numbers, ranges, short codes and names",
        [rule(if_("caller_mask", mask="+441632960000-441632960999;72975;Acme"), name="R")],
        text(sender="ACME"),
        *("deliver", "R", TO_BOB, "the sender is ACME"),
    ),
    (
        "in the range of a caller mask",
        [rule(if_("caller_mask", mask="+441632960000-441632960999;72975;Acme"), name="R")],
        text(sender="+441632960999"),
        *("deliver", "R", TO_BOB, "the sender is +44 1632 960999"),
    ),
    (
        "the sender's country",
        [rule(if_("country", countries=["FR", "US"]), name="R")],
        text(),
        *("deliver", "R", TO_BOB, "the sender, +1 415-555-0123, is in US"),
    ),
    (
        "a short code is in no country",
        [ANYBODY, rule(if_("country", countries=["US"]), name="R")],
        text(sender="72975"),
        *(
            *("deliver", "Rest", TO_ALL),
            "it applies only if the sender is in US, but the sender, 72975, is a short code, which is in no country",
        ),
    ),
    # --- What it says
    (
        "a keyword in any case, with or without accents",
        [rule(if_("keyword", words=["rappel", "Résumé"]), name="R")],
        text("My RESUME, please"),
        *("deliver", "R", TO_BOB, "the text has the word “resume”"),
    ),
    (
        "a keyword is a whole word",
        [ANYBODY, rule(if_("keyword", words=["stop"]), name="R")],
        text("nonstop stopper"),
        *(
            *("deliver", "Rest", TO_ALL),
            "it applies only if the text has the word “stop”, but the text has none of the words",
        ),
    ),
    (
        "how a text starts",
        [rule(if_("starts_with", text="order "), name="R")],
        text("ORDER   12"),
        *("deliver", "R", TO_BOB, "the text starts with “order ”"),
    ),
    (
        "what a text contains",
        [rule(if_("contains", text="ell"), name="R")],
        text(),
        *("deliver", "R", TO_BOB, "the text contains “ell”"),
    ),
    (
        "a pattern",
        [rule(if_("pattern", pattern="^order [0-9]{4}$"), name="R")],
        text("Order 1234"),
        *("deliver", "R", TO_BOB, "“Order 1234” fits the pattern"),
    ),
    (
        "a pattern in the case it is written in",
        [ANYBODY, rule(if_("pattern", pattern="order", case=True), name="R")],
        text("Order 1234"),
        *(
            *("deliver", "Rest", TO_ALL),
            "it applies only if the text fits the pattern order, but the text does not fit the pattern",
        ),
    ),
    (
        "a pattern that cannot be read switches its rule off",
        [ANYBODY, rule(if_("pattern", pattern="(?=a)"), name="R")],
        text(),
        *(
            *("deliver", "Rest", TO_ALL),
            "it cannot be used, because “(?=a)” asks for what this kind of pattern (RE2) lacks: it cannot look ahead "
            "or behind, as (?=…), (?!…), (?<=…) and (?<!…) do. Write it another way",
        ),
    ),
    # --- What comes with it
    (
        "files",
        [rule(if_("has_media"), name="R")],
        text(num_media=2, media=("image/png", "image/png")),
        *("deliver", "R", TO_BOB, "it has 2 pictures or files"),
    ),
    (
        "a kind of file",
        [rule(if_("media_kind", kinds=["contact"]), name="R")],
        text(num_media=1, media=("text/x-vcard",)),
        *("deliver", "R", TO_BOB, "it has a contact card"),
    ),
    # --- What was there before
    (
        "a first contact",
        [rule(if_("conversation", state="first"), name="R")],
        text(),
        "deliver",
        "R",
        TO_BOB,
        "it is a first contact",
    ),
    (
        "somebody known",
        [rule(if_("conversation", state="known"), name="R")],
        text(conversation="assigned"),
        *("deliver", "R", TO_BOB, "somebody has the conversation"),
    ),
    (
        "a conversation that nobody has",
        [rule(if_("conversation", state="unassigned"), name="R")],
        text(conversation="open"),
        *("deliver", "R", TO_BOB, "nobody has the conversation"),
    ),
    (
        "a conversation that somebody has",
        [ANYBODY, rule(if_("conversation", state="unassigned"), name="R")],
        text(conversation="assigned"),
        *(
            *("deliver", "Rest", TO_ALL),
            "it applies only if nobody has the conversation in hand, but somebody has the conversation",
        ),
    ),
    # --- When
    ("the company's hours", [rule(if_("time", period="open"), name="R")], text(), "deliver", "R", TO_BOB, MORNING),
    (
        "the rule's own hours come before the company's",
        [rule(if_("time", period="open"), name="R", hours={"mon": [["19:00", "21:00"]]})],
        text(when=NIGHT),
        *("deliver", "R", TO_BOB, "it is Monday 20:00, within office hours"),
    ),
    (
        "closed is a holiday, too",
        [rule(if_("time", period="closed"), name="R")],
        text(when=HOLIDAY),
        *("deliver", "R", TO_BOB, HOLIDAY_SAID),
    ),
    (
        "the rule's own holidays come before the company's",
        [rule(if_("time", period="open"), name="R", holidays=[])],
        text(when=HOLIDAY),
        *("deliver", "R", TO_BOB, "it is Friday 10:00, within office hours"),
    ),
    (
        "a moment",
        [rule(if_("time", moment={"weekdays": [0], "hours": ["09:30", "10:30"]}), name="R")],
        text(),
        *("deliver", "R", TO_BOB, "it is Monday 7 December 2026, 10:00"),
    ),
    (
        "the end of a shift is outside of it",
        [ANYBODY, rule(if_("time", period="open"), name="R")],
        text(when="2026-12-07 12:00"),
        *(
            *("deliver", "Rest", TO_ALL),
            "it applies only if it is within office hours, but it is Monday 12:00, outside office hours",
        ),
    ),
    # --- Which destinations at which time
    (
        "office hours",
        [rule(name="R", to=[member("Bob", "open"), member("Eve", "closed"), member("Hal", "holiday")])],
        text(),
        *("deliver", "R", TO_BOB, f"+1 202-759-4810 was texted and {MORNING}"),
    ),
    (
        "outside office hours",
        [rule(name="R", to=[member("Bob", "open"), member("Eve", "closed"), member("Hal", "holiday")])],
        text(when=NIGHT),
        *("deliver", "R", ["the inbox of Eve"], f"+1 202-759-4810 was texted and {NIGHT_SAID}"),
    ),
    (
        "holidays come first",
        [rule(name="R", to=[member("Bob", "open"), member("Eve", "closed"), member("Hal", "holiday")])],
        text(when=HOLIDAY),
        *("deliver", "R", ["the inbox of Hal"], f"+1 202-759-4810 was texted and {HOLIDAY_SAID}"),
    ),
    (
        "a holiday without destinations of its own is outside office hours",
        [rule(name="R", to=[member("Bob", "open"), member("Eve", "closed")])],
        text(when=HOLIDAY),
        *("deliver", "R", ["the inbox of Eve"], f"+1 202-759-4810 was texted and {HOLIDAY_SAID}"),
    ),
    (
        "always, and in office hours as well",
        [rule(name="R", to=[member("Bob"), member("Eve", "open")])],
        text(),
        *("deliver", "R", ["the inbox of Bob", "the inbox of Eve"], f"+1 202-759-4810 was texted and {MORNING}"),
    ),
    (
        "no destination at this time: the next rule is asked",
        [rule(name="R", to=[member("Bob", "open")]), ANYBODY],
        text(when=NIGHT),
        *("deliver", "Rest", TO_ALL, f"it has no destination for now: {NIGHT_SAID}"),
    ),
    (
        "a moment replaces all other destinations",
        [rule(name="R", to=[member("Bob"), member("Eve", "open"), member("Mo", "moment", weekdays=[0])])],
        text(),
        *("deliver", "R", ["the inbox of Mo"], "+1 202-759-4810 was texted and it is Monday"),
    ),
    (
        "the first moment that fits, with all of its destinations",
        [
            rule(
                name="R",
                to=[
                    member("Sun", "moment", weekdays=[6]),
                    member("Mo", "moment", weekdays=[0]),
                    member("Dec", "moment", months=[12]),
                    member("Al", "moment", weekdays=[0]),
                ],
            )
        ],
        text(),
        *("deliver", "R", ["the inbox of Mo", "the inbox of Al"], "+1 202-759-4810 was texted and it is Monday"),
    ),
    (
        "a moment of a holiday comes before the holiday",
        [rule(name="R", to=[member("Hal", "holiday"), member("Xmas", "moment", months=[12], days=[25])])],
        text(when=HOLIDAY),
        *("deliver", "R", ["the inbox of Xmas"], "+1 202-759-4810 was texted and it is day 25, in December"),
    ),
    (
        "the hour that summer time takes: half past two is half past three",
        [rule(name="R", to=[member("Bob", "moment", hours=["03:00", "04:00"]), member("Eve")])],
        text(when="2026-03-29 02:30"),
        *("deliver", "R", TO_BOB, "+1 202-759-4810 was texted and it is 03:00 – 04:00"),
    ),
    # --- To whom
    ("a group", [ANYBODY], text(), "deliver", "Rest", TO_ALL, "+1 202-759-4810 was texted"),
    (
        "extensions, the third number to the third",
        [
            rule(
                if_("range", first="+12027594810", last="+12027594815"),
                name="R",
                to=[
                    if_(
                        "extensions", first_number="+12027594810", last_number="+12027594815", first="0101", last="0106"
                    )
                ],
            )
        ],
        text(to="+12027594812"),
        *("deliver", "R", ["the extension 0103"], "+1 202-759-4812 was texted"),
    ),
    (
        "an extension by itself",
        [rule(name="R", to=[if_("extension", extension="101")])],
        text(),
        *("deliver", "R", ["the extension 101"], "+1 202-759-4810 was texted"),
    ),
    (
        "e-mail and an automatic reply",
        [rule(name="R", to=[if_("email", address="a@acme.example"), if_("auto_reply", text="Thanks!")])],
        text(),
        *("deliver", "R", ["e-mail a@acme.example", "an automatic reply, “Thanks!”"], "+1 202-759-4810 was texted"),
    ),
    (
        "a phone number",
        [rule(name="R", to=[if_("forward", number="+33612345678")])],
        text(),
        *("deliver", "R", ["the phone number +33 6 12 34 56 78"], "+1 202-759-4810 was texted"),
    ),
    (
        "hold until opening",
        [rule(name="R", to=[member("Bob", "open"), {"kind": "hold", "when": "closed"}])],
        text(when=NIGHT),
        *("deliver", "R", ["nobody yet: it is held until opening"], f"+1 202-759-4810 was texted and {NIGHT_SAID}"),
    ),
    (
        "drop, with a reason",
        [rule(name="R", to=[if_("drop", reason="spam")])],
        text(),
        *("drop", "R", ["nobody: it is dropped (spam)"], "+1 202-759-4810 was texted"),
    ),
    (
        "dropped for one and delivered to another is delivered",
        [rule(name="R", to=[if_("drop"), member("Bob")])],
        text(),
        *("deliver", "R", ["nobody: it is dropped", "the inbox of Bob"], "+1 202-759-4810 was texted"),
    ),
    # --- Which rule
    (
        "the first rule that fits decides; a later one says that it would fit, too",
        [rule(name="First"), ANYBODY],
        text(),
        *("deliver", "First", TO_BOB, "+1 202-759-4810 was texted"),
    ),
    (
        "all conditions of a rule must hold",
        [ANYBODY, rule(if_("contains", text="hello"), if_("has_media"), name="R")],
        text(),
        *(
            *("deliver", "Rest", TO_ALL),
            "it applies only if it has pictures or files, but it has no pictures or files",
        ),
    ),
    (
        "all conditions that hold are named",
        [rule(if_("contains", text="hello"), if_("has_media", value=False), name="R")],
        text(),
        *("deliver", "R", TO_BOB, "the text contains “hello” and it has no pictures or files"),
    ),
    (
        "a rule that is switched off",
        [ANYBODY, rule(name="R", enabled=False)],
        text(),
        *("deliver", "Rest", TO_ALL, "it is switched off"),
    ),
    (
        "a rule for messages",
        [rule(name="R", applies="messages")],
        text(),
        *("deliver", "R", TO_BOB, "+1 202-759-4810 was texted"),
    ),
    ("a rule for both", [rule(name="R", applies="both")], text(), "deliver", "R", TO_BOB, "+1 202-759-4810 was texted"),
    (
        "a rule for calls",
        [ANYBODY, rule(name="R", applies="voice")],
        text(),
        "deliver",
        "Rest",
        TO_ALL,
        "it is for calls only",
    ),
    (
        "a condition from the future switches its rule off",
        [ANYBODY, rule(if_("moon_phase"), name="R")],
        text(),
        *(
            *("deliver", "Rest", TO_ALL),
            "it cannot be used, because the condition “moon_phase” is not known here",
        ),
    ),
    (
        "no rule fits",
        [rule(if_("has_media"), name="R")],
        text(),
        "unrouted",
        "",
        [],
        "it applies only if it has pictures or files",
    ),
    ("no rules", [], text(), "unrouted", "", [], ""),
]


@named(INBOUND)
def test_received_texts(rules, facts, action, name, ends, said):
    compiled = CompiledInbound(parse_inbound({"calendar": ACME, "rules": rules}))
    decision = compiled.decide(facts, explain=True)
    check(decision, compiled.decide(facts), action, name, ends, [one.describe() for one in decision.targets], said)


def test_every_kind_and_time_is_in_the_table():
    rules = [one for row in INBOUND for one in row[1]]
    assert set(INBOUND_KINDS) <= {condition["kind"] for one in rules for condition in one["conditions"]}
    ends = [end for one in rules for end in one["targets"]]
    assert set(TARGETS) <= {end["kind"] for end in ends}
    assert {end.get("when", "always") for end in ends} == WHENS
    assert {one.get("applies", "both") for one in rules} == APPLIES
    assert {row[3] for row in INBOUND} == {Action.DELIVER, Action.DROP, Action.UNROUTED}
