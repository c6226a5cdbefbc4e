"""Liveness and readiness: what load balancers are told, and that it never takes long or tells too much."""

import socket
from datetime import timedelta

import pytest
from django.db import OperationalError
from django.db.utils import InterfaceError

from portal import health
from tenants import clock
from tenants.models import PeriodicRun
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
    assert answer.json()["broker"].startswith("not reachable")
    assert answer.json()["sweep"].startswith("late")


@pytest.mark.parametrize("trouble", [OperationalError, InterfaceError])
def test_without_its_database_it_is_not_ready(client, monkeypatch, trouble):
    def fail():
        raise trouble("canary: password authentication failed for user portal")

    monkeypatch.setattr(health, "report", fail)
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json() == {"ready": False, "database": "not reachable"}


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
    assert health._broker().startswith("not reachable")
    assert tries == [0.3]
