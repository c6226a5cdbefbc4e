"""How many status reports a second are taken and applied, beside the least that takes a text."""

import contextlib
import time
from collections.abc import Iterator
from typing import Any

from tests.bench import load, machine, payloads, waves
from tests.bench.bench import Bench
from tests.bench.databases import Database
from tests.bench.floors.intake import TABLE
from tests.bench.intake import Side, maker
from tests.bench.lines import Line
from tests.bench.web import Server, floor, portal
from tests.bench.workers import worker

# What is reported of each text, in this order.
_STATUSES = ("sent", "delivered")
_FIRST_GUESS = 400.0


class Reports:
    """The portal with a worker that applies reports while they come in."""

    def __init__(self, database: Database, server: Server, worker_pid: int, scene: dict[str, Any]) -> None:
        self.database = database
        self.server = server
        self.worker_pid = worker_pid
        self.scene = scene
        self.rates: list[float] = []
        # How many were taken in a second, lately: a stretch is as long as the intake needs, and what is left to apply
        # at its end comes on top.
        self.pace = _FIRST_GUESS
        self.drains: list[float] = []
        self.problems: list[str] = []
        self.sent = 0
        self.cpu = [0.0, 0.0, 0.0]

    def stretch(self, seconds: float) -> None:
        """Report what became of new texts; the clock stops when every report has been applied."""
        texts = max(50, int(self.pace * seconds / len(_STATUSES)))
        waves.take(self.database, texts)
        requests = self._requests()
        before, began = self._cpu(), time.perf_counter()
        done = load.run(self.server.port, requests, workers=self.server.workers())
        machine.wait_until(lambda: not self._waiting(), 60, lambda: "The reports are not applied within a minute")
        elapsed = time.perf_counter() - began
        self.cpu = [total + now - then for total, now, then in zip(self.cpu, self._cpu(), before, strict=True)]
        self.sent += done.answered
        self._check(done, texts)
        self.pace = done.answered / done.elapsed
        self.drains.append(elapsed - done.elapsed)
        self.rates.append(done.answered / elapsed)

    def forget(self) -> None:
        """Leave out what warmed up."""
        self.rates, self.drains, self.sent, self.cpu = self.rates[-1:], [], 0, [0.0, 0.0, 0.0]

    def _requests(self) -> list[bytes]:
        rows = self.database.query(
            "SELECT m.tenant_id::text, m.account_sid, replace(m.id::text, '-', ''), m.provider_sid "
            "FROM sms_message m JOIN wave ON m.id = wave.message"
        )
        targets = [
            (f"{self.scene['paths'][tenant]}/{message}/1", account, sid, status)
            for status in _STATUSES
            for tenant, account, message, sid in rows
        ]
        return payloads.reports(targets, self.scene["token"])

    def _waiting(self) -> int:
        return int(self.database.query("SELECT count(*) FROM sms_statusevent WHERE due_at IS NOT NULL")[0][0])

    def _check(self, done: load.Slice, texts: int) -> None:
        events, attached = self.database.query(
            "SELECT count(*), count(e.attempt_id) FROM sms_statusevent e JOIN wave ON e.asked_message = wave.message"
        )[0]
        delivered = self.database.query(
            "SELECT count(*) FROM sms_message m JOIN wave ON m.id = wave.message WHERE m.provider_status = 'delivered'"
        )[0][0]
        if done.refused or not done.answered == events == attached or delivered != texts:
            self.problems.append(
                f"{done.answered} acknowledged, {done.refused} refused, {events} stored, {attached} applied, "
                f"{delivered} of {texts} texts delivered"
            )

    def _cpu(self) -> list[float]:
        return [self.server.cpu(), machine.cpu(self.worker_pid), self.database.cpu()]

    def cost(self) -> str:
        """Say what one report cost, in milliseconds of CPU time."""
        each = 1000 / max(self.sent, 1)
        return " + ".join(f"{seconds * each:.2f}" for seconds in self.cpu)


def measure(bench: Bench) -> Iterator[Line]:
    """Yield the one figure."""
    database, bare = bench.database(), bench.bare_database()
    scene = bench.child(database, "tests.bench.scene", "reported")
    bare.query(TABLE)
    environment = bench.environment(database, FLOOR_TOKEN=scene["token"])
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(portal(bench, environment))
        ours = Reports(database, server, stack.enter_context(worker(bench, environment)), scene)
        least = stack.enter_context(floor(bench, "intake", {**environment, **bare.environment}))
        text = {"path": "/webhooks/twilio/floor/message", "account": f"AC{0:032d}", "token": scene["token"]}
        other = Side(least, bare, "intake", maker(text))
        for side in (ours, other, ours, other):
            side.stretch(bench.seconds / 2)
        ours.forget()
        other.forget()
        first = len(ours.rates)
        for number in range(bench.rounds):
            for side in (ours, other) if number % 2 == 0 else (other, ours):
                side.stretch(bench.seconds)
        yield Line(
            "status_callbacks",
            list(zip(ours.rates[first:], other.rates, strict=True)),
            0.4,
            f"reports/s taken and applied, {load.CONNECTIONS} connections",
            details=[
                f"{ours.sent} acknowledged = stored = applied",
                f"a worker applies meanwhile; {max(ours.drains):.2f} s at most after the last answer, counted in",
                f"CPU web + worker + database {ours.cost()} ms",
                database.describe(),
            ],
            void="; ".join([*ours.problems, *other.problems][:2]),
        )
