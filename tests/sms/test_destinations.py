"""Where a received text goes: each kind of destination, when it works, when it does not, in loops and under races."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connections

from rules.targets import KINDS, ToExtensions
from sms import delivering, inbound, optouts, rerouting, timeline
from sms.destinations import forward, hold
from sms.models import Conversation, Delivery, Message
from tenants import audit, clock, failpoints
from tenants.models import Member
from tests import factories
from tests.factories import OUR_NUMBER, THEIR_NUMBER
from tests.sms.conftest import let_send
from tests.sms.test_inbound import ALL, rules
from tests.sms.test_limits import limit

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("hinted")]
PHONE = "+12025550177"
# A Monday at ten in Vienna, where it is open from nine to five on working days.
MONDAY = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
SUNDAY = MONDAY - timedelta(days=1)
OPENING = MONDAY - timedelta(hours=1)
WEEK = {day: [["09:00", "17:00"]] for day in ("mon", "tue", "wed", "thu", "fri")}
VIENNA = {"zone": "Europe/Vienna", "week": WEEK, "holidays": []}


def arrive(cast: factories.Cast, at: datetime | None = None, **fields: Any) -> Message:
    """Let a text come in, be processed and delivered as far as it goes."""
    given = {"ours": OUR_NUMBER, "theirs": THEIR_NUMBER, "occurred_at": at or clock.now()} | fields
    message = factories.make_inbound(cast.configuration, **given)
    inbound.work()
    delivering.work()
    message.refresh_from_db()
    return message


def follow(cast: factories.Cast, *targets: dict[str, Any], calendar: dict[str, Any] | None = None) -> None:
    """Let one rule take all texts."""
    saved = rules(cast.acme, {"targets": list(targets)})
    type(saved).objects.filter(pk=saved.pk).update(document=saved.document | {"calendar": calendar or VIENNA})


def only(message: Message) -> Delivery:
    return message.deliveries.get()


def ends(message: Message) -> list[tuple[str, str]]:
    return list(message.deliveries.values_list("kind", "state"))


def outcome(delivery: Delivery) -> tuple[str, str]:
    return delivery.state, delivery.last_error


def sent(source: str) -> list[Message]:
    return list(Message.objects.filter(direction="out", source=source).order_by("occurred_at", "id"))


def test_every_kind_of_destination_has_its_module() -> None:
    assert set(delivering.DESTINATIONS) == set(KINDS) - {ToExtensions.kind}
    for module in delivering.DESTINATIONS.values():
        assert callable(module.place)
        assert callable(module.deliver)
        assert module.TITLE


# --- Members, extensions ---


def test_a_run_of_numbers_leads_to_the_extension_at_the_same_place(cast: factories.Cast) -> None:
    ends = {"first_number": OUR_NUMBER, "last_number": factories.OUR_SECOND_NUMBER, "first": "101", "last": "102"}
    follow(cast, {"kind": "extensions", **ends})
    for ours, member in ((OUR_NUMBER, cast.alice), (factories.OUR_SECOND_NUMBER, cast.bob)):
        delivery = only(arrive(cast, ours=ours))
        assert (delivery.kind, delivery.state, delivery.member) == ("extension", "delivered", member)
    assert delivering.title(delivery) == "To the inbox of Bob (extension 102)"


@pytest.mark.parametrize("change", [{"extension": ""}, {"enabled": False}])
def test_an_extension_that_nobody_has_is_said(cast: factories.Cast, change: dict[str, Any]) -> None:
    Member.objects.filter(pk=cast.bob.pk).update(**change)
    follow(cast, {"kind": "extension", "extension": "102"})
    reason = "No enabled member has the extension 102. Give it to one, or change the rule."
    assert outcome(only(arrive(cast))) == ("exhausted", reason)


def test_a_dropped_text_says_why(cast: factories.Cast) -> None:
    follow(cast, {"kind": "drop", "reason": "Advertising"})
    message = arrive(cast)
    assert outcome(only(message)) == ("delivered", "Advertising")
    assert ("Dropped, as the rule says", "Advertising") in [(step.title, step.text) for step in timeline.of(message)]


@pytest.mark.parametrize("kind", ["member", "group"])
def test_what_was_delivered_before_is_still_said(cast: factories.Cast, kind: str) -> None:
    """Rows and snapshots as they were written before there were hours and ways of sharing."""
    message = factories.make_inbound(cast.configuration, ours=OUR_NUMBER, theirs=THEIR_NUMBER, state="routed")
    facts = {"our_address": OUR_NUMBER, "their_address": THEIR_NUMBER, "num_media": 0, "trunk": "", "number": ""}
    target = {"kind": kind, "id": cast.bob.id.hex, "label": "Bob"}
    snapshot = {"ruleset": "", "rule": "1" * 32, "name": "All", "action": "deliver", "targets": [target]}
    message.decision = snapshot | {"facts": facts}
    message.save()
    Delivery.objects.create(tenant=cast.acme, message=message, kind=kind, label="Bob", state="delivered")
    titles = [step.title for step in timeline.of(message)]
    assert "Rule “All” decided" in titles
    assert titles[-1] in ("To the inbox of Bob", "Group Bob")


# --- Automatic replies ---


def test_placeholders_are_filled_in_when_the_text_comes(cast: factories.Cast) -> None:
    let_send(cast)
    text = "{name} ({sender}) wrote {keyword} to {number}. {company} opens {opens}. {{x}} {gone}"
    follow(cast, {"kind": "auto_reply", "text": text})
    factories.make_conversation(cast.acme, OUR_NUMBER, THEIR_NUMBER, contact_name="Zoë")
    with clock.frozen(SUNDAY):
        arrive(cast, body="price? https://x.example")
    [reply] = sent("auto_reply")
    assert reply.body == (
        "Zoë (+1 202-555-0199) wrote price to +1 202-555-0101. Acme opens tomorrow at 09:00. {x} {gone}"
    )


def test_without_a_name_the_number_stands_there(cast: factories.Cast) -> None:
    let_send(cast)
    follow(cast, {"kind": "auto_reply", "text": "Hello {name}"})
    arrive(cast)
    assert [reply.body for reply in sent("auto_reply")] == ["Hello +1 202-555-0199"]


# --- Forward ---


def forwards(cast: factories.Cast, number: str = PHONE) -> None:
    let_send(cast)
    follow(cast, {"kind": "forward", "number": number})


def test_a_text_goes_on_and_says_who_wrote_and_what_does_not_go_along(cast: factories.Cast) -> None:
    forwards(cast)
    factories.make_conversation(cast.acme, OUR_NUMBER, THEIR_NUMBER, contact_name="Zoë")
    media = [{"url": "https://api.twilio.com/1", "content_type": "image/png"}] * 2
    message = arrive(cast, body="See these", media=media)
    [text] = sent("forward")
    assert text.body == "From Zoë +1 202-555-0199 to +1 202-555-0101:\nSee these\n[2 attachments]"
    assert (text.their_address, text.in_reply_to, text.author_label) == (PHONE, message, "Forwarded")
    assert outcome(only(message)) == ("delivered", "")
    assert delivering.title(only(message)) == "Forwarded to +1 202-555-0177"
    assert not Conversation.objects.filter(messages=text, their_address=THEIR_NUMBER).exists()


def test_a_long_text_is_cut_rather_than_lost(cast: factories.Cast) -> None:
    forwards(cast)
    arrive(cast, body="x" * 1600)
    [text] = sent("forward")
    assert len(text.body) == 1599
    assert text.body.endswith("x…")


def test_a_text_never_goes_back_to_who_wrote_it(cast: factories.Cast) -> None:
    forwards(cast, THEIR_NUMBER)
    assert outcome(only(arrive(cast))) == ("skipped", "This very number wrote the text.")
    assert sent("forward") == []


def test_a_text_never_goes_to_a_number_of_this_portal(cast: factories.Cast) -> None:
    forwards(cast, factories.OUR_SECOND_NUMBER)
    state, reason = outcome(only(arrive(cast)))
    assert state == "exhausted"
    assert reason == "+1 202-555-0102 is a number of this portal: a text to it would come back. Change the rule."


def test_what_a_machine_of_this_portal_wrote_is_never_passed_on(cast: factories.Cast) -> None:
    forwards(cast)
    factories.make_pool(factories.make_trunk("Other"), cast.globex, "+12025550188")
    state, reason = outcome(only(arrive(cast, theirs="+12025550188")))
    assert (state, reason[:45]) == ("skipped", "The text came from a number of this portal: i")


def test_ten_texts_in_ten_minutes_are_enough(cast: factories.Cast) -> None:
    forwards(cast)
    with clock.frozen(MONDAY):
        texts = [arrive(cast) for _ in range(forward.LOOP_CEILING + 1)]
        assert [only(text).state for text in texts] == ["delivered"] * 10 + ["exhausted"]
        assert "a loop is likely" in only(texts[-1]).last_error
        assert only(arrive(cast, theirs="+12025550198")).state == "delivered"
    with clock.frozen(MONDAY + forward.LOOP_WINDOW):
        assert only(arrive(cast)).state == "delivered"


def test_an_opt_out_is_respected_and_said(cast: factories.Cast) -> None:
    forwards(cast)
    optouts.add(cast.acme, OUR_NUMBER, PHONE, source="manual")
    state, reason = outcome(only(arrive(cast)))
    assert (state, reason[:25]) == ("exhausted", "They have opted out of te")
    assert sent("forward") == []


def test_a_refused_text_can_be_tried_again_when_the_reason_is_gone(cast: factories.Cast) -> None:
    follow(cast, {"kind": "forward", "number": PHONE})
    message = arrive(cast)
    assert only(message).state == "exhausted"
    assert "No outbound rule fits" in only(message).last_error
    let_send(cast)
    assert delivering.replay(audit.PORTAL, only(message))
    delivering.work()
    assert (only(message).state, len(sent("forward"))) == ("delivered", 1)


def test_a_reached_limit_is_waited_for(cast: factories.Cast) -> None:
    forwards(cast)
    limit(cast, messages_per_day=1)
    first, second = arrive(cast), arrive(cast, theirs="+12025550198")
    assert only(first).state == "delivered"
    assert only(second).state == "pending"
    assert only(second).last_error == "Over the limit of 1 texts a day."
    assert len(sent("forward")) == 1


def test_a_worker_that_died_after_sending_sends_no_second_text(cast: factories.Cast) -> None:
    forwards(cast)
    message = factories.make_inbound(cast.configuration, ours=OUR_NUMBER, theirs=THEIR_NUMBER)
    inbound.work()
    assert delivering.take(delivery := only(message))
    assert delivering.attempt(delivery) is None
    Delivery.objects.update(due_at=clock.in_seconds(-1))
    assert delivering.work() == 1
    assert (only(message).state, len(sent("forward"))) == ("delivered", 1)


# --- Hold until opening ---

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
