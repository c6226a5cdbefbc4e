"""How the engine in use finds rows: lists and due work by an index each, never by reading every tenant's rows."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest
from django.db import connection, transaction
from django.test import RequestFactory

from sms import delivering, inbound, optouts, outbound, reconcile, reports, retention, sending, sweeps
from sms.composing import matching
from sms.lists import import_places, import_signs, importing
from sms.models import Attempt, Conversation, Message, OptOut, TwilioAccount
from sms.queueing import opening
from sms.showing import counting, figures, log
from sms.twilio.history import Entry, Page, SentText
from sms.webhooks.payloads import StatusReport
from tenants import audit, clock, keyset, removal
from tenants.ids import new_id
from tenants.models import AuditEntry
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


# What sets the copied rows apart from each other; `i` counts them. Half of them are the tenant's own.
_APART = {
    "id": "gen_random_uuid()",
    "tenant_id": "CASE WHEN i % 2 = 0 THEN tenant_id ELSE gen_random_uuid() END",
    "message_id": "gen_random_uuid()",
    "provider_sid": "'SM' || lpad(to_hex(i), 32, '0')",
    "our_address": "'+1303555' || lpad((i % 50)::text, 4, '0')",
    "their_address": "'+1303556' || lpad(i::text, 4, '0')",
    "occurred_at": "occurred_at - make_interval(mins => i)",
    "created_at": "created_at - make_interval(mins => i)",
    "last_message_at": "last_message_at - make_interval(mins => i)",
    "error_code": "CASE WHEN i % 40 = 0 THEN '30003' ELSE '' END",
    "direction": "CASE WHEN i % 3 = 0 THEN 'in' ELSE 'out' END",
    "state": "(ARRAY['accepted', 'queued', 'unknown', 'unrouted', 'held', 'canceled'])[1 + i / 2 % 6]",
    "due_at": "CASE i / 2 % 6 WHEN 1 THEN now() - make_interval(mins => i) END",
}


@contextmanager
def crowd() -> Iterator[None]:
    """Let PostgreSQL plan for a table of thousands, whatever it knows of the few rows of a test; undone at the end."""
    if not ON_POSTGRES:
        yield
        return
    with transaction.atomic(), connection.cursor() as cursor:
        for model in (Message, Attempt, Conversation, OptOut, AuditEntry):
            names = [str(field.column) for field in model._meta.concrete_fields]
            values = ", ".join(_APART.get(name, name) for name in names)
            cursor.execute(
                f"INSERT INTO {model._meta.db_table} ({', '.join(names)}) SELECT {values} FROM "  # noqa: S608
                f"(SELECT * FROM {model._meta.db_table} LIMIT 1) AS one, generate_series(1, 3000) AS i"
            )
            cursor.execute(f"ANALYZE {model._meta.db_table}")
        yield
        transaction.set_rollback(True)


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
    with crowd(), no_whole_tables(), connection.cursor() as cursor:
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
    "message_opening",
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
    audit.record(audit.PORTAL, "sms.message.canceled", message, tenant=cast.acme)
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
    "opening": opening.let_go,
    "unknown": reconcile.search_unknown,
    "silent": reconcile.ask_silent,
    "signs": import_signs.look_out,
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


@pytest.mark.skipif(ON_POSTGRES, reason="among as few held texts as a test has, it may take any index of those")
def test_texts_that_wait_for_the_opening_are_found_by_its_time(message: Message) -> None:
    plans = plans_of(opening.let_go)
    assert any("message_opening" in plan for plan in plans), plans


def test_the_number_a_person_knows_is_found_from_the_last_of_their_texts_back(
    cast: factories.Cast, message: Message
) -> None:
    (plan,) = plans_of(lambda: matching.known_number(cast.acme, cast.trunk.pk, THEIR_NUMBER))
    assert "message_their_address" in plan
    assert not reads_whole(plan, "sms_message"), plan


def test_a_number_of_the_same_area_is_found_among_its_neighbours(cast: factories.Cast) -> None:
    (plan,) = plans_of(lambda: matching.near_numbers(cast.acme, cast.trunk.pk, THEIR_NUMBER))
    assert not reads_whole(plan, "sms_phonenumber"), plan
    # Which of its indexes is cheapest depends on what PostgreSQL has counted lately.
    assert any(name in plan for name in ("phone_number_by_tenant", "phone_number_live_unique", "sms_phonenumber_pool"))


def test_reports_that_came_too_early_are_found_among_themselves(message: Message) -> None:
    attempts = list(message.attempts.all())
    (plan,) = plans_of(lambda: reports.attach_orphans(attempts))
    by_sid = re.search(r"status_event_once.*Cond: .*provider_sid", plan)
    assert "status_event_orphans" in plan or "sms_statusevent_attempt_id" in plan or by_sid, plan


def test_an_attempt_is_found_by_its_sid(cast: factories.Cast, message: Message, rf: RequestFactory) -> None:
    attempt = message.attempts.get()
    report = StatusReport(attempt.provider_sid, attempt.account_sid, "sent", "", "", "", "", "", "", ())
    listed = [SentText(attempt.provider_sid, attempt.account_sid, "sent", "", "Hello", 0, clock.now())]
    request: Any = rf.get("/", {"q": attempt.provider_sid})
    request.tenant, request.member, request.permissions = cast.acme, None, MANAGING
    Attempt.objects.create(
        tenant=cast.acme, message=message, number=2, configuration=cast.configuration, account_sid=attempt.account_sid
    )
    assert list(log.found(request).rows) == [message]
    fresh = Attempt(tenant=cast.acme, message=message, number=3, account_sid=attempt.account_sid)
    for work in (
        lambda: reports.apply_report(cast.acme.id, report),
        lambda: reports.bind(message, fresh, attempt.provider_sid),
        lambda: reconcile._unbound(attempt.account_sid, listed),
        lambda: list(log.found(request).rows),
    ):
        plans = plans_of(work)
        assert any("attempt_sid_once" in plan for plan in plans), plans
        assert not any("SCAN sms_message" in plan for plan in plans), plans
        assert not any(reads_whole(plan, "sms_attempt") for plan in plans), plans


def entry(sid: str, account_sid: str, direction: str) -> Entry:
    now = clock.now()
    return Entry(
        sid, account_sid, direction, "sent", "", "Hello", 0, 1, THEIR_NUMBER, OUR_NUMBER, "", created_at=now, at=now
    )  # fmt: skip


def test_a_page_of_twilios_list_is_compared_by_its_sids(cast: factories.Cast, message: Message) -> None:
    account = TwilioAccount.objects.get(pk=cast.account.pk)
    here = import_places.Here(account)
    places = list(here.places([entry("SM" + "1" * 32, account.account_sid, "inbound")]))
    assert len(places) == 1
    sent = Page((entry(message.attempts.get().provider_sid, account.account_sid, "outbound-api"),), "")
    for work, index in (
        (lambda: importing._unknown_here(account, places), "message_inbound_once"),
        (lambda: importing._take_statuses(here, sent), "attempt_sid_once"),
    ):
        plans = plans_of(work)
        assert any(index in plan for plan in plans), plans
        assert not any(reads_whole(plan, table) for plan in plans for table in ("sms_message", "sms_attempt")), plans


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


def log_of(cast: factories.Cast, **query: str) -> Callable[[], Any]:
    """Open the message log of Acme as its administrator."""
    request: Any = RequestFactory().get("/", query)
    request.tenant, request.member, request.permissions = cast.acme, None, MANAGING
    found = log.found(request)
    return lambda: keyset.page(found.rows, request, among=found.among)


@pytest.mark.parametrize("state", ["unknown", "unrouted", "held", "canceled"])
def test_texts_set_aside_are_looked_for_among_themselves(cast: factories.Cast, message: Message, state: str) -> None:
    plans = plans_of(log_of(cast, state=state))
    assert plans
    for plan in plans:
        # Either index holds only such texts; which costs less depends on how many there are.
        assert "message_aside" in plan or f"message_{state}" in plan, plan
        assert not reads_whole(plan, "sms_message"), plan


@pytest.mark.parametrize(
    "query", [{"q": "word"}, {"q": "+1202"}, {"q": "4567"}, {"state": "failed"}, {"direction": "in"}]
)
def test_a_search_looks_through_one_tenants_texts_in_their_order(
    cast: factories.Cast, message: Message, query: dict[str, str]
) -> None:
    plans = plans_of(log_of(cast, **query))
    assert len(plans) == 2  # where the look ends, and what fits before it
    for plan in plans:
        assert "message_log" in plan, plan
        assert "Sort" not in plan, plan
        assert "TEMP B-TREE" not in plan, plan


def test_a_look_through_the_log_is_bounded_at_both_ends(
    cast: factories.Cast, message: Message, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keyset, "LOOKS", (1,))
    _edge, plan = plans_of(log_of(cast, q="word"))
    bounded = "(occurred_at >= " in plan if ON_POSTGRES else "occurred_at>?" in plan
    assert bounded, plan


def test_a_whole_number_is_found_by_its_own_index(cast: factories.Cast, message: Message) -> None:
    plans = plans_of(log_of(cast, q=THEIR_NUMBER))
    assert any("message_their_address" in plan for plan in plans), plans
    assert not any(reads_whole(plan, "sms_message") for plan in plans), plans


def test_thirty_days_are_read_from_what_was_counted(cast: factories.Cast, message: Message) -> None:
    now = clock.now()
    Message.objects.update(occurred_at=now - timedelta(days=3))
    counting.refresh()
    plans = plans_of(lambda: figures.read(cast.acme.messages.all(), now, days=30, counted_for=cast.acme))
    assert any("usage_day_once" in plan or "SEARCH sms_usageday USING INDEX" in plan for plan in plans), plans
    for plan in plans:
        assert not any(reads_whole(plan, table) for table in ("sms_message", "sms_usageday")), plan


def test_counting_looks_at_new_texts_and_at_those_of_its_tenants(cast: factories.Cast, message: Message) -> None:
    now = clock.now()
    plans = plans_of(lambda: list(counting._touched(now - timedelta(minutes=10))))
    plans += plans_of(lambda: counting.recount([cast.acme.pk], now.date(), now.date()))
    assert len(plans) > 3
    for plan in plans:
        for table in ("sms_message", "sms_attempt", "sms_statusevent", "sms_usageday"):
            assert not reads_whole(plan, table), plan
