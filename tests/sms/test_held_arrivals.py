"""Texts held until the office opens: decided about anew, once, wherever a worker dies; nothing is held for ever."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.db import connections

from sms import delivering, rerouting
from sms.destinations import hold
from sms.models import Delivery
from sms.showing import timeline
from tenants import audit, clock, failpoints
from tests import factories
from tests.sms.arrival_scene import OPENING, SUNDAY, VIENNA, arrive, follow, only, outcome, sent
from tests.sms.conftest import let_send
from tests.sms.test_inbound import ALL, rules

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("hinted")]
HELD = (
    {"kind": "hold", "when": "closed"},
    {"kind": "email", "address": "desk@acme.example", "when": "open"},
)


def test_a_text_waits_for_the_opening_and_is_decided_about_anew(cast: factories.Cast) -> None:
    follow(cast, *HELD)
    with clock.frozen(SUNDAY):
        message = arrive(cast)
        waiting = only(message)
        assert (waiting.state, waiting.due_at) == ("pending", OPENING)
        assert waiting.settings == {"until": OPENING.isoformat()}
        assert delivering.title(waiting) == "Held until Mon 09:00"
    with clock.frozen(OPENING - timedelta(seconds=1)):
        assert delivering.work() == 0
    with clock.frozen(OPENING):
        assert delivering.work() == 2
    message.refresh_from_db()
    assert [(one.kind, one.state) for one in message.deliveries.all()] == [
        ("hold", "delivered"),
        ("email", "delivered"),
    ]
    assert message.decision["facts"]["at"] == OPENING.isoformat()
    assert [one["facts"]["at"] for one in message.decision["earlier"]] == [SUNDAY.isoformat()]
    assert [step.title for step in timeline.of(message)].count("Rule “Rule 1” decided") == 2


def test_a_reply_goes_out_at_once_while_the_text_itself_waits(cast: factories.Cast) -> None:
    let_send(cast)
    follow(cast, {"kind": "auto_reply", "text": "We open {opens}.", "when": "closed"}, *HELD)
    with clock.frozen(SUNDAY):
        message = arrive(cast)
        assert [one.state for one in message.deliveries.all()] == ["delivered", "pending"]
    with clock.frozen(OPENING):
        delivering.work()
    assert [one.kind for one in message.deliveries.all()] == ["auto_reply", "hold", "email"]
    assert [reply.body for reply in sent("auto_reply")] == ["We open tomorrow at 09:00."]


def test_the_rules_of_the_opening_decide_not_those_of_the_arrival(cast: factories.Cast) -> None:
    follow(cast, *HELD)
    with clock.frozen(SUNDAY):
        message = arrive(cast)
    follow(cast, {"kind": "member", "id": cast.bob.id.hex, "label": "Bob"})
    with clock.frozen(OPENING):
        delivering.work()
    assert [one.kind for one in message.deliveries.all()] == ["hold", "member"]


def test_a_text_that_no_rule_takes_any_more_stands_as_unrouted_and_can_be_routed(cast: factories.Cast) -> None:
    follow(cast, *HELD)
    with clock.frozen(SUNDAY):
        message = arrive(cast)
    rules(cast.acme)
    with clock.frozen(OPENING):
        delivering.work()
        message.refresh_from_db()
        assert message.state == "unrouted"
        follow(cast, *HELD)
        assert rerouting.route_again(audit.PORTAL, message)
    message.refresh_from_db()
    assert (message.state, len(message.decision["earlier"])) == ("routed", 2)


def test_hours_that_changed_hold_a_text_once_more_and_later(cast: factories.Cast) -> None:
    follow(cast, *HELD)
    with clock.frozen(SUNDAY):
        message = arrive(cast)
    holiday = {"name": "Strike", "start": "2026-11-23", "end": "2026-11-24", "yearly": False}
    follow(cast, *HELD, calendar=VIENNA | {"holidays": [holiday]})
    with clock.frozen(OPENING):
        delivering.work()
    first, second = message.deliveries.all()
    assert (first.state, second.state, second.due_at) == ("delivered", "pending", OPENING + timedelta(days=2))
    with clock.frozen(OPENING + timedelta(days=2)):
        delivering.work()
    assert [one.kind for one in message.deliveries.all()] == ["hold", "hold", "email"]


@pytest.mark.parametrize(
    ("targets", "calendar", "reason"),
    [
        (HELD, VIENNA | {"week": {}}, "The office never opens by the hours of this rule. Enter office hours."),
        (
            [{"kind": "hold"}],
            VIENNA | {"week": None},
            "The office is open: there is no opening to wait for. Change the rule.",
        ),
        (
            HELD,
            VIENNA | {"holidays": [{"name": "Away", "start": "2026-11-20", "end": "2027-01-01", "yearly": False}]},
            "It would be held for more than 30 days. Change the rule or the office hours.",
        ),
    ],
)
def test_nothing_is_held_for_ever(cast: factories.Cast, targets: Any, calendar: dict[str, Any], reason: str) -> None:
    follow(cast, *targets, calendar=calendar)
    with clock.frozen(SUNDAY):
        assert outcome(only(arrive(cast))) == ("exhausted", reason)


def test_a_rule_that_holds_always_gives_up_at_the_opening(cast: factories.Cast) -> None:
    follow(cast, {"kind": "hold"})
    with clock.frozen(SUNDAY):
        message = arrive(cast)
    with clock.frozen(OPENING):
        delivering.work()
    assert [one.state for one in message.deliveries.all()] == ["delivered", "exhausted"]


def test_closing_again_and_again_holds_a_text_for_thirty_days_at_most(cast: factories.Cast) -> None:
    """A rule that holds in office hours of its own, too: each time later, and there is an end."""
    document = [
        {"targets": [{"kind": "hold"}], "conditions": ALL, "hours": {"mon": [["09:00", "09:01"]]}},
    ]
    rules(cast.acme, *document)
    now = SUNDAY
    with clock.frozen(now):
        message = arrive(cast)
    seen = []
    for _ in range(10):
        waiting = message.deliveries.filter(state="pending").first()
        if waiting is None:
            break
        seen.append(waiting.due_at)
        # The worker comes an hour late each time: by then it is closed again.
        with clock.frozen(waiting.due_at + timedelta(hours=1)):
            delivering.work()
    assert seen == sorted(set(seen))
    assert len(seen) <= 5
    last = message.deliveries.last()
    assert last is not None
    assert (last.state, last.last_error[:27]) == ("exhausted", "It would be held for more t")
    assert max(seen) <= SUNDAY + hold.LONGEST


def test_a_worker_that_comes_late_still_knows_when_the_text_came(cast: factories.Cast) -> None:
    follow(cast, *HELD)
    before = OPENING - timedelta(seconds=1)
    with clock.frozen(OPENING + timedelta(minutes=1)):
        message = arrive(cast, before)
    assert [(one.kind, one.state) for one in message.deliveries.all()] == [
        ("hold", "delivered"),
        ("email", "delivered"),
    ]


@pytest.mark.parametrize("place", ["deliver.claimed", "hold.before_commit", "deliver.done"])
def test_wherever_a_worker_dies_the_text_is_placed_once(cast: factories.Cast, tmp_path: Any, place: str) -> None:
    follow(cast, *HELD)
    with clock.frozen(SUNDAY):
        message = arrive(cast)
    with clock.frozen(OPENING):
        failpoints.arm(f"{place}:raise", tmp_path)
        waiting = only(message)
        assert delivering.take(waiting)
        try:
            died = delivering.attempt(waiting)
        except failpoints.Failed as error:
            died = error
        finally:
            failpoints.arm("", tmp_path)
        assert isinstance(died, failpoints.Failed)
    with clock.frozen(OPENING + timedelta(hours=1)):
        delivering.work()
        delivering.work()
    assert [(one.kind, one.state) for one in message.deliveries.all()] == [
        ("hold", "delivered"),
        ("email", "delivered"),
    ]


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_two_workers_with_the_same_held_text_place_it_once(cast: factories.Cast) -> None:
    follow(cast, *HELD)
    with clock.frozen(SUNDAY):
        message = arrive(cast)
    with clock.frozen(OPENING):
        first = only(message)
        assert delivering.take(first)
        Delivery.objects.update(due_at=OPENING)
        second = only(message)
        assert delivering.take(second)
        together = threading.Barrier(2)

        def deliver(delivery: Delivery) -> None:
            try:
                together.wait(10)
                delivering.attempt(delivery)
            finally:
                connections.close_all()

        with ThreadPoolExecutor(2) as pool:
            list(pool.map(deliver, [first, second]))
    assert [one.kind for one in message.deliveries.all()] == ["hold", "email"]
