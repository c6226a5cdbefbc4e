"""Liveness, readiness, health: what load balancers and people are told; it never takes long or tells too much."""

import os
import socket
from datetime import timedelta

import pytest
from django.db import OperationalError
from django.db.utils import InterfaceError

from portal import health
from portal.health import Part
from sms import canaries
from tenants import clock
from tenants.ids import new_id
from tenants.models import PeriodicRun, SystemState
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def no_broker(settings, tmp_path):
    settings.REDIS_URL = f"unix://{tmp_path}/kv.sock"


def test_liveness_asks_nothing(client, django_assert_num_queries):
    with django_assert_num_queries(0):
        answer = client.get("/livez")
    assert (answer.status_code, answer.content) == (200, b"ok")


def test_readiness_stands_without_a_broker_and_says_so(client, no_broker):
    answer = client.get("/readyz")
    assert answer.status_code == 200
    assert answer.json()["broker"].startswith("Not reachable")
    assert answer.json()["sweep"].startswith("Has never run")
    assert client.get("/readyz?strict=1").status_code == 503


@pytest.mark.parametrize("trouble", [OperationalError, InterfaceError])
def test_without_its_database_it_is_not_ready(client, monkeypatch, trouble):
    def fail():
        raise trouble("canary: password authentication failed for user portal")

    monkeypatch.setattr(health, "report", fail)
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert {"ready": False, "database": "not reachable"}.items() <= answer.json().items()


def test_it_tells_how_old_the_oldest_waiting_text_is(cast, no_broker):
    now = clock.now()
    with clock.frozen(now):
        for seconds in (30, 90, -60):
            factories.make_inbound(
                cast.configuration,
                ours=factories.OUR_NUMBER,
                theirs=factories.THEIR_NUMBER,
                due_at=now - timedelta(seconds=seconds),
            )
        PeriodicRun.objects.update_or_create(name="sms.leases", defaults={"last_run": now - timedelta(seconds=12)})
        told = health.report()
    assert (told["oldest_due_age"], told["sweep_age"], told["sweep"]) == (90, 12, "ok")


def test_it_tells_nothing_about_tenants(client, cast, no_broker):
    told = client.get("/readyz").content.decode()
    assert cast.acme.name not in told
    assert cast.acme.id.hex not in told


def test_the_broker_is_asked_once_and_not_for_long(settings, monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    settings.REDIS_URL = f"redis://127.0.0.1:{port}/0"
    tries = []
    connect = socket.socket.connect
    monkeypatch.setattr(socket.socket, "connect", lambda own, to: tries.append(own.gettimeout()) or connect(own, to))
    assert not health._broker().well
    assert tries == [0.3]


# --- Queues ---


@pytest.fixture
def well(monkeypatch):
    """Every part is well; gives the moment at which the clock stands."""
    now = clock.now()
    monkeypatch.setattr(health, "_broker", lambda: Part("broker", "Broker", "Answers"))
    for name in ("sms.leases", *map(canaries.name_of, canaries.QUEUES)):
        PeriodicRun.objects.create(name=name, last_run=now)
    with clock.frozen(now):
        yield now


def test_with_everything_well_there_is_no_problem_and_strict_is_200(client, well):
    told = client.get("/readyz?strict=1")
    assert told.status_code == 200
    assert told.json()["problems"] == []
    assert told.json()["queues"] == {name: {"state": "ok", "age": 0} for name in canaries.QUEUES}
    assert health.alarms() == 0


@pytest.mark.parametrize("silent", canaries.QUEUES)
def test_a_queue_that_nobody_consumes_is_named_with_what_to_do(client, well, silent):
    row = PeriodicRun.objects.filter(name=f"canary.{silent}")
    row.update(last_run=well - timedelta(seconds=120))
    assert client.get("/readyz").json()["problems"] == []
    row.update(last_run=well - timedelta(seconds=121))
    told = client.get("/readyz")
    # Pages and webhooks work: taking the web server out of service would make it worse.
    assert (told.status_code, told.json()["ready"]) == (200, True)
    [problem] = told.json()["problems"]
    assert problem.startswith(f"Queue {silent}: Not consumed for 121 s. Restart the worker")
    assert "--queues send,inbound,deliver,maint" in problem
    assert told.json()["queues"][silent]["age"] == 121
    assert client.get("/readyz?strict=1").status_code == 503
    assert health.alarms() == 1


def test_a_queue_that_was_never_consumed_is_named_too(client, well):
    PeriodicRun.objects.filter(name="canary.deliver").delete()
    told = client.get("/readyz").json()
    assert told["queues"]["deliver"]["age"] is None
    assert [problem.split(".")[0] for problem in told["problems"]] == ["Queue deliver: Not consumed"]


def test_a_sweep_that_is_late_is_named(client, well):
    PeriodicRun.objects.filter(name="sms.leases").update(last_run=well - timedelta(seconds=61))
    assert client.get("/readyz").json()["sweep"].startswith("Late: last ran 61 s ago")


def test_a_received_text_that_nobody_processes_is_a_problem_and_a_queued_one_may_be_held(client, cast, well):
    def wait(seconds, **fields):
        due = well - timedelta(seconds=seconds)
        text = {"ours": factories.OUR_NUMBER, "theirs": factories.THEIR_NUMBER, "due_at": due}
        return factories.make_inbound(cast.configuration, **text, **fields)

    wait(100)
    wait(9000, state="queued")
    told = client.get("/readyz").json()
    assert (told["oldest_due_age"], told["problems"]) == (9000, [])
    wait(121)
    assert client.get("/readyz").json()["problems"][0].startswith("Oldest waiting text: A received text")


# --- Stopped by hand ---


def test_that_sending_is_stopped_is_told_to_all_and_by_whom_to_administrators(client, cast, well, settings):
    settings.SECOND_FACTOR_FOR_SYSTEM_ADMINISTRATORS = False
    SystemState.objects.create(sending_stopped_at=well, sending_stopped_by="root@portal.example")
    told = client.get("/readyz")
    assert told.json()["sending"].startswith("Stopped by hand")
    assert "root@portal.example" not in told.content.decode()
    client.force_login(cast.root)
    assert "Stopped by root@portal.example" in client.get("/system/health/").content.decode()


# --- The page ---


def test_administrators_see_each_part_and_what_to_do(client, cast, well, settings):
    settings.SECOND_FACTOR_FOR_SYSTEM_ADMINISTRATORS = False
    client.force_login(cast.root)
    page = client.get("/system/health/").content.decode()
    assert "All well" in page
    assert all(f"Queue {queue}" in page for queue in canaries.QUEUES)
    PeriodicRun.objects.filter(name="canary.send").update(last_run=well - timedelta(minutes=5))
    page = client.get("/system/health/").content.decode()
    assert "Queue send: Not consumed for 300 s" in page
    assert "All well" not in page


def test_the_menu_counts_what_is_not_well(client, cast, well, settings):
    settings.SECOND_FACTOR_FOR_SYSTEM_ADMINISTRATORS = False
    client.force_login(cast.root)
    assert "nav-badge" not in client.get("/system/tenants/").content.decode()
    PeriodicRun.objects.filter(name__in=["canary.send", "canary.deliver"]).delete()
    assert '<span class="nav-badge">2</span>' in client.get("/system/tenants/").content.decode()


# --- What is kept on disk ---


def test_the_spool_is_shown_and_needs_no_database(client, settings, tmp_path, monkeypatch):
    settings.VAR_DIR = tmp_path
    told = client.get("/readyz").json()["spool"]
    assert told == {"state": "ok", "oldest_age": None, "files": 0, "bytes": 0, "rejected": 0, "poison": 0}
    for name in (new_id().hex, f"poison/{new_id().hex}"):
        path = tmp_path / "spool" / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"12345")

    def fail():
        raise OperationalError

    monkeypatch.setattr(health, "report", fail)
    told = client.get("/readyz").json()["spool"]
    assert (told["files"], told["bytes"], told["poison"]) == (1, 5, 1)
    assert "set aside" in told["state"]


def test_a_spool_that_nobody_brings_in_is_named(client, settings, tmp_path):
    settings.VAR_DIR = tmp_path
    path = tmp_path / "spool" / new_id().hex
    path.parent.mkdir()
    path.touch()
    os.utime(path, (0, 0))
    assert any("manage.py spool" in problem for problem in client.get("/readyz").json()["problems"])
