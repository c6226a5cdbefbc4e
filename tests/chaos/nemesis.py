"""What goes wrong: each misfortune by name, and schedules of them from one seed."""

import random
import signal
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tests.chaos.services import Program, send_signal
from tests.chaos.world import World

Dice = random.Random


@dataclass(frozen=True, slots=True)
class Blow:
    """One misfortune: when, which, and a seed for its own choices."""

    at: float
    name: str
    seed: int

    def __str__(self) -> str:
        return f"{self.at:.2f} {self.name}"


def schedule(seed: int, names: Sequence[str], seconds: float, pause: tuple[float, float]) -> list[Blow]:
    """Return the blows of a run: the same seed, the same blows."""
    dice, at, blows = Dice(seed), 0.3, []
    while at < seconds:
        blows.append(Blow(at, dice.choice(list(names)), dice.randrange(2**32)))
        at += dice.uniform(*pause)
    return blows


def strike(world: World, blows: Sequence[Blow]) -> None:
    """Carry out a schedule; what dies is started again, as a supervisor would."""
    start = time.monotonic()
    for blow in blows:
        while (left := start + blow.at - time.monotonic()) > 0:
            world.revive()
            time.sleep(min(0.1, left))
        world.log(f"nemesis {blow}")
        BLOWS[blow.name](world, Dice(blow.seed))
    world.revive()


# --- Processes ---


def _kill_child(world: World, dice: Dice) -> None:
    if children := _worker(world).children():
        send_signal(dice.choice(children), signal.SIGKILL)


def _kill_worker(world: World, dice: Dice) -> None:
    _worker(world).kill()
    _worker(world).start()


def _kill_worker_parent(world: World, dice: Dice) -> None:
    """Kill only the parent: for a moment its children work on, beside the new ones."""
    send_signal(_worker(world).pid, signal.SIGKILL)


def _kill_web(world: World, dice: Dice) -> None:
    world.programs["web"].kill()
    time.sleep(dice.uniform(0, 1))
    world.programs["web"].start()


def _kill_web_child(world: World, dice: Dice) -> None:
    if children := world.programs["web"].children():
        send_signal(dice.choice(children), signal.SIGKILL)


def _kill_beat(world: World, dice: Dice) -> None:
    world.programs["beat"].kill()
    time.sleep(dice.uniform(0, 2))
    world.programs["beat"].start()


def _roll_worker(world: World, dice: Dice) -> None:
    """Restart the worker as a deployment does: it finishes what it has in hand."""
    _worker(world).terminate()
    _worker(world).start()


def _roll_web(world: World, dice: Dice) -> None:
    world.programs["web"].terminate()
    world.programs["web"].start()


def _two_of_each(world: World, dice: Dice) -> None:
    """Run a second beat and a second worker beside the first, for a while."""
    twins = [Program(f"second-{name}", _other(world, name), *_place(world)) for name in ("beat", "worker")]
    for twin in twins:
        twin.start()
    time.sleep(dice.uniform(2, 5))
    for twin in twins:
        twin.terminate()


def _other(world: World, name: str) -> list[str]:
    command = list(world.programs[name].command)
    return [*command, "--schedule", str(world.folder / "second-beat")] if name == "beat" else command


def _place(world: World) -> tuple[object, ...]:
    return world.folder, world.checkout, world.environment()


def _zombie(world: World, dice: Dice) -> None:
    """Freeze a worker for longer than its leases, and let it go on."""
    children = _worker(world).children()
    for pid in children:
        send_signal(pid, signal.SIGSTOP)
    time.sleep(5)
    for pid in children:
        send_signal(pid, signal.SIGCONT)


def _crash_point(world: World, dice: Dice) -> None:
    """Let the next process that comes by one of the crash points die there."""
    points = ("accept.committed", "send.claimed", "send.marked", "send.answered", "hook.stored", "deliver.done")
    world.arm(dice.choice(points))


def _worker(world: World) -> Program:
    return world.programs["worker"]


# --- The broker ---


def _restart_broker(world: World, dice: Dice) -> None:
    world.broker.program.kill()
    time.sleep(dice.uniform(0, 2))
    world.broker.start()


def _empty_broker(world: World, dice: Dice) -> None:
    """Restart it without what it had kept."""
    world.broker.program.kill()
    world.broker.forget()
    world.broker.start()


def _flush_broker(world: World, dice: Dice) -> None:
    world.broker.ask("FLUSHALL")


def _pause_broker(world: World, dice: Dice) -> None:
    world.broker.ask(f"CLIENT PAUSE {dice.randrange(1000, 4000)}")


def _lose_broker(world: World, dice: Dice) -> None:
    """Let it fall silent: the network swallows everything, or the process hangs."""
    seconds = dice.uniform(1, 4)
    if world.to_broker is None:
        world.broker.program.freeze()
        time.sleep(seconds)
        world.broker.program.thaw()
    else:
        world.to_broker.blackhole = True
        time.sleep(seconds)
        world.to_broker.heal()


# --- The database ---


def _stop_database(world: World, dice: Dice) -> None:
    """Stop it as a crash would, and start it after a while; SQLite has no server: somebody holds its lock."""
    with world.without_database():
        time.sleep(dice.uniform(1, 4))


def _freeze_database(world: World, dice: Dice) -> None:
    """Let it hang instead of refusing."""
    if world.cluster is None:
        with world.without_database():
            time.sleep(dice.uniform(2, 5))
        return
    world.cluster.program.freeze()
    time.sleep(dice.uniform(2, 5))
    world.cluster.program.thaw()


def _lose_commit(world: World, dice: Dice) -> None:
    """Let the next commit that records an answer succeed, and lose the news of it."""
    if world.to_database is not None:
        world.to_database.struck.clear()
        world.to_database.lose_commit_of = b'"sms_attempt"'


# --- Twilio ---


def _twilio(kind: str, **wanted: float) -> "Callable[[World, Dice], None]":
    def blow(world: World, dice: Dice) -> None:
        world.fault(kind, count=dice.randrange(1, 6), **wanted)

    return blow


def _lose_twilio(world: World, dice: Dice) -> None:
    world.to_twilio.blackhole = True
    time.sleep(dice.uniform(1, 3))
    world.to_twilio.heal()


def _refuse_twilio(world: World, dice: Dice) -> None:
    world.to_twilio.refuse = True
    time.sleep(dice.uniform(0.5, 2))
    world.to_twilio.heal()


def _cut_twilio(world: World, dice: Dice) -> None:
    """Cut the next request after some of its bytes."""
    world.to_twilio.struck.clear()
    world.to_twilio.cut_after = dice.randrange(1, 400)


def _slow_twilio(world: World, dice: Dice) -> None:
    world.to_twilio.latency = dice.uniform(0.1, 0.4)
    time.sleep(dice.uniform(1, 3))
    world.to_twilio.latency = 0.0


PROCESSES = {
    "kill -9 a worker's child": _kill_child,
    "kill -9 the worker": _kill_worker,
    "kill -9 the worker's parent": _kill_worker_parent,
    "kill -9 a web worker": _kill_web_child,
    "kill -9 beat": _kill_beat,
    "crash at a named point": _crash_point,
}
WEB = {"kill -9 the web server": _kill_web}
ZOMBIES = {"freeze the worker beyond its leases": _zombie}
ROLLING = {"restart the worker": _roll_worker, "restart the web server": _roll_web}
BROKER = {
    "kill -9 the broker": _restart_broker,
    "empty the broker": _empty_broker,
    "FLUSHALL": _flush_broker,
    "CLIENT PAUSE": _pause_broker,
    "silent broker": _lose_broker,
}
DATABASE = {
    "stop the database at once": _stop_database,
    "freeze the database": _freeze_database,
    "lose the answer to a commit": _lose_commit,
}
TWILIO = {
    "Twilio times out after accepting": _twilio("timeout_after_accept", seconds=1.0),
    "Twilio resets after accepting": _twilio("reset_after_accept"),
    "Twilio resets before accepting": _twilio("reset_before"),
    "Twilio says 429": _twilio("http_429"),
    "Twilio says 500 after accepting": _twilio("http_500_after_accept"),
    "Twilio says 500 before accepting": _twilio("http_500_before"),
    "Twilio says 502 in HTML": _twilio("http_502_html"),
    "Twilio answers broken JSON": _twilio("bad_json"),
    "silent network to Twilio": _lose_twilio,
    "no connection to Twilio": _refuse_twilio,
    "a request to Twilio is cut": _cut_twilio,
    "slow network to Twilio": _slow_twilio,
}
CALLBACKS = {
    "callbacks twice": _twilio("duplicate_callbacks"),
    "late callbacks": _twilio("late_callbacks", seconds=1.0),
    "callbacks out of order": _twilio("out_of_order_callbacks"),
    "lost callbacks": _twilio("drop_callbacks"),
    "webhooks twice": _twilio("duplicate_webhooks"),
}
TWICE = {"two beats and two workers": _two_of_each}
BLOWS = {**PROCESSES, **WEB, **ZOMBIES, **ROLLING, **BROKER, **DATABASE, **TWILIO, **CALLBACKS, **TWICE}
