"""What a condition says of others must be true of every text: if it includes one, it holds whenever that one does."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.conditions import INBOUND_KINDS, OUTBOUND_KINDS, read_inbound, read_outbound
from rules.facts import InboundFacts, OutboundFacts
from rules.schedule import Calendar

NUMBERS = [f"+1202759481{last}" for last in range(6)]
ALSO_OURS = ["72975", "Acme"]
SENDERS = ["+14155550123", "+14155550199", "+442079460123", "+33612345678", "72975", "72976", "Acme", "acme", "Shop"]
WORDS = ["help", "help me", "hel", "me", "h", "e h", "Ínfo", "info"]
BODIES = ["Help me!", "helpme", "please help", "info", "hel me h", "", "e h", "ME", "INFO help"]
TYPES = ["image/png", "video/mp4", "audio/amr", "text/vcard", "application/pdf"]
KINDS = ["image", "video", "audio", "contact", "other"]
CALENDARS = [
    Calendar.always(),
    Calendar.from_json(
        {
            "zone": "Europe/Paris",
            "week": {"mon": [["09:00", "17:00"]], "tue": [["09:00", "24:00"]]},
            "holidays": [{"name": "Yule", "start": "2026-12-08", "end": "2026-12-08"}],
        }
    ),
]
START = datetime(2026, 12, 6, tzinfo=UTC)
MOMENTS = [{"weekdays": [0]}, {"months": [12]}, {"weekdays": [0], "hours": ["09:00", "12:00"]}]


def some(values, least=1):
    return st.lists(st.sampled_from(values), min_size=least, max_size=3, unique=True)


def kind(name, **fields):
    return st.fixed_dictionaries({"kind": st.just(name), **fields})


def of_numbers(numbers):
    """Write numbers as versions do: each with its id, or some by id alone."""
    ids = [f"n{NUMBERS.index(one)}" for one in numbers]
    return st.sampled_from([{"numbers": numbers, "ids": ids}, {"numbers": numbers}, {"ids": ids}])


def span(pair):
    return {"kind": "range", "first": min(pair), "last": max(pair)}


TIMES = st.one_of(
    st.sampled_from([{"kind": "time", "period": period} for period in ("open", "closed", "holiday")]),
    st.sampled_from([{"kind": "time", "moment": moment} for moment in MOMENTS]),
)
MASKS = [
    "+1415*******",
    "+14155550123",
    "+14155550100-14155550199",
    "+1415555****",
    "7297*",
    "72975-72979",
    "Acme",
    "ACME",
]
INBOUND = st.one_of(
    kind("all_numbers"),
    kind("trunk", id=st.sampled_from(["t1", "t2"])),
    some(NUMBERS).flatmap(of_numbers).map(lambda found: {"kind": "number", **found}),
    some([*NUMBERS, *ALSO_OURS]).map(lambda numbers: {"kind": "number", "numbers": numbers}),
    st.tuples(st.sampled_from(NUMBERS), st.sampled_from(NUMBERS)).map(span),
    kind("caller_mask", mask=some(MASKS).map(";".join)),
    kind("country", countries=some(["US", "GB", "FR", "CA"])),
    kind("conversation", state=st.sampled_from(["first", "known", "unassigned", "assigned"])),
    kind("keyword", words=some(WORDS)),
    kind("starts_with", text=st.sampled_from(WORDS)),
    kind("contains", text=st.sampled_from(WORDS)),
    kind("pattern", pattern=st.sampled_from(["help", "^i", "m.$"]), case=st.booleans()),
    kind("has_media", value=st.booleans()),
    kind("media_kind", kinds=some(KINDS)),
    TIMES,
)
OUTBOUND = st.one_of(
    kind("all"),
    kind("prefix", prefixes=some(["1", "12", "14", "1415", "33", "336", "44"])),
    kind("length", lengths=some([5, 10, 11, 12])),
    kind("country", countries=some(["US", "GB", "FR", "CA"])),
    kind("extensions", extensions=some(["101", "100-105", "103-200", "0101", "10"]).map(";".join)),
    kind("groups", ids=some(["g1", "g2", "g3"])),
    kind("message_kind", value=st.sampled_from(["sms", "mms"])),
    TIMES,
)


@st.composite
def received(draw):
    ours = draw(st.sampled_from([*NUMBERS, *ALSO_OURS]))
    media = tuple(draw(some(TYPES, least=0)))
    return InboundFacts(
        our_address=ours,
        their_address=draw(st.sampled_from(SENDERS)),
        body=draw(st.sampled_from(BODIES)),
        num_media=len(media),
        trunk=draw(st.sampled_from(["t1", "t2", ""])),
        # A number of ours always comes with its own id: `versions` writes both, side by side.
        number=f"n{NUMBERS.index(ours)}" if ours in NUMBERS else "",
        at=START + timedelta(hours=draw(st.integers(0, 100))),
        media=media,
        conversation=draw(st.sampled_from(["", "open", "assigned"])),
    )


@st.composite
def written(draw):
    return OutboundFacts(
        to=draw(st.sampled_from(["+14155550123", "+12027594810", "+442079460123", "+33612345678", "+16135550123"])),
        num_media=draw(st.integers(0, 2)),
        extension=draw(st.sampled_from(["", "101", "104", "150", "0101", "10"])),
        groups=tuple(draw(some(["g1", "g2", "g3"], least=0))),
        at=START + timedelta(hours=draw(st.integers(0, 100))),
    )


def both_of(conditions, read):
    """Two conditions, each within one of two calendars."""
    one = st.builds(lambda stored, calendar: read(stored).within(calendar), conditions, st.sampled_from(CALENDARS))
    return st.tuples(one, one)


def check(one, other, facts):
    held, others = one.holds(facts), other.holds(facts)
    assert not (one.includes(other) and others and not held)
    assert not (one.excludes(other) and others and held)
    assert one.includes(one)
    assert not one.excludes(one)


@given(both_of(INBOUND, read_inbound), st.lists(received(), min_size=5, max_size=20))
def test_what_inbound_conditions_say_of_each_other_is_true_of_every_text(pair, texts):
    for facts in texts:
        check(*pair, facts)


@given(both_of(OUTBOUND, read_outbound), st.lists(written(), min_size=5, max_size=20))
def test_what_outbound_conditions_say_of_each_other_is_true_of_every_text(pair, texts):
    for facts in texts:
        check(*pair, facts)


@given(INBOUND, received())
def test_an_inbound_condition_holds_for_no_text_that_its_keys_do_not_find(stored, facts):
    condition = read_inbound(stored)
    assert condition.keys is None or not condition.holds(facts) or condition.keys & set(facts.keys)


@given(OUTBOUND, written())
def test_an_outbound_condition_holds_for_no_text_that_its_keys_do_not_find(stored, facts):
    condition = read_outbound(stored)
    assert condition.keys is None or not condition.holds(facts) or condition.keys & set(facts.keys)


def test_every_kind_is_generated():
    assert {"all_numbers", "trunk", "number", "range", "caller_mask", "country", "conversation", "keyword"} | {
        *("starts_with", "contains", "pattern", "has_media", "media_kind", "time")
    } == set(INBOUND_KINDS)
    assert {"all", "prefix", "length", "country", "extensions", "groups", "message_kind", "time"} == set(OUTBOUND_KINDS)


def numbers(*ends):
    return {"kind": "number", "numbers": [f"+1202759481{end}" for end in ends]}


def run(first, last):
    return {"kind": "range", "first": f"+1202759481{first}", "last": f"+1202759481{last}"}


INCLUDED = [
    # wider, narrower
    (run(0, 5), run(1, 5)),
    (run(0, 5), numbers(0, 3)),
    (numbers(0, 1, 2), run(1, 2)),
    (numbers(0, 1), numbers(1)),
    ({"kind": "number", "ids": ["a", "b"]}, {"kind": "number", "ids": ["a"]}),
    ({"kind": "all_numbers"}, {"kind": "trunk", "id": "t1"}),
    ({"kind": "trunk", "id": "t1", "label": "New"}, {"kind": "trunk", "id": "t1", "label": "Old"}),
    ({"kind": "caller_mask", "mask": "+1415*******"}, {"kind": "caller_mask", "mask": "+1415555****"}),
    ({"kind": "caller_mask", "mask": "+1415*******"}, {"kind": "caller_mask", "mask": "+14155550123"}),
    ({"kind": "caller_mask", "mask": "+1415*******"}, {"kind": "caller_mask", "mask": "+14155550100-14155550199"}),
    ({"kind": "caller_mask", "mask": "+14150000000-14159999999"}, {"kind": "caller_mask", "mask": "+1415*******"}),
    ({"kind": "caller_mask", "mask": "Acme;Shop"}, {"kind": "caller_mask", "mask": "ACME"}),
    ({"kind": "country", "countries": ["US", "FR"]}, {"kind": "country", "countries": ["FR"]}),
    ({"kind": "conversation", "state": "known"}, {"kind": "conversation", "state": "assigned"}),
    ({"kind": "keyword", "words": ["help"]}, {"kind": "keyword", "words": ["help me", "no help"]}),
    ({"kind": "starts_with", "text": "He"}, {"kind": "starts_with", "text": "héllo"}),
    ({"kind": "contains", "text": "el"}, {"kind": "contains", "text": "hello"}),
    ({"kind": "contains", "text": "el"}, {"kind": "starts_with", "text": "hello"}),
    ({"kind": "contains", "text": "el"}, {"kind": "keyword", "words": ["hello", "bell"]}),
    ({"kind": "has_media"}, {"kind": "media_kind", "kinds": ["image"]}),
    ({"kind": "media_kind", "kinds": ["image", "video"]}, {"kind": "media_kind", "kinds": ["image"]}),
    ({"kind": "time", "period": "closed"}, {"kind": "time", "period": "holiday"}),
]
APART = [
    (run(0, 1), run(2, 3)),
    (run(0, 1), numbers(2)),
    (numbers(0), numbers(1)),
    ({"kind": "trunk", "id": "t1"}, {"kind": "trunk", "id": "t2"}),
    ({"kind": "country", "countries": ["US"]}, {"kind": "country", "countries": ["FR"]}),
    ({"kind": "conversation", "state": "known"}, {"kind": "conversation", "state": "first"}),
    ({"kind": "starts_with", "text": "hello"}, {"kind": "starts_with", "text": "help"}),
    ({"kind": "has_media", "value": False}, {"kind": "has_media"}),
    ({"kind": "has_media", "value": False}, {"kind": "media_kind", "kinds": ["image"]}),
    ({"kind": "time", "period": "closed"}, {"kind": "time", "period": "open"}),
]
OUTBOUND_INCLUDED = [
    ({"kind": "all"}, {"kind": "length", "lengths": [5]}),
    ({"kind": "prefix", "prefixes": ["33", "1"]}, {"kind": "prefix", "prefixes": ["336", "1"]}),
    ({"kind": "prefix", "prefixes": ["3"]}, {"kind": "country", "countries": ["FR"]}),
    ({"kind": "length", "lengths": [10, 11]}, {"kind": "length", "lengths": [11]}),
    ({"kind": "extensions", "extensions": "100-199"}, {"kind": "extensions", "extensions": "101;150-160"}),
    ({"kind": "groups", "ids": ["a", "b"]}, {"kind": "groups", "ids": ["b"]}),
    ({"kind": "country", "countries": ["US", "FR"]}, {"kind": "country", "countries": ["FR"]}),
]
OUTBOUND_APART = [
    ({"kind": "prefix", "prefixes": ["33"]}, {"kind": "prefix", "prefixes": ["34", "4"]}),
    ({"kind": "prefix", "prefixes": ["33"]}, {"kind": "country", "countries": ["US"]}),
    ({"kind": "length", "lengths": [10]}, {"kind": "length", "lengths": [11]}),
    ({"kind": "extensions", "extensions": "100-199"}, {"kind": "extensions", "extensions": "200;1000"}),
    ({"kind": "country", "countries": ["US"]}, {"kind": "country", "countries": ["FR"]}),
    ({"kind": "message_kind", "value": "sms"}, {"kind": "message_kind", "value": "mms"}),
]


@pytest.mark.parametrize(
    ("read", "wider", "narrower"),
    [*((read_inbound, *row) for row in INCLUDED), *((read_outbound, *row) for row in OUTBOUND_INCLUDED)],
)
def test_a_wider_condition_includes_a_narrower_one(read, wider, narrower):
    assert read(wider).includes(read(narrower))


def test_a_narrower_condition_does_not_include_a_wider_one():
    both_ways = [
        (wider, narrower)
        for read, rows in ((read_inbound, INCLUDED), (read_outbound, OUTBOUND_INCLUDED))
        for wider, narrower in rows
        if read(narrower).includes(read(wider))
    ]
    assert [wider["kind"] for wider, _ in both_ways] == ["trunk", "caller_mask"]


@pytest.mark.parametrize(
    ("read", "one", "other"),
    [*((read_inbound, *row) for row in APART), *((read_outbound, *row) for row in OUTBOUND_APART)],
)
def test_conditions_that_no_text_can_fit_together_exclude_each_other(read, one, other):
    assert read(one).excludes(read(other)) or read(other).excludes(read(one))
