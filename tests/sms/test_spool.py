"""What Twilio posts while the database is away: kept on disk, sealed, and brought in once, in order."""

import os
import stat
import subprocess
import sys
import time
from contextlib import contextmanager

import pytest
from django.core.management import call_command
from django.db import OperationalError

from sms import callbacks, inbound
from sms.models import Configuration, Message, RefusedRequest, StatusEvent, WebhookKey
from sms.webhooks import intake, keys, limits, outage, registry, spool
from sms.webhooks.views import EMPTY_TWIML
from tenants import clock, failpoints
from tenants.ids import new_id
from tests.servers import ROOT, wait_until
from tests.sms.webhook_client import BASE, path_of, post, text

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("hinted")]

STORED = {"stored": 1, "rejected": 0, "poison": 0}


@pytest.fixture(autouse=True)
def _own(settings, tmp_path):
    settings.PUBLIC_BASE_URL = BASE
    settings.VAR_DIR = tmp_path
    registry.forget()
    limits.forget()
    outage.over()
    yield
    outage.over()
    failpoints.arm("", tmp_path)


@pytest.fixture
def away(monkeypatch):
    """The database is away for as long as the block lasts."""

    @contextmanager
    def is_away():
        def fail(*args, **kwargs):
            raise OperationalError("canary")

        with monkeypatch.context() as patch:
            patch.setattr(intake, "take", fail)
            patch.setattr(spool, "_database_answers", lambda: False)
            yield
        outage.over()

    return is_away


def files(where=""):
    place = spool.folder() / where
    return sorted(entry.name for entry in place.iterdir() if entry.is_file()) if place.is_dir() else []


def requests(where=""):
    return [name for name in files(where) if name != "lock"]


# --- Kept and brought in ---


def test_a_text_that_comes_while_the_database_is_away_is_taken_and_stored_later(cast, away):
    with away():
        answer = post(path_of(cast.configuration), text(cast.configuration, Body="Grüße"))
    assert (answer.status_code, answer.content) == (200, EMPTY_TWIML)
    assert not Message.objects.exists()
    kept_at = clock.now()
    assert spool.drain() == STORED
    message = Message.objects.get()
    assert (message.body, message.state, message.source) == ("Grüße", "received", "webhook")
    assert message.occurred_at <= kept_at <= message.created_at
    assert requests() == []


def test_the_fallback_address_and_reports_are_kept_too(cast, away):
    configuration = cast.configuration
    report = {"MessageSid": f"SM{'1' * 32}", "MessageStatus": "sent", "AccountSid": configuration.account.account_sid}
    with away():
        assert post(path_of(configuration, "fallback"), text(configuration)).status_code == 200
        assert post(path_of(configuration, f"status/{new_id().hex}/1"), report).status_code == 200
    assert spool.drain()["stored"] == 2
    assert Message.objects.count() == 1
    event = StatusEvent.objects.get()
    assert (event.status, event.due_at is not None) == ("sent", True)
    assert event.received_at < event.created_at
    assert callbacks.apply_due() == 1


def test_a_get_is_kept_with_its_query(cast, away, client):
    from urllib.parse import urlencode

    from sms.webhooks import signature
    from tests import factories

    path, query = path_of(cast.configuration), urlencode(text(cast.configuration, Body="by GET"))
    signed = signature.sign(f"{BASE}{path}?{query}", b"", factories.AUTH_TOKEN)
    with away():
        assert client.get(f"{path}?{query}", HTTP_X_TWILIO_SIGNATURE=signed).status_code == 200
    assert spool.drain() == STORED
    assert Message.objects.get().body == "by GET"


def test_a_text_that_twilio_also_delivers_again_is_stored_once(cast, away):
    parameters = text(cast.configuration)
    with away():
        for _ in range(2):
            assert post(path_of(cast.configuration), parameters).status_code == 200
    assert post(path_of(cast.configuration), parameters).status_code == 200
    assert spool.drain()["stored"] == 2
    assert Message.objects.count() == 1


def test_texts_are_brought_in_in_the_order_in_which_they_came(cast, away, monkeypatch):
    with away():
        for number in range(5):
            post(path_of(cast.configuration), text(cast.configuration, Body=str(number)))
    seen = []
    insert = inbound._insert_once
    monkeypatch.setattr(inbound, "_insert_once", lambda values: seen.append(values["body"]) or insert(values))
    assert spool.drain()["stored"] == 5
    assert seen == ["0", "1", "2", "3", "4"]


def test_a_key_that_was_in_use_when_the_text_came_still_counts_at_the_drain(cast, away):
    WebhookKey.objects.update(retires_at=clock.in_seconds(60))
    with away():
        post(path_of(cast.configuration), text(cast.configuration))
    WebhookKey.objects.update(retires_at=clock.now())
    registry.forget()
    assert spool.drain() == STORED


# --- What is on disk ---


def test_a_file_is_sealed_and_nobody_elses_to_read(cast, away):
    with away():
        post(path_of(cast.configuration), text(cast.configuration, Body="canary text"))
    [name] = requests()
    path = spool.folder() / name
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(spool.folder().stat().st_mode) == 0o700
    content = path.read_bytes()
    assert b"canary" not in content
    assert cast.account.account_sid.encode() not in content


def test_a_file_that_was_given_another_name_is_not_believed(cast, away):
    with away():
        post(path_of(cast.configuration), text(cast.configuration))
    [name] = requests()
    (spool.folder() / name).rename(spool.folder() / new_id().hex)
    assert spool.drain()["stored"] == 0
    assert not Message.objects.exists()


def test_nothing_of_a_text_is_logged(cast, away, caplog):
    with away():
        post(path_of(cast.configuration), text(cast.configuration, Body="canary text"))
    spool.drain()
    assert caplog.text
    for secret in ("canary", "+12025550199", path_of(cast.configuration).split("/")[3]):
        assert secret not in caplog.text


# --- What is not kept ---


def test_strangers_cannot_fill_the_disk(cast, away):
    stranger = keys.make(b"not ours", b"x" * 16)
    with away():
        assert post(f"/webhooks/twilio/{stranger}/message", text(cast.configuration)).status_code == 404
    assert requests() == []


def test_a_signature_that_memory_can_refuse_is_refused_at_once(cast, away):
    path = path_of(cast.configuration)
    registry.find(path.split("/")[3])
    with away():
        assert post(path, text(cast.configuration), signature="bad").status_code == 403
        assert post(path, text(cast.configuration)).status_code == 200
    assert len(requests()) == 1


@pytest.mark.parametrize("what", ["files", "bytes"])
def test_a_full_spool_asks_twilio_to_try_again(cast, away, monkeypatch, what):
    with away():
        assert post(path_of(cast.configuration), text(cast.configuration)).status_code == 200
        state = spool.state()
        monkeypatch.setattr(spool, f"MOST_{what.upper()}", 2 * getattr(state, what) + (10 if what == "bytes" else 0))
        answers = [post(path_of(cast.configuration), text(cast.configuration)).status_code for _ in range(3)]
    assert answers == [200, 503, 503]
    assert len(requests()) == 2


def test_a_folder_that_cannot_be_written_to_is_said_in_a_sentence(settings, tmp_path):
    assert spool.problem() == ""
    (tmp_path / "file").touch()
    settings.VAR_DIR = tmp_path / "file"
    assert "cannot be written to" in spool.problem()


# --- What is not brought in ---


def test_a_bad_signature_is_found_at_the_drain_and_kept_aside(cast, away):
    with away():
        assert post(path_of(cast.configuration), text(cast.configuration), signature="bad").status_code == 200
    assert spool.drain() == {"stored": 0, "rejected": 1, "poison": 0}
    assert not Message.objects.exists()
    assert len(requests("rejected")) == 1
    assert RefusedRequest.objects.get().reason == "bad_signature"


def test_a_deleted_configuration_takes_nothing_at_the_drain(cast, away):
    with away():
        post(path_of(cast.configuration), text(cast.configuration))
    Configuration.objects.update(deleted_at=clock.now())
    assert spool.drain()["rejected"] == 1
    assert spool.state().rejected == 1


def test_what_fails_again_and_again_is_set_aside_and_holds_up_nobody(cast, away, monkeypatch):
    with away():
        for body in ("poison", "good"):
            post(path_of(cast.configuration), text(cast.configuration, Body=body))
    insert = inbound._insert_once

    def fail(values):
        if values["body"] == "poison":
            raise ValueError("canary")
        return insert(values)

    with monkeypatch.context() as patch:
        patch.setattr(inbound, "_insert_once", fail)
        for _ in range(spool.MOST_TRIES):
            spool.drain()
    assert [message.body for message in Message.objects.all()] == ["good"]
    assert requests() == []
    [name] = requests("poison")
    assert spool.state().poison == 1
    (spool.folder() / "poison" / name).rename(spool.folder() / name)
    assert spool.drain() == STORED


def test_while_the_database_is_away_nothing_counts_as_failed(cast, away):
    with away():
        post(path_of(cast.configuration), text(cast.configuration))
        for _ in range(spool.MOST_TRIES + 1):
            spool.drain()
    assert spool.state().poison == 0
    assert spool.drain() == STORED


# --- Crashes ---


def test_a_crash_before_the_file_has_its_name_leaves_nothing_to_bring_in(cast, away, tmp_path):
    failpoints.arm("spool.after_tmp:raise", tmp_path / "failpoints")
    with away():
        assert post(path_of(cast.configuration), text(cast.configuration)).status_code == 500
    [left] = requests()
    assert spool.drain()["stored"] == 0
    assert requests() == [left]
    long_ago = time.time() - 3600
    os.utime(spool.folder() / left, (long_ago, long_ago))
    spool.drain()
    assert requests() == []


def test_a_crash_before_the_answer_and_twilios_second_try_make_one_text(cast, away, tmp_path):
    parameters = text(cast.configuration)
    failpoints.arm("spool.after_rename:raise", tmp_path / "failpoints")
    with away():
        assert post(path_of(cast.configuration), parameters).status_code == 500
    assert post(path_of(cast.configuration), parameters).status_code == 200
    assert spool.drain() == STORED
    assert Message.objects.count() == 1


def test_a_crash_between_insert_and_unlink_stores_nothing_twice(cast, away, tmp_path):
    with away():
        post(path_of(cast.configuration), text(cast.configuration))
    failpoints.arm("drain.after_insert:raise", tmp_path / "failpoints")
    spool.drain()
    assert (Message.objects.count(), len(requests())) == (1, 1)
    failpoints.arm("", tmp_path)
    assert spool.drain() == STORED
    assert Message.objects.count() == 1


# --- Programs ---


def test_two_drains_at_once_are_harmless(cast, away):
    with away():
        post(path_of(cast.configuration), text(cast.configuration))
    with spool._alone() as first:
        assert first
        assert spool.drain() == {"stored": 0, "rejected": 0, "poison": 0}
    assert spool.drain() == STORED


def test_what_was_rejected_goes_after_a_week_and_poison_never(cast, settings):
    long_ago = time.time() - 8 * 86_400
    for where in ("rejected", "poison"):
        (spool.folder() / where).mkdir(parents=True)
        path = spool.folder() / where / new_id().hex
        path.touch()
        os.utime(path, (long_ago, long_ago))
    spool.drain()
    assert (requests("rejected"), len(requests("poison"))) == ([], 1)


def test_the_state_says_how_much_waits_and_since_when(cast, away):
    assert spool.state() == spool.State(0, 0, None, 0, 0)
    with away():
        post(path_of(cast.configuration), text(cast.configuration))
    state = spool.state()
    assert (state.files, state.rejected, state.poison) == (1, 0, 0)
    assert state.bytes > 500
    assert state.oldest_age is not None


def test_the_command_brings_in_and_says_what(cast, away, capsys):
    with away():
        post(path_of(cast.configuration), text(cast.configuration))
    call_command("spool", "--once")
    assert capsys.readouterr().out.strip() == "stored=1 rejected=0 poison=0"


@pytest.mark.processes
def test_the_program_ends_cleanly_when_it_is_asked_to(tmp_path):
    folder = tmp_path / "spool"
    folder.mkdir()
    (folder / new_id().hex).write_bytes(b"nothing that opens")
    command = [sys.executable, "manage.py", "spool"]
    environment = {**os.environ, "VAR_DIR": str(tmp_path), "DATABASE_URL": ""}
    with subprocess.Popen(command, cwd=ROOT, env=environment, stderr=subprocess.PIPE, text=True) as program:
        wait_until(lambda: list(folder.glob("*-1")), 60, lambda: "nobody looked into the spool")
        program.terminate()
        _, said = program.communicate(timeout=60)
    assert program.returncode == 0
    assert "Traceback" not in said
