"""The specification of outbound routes: their order, their senders, how numbers are rewritten, and what rules do else.

What happens after Twilio's refusal stands in `test_failing_over.py`, texts that are held in `test_holding.py`.
"""

from collections import Counter
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rules import routing
from rules.documents import OutboundRule, Route
from rules.facts import OutboundFacts
from sms.composing import choosing, drafting
from sms.composing.choosing import NoWay, Writer
from sms.models import Configuration, MemberNumber, Message, PhoneNumber
from sms.outbound import SendRefused
from tenants import clock
from tests import factories
from tests.factories import OUR_NUMBER, OUR_SECOND_NUMBER, THEIR_NUMBER
from tests.sms.conftest import fresh
from tests.sms.rules_scene import MONDAY_NOON, NEXT_OPENING, SATURDAY, decide_by, route, rule
from tests.sms.sending_scene import queue

SERVICE, OTHER_SERVICE = "MG" + "1" * 32, "MG" + "2" * 32
GERMANY, USA, CANADA = "+491701234567", THEIR_NUMBER, "+16135550199"
FOREIGN_TRUNK = "+12025550155"


def rule_of(*weights: int, strategy: str = "random", off: int | None = None) -> OutboundRule:
    """Return a rule with a route for each weight; the routes are named a, b, c …"""
    routes = [
        Route(id="abcdef"[place], configuration="", weight=weight, enabled=place != off)
        for place, weight in enumerate(weights)
    ]
    return OutboundRule("1", "Rule", True, (), tuple(routes), strategy=strategy)


def order(rule: OutboundRule, draw: float) -> str:
    return "".join(route.id for route in rule.routes_for(draw))


# ── in which order routes are tried ──


@given(st.floats(0, 1, exclude_max=True))
def test_prioritised_routes_keep_their_order_whatever_is_drawn(draw: float) -> None:
    assert order(rule_of(1, 9, 5, strategy="prioritised"), draw) == "abc"


@given(st.lists(st.integers(1, 1000), min_size=1, max_size=6), st.floats(0, 1, exclude_max=True))
def test_every_route_is_in_a_drawn_order_once_and_the_same_draw_gives_the_same_order(
    weights: list[int], draw: float
) -> None:
    found = order(rule_of(*weights), draw)
    assert sorted(found) == sorted("abcdef"[: len(weights)])
    assert order(rule_of(*weights), draw) == found


@pytest.mark.parametrize("strategy", ["prioritised", "random"])
def test_a_route_that_is_switched_off_is_never_tried(strategy: str) -> None:
    assert {order(rule_of(1, 1000, strategy=strategy, off=1), draw / 50) for draw in range(50)} == {"a"}


@settings(max_examples=10, deadline=None)
@given(st.lists(st.integers(1, 20), min_size=2, max_size=6))
def test_first_places_are_shared_out_by_weight(weights: list[int]) -> None:
    draws = 2000
    firsts = Counter(order(rule_of(*weights), draw / draws)[0] for draw in range(draws))
    for name, weight in zip("abcdef", weights, strict=False):
        share = weight / sum(weights)
        # Five standard deviations: the draws are always the same, so this holds or does not.
        assert abs(firsts[name] / draws - share) < 5 * (share * (1 - share) / draws) ** 0.5


def test_among_those_that_are_left_the_next_place_is_shared_out_by_weight_too() -> None:
    draws = 3000
    found = Counter(order(rule_of(2, 1, 3), draw / draws) for draw in range(draws))
    chance = {"abc": 2 / 6 * 1 / 4, "acb": 2 / 6 * 3 / 4, "bac": 1 / 6 * 2 / 5, "bca": 1 / 6 * 3 / 5}
    chance |= {"cab": 3 / 6 * 2 / 3, "cba": 3 / 6 * 1 / 3}
    assert all(abs(found[name] / draws - share) < 0.04 for name, share in chance.items())


def test_each_text_is_drawn_for_once() -> None:
    drawn = {drafting.facts_of(USA, "Hello", None).draw for _ in range(100)}  # type: ignore[arg-type]
    assert len(drawn) == 100
    assert all(0 <= draw < 1 for draw in drawn)


@pytest.mark.django_db
@pytest.mark.usefixtures("hinted")
def test_the_order_that_was_drawn_is_kept_and_can_be_explained_again(cast: factories.Cast) -> None:
    routes = [route(cast.configuration, number, weight=number) for number in range(1, 6)]
    decide_by(cast, rule(cast, strategy="random", routes=routes))
    for _ in range(5):
        message = fresh(queue(cast))
        kept = [entry["id"] for entry in message.decision["routes"]]
        again = routing.explain_snapshot(cast.acme, message)
        assert [one.id for one in again.routes] == kept
        assert message.decision["route"]["id"] == kept[0]
        assert OutboundFacts.from_json(message.decision["facts"]).at <= clock.now()


# ── which sender a route gives ──

SENDERS: list[tuple[str, dict[str, Any], str, int, str, str]] = [
    # the route names      beside                                  to        media  sender          why not, if another
    (OUR_SECOND_NUMBER, {}, USA, 0, OUR_SECOND_NUMBER, ""),
    (OUR_SECOND_NUMBER, {}, GERMANY, 1, OUR_SECOND_NUMBER, ""),
    (OUR_SECOND_NUMBER, {}, OUR_SECOND_NUMBER, 0, OUR_NUMBER, "+1 202-555-0102 is the recipient"),
    (FOREIGN_TRUNK, {}, USA, 0, OUR_NUMBER, "this configuration's account does not own +1 202-555-0155"),
    ("+12025550999", {}, USA, 0, OUR_NUMBER, "this configuration's account does not own +1 202-555-0999"),
    ("Acme", {}, GERMANY, 0, "Acme", ""),
    ("Acme", {}, USA, 0, OUR_NUMBER, "US does not take Sender IDs such as Acme"),
    ("Acme", {}, CANADA, 0, OUR_NUMBER, "CA does not take Sender IDs such as Acme"),
    ("Acme", {}, GERMANY, 1, OUR_NUMBER, "a Sender ID such as Acme cannot send media"),
    (SERVICE, {"messaging_service_sid": SERVICE}, USA, 0, SERVICE, ""),
    (SERVICE, {"messaging_service_sid": SERVICE}, GERMANY, 1, SERVICE, ""),
    (SERVICE, {}, USA, 0, OUR_NUMBER, f"this configuration does not have the Messaging Service {SERVICE}"),
    (
        *(SERVICE, {"messaging_service_sid": OTHER_SERVICE}, USA, 0, OUR_NUMBER),
        f"this configuration does not have the Messaging Service {SERVICE}",
    ),
    ("whatsapp:+12025550101", {}, USA, 0, OUR_NUMBER, "whatsapp:+12025550101 is no sender of texts"),
    ("", {}, USA, 0, OUR_NUMBER, "the route names none"),
    ("", {"sender_id": "Brand"}, GERMANY, 0, "Brand", "the route names none"),
    ("", {"sender_id": "Brand"}, USA, 0, OUR_NUMBER, "the route names none"),
    (OUR_SECOND_NUMBER, {"sender_id": "Brand"}, GERMANY, 0, OUR_SECOND_NUMBER, ""),
]


@pytest.mark.django_db
@pytest.mark.parametrize(("named", "beside", "to", "num_media", "sender", "why_not"), SENDERS)
def test_the_sender_that_a_route_names(
    cast: factories.Cast, named: str, beside: dict[str, Any], to: str, num_media: int, sender: str, why_not: str
) -> None:
    factories.make_pool(factories.make_trunk("Other"), cast.acme, FOREIGN_TRUNK)
    Configuration.objects.update(**beside)
    cast.acme.default_number = OUR_NUMBER
    found = Route.from_json(route(cast.configuration, sender=named))
    way = choosing.choose(cast.acme, Writer(), [found], to, num_media=num_media)  # type: ignore[arg-type]
    assert way.choice.address == sender
    step = next(step for step in way.choice.steps if step.name == "the route's sender")
    assert (step.number, step.taken) == (3, not why_not)
    assert why_not in step.reason


PLACES: list[tuple[dict[str, Any], dict[str, Any], str]] = [
    # the rule asks, the route names                   what is there besides                    the sender
    ({}, {}, OUR_NUMBER),
    ({"sticky": True}, {"known": OUR_SECOND_NUMBER}, OUR_SECOND_NUMBER),
    ({"sticky": True}, {"known": FOREIGN_TRUNK}, OUR_NUMBER),
    ({"sticky": True}, {"known": OUR_SECOND_NUMBER, "released": OUR_SECOND_NUMBER}, OUR_NUMBER),
    ({"sticky": True, "sender": OUR_NUMBER}, {"known": OUR_SECOND_NUMBER}, OUR_SECOND_NUMBER),
    ({"sticky": True, "sender": OUR_NUMBER}, {}, OUR_NUMBER),
    ({"area_match": True}, {}, OUR_SECOND_NUMBER),
    ({"area_match": True, "sender": OUR_NUMBER}, {}, OUR_NUMBER),
    ({"area_match": True, "sticky": True}, {"known": OUR_NUMBER}, OUR_NUMBER),
    ({"area_match": True, "sticky": True}, {}, OUR_SECOND_NUMBER),
    ({"area_match": True}, {"to": "+13055550100"}, OUR_NUMBER),
    ({"sticky": True, "area_match": True}, {"known": OUR_SECOND_NUMBER, "chosen": OUR_NUMBER}, OUR_NUMBER),
    ({"sticky": True}, {"known": OUR_SECOND_NUMBER, "replying_as": OUR_NUMBER}, OUR_NUMBER),
    ({}, {"preferred": OUR_SECOND_NUMBER}, OUR_SECOND_NUMBER),
    ({"sticky": True}, {"known": OUR_NUMBER, "preferred": OUR_SECOND_NUMBER}, OUR_NUMBER),
]


@pytest.mark.django_db
@pytest.mark.usefixtures("hinted")
@pytest.mark.parametrize(("asks", "there", "sender"), PLACES)
def test_the_parts_of_the_route_s_step_and_what_stands_before_and_after_them(
    cast: factories.Cast, asks: dict[str, Any], there: dict[str, Any], sender: str
) -> None:
    factories.make_pool(factories.make_trunk("Other"), cast.acme, FOREIGN_TRUNK)
    to = there.get("to", THEIR_NUMBER)
    if known := there.get("known"):
        factories.make_inbound(cast.configuration, ours=known, theirs=to)
    if released := there.get("released"):
        PhoneNumber.objects.filter(e164=released).update(released_at=clock.now())
    if preferred := there.get("preferred"):
        number = PhoneNumber.objects.get(e164=preferred)
        MemberNumber.objects.create(tenant=cast.acme, member=cast.alice, number=number, preferred=True)
    named = {"sender": asks["sender"]} if "sender" in asks else {}
    asked = {name: asks[name] for name in ("sticky", "area_match") if name in asks}
    decide_by(cast, rule(cast, routes=[route(cast.configuration, **named)], **asked))
    replying = there.get("replying_as")
    conversation = factories.make_conversation(cast.acme, replying, to) if replying else None
    message = queue(cast, to=to, member=cast.alice, sender=there.get("chosen", ""), conversation=conversation)
    assert message.our_address == sender


# ── which route a text gets, and the number it dials ──


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("first", "taken"),
    [
        ({}, "first"),
        ({"enabled": False}, "second"),
        ({"deleted_at": MONDAY_NOON}, "second"),
        ({"trunk": "empty"}, "second"),
    ],
)
def test_the_first_route_that_can_carry_the_text_is_taken(
    cast: factories.Cast, first: dict[str, Any], taken: str
) -> None:
    trunk = factories.make_trunk("Second")
    factories.make_pool(trunk, cast.acme, FOREIGN_TRUNK)
    second = factories.make_configuration(cast.acme, trunk, factories.make_account(cast.acme))
    if first.get("trunk"):
        first = {"trunk": factories.make_trunk("Empty")}
    Configuration.objects.filter(pk=cast.configuration.pk).update(**first)
    cast.acme.default_number = OUR_NUMBER
    routes = [Route.from_json(route(cast.configuration, 1)), Route.from_json(route(second, 2, sender=FOREIGN_TRUNK))]
    way = choosing.choose(cast.acme, Writer(), routes, THEIR_NUMBER)  # type: ignore[arg-type]
    assert way.configuration == (cast.configuration if taken == "first" else second)
    with pytest.raises(NoWay) as caught:
        choosing.choose(cast.acme, Writer(), [], THEIR_NUMBER)  # type: ignore[arg-type]
    assert "Switch one on" in str(caught.value)


@pytest.mark.parametrize(
    ("strip", "prepend", "to", "dialled"),
    [
        (0, "", USA, USA),
        (1, "", "+117400123456", "+17400123456"),
        (1, "44", "+17400123456", "+447400123456"),
        (0, "1", "+2025550199", "+12025550199"),
        (9, "4930901", "+491701234567", "+4930901567"),
        (9, "", USA, None),
        (0, "999", USA, None),
    ],
)
def test_a_route_strips_digits_and_then_puts_others_before(
    strip: int, prepend: str, to: str, dialled: str | None
) -> None:
    found = Route("1", "", strip=strip, prepend=prepend, label="Main")
    if dialled is not None:
        assert found.dial(to) == dialled
        return
    with pytest.raises(ValueError, match="The route Main turns"):
        found.dial(to)


# ── what a rule does with a text ──


@pytest.mark.django_db
@pytest.mark.usefixtures("hinted")
@pytest.mark.parametrize(
    ("wanted", "at", "state"),
    [
        ({}, MONDAY_NOON, "queued"),
        ({}, SATURDAY, "queued"),
        ({"when_closed": "block"}, MONDAY_NOON, "queued"),
        ({"when_closed": "block"}, SATURDAY, "rule_denied"),
        ({"when_closed": "hold"}, MONDAY_NOON, "queued"),
        ({"when_closed": "hold"}, SATURDAY, "held"),
        ({"when_closed": "hold"}, NEXT_OPENING, "queued"),
        ({"when_closed": "hold", "hours": {"sat": [["19:00", "21:00"]]}}, SATURDAY, "queued"),
        ({"when_closed": "hold", "hours": {}}, SATURDAY, "rule_denied"),
        ({"action": "hold"}, MONDAY_NOON, "held"),
        ({"action": "hold", "when_closed": "block"}, SATURDAY, "held"),
        ({"action": "deny"}, MONDAY_NOON, "rule_denied"),
        ({"action": "deny", "routes": []}, MONDAY_NOON, "rule_denied"),
        ({"action": "hold", "routes": []}, MONDAY_NOON, "no_rule"),
        ({"routes": []}, MONDAY_NOON, "no_rule"),
        ({"enabled": False}, MONDAY_NOON, "no_rule"),
    ],
)
def test_what_becomes_of_a_text(cast: factories.Cast, wanted: dict[str, Any], at: Any, state: str) -> None:
    decide_by(cast, rule(cast, **wanted))
    with clock.frozen(at):
        if state in ("queued", "held"):
            assert queue(cast).state == state
            return
        with pytest.raises(SendRefused) as caught:
            queue(cast)
    assert (caught.value.code, Message.objects.count()) == (state, 0)


def test_facts_are_of_the_moment_and_say_how_many_files_there_are() -> None:
    with clock.frozen(SATURDAY):
        found = drafting.facts_of(USA, "Hello", None, 2)  # type: ignore[arg-type]
    assert replace(found, draw=0.0) == OutboundFacts(to=USA, body="Hello", num_media=2, at=SATURDAY)
