"""Which of our numbers fits a person: the one they know, or one like theirs, however large the pool is."""

from datetime import timedelta
from itertools import takewhile
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rules.senders import SenderFacts, choose_sender
from sms.composing.matching import Matching, known_number, near_numbers
from sms.models import Message, PhoneNumber
from tenants import clock
from tests import factories
from tests.factories import OUR_NUMBER, OUR_SECOND_NUMBER, THEIR_NUMBER
from tests.sms.rules_scene import decide_by, route, rule
from tests.sms.sending_scene import queue

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("hinted")]


def talked(cast: factories.Cast, ours: str, minutes_ago: int, theirs: str = THEIR_NUMBER, **wanted: Any) -> Message:
    at = clock.now() - timedelta(minutes=minutes_ago)
    return factories.make_inbound(cast.configuration, ours=ours, theirs=theirs, occurred_at=at, **wanted)


def known(cast: factories.Cast, theirs: str = THEIR_NUMBER, **wanted: Any) -> str:
    return known_number(cast.acme, cast.trunk.pk, theirs, **wanted)


def near(cast: factories.Cast, theirs: str) -> tuple[str, ...]:
    return near_numbers(cast.acme, cast.trunk.pk, theirs)


# ── the number that a person knows ──


def test_whom_nobody_has_texted_with_knows_no_number(cast: factories.Cast) -> None:
    talked(cast, OUR_NUMBER, 1, theirs="+12025550177")
    assert known(cast) == ""


def test_the_number_of_the_last_text_is_known(cast: factories.Cast) -> None:
    talked(cast, OUR_NUMBER, 1)
    talked(cast, OUR_SECOND_NUMBER, 2)
    assert known(cast) == OUR_NUMBER
    talked(cast, OUR_SECOND_NUMBER, 0)
    assert known(cast) == OUR_SECOND_NUMBER
    assert known(cast, but=[OUR_SECOND_NUMBER]) == OUR_NUMBER


@pytest.mark.parametrize("state", ["rejected", "blocked", "suppressed", "expired", "canceled"])
def test_a_text_that_never_left_makes_no_number_known(cast: factories.Cast, state: str) -> None:
    talked(cast, OUR_NUMBER, 1, state=state)
    assert known(cast) == ""


@pytest.mark.parametrize("state", ["queued", "sending", "held", "accepted", "unknown", "routed"])
def test_one_that_left_or_will_does(cast: factories.Cast, state: str) -> None:
    talked(cast, OUR_NUMBER, 1, state=state)
    assert known(cast) == OUR_NUMBER


def test_numbers_that_are_gone_or_on_another_trunk_are_no_candidates(cast: factories.Cast) -> None:
    other = factories.make_trunk("Other")
    factories.make_pool(other, cast.acme, "+12025550155")
    talked(cast, "+12025550155", 1)
    talked(cast, "Acme", 2)
    talked(cast, OUR_SECOND_NUMBER, 3)
    talked(cast, OUR_NUMBER, 4)
    assert known(cast) == OUR_SECOND_NUMBER
    PhoneNumber.objects.filter(e164=OUR_SECOND_NUMBER).update(released_at=clock.now())
    assert known(cast) == OUR_NUMBER
    assert known_number(cast.acme, other.pk, THEIR_NUMBER) == "+12025550155"
    assert known_number(cast.globex, cast.trunk.pk, THEIR_NUMBER) == ""


# ── a number of the same area ──


def test_the_neighbours_of_a_number_in_its_area(cast: factories.Cast) -> None:
    factories.make_pool(cast.trunk, cast.acme, "+12025560000", "+12035550100", "+12015559999", "+442079460000")
    assert near(cast, "+12025550150") == (OUR_SECOND_NUMBER, "+12025560000")
    assert near(cast, "+12029999999") == ("+12025560000",)
    assert near(cast, OUR_NUMBER) == (OUR_SECOND_NUMBER,), "never the recipient itself"
    assert near(cast, "+13055550100") == ()
    assert near(cast, "+67512345678") == (), "it has no area"


def test_short_codes_and_what_is_gone_are_no_neighbours(cast: factories.Cast) -> None:
    factories.make_pool(cast.trunk, cast.acme, "12025")
    PhoneNumber.objects.filter(e164=OUR_SECOND_NUMBER).update(released_at=clock.now())
    assert near(cast, THEIR_NUMBER) == (OUR_NUMBER,)


_LAST = st.integers(0, 9_999_999).map(lambda number: f"+1202{number:07}")


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(pool=st.sets(_LAST, min_size=1, max_size=12), theirs=_LAST)
def test_of_all_numbers_of_the_area_one_most_like_theirs_is_chosen(
    cast: factories.Cast, pool: set[str], theirs: str
) -> None:
    PhoneNumber.objects.all().delete()
    factories.make_pool(cast.trunk, cast.acme, *pool)
    found = near(cast, theirs)
    chosen = choose_sender(SenderFacts(to=theirs, owned=frozenset(pool), near=found))
    others = pool - {theirs}

    def alike(ours: str) -> int:
        return len(list(takewhile(lambda pair: pair[0] == pair[1], zip(ours, theirs, strict=True))))

    assert len(found) <= 2
    assert bool(others) == hasattr(chosen, "address")
    if others:
        assert alike(chosen.address) == max(map(alike, others))  # type: ignore[union-attr]


def test_in_a_pool_of_ten_thousand_one_query_looks_at_two_numbers(cast: factories.Cast) -> None:
    factories.make_pool(cast.trunk, cast.acme, *(f"+1305555{number:04}" for number in range(10_000)))
    with CaptureQueriesContext(
        connection,
    ) as queries:
        assert near(cast, "+13055554321") == ("+13055554320", "+13055554322")
    assert len(queries) == 1
    assert queries[0]["sql"].count("LIMIT 1") == 2


# ── what a rule asks costs what it asks ──


@pytest.mark.parametrize(
    ("wanted", "more"),
    [
        ({}, 0),
        ({"sticky": True}, 1),
        ({"area_match": True}, 1),
        ({"sticky": True, "area_match": True}, 2),
    ],
)
def test_a_text_costs_more_queries_only_where_the_rule_asks(
    cast: factories.Cast, wanted: dict[str, Any], more: int
) -> None:
    def cost(**asked: Any) -> int:
        """Count the queries of a second text to somebody who knows no number of ours."""
        decide_by(cast, rule(cast, **asked))
        queue(cast, to="+13055550100")
        Message.objects.update(state="rejected")
        with CaptureQueriesContext(connection) as queries:
            queue(cast, to="+13055550100")
        return len(queries)

    plain = cost()
    assert plain <= 11
    assert cost(**wanted) == plain + more


def test_a_choice_or_a_reply_asks_for_nothing(cast: factories.Cast) -> None:
    decide_by(cast, rule(cast, sticky=True, area_match=True))
    talked(cast, OUR_SECOND_NUMBER, 1)
    conversation = factories.make_conversation(cast.acme, OUR_NUMBER, THEIR_NUMBER)
    assert queue(cast, conversation=conversation).our_address == OUR_NUMBER
    assert queue(cast, sender=OUR_NUMBER).our_address == OUR_NUMBER
    assert queue(cast, to="+12025550177").our_address == OUR_SECOND_NUMBER, "nobody knows a number: nearest"


def test_what_a_rule_asks_is_kept_with_the_text(cast: factories.Cast) -> None:
    decide_by(cast, rule(cast, sticky=True, routes=[route(cast.configuration, sender=OUR_NUMBER)]))
    talked(cast, OUR_SECOND_NUMBER, 1)
    message = queue(cast)
    assert message.our_address == OUR_SECOND_NUMBER
    assert Matching.from_json(message.decision["wanted"]) == Matching(sticky=True)
    assert Matching.from_json({}) == Matching()
