"""After the faults: let every sweep come at once, and wait until nothing is left to do."""

import time
from datetime import UTC, datetime, timedelta

from tests.chaos.checker import leftovers
from tests.chaos.database import Away
from tests.chaos.world import Stuck, World

# What is promised is that everything comes to its end; a busy machine takes its time.
_PATIENCE = 240.0
_ASKING_PATIENCE = 90.0
_HURRY_SECONDS = 3.0
_WAITING = "SELECT id, direction, state FROM sms_message WHERE state IN ('queued', 'sending', 'received', 'held')"
_DELIVERING = "SELECT id, kind, state FROM sms_delivery WHERE state IN ('pending', 'delivering')"
_UNAPPLIED = "SELECT id, status FROM sms_statusevent WHERE due_at IS NOT NULL"
# Texts whose fate Twilio's list or Twilio itself can tell.
_TO_ASK = (
    "state = 'unknown' OR (direction = 'out' AND state = 'accepted' AND provider_status NOT IN "
    "('delivered', 'undelivered', 'failed', 'canceled', 'read', 'partially_delivered'))"
)


def settle(world: World, patience: float = _PATIENCE) -> None:
    """Heal everything and wait until the portal has done all there is to do.

    Raises:
        Stuck: it never came to rest; what was left is in the text. The checker will say more.
    """
    world.heal()
    # Whoever held these is dead or done; one that is not sends its mail twice, which is promised.
    world.wait(lambda: _end_leases(world), "the database")
    deadline = time.monotonic() + patience
    left, hurried = "the sandbox", 0.0
    while time.monotonic() < deadline:
        world.revive()
        try:
            left = _left(world)
            if not left:
                _ask_twilio(world, max(deadline, time.monotonic() + _ASKING_PATIENCE))
                left = _left(world)
            if not left:
                return
            # Not all the time: sweeps without a pause would be a load of their own.
            if time.monotonic() - hurried > _HURRY_SECONDS:
                hurried = time.monotonic()
                _hurry(world)
        except Away:
            left = "the database"
        time.sleep(0.4)
    raise Stuck(f"not at rest after {patience:g} s: {left}")


def _end_leases(world: World) -> bool:
    try:
        world.database.change("UPDATE sms_delivery SET due_at = %s WHERE state = 'delivering'", _moment(-60))
        read_lists(world)
    except Away:
        return False
    return True


def free_jobs(world: World) -> None:
    """Let every periodic job run at once: who held one is dead, and would be waited for a minute."""
    world.database.change("UPDATE tenants_periodicrun SET last_run = NULL, until = NULL")


def read_lists(world: World) -> None:
    """Let Twilio's lists of received texts be read at once, whoever held them."""
    free_jobs(world)
    world.database.change("UPDATE sms_importcursor SET due_at = %s, lease_token = '', lease_until = NULL", _moment(-60))


def _left(world: World) -> str:
    """Return what is still to be done, in words; nothing when all is done."""
    state = world.control("GET", "/state")
    if state is None or state["pending"]:
        return "the sandbox is still calling"
    for statement in (_WAITING, _DELIVERING, _UNAPPLIED):
        if rows := world.database.rows(statement):
            return f"{len(rows)} rows such as {rows[0]}"
    if files := leftovers(world.var_dir / "spool"):
        return f"{len(files)} files in the spool such as {files[0]}"
    stored = world.database.rows("SELECT provider_sid FROM sms_message WHERE direction = 'in'")
    missing = {entry["message"]["sid"] for entry in world.journal("message.created") if _is_text(entry["message"])}
    missing -= {row["provider_sid"] for row in stored}
    return f"the texts {sorted(missing)[:3]} are not here" if missing else ""


def _is_text(message: dict[str, object]) -> bool:
    return message["direction"] == "inbound"


def _hurry(world: World) -> None:
    """Make everything due now that waits for its time, and let every periodic job run again."""
    past = _moment(-60)
    change = world.database.change
    change("UPDATE sms_message SET due_at = %s WHERE state IN ('queued', 'received') AND due_at > %s", past, past)
    change("UPDATE sms_delivery SET due_at = %s WHERE state = 'pending' AND due_at > %s", past, past)
    change("UPDATE sms_importcursor SET due_at = %s", past)
    change("UPDATE sms_sender SET next_send_at = %s WHERE next_send_at > %s", past, past)
    change("UPDATE sms_twilioaccount SET slow_until = NULL, slow_step = 0, concurrency = NULL")
    free_jobs(world)


def _ask_twilio(world: World, deadline: float) -> None:
    """Make due every text about which Twilio can be asked, and wait until it was asked about each."""
    past = _moment(-1)
    world.database.change(f"UPDATE sms_message SET due_at = %s WHERE {_TO_ASK}", past)  # noqa: S608 (constants)
    due = f"SELECT id FROM sms_message WHERE ({_TO_ASK}) AND due_at <= %s"  # noqa: S608
    while world.database.rows(due, past):
        if time.monotonic() > deadline:
            raise Stuck("Twilio is not asked about texts that are due")
        world.database.change("UPDATE tenants_periodicrun SET last_run = NULL WHERE until IS NULL")
        time.sleep(0.3)


def _moment(seconds: float) -> str:
    """Return a moment as both databases take it."""
    return (datetime.now(UTC) + timedelta(seconds=seconds)).strftime("%Y-%m-%d %H:%M:%S.%f")
