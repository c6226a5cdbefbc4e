"""The next route: taken when Twilio's code says that this sender or route cannot, and never otherwise."""

from typing import Any

import pytest

from sms import callbacks, sending
from sms.errors import CODES, explain
from sms.models import Configuration, Message, Sender
from sms.queueing import recording
from sms.queueing.outcomes import Answer
from sms.queueing.recording import Result
from sms.showing import timeline
from sms.webhooks.payloads import StatusReport
from tests import factories
from tests.factories import OUR_NUMBER, OUR_SECOND_NUMBER, THEIR_NUMBER
from tests.sms.conftest import fresh
from tests.sms.rules_scene import decide_by, route, rule
from tests.sms.sending_scene import queue, quick

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("hinted")]
SERVICE = "MG" + "1" * 32

# Written down a second time on purpose: each says that this sender or this route cannot carry the text.
FAILS_OVER = {
    *("21212", "21601", "21603", "21606", "21612", "21616", "21659", "21661"),  # the sender
    *("21657", "21709", "30018", "30024", "30040", "30041", "30042", "21267"),  # the Sender ID and its registration
    *("30032", "30440", "30033", "30034", "30035"),  # toll-free verification, A2P campaign
    "21621",  # this number cannot send MMS
}


@pytest.fixture
def second(cast: factories.Cast) -> Configuration:
    """A second way, over another trunk and another account."""
    trunk, account = factories.make_trunk("Second"), factories.make_account(cast.acme)
    return factories.make_configuration(cast.acme, trunk, account, name="Second", messaging_service_sid=SERVICE)


def two_ways(cast: factories.Cast, second: Configuration, **wanted: Any) -> None:
    decide_by(cast, rule(cast, routes=[route(cast.configuration, 1), route(second, 2)], **wanted))


def answer(*answers: Answer) -> None:
    """Post what is due, as often as there are answers."""
    for given in answers:
        quick()
        [item] = sending.mark(sending.claim(1))
        recording.record([Result(item, given)])


@pytest.mark.parametrize("code", sorted(CODES))
def test_every_code_says_whether_the_next_route_may_carry_the_text(
    cast: factories.Cast, second: Configuration, code: str
) -> None:
    two_ways(cast, second)
    message = queue(cast)
    answer(Answer(400, code=code))
    row = fresh(message)
    moved = (row.configuration, row.our_address, row.state) == (second, SERVICE, "queued")
    assert moved == (code in FAILS_OVER)
    if not moved:
        assert (row.configuration, row.our_address) == (cast.configuration, OUR_NUMBER)
    assert row.attempts.count() == 1, "the refused one; the next is written when it is claimed"


def test_the_table_has_them_all() -> None:
    assert set(CODES) >= FAILS_OVER


@pytest.mark.parametrize(
    "unclear",
    [
        Answer(text="timeout"),
        Answer(500, code="21606"),
        Answer(503, code="30034"),
        Answer(408),
        Answer(201, code="21606"),
        Answer(302, code="21606"),
        Answer(sent=False),
        Answer(429, code="21606"),
    ],
)
def test_an_answer_that_leaves_a_doubt_never_does(cast: factories.Cast, second: Configuration, unclear: Answer) -> None:
    two_ways(cast, second)
    message = queue(cast)
    answer(unclear)
    row = fresh(message)
    assert (row.configuration, row.our_address) == (cast.configuration, OUR_NUMBER)
    assert row.state in ("unknown", "queued")


@pytest.mark.parametrize("code", sorted(FAILS_OVER))
def test_after_acceptance_nothing_takes_another_route(cast: factories.Cast, second: Configuration, code: str) -> None:
    two_ways(cast, second)
    message = queue(cast)
    answer(Answer(201, sid="SM" + "1" * 32, status="queued"))
    report = StatusReport("SM" + "1" * 32, cast.account.account_sid, "failed", code, "", "", "", "", "", ())
    callbacks.store(cast.acme.id, report, message_id=message.pk, attempt_number=1)
    assert callbacks.apply_due() == 1
    row = fresh(message)
    assert (row.state, row.provider_status, row.error_code) == ("accepted", "failed", code)
    assert (row.configuration, row.attempts.count()) == (cast.configuration, 1)
    assert sending.claim(10) == []


def test_the_last_route_s_refusal_stays(cast: factories.Cast, second: Configuration) -> None:
    two_ways(cast, second)
    message = queue(cast)
    answer(Answer(400, code="21606"), Answer(400, code="21612"))
    row = fresh(message)
    assert (row.state, row.error_code, row.attempts.count()) == ("rejected", "21612", 2)


def test_routes_at_random_are_tried_in_the_order_that_was_drawn(cast: factories.Cast) -> None:
    ways = [cast.configuration]
    for name in ("Two", "Three", "Four"):
        trunk, account = factories.make_trunk(name), factories.make_account(cast.acme)
        service = f"MG{len(ways):032x}"
        ways.append(factories.make_configuration(cast.acme, trunk, account, messaging_service_sid=service))
    routes = [route(way, number) for number, way in enumerate(ways, 1)]
    decide_by(cast, rule(cast, strategy="random", routes=routes))
    orders = set()
    for _ in range(6):
        Sender.objects.all().delete()
        message = queue(cast)
        drawn = [entry["configuration"] for entry in message.decision["routes"]]
        decide_by(cast, rule(cast, strategy="random", routes=routes))
        answer(*[Answer(400, code="21606")] * 4)
        tried = message.attempts.order_by("number").values_list("configuration_id", flat=True)
        assert [key.hex for key in tried] == drawn
        assert sorted(drawn) == sorted(way.id.hex for way in ways)
        orders.add(tuple(drawn))
    assert len(orders) > 1, "of 24 orders, six draws give the same one hardly ever"


def test_a_number_that_was_refused_is_not_kept_to_on_the_next_route(
    cast: factories.Cast, second: Configuration
) -> None:
    """Both routes are on the same trunk, so that both would give the number this person knows."""
    Configuration.objects.filter(pk=second.pk).update(trunk=cast.trunk)
    routes = [route(cast.configuration, 1), route(cast.configuration, 2, sender=OUR_SECOND_NUMBER)]
    decide_by(cast, rule(cast, routes=routes, sticky=True))
    factories.make_inbound(cast.configuration, ours=OUR_NUMBER, theirs=THEIR_NUMBER)
    message = queue(cast)
    assert message.our_address == OUR_NUMBER
    answer(Answer(400, code="21606"))
    row = fresh(message)
    assert (row.our_address, row.state) == (OUR_SECOND_NUMBER, "queued")
    known = [step for step in row.decision["sender"]["steps"] if step["name"] == "the number this person knows"]
    assert [step["taken"] for step in known] == [False]


def test_a_route_that_gives_the_refused_sender_again_is_passed_over(
    cast: factories.Cast, second: Configuration
) -> None:
    routes = [route(cast.configuration, 1), route(cast.configuration, 2), route(second, 3)]
    decide_by(cast, rule(cast, routes=routes))
    message = queue(cast)
    answer(Answer(400, code="21606"))
    assert fresh(message).configuration == second


def test_each_try_stands_on_the_timeline_with_route_sender_and_reason(
    cast: factories.Cast, second: Configuration
) -> None:
    two_ways(cast, second)
    message = queue(cast)
    answer(Answer(400, code="21606"), Answer(400, code="21612"))
    said = [(event.title, event.text) for event in timeline.of(fresh(message))]
    reasons = [f"{info.meaning} {info.advice} ({info.code})" for info in map(explain, ("21606", "21612"))]
    assert said == [
        ("Queued", "Written by SMS Portal"),
        ("Attempt 1 by “Main” from +1 202-555-0101", ""),
        ("Twilio refused it", reasons[0]),
        (f"Attempt 2 by “Second” from {SERVICE}", ""),
        ("Twilio refused it", reasons[1]),
    ]


def test_the_timeline_costs_the_same_for_many_tries(
    cast: factories.Cast, second: Configuration, django_assert_max_num_queries: Any
) -> None:
    two_ways(cast, second)
    message = queue(cast)
    answer(Answer(400, code="21606"), Answer(400, code="21612"))
    row = Message.objects.get(pk=message.pk)
    with django_assert_max_num_queries(2):
        timeline.of(row)
