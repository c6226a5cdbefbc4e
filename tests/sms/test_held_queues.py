"""A fault of the credentials or the account holds a queue: nothing fails, and all goes once the fault is mended."""

import pytest

from sms import sweeps
from sms.errors import CODES, Verdict
from sms.models import Attempt, Configuration, Message
from sms.queueing import send_loop
from sms.setup import configuring, connecting
from tenants import audit, clock
from tests.sms.conftest import World, later

FAULTS = sorted(code for code, info in CODES.items() if info.at_create is Verdict.STOP_CONFIGURATION)


def states() -> set[str]:
    return set(Message.objects.values_list("state", flat=True))


def waits(world: World, code: str) -> None:
    """The queue stands still: nothing has failed, nothing was sent, and what met the fault is back in the queue."""
    configuration = Configuration.objects.get()
    assert configuration.held_reason == code
    assert states() == {"queued"}
    assert set(Message.objects.values_list("error_code", flat=True)) == {""}
    assert Attempt.objects.filter(outcome="not_sent", error_code=code).exists()
    assert not Attempt.objects.exclude(outcome="not_sent").exists()
    tried = Attempt.objects.count()
    world.queue("Written while it is held")
    send_loop.work()
    assert (states(), Attempt.objects.count()) == ({"queued"}, tried)


def goes(world: World) -> None:
    """All that waited is sent, once each."""
    assert Configuration.objects.get().held_reason == ""
    send_loop.work()
    assert states() == {"accepted"}
    texts = list(Message.objects.all())
    assert [len(world.created(text)) for text in texts] == [1] * len(texts)


def mend(world: World) -> None:
    """Ask Twilio about the account as the page does."""
    world.cast.account.refresh_from_db()
    assert connecting.check(world.cast.account, audit.PORTAL).is_good


@pytest.mark.parametrize("code", FAULTS)
def test_every_fault_of_an_account_holds_its_queue_until_it_is_mended(world: World, code: str) -> None:
    world.fault("error_code", code=int(code))
    for number in range(3):
        world.queue(f"Number {number}")
    send_loop.work()
    waits(world, code)
    world.sandbox.control("DELETE", "/faults")
    mend(world)
    goes(world)


def test_a_token_that_was_revoked_is_replaced(world: World) -> None:
    for number in range(3):
        world.queue(f"Number {number}")
    token = world.sandbox.control("PATCH", f"/accounts/{world.account['sid']}", {"rotate": "primary"})["auth_token"]
    send_loop.work()
    waits(world, "20003")
    configuring.replace_token(audit.PORTAL, Configuration.objects.get(), token)
    goes(world)


def test_an_account_that_was_suspended_is_reactivated(world: World) -> None:
    world.queue("Hello")
    place = f"/accounts/{world.account['sid']}"
    world.sandbox.control("PATCH", place, {"status": "suspended"})
    send_loop.work()
    waits(world, Configuration.objects.get().held_reason)
    assert not connecting.check(world.cast.account, audit.PORTAL).is_good
    assert Configuration.objects.get().held_reason
    world.sandbox.control("PATCH", place, {"status": "active"})
    mend(world)
    goes(world)


def test_a_text_whose_time_runs_out_meanwhile_says_why(world: World) -> None:
    world.fault("error_code", code=20003)
    text = world.queue("Hello")
    send_loop.work()
    assert text.expires_at is not None
    with later((text.expires_at - clock.now()).total_seconds() + 1):
        sweeps.expire()
    text.refresh_from_db()
    assert (text.state, text.state_reason) == ("expired", "Its time ran out while Twilio refused the account")
