"""Random and environmental scenarios: a load, a schedule of blows, then quiet."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tests.chaos import nemesis
from tests.chaos.load import Load
from tests.chaos.quiet import settle
from tests.chaos.world import Stuck, World


@dataclass(frozen=True, slots=True)
class Size:
    """How much of each kind, in how many seconds."""

    outbound: int
    inbound: int
    seconds: float


SHORT = Size(60, 50, 12.0)
FULL = Size(250, 200, 25.0)
LONG = Size(600, 500, 60.0)


@dataclass(frozen=True, slots=True)
class Scenario:
    """What may happen, how often, and whether it may leave texts of unknown outcome."""

    name: str
    blows: Mapping[str, Any]
    pause: tuple[float, float] = (0.5, 2.0)
    may_leave_unknown: bool = True
    size: Size = FULL


SCENARIOS = (
    Scenario("kill -9", {**nemesis.PROCESSES, **nemesis.WEB}),
    Scenario("rolling restarts", nemesis.ROLLING, (2.0, 5.0), may_leave_unknown=False),
    Scenario("the broker", nemesis.BROKER, (0.5, 3.0), may_leave_unknown=False),
    Scenario("the database", nemesis.DATABASE, (2.0, 5.0)),
    Scenario("Twilio", nemesis.TWILIO),
    Scenario("callbacks", nemesis.CALLBACKS, (0.3, 1.0), may_leave_unknown=False),
    Scenario("zombies", nemesis.ZOMBIES, (6.0, 9.0)),
    Scenario("two of each", nemesis.TWICE, (1.0, 2.0), may_leave_unknown=False),
)
EVERYTHING = Scenario("everything at once", nemesis.BLOWS, size=LONG)


def play(world: World, load: Load, scenario: Scenario, size: Size, seed: int) -> list[str]:
    """Play a scenario to its end and return what it leaves that it must not leave, in words."""
    before = {row["id"] for row in _unknown(world)}
    blows = nemesis.schedule(seed, list(scenario.blows), size.seconds, scenario.pause)
    world.log(f"scenario “{scenario.name}”: {size.outbound} out, {size.inbound} in, {len(blows)} blows")
    load.offer(size.outbound, size.inbound, size.seconds)
    nemesis.strike(world, blows)
    world.log("healing")
    world.heal()
    load.join()
    wrong = [f"{scenario.name}: the client of {key} was never answered" for key in load.refused]
    load.refused.clear()
    try:
        settle(world)
    except Stuck as problem:
        wrong.append(f"{scenario.name}: {problem}")
    if not scenario.may_leave_unknown:
        left = [row["id"] for row in _unknown(world) if row["id"] not in before]
        wrong += [f"{scenario.name}: {message} is left unknown" for message in left]
    return wrong


def _unknown(world: World) -> list[dict[str, Any]]:
    return world.rows("SELECT id FROM sms_message WHERE direction = 'out' AND state = 'unknown'")
