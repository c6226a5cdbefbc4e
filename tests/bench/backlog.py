"""What a full queue does to the rest: 50,000 texts of 50 tenants leave while texts keep coming in."""

import statistics
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from tests.bench import waves
from tests.bench.bench import Bench
from tests.bench.databases import Database
from tests.bench.intake import STEADY_RATE, Side, maker
from tests.bench.lines import Kind, Line, percentile
from tests.bench.sending import Rounds, road
from tests.bench.talking import Talker
from tests.bench.web import portal

TENANTS = 50


def measure(bench: Bench) -> Iterator[Line]:
    """Yield both figures: how fast the backlog leaves, and what the intake feels of it."""
    texts = 5_000 if bench.quick else 50_000
    quiet_seconds = 3.0 if bench.quick else 20.0
    database = bench.database()
    bench.child(database, "tests.bench.scene", "sending", f'{{"tenants": {TENANTS}}}')
    scene = bench.child(database, "tests.bench.scene", "intake")
    environment = bench.environment(database)
    with portal(bench, environment) as server, road(bench, database, 1) as made:
        intake = Side(server, database, "sms_message WHERE direction = 'in'", maker(scene))
        intake.at_steady_rate(quiet_seconds / 2)
        sends = made.measure(1, rounds=2 if bench.quick else 5)
        quiet = intake.at_steady_rate(quiet_seconds)
        waves.queue(database, texts)
        busy: list[float] = []
        with _offered(intake, busy, seconds=1.0 if bench.quick else 5.0):
            began = time.time()
            posted = _drain(made.workers[0])
        accepted, sids, ended = waves.outcome(database)
        void = "; ".join([*sends.problems, *intake.problems][:2])
        if not texts == accepted == sids == posted:
            void = f"{texts} queued, {posted} posted, {accepted} accepted with {sids} SIDs"
        drained = texts / (ended - began)
        yield _drained(drained, sends, texts, database, void)
        yield Line(
            "backlog_intake_p99",
            [(percentile(busy, 99), percentile(quiet, 99))],
            5.0,
            f"ms to the answer, 99 of 100, at {STEADY_RATE:.0f}/s while the backlog leaves; floor: without one",
            Kind.RATIO_AT_MOST,
            [
                f"{len(busy)} texts, half within {percentile(busy, 50):.1f} ms, without a backlog "
                f"{percentile(quiet, 50):.1f} ms",
            ],
            "; ".join(intake.problems[:2]),
        )


def _drained(drained: float, sends: Rounds, texts: int, database: Database, void: str) -> Line:
    send = statistics.median(ours for ours, _ in sends.rates)
    return Line(
        "backlog",
        [(drained, send)],
        0.7,
        f"texts/s out of {texts} queued for {TENANTS} tenants, one worker process, callbacks off, "
        f"{STEADY_RATE:.0f} texts/s coming in; floor: send in this run",
        details=[f"{texts} queued = accepted = SIDs", database.describe()],
        void=void,
    )


def _drain(worker: Talker) -> int:
    """Let the worker go round after round, as hints would, until nothing is left."""
    posted = 0
    while True:
        worker.tell("go")
        sent = int(worker.answer()["sent"])
        if not sent:
            return posted
        posted += sent


@contextmanager
def _offered(intake: Side, waits: list[float], seconds: float) -> Iterator[None]:
    """Offer the intake its steady rate, meanwhile, on another thread."""
    over = threading.Event()

    def offer() -> None:
        while not over.is_set():
            waits.extend(intake.at_steady_rate(seconds))

    thread = threading.Thread(target=offer)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
