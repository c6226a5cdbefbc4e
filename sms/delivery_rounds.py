"""One round of deliveries: fair between tenants, and one that hangs holds up nobody but its own destination.

What waits for somebody else's server runs in a thread of its own, which never touches the database and is left behind
when its time is over. Everything else happens here, one after the other.
"""

import queue
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field

from django.db import connections
from django.db.models import Q

from sms import delivering
from sms.delivering import REMOTE
from sms.destinations import DeliveryFailed
from sms.models import Delivery
from sms.queueing import slots
from tenants import clock, hints

ROUND_SECONDS = 30.0
# By the wall clock, whatever a server does to keep a connection open; below the lease.
DEADLINE_SECONDS = 20.0
MOST_AT_ONCE = 32
# Of one tenant to one kind of destination: under way at once, and before the next tenant has its turn.
SHARE = 4
_LOOK = 50
_LOOK_AGAIN = 0.5
_ROUNDS_AT_ONCE = 2

Key = tuple[object, str]


def work_in_turn(should_stop: Callable[[], bool]) -> int:
    """Run a round, unless two already run on this machine: waiting for others must leave workers for the rest."""
    with slots.one_of("deliver", _ROUNDS_AT_ONCE) as free:
        done = Round(should_stop).run() if free else 0
    # Somebody may have found both places taken while this round took its last look.
    if free and not should_stop() and Round(should_stop).has_more():
        hints.note("deliver")
    return done


@dataclass(eq=False)
class Flight:
    """One delivery under way."""

    delivery: Delivery
    token: str
    started: float = field(default_factory=time.monotonic)
    thread: threading.Thread | None = None

    @property
    def key(self) -> Key:
        """Which tenant waits for what."""
        return _key(self.delivery)


# Threads that were left behind, by what they wait for: as long as they live, they count.
_left: defaultdict[Key, list[threading.Thread]] = defaultdict(list)


class Round:
    """What is under way, who has had his turn, and what has come back."""

    def __init__(self, should_stop: Callable[[], bool]) -> None:
        self._should_stop = should_stop
        self._ends = time.monotonic() + ROUND_SECONDS
        self._flying: set[Flight] = set()
        self._landed: queue.SimpleQueue[tuple[Flight, Exception | None]] = queue.SimpleQueue()
        self._turns = self._new_turns()
        self._tried = 0

    def run(self) -> int:
        """Deliver what is due, and wait for what is under way; returns how many were tried."""
        clock.sync()
        while not self._is_over():
            started = self._start_some()
            if not started and not self._flying:
                return self._tried
            self._land(0.0 if started else _LOOK_AGAIN)
        while self._flying:
            self._land(_LOOK_AGAIN)
        hints.note("deliver")
        return self._tried

    def has_more(self) -> bool:
        """Whether a round would find something that it could try."""
        return bool(self._next())

    def _is_over(self) -> bool:
        return self._should_stop() or time.monotonic() > self._ends

    def _start_some(self) -> int:
        """Start or carry out what is due, the tenants in turn; returns how many."""
        before = self._tried
        for delivery in self._next():
            if self._is_over():
                break
            if self._is_turn_of(delivery) and (token := delivering.take(delivery)):
                self._turns[_key(delivery)] += 1
                self._tried += 1
                self._start(Flight(delivery, token))
        return self._tried - before

    def _is_turn_of(self, delivery: Delivery) -> bool:
        return self._turns[_key(delivery)] < SHARE and not (self._is_full() and delivery.kind in REMOTE)

    def _is_full(self) -> bool:
        return len(self._flying) >= MOST_AT_ONCE

    def _next(self) -> list[Delivery]:
        """Return what is due longest of those whose turn it is; when all have had theirs, it begins anew."""
        rows = self._of_others()
        if not rows and self._turns:
            self._turns = self._new_turns()
            rows = self._of_others()
        return rows

    def _new_turns(self) -> Counter[Key]:
        """Count for each destination only what is still under way, or was left behind."""
        turns: Counter[Key] = Counter(flight.key for flight in self._flying)
        for key, threads in _left.items():
            turns[key] += sum(thread.is_alive() for thread in threads)
        return turns

    def _of_others(self) -> list[Delivery]:
        served: defaultdict[str, list[object]] = defaultdict(list)
        for (tenant, kind), turns in self._turns.items():
            if turns >= SHARE:
                served[kind].append(tenant)
        had = Q()
        for kind, tenants in served.items():
            had |= Q(kind=kind, tenant__in=tenants)
        if self._is_full():
            had |= Q(kind__in=REMOTE)
        rows = delivering.due(clock.now())
        rows = rows.exclude(had) if had else rows
        rows = rows.select_related("message__conversation", "message__tenant", "tenant").defer("message__raw")
        return list(rows.order_by("due_at", "id")[:_LOOK])

    def _start(self, flight: Flight) -> None:
        if flight.delivery.kind not in REMOTE:
            delivering.settle(flight.delivery, flight.token, delivering.attempt(flight.delivery))
            return
        self._flying.add(flight)
        flight.thread = threading.Thread(target=self._fly, args=(flight,), name="delivery", daemon=True)
        flight.thread.start()

    def _fly(self, flight: Flight) -> None:
        try:
            self._landed.put((flight, delivering.attempt(flight.delivery)))
        finally:
            connections.close_all()

    def _land(self, patience: float) -> None:
        """Note what has come back, waiting a moment for the first; give up what takes too long."""
        wait = patience
        while True:
            try:
                flight, error = self._landed.get(timeout=wait) if wait else self._landed.get_nowait()
            except queue.Empty:
                break
            wait = 0.0
            if flight in self._flying:
                self._flying.discard(flight)
                delivering.settle(flight.delivery, flight.token, error)
        for flight in [one for one in self._flying if time.monotonic() - one.started > DEADLINE_SECONDS]:
            self._give_up(flight)

    def _give_up(self, flight: Flight) -> None:
        self._flying.discard(flight)
        waiting = [thread for thread in _left[flight.key] if thread.is_alive()]
        _left[flight.key] = [*waiting, *([flight.thread] if flight.thread else [])]
        seconds = int(DEADLINE_SECONDS)
        delivering.settle(flight.delivery, flight.token, DeliveryFailed(f"No answer within {seconds} seconds."))


def _key(delivery: Delivery) -> Key:
    return delivery.tenant_id, delivery.kind
