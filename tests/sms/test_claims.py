"""The claim statement and the locks, on the engine in use; the races on real PostgreSQL connections."""

import threading
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection, connections, transaction

from sms import claims, optouts, outbound, sending
from sms.models import Message, Sender
from tenants import audit, clock
from tests import factories
from tests.factories import OUR_NUMBER, THEIR_NUMBER
from tests.sms.conftest import let_send

pytestmark = pytest.mark.usefixtures("hinted")
ROUNDS = 15


def queue(cast: factories.Cast, to: str = THEIR_NUMBER) -> Message:
    message = outbound.send(audit.PORTAL, cast.acme, to=to, body="Hello")
    Sender.objects.update(rate=1000, next_send_at=clock.now())
    return message


def at_once(*steps: Callable[[], Any]) -> list[Any]:
    """Run steps at the same moment, each on a connection of its own."""
    barrier = threading.Barrier(len(steps))

    def run(step: Callable[[], Any]) -> Any:
        try:
            barrier.wait(5)
            return step()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(steps)) as pool:
        return [future.result(20) for future in [pool.submit(run, step) for step in steps]]


@pytest.mark.django_db
def test_rows_get_values_of_their_own_and_shared_ones(cast: factories.Cast) -> None:
    let_send(cast)
    one, two, three = (queue(cast, f"+1202555010{n}") for n in range(3, 6))
    claims.write(Message, ("id", "provider_sid"), [(one.pk, "SM1"), (two.pk, "SM2")], due_at=None, state="accepted")
    claims.write(Message, ("id", "provider_sid"), [])
    for message in (one, two, three):
        message.refresh_from_db()
    assert [message.provider_sid for message in (one, two, three)] == ["SM1", "SM2", ""]
    assert [message.state for message in (one, two, three)] == ["accepted", "accepted", "queued"]
    assert one.due_at is None


@pytest.mark.django_db
def test_pairs_have_keys_of_their_own() -> None:
    tenant = uuid.uuid4()
    keys = {
        claims._pair_key((tenant, "a", "b")),
        claims._pair_key((tenant, "a|b", "")),
        claims._pair_key((tenant, "b", "a")),
    }
    assert len(keys) == 3
    with transaction.atomic():
        claims.lock_pairs([], shared=True)
        claims.lock_pairs([(tenant, "a", "b"), (tenant, "b", "a")], shared=True)
        claims.lock_pairs([(tenant, "a", "b")], shared=False)


@pytest.mark.django_db(transaction=True)
def test_two_workers_never_claim_the_same_text() -> None:
    cast = factories.make_cast()
    let_send(cast)
    for _ in range(3):
        expected = {queue(cast, f"+120255501{n:02}").id for n in range(10, 22)}
        both = at_once(lambda: sending.claim(8), lambda: sending.claim(8))
        found = [item.message for claimed in both for item in claimed]
        assert len(found) == len(set(found))
        assert set(found) <= expected
        Message.objects.update(state="canceled")


@pytest.mark.django_db(transaction=True)
def test_several_workers_keep_one_senders_pace() -> None:
    cast = factories.make_cast()
    let_send(cast)
    for n in range(10, 30):
        queue(cast, f"+120255501{n}")
    Sender.objects.update(rate=5)
    with clock.frozen(clock.now()):
        claimed = at_once(*[lambda: sending.claim(50)] * 4)
        assert sum(map(len, claimed)) == 5
        assert sending.claim(50) == []


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_a_claim_does_not_wait_for_a_row_that_another_holds() -> None:
    cast = factories.make_cast()
    let_send(cast)
    held, free = queue(cast), queue(cast, "+12025550111")
    with transaction.atomic():
        Message.objects.select_for_update().get(pk=held.pk)
        [claimed] = at_once(lambda: sending.claim(5))
    assert [item.message for item in claimed] == [free.id]


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_cancel_and_marker_have_an_order() -> None:
    cast = factories.make_cast()
    let_send(cast)
    for _ in range(ROUNDS):
        message = queue(cast)
        claimed = sending.claim(5)
        canceled, marked = at_once(lambda: outbound.cancel(audit.PORTAL, message), lambda: sending.mark(claimed))  # noqa: B023
        assert canceled != bool(marked)
        Message.objects.all().delete()


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_an_opt_out_and_a_marker_have_an_order() -> None:
    cast = factories.make_cast()
    let_send(cast)

    def stop() -> None:
        with transaction.atomic():
            optouts.add(cast.acme, OUR_NUMBER, THEIR_NUMBER, source="text")

    for _ in range(ROUNDS):
        message = queue(cast)
        claimed = sending.claim(5)
        _, marked = at_once(stop, lambda: sending.mark(claimed))  # noqa: B023
        message.refresh_from_db()
        assert message.state == ("sending" if marked else "suppressed")
        cast.acme.opt_outs.all().delete()
        Message.objects.all().delete()


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_a_marker_waits_for_an_opt_out_that_is_being_written() -> None:
    cast = factories.make_cast()
    let_send(cast)
    queue(cast)
    claimed = sending.claim(5)
    pool = ThreadPoolExecutor(1)
    with transaction.atomic():
        optouts.add(cast.acme, OUR_NUMBER, THEIR_NUMBER, source="text")
        waiting = pool.submit(_mark_and_close, claimed)
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_sleep(0.2)")
        assert not waiting.done()
    assert waiting.result(10) == []
    pool.shutdown()


def _mark_and_close(claimed: Any) -> Any:
    try:
        return sending.mark(claimed)
    finally:
        connections.close_all()
