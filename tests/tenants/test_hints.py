"""Hints: after commit, coalesced, never in a request's way, whatever the broker does."""

import logging
import os
import select
import socket
import subprocess
import threading

import pytest
import redis
from django.db import transaction
from django.test import Client

from portal import broker
from portal.celery import app
from rules.changing import usual
from sms import outbound, sweeps
from sms.models import Message
from sms.webhooks import registry
from tenants import api_keys, audit, hints
from tests.factories import THEIR_NUMBER
from tests.servers import wait_until
from tests.sms.webhook_client import BASE, path_of, post, text


class Published:
    """Stands for the broker: notes each hint, and holds the publishing thread while told to."""

    def __init__(self):
        self.queues, self.began, self.free = [], threading.Event(), threading.Event()
        self.free.set()
        self.count = threading.Semaphore(0)

    def __call__(self, queue):
        self.began.set()
        assert self.free.wait(30)
        self.queues.append(queue)
        self.count.release()

    def wait_for(self, number):
        for _ in range(number):
            assert self.count.acquire(timeout=30)


@pytest.fixture
def published(monkeypatch):
    broker = Published()
    monkeypatch.setattr(hints, "_publish", broker)
    monkeypatch.setattr(hints, "_PAUSE_SECONDS", 0.001)
    yield broker
    broker.free.set()


def drained(published):
    """Wait until everything noted so far has been published."""
    known = len(published.queues)
    hints.note("maint-test")
    while "maint-test" not in published.queues[known:]:
        published.wait_for(1)
    return [queue for queue in published.queues if queue != "maint-test"]


# --- When ---


@pytest.mark.django_db(transaction=True)
def test_a_hint_is_published_only_after_the_commit(published):
    with transaction.atomic():
        hints.hint("send")
        assert drained(published) == []
    published.wait_for(1)
    assert "send" in published.queues


@pytest.mark.django_db(transaction=True)
def test_nothing_is_published_when_the_transaction_is_undone(published):
    with transaction.atomic():
        hints.hint("send")
        transaction.set_rollback(True)
    assert drained(published) == []


@pytest.mark.django_db(transaction=True)
def test_nothing_is_published_for_an_inner_step_that_is_undone(published):
    with transaction.atomic():
        with transaction.atomic():
            hints.hint("send")
            transaction.set_rollback(True)
        hints.hint("deliver")
    published.wait_for(1)
    assert drained(published) == ["deliver"]


@pytest.mark.django_db(transaction=True)
def test_without_a_transaction_it_is_published_at_once(published):
    hints.hint("inbound")
    published.wait_for(1)
    assert published.queues == ["inbound"]


# --- How often ---


def test_many_hints_while_one_is_on_its_way_become_one_more(published):
    published.free.clear()
    hints.note("send")
    assert published.began.wait(30)
    for _ in range(1000):
        hints.note("send")
    published.free.set()
    published.wait_for(2)
    assert drained(published) == ["send", "send"]


def test_each_queue_gets_its_own(published):
    published.free.clear()
    hints.note("send")
    assert published.began.wait(30)
    for queue in ("inbound", "deliver", "inbound"):
        hints.note(queue)
    published.free.set()
    assert drained(published) == ["send", "deliver", "inbound"]


# --- In nobody's way ---


@pytest.mark.django_db(transaction=True)
def test_a_request_goes_on_while_the_broker_does_not_answer(published):
    published.free.clear()
    hints.note("deliver")
    assert published.began.wait(30)
    with transaction.atomic():
        hints.hint("send")
    # We are here, and the publisher is still waiting for its broker.
    assert published.queues == []
    published.free.set()
    published.wait_for(2)
    assert published.queues == ["deliver", "send"]


@pytest.mark.django_db(transaction=True)
def test_a_hint_that_cannot_even_be_noted_fails_nothing(monkeypatch, caplog):
    """A process at its limit of threads must not lose the text over it: the row is stored, the sweep finds it."""

    def no_more_threads(queue):
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(hints, "note", no_more_threads)
    done = []
    with transaction.atomic():
        hints.hint("send")
        transaction.on_commit(lambda: done.append(True))
    assert done == [True]
    hints.hint("send")


@pytest.fixture
def silent_broker():
    """A server that takes connections and says nothing; gives its address and what has come in."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        taken: list[socket.socket] = []

        def take():
            while True:
                try:
                    taken.append(server.accept()[0])
                except OSError:
                    return

        thread = threading.Thread(target=take, daemon=True)
        thread.start()
        yield f"redis://127.0.0.1:{server.getsockname()[1]}/0", taken
        server.shutdown(socket.SHUT_RDWR)
        thread.join(30)
        for connection in taken:
            connection.close()


@pytest.fixture
def failing(monkeypatch):
    hints.disconnect()
    monkeypatch.setattr(hints, "failures", 0)
    monkeypatch.setattr(hints, "_failing", False)
    yield
    hints.disconnect()


def test_a_broker_that_does_not_answer_is_given_up_without_trying_again(monkeypatch, silent_broker, failing):
    address, taken = silent_broker
    monkeypatch.setattr(app.conf, "broker_write_url", address)
    hints._publish("send")
    assert hints.failures == 1
    assert len(taken) == 1


def test_a_broker_that_is_away_is_given_up_without_trying_again(monkeypatch, failing):
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    tries = []
    connect = socket.socket.connect
    monkeypatch.setattr(socket.socket, "connect", lambda own, to: tries.append(to) or connect(own, to))
    monkeypatch.setattr(app.conf, "broker_write_url", f"redis://127.0.0.1:{port}/0")
    hints._publish("send")
    assert hints.failures == 1
    assert tries == [("127.0.0.1", port)]


def test_waiting_for_a_broker_is_short_whatever_the_workers_allow_themselves():
    options = hints._impatient()
    assert options["socket_timeout"] == options["socket_connect_timeout"] == 0.3
    assert options["max_retries"] == 0
    assert app.conf.broker_transport_options["socket_timeout"] == 10


def test_an_outage_is_logged_once_and_its_end_too(monkeypatch, failing, caplog):
    sent, away = [], [True]

    def send_task(name, **options):
        if away[0]:
            raise OSError("no route, password=canary")
        sent.append((name, options["queue"]))

    monkeypatch.setattr(app, "send_task", send_task)
    with caplog.at_level(logging.WARNING, "tenants.hints"):
        for _ in range(50):
            hints._publish("send")
        away[0] = False
        hints._publish("inbound")
        hints._publish("inbound")
    assert [record.getMessage().split()[0] for record in caplog.records] == ["hints.lost", "hints.restored"]
    assert "canary" not in caplog.text
    assert hints.failures == 50
    assert sent == [("inbound.work", "inbound")] * 2


def test_every_queue_that_is_hinted_has_its_task():
    app.loader.import_default_modules()
    for queue, task in hints.TASKS.items():
        assert task in app.tasks
        queues = {"transfer": "maint", "connect": "maint"}
        assert app.amqp.router.route({}, task)["queue"].name == queues.get(queue, queue)


# --- A real broker in trouble ---


@pytest.fixture(scope="module")
def own_broker(tmp_path_factory):
    """A broker of our own, on a private socket: nobody else notices what is done to it."""
    folder = tmp_path_factory.mktemp("kv")
    path = folder / "kv.sock"
    process = subprocess.Popen(broker.command(folder, path))
    try:
        wait_until(lambda: broker.answers_ping(path), 30, lambda: "no broker")
        with redis.Redis.from_url(f"unix://{path}") as server:
            yield f"redis+socket://{path}?virtual_host=0", server
    finally:
        process.terminate()
        process.wait(30)


def fill(server):
    server.config_set("maxmemory", 1)


def make_read_only(server):
    server.replicaof("127.0.0.1", 1)


def forbid(server):
    server.execute_command("ACL", "SETUSER", "default", "-lpush")


def mend(server):
    server.config_set("maxmemory", 0)
    server.replicaof("NO", "ONE")
    server.execute_command("ACL", "SETUSER", "default", "+@all")


@pytest.mark.parametrize("trouble", [fill, make_read_only, forbid])
def test_a_broker_that_refuses_to_store_loses_the_hint_and_nothing_else(monkeypatch, own_broker, failing, trouble):
    address, server = own_broker
    server.flushall()
    monkeypatch.setattr(app.conf, "broker_write_url", address)
    try:
        trouble(server)
        hints._publish("send")
        assert hints.failures == 1
    finally:
        mend(server)
    assert server.llen("send") == 0
    hints._publish("send")
    assert (hints.failures, server.llen("send")) == (1, 1)
    server.flushall()
    # Flushed: nothing that was declared before exists any more, and a hint gets through all the same.
    hints._publish("send")
    assert (hints.failures, server.llen("send")) == (1, 1)
    server.flushall()


BROKERS = ["silent", "away", "full", "read-only"]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("kind", BROKERS)
def test_no_request_ever_speaks_to_the_broker_whatever_that_does(
    kind, request, cast, monkeypatch, tmp_path, failing, settings
):
    """Texts are ordered and taken in; only the thread of the hints has ever opened a connection to the broker."""
    if kind == "silent":
        address = request.getfixturevalue("silent_broker")[0]
    elif kind == "away":
        address = f"redis+socket://{tmp_path}/kv.sock?virtual_host=0"
    else:
        address, server = request.getfixturevalue("own_broker")
        (fill if kind == "full" else make_read_only)(server)
        request.addfinalizer(lambda: mend(server))
    spoke, connect = [], socket.socket.connect

    def watched(own, to):
        if address.find(str(to[1] if isinstance(to, tuple) else to)) > 0:
            spoke.append(threading.current_thread().name)
        return connect(own, to)

    monkeypatch.setattr(socket.socket, "connect", watched)
    monkeypatch.setattr(app.conf, "broker_write_url", address)
    usual.usual_rules(audit.PORTAL, cast.acme, cast.configuration, cast.alice)
    _, key = api_keys.create(audit.PORTAL, cast.acme, "Test")
    answer = Client().post(
        "/api/v1/messages",
        {"to": THEIR_NUMBER, "body": "Hello"},
        content_type="application/json",
        headers={"Authorization": f"Bearer {key}"},
    )
    assert answer.status_code == 202
    settings.PUBLIC_BASE_URL = BASE
    registry.forget()
    assert post(path_of(cast.configuration), text(cast.configuration)).status_code == 200
    assert sorted(Message.objects.values_list("state", flat=True)) == ["queued", "received"]
    # Both hints: none is left for a later test to meet.
    wait_until(lambda: hints.failures == 2, 30, lambda: f"tried {hints.failures} times")
    assert set(spoke) == {"hints"}


# --- Lost ---


@pytest.mark.django_db
def test_a_lost_hint_loses_no_text_and_the_sweep_finds_it(cast, monkeypatch, tmp_path, failing):
    usual.usual_rules(audit.PORTAL, cast.acme, cast.configuration, cast.alice)
    message = outbound.send(audit.PORTAL, cast.acme, to=THEIR_NUMBER, body="Hello")
    monkeypatch.setattr(app.conf, "broker_write_url", f"redis+socket://{tmp_path}/kv.sock?virtual_host=0")
    hints._publish("send")
    assert hints.failures == 1
    assert Message.objects.get(pk=message.pk).state == "queued"
    hinted = []
    monkeypatch.setattr(hints, "note", hinted.append)
    assert sweeps.announce_due() == 1
    assert hinted == ["send"]


# --- Forks ---


def test_a_forked_child_publishes_by_a_thread_of_its_own(published):
    """Forked while the parent's thread is busy and the lock is taken: the worst moment there is."""
    published.free.clear()
    hints.note("send")
    assert published.began.wait(30)
    reader, writer = os.pipe()
    with hints._lock:
        child = os.fork()
        if not child:
            try:
                hints._publish = lambda queue: os.write(writer, f"{queue} ".encode())
                hints.note("inbound")
                threading.Event().wait(60)
            finally:
                os._exit(1)
    ready, _, _ = select.select([reader], [], [], 30)
    try:
        assert ready, "the child published nothing"
        # Not the parent's hint: that is the parent's to publish.
        assert os.read(reader, 100) == b"inbound "
    finally:
        os.kill(child, 9)
        os.waitpid(child, 0)
        os.close(reader)
        os.close(writer)
    published.free.set()
    published.wait_for(1)
    assert published.queues == ["send"]


def test_one_connection_serves_many_hints_and_is_made_anew_when_the_broker_dropped_it(monkeypatch, own_broker, failing):
    address, server = own_broker
    server.flushall()
    monkeypatch.setattr(app.conf, "broker_write_url", address)
    for _ in range(3):
        hints._publish("send")
    kept = hints._connection
    assert server.llen("send") == 3
    server.client_kill_filter(_type="normal", skipme=True)
    hints._publish("send")
    assert (server.llen("send"), hints.failures) == (4, 0)
    assert kept is not None
