"""What Twilio reports: in any order, twice, too early, for the wrong text; and what each does to a message."""

from itertools import permutations
from typing import Any

import pytest

from sms import callbacks, outbound, reports, sending
from sms.models import Configuration, Message, OptOut, Sender, StatusEvent
from sms.queueing import recording
from sms.queueing.outcomes import Answer
from sms.queueing.recording import Result
from sms.sending import Claimed
from sms.webhooks.payloads import StatusReport
from tenants import audit, clock
from tenants.models import Tenant
from tests import factories
from tests.factories import OUR_NUMBER, THEIR_NUMBER
from tests.sms.conftest import let_send

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("hinted")]

SID, OTHER_SID = "SM" + "1" * 32, "SM" + "2" * 32


@pytest.fixture
def cast(db: None) -> factories.Cast:
    cast = factories.make_cast()
    let_send(cast)
    return cast


def report(cast: factories.Cast, status: str, sid: str = SID, code: str = "", account: str = "") -> StatusReport:
    account = account or cast.account.account_sid
    return StatusReport(sid, account, status, code, "", OUR_NUMBER, THEIR_NUMBER, "", "", (("MessageStatus", status),))


def apply(cast: factories.Cast, message: Message, status: str, number: int = 1, **wanted: Any) -> StatusEvent:
    return told(cast.acme, message, report(cast, status, **wanted), number)


def told(tenant: Tenant, message: Message, found: StatusReport, number: int = 1) -> StatusEvent:
    """Store a callback as the web server does, apply it as a worker does, and return what is kept of it."""
    callbacks.store(tenant.id, found, message_id=message.id, attempt_number=number)
    callbacks.apply_due()
    message.refresh_from_db()
    assert not callbacks.has_due()
    return StatusEvent.objects.get(
        tenant=tenant,
        account_sid=found.account_sid,
        provider_sid=found.message_sid,
        status=found.status,
        error_code=found.error_code,
    )


def posting(cast: factories.Cast) -> tuple[Message, Claimed]:
    """Return a text that is being posted."""
    message = outbound.send(audit.PORTAL, cast.acme, to=THEIR_NUMBER, body="Hello")
    Sender.objects.update(rate=1000, next_send_at=clock.now())
    [item] = sending.mark(sending.claim(1))
    message.refresh_from_db()
    return message, item


def answered(cast: factories.Cast, answer: Answer) -> Message:
    message, item = posting(cast)
    recording.record([Result(item, answer)])
    message.refresh_from_db()
    return message


def accepted(cast: factories.Cast, sid: str = SID) -> Message:
    return answered(cast, Answer(201, sid=sid, status="queued"))


def unknown(cast: factories.Cast) -> Message:
    return answered(cast, Answer(text="timeout"))


@pytest.mark.parametrize("order", list(permutations(["sending", "sent", "delivered"])))
def test_in_any_order_the_highest_status_wins(cast: factories.Cast, order: tuple[str, ...]) -> None:
    message = accepted(cast)
    for status in order:
        apply(cast, message, status)
    assert message.provider_status == "delivered"
    assert StatusEvent.objects.count() == 3


def test_the_same_report_twice_is_one_event(cast: factories.Cast) -> None:
    message = accepted(cast)
    version = message.conversation.version  # type: ignore[union-attr]
    apply(cast, message, "sent")
    apply(cast, message, "sent")
    assert StatusEvent.objects.count() == 1
    message.conversation.refresh_from_db()  # type: ignore[union-attr]
    assert message.conversation.version > version  # type: ignore[union-attr]


def test_a_late_receipt_turns_undelivered_into_delivered(cast: factories.Cast) -> None:
    message = accepted(cast)
    apply(cast, message, "undelivered", code="30003")
    assert (message.provider_status, message.error_code, message.due_at) == ("undelivered", "30003", None)
    apply(cast, message, "delivered")
    assert (message.provider_status, message.error_code) == ("delivered", "")


def test_failed_never_undoes_delivered(cast: factories.Cast) -> None:
    message = accepted(cast)
    apply(cast, message, "delivered")
    apply(cast, message, "failed", code="30008")
    assert (message.provider_status, message.error_code) == ("delivered", "")


def test_a_word_that_is_not_known_is_an_event_and_nothing_more(cast: factories.Cast) -> None:
    message = accepted(cast)
    assert apply(cast, message, "pondering").attempt is not None
    assert message.provider_status == "queued"
    assert StatusEvent.objects.get().status == "pondering"


def test_a_report_may_come_before_the_answer(cast: factories.Cast) -> None:
    message, item = posting(cast)
    apply(cast, message, "sent")
    assert (message.state, message.provider_sid, message.provider_status) == ("accepted", SID, "sent")
    recording.record([Result(item, Answer(201, sid=SID, status="queued"))])
    message.refresh_from_db()
    assert (message.state, message.provider_status) == ("accepted", "sent")


def test_a_report_settles_an_unknown_text(cast: factories.Cast) -> None:
    message = unknown(cast)
    apply(cast, message, "delivered")
    attempt = message.attempts.get()
    assert (message.state, message.provider_sid, message.state_reason) == ("accepted", SID, "")
    assert (attempt.outcome, attempt.provider_sid, attempt.provider_status) == ("accepted", SID, "delivered")


def test_a_report_stops_the_second_try_of_a_text_that_twilio_has(cast: factories.Cast) -> None:
    message = unknown(cast)
    outbound.send_again(audit.PORTAL, message)
    apply(cast, message, "sent")
    assert (message.state, message.provider_status) == ("accepted", "sent")
    assert sending.claim(10) == []


def test_a_report_calls_back_a_second_try_that_is_only_leased(cast: factories.Cast) -> None:
    message = unknown(cast)
    outbound.send_again(audit.PORTAL, message)
    Sender.objects.update(next_send_at=clock.now())
    claimed = sending.claim(10)
    assert [item.number for item in claimed] == [2]
    apply(cast, message, "sent", number=1)
    assert (message.state, message.provider_sid, message.provider_status) == ("accepted", SID, "sent")
    assert sending.mark(claimed) == []
    assert message.attempts.get(number=2).outcome == "not_sent"
    apply(cast, message, "delivered", number=1)
    assert message.provider_status == "delivered"


def test_a_text_that_twilio_took_twice_is_said_to_be(cast: factories.Cast) -> None:
    message = unknown(cast)
    outbound.send_again(audit.PORTAL, message)
    Sender.objects.update(next_send_at=clock.now())
    [item] = sending.mark(sending.claim(10))
    apply(cast, message, "sent", number=1)
    assert (message.state, message.provider_sid) == ("sending", "")
    recording.record([Result(item, Answer(201, sid=OTHER_SID, status="queued"))])
    assert apply(cast, message, "delivered", number=1).note == "possible_double_send"
    assert (message.provider_sid, message.provider_status) == (OTHER_SID, "queued")
    assert message.attempts.get(number=1).provider_status == "delivered"


def test_a_report_for_an_older_attempt_moves_that_attempt_only(cast: factories.Cast) -> None:
    message = accepted(cast)
    apply(cast, message, "undelivered", code="30003")
    outbound.send_again(audit.PORTAL, message)
    apply(cast, message, "delivered", number=1)
    assert (message.state, message.provider_status) == ("queued", "")
    assert message.attempts.get(number=1).provider_status == "delivered"


def test_a_text_that_a_person_marked_as_sent_still_gets_its_sid(cast: factories.Cast) -> None:
    message = unknown(cast)
    outbound.mark_as_sent(audit.PORTAL, message)
    apply(cast, message, "delivered")
    assert (message.provider_sid, message.provider_status) == (SID, "delivered")
    assert "Marked as sent" in message.state_reason


@pytest.mark.parametrize("state", ["canceled", "expired", "suppressed", "rejected"])
def test_a_text_is_not_said_to_be_unsent_once_twilio_shows_an_earlier_attempt(cast: factories.Cast, state: str) -> None:
    message = unknown(cast)
    outbound.send_again(audit.PORTAL, message)
    Message.objects.update(state=state, state_reason="Somebody stopped it", due_at=None)
    apply(cast, message, "sent")
    assert (message.state, message.provider_sid, message.provider_status) == ("accepted", SID, "sent")
    assert message.state_reason == ""


def test_another_sid_for_the_same_attempt_is_a_mismatch(cast: factories.Cast) -> None:
    message = accepted(cast)
    event = apply(cast, message, "delivered", sid=OTHER_SID)
    assert (event.note, message.provider_status) == ("sid_mismatch", "queued")


def test_a_sid_that_another_text_has_binds_nothing(cast: factories.Cast) -> None:
    accepted(cast)
    second = unknown(cast)
    assert apply(cast, second, "delivered").note == "sid_mismatch"
    assert second.state == "unknown"


def test_another_account_moves_nothing(cast: factories.Cast) -> None:
    message = accepted(cast)
    event = apply(cast, message, "delivered", account="AC" + "9" * 32)
    assert (event.note, message.provider_status) == ("account_mismatch", "queued")


def test_a_report_for_a_text_of_another_tenant_is_an_orphan_of_its_own(cast: factories.Cast) -> None:
    message = accepted(cast)
    found = report(cast, "delivered")
    event = told(cast.globex, message, found)
    assert (event.attempt, event.tenant_id, message.provider_status) == (None, cast.globex.id, "queued")


def test_a_report_for_an_attempt_that_never_was_is_kept(cast: factories.Cast) -> None:
    message = accepted(cast)
    assert apply(cast, message, "delivered", number=7, sid=OTHER_SID).attempt is None


def test_reports_that_came_too_early_are_attached_when_the_sid_is_known(cast: factories.Cast) -> None:
    reports.apply_report(cast.acme.id, report(cast, "delivered"))
    reports.apply_report(cast.acme.id, report(cast, "sent"))
    reports.apply_report(cast.acme.id, report(cast, "sent", account="AC" + "9" * 32))
    message = accepted(cast)
    assert message.provider_status == "delivered"
    events = StatusEvent.objects.filter(attempt__message=message)
    assert sorted(event.status for event in events) == ["delivered", "sent"]
    assert StatusEvent.objects.filter(attempt=None).count() == 1


def test_a_report_without_our_address_is_found_by_its_sid(cast: factories.Cast) -> None:
    message = accepted(cast)
    reports.apply_report(cast.acme.id, report(cast, "delivered"), source="fetch")
    message.refresh_from_db()
    assert message.provider_status == "delivered"


def test_a_recipient_who_opted_out_after_acceptance_is_noted(cast: factories.Cast) -> None:
    apply(cast, accepted(cast), "undelivered", code="21610")
    assert OptOut.objects.get().source == "twilio"


def test_an_account_that_is_suspended_after_acceptance_holds_the_queue(cast: factories.Cast) -> None:
    apply(cast, accepted(cast), "failed", code="30002")
    assert Configuration.objects.get().held_reason == "30002"
    assert cast.acme.audit_entries.filter(action="sms.configuration.held").exists()


@pytest.mark.parametrize(("sender", "stopped"), [("", "30034"), ("MG" + "0" * 32, "")])
def test_a_number_that_us_networks_do_not_know_is_stopped(cast: factories.Cast, sender: str, stopped: str) -> None:
    message = accepted(cast)
    sender = sender or message.our_address
    message.attempts.update(sender=sender)
    apply(cast, message, "undelivered", code="30034")
    assert Sender.objects.get().stopped_reason == stopped
    assert Configuration.objects.get().held_reason == ""


def test_an_ordinary_failure_asks_for_nothing_more(cast: factories.Cast) -> None:
    apply(cast, accepted(cast), "undelivered", code="30003")
    assert not OptOut.objects.exists()
    assert Configuration.objects.get().held_reason == ""
