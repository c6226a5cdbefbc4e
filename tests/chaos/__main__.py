"""`make chaos`: SEED= reproduces a run, ENGINE=sqlite|postgres limits it to one, SHORT=1 is the version of CI."""

import argparse
import contextlib
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence

from tests import servers
from tests.chaos import matrix, scenarios
from tests.chaos.deliberate import FAULTS, prove
from tests.chaos.load import Load
from tests.chaos.world import ROOT, World

ENGINES = ("sqlite", "postgres")
KINDS = ("lost", "doubled", "dishonest", "regressed")
_SAMPLE = 5
_LAST = "chaos seed="


def say(text: str) -> None:
    print(text, flush=True)


def check(world: World) -> tuple[Counter[str], list[str]]:
    """Let the checker, a process of its own, look at the world; returns its figures and the violations."""
    files = ["--journal", str(world.journal_path), "--history", str(world.history), "--var", str(world.var_dir)]
    command = [sys.executable, "-m", "tests.chaos.checker", "--database", world.database.url, *files]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    *violations, last = done.stdout.splitlines() or [""]
    if "lost=" not in last:
        return Counter(), [f"the checker failed: {done.stdout}{done.stderr}"]
    return _figures(last), violations


def run_engine(engine: str, seed: int, *, short: bool, only: str) -> tuple[Counter[str], list[str]]:
    """Run everything on one engine; returns the checker's figures and all that is wrong."""
    started = time.monotonic()
    with World(engine, seed, say=say) as world:
        load = Load(world)
        wrong: list[str] = []
        if only in ("", "matrix"):
            wrong += matrix.run(world, load, _SAMPLE if short else None, seed)
        for scenario, size in _programme(short, only):
            wrong += scenarios.play(world, load, scenario, size, seed)
            violations = check(world)[1]
            world.log(f"scenario “{scenario.name}”: {len(violations)} violations")
            if violations:
                break
        load.close()
        figures, violations = check(world)
    wrong += violations
    if wrong:
        say(f"[{engine}] seed {seed}; logs, database, journal and history are kept in {world.folder}")
    else:
        world.discard()
    say(f"[{engine}] done in {time.monotonic() - started:.0f} s: {dict(figures)}")
    return figures, wrong


def run_faults(engine: str, seed: int, *, short: bool) -> list[str]:
    """Break the code on purpose: all ways, or the one that the seed chooses; returns what was not seen."""
    chosen = [FAULTS[seed % len(FAULTS)]] if short else FAULTS
    unseen = []
    for fault in chosen:
        say(f"[{engine}] deliberate fault: {fault.patch}")
        unseen.append(prove(fault, engine, seed, check))
        say(f"[{engine}] deliberate fault: {fault.patch}: {'NOT seen' if unseen[-1] else 'seen by the checker'}")
    return [text for text in unseen if text]


def _programme(short: bool, only: str) -> Iterator[tuple[scenarios.Scenario, scenarios.Size]]:
    for scenario in (*scenarios.SCENARIOS, scenarios.EVERYTHING):
        if only in ("", scenario.name) and (scenario is scenarios.EVERYTHING or not short):
            yield scenario, scenarios.SHORT if short else scenario.size


def side_by_side(seed: int) -> tuple[Counter[str], bool]:
    """Run the short version on both engines at once: most of it is waiting. Returns the figures, and if all is well."""
    command = [sys.executable, "-m", "tests.chaos", "--short", "--seed", str(seed), "--engine"]
    runs = [subprocess.Popen([*command, engine], cwd=ROOT, stdout=subprocess.PIPE, text=True) for engine in ENGINES]
    total: Counter[str] = Counter()

    def pass_on(run: "subprocess.Popen[str]") -> None:
        for line in run.stdout or ():
            if line.startswith(f"{_LAST}{seed} "):
                total.update(_figures(line.removeprefix(f"{_LAST}{seed} ")))
            else:
                say(line.rstrip())

    threads = [threading.Thread(target=pass_on, args=(run,)) for run in runs]
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        for run in runs:
            run.terminate()
    return total, all([run.wait() == 0 for run in runs])  # noqa: C419 (each is waited for)


def _figures(text: str) -> Counter[str]:
    return Counter({name: int(value) for name, value in (pair.split("=") for pair in text.split())})


def one_after_the_other(engines: Sequence[str], seed: int, *, short: bool, only: str) -> tuple[Counter[str], bool]:
    """Run what is wanted on each engine."""
    total: Counter[str] = Counter()
    wrong: list[str] = []
    for engine in engines:
        try:
            if only != "faults":
                figures, found = run_engine(engine, seed, short=short, only=only)
                total.update(figures)
                wrong += [f"[{engine}] {text}" for text in found]
            # Which engine stores it is nothing to the checker: once is enough for the short version.
            if only in ("", "faults") and not (short and engine != ENGINES[0]):
                wrong += [f"[{engine}] {text}" for text in run_faults(engine, seed, short=short)]
        except servers.Unavailable as problem:
            say(f"SKIPPED: {engine} ({problem})")
    for text in wrong:
        say(f"WRONG {text}")
    return total, not wrong


def main() -> int:
    """Run what was asked for; the last line has the figures of all."""
    parser = argparse.ArgumentParser(prog="make chaos", description=__doc__)
    seed = int(os.environ.get("SEED") or random.SystemRandom().randrange(10_000))
    parser.add_argument("--seed", type=int, default=seed)
    parser.add_argument("--engine", choices=("", *ENGINES), default=os.environ.get("ENGINE", ""))
    names = ["", "matrix", "faults", *(scenario.name for scenario in (*scenarios.SCENARIOS, scenarios.EVERYTHING))]
    parser.add_argument("--only", choices=names, default=os.environ.get("ONLY", ""))
    parser.add_argument("--short", action="store_true", default=os.environ.get("SHORT", "") not in ("", "0"))
    wanted = parser.parse_args()
    if wanted.short and not wanted.engine and not wanted.only:
        say(f"SEED={wanted.seed} runs the same schedule and the same choices again")
        total, well = side_by_side(wanted.seed)
    else:
        engines = [wanted.engine] if wanted.engine else ENGINES
        total, well = one_after_the_other(engines, wanted.seed, short=wanted.short, only=wanted.only)
    figures = (f"{name}={total[name]}" for name in ("outbound", "inbound", *KINDS, "unknown_left"))
    say(" ".join([f"{_LAST}{wanted.seed}", *figures]))
    return int(not well)


def _stop(*signaled: object) -> None:
    sys.exit(143)


if __name__ == "__main__":
    # So that what was started is ended, too.
    signal.signal(signal.SIGTERM, _stop)
    with contextlib.suppress(KeyboardInterrupt):
        sys.exit(main())
    sys.exit(130)
