"""Deliberate faults: with a promise taken out of a copy of the code, the checker must see what comes of it."""

import shutil
import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.chaos.load import Load
from tests.chaos.matrix import Cell
from tests.chaos.quiet import settle
from tests.chaos.world import ROOT, Stuck, World

PATCHES = Path(__file__).parent / "faults"
# A sound portal comes to rest sooner; a broken one may never.
_PATIENCE = 15.0


@dataclass(frozen=True, slots=True)
class Fault:
    """What is broken, how it is provoked, and as what the checker must see it."""

    patch: str
    provoke: Callable[[Cell], None]
    seen_as: str


def _die_before_recording(cell: Cell) -> None:
    # A report would tell in time that Twilio has the text.
    cell.world.fault("drop_callbacks")
    message = cell.crash_on("send.answered")
    _wait_for_two(cell, message)


def _lose_an_answer(cell: Cell) -> None:
    cell.world.fault("drop_callbacks")
    company = cell.world.companies[0]
    wanted = cell.load.request(company)
    cell.world.fault("reset_after_accept", count=1, match={"to": wanted["to"]})
    _wait_for_two(cell, cell.send(company, wanted))


def _wait_for_two(cell: Cell, message: str) -> None:
    cell.world.wait(lambda: cell.at_twilio(message) > 1, f"{message} to be sent again")


def _text_twice(cell: Cell) -> None:
    cell.world.fault("duplicate_webhooks", count=1)
    cell.text()
    cell.world.wait(lambda: cell.world.control("GET", "/state")["pending"] == 0, "both webhooks")


def _die_with_a_lease(cell: Cell) -> None:
    cell.crash_on("send.claimed")


FAULTS = (
    Fault("marker-off", _die_before_recording, "doubled"),
    Fault("retry-on-timeout", _lose_an_answer, "doubled"),
    Fault("uniqueness-dropped", _text_twice, "doubled"),
    Fault("sweep-off", _die_with_a_lease, "lost"),
)


def path_of(fault: Fault) -> Path:
    return PATCHES / f"{fault.patch}.patch"


def scratch(fault: Fault) -> Path:
    """Copy the checkout's files, with the fault patched in, into a folder of their own."""
    folder = Path(tempfile.mkdtemp(prefix=f"chaos-{fault.patch}-"))
    listed = subprocess.run(
        ["git", "ls-files", "-zco", "--exclude-standard"], cwd=ROOT, capture_output=True, check=True
    ).stdout
    for name in filter(None, listed.decode().split("\0")):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
    subprocess.run(["git", "apply", "--unidiff-zero", str(path_of(fault))], cwd=folder, check=True)
    return folder


def prove(fault: Fault, engine: str, seed: int, check: Callable[[World], tuple[dict[str, int], list[str]]]) -> str:
    """Run a portal with this fault; returns what the checker overlooked, or nothing."""
    checkout = scratch(fault)
    try:
        with World(engine, seed, checkout=checkout, say=lambda text: None) as world:
            load = Load(world)
            try:
                fault.provoke(Cell(world, load))
                settle(world, _PATIENCE)
            except Stuck:
                pass
            load.close()
            figures, violations = check(world)
    finally:
        shutil.rmtree(checkout, ignore_errors=True)
    if figures.get(fault.seen_as, 0):
        world.discard()
        return ""
    return f"the fault {fault.patch} went unseen on {engine}: {violations}; kept in {world.folder}"
