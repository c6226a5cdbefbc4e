"""Deliveries that wait for others: fair, each by itself, with an end; kept when given up, and tried again on a word."""

import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.core import mail as outbox
from django.db import connections

from sms import delivering, delivery_rounds, outbound
from sms.delivery_rounds import Round
from sms.destinations import DeliveryFailed, DeliverySkipped
from sms.destinations import mail as mail_destination
from sms.destinations import reply as reply_destination
from sms.models import Configuration, Delivery, Message
from sms.queueing import slots
from tenants import audit, clock
from tenants.models import Tenant
from tests import factories
from tests.factories import OUR_NUMBER, THEIR_NUMBER
from tests.servers import wait_until
from tests.sms.conftest import let_send

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("hinted")]


@pytest.fixture(autouse=True)
def nothing_left_behind() -> Iterator[None]:
    delivery_rounds._left.clear()
    yield
    delivery_rounds._left.clear()


@pytest.fixture
def globex(cast: factories.Cast) -> Configuration:
    return factories.make_configuration(cast.globex, cast.trunk, factories.make_account(cast.globex), name="Globex")


def due(configuration: Configuration, kind: str = "email", count: int = 1, **fields: Any) -> list[Delivery]:
    """Write deliveries of texts that have just come in, each due a little later than the one before."""
    rows = []
    for n in range(count):
        message = factories.make_inbound(configuration, ours=OUR_NUMBER, theirs=THEIR_NUMBER, state="routed")
        settings = {"address": f"desk{n}@{configuration.tenant.slug}.example", "text": "We are closed."}
        given = {"kind": kind, "settings": settings, "label": settings["address"]} | fields
        rows.append(Delivery.objects.create(tenant=configuration.tenant, message=message, **given))
    return rows


def states(tenant: Tenant) -> list[str]:
    return sorted(tenant.deliveries.values_list("state", flat=True))


Deliver = Callable[[Delivery], None]


@pytest.fixture
def mails(monkeypatch: pytest.MonkeyPatch) -> Callable[[Deliver], None]:
    return lambda deliver: monkeypatch.setattr(mail_destination, "deliver", deliver)


# --- Nobody waits for others ---


def test_a_destination_that_hangs_holds_up_nobody_elses(
    cast: factories.Cast, globex: Configuration, mails: Callable[[Deliver], None]
) -> None:
    """Ten texts of Acme's wait for a mail server that answers only once Globex's text, which came last, is through."""
    reached = threading.Event()

    def deliver(delivery: Delivery) -> None:
        if delivery.tenant == cast.globex:
            reached.set()
        elif not reached.wait(15):
            raise DeliveryFailed("Globex was never served", permanent=True)

    due(cast.configuration, count=10)
    due(globex)
    mails(deliver)
    assert delivering.work() == 11
    assert set(states(cast.globex) + states(cast.acme)) == {"delivered"}


def test_a_full_house_still_answers_what_needs_nobody_else(
    cast: factories.Cast, mails: Callable[[Deliver], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    answered = threading.Event()
    monkeypatch.setattr(delivery_rounds, "MOST_AT_ONCE", 2)
    monkeypatch.setattr(reply_destination, "deliver", lambda delivery: answered.set())

    def deliver(delivery: Delivery) -> None:
        if not answered.wait(15):
            raise DeliveryFailed("The answers were never sent", permanent=True)

    mails(deliver)
    due(cast.configuration, count=4)
    due(cast.configuration, kind="auto_reply")
    assert delivering.work() == 5
    assert set(states(cast.acme)) == {"delivered"}


def test_tenants_have_their_turns(cast: factories.Cast, globex: Configuration, monkeypatch: pytest.MonkeyPatch) -> None:
    order: list[str] = []
    monkeypatch.setattr(reply_destination, "deliver", lambda delivery: order.append(delivery.tenant.slug))
    due(cast.configuration, kind="auto_reply", count=60)
    due(globex, kind="auto_reply", count=2)
    assert delivering.work() == 62
    assert order[:6] == ["acme"] * delivery_rounds.SHARE + ["globex"] * 2
    assert len(order) == 62


# --- An end by the wall clock ---


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delivery_rounds, "DEADLINE_SECONDS", 0.2)
    monkeypatch.setattr(delivery_rounds, "_LOOK_AGAIN", 0.05)


@pytest.mark.usefixtures("short")
def test_what_never_ends_is_left_behind_and_counts_as_long_as_it_lives(
    cast: factories.Cast, globex: Configuration, mails: Callable[[Deliver], None]
) -> None:
    free = threading.Event()
    late: list[str] = []

    def deliver(delivery: Delivery) -> None:
        if delivery.tenant == cast.acme:
            free.wait(30)
            late.append(delivery.label)

    mails(deliver)
    hanging = due(cast.configuration, count=delivery_rounds.SHARE)
    assert delivering.work() == delivery_rounds.SHARE
    assert set(states(cast.acme)) == {"pending"}
    assert {row.last_error for row in cast.acme.deliveries.all()} == {"No answer within 0 seconds."}
    waiting = due(cast.configuration)
    due(globex)
    assert Round(lambda: False).has_more()
    assert delivering.work() == 1
    assert states(cast.globex) == ["delivered"]
    # All of Acme's places are held by the dead: its new text waits, and no worker turns in circles over it.
    assert not Round(lambda: False).has_more()
    free.set()
    wait_until(lambda: len(late) == len(hanging), 30, lambda: f"still waiting: {late}")
    for threads in delivery_rounds._left.values():
        for thread in threads:
            thread.join(30)
    assert {row.tries for row in cast.acme.deliveries.exclude(pk=waiting[0].pk)} == {1}
    assert set(states(cast.acme)) == {"pending"}
    assert delivering.work() == 1
    assert states(cast.acme).count("delivered") == 1


@pytest.fixture
def dripping_server() -> Iterator[int]:
    """A mail server that greets for ever, a byte at a time: no time-out of a socket ever strikes."""
    over = threading.Event()

    def drip(client: socket.socket) -> None:
        with client:
            while not over.wait(0.02):
                try:
                    client.sendall(b"2")
                except OSError:
                    return

    def serve(server: socket.socket) -> None:
        while True:
            try:
                client, _ = server.accept()
            except OSError:
                return
            threading.Thread(target=drip, args=(client,), daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=serve, args=(server,), daemon=True)
        thread.start()
        yield server.getsockname()[1]
        over.set()
        server.shutdown(socket.SHUT_RDWR)
        thread.join(30)


@pytest.mark.usefixtures("short")
def test_a_mail_server_that_drips_is_given_up(cast: factories.Cast, settings: Any, dripping_server: int) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_TIMEOUT = "127.0.0.1", dripping_server, 10
    [delivery] = due(cast.configuration)
    assert delivering.work() == 1
    delivery.refresh_from_db()
    assert (delivery.state, delivery.last_error) == ("pending", "No answer within 0 seconds.")


def test_a_mail_server_that_is_away_is_tried_again(cast: factories.Cast, settings: Any) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    with socket.create_server(("127.0.0.1", 0)) as closed:
        settings.EMAIL_HOST, settings.EMAIL_PORT = closed.getsockname()
    [delivery] = due(cast.configuration)
    delivering.work()
    delivery.refresh_from_db()
    assert delivery.state == "pending"
    assert delivery.last_error.startswith("The mail server did not take it")


# --- Leases, ladders ---


def test_a_late_end_changes_nothing_that_another_worker_has_taken_since(cast: factories.Cast) -> None:
    [delivery] = due(cast.configuration)
    late = delivering.take(delivery)
    Delivery.objects.update(due_at=clock.in_seconds(-1))
    again = Delivery.objects.get()
    token = delivering.take(again)
    assert token
    delivering.settle(delivery, late, DeliveryFailed("late", permanent=True))
    assert Delivery.objects.get().state == "delivering"
    delivering.settle(again, token, None)
    delivering.settle(again, token, DeliveryFailed("after the end", permanent=True))
    assert Delivery.objects.get().state == "delivered"


def test_a_worker_that_dies_leaves_its_delivery_to_the_next(cast: factories.Cast) -> None:
    now = clock.now()
    with clock.frozen(now):
        [delivery] = due(cast.configuration)
        assert delivering.take(delivery)
        assert delivering.work() == 0
    with clock.frozen(now + timedelta(seconds=121)):
        assert delivering.work() == 1
    assert Delivery.objects.get().state == "delivered"
    assert len(outbox.outbox) == 1


def test_what_kills_every_worker_is_given_up_in_the_end(cast: factories.Cast) -> None:
    due(cast.configuration)
    most = len(mail_destination.LADDER) + 1
    for _ in range(most):
        Delivery.objects.update(due_at=clock.in_seconds(-1))
        assert delivering.take(Delivery.objects.get())
    Delivery.objects.update(due_at=clock.in_seconds(-1))
    assert not delivering.take(Delivery.objects.get())
    delivery = Delivery.objects.get()
    assert (delivery.state, delivery.last_error) == ("exhausted", "The worker stopped while it was trying.")


@pytest.mark.parametrize("scale", [1.0, 0.1])
def test_each_destination_has_its_own_ladder_which_scales_with_time(
    cast: factories.Cast, settings: Any, scale: float
) -> None:
    settings.TIME_SCALE = scale
    now = clock.now()
    with clock.frozen(now):
        for kind, module in delivering.DESTINATIONS.items():
            for tries, seconds in enumerate(module.LADDER, 1):
                [delivery] = due(cast.configuration, kind, tries=tries - 1)
                delivering.settle(delivery, delivering.take(delivery), DeliveryFailed("away"))
                delivery.refresh_from_db()
                assert delivery.due_at == now + timedelta(seconds=seconds * scale), (kind, tries)
    assert sum(reply_destination.LADDER) < 600 < sum(mail_destination.LADDER)


def test_an_automatic_reply_is_not_sent_when_it_would_come_too_late(cast: factories.Cast) -> None:
    let_send(cast)
    [delivery] = due(cast.configuration, "auto_reply")
    with clock.frozen(clock.now() + timedelta(minutes=11)):
        delivering.work()
    delivery.refresh_from_db()
    assert delivery.state == "skipped"
    assert "too late" in delivery.last_error
    assert not Message.objects.filter(direction="out").exists()


def test_an_answer_that_was_sent_just_before_its_worker_died_is_sent_once(cast: factories.Cast) -> None:
    let_send(cast)
    [delivery] = due(cast.configuration, "auto_reply")
    assert delivering.take(delivery)
    assert delivering.attempt(delivery) is None
    Delivery.objects.update(due_at=clock.in_seconds(-1))
    assert delivering.work() == 1
    assert Delivery.objects.get().state == "delivered"
    assert Message.objects.filter(direction="out").count() == 1


def test_what_is_asked_to_stop_takes_nothing_more(cast: factories.Cast) -> None:
    due(cast.configuration, count=3)
    assert delivering.work(lambda: True) == 0
    assert set(states(cast.acme)) == {"pending"}


# --- Given up, and tried again ---


def test_a_failed_delivery_is_tried_again_from_the_start_of_its_ladder(cast: factories.Cast, hinted: list[str]) -> None:
    [delivery] = due(cast.configuration, state="exhausted", tries=7, last_error="away")
    hinted.clear()
    assert delivering.replay(audit.PORTAL, delivery)
    assert delivering.work() == 1
    delivery.refresh_from_db()
    assert (delivery.state, delivery.tries) == ("delivered", 1)
    entry = cast.acme.audit_entries.get(action="sms.delivery.replayed")
    assert entry.target_id == delivery.message_id.hex
    assert not delivering.replay(audit.PORTAL, delivery)
    assert cast.acme.audit_entries.filter(action="sms.delivery.replayed").count() == 1


def test_all_that_failed_is_tried_again_at_once_and_nothing_else(cast: factories.Cast, globex: Configuration) -> None:
    due(cast.configuration, count=3, state="exhausted")
    for kind in ("member", "auto_reply"):
        due(cast.configuration, kind, state="exhausted")
    due(cast.configuration, state="delivered", delivered_at=clock.now())
    due(globex, state="exhausted")
    assert delivering.replay_all(audit.PORTAL, cast.acme, Delivery.objects.all()) == 3
    assert states(cast.acme) == ["delivered", "exhausted", "exhausted", "pending", "pending", "pending"]
    assert states(cast.globex) == ["exhausted"]
    assert cast.acme.audit_entries.get(action="sms.deliveries.replayed").changes == {"count": 3}
    assert delivering.replay_all(audit.PORTAL, cast.acme, Delivery.objects.filter(kind="member")) == 0
    assert cast.acme.audit_entries.count() == 1


# --- Not all workers at once ---


def test_two_rounds_run_on_a_machine_and_a_third_leaves_the_workers_to_others(
    cast: factories.Cast, settings: Any, tmp_path: Any, hinted: list[str]
) -> None:
    settings.VAR_DIR = tmp_path
    due(cast.configuration)
    hinted.clear()
    with slots.one_of("deliver", 2) as first, slots.one_of("deliver", 2) as second:
        assert (first, second) == (True, True)
        assert delivery_rounds.work_in_turn(lambda: False) == 0
    assert states(cast.acme) == ["pending"]
    assert delivery_rounds.work_in_turn(lambda: False) == 1
    assert hinted == []


def test_a_round_that_leaves_something_says_so(
    cast: factories.Cast, settings: Any, tmp_path: Any, hinted: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.VAR_DIR = tmp_path
    monkeypatch.setattr(Round, "run", lambda self: 0)
    due(cast.configuration)
    hinted.clear()
    delivery_rounds.work_in_turn(lambda: False)
    assert hinted == ["deliver"]


def test_a_process_that_is_killed_frees_its_place(settings: Any, tmp_path: Any) -> None:
    settings.VAR_DIR = tmp_path
    reader, writer = os.pipe()
    child = os.fork()
    if not child:
        with slots.one_of("test", 1):
            os.write(writer, b"held")
            time.sleep(60)
        os._exit(0)
    assert os.read(reader, 4) == b"held"
    with slots.one_of("test", 1) as free:
        assert not free
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    with slots.one_of("test", 1) as free:
        assert free
    os.close(reader)
    os.close(writer)


def test_without_a_folder_for_locks_everybody_has_a_place(settings: Any, tmp_path: Any) -> None:
    settings.VAR_DIR = tmp_path / "file"
    settings.VAR_DIR.write_text("not a folder")
    with slots.one_of("test", 1) as first, slots.one_of("test", 1) as second:
        assert (first, second) == (True, True)


# --- Machines that answer machines ---


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_six_answers_to_one_pair_at_the_same_moment_are_three() -> None:
    cast = factories.make_cast()
    let_send(cast)
    conversation = factories.make_conversation(cast.acme, OUR_NUMBER, THEIR_NUMBER)
    deliveries = due(cast.configuration, "auto_reply", count=6)
    Message.objects.update(conversation=conversation)
    together = threading.Barrier(len(deliveries))

    def answer(delivery: Delivery) -> Exception | None:
        try:
            row = Delivery.objects.select_related("message__tenant", "message__conversation").get(pk=delivery.pk)
            together.wait(30)
            return delivering.attempt(row)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(deliveries)) as pool:
        ends = list(pool.map(answer, deliveries))
    assert sorted(type(end).__name__ for end in ends) == ["DeliverySkipped"] * 3 + ["NoneType"] * 3
    assert Message.objects.filter(source="auto_reply").count() == reply_destination.LOOP_CEILING
    assert all(isinstance(end, DeliverySkipped) for end in ends if end)
    assert outbound.cancel(audit.PORTAL, Message.objects.filter(source="auto_reply").first())
