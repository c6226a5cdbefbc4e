"""How the engine in use finds rows: lists and due work by an index each, never by reading every tenant's rows."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest
from django.db import connection
from django.test import RequestFactory

from sms import delivering, figures, inbound, log, optouts, outbound, reconcile, reports, retention, sending, sweeps
from sms.models import Attempt, Message, OptOut
from sms.twilio.history import SentText
from sms.webhooks.payloads import StatusReport
from tenants import audit, clock, keyset, removal
from tenants.ids import new_id
from tenants.roles import MANAGING
from tests import factories
from tests.factories import OUR_NUMBER, THEIR_NUMBER
from tests.sms.conftest import let_send

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("hinted")]
ON_POSTGRES = connection.vendor == "postgresql"


@pytest.fixture
def message(cast: factories.Cast) -> Message:
    """One text that was sent, with its attempt."""
    conversation = factories.make_conversation(cast.acme, OUR_NUMBER, THEIR_NUMBER)
    row = factories.make_inbound(cast.configuration, ours=OUR_NUMBER, theirs=THEIR_NUMBER, conversation=conversation)
    Message.objects.update(direction="out")
    Attempt.objects.create(
        tenant=cast.acme,
        message=row,
        number=1,
        configuration=cast.configuration,
        sender=OUR_NUMBER,
        account_sid=row.account_sid,
        provider_sid=row.provider_sid,
    )
    return row


@contextmanager
def no_whole_tables() -> Iterator[None]:
    """Let PostgreSQL take an index wherever one can serve: for few rows it would read the table."""
    with connection.cursor() as cursor:
        for way in ("seqscan", "bitmapscan") if ON_POSTGRES else ():
            cursor.execute(f"SET LOCAL enable_{way} = off")
        yield
        for way in ("seqscan", "bitmapscan") if ON_POSTGRES else ():
            cursor.execute(f"SET LOCAL enable_{way} = on")


def plans_of(work: Callable[[], Any]) -> list[str]:
    """Do some work and return the plan of each of its statements, one line each."""
    asked: list[tuple[str, Any]] = []

    def note(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        asked.append((sql, params))
        return execute(sql, params, many, context)

    with connection.execute_wrapper(note):
        work()
    explain = "EXPLAIN " if ON_POSTGRES else "EXPLAIN QUERY PLAN "
    found: list[str] = []
    with no_whole_tables(), connection.cursor() as cursor:
        for sql, params in asked:
            if sql.startswith(("SELECT", "UPDATE", "DELETE", "WITH")):
                cursor.execute(explain + sql, params)
                found.append(" | ".join(str(row[0] if ON_POSTGRES else row[3]) for row in cursor.fetchall()))
    return found


# Indexes that hold only the rows that wait, so that reading one from end to end is reading what is asked for.
SMALL = (
    "message_received",
    "message_queued",
    "message_unknown",
    "message_to_check",
    "message_waiting",
    "message_held",
    "message_leased",
    "delivery_due",
    "status_event_orphans",
)


def reads_whole(plan: str, table: str) -> bool:
    """Whether a plan passes over a whole table, in whatever order."""
    steps = [*plan.split(" | "), ""]
    for step, below in pairwise(steps):
        whole = f"SCAN {table}" in step or f"Seq Scan on {table}" in step
        by_id = f"using {table}_pkey on {table} " in step and "Cond:" not in below
        if (whole or by_id) and not any(name in step for name in SMALL):
            return True
    return False


def assert_page(rows: Any, at: str, index: str) -> None:
    """The page after a place is read from the index, from that place on and in its order."""
    place = keyset.Cursor(clock.now() - timedelta(days=1), new_id())
    request = RequestFactory().get("/", {"before": f"{place.id.hex}t1700000000000000"})
    (plan,) = plans_of(lambda: keyset.page(rows, request, at=at))
    assert index in plan
    assert "Sort" not in plan
    assert "TEMP B-TREE" not in plan
    bounded = f"({at} <= " in plan if ON_POSTGRES else f"AND {at}<?" in plan
    assert bounded, plan


def test_every_long_list_turns_its_pages_by_an_index(cast: factories.Cast, message: Message) -> None:
    OptOut.objects.create(tenant=cast.acme, our_address=OUR_NUMBER, their_address=THEIR_NUMBER, source="person")
    assert_page(cast.acme.messages.all(), "occurred_at", "message_log")
    assert_page(Message.objects.filter(conversation=message.conversation), "occurred_at", "message_thread")
    assert_page(cast.acme.conversations.all(), "last_message_at", "conversation_list")
    assert_page(cast.acme.opt_outs.all(), "created_at", "opt_out_list")
    assert_page(cast.acme.audit_entries.all(), "occurred_at", "audit_by_tenant")


WORK: dict[str, Callable[[], Any]] = {
    "claim": lambda: sending.claim(50),
    "has_due": sending.has_due,
    "until_due": lambda: sending.seconds_until_due(30),
    "announce": sweeps.announce_due,
    "leases": sweeps.end_leases,
    "expire": sweeps.expire,
    "release": inbound.release,
    "unknown": reconcile.search_unknown,
    "silent": reconcile.ask_silent,
    "inbound": inbound.work,
    "deliver": delivering.work,
}


@pytest.mark.parametrize("name", WORK)
def test_due_work_is_found_without_looking_at_every_row(message: Message, name: str) -> None:
    Message.objects.update(state="accepted", due_at=None)
    for plan in plans_of(WORK[name]):
        for table in ("sms_message", "sms_delivery", "sms_attempt", "sms_statusevent"):
            assert not reads_whole(plan, table), plan


def test_a_claim_takes_a_sender_s_texts_from_their_own_queue(cast: factories.Cast, message: Message) -> None:
    let_send(cast)
    outbound.send(audit.PORTAL, cast.acme, to=THEIR_NUMBER, body="Hello")
    claimed: list[sending.Claimed] = []
    plans = plans_of(lambda: claimed.extend(sending.claim(5)))
    assert len(claimed) == 1
    assert any("message_waiting" in plan and "picked" in plan for plan in plans), plans
    assert not any(reads_whole(plan, table) for plan in plans for table in ("sms_message", "sms_attempt")), plans


def test_what_waits_for_somebody_who_opted_out_is_found_by_the_pair(cast: factories.Cast, message: Message) -> None:
    for plan in plans_of(lambda: optouts.close_waiting(cast.acme, OUR_NUMBER, THEIR_NUMBER)):
        assert not reads_whole(plan, "sms_message"), plan


def test_reports_that_came_too_early_are_found_among_themselves(message: Message) -> None:
    attempts = list(message.attempts.all())
    (plan,) = plans_of(lambda: reports.attach_orphans(attempts))
    assert "status_event_orphans" in plan or "sms_statusevent_attempt_id" in plan, plan


def test_an_attempt_is_found_by_its_sid(cast: factories.Cast, message: Message, rf: RequestFactory) -> None:
    attempt = message.attempts.get()
    report = StatusReport(attempt.provider_sid, attempt.account_sid, "sent", "", "", "", "", "", "", ())
    listed = [SentText(attempt.provider_sid, attempt.account_sid, "sent", "", "Hello", 0, clock.now())]
    request: Any = rf.get("/", {"q": attempt.provider_sid})
    request.tenant, request.member, request.permissions = cast.acme, None, MANAGING
    Attempt.objects.create(
        tenant=cast.acme, message=message, number=2, configuration=cast.configuration, account_sid=attempt.account_sid
    )
    assert list(log.found(request)) == [message]
    fresh = Attempt(tenant=cast.acme, message=message, number=3, account_sid=attempt.account_sid)
    for work in (
        lambda: reports.apply_report(cast.acme.id, report),
        lambda: reports.bind(message, fresh, attempt.provider_sid),
        lambda: reconcile._unbound(attempt.account_sid, listed),
        lambda: list(log.found(request)),
    ):
        plans = plans_of(work)
        assert any("attempt_sid_once" in plan for plan in plans), plans
        assert not any("SCAN sms_message" in plan for plan in plans), plans
        assert not any(reads_whole(plan, "sms_attempt") for plan in plans), plans


def test_erasing_looks_only_at_what_is_erased(cast: factories.Cast, message: Message) -> None:
    Message.objects.update(due_at=None, occurred_at=clock.now() - timedelta(days=9))
    cast.acme.keep_messages_days = cast.acme.keep_bodies_days = 5
    plans = plans_of(lambda: retention._of_tenant(cast.acme, clock.now()))
    assert not Message.objects.filter(pk=message.pk).exists()
    for plan in plans:
        assert not any(reads_whole(plan, table) for table in ("sms_message", "sms_attempt", "sms_statusevent")), plan


def test_removing_a_member_does_not_look_at_every_message(cast: factories.Cast, message: Message) -> None:
    plans = plans_of(cast.bob.delete)
    assert any("message_author" in plan for plan in plans)
    assert not any(reads_whole(plan, "sms_message") for plan in plans)


def test_a_purge_takes_the_rows_of_its_tenant_by_their_index(cast: factories.Cast, message: Message) -> None:
    plans = plans_of(lambda: removal._erase(Message.objects.filter(tenant=cast.acme)))
    assert not any(reads_whole(plan, "sms_message") for plan in plans)


def test_lost_deliveries_are_counted_from_those_that_ended(cast: factories.Cast, message: Message) -> None:
    since = clock.now() - timedelta(days=7)
    (plan,) = plans_of(lambda: figures.undelivered_to_destination(cast.acme, since))
    assert not reads_whole(plan, "sms_delivery"), plan
    assert not reads_whole(plan, "sms_message"), plan
