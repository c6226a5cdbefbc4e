"""A real PostgreSQL that is frozen, stopped or restarted under the web server: every webhook is answered all the same.

The server is the test's own. Frozen, it accepts no connection and refuses none, and its own time limits stand still.
"""

import contextlib
import os
import signal
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import OperationalError, connection
from django.test import Client

from sms.models import Message
from sms.webhooks import limits, outage, patience, registry, spool
from tenants import deadline
from tests import factories, servers
from tests.sms.webhook_client import BASE, path_of, post, text

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("hinted")]


class Server:
    """A PostgreSQL of the test's own, empty, with its processes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.postmaster = int((folder / "data" / "postmaster.pid").read_text().split()[0])

    def processes(self) -> list[int]:
        children = Path(f"/proc/{self.postmaster}/task/{self.postmaster}/children").read_text().split()
        return [self.postmaster, *map(int, children)]

    @contextlib.contextmanager
    def frozen(self) -> Iterator[None]:
        stopped = self.processes()
        for pid in stopped:
            os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            for pid in stopped:
                os.kill(pid, signal.SIGCONT)


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    try:
        with servers.postgres() as url:
            yield Server(Path(url.removeprefix("postgres://portal@/").removesuffix("/portal")))
    except servers.Unavailable as problem:
        pytest.skip(str(problem))


@pytest.fixture
def path(
    transactional_db: None, settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[str, factories.Cast]]:
    monkeypatch.setattr(deadline, "_missed_at", float("-inf"))
    settings.PUBLIC_BASE_URL = BASE
    settings.VAR_DIR = tmp_path
    registry.forget()
    limits.forget()
    outage.over()
    cast = factories.make_cast()
    yield path_of(cast.configuration), cast
    outage.over()
    # The next connection is patient: emptying the tables takes longer than a webhook may wait.
    connection.close()


@contextlib.contextmanager
def moved_to(server: Server) -> Iterator[None]:
    """Lead this thread's connection to the server that the test may freeze, and back."""
    elsewhere = {"HOST": str(server.folder), "PORT": "", "USER": "portal", "NAME": "postgres"}
    here = {name: connection.settings_dict[name] for name in elsewhere}
    connection.close()
    connection.settings_dict.update(elsewhere)
    try:
        yield
    finally:
        connection.close()
        connection.settings_dict.update(here)


# A webhook that hung would not be answered before the server goes on, which is after the block: the test would not end.


def test_a_frozen_server_that_was_never_spoken_to_is_noticed(path: tuple[str, factories.Cast], server: Server) -> None:
    where, cast = path
    asked = text(cast.configuration)
    with moved_to(server), server.frozen():
        assert post(where, asked).status_code == 200
    assert spool.state().files == 1


def test_a_server_that_freezes_under_an_open_connection_is_noticed(
    path: tuple[str, factories.Cast], server: Server
) -> None:
    where, cast = path
    asked = text(cast.configuration)
    with moved_to(server):
        patience.tell_server()
        with server.frozen():
            assert post(where, asked).status_code == 200
            # What the server may still say on it must never be taken for the answer to another statement.
            assert connection.connection is None
    assert spool.state().files == 1


def test_while_it_is_frozen_the_others_do_not_wait_with_the_one_that_looks(
    path: tuple[str, factories.Cast], server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    where, cast = path
    asked = [text(cast.configuration) for _ in range(20)]
    tries = []
    connect = connection.get_new_connection

    def count(params: dict[str, Any]) -> Any:
        tries.append(1)
        return connect(params)

    monkeypatch.setattr(connection, "get_new_connection", count)
    monkeypatch.setattr(outage, "_LOOK_AGAIN_SECONDS", 60.0)
    with moved_to(server), server.frozen():
        assert [post(where, parameters).status_code for parameters in asked] == [200] * 20
    assert tries == [1]
    assert spool.state().files == 20


def test_when_the_database_is_back_all_is_brought_in_once(path: tuple[str, factories.Cast], server: Server) -> None:
    where, cast = path
    asked = [text(cast.configuration) for _ in range(3)]
    with moved_to(server), server.frozen():
        for parameters in asked:
            post(where, parameters)
        assert spool.drain()["stored"] == 0
    outage.over()
    assert post(where, asked[0]).status_code == 200
    assert spool.drain()["stored"] == 3
    assert Message.objects.count() == 3


def test_a_page_gives_up_too(
    path: tuple[str, factories.Cast], server: Server, monkeypatch: pytest.MonkeyPatch, client: Client
) -> None:
    """Else the pages of a busy portal would hold every thread of its web server."""
    monkeypatch.setattr(patience, "_PATIENT_SECONDS", 0.3)
    with moved_to(server):
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        with server.frozen():
            assert client.get("/readyz").json()["ready"] is False
            with patience.patiently():
                assert deadline.left() == patience._BRIEF_SECONDS
    assert deadline.left() is None
    monkeypatch.setattr(patience, "_REMEMBERED_SECONDS", 0.0)
    with patience.patiently():
        assert deadline.left() == patience._PATIENT_SECONDS


@pytest.mark.parametrize("before", [patience.wait_patiently, patience.tell_server])
def test_a_connection_that_was_cut_unnoticed_is_made_anew_in_the_same_request(
    path: tuple[str, factories.Cast], before: Callable[[], None]
) -> None:
    where, cast = path
    assert post(where, text(cast.configuration)).status_code == 200
    before()
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        [pid] = cursor.fetchone()

    def cut() -> None:
        with connection.cursor() as other:
            other.execute("SELECT pg_terminate_backend(%s)", [pid])
        connection.close()

    cutter = threading.Thread(target=cut)
    cutter.start()
    cutter.join()
    assert post(where, text(cast.configuration)).status_code == 200
    assert Message.objects.count() == 2
    assert spool.state().files == 0


def sleep() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_sleep(60)")


def test_a_deadline_holds_for_statements_and_ends_with_its_block(path: tuple[str, factories.Cast]) -> None:
    try:
        with deadline.all_within(0.3):
            with pytest.raises(OperationalError):
                sleep()
            assert deadline.left() == 0.0
            assert connection.connection.closed
            connection.close()
            with pytest.raises(OperationalError):
                connection.ensure_connection()
        assert deadline.left() is None
        with deadline.each_within(0.3):
            for _ in range(2):
                with pytest.raises(OperationalError):
                    sleep()
                connection.close()
    finally:
        connection.close()
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(60)'")
