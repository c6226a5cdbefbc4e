"""What becomes of a text that a rule does not send: refused, held for a person, or held until the office opens."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from sms import optouts, outbound, sending, sweeps
from sms.models import Configuration, Message, PhoneNumber
from sms.outbound import OverLimit, RuleDenied
from sms.queueing import opening, send_loop
from sms.setup import configuring
from sms.showing import threads, timeline
from tenants import api_keys, audit, clock, quotas
from tenants.audit import Actor
from tests import factories
from tests.factories import OUR_NUMBER, THEIR_NUMBER
from tests.sms.conftest import World, fresh
from tests.sms.rules_scene import AFTER_CHRISTMAS, CHRISTMAS, MONDAY_NOON, NEXT_OPENING, SATURDAY, decide_by, rule
from tests.sms.sending_scene import queue, quick

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("hinted")]
VALIDITY = timedelta(hours=10)


@pytest.fixture
def held(cast: factories.Cast) -> Message:
    """A text that a rule holds for a person."""
    decide_by(cast, rule(cast, name="Ask first", action="hold", reason="a supervisor reads these"))
    return queue(cast, member=cast.bob, author_label="Bob")


@pytest.fixture
def waiting(cast: factories.Cast) -> Message:
    """A text, written on a Saturday, that a rule holds until the office opens."""
    decide_by(cast, rule(cast, name="By day", when_closed="hold"))
    with clock.frozen(SATURDAY):
        return queue(cast)


def opted_out(cast: factories.Cast) -> None:
    """Let them have said STOP, and what follows it be lost."""
    cast.acme.opt_outs.create(our_address=OUR_NUMBER, their_address=THEIR_NUMBER, source="text")


# ── a rule that refuses ──


@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        ({"action": "deny", "reason": "we text nobody there."}, "refuses this text: we text nobody there."),
        ({"action": "deny"}, "refuses texts such as this one"),
        ({"when_closed": "block"}, "sends nothing now: it is Saturday 20:00, outside office hours. Send the text in"),
    ],
)
def test_a_rule_refuses_in_words_and_nothing_is_stored(
    cast: factories.Cast, wanted: dict[str, Any], words: str
) -> None:
    decide_by(cast, rule(cast, name="Not there", **wanted), rule(cast))
    with clock.frozen(SATURDAY), pytest.raises(RuleDenied) as caught:
        queue(cast)
    assert (caught.value.code, caught.value.rule) == ("rule_denied", "Not there")
    assert f"The rule “Not there” {words}" in str(caught.value)
    assert not Message.objects.exists()


def test_programs_learn_which_rule_refuses(cast: factories.Cast, client: Client) -> None:
    decide_by(cast, rule(cast, name="Not there", action="deny", reason="we text nobody there"))
    _key, secret = api_keys.create(audit.PORTAL, cast.acme, "Program")
    answer = client.post(
        "/api/v1/messages",
        {"to": THEIR_NUMBER, "body": "Hello"},
        content_type="application/json",
        headers={"Authorization": f"Bearer {secret}"},
    )
    assert answer.status_code == 422
    assert (answer.json()["code"], answer.json()["rule"]) == ("rule_denied", "Not there")
    assert "we text nobody there" in answer.json()["title"]


@pytest.mark.parametrize("source", ["auto_reply", "forward"])
@pytest.mark.parametrize(
    ("wanted", "reason"),
    [
        ({"action": "deny", "reason": "we text nobody there."}, "we text nobody there"),
        ({"action": "deny"}, "Refused by the rule Not there"),
        ({"when_closed": "block"}, "it is Saturday 20:00, outside office hours"),
    ],
)
def test_what_nobody_wrote_is_kept_as_blocked(
    cast: factories.Cast, source: str, wanted: dict[str, Any], reason: str
) -> None:
    decide_by(cast, rule(cast, name="Not there", **wanted))
    cast.acme.messages_per_day = 5
    asked = factories.make_inbound(cast.configuration, ours=OUR_NUMBER, theirs="+12025550177")
    with clock.frozen(SATURDAY):
        blocked = queue(cast, source=source, in_reply_to=asked)
        assert quotas.use(cast.acme)[0].used == 0
    assert (blocked.state, blocked.state_reason, blocked.due_at) == ("blocked", reason, None)
    assert (blocked.our_address, blocked.configuration) == (OUR_NUMBER, cast.configuration)
    assert blocked.decision["action"] == "deny"
    assert threads.reason_of(blocked) == reason
    assert sending.claim(10) == []


def test_what_nobody_wrote_and_answers_nothing_is_kept_too(cast: factories.Cast) -> None:
    decide_by(cast, rule(cast, action="deny"))
    blocked = queue(cast, source="forward")
    assert (blocked.state, blocked.our_address, blocked.conversation) == ("blocked", "", None)


@pytest.mark.parametrize("source", ["auto_reply", "forward"])
def test_a_limit_blocks_what_nobody_wrote_also_when_a_rule_would_hold_it(cast: factories.Cast, source: str) -> None:
    decide_by(cast, rule(cast, when_closed="hold"))
    cast.acme.messages_per_day = 0
    with clock.frozen(SATURDAY):
        blocked = fresh(queue(cast, source=source))
        assert (blocked.state, blocked.due_at) == ("blocked", None)
        with pytest.raises(OverLimit):
            queue(cast)
    with clock.frozen(NEXT_OPENING):
        assert opening.let_go() == 0


# ── a rule that holds for a person ──


def test_a_held_text_waits_for_a_person_and_for_nothing_else(cast: factories.Cast, held: Message) -> None:
    assert (held.state, held.state_reason) == ("held", "Held by the rule Ask first")
    assert (held.due_at, held.expires_at) == (None, None)
    assert held.our_address == OUR_NUMBER
    with clock.frozen(clock.now() + timedelta(days=300)):
        assert sending.claim(10) == []
        assert (sweeps.expire(), opening.let_go()) == (0, 0)
    assert fresh(held).state == "held"


def test_the_timeline_says_which_rule_holds_it_and_what_it_waits_for(held: Message, waiting: Message) -> None:
    with clock.frozen(SATURDAY), timezone.override("UTC"):
        said = [[(event.title, event.text) for event in timeline.of(fresh(text))[1:]] for text in (held, waiting)]
    assert said == [
        [("Held by the rule “Ask first”", "A supervisor reads these"), ("Held until somebody releases it", "")],
        [
            ("Held by the rule “By day”", "It is Saturday 20:00, outside office hours"),
            ("Held until Mon 09:00 (outside office hours)", ""),
        ],
    ]


def test_the_reason_fits_its_column(cast: factories.Cast) -> None:
    decide_by(cast, rule(cast, name="N" * 64, action="hold"))
    assert len(fresh(queue(cast)).state_reason) == 60


def test_held_texts_count_when_they_are_accepted(cast: factories.Cast) -> None:
    decide_by(cast, rule(cast, action="hold"))
    cast.acme.messages_per_day = 1
    queue(cast)
    assert quotas.use(cast.acme)[0].used == 1
    with pytest.raises(OverLimit):
        queue(cast)


def test_neither_a_release_nor_the_opening_counts_again(cast: factories.Cast) -> None:
    cast.acme.messages_per_month = 2
    decide_by(cast, rule(cast, action="hold"))
    with clock.frozen(SATURDAY):
        held = queue(cast)
        decide_by(cast, rule(cast, when_closed="hold"))
        waiting = queue(cast)
        assert outbound.release(audit.PORTAL, held)
    with clock.frozen(NEXT_OPENING):
        assert opening.let_go() == 1
        assert quotas.use(cast.acme)[0].used == 2
    assert [fresh(text).state for text in (held, waiting)] == ["queued", "queued"]


def test_what_the_opening_lets_go_keeps_to_its_sender_s_pace(cast: factories.Cast) -> None:
    decide_by(cast, rule(cast, when_closed="hold"))
    with clock.frozen(SATURDAY):
        texts = [queue(cast, f"Number {number}") for number in range(3)]
    sent = []
    for second in range(4):
        with clock.frozen(NEXT_OPENING + timedelta(seconds=second)):
            opening.let_go()
            sent.append([item.message for item in sending.claim(10)])
    assert sent == [[texts[0].pk], [texts[1].pk], [texts[2].pk], []], "one a second, in the order they were written"


def test_a_released_text_goes_and_its_time_begins_anew(
    cast: factories.Cast, held: Message, hinted: list[str], django_capture_on_commit_callbacks: Any
) -> None:
    much_later = clock.now() + timedelta(days=2)
    with clock.frozen(much_later):
        with django_capture_on_commit_callbacks(execute=True):
            assert outbound.release(Actor("Alice", user=cast.alice.user), held)
        assert not outbound.release(audit.PORTAL, held), "it is not held any more"
        row = fresh(held)
        assert (row.state, row.state_reason) == ("queued", "")
        assert (row.due_at, row.expires_at) == (much_later, much_later + VALIDITY)
        quick()
        assert len(sending.claim(10)) == 1
    assert hinted == ["send"]
    entry = cast.acme.audit_entries.get(action="sms.message.released")
    assert entry.actor_label == "Alice"
    titles = [event.title for event in timeline.of(fresh(held))]
    assert titles == ["Written", "Held by the rule “Ask first”", "Released by Alice"]


def test_whoever_has_opted_out_meanwhile_gets_nothing(cast: factories.Cast, held: Message) -> None:
    opted_out(cast)
    assert not outbound.release(audit.PORTAL, held)
    assert (fresh(held).state, fresh(held).due_at) == ("suppressed", None)


def test_stop_closes_what_is_held(
    cast: factories.Cast, held: Message, waiting: Message, django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        optouts.add(cast.acme, OUR_NUMBER, THEIR_NUMBER, source="text")
    assert [fresh(message).state for message in (held, waiting)] == ["suppressed", "suppressed"]
    assert not outbound.release(audit.PORTAL, held)
    with clock.frozen(NEXT_OPENING):
        assert opening.let_go() == 0


def test_a_text_that_has_been_erased_is_not_released(held: Message) -> None:
    Message.objects.update(body="")
    assert not outbound.release(audit.PORTAL, held)
    assert fresh(held).state == "held"


def test_a_number_that_is_gone_sends_nothing_more(cast: factories.Cast, held: Message, waiting: Message) -> None:
    """It may be another tenant's by now."""
    PhoneNumber.objects.filter(e164=OUR_NUMBER).update(released_at=clock.now())
    assert not outbound.release(audit.PORTAL, held)
    with clock.frozen(NEXT_OPENING):
        assert (opening.let_go(), opening.let_go()) == (1, 0)
    for message in map(fresh, (held, waiting)):
        assert (message.state, message.due_at) == ("blocked", None)
        assert threads.reason_of(message) == "Its number is not yours any more"


@pytest.mark.parametrize("which", ["held", "waiting"])
def test_what_is_held_can_be_canceled(request: pytest.FixtureRequest, which: str) -> None:
    message = request.getfixturevalue(which)
    assert outbound.cancel(audit.PORTAL, message)
    assert (fresh(message).state, fresh(message).due_at) == ("canceled", None)
    assert not outbound.release(audit.PORTAL, message)
    with clock.frozen(NEXT_OPENING):
        assert opening.let_go() == 0


def test_deleting_its_configuration_cancels_what_is_held(cast: factories.Cast, held: Message, waiting: Message) -> None:
    assert configuring.delete(audit.PORTAL, cast.configuration) == 2
    assert [fresh(message).state for message in (held, waiting)] == ["canceled", "canceled"]


# ── a rule that holds until the office opens ──


@pytest.mark.parametrize(
    ("written", "opens", "words"),
    [
        (SATURDAY, NEXT_OPENING, "Held until Mon 09:00 (outside office hours)"),
        (CHRISTMAS, AFTER_CHRISTMAS, "Held until Mon 09:00 (holiday)"),
        (CHRISTMAS - timedelta(days=14), AFTER_CHRISTMAS - timedelta(days=14), ""),
    ],
)
def test_a_text_waits_for_the_opening(cast: factories.Cast, written: Any, opens: Any, words: str) -> None:
    decide_by(cast, rule(cast, when_closed="hold"))
    with clock.frozen(written), timezone.override("UTC"):
        message = fresh(queue(cast))
        if not words:
            assert message.state == "queued", "a Friday"
            return
        assert (message.state, message.due_at, message.expires_at) == ("held", opens, opens + VALIDITY)
        assert threads.state_of(message) == (words, "warn")
        assert "goes by itself at the opening" in threads.reason_of(message)
        assert sending.claim(10) == []


def test_an_opening_that_is_far_away_is_said_with_its_date(waiting: Message) -> None:
    Message.objects.update(due_at=SATURDAY + timedelta(days=30))
    with clock.frozen(SATURDAY), timezone.override("UTC"):
        assert threads.state_of(fresh(waiting))[0] == "Held until Mon 6 Apr, 20:00 (outside office hours)"


def test_at_the_opening_it_is_queued_once(
    waiting: Message, hinted: list[str], django_capture_on_commit_callbacks: Any
) -> None:
    with clock.frozen(NEXT_OPENING - timedelta(seconds=1)):
        assert opening.let_go() == 0
    with clock.frozen(NEXT_OPENING):
        with django_capture_on_commit_callbacks(execute=True):
            assert opening.let_go() == 1
        assert opening.let_go() == 0
        row = fresh(waiting)
        assert (row.state, row.state_reason, row.due_at) == ("queued", "", NEXT_OPENING)
        quick()
        assert [item.message for item in sending.claim(10)] == [waiting.pk]
    assert hinted == ["send"]


def test_the_sweep_lets_them_go(waiting: Message) -> None:
    with clock.frozen(NEXT_OPENING):
        assert sweeps.sweep()["opened"] == 1
    assert fresh(waiting).state == "queued"


def test_the_rules_are_not_asked_again_at_the_opening(cast: factories.Cast, waiting: Message) -> None:
    decide_by(cast, rule(cast, action="deny"))
    with clock.frozen(NEXT_OPENING):
        assert opening.let_go() == 1
    assert fresh(waiting).decision["name"] == "By day"


def test_whoever_has_opted_out_by_then_gets_nothing(cast: factories.Cast, waiting: Message) -> None:
    opted_out(cast)
    with clock.frozen(NEXT_OPENING):
        opening.let_go()
    assert (fresh(waiting).state, fresh(waiting).due_at) == ("suppressed", None)


@pytest.mark.parametrize(
    ("off", "on"),
    [
        (lambda cast: type(cast.acme).objects.update(enabled=False), lambda cast: cast.acme.save()),
        (lambda cast: type(cast.acme).objects.update(sms_enabled=False), lambda cast: cast.acme.save()),
        (
            lambda cast: Configuration.objects.update(enabled=False),
            lambda cast: Configuration.objects.update(enabled=True),
        ),
    ],
)
def test_what_is_switched_off_keeps_its_texts_until_it_is_on_again(
    cast: factories.Cast, waiting: Message, off: Any, on: Any
) -> None:
    off(cast)
    with clock.frozen(NEXT_OPENING):
        assert opening.let_go() == 0
        assert fresh(waiting).state == "held"
        on(cast)
        assert opening.let_go() == 1
    assert fresh(waiting).state == "queued"


def test_what_could_not_go_in_time_ends_and_says_why(cast: factories.Cast, waiting: Message) -> None:
    with clock.frozen(NEXT_OPENING + VALIDITY):
        assert sweeps.expire() == 1
    row = fresh(waiting)
    assert (row.state, row.state_reason, row.due_at) == ("expired", "Its time ran out while it was held", None)


def test_a_person_may_release_it_before_the_opening(waiting: Message) -> None:
    with clock.frozen(SATURDAY + timedelta(hours=1)):
        assert outbound.release(audit.PORTAL, waiting)
    assert (fresh(waiting).state, fresh(waiting).due_at) == ("queued", SATURDAY + timedelta(hours=1))


def test_an_office_that_never_opens_again_refuses(cast: factories.Cast) -> None:
    decide_by(cast, rule(cast, when_closed="hold", hours={}))
    with clock.frozen(MONDAY_NOON), pytest.raises(RuleDenied):
        queue(cast)


def test_through_twilio_a_held_text_is_posted_once_it_is_released_and_only_once(world: World) -> None:
    decide_by(world.cast, rule(world.cast, action="hold"))
    message = world.send()
    assert (message.state, world.created(message)) == ("held", [])
    assert outbound.release(audit.PORTAL, message)
    send_loop.work()
    send_loop.work()
    assert (fresh(message).state, len(world.created(message))) == ("accepted", 1)


# ── on the pages ──


def page(client: Client, name: str, *arguments: Any) -> str:
    return client.get(reverse(name, args=["acme", *arguments])).content.decode()


def test_the_log_the_thread_and_the_message_say_until_when(
    cast: factories.Cast, waiting: Message, client: Client
) -> None:
    client.force_login(cast.alice.user)
    cast.alice.user.time_zone = cast.acme.time_zone = "UTC"
    cast.alice.user.save()
    cast.acme.save()
    assert waiting.conversation is not None
    with clock.frozen(SATURDAY):
        for shown in (
            page(client, "sms:message_list"),
            page(client, "sms:conversation_detail", waiting.conversation.pk),
            page(client, "sms:message_detail", waiting.pk),
        ):
            assert "Held until Mon 09:00 (outside office hours)" in shown


def test_who_may_change_rules_releases_on_the_message_page(cast: factories.Cast, held: Message, client: Client) -> None:
    release = reverse("sms:message_release", args=["acme", held.pk])
    client.force_login(cast.bob.user)
    assert release not in page(client, "sms:message_detail", held.pk)
    assert client.post(release).status_code == 403
    client.force_login(cast.sam.user)
    assert release in page(client, "sms:message_detail", held.pk)
    answer = client.post(release, follow=True).content.decode()
    assert "The text is released" in answer
    assert release not in answer
    assert "It was not released" in client.post(release, follow=True).content.decode()
    assert fresh(held).state == "queued"
