"""What a text costs from Twilio's POST to the durable row, beside the least that does the same."""

import contextlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from tests.bench import load, payloads
from tests.bench.bench import Bench
from tests.bench.databases import Database, Sqlite
from tests.bench.floors import intake as floor_intake
from tests.bench.floors import intake_embedded
from tests.bench.lines import Kind, Line, percentile
from tests.bench.web import Server, floor, portal

NAMES = ("webhook_intake", "webhook_intake_textbook", "webhook_intake_p50", "webhook_intake_embedded")
STEADY_RATE = 200.0
_FEWEST = 160
# Until every thread of every worker has its connection, and the server its plans.
_WARM = 400
_TEXTBOOK_TABLE = floor_intake.TABLE.replace(
    "raw bytea NOT NULL, at timestamptz NOT NULL DEFAULT now()", "raw bytea NOT NULL, at timestamptz NOT NULL"
)


@dataclass
class Side:
    """One of those that are compared: where it listens, where its rows are, and what it has done so far."""

    server: Server
    database: Database
    table: str
    make: Callable[[int], list[bytes]]
    expected_rate: float = 600.0
    rates: list[float] = field(default_factory=list)
    sent: int = 0
    server_cpu: float = 0.0
    database_cpu: float = 0.0
    problems: list[str] = field(default_factory=list)

    def rows(self) -> int:
        return int(self.database.query(f"SELECT count(*) FROM {self.table}")[0][0])  # noqa: S608 (ours)

    def stretch(self, seconds: float, fewest: int = _FEWEST) -> None:
        """Offer as much as it takes for about so many seconds, and count what was stored."""
        requests = self.make(max(fewest, int(self.expected_rate * seconds)))
        before, own, database = self.rows(), self.server.cpu(), self.database.cpu()
        done = load.run(self.server.port, requests, workers=self.server.workers())
        self.server_cpu += self.server.cpu() - own
        self.database_cpu += self.database.cpu() - database
        self._check(done, before)
        self.expected_rate = done.rate or self.expected_rate
        self.rates.append(done.rate)

    def at_steady_rate(self, seconds: float) -> list[float]:
        """Offer a fixed number a second; returns how long each answer took, in milliseconds."""
        before = self.rows()
        requests = self.make(int(STEADY_RATE * seconds))
        done = load.run(self.server.port, requests, rate=STEADY_RATE, workers=self.server.workers())
        self._check(done, before)
        return [wait * 1000 for wait in done.waits]

    def forget(self) -> None:
        """Leave out what warmed up."""
        self.rates, self.sent, self.server_cpu, self.database_cpu = [], 0, 0.0, 0.0

    def _check(self, done: load.Slice, before: int) -> None:
        self.sent += done.answered
        stored = self.rows() - before
        if done.refused or stored != done.answered:
            self.problems.append(f"{done.answered} acknowledged, {stored} stored, {done.refused} refused")

    def cost(self) -> str:
        """Say what one text cost, in milliseconds of CPU time."""
        if not self.sent:
            return "nothing sent"
        each = 1000 / self.sent
        return f"{self.server_cpu * each:.2f} + {self.database_cpu * each:.2f} ms"


def measure(bench: Bench) -> Iterator[Line]:
    """Yield the figures of the intake that were asked for."""
    if any(bench.wants(name) for name in NAMES[:3]):
        yield from _on_postgres(bench)
    if bench.wants("webhook_intake_embedded"):
        yield _embedded(bench)


def _on_postgres(bench: Bench) -> Iterator[Line]:
    database = bench.database()
    scene = bench.child(database, "tests.bench.scene", "intake")
    environment = bench.environment(database, FLOOR_TOKEN=scene["token"])
    with contextlib.ExitStack() as stack:
        ours = Side(stack.enter_context(portal(bench, environment)), database, "sms_message", maker(scene))
        bare = _floor(bench, stack, environment, scene, "intake", floor_intake.TABLE)
        if bench.wants("webhook_intake") or bench.wants("webhook_intake_textbook"):
            sides = {"webhook_intake": bare}
            if bench.wants("webhook_intake_textbook"):
                sides["webhook_intake_textbook"] = _floor(bench, stack, environment, scene, "textbook", _TEXTBOOK_TABLE)
            compare(bench, [ours, *sides.values()])
            for name, other in sides.items():
                if bench.wants(name):
                    yield against(name, ours, other, 0.5 if other is bare else 2.5, database)
        if bench.wants("webhook_intake_p50"):
            yield _p50(bench, ours, bare, database)


def maker(scene: dict[str, str]) -> Callable[[int], list[bytes]]:
    """Return what makes signed texts for the webhook of a scene."""
    return lambda count: payloads.texts(scene["path"], scene["account"], scene["token"], count)


def _floor(
    bench: Bench, stack: contextlib.ExitStack, environment: dict[str, str], scene: dict[str, str], name: str, table: str
) -> Side:
    database = bench.bare_database()
    database.query(table)
    server = stack.enter_context(floor(bench, name, {**environment, **database.environment}))
    return Side(server, database, "intake", maker(scene))


def compare(bench: Bench, sides: Sequence[Side]) -> None:
    """Warm all up, then measure them in turn, to and fro, so that what drifts hits all alike."""
    for side in (*sides, *sides):
        side.stretch(bench.seconds / 2, fewest=_WARM)
    for side in sides:
        side.forget()
    for number in range(bench.rounds):
        for side in sides if number % 2 == 0 else reversed(sides):
            side.stretch(bench.seconds)


def against(name: str, ours: Side, other: Side, goal: float, database: Database) -> Line:
    problems = [*ours.problems, *(f"floor: {problem}" for problem in other.problems)]
    return Line(
        name,
        list(zip(ours.rates, other.rates, strict=True)),
        goal,
        f"texts/s, {load.CONNECTIONS} connections",
        details=[
            f"{ours.sent} acknowledged = stored",
            f"CPU server + database {ours.cost()}, floor {other.cost()}",
            database.describe(),
        ],
        void="; ".join(problems[:2]),
    )


def _p50(bench: Bench, ours: Side, bare: Side, database: Database) -> Line:
    pairs = []
    for number in range(bench.rounds):
        sides = (ours, bare) if number % 2 == 0 else (bare, ours)
        middle = {id(side): percentile(side.at_steady_rate(bench.seconds), 50) for side in sides}
        pairs.append((middle[id(ours)], middle[id(bare)]))
    return Line(
        "webhook_intake_p50",
        pairs,
        2.0,
        f"ms to the answer, half of the texts, at {STEADY_RATE:.0f}/s",
        Kind.RATIO_AT_MOST,
        [database.describe()],
        "; ".join([*ours.problems, *bare.problems][:2]),
    )


def _embedded(bench: Bench) -> Line:
    database = bench.database("sqlite")
    assert isinstance(database, Sqlite)
    scene = bench.child(database, "tests.bench.scene", "intake")
    pragmas = bench.child(database, "tests.bench.scene", "pragmas")
    folder = bench.path("floor_sqlite")
    folder.mkdir(exist_ok=True)
    bare = Sqlite(folder)
    bare.query(intake_embedded.TABLE)
    environment = bench.environment(database, FLOOR_TOKEN=scene["token"])
    theirs = {**environment, "FLOOR_FILE": str(bare.path), "FLOOR_PRAGMAS": pragmas}
    with portal(bench, environment) as own, floor(bench, "intake_embedded", theirs) as other:
        sides = [Side(own, database, "sms_message", maker(scene)), Side(other, bare, "intake", maker(scene))]
        compare(bench, sides)
        return against("webhook_intake_embedded", sides[0], sides[1], 0.4, database)
