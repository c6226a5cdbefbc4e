"""The crash-point matrix: a process dies at a named place, and exactly what we promise comes of it."""

import random
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from tests.chaos.checker import leftovers
from tests.chaos.database import Row
from tests.chaos.load import Load
from tests.chaos.quiet import free_jobs, read_lists, settle
from tests.chaos.services import send_signal
from tests.chaos.world import KEYS, Stuck, World


class Broken(Exception):
    """A cell did not end as promised."""


@dataclass
class Cell:
    """One crash: what runs, in which world, at which try."""

    world: World
    load: Load
    second: bool = False
    picture: bool = False

    # --- A text on its way out ---

    def send(self, company: Any, wanted: dict[str, str]) -> str:
        message = self.world.wait(lambda: self.load.ask(company, wanted), "the API's answer")
        return str(message)

    def crash_on(self, point: str) -> str:
        """Let the process die that brings a text to this point; returns the text."""
        company = self.world.companies[self.load.number() % 2]
        wanted = self.load.request(company)
        if self.second:
            self.world.fault("http_429", count=1, match={"to": wanted["to"]})
            message = self.send(company, wanted)
            self.world.wait(lambda: self._refused_once(message), "the first try to be refused")
            self.world.arm(point)
        else:
            self.world.arm(point)
            message = self.send(company, wanted)
        self.world.wait(lambda: self.world.has_struck(point), f"a process to die at {point}")
        free_jobs(self.world)
        return message

    def _refused_once(self, message: str) -> bool:
        outcomes = [attempt["outcome"] for attempt in self.attempts(message)]
        return bool(outcomes) and outcomes[0] == "not_sent"

    def attempts(self, message: str) -> list[Row]:
        statement = "SELECT number, phase, outcome, provider_sid FROM sms_attempt WHERE message_id = %s ORDER BY number"
        return self.world.rows(statement, message)

    def message(self, message: str) -> Row:
        rows = self.world.rows("SELECT * FROM sms_message WHERE id = %s", message)
        return rows[0] if rows else {"state": "", "attempt_count": 0}

    def at_twilio(self, message: str) -> int:
        """Count the texts that Twilio made of a message: the truth."""
        created = (entry["message"] for entry in self.world.journal("message.created"))
        return sum(message in text["status_callback"] for text in created)

    def ends(self, message: str, state: str, sent: int) -> None:
        """Wait for a state, and hold the truth against it."""
        self.wait_for(message, lambda: self.message(message)["state"] == state, state)
        if self.at_twilio(message) != sent:
            raise Broken(f"{message} is {state}, and at Twilio {self.at_twilio(message)} times instead of {sent}")

    def wait_for(self, message: str, ready: Callable[[], bool], what: str) -> None:
        try:
            self.world.wait(ready, what)
        except Stuck as problem:
            row = self.message(message)
            raise Stuck(f"{problem}: {message} is {row['state']}, {self.attempts(message)}") from None

    def stays_unknown(self, message: str) -> None:
        """Wait until Twilio's list was read for it; it must still be unknown, and never have left."""
        self.ends(message, "unknown", 0)
        past = "2020-01-01 00:00:00"
        self.world.database.change(
            "UPDATE sms_message SET due_at = %s WHERE id = %s AND state = 'unknown'", past, message
        )
        self.world.wait(lambda: self._was_searched(message), f"Twilio's list to be read for {message}")
        self.ends(message, "unknown", 0)

    def _was_searched(self, message: str) -> bool:
        due = self.message(message).get("due_at", "")
        return due is None or not str(due).startswith("2020")

    # --- A text that comes in ---

    def text(self, *points: str, number: int = 0) -> str:
        """Let a phone text us, and the process that takes it die at the first of these points."""
        company = self.world.companies[self.load.number() % 2]
        for point in points:
            self.world.arm(point)
        sid = self.load.text(company, number=company.numbers[number], picture=self.picture)
        for point in points:
            self.world.wait(partial(self.world.has_struck, point), f"a process to die at {point}")
        return sid

    def is_here_once(self, sid: str) -> Row:
        """Wait until a text is processed; it must be there once."""
        statement = "SELECT * FROM sms_message WHERE provider_sid = %s AND direction = 'in'"
        self.world.wait(
            lambda: [row for row in self.world.rows(statement, sid) if row["state"] == "routed"], f"the text {sid}"
        )
        rows = self.world.database.rows(statement, sid)
        if len(rows) != 1:
            raise Broken(f"the text {sid} is there {len(rows)} times")
        return rows[0]

    def delivered(self, sid: str) -> list[Row]:
        """Wait until all deliveries of a text are carried out."""
        row = self.is_here_once(sid)
        # The lease of a delivery is never shorter than half a minute; its holder is dead: let it be over.
        hurry = "UPDATE sms_delivery SET due_at = %s WHERE message_id = %s AND state = 'delivering'"
        self.world.database.change(hurry, "2020-01-01 00:00:00", row["id"])
        statement = "SELECT id, kind, state, tries FROM sms_delivery WHERE message_id = %s"

        def done() -> list[Row]:
            found = self.world.rows(statement, row["id"])
            return found if found and all(one["state"] == "delivered" for one in found) else []

        return list(self.world.wait(done, f"the deliveries of {sid}"))


def f1(cell: Cell) -> None:
    """The API dies before its commit: no answer, no row; the client's next try makes one."""
    _api_dies(cell, "accept.before_commit", rows=0)


def f2(cell: Cell) -> None:
    """The API dies after its commit: the next try is answered with the row that is there."""
    _api_dies(cell, "accept.committed", rows=1)


def _api_dies(cell: Cell, point: str, rows: int) -> None:
    company = cell.world.companies[0]
    wanted = cell.load.request(company)
    cell.world.arm(point)
    if cell.load.ask(company, wanted):
        raise Broken("a server that died has answered")
    cell.world.wait(lambda: cell.world.has_struck(point), f"the API to die at {point}")
    found = cell.world.database.rows("SELECT id FROM sms_message WHERE body = %s", wanted["body"])
    if len(found) != rows:
        raise Broken(f"{len(found)} rows after a crash at {point}, expected {rows}")
    message = cell.send(company, wanted)
    if rows and message != found[0]["id"]:
        raise Broken(f"the second try was answered with {message}, the first had made {found[0]['id']}")
    cell.ends(message, "accepted", 1)


def f3(cell: Cell) -> None:
    """The web process dies after its hint."""
    cell.ends(cell.crash_on("hint.published"), "accepted", 1)


def f4(cell: Cell) -> None:
    """A worker dies when it has taken the hint and nothing else."""
    cell.ends(cell.crash_on("send.received"), "accepted", 1)


def f5(cell: Cell) -> None:
    """A worker dies between the lease and the marker: the lease ends, the text is sent."""
    message = cell.crash_on("send.claimed")
    cell.ends(message, "accepted", 1)
    outcomes = [attempt["outcome"] for attempt in cell.attempts(message)]
    if outcomes[-2:] != ["not_sent", "accepted"]:
        raise Broken(f"the attempts ended as {outcomes}")


def f6(cell: Cell) -> None:
    """A worker dies between the marker and the connection: unknown, not sent, and it stays so."""
    cell.stays_unknown(cell.crash_on("send.marked"))


def f6_requeue(cell: Cell) -> None:
    """The same where the configuration wants texts sent again that Twilio's list shows, twice, not to be there."""
    change = cell.world.database.change
    change("UPDATE sms_configuration SET unknown_policy = 'requeue'")
    try:
        message = cell.crash_on("send.marked")
        cell.wait_for(message, lambda: cell.message(message)["state"] == "unknown", "it to be unknown")
        _resolved(cell, message)
        outcomes = [attempt["outcome"] for attempt in cell.attempts(message)]
        if outcomes != ["not_sent", "accepted"]:
            raise Broken(f"the attempts ended as {outcomes}")
    finally:
        change("UPDATE sms_configuration SET unknown_policy = 'hold'")


def f7(cell: Cell) -> None:
    """A worker dies with half its request written."""
    proxy = cell.world.to_twilio
    proxy.struck.clear()
    proxy.hold_after = 150
    message = cell.send(cell.world.companies[0], cell.load.request(cell.world.companies[0]))
    cell.world.wait(proxy.struck.is_set, "half a request")
    _kill_children(cell.world)
    proxy.heal()
    cell.stays_unknown(message)


def f8(cell: Cell) -> None:
    """A worker dies with its request written and the answer pending: found by callback or list."""
    company = cell.world.companies[0]
    wanted = cell.load.request(company)
    match = {"to": wanted["to"]}
    cell.world.fault("timeout_after_accept", count=1, seconds=3.0, match=match)
    if cell.second:
        cell.world.fault("drop_callbacks", match=match)
    message = cell.send(company, wanted)
    cell.world.wait(lambda: cell.at_twilio(message), "Twilio to have it")
    _kill_children(cell.world)
    _resolved(cell, message)


def f9(cell: Cell) -> None:
    """A worker dies between the answer and its record."""
    _resolved(cell, cell.crash_on("send.answered"))


def _resolved(cell: Cell, message: str) -> None:
    """Wait until a text of unknown outcome is found; the search in Twilio's list is not waited for."""

    def found() -> bool:
        hurry = "UPDATE sms_message SET due_at = %s WHERE id = %s AND state = 'unknown'"
        cell.world.database.change(hurry, "2020-01-01 00:00:00", message)
        return bool(cell.message(message)["state"] == "accepted")

    cell.wait_for(message, found, "it to be found")
    cell.ends(message, "accepted", 1)


def f10(cell: Cell) -> None:
    """The record is committed, and the news of that is lost."""
    proxy = cell.world.to_database
    assert proxy is not None
    company = cell.world.companies[0]
    wanted = cell.load.request(company)
    cell.world.fault("delay", count=1, seconds=1.5, match={"to": wanted["to"]})
    message = cell.send(company, wanted)
    cell.world.wait(lambda: _phase(cell, message) == "posting", "the marker")
    proxy.struck.clear()
    proxy.lose_commit_of = b'"provider_sid"'
    _resolved(cell, message)
    proxy.heal()


def _phase(cell: Cell, message: str) -> str:
    attempts = cell.attempts(message)
    return str(attempts[-1]["phase"]) if attempts else ""


def f11(cell: Cell) -> None:
    """A worker dies after the record, before the task is acknowledged: the task finds nothing to do."""
    message = cell.crash_on("send.recorded")
    cell.ends(message, "accepted", 1)
    if len(cell.attempts(message)) != 1 + cell.second:
        raise Broken(f"attempts: {cell.attempts(message)}")


def r1(cell: Cell) -> None:
    """A worker dies in the middle of applying reports: they are applied again, to the same end."""
    message = cell.crash_on("status.applying")
    cell.wait_for(message, lambda: cell.message(message)["provider_status"] == "delivered", "it to be delivered")
    cell.ends(message, "accepted", 1)


def g1(cell: Cell) -> None:
    """The web process dies before it stores a text: Twilio asks again."""
    cell.is_here_once(cell.text("hook.before_insert"))


def g2(cell: Cell) -> None:
    """The web process dies after storing, before answering: Twilio asks again; one row, one set of deliveries."""
    sid = cell.text("hook.stored", number=1)
    if len(cell.delivered(sid)) != 2:
        raise Broken(f"the deliveries of {sid}: {cell.delivered(sid)}")


def g3(cell: Cell) -> None:
    """The web process dies with a text half written to the spool: no answer was given, Twilio asks again."""
    _spooled(cell, "spool.after_tmp")


def g4(cell: Cell) -> None:
    """The web process dies with a text in the spool and no answer given: brought in once, asked or not."""
    _spooled(cell, "spool.after_rename")


def _spooled(cell: Cell, point: str) -> None:
    with cell.world.without_database():
        sid = cell.text(point)
    cell.is_here_once(sid)
    cell.world.wait(lambda: not leftovers(cell.world.var_dir / "spool"), "the spool to be empty")


def g5(cell: Cell) -> None:
    """The one who brings the spool in dies between the insert and the removal of the file."""
    cell.world.arm("drain.after_insert")
    with cell.world.without_database():
        sid = cell.text()
        cell.world.wait(lambda: leftovers(cell.world.var_dir / "spool"), "a text in the spool")
    cell.world.wait(lambda: cell.world.has_struck("drain.after_insert"), "the spool's program to die")
    cell.is_here_once(sid)
    cell.world.wait(lambda: not leftovers(cell.world.var_dir / "spool"), "the spool to be empty")


def g6(cell: Cell) -> None:
    """Nobody answered Twilio; who reads its list dies after a page is stored, before the cursor moves on."""
    web = cell.world.programs["web"]
    web.kill()
    sid = cell.text()
    cell.world.wait(lambda: cell.world.control("GET", "/state")["pending"] == 0, "Twilio to give up")
    cell.world.arm("import.page_stored")
    web.start()
    read_lists(cell.world)
    cell.world.wait(lambda: cell.world.has_struck("import.page_stored"), "the reader to die")
    read_lists(cell.world)
    cell.delivered(sid)


def h1(cell: Cell) -> None:
    """A worker dies with a delivery leased: another carries it out."""
    cell.delivered(cell.text("deliver.claimed"))


def h2(cell: Cell) -> None:
    """A worker dies when the mail is out and not noted: it goes out again, under the same Message-ID."""
    deliveries = cell.delivered(cell.text("deliver.done"))
    mails = [path.read_text() for path in (cell.world.var_dir / "mail").glob("*.eml")]
    copies = sum(f"<{deliveries[0]['id']}@" in mail for mail in mails)
    if copies < 2:
        raise Broken(f"the mail of {deliveries[0]['id']} was written {copies} times, expected two")


def k1(cell: Cell) -> None:
    """Key rotation dies half way: what has the old key and what has the new can both be read; it can go on."""
    ring = ",".join(reversed(KEYS))
    died = cell.world.run("manage.py", "rotate_keys", FIELD_KEYS=ring, FAILPOINTS="keys.resealed:crash:hit=1")
    if died.returncode != 137:
        raise Broken(f"rotate_keys did not die: {died.stdout}{died.stderr}")
    sealed = cell.world.database.rows("SELECT auth_token_sealed AS sealed FROM sms_twilioaccount")
    keys = sorted(bytes(row["sealed"]).split(b":")[1].decode() for row in sealed)
    if len(set(keys)) != 2:
        raise Broken(f"half way the tokens are sealed with {keys}")
    for company in cell.world.companies:
        cell.ends(cell.send(company, cell.load.request(company)), "accepted", 1)
        cell.is_here_once(cell.load.text(company))
    for wanted in (ring, ",".join(KEYS)):
        done = cell.world.run("manage.py", "rotate_keys", FIELD_KEYS=wanted)
        if done.returncode:
            raise Broken(f"rotate_keys: {done.stdout}{done.stderr}")


def _kill_children(world: World) -> None:
    for pid in world.programs["worker"].children():
        send_signal(pid, signal.SIGKILL)
    free_jobs(world)


@dataclass(frozen=True, slots=True)
class Line:
    """A row of the matrix and what its cells differ in."""

    name: str
    run: Callable[[Cell], None]
    needs: str = ""
    second: bool = False
    picture: bool = False
    engine: str = ""
    is_slow: bool = False


ROWS = (
    Line("F1", f1, "accept.before_commit"),
    Line("F2", f2, "accept.committed"),
    Line("F3", f3, "hint.published"),
    Line("F4", f4, "send.received"),
    Line("F5", f5, "send.claimed", second=True),
    Line("F6", f6, "send.marked", second=True),
    Line("F6 sent again", f6_requeue, "send.marked", is_slow=True),
    Line("F7", f7),
    Line("F8", f8, second=True),
    Line("F9", f9, "send.answered", second=True),
    Line("F10", f10, engine="postgres"),
    Line("F11", f11, "send.recorded", second=True),
    Line("R1", r1, "status.applying"),
    Line("G1", g1, "hook.before_insert", picture=True),
    Line("G2", g2, "hook.stored", picture=True),
    Line("G3", g3, "spool.after_tmp"),
    Line("G4", g4, "spool.after_rename"),
    Line("G5", g5, "drain.after_insert"),
    Line("G6", g6, "import.page_stored", picture=True),
    Line("H1", h1, "deliver.claimed", picture=True),
    Line("H2", h2, "deliver.done", picture=True),
    Line("K1", k1, "keys.resealed"),
)


def cells(world: World) -> list[tuple[str, Line, dict[str, bool]]]:
    """List every cell that this version of the portal, on this engine, can be asked."""
    found: list[tuple[str, Line, dict[str, bool]]] = []
    for row in ROWS:
        if (row.needs and not world.knows(row.needs)) or (row.engine and row.engine != world.engine):
            continue
        found.append((row.name, row, {}))
        if row.second:
            found.append((f"{row.name} at the second try", row, {"second": True}))
        if row.picture:
            found.append((f"{row.name} with a picture", row, {"picture": True}))
    return found


def run(world: World, load: Load, sample: int | None, seed: int) -> list[str]:
    """Run all cells, or a seeded sample; returns what did not end as promised."""
    chosen = cells(world)
    if sample is not None:
        dice = random.Random(seed)
        quick = [cell for cell in chosen if not cell[1].is_slow]
        chosen = sorted(dice.sample(quick, min(sample, len(quick))), key=lambda cell: cell[0])
    wrong: list[str] = []
    for name, row, how in chosen:
        started = time.monotonic()
        try:
            row.run(Cell(world, load, **how))
        except (Broken, Stuck) as problem:
            wrong.append(f"{name}: {problem}")
            world.log(f"cell {name}: BROKEN: {problem}")
        else:
            world.log(f"cell {name}: as promised, {time.monotonic() - started:.1f} s")
        world.heal()
    try:
        settle(world)
    except Stuck as problem:
        wrong.append(f"after the last cell: {problem}")
    return wrong
