"""A database that is put back from a copy knows of texts that have left since: it sends none of them a second time."""

import uuid
from pathlib import Path
from typing import Any, cast

import pytest

from sms import outbound, reconcile, restored, sweeps
from sms.models import Attempt, Message
from sms.queueing import opening, send_loop
from tenants import audit, clock, stopping
from tenants.models import AuditEntry, SystemState
from tests.sms.conftest import World, fresh, later


@pytest.fixture(autouse=True)
def watched(settings: Any, tmp_path: Path) -> None:
    settings.WATCH_RESTORES, settings.VAR_DIR = True, tmp_path


@pytest.fixture
def texts(world: World) -> list[Message]:
    """Three texts that wait when the copy is taken; the first one is sent after that; then the copy is put back."""
    found = [world.queue(f"Text {n}", to=f"+120255502{n:02}") for n in range(3)]
    restored.advance()
    copied = SystemState.objects.get().epoch
    Message.objects.exclude(pk=found[0].pk).update(due_at=None)
    send_loop.work()
    assert fresh(found[0]).state == "accepted"
    restored.advance()
    Attempt.objects.all().delete()
    Message.objects.update(
        state="queued", due_at=found[0].due_at, attempt_count=0, provider_sid="", provider_status="", state_reason=""
    )
    SystemState.objects.update(epoch=copied)
    return found


def posts(world: World, texts: list[Message]) -> list[int]:
    return [len(world.created(text)) for text in texts]


def test_a_database_that_is_not_behind_sends_as_ever(world: World) -> None:
    text = world.queue()
    restored.advance()
    send_loop.work()
    assert (fresh(text).state, restored.is_behind()) == ("accepted", False)


def test_nothing_leaves_a_restored_database_by_itself(world: World, texts: list[Message]) -> None:
    send_loop.work()
    sweeps.sweep()
    send_loop.work()
    assert posts(world, texts) == [1, 0, 0]
    assert {fresh(text).state for text in texts} == {"unknown"}
    stop = stopping.current(None)
    assert stop is not None
    assert "restored from a copy" in stop.by
    assert AuditEntry.objects.get(action="tenants.database.restored").changes == {"texts": 3}


def test_what_twilio_has_counts_as_sent_and_the_rest_goes_once_somebody_lets_it(
    world: World, texts: list[Message]
) -> None:
    restored.hold_if_behind()
    with later(30):
        reconcile.search_unknown()
    assert [fresh(text).state for text in texts] == ["accepted", "unknown", "unknown"]
    for moment in (910, 1220):
        with later(moment):
            reconcile.search_unknown()
    assert [fresh(text).state for text in texts] == ["accepted", "queued", "queued"]
    with later(1230):
        send_loop.work()
        assert posts(world, texts) == [1, 0, 0]
        stopping.resume_everything(audit.PORTAL)
        send_loop.work()
    assert posts(world, texts) == [1, 1, 1]
    assert {fresh(text).state for text in texts} == {"accepted"}


@pytest.mark.parametrize(("action", "state"), [("hold", "held"), ("wait", "queued")])
def test_what_a_rule_held_when_the_copy_was_taken_may_have_left_since(
    world: World, texts: list[Message], action: str, state: str
) -> None:
    """One was released and sent after that; the others are held as before, until released or let go."""
    until = {"until": clock.now().isoformat()} if action == "wait" else {}
    for text in texts:
        decision = text.decision | {"action": action, "name": "Ask first"} | until
        Message.objects.filter(pk=text.pk).update(state="held", decision=decision, due_at=None, expires_at=None)
    assert restored.hold_if_behind() == 3
    assert not any(outbound.release(audit.PORTAL, text) for text in texts)
    for moment in (30, 910, 1220):
        with later(moment):
            reconcile.search_unknown()
    assert [fresh(text).state for text in texts] == ["accepted", "held", "held"]
    with later(1230):
        opening.let_go()
        assert [fresh(text).state for text in texts] == ["accepted", state, state]
        assert outbound.release(audit.PORTAL, texts[1]) == (action == "hold")
        stopping.resume_everything(audit.PORTAL)
        send_loop.work()
    assert posts(world, texts) == [1, 1, 0 if action == "hold" else 1]


def test_a_process_that_lets_the_number_grow_in_between_is_no_restore(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    restored.advance()
    read = restored._in_database

    def read_before_another_goes_on() -> int:
        found = read()
        SystemState.objects.update(epoch=found + 1)
        restored._write(found + 1)
        return found

    monkeypatch.setattr(restored, "_in_database", read_before_another_goes_on)
    assert not restored.is_behind()


def test_a_restore_is_noticed_once(world: World, texts: list[Message]) -> None:
    assert restored.hold_if_behind() == 3
    assert (restored.hold_if_behind(), restored.is_behind()) == (0, False)
    stopping.resume_everything(audit.PORTAL)
    restored.advance()
    assert (restored.hold_if_behind(), stopping.current(None)) == (0, None)


def test_until_all_is_set_aside_letting_it_go_on_stops_it_again(
    world: World, texts: list[Message], monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed() -> int:
        raise SystemExit

    with monkeypatch.context() as patch:
        patch.setattr(restored, "_set_some_aside", killed)
        with pytest.raises(SystemExit):
            restored.hold_if_behind()
    stopping.resume_everything(audit.PORTAL)
    send_loop.work()
    assert posts(world, texts) == [1, 0, 0]
    assert {fresh(text).state for text in texts} == {"unknown"}


def test_a_text_that_was_being_sent_when_the_copy_was_taken_is_looked_for(world: World, texts: list[Message]) -> None:
    text, configuration_id = texts[1], cast(uuid.UUID, texts[1].configuration_id)
    Attempt.objects.create(
        tenant=text.tenant, message=text, number=1, configuration_id=configuration_id, sender=text.our_address,
        lease_token="worker", phase="claimed", account_sid=text.account_sid,
    )  # fmt: skip
    Message.objects.filter(pk=text.pk).update(state="sending", attempt_count=1, lease_token="worker")
    restored.hold_if_behind()
    (attempt,) = text.attempts.all()
    assert (attempt.lease_token, attempt.outcome, fresh(text).state) == (restored.LEASE, "ambiguous", "unknown")
    assert attempt.posting_at is not None


def test_another_database_in_the_same_folder_is_not_a_restored_one(
    world: World, texts: list[Message], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert restored.is_behind()
    monkeypatch.setattr(restored, "_identity", lambda: "another")
    assert not restored.is_behind()
