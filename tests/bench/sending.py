"""How fast texts leave: from the claim to `accepted` recorded, beside a client that posts and stores nothing."""

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from tests.bench import load, machine, waves
from tests.bench.bench import Bench, accepts
from tests.bench.databases import Database
from tests.bench.floors.sending import REQUEST
from tests.bench.lines import Kind, Line
from tests.bench.talking import Talker, talker, together
from tests.servers import free_port

IN_FLIGHT = 100
LATENCY_MS = 80
TENANTS = 10
# The stand-in must never be what is measured.
_LIGHTER = 3


@dataclass
class Rounds:
    """What one number of processes brought, round by round: (ours, floor)."""

    rates: list[tuple[float, float]] = field(default_factory=list)
    cpu: list[tuple[float, float]] = field(default_factory=list)
    database_cpu: list[float] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    sent: int = 0


@dataclass
class Road:
    """Everything that sends: the stand-in, the workers on one side, the floor's clients on the other."""

    bench: Bench
    database: Database
    port: int
    workers: Sequence[Talker]
    clients: Sequence[Talker]
    capacity: float

    def measure(self, count: int, rounds: int = 0) -> Rounds:
        """Measure so many processes beside as many of the floor's; the first round only warms up."""
        made = Rounds()
        texts = int(IN_FLIGHT * 1000 / LATENCY_MS * count * self.bench.seconds)
        for number in range(1 + (rounds or self.bench.rounds)):
            both = (self._ours, self._floors) if number % 2 else (self._floors, self._ours)
            found = {side.__name__: side(count, texts, made) for side in both}
            (rate, cpu), (floor, floor_cpu) = found["_ours"], found["_floors"]
            if number:
                made.rates.append((rate, floor))
                made.cpu.append((cpu, floor_cpu))
        return made

    def _ours(self, count: int, texts: int, rounds: Rounds) -> tuple[float, float]:
        waves.queue(self.database, texts)
        load.run(self.port, [b"GET /seen HTTP/1.1\r\n\r\n"], connections=1)
        before = self.database.cpu()
        answers = together(self.workers[:count])
        rounds.database_cpu.append((self.database.cpu() - before) * 1000 / texts)
        accepted, sids, ended = waves.outcome(self.database)
        posted = sum(answer["sent"] for answer in answers)
        if not accepted == sids == posted == texts:
            rounds.problems.append(f"{texts} queued, {posted} posted, {accepted} accepted with {sids} SIDs")
        rounds.sent += accepted
        elapsed = ended - min(answer["began"] for answer in answers)
        return texts / elapsed, sum(answer["cpu"] for answer in answers) * 1000 / texts

    def _floors(self, count: int, texts: int, rounds: Rounds) -> tuple[float, float]:
        answers = together(self.clients[:count], texts // count)
        elapsed = max(answer["ended"] for answer in answers) - min(answer["began"] for answer in answers)
        sent = sum(answer["sent"] for answer in answers)
        return sent / elapsed, sum(answer["cpu"] for answer in answers) * 1000 / max(sent, 1)


@contextlib.contextmanager
def road(bench: Bench, database: Database, processes: int) -> Iterator[Road]:
    """Start the stand-in, and so many workers and clients of the floor."""
    with standin(bench) as port, contextlib.ExitStack() as stack:
        environment = sending_environment(bench, database, port)
        workers = [
            stack.enter_context(talker(bench, f"sender{number}", ["tests.bench.sender"], environment))
            for number in range(processes)
        ]
        clients = [
            stack.enter_context(
                talker(bench, f"client{number}", ["tests.bench.floors.sending", port, IN_FLIGHT], environment)
            )
            for number in range(processes)
        ]
        yield Road(bench, database, port, workers, clients, _capacity(port))


@contextlib.contextmanager
def standin(bench: Bench, latency: int = LATENCY_MS) -> Iterator[int]:
    """Run the stand-in for Twilio; gives its port."""
    port = free_port()
    with bench.running("standin", ["-m", "tests.bench.standin", port, latency], bench.plain()):
        machine.wait_until(lambda: accepts(port), 20, lambda: bench.log("standin"))
        yield port


def sending_environment(bench: Bench, database: Database, port: int) -> dict[str, str]:
    """Return the surroundings of a worker that sends through the stand-in."""
    return bench.environment(database, SANDBOX_URL=f"http://127.0.0.1:{port}", SEND_IN_FLIGHT=str(IN_FLIGHT))


def _capacity(port: int) -> float:
    """Return how many texts a second the stand-in takes when it is not waited for."""
    return max(load.run(port, [REQUEST] * 6000, connections=800).rate for _ in range(2))


def measure(bench: Bench) -> Iterator[Line]:
    """Yield the figures of sending that were asked for."""
    database = bench.database()
    bench.child(database, "tests.bench.scene", "sending", f'{{"tenants": {TENANTS}}}')
    with road(bench, database, 2 if bench.wants("send_2") else 1) as made:
        if bench.wants("send") or bench.wants("send_cpu"):
            yield from _lines(made, "send", 1)
        if bench.wants("send_2"):
            yield from _lines(made, "send_2", 2)


def _lines(made: Road, name: str, count: int) -> Iterator[Line]:
    rounds = made.measure(count)
    yield Line(
        name,
        rounds.rates,
        0.8,
        f"texts/s, worker processes: {count}, in flight in each: {IN_FLIGHT}, Twilio answers after {LATENCY_MS} ms",
        details=[*_behind(made, rounds), made.database.describe()],
        void="; ".join(rounds.problems[:2]) or _too_slow(made, rounds),
    )
    if count == 1:
        yield Line(
            "send_cpu",
            rounds.cpu,
            1.0,
            "ms of the worker process for each text",
            Kind.VALUE_AT_MOST,
            [f"the database beside it {sum(rounds.database_cpu) / len(rounds.database_cpu):.2f} ms"],
            "; ".join(rounds.problems[:2]),
        )


def _behind(made: Road, rounds: Rounds) -> list[str]:
    cpu = sum(ours for ours, _ in rounds.cpu) / len(rounds.cpu)
    database = sum(rounds.database_cpu) / len(rounds.database_cpu)
    return [
        "sms.send_loop.work as the worker's task runs it, pacing and quotas on",
        f"{rounds.sent} posted = accepted = SIDs",
        f"CPU worker + database {cpu:.2f} + {database:.2f} ms",
        f"the stand-in takes {made.capacity:.0f}/s",
    ]


def _too_slow(made: Road, rounds: Rounds) -> str:
    fastest = max((ours for ours, _ in rounds.rates), default=0.0)
    slow = made.capacity < _LIGHTER * fastest
    return f"the stand-in takes only {made.capacity:.0f}/s, less than {_LIGHTER} × {fastest:.0f}" if slow else ""
