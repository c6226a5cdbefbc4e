"""The last step of sending: what Twilio answered is recorded, and what a person may do then. No network, no loop."""

from datetime import timedelta

import pytest

from sms import outbound, sending, sweeps
from sms.models import Message
from sms.queueing import recording
from sms.queueing.outcomes import Answer
from sms.queueing.recording import Result
from tenants import audit, clock
from tests import factories
from tests.factories import OUR_SECOND_NUMBER
from tests.sms.conftest import fresh, later, let_send
from tests.sms.sending_scene import LOST, TAKEN, queue, quick

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("hinted")]


@pytest.fixture
def cast(db: None) -> factories.Cast:
    cast = factories.make_cast()
    let_send(cast)
    return cast


def test_an_accepted_text_is_recorded_with_its_sid(cast: factories.Cast) -> None:
    message = queue(cast)
    [item] = sending.mark(sending.claim(10))
    version = fresh(message).conversation.version  # type: ignore[union-attr]
    recording.record([Result(item, TAKEN)])
    row, attempt = fresh(message), message.attempts.get()
    assert (row.state, row.provider_sid, row.provider_status) == ("accepted", TAKEN.sid, "queued")
    assert (row.lease_token, row.lease_until) == ("", None)
    assert (attempt.outcome, attempt.provider_sid, attempt.provider_rank) == ("accepted", TAKEN.sid, 20)
    assert row.conversation is not None
    assert row.conversation.version == version + 1


def test_a_worker_that_comes_too_late_changes_nothing(cast: factories.Cast) -> None:
    message = queue(cast)
    [old] = sending.claim(10)
    with later(200):
        sweeps.end_leases()
        [new] = sending.mark(sending.claim(10))
        recording.record([Result(old, Answer(400, code="21211"))])
        assert (fresh(message).state, fresh(message).lease_token) == ("sending", new.token)


def test_a_worker_that_comes_too_late_may_add_a_sid_to_an_unknown_text(cast: factories.Cast) -> None:
    message = queue(cast)
    [item] = sending.mark(sending.claim(10))
    with later(200):
        sweeps.end_leases()
    assert fresh(message).state == "unknown"
    recording.record([Result(item, LOST)])
    assert fresh(message).state == "unknown"
    recording.record([Result(item, TAKEN)])
    assert (fresh(message).state, fresh(message).provider_sid) == ("accepted", TAKEN.sid)
    recording.record([Result(item, TAKEN)])
    assert message.attempts.get().outcome == "accepted"


def test_a_text_that_is_gone_does_not_stop_the_others(cast: factories.Cast) -> None:
    gone, kept = queue(cast, "One"), queue(cast, "Two")
    quick()
    first, second = sending.mark(sending.claim(10))
    Message.objects.filter(pk=gone.pk).delete()
    recording.record([Result(first, TAKEN), Result(second, Answer(201, sid="SM" + "2" * 32, status="accepted"))])
    assert (fresh(kept).state, fresh(kept).provider_status) == ("accepted", "accepted")


def test_one_answer_that_the_database_refuses_does_not_stop_the_others(cast: factories.Cast) -> None:
    one, two = queue(cast, "One"), queue(cast, "Two")
    quick()
    first, second = sending.mark(sending.claim(10))
    recording.record([Result(first, TAKEN), Result(second, TAKEN)])
    assert (fresh(one).state, fresh(two).state) == ("accepted", "sending")
    with later(200):
        sweeps.end_leases()
    assert fresh(two).state == "unknown"


def test_a_word_of_twilio_that_is_not_known_yet_is_no_status(cast: factories.Cast) -> None:
    message = queue(cast)
    [item] = sending.mark(sending.claim(10))
    recording.record([Result(item, Answer(201, sid=TAKEN.sid, status="pondering"))])
    assert (fresh(message).state, fresh(message).provider_status) == ("accepted", "")


def test_twilio_that_asks_to_slow_down_is_obeyed_by_every_sender_of_the_account(cast: factories.Cast) -> None:
    message = queue(cast)
    sending.make_sender(cast.configuration, OUR_SECOND_NUMBER)
    [item] = sending.mark(sending.claim(10))
    recording.record([Result(item, Answer(429, code="20429", retry_after=7))])
    row = fresh(message)
    assert (row.state, row.state_reason) == ("queued", "Twilio asks to slow down")
    assert row.due_at is not None
    assert row.due_at >= clock.now() + timedelta(seconds=6)
    queue(cast, "Another", sender=OUR_SECOND_NUMBER)
    assert sending.claim(10) == []
    assert not sending.has_due()
    assert sending.seconds_until_due(30) == pytest.approx(7, abs=0.5)
    with later(8):
        assert len(sending.claim(10)) == 1


def test_a_code_may_ask_for_a_longer_wait(cast: factories.Cast) -> None:
    message = queue(cast)
    [item] = sending.mark(sending.claim(10))
    recording.record([Result(item, Answer(400, code="21611"))])
    due = fresh(message).due_at
    assert due is not None
    assert due > clock.now() + timedelta(seconds=290)


def test_a_decision_that_cannot_be_read_any_more_has_no_next_route(cast: factories.Cast) -> None:
    message = queue(cast)
    message.decision["routes"] = [{"configuration": 7}]
    message.save()
    [item] = sending.mark(sending.claim(1))
    recording.record([Result(item, Answer(400, code="21606"))])
    assert fresh(message).state == "rejected"


def test_every_conversation_of_a_batch_tells_its_live_pages(cast: factories.Cast) -> None:
    one, two = queue(cast), queue(cast, to="+12025550177")
    quick()
    first, second = sending.mark(sending.claim(10))
    before = [fresh(message).conversation.version for message in (one, two)]  # type: ignore[union-attr]
    recording.record([Result(first, LOST), Result(second, LOST)])
    after = [fresh(message).conversation.version for message in (one, two)]  # type: ignore[union-attr]
    assert after == [version + 1 for version in before]


def test_an_operator_may_send_an_unknown_text_again(cast: factories.Cast) -> None:
    message = queue(cast)
    [item] = sending.mark(sending.claim(10))
    assert not outbound.send_again(audit.PORTAL, message)
    assert not outbound.mark_as_sent(audit.PORTAL, message)
    recording.record([Result(item, LOST)])
    assert outbound.send_again(audit.PORTAL, message)
    assert fresh(message).state == "queued"
    with later(5):
        [second] = sending.mark(sending.claim(10))
    assert second.number == 2
    assert cast.acme.audit_entries.get(action="sms.message.sent_again").changes == {"attempts": 1}


def test_an_operator_may_say_that_an_unknown_text_arrived(cast: factories.Cast) -> None:
    message = queue(cast)
    [item] = sending.mark(sending.claim(10))
    recording.record([Result(item, LOST)])
    assert outbound.mark_as_sent(audit.PORTAL, message)
    assert (fresh(message).state, message.attempts.get().outcome) == ("accepted", "accepted")
    assert "SMS Portal" in fresh(message).state_reason
    assert cast.acme.audit_entries.filter(action="sms.message.marked_as_sent").exists()
