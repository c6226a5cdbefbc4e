"""The steps of sending, one by one: claim, mark, and what ends a lease. No network, no loop."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest

from sms import optouts, outbound, reconcile, sending, sweeps
from sms.models import Attempt, Configuration, Message, Sender
from sms.queueing import breaker
from sms.sending import Claimed
from tenants import audit, clock
from tenants.models import Tenant
from tests import factories
from tests.factories import OUR_NUMBER, THEIR_NUMBER
from tests.sms.conftest import fresh, later, let_send
from tests.sms.sending_scene import queue, quick

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("hinted")]


@pytest.fixture
def cast(db: None) -> factories.Cast:
    cast = factories.make_cast()
    let_send(cast)
    return cast


def ids(claimed: Sequence[Claimed]) -> list[Any]:
    return [item.message for item in claimed]


def test_a_claim_leases_a_text_and_writes_its_attempt(cast: factories.Cast, settings: Any) -> None:
    settings.PUBLIC_BASE_URL = "https://portal.example.com"
    message = queue(cast)
    [item] = sending.claim(10)
    row, attempt = fresh(message), message.attempts.get()
    assert (row.state, row.lease_token, row.attempt_count) == ("sending", item.token, 1)
    assert row.lease_until is not None
    assert row.lease_until > clock.now() + timedelta(seconds=170)
    assert (attempt.phase, attempt.number, attempt.sender) == ("claimed", 1, OUR_NUMBER)
    assert (attempt.lease_token, attempt.account_sid) == (item.token, cast.account.account_sid)
    assert item.callback.split("#")[0].endswith(f"/status/{message.id.hex}/1")
    assert sending.claim(10) == []


def test_a_sender_gets_a_seconds_worth_and_then_pauses(cast: factories.Cast) -> None:
    Sender.objects.all().delete()
    messages = [queue(cast, f"Number {n}") for n in range(5)]
    Sender.objects.update(rate=2)
    with clock.frozen(clock.now()):
        assert ids(sending.claim(10)) == [message.id for message in messages[:2]]
        assert sending.claim(10) == []
        assert not sending.has_due()
        assert sending.seconds_until_due(30) == pytest.approx(1)
        assert sending.seconds_until_due(0.1) is None
    with later(1.1):
        assert ids(sending.claim(10)) == [message.id for message in messages[2:4]]


def test_long_texts_use_up_the_pace_of_their_segments(cast: factories.Cast) -> None:
    queue(cast, "x" * 300)
    with clock.frozen(clock.now()):
        sending.claim(1)
        assert Sender.objects.get().next_send_at > clock.now() + timedelta(seconds=1.8)


def test_one_tenants_backlog_does_not_hold_up_another(cast: factories.Cast) -> None:
    for n in range(30):
        queue(cast, f"Number {n}")
    trunk = factories.make_trunk("Other")
    factories.make_pool(trunk, cast.globex, "+12025550300")
    account = factories.make_account(cast.globex)
    configuration = factories.make_configuration(cast.globex, trunk, account)
    conversation = factories.make_conversation(cast.globex, "+12025550300", THEIR_NUMBER)
    single = Message.objects.create(
        tenant=cast.globex,
        direction="out",
        configuration=configuration,
        conversation=conversation,
        our_address="+12025550300",
        their_address=THEIR_NUMBER,
        state="queued",
        source="page",
    )
    sending.make_sender(configuration, "+12025550300")
    quick()
    assert single.id in ids(sending.claim(4))


def test_urgent_texts_go_first(cast: factories.Cast) -> None:
    queue(cast, "Later")
    urgent = queue(cast, "Now")
    Message.objects.filter(pk=urgent.pk).update(priority=0)
    assert ids(sending.claim(1)) == [urgent.id]


@pytest.mark.parametrize(
    ("model", "change"),
    [
        (Configuration, {"enabled": False}),
        (Configuration, {"held_reason": "20003"}),
        (Configuration, {"deleted_at": "2026-01-01T00:00:00Z"}),
        (Tenant, {"enabled": False}),
        (Tenant, {"sms_enabled": False}),
        (Tenant, {"deleted_at": "2026-01-01T00:00:00Z"}),
        (Message, {"due_at": "2100-01-01T00:00:00Z"}),
        (Message, {"expires_at": "2026-01-01T00:00:00Z"}),
        (Message, {"state": "held"}),
        (Sender, {"next_send_at": "2100-01-01T00:00:00Z"}),
    ],
)
def test_what_must_wait_is_not_claimed(cast: factories.Cast, model: Any, change: dict[str, Any]) -> None:
    queue(cast)
    model.objects.update(**change)
    assert sending.claim(10) == []
    assert not sending.has_due()


def test_a_text_that_is_tried_again_later_is_announced(cast: factories.Cast) -> None:
    message = queue(cast)
    with clock.frozen(clock.now()):
        Message.objects.filter(pk=message.pk).update(due_at=clock.in_seconds(4))
        assert sending.seconds_until_due(30) == pytest.approx(4)


def test_attempts_carry_their_tenant(cast: factories.Cast) -> None:
    queue(cast)
    sending.claim(10)
    assert set(Attempt.objects.values_list("tenant", "message__tenant")) == {(cast.acme.pk, cast.acme.pk)}


def test_a_sender_whose_texts_were_taken_by_another_keeps_its_pace(
    cast: factories.Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    queue(cast)
    before = Sender.objects.get().next_send_at
    monkeypatch.setattr(sending, "_lease", lambda *arguments: [])
    assert sending.claim(1) == []
    assert Sender.objects.get().next_send_at == before


def test_marking_commits_the_point_of_no_return(cast: factories.Cast) -> None:
    message = queue(cast)
    claimed = sending.claim(10)
    assert sending.mark(claimed) == claimed
    attempt = message.attempts.get()
    assert (attempt.phase, attempt.posting_at is not None) == ("posting", True)
    assert sending.mark(claimed) == []


def test_a_stop_between_claim_and_marker_is_honoured(cast: factories.Cast) -> None:
    stopped, other = queue(cast), queue(cast, to="+12025550177")
    quick()
    claimed = sending.claim(10)
    optouts.add(cast.acme, OUR_NUMBER, THEIR_NUMBER, source="text", word="STOP")
    assert ids(sending.mark(claimed)) == [other.id]
    assert (fresh(stopped).state, fresh(stopped).due_at) == ("suppressed", None)
    assert stopped.attempts.get().outcome == "not_sent"


def test_an_opt_out_that_has_ended_does_not_count(cast: factories.Cast) -> None:
    queue(cast)
    optouts.add(cast.acme, OUR_NUMBER, THEIR_NUMBER, source="text")
    cast.acme.opt_outs.update(ended_at=clock.now())
    assert len(sending.mark(sending.claim(10))) == 1


@pytest.mark.parametrize("change", [{"enabled": False}, {"held_reason": "20003"}, {"deleted_at": clock.now()}])
def test_a_configuration_that_stops_after_the_claim_keeps_its_texts(
    cast: factories.Cast, change: dict[str, Any]
) -> None:
    message = queue(cast)
    claimed = sending.claim(10)
    Configuration.objects.update(**change)
    assert sending.mark(claimed) == []
    assert (fresh(message).state, fresh(message).lease_token) == ("queued", "")


def test_a_text_whose_time_is_over_is_not_posted(cast: factories.Cast) -> None:
    message = queue(cast)
    claimed = sending.claim(10)
    Message.objects.update(expires_at=clock.in_seconds(5))
    assert sending.mark(claimed) == []
    assert fresh(message).state == "expired"


def test_a_worker_whose_lease_is_nearly_over_does_not_post(cast: factories.Cast) -> None:
    message = queue(cast)
    claimed = sending.claim(10)
    with later(130):
        assert sending.mark(claimed) == []
        assert fresh(message).state == "queued"


def test_cancel_before_the_marker_wins(cast: factories.Cast) -> None:
    waiting, leased = queue(cast), queue(cast)
    [item] = sending.claim(1)
    assert item.message == waiting.id
    assert outbound.cancel(audit.PORTAL, waiting)
    assert outbound.cancel(audit.PORTAL, leased)
    assert sending.mark([item]) == []
    assert {fresh(waiting).state, fresh(leased).state} == {"canceled"}
    assert waiting.attempts.get().outcome == "not_sent"
    assert not outbound.cancel(audit.PORTAL, waiting)
    assert cast.acme.audit_entries.filter(action="sms.message.canceled").count() == 2


def test_cancel_after_the_marker_is_too_late(cast: factories.Cast) -> None:
    message = queue(cast)
    sending.mark(sending.claim(10))
    assert not outbound.cancel(audit.PORTAL, message)
    assert fresh(message).state == "sending"


def test_a_text_without_a_conversation_can_be_canceled(cast: factories.Cast) -> None:
    message = queue(cast)
    Message.objects.update(conversation=None)
    assert outbound.cancel(audit.PORTAL, message)


def test_a_worker_that_dies_before_the_marker_has_sent_nothing(cast: factories.Cast) -> None:
    message = queue(cast)
    sending.claim(10)
    assert sweeps.end_leases() == 0
    with later(200):
        assert sweeps.end_leases() == 1
        assert fresh(message).state == "queued"
        assert len(sending.mark(sending.claim(10))) == 1
    assert list(message.attempts.values_list("phase", "outcome")) == [("done", "not_sent"), ("posting", "")]


def test_a_worker_that_dies_after_the_marker_leaves_an_unknown_text(cast: factories.Cast) -> None:
    message = queue(cast)
    sending.mark(sending.claim(10))
    with later(200):
        assert sweeps.end_leases() == 1
        assert sending.claim(10) == []
    assert (fresh(message).state, message.attempts.get().outcome) == ("unknown", "ambiguous")


def test_waiting_texts_expire(cast: factories.Cast) -> None:
    queued, held, young = queue(cast), queue(cast), queue(cast)
    Message.objects.filter(pk=held.pk).update(state="held")
    Message.objects.filter(pk__in=[queued.pk, held.pk]).update(expires_at=clock.in_seconds(-1))
    assert sweeps.expire() == 2
    assert [fresh(message).state for message in (queued, held, young)] == ["expired", "expired", "queued"]


def test_the_sweep_announces_what_is_due(cast: factories.Cast, hinted: list[str]) -> None:
    assert sweeps.announce_due() == 0
    queue(cast)
    message = factories.make_inbound(cast.configuration, ours=OUR_NUMBER, theirs=THEIR_NUMBER)
    message.deliveries.create(tenant=cast.acme, kind="email")
    hinted.clear()
    assert sweeps.sweep()["hinted"] == 3
    assert hinted == ["send", "inbound", "deliver"]


def test_each_job_runs_at_its_own_time_however_many_sweeps_there_are(cast: factories.Cast) -> None:
    assert set(sweeps.sweep()) == {"hinted", *sweeps._JOBS}
    assert set(sweeps.sweep()) == {"hinted"}
    with later(11):
        assert set(sweeps.sweep()) == {"hinted"} | {name for name, (every, _) in sweeps._JOBS.items() if every < 11}
    assert set(sweeps.housekeeping()) == set(sweeps._HOURLY)
    assert sweeps.housekeeping() == {}


def test_a_job_that_fails_does_not_stop_the_others(cast: factories.Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> int:
        raise RuntimeError

    monkeypatch.setattr(sweeps, "_JOBS", {"leases": (10.0, fail), "expired": (10.0, sweeps.expire)})
    assert sweeps.sweep() == {"hinted": 0, "expired": 0}
    with later(11):
        assert "expired" in sweeps.sweep()


def test_a_configuration_is_held_once(cast: factories.Cast) -> None:
    assert breaker.hold(cast.configuration.pk, "20003")
    assert not breaker.hold(cast.configuration.pk, "20005")
    assert Configuration.objects.get().held_reason == "20003"
    assert cast.acme.audit_entries.filter(action="sms.configuration.held").count() == 1


def test_an_accepted_text_without_a_configuration_is_not_asked_about(cast: factories.Cast) -> None:
    message = queue(cast)
    Message.objects.update(state="accepted", due_at=clock.now(), configuration=None)
    assert reconcile.ask_silent() == 0
    assert fresh(message).state == "accepted"
