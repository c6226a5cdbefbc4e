"""What `make bench` measures by the clock, counted: statements, commits and connections of a webhook."""

import re
from collections import Counter

import pytest
from django.db import connection
from django.db.backends.signals import connection_created

from sms.models import Message
from sms.webhooks import patience, registry
from tenants import clock, hints
from tests.conftest import ON_POSTGRES
from tests.sms import webhook_client
from tests.sms.webhook_client import BASE, path_of, post, text

pytestmark = pytest.mark.django_db(transaction=True)
TEXTS = 100


@pytest.fixture
def path(cast, settings, monkeypatch):
    """The webhook of a configuration that has had a text already, in a process that knows it."""
    settings.PUBLIC_BASE_URL = BASE
    monkeypatch.setattr(hints, "note", lambda queue: None)
    # A process that only answers webhooks stays brief: the helper's kindness to other tests would be counted.
    monkeypatch.setattr(webhook_client, "be_patient", lambda: None)
    registry.forget()
    clock.sync(force=True)
    found = path_of(cast.configuration)
    post(found, text(cast.configuration))
    registry.find(found.split("/")[3], fresh=True)
    post(found, text(cast.configuration))
    yield found
    # What empties the tables afterwards may take longer than a webhook waits.
    patience.wait_patiently()


@pytest.mark.postgres
def test_a_text_is_one_statement_and_one_commit_on_the_wire(cast, path, tmp_path):
    """Read from libpq's own trace: whatever library asks the server is seen."""
    trace = tmp_path / "trace"
    with trace.open("wb") as file:
        connection.connection.pgconn.trace(file.fileno())
        try:
            for _ in range(TEXTS):
                assert post(path, text(cast.configuration)).status_code == 200
        finally:
            connection.connection.pgconn.untrace()
    said = Counter(re.findall(r"^(?:\S+ \S+\t)?[FB]\t\d+\t(\w+)", trace.read_text(errors="replace"), re.MULTILINE))
    assert said["Query"] + said["Execute"] == TEXTS
    # One answer to each, outside a transaction: each statement committed itself.
    assert said["CommandComplete"] == said["ReadyForQuery"] == TEXTS
    assert len(re.findall(r"ReadyForQuery\t I", trace.read_text(errors="replace"))) == TEXTS
    assert Message.objects.count() == TEXTS + 2


@pytest.mark.skipif(ON_POSTGRES, reason="SQLite's own trace")
def test_a_text_is_one_statement_in_the_embedded_database(cast, path):
    said = []
    connection.connection.set_trace_callback(said.append)
    try:
        for _ in range(TEXTS):
            assert post(path, text(cast.configuration)).status_code == 200
    finally:
        connection.connection.set_trace_callback(None)
    assert Counter(statement.split()[0] for statement in said) == {"INSERT": TEXTS}
    assert Message.objects.count() == TEXTS + 2


def test_a_hundred_texts_need_no_new_connection(cast, path):
    made, before = [], connection.connection

    def note(**kwargs):
        made.append(kwargs["connection"])

    connection_created.connect(note)
    try:
        for _ in range(TEXTS):
            assert post(path, text(cast.configuration)).status_code == 200
    finally:
        connection_created.disconnect(note)
    assert made == []
    assert connection.connection is before
