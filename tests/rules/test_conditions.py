"""Every kind of condition: when it holds, what it says, and how it is stored."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.conditions import INBOUND_KINDS, OUTBOUND_KINDS, ConditionError, read_inbound, read_outbound
from rules.conditions.text_conditions import MEDIA_KINDS
from rules.facts import InboundFacts, OutboundFacts
from rules.wording import any_of, fold

TEXT = InboundFacts(
    our_address="+12027594810",
    their_address="+14155550123",
    body="Hello,  please HELP me with my Straße",
    num_media=1,
    trunk="aa",
    number="bb",
    at=datetime(2026, 12, 7, 9, 30, tzinfo=UTC),
    media=("image/jpeg",),
    conversation="open",
)
REPLY = OutboundFacts(to="+3312345678", body="Hi", extension="150", member="m1", groups=("g1", "g2"), at=TEXT.at)
MONDAYS = {"weekdays": [0]}

INBOUND = [
    # stored, holds for TEXT, described, explained
    ({"kind": "all_numbers"}, True, "any number was texted", "+1 202-759-4810 was texted"),
    (
        {"kind": "trunk", "id": "aa", "label": "Main"},
        True,
        "it came over the trunk Main",
        "it came over this trunk",
    ),
    (
        {"kind": "trunk", "id": "zz", "label": ""},
        False,
        "it came over the trunk zz",
        "it came over another trunk",
    ),
    (
        {"kind": "number", "numbers": ["+12027594810"], "ids": []},
        True,
        "+1 202-759-4810 was texted",
        "+1 202-759-4810 was texted",
    ),
    (
        {"kind": "number", "numbers": [], "ids": ["bb", "cc"]},
        True,
        "one of 2 chosen numbers was texted",
        "+1 202-759-4810 was texted",
    ),
    (
        {"kind": "number", "numbers": ["+12027594811", "MG1"], "ids": ["cc"]},
        False,
        "+1 202-759-4811 or MG1 was texted",
        "+1 202-759-4810 was texted",
    ),
    (
        {"kind": "range", "first": "+12027594810", "last": "+12027594815"},
        True,
        "a number from +1 202-759-4810 to +1 202-759-4815 was texted",
        "+1 202-759-4810 was texted",
    ),
    (
        {"kind": "range", "first": "+12027594811", "last": "+12027594815"},
        False,
        "a number from +1 202-759-4811 to +1 202-759-4815 was texted",
        "+1 202-759-4810 was texted",
    ),
    (
        {"kind": "caller_mask", "mask": "+1415*******;Acme"},
        True,
        "the sender fits +1415*******;Acme",
        "the sender is +1 415-555-0123",
    ),
    ({"kind": "caller_mask", "mask": "12345"}, False, "the sender fits 12345", "the sender is +1 415-555-0123"),
    (
        {"kind": "keyword", "words": ["info", "help"]},
        True,
        "the text has the word “info” or “help”",
        "the text has the word “help”",
    ),
    (
        {"kind": "keyword", "words": ["hel", "lease", "a", "b", "c"]},
        False,
        "the text has the word “hel”, “lease”, “a” or 2 more",
        "the text has none of the words",
    ),
    (
        {"kind": "keyword", "words": ["strasse"]},
        True,
        "the text has the word “strasse”",
        "the text has the word “strasse”",
    ),
    (
        {"kind": "keyword", "words": ["please help"]},
        True,
        "the text has the word “please help”",
        "the text has the word “please help”",
    ),
    (
        {"kind": "starts_with", "text": "hello, P"},
        True,
        "the text starts with “hello, P”",
        "the text starts with “hello, P”",
    ),
    (
        {"kind": "starts_with", "text": "help"},
        False,
        "the text starts with “help”",
        "the text does not start with “help”",
    ),
    ({"kind": "contains", "text": "ELP ME"}, True, "the text contains “ELP ME”", "the text contains “ELP ME”"),
    ({"kind": "contains", "text": "stop"}, False, "the text contains “stop”", "the text does not contain “stop”"),
    ({"kind": "has_media", "value": True}, True, "it has pictures or files", "it has 1 picture or file"),
    ({"kind": "has_media", "value": False}, False, "it has no pictures or files", "it has 1 picture or file"),
    (
        {"kind": "media_kind", "kinds": ["image", "video"]},
        True,
        "it has a picture or a video",
        "it has a picture",
    ),
    ({"kind": "media_kind", "kinds": ["contact"]}, False, "it has a contact card", "it has a picture"),
    (
        {"kind": "country", "countries": ["US", "CA"]},
        True,
        "the sender is in US or CA",
        "the sender, +1 415-555-0123, is in US",
    ),
    ({"kind": "country", "countries": ["FR"]}, False, "the sender is in FR", "the sender, +1 415-555-0123, is in US"),
    (
        {"kind": "pattern", "pattern": "p[a-z]+ help", "case": False},
        True,
        "the text fits the pattern p[a-z]+ help",
        "“please HELP” fits the pattern",
    ),
    (
        {"kind": "pattern", "pattern": "p[a-z]+ help", "case": True},
        False,
        "the text fits the pattern p[a-z]+ help",
        "the text does not fit the pattern",
    ),
    (
        {"kind": "conversation", "state": "unassigned"},
        True,
        "nobody has the conversation in hand",
        "nobody has the conversation",
    ),
    (
        {"kind": "conversation", "state": "known"},
        True,
        "the two numbers have texted before",
        "nobody has the conversation",
    ),
    (
        {"kind": "conversation", "state": "first"},
        False,
        "it is the first text between the two numbers",
        "nobody has the conversation",
    ),
    (
        {"kind": "conversation", "state": "assigned"},
        False,
        "somebody has the conversation in hand",
        "nobody has the conversation",
    ),
    ({"kind": "time", "period": "open"}, True, "it is within office hours", "it is Monday 09:30, within office hours"),
    (
        {"kind": "time", "period": "closed"},
        False,
        "it is outside office hours or a holiday",
        "it is Monday 09:30, within office hours",
    ),
    ({"kind": "time", "period": "holiday"}, False, "it is a holiday", "it is Monday 09:30, within office hours"),
    ({"kind": "time", "moment": MONDAYS}, True, "it is Monday", "it is Monday 7 December 2026, 09:30"),
]

OUTBOUND = [
    ({"kind": "all"}, True, "it goes anywhere", "it goes to +33 12345678"),
    (
        {"kind": "prefix", "prefixes": ["180", "33"]},
        True,
        "the number starts with +180 or +33",
        "the number is +33 12345678",
    ),
    ({"kind": "prefix", "prefixes": ["1"]}, False, "the number starts with +1", "the number is +33 12345678"),
    ({"kind": "length", "lengths": [10, 11]}, True, "the number has 10 or 11 digits", "the number has 10 digits"),
    ({"kind": "length", "lengths": [9]}, False, "the number has 9 digits", "the number has 10 digits"),
    (
        {"kind": "extensions", "extensions": "101;100-200"},
        True,
        "the writer's extension is one of 101;100-200",
        "the writer's extension is 150",
    ),
    (
        {"kind": "extensions", "extensions": "101"},
        False,
        "the writer's extension is one of 101",
        "the writer's extension is 150",
    ),
    (
        {"kind": "groups", "ids": ["g2"], "labels": ["Sales"]},
        True,
        "the writer is in Sales",
        "the writer is in one of these groups",
    ),
    (
        {"kind": "groups", "ids": ["g9"], "labels": []},
        False,
        "the writer is in a chosen group",
        "the writer is in other groups",
    ),
    (
        {"kind": "country", "countries": ["FR"]},
        True,
        "the number is in FR",
        "the number, +33 12345678, is in FR",
    ),
    ({"kind": "country", "countries": ["DE"]}, False, "the number is in DE", "the number, +33 12345678, is in FR"),
    ({"kind": "message_kind", "value": "sms"}, True, "it is an SMS", "it is an SMS"),
    ({"kind": "message_kind", "value": "mms"}, False, "it is an MMS", "it is an SMS"),
    ({"kind": "time", "period": "open"}, True, "it is within office hours", "it is Monday 09:30, within office hours"),
]


def check(condition, stored, facts, holds, described, explained):
    assert condition.to_json() == stored
    assert condition.holds(facts) is holds
    assert condition.describe() == described
    assert condition.explain(facts) == explained


@pytest.mark.parametrize(("stored", "holds", "described", "explained"), INBOUND)
def test_an_inbound_condition(stored, holds, described, explained):
    check(read_inbound(stored), stored, TEXT, holds, described, explained)


@pytest.mark.parametrize(("stored", "holds", "described", "explained"), OUTBOUND)
def test_an_outbound_condition(stored, holds, described, explained):
    check(read_outbound(stored), stored, REPLY, holds, described, explained)


def test_every_kind_is_tried_here():
    assert {stored["kind"] for stored, *_ in INBOUND} == set(INBOUND_KINDS)
    assert {stored["kind"] for stored, *_ in OUTBOUND} == set(OUTBOUND_KINDS)


def test_facts_that_are_not_there_are_said():
    nobody = OutboundFacts(to="+12027594810")
    assert read_outbound({"kind": "extensions", "extensions": "101"}).explain(nobody) == "the writer has no extension"
    assert read_outbound({"kind": "groups", "ids": ["g"]}).explain(nobody) == "the writer is in no group"
    stray = InboundFacts("+1", "+2")
    assert read_inbound({"kind": "trunk", "id": "aa"}).explain(stray) == "the number is on no trunk"
    assert read_inbound({"kind": "has_media"}).explain(stray) == "it has no pictures or files"
    assert not read_inbound({"kind": "number", "ids": ["x"]}).holds(stray)


@pytest.mark.parametrize(
    ("stored", "finding"),
    [
        (None, "a condition is not an object"),
        ({}, "“kind” is missing"),
        ({"kind": "moon_phase"}, "“moon_phase” is not known here"),
        ({"kind": ["all"]}, "“kind” is missing"),
        ({"kind": "trunk"}, "“id” is missing"),
        ({"kind": "trunk", "id": "a", "label": 5}, "“label” is not a text"),
        ({"kind": "number"}, "no number is chosen"),
        ({"kind": "number", "numbers": "+1"}, "“numbers” is not a list of texts"),
        ({"kind": "number", "ids": [1]}, "“ids” is not a list of texts"),
        ({"kind": "range", "first": "+1202"}, "“last” is missing"),
        ({"kind": "range", "first": "x", "last": "y"}, "not made of two numbers"),
        ({"kind": "range", "first": "+1205", "last": "+1203"}, "ends before it starts"),
        ({"kind": "caller_mask", "mask": "1x*"}, "is not a mask"),
        ({"kind": "keyword", "words": [" "]}, "no keyword is given"),
        ({"kind": "starts_with", "text": " "}, "“text” is missing"),
        ({"kind": "contains"}, "“text” is missing"),
        ({"kind": "has_media", "value": "yes"}, "“value” is not yes or no"),
        ({"kind": "media_kind"}, "no kind of file is chosen"),
        ({"kind": "media_kind", "kinds": ["hologram"]}, "“hologram” is not known here"),
        ({"kind": "country", "countries": ["US", "ZZ"]}, "“ZZ” is not the code of a country"),
        ({"kind": "country", "countries": []}, "no country is chosen"),
        ({"kind": "conversation", "state": "loud"}, "“loud” is not known here"),
        ({"kind": "starts_with", "text": "\u0301"}, "no letter, digit or sign"),
        ({"kind": "contains", "text": "\u0301"}, "no letter, digit or sign"),
        ({"kind": "pattern"}, "“pattern” is missing"),
        ({"kind": "pattern", "pattern": "(", "case": False}, "is not a pattern"),
        ({"kind": "pattern", "pattern": "a", "case": "no"}, "“case” is not yes or no"),
        ({"kind": "time"}, "“period” is missing"),
        ({"kind": "time", "period": "dusk"}, "“dusk” is not known here"),
        ({"kind": "time", "moment": {}}, "no time is given"),
    ],
)
def test_an_inbound_condition_that_cannot_be_read_says_why(stored, finding):
    with pytest.raises(ConditionError, match=finding):
        read_inbound(stored)


@pytest.mark.parametrize(
    ("stored", "finding"),
    [
        ({"kind": "keyword", "words": ["x"]}, "“keyword” is not known here"),
        ({"kind": "prefix", "prefixes": []}, "Enter a prefix"),
        ({"kind": "prefix", "prefixes": ["x"]}, "is not a prefix"),
        ({"kind": "length"}, "not a list of whole numbers"),
        ({"kind": "length", "lengths": [True]}, "not a list of whole numbers"),
        ({"kind": "length", "lengths": [16]}, "not between 1 and 15"),
        ({"kind": "extensions", "extensions": "abc"}, "is not an extension"),
        ({"kind": "groups", "ids": []}, "no group is chosen"),
        ({"kind": "country", "countries": ["XX"]}, "“XX” is not the code of a country"),
        ({"kind": "message_kind", "value": "fax"}, "“fax” is neither sms nor mms"),
    ],
)
def test_an_outbound_condition_that_cannot_be_read_says_why(stored, finding):
    with pytest.raises(ConditionError, match=finding):
        read_outbound(stored)


@pytest.mark.parametrize(
    ("word", "body", "found"),
    [
        ("stop", "STOP", True),
        ("stop", "please stop.", True),
        ("stop", "nonstop", False),
        ("stop", "stop_it", False),
        ("opt out", "I opt\n out now", True),
        ("24/7", "open 24/7?", True),
        ("c++", "we use C++ here", True),
        ("ﬁn", "fin", True),
        ("a.b", "axb", False),
        ("resume", "My résumé", True),
        ("Łódź", "do lodz!", True),
        ("don't", "I don’t know", True),
        ("❤", "❤\ufe0f you", True),
        ("नमस", "नमस्ते", False),
        ("नमस्ते", "नमस्ते!", True),
    ],
)
def test_a_keyword_is_a_whole_word_in_any_case(word, body, found):
    condition = read_inbound({"kind": "keyword", "words": [word]})
    assert condition.holds(InboundFacts("+1", "+2", body=body)) is found


SHORT_CODE, NAME, UNKNOWN = "72975", "Acme", "whatsapp:+14155550123"


@pytest.mark.parametrize(
    ("stored", "fits", "explained"),
    [
        ({"kind": "caller_mask", "mask": "72975"}, {SHORT_CODE}, "the sender is {}"),
        ({"kind": "caller_mask", "mask": "7*9*5"}, {SHORT_CODE}, "the sender is {}"),
        ({"kind": "caller_mask", "mask": "70000-79999"}, {SHORT_CODE}, "the sender is {}"),
        ({"kind": "caller_mask", "mask": "****"}, set(), "the sender is {}"),
        ({"kind": "caller_mask", "mask": "ACME;+1415*******"}, {NAME}, "the sender is {}"),
        ({"kind": "all_numbers"}, {SHORT_CODE, NAME, UNKNOWN}, "+1 202-759-4810 was texted"),
        ({"kind": "keyword", "words": ["hi"]}, {SHORT_CODE, NAME, UNKNOWN}, "the text has the word “hi”"),
        ({"kind": "conversation", "state": "first"}, {SHORT_CODE, NAME, UNKNOWN}, "it is a first contact"),
    ],
)
def test_a_sender_that_is_no_number_is_a_sender_like_any_other(stored, fits, explained):
    condition = read_inbound(stored)
    for address in (SHORT_CODE, NAME, UNKNOWN):
        facts = InboundFacts("+12027594810", address, body="Hi")
        assert condition.holds(facts) is (address in fits)
        assert condition.explain(facts) == explained.format(address)


@pytest.mark.parametrize(
    ("address", "explained"),
    [
        (SHORT_CODE, "the sender, 72975, is a short code, which is in no country"),
        (NAME, "the sender, Acme, is a name, which is in no country"),
        (UNKNOWN, "the sender, whatsapp:+14155550123, is in no country that could be told"),
        ("+80012345678", "the sender, +800 1234 5678, is in no country that could be told"),
    ],
)
def test_a_sender_without_a_country_is_in_none(address, explained):
    condition = read_inbound({"kind": "country", "countries": ["US", "GB"]})
    facts = InboundFacts("+12027594810", address)
    assert not condition.holds(facts)
    assert condition.explain(facts) == explained


@pytest.mark.parametrize("ours", ["72975", "Acme", "MG0123456789abcdef0123456789abcdef"])
def test_an_address_of_ours_that_is_no_number_can_be_listed_and_lies_in_no_range(ours):
    facts = InboundFacts(ours, "+14155550123")
    assert read_inbound({"kind": "number", "numbers": [ours]}).holds(facts)
    assert not read_inbound({"kind": "range", "first": "+12027594810", "last": "+12027594815"}).holds(facts)
    assert read_inbound({"kind": "number", "numbers": [ours]}).explain(facts) == f"{ours} was texted"


@pytest.mark.parametrize(
    ("content_type", "kind"),
    [
        ("image/jpeg", "image"),
        ("IMAGE/PNG; name=a.png", "image"),
        ("video/3gpp", "video"),
        ("audio/amr", "audio"),
        ("text/vcard", "contact"),
        ("text/x-vCard", "contact"),
        ("application/pdf", "other"),
        ("text/plain", "other"),
        ("", "other"),
    ],
)
def test_the_kind_of_a_file_is_told_by_its_content_type(content_type, kind):
    facts = InboundFacts("+1", "+2", num_media=1, media=(content_type,))
    fitting = [one for one in MEDIA_KINDS if read_inbound({"kind": "media_kind", "kinds": [one]}).holds(facts)]
    assert fitting == [kind]


def test_files_of_several_kinds_are_all_named():
    facts = InboundFacts("+1", "+2", num_media=3, media=("image/png", "audio/amr", "image/gif"))
    condition = read_inbound({"kind": "media_kind", "kinds": ["video"]})
    assert condition.explain(facts) == "it has a picture and a sound recording"
    assert condition.explain(InboundFacts("+1", "+2")) == "it has no picture or file"


@given(st.text(max_size=40))
def test_folding_twice_changes_nothing(text):
    assert fold(fold(text)) == fold(text)


@given(st.text(max_size=40), st.text(max_size=40))
def test_a_text_contains_each_of_its_words(start, end):
    condition = read_inbound({"kind": "contains", "text": "order 66"})
    assert condition.holds(InboundFacts("+1", "+2", body=f"{start} Order  66 {end}"))


def test_words_are_joined_for_people():
    assert [any_of(words) for words in ([], ["a"], ["a", "b"], ["a", "b", "c"], list("abcd"))] == [
        "nothing",
        "a",
        "a or b",
        "a, b or c",
        "a, b, c or 1 more",
    ]


def test_facts_are_stored_without_the_body_and_read_back_with_it():
    assert "body" not in TEXT.to_json()
    assert InboundFacts.from_json(TEXT.to_json(), body=TEXT.body) == TEXT
    assert OutboundFacts.from_json(REPLY.to_json(), body=REPLY.body) == REPLY


def test_facts_of_another_version_are_read_as_far_as_they_go():
    assert InboundFacts.from_json({"later": 1, "num_media": "x"}) == InboundFacts("", "")
    assert OutboundFacts.from_json({"to": "+1", "groups": None}) == OutboundFacts("+1")


def test_the_same_text_can_be_asked_about_at_another_time():
    later = datetime(2027, 1, 1, tzinfo=UTC)
    assert (TEXT.moved_to(later).at, REPLY.moved_to(later).at) == (later, later)
    assert TEXT.moved_to(later).moved_to(TEXT.at) == TEXT


def test_numbers_that_ids_alone_name_exclude_nothing():
    by_id = read_inbound({"kind": "number", "ids": ["x"]})
    listed = read_inbound({"kind": "number", "numbers": ["+12027594810"]})
    assert not by_id.excludes(listed)
    assert not listed.excludes(by_id)
    assert not read_inbound({"kind": "range", "first": "+12027594810", "last": "+12027594811"}).includes(by_id)
