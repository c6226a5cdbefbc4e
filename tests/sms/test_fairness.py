"""Nobody waits for anybody else's backlog: whose turn it is, and that finding it costs no look at idle senders."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection

from sms import claims, sending
from sms.models import Configuration, Message, Sender
from sms.queueing import waiting
from tenants import clock
from tests import factories
from tests.factories import OUR_NUMBER, THEIR_NUMBER

pytestmark = pytest.mark.django_db
ON_POSTGRES = connection.vendor == "postgresql"


def senders(configuration: Configuration, count: int, first: int = 0, **values: Any) -> list[Sender]:
    rows = [
        Sender(
            tenant_id=configuration.tenant_id, configuration=configuration, address=f"+1303{first + n:07d}", **values
        )
        for n in range(count)
    ]
    return Sender.objects.bulk_create(rows)


def texts(sender: Sender, count: int, **values: Any) -> list[Message]:
    now = clock.now()
    defaults = {"state": "queued", "occurred_at": now, "due_at": now, "expires_at": now + timedelta(hours=1)}
    rows = [
        Message(
            tenant_id=sender.tenant_id,
            direction="out",
            configuration_id=sender.configuration_id,
            our_address=sender.address,
            their_address=THEIR_NUMBER,
            body="Hello",
            source="api",
            **defaults | values,
        )
        for _ in range(count)
    ]
    return Message.objects.bulk_create(rows)


@pytest.fixture
def other(cast: factories.Cast) -> Configuration:
    """A configuration of the other tenant."""
    return factories.make_configuration(
        cast.globex, factories.make_trunk("Other"), factories.make_account(cast.globex), name="Other"
    )


def test_a_single_text_goes_with_the_next_claim_whatever_another_tenant_has_queued(
    cast: factories.Cast, other: Configuration
) -> None:
    [busy] = senders(cast.configuration, 1, rate=10_000)
    texts(busy, 3000)
    assert len(sending.claim(100)) == 100
    [quiet] = senders(other, 1, first=1, rate=1)
    [single] = texts(quiet, 1)
    with clock.frozen(clock.now() + timedelta(seconds=1)):
        assert single.pk in {item.message for item in sending.claim(2)}


def test_a_tenant_with_hundreds_of_busy_senders_has_one_turn_like_any_other(
    cast: factories.Cast, other: Configuration
) -> None:
    old = clock.now() - timedelta(hours=1)
    for sender in senders(cast.configuration, 2 * waiting.MOST_SENDERS, rate=1, served_at=old):
        texts(sender, 1)
    [quiet] = senders(other, 1, rate=1)
    [single] = texts(quiet, 1)
    assert single.pk in {item.message for item in sending.claim(2)}


def test_senders_of_one_tenant_take_turns(cast: factories.Cast) -> None:
    for sender in senders(cast.configuration, 3, rate=1000):
        texts(sender, 5)
    with clock.frozen(clock.now() + timedelta(seconds=1)):
        assert {item.ours for item in sending.claim(3)} == {"+13030000000", "+13030000001", "+13030000002"}


def test_a_senders_single_texts_go_before_its_bulk(cast: factories.Cast) -> None:
    [sender] = senders(cast.configuration, 1, rate=1000)
    texts(sender, 5, priority=2)
    [single] = texts(sender, 1, priority=1)
    assert [item.message for item in sending.claim(1)] == [single.pk]


def test_a_claim_takes_a_seconds_worth_of_segments_and_always_one_text(cast: factories.Cast) -> None:
    slow, fast = senders(cast.configuration, 2, rate=10)
    Sender.objects.filter(pk=slow.pk).update(rate=1)
    texts(slow, 3, segments=7)
    texts(fast, 9, segments=3)
    with clock.frozen(clock.now() + timedelta(seconds=1)):
        claimed = sending.claim(50)
        assert [item.ours for item in claimed].count(slow.address) == 1
        assert [item.ours for item in claimed].count(fast.address) == 3
        slow.refresh_from_db()
        fast.refresh_from_db()
        assert slow.next_send_at == clock.now() + timedelta(seconds=7)
        assert fast.next_send_at == clock.now() + timedelta(seconds=0.9)
        assert sending.claim(50) == []


def test_an_idle_sender_has_saved_nothing_up(cast: factories.Cast) -> None:
    [sender] = senders(cast.configuration, 1, rate=4, next_send_at=clock.now() - timedelta(days=1))
    texts(sender, 20)
    with clock.frozen(clock.now()):
        assert len(sending.claim(50)) == 4
        assert sending.claim(50) == []
        assert sending.seconds_until_due(5) == pytest.approx(1)


def test_an_account_that_has_enough_in_flight_here_leaves_its_places_to_others(
    cast: factories.Cast, other: Configuration
) -> None:
    [hanging], [free] = senders(cast.configuration, 1, rate=100), senders(other, 1, rate=100)
    texts(hanging, 5)
    texts(free, 5)
    assert {item.ours for item in sending.claim(50, crowded={cast.account.pk})} == {free.address}
    with clock.frozen(clock.now() + timedelta(seconds=1)):
        assert len(sending.claim(50)) == 5


def test_idle_senders_cost_a_claim_nothing(cast: factories.Cast, other: Configuration) -> None:
    idle = senders(cast.configuration, 10_000)
    for sender in (idle[5], idle[9_000]):
        texts(sender, 2)
    texts(senders(other, 1)[0], 1)
    Sender.objects.create(tenant=cast.acme, configuration=cast.configuration, address=OUR_NUMBER)
    asked: list[tuple[str, Any]] = []

    def note(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        asked.append((sql, params))
        return execute(sql, params, many, context)

    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    with connection.execute_wrapper(note):
        found = waiting.roster(clock.now())
    assert len(found.waiting) == 3
    [(sql, params)] = asked
    assert rows_read(sql, params) <= 10
    taken = sending.claim(50)
    assert len(taken) == 3, "a rate of one a second each"


def rows_read(sql: str, params: Any) -> float:
    """Return how many rows of the senders a statement reads; on SQLite, whether it reads them all."""
    with connection.cursor() as cursor:
        if ON_POSTGRES:
            cursor.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {sql}", params)
            said = cursor.fetchone()[0]
            return _of_senders((json.loads(said) if isinstance(said, str) else said)[0]["Plan"])
        cursor.execute(f"EXPLAIN QUERY PLAN {sql}", params)
        plan = [row[3] for row in cursor.fetchall()]
    assert any(step.startswith("SEARCH sender USING") for step in plan), plan
    return 0 if not any(step.startswith("SCAN sender") for step in plan) else 10_000


def _of_senders(node: dict[str, Any]) -> float:
    own = 0.0
    if node.get("Relation Name") == "sms_sender":
        own = (node["Actual Rows"] + node.get("Rows Removed by Filter", 0)) * node["Actual Loops"]
    return own + sum(_of_senders(below) for below in node.get("Plans", ()))


def test_a_statement_s_values_fit_the_engine() -> None:
    assert claims.fetch("SELECT id FROM sms_sender WHERE next_send_at > %s", [clock.now()], ()) == []
