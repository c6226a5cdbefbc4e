"""The one object every handler is given: state, journal, faults, settings and background work."""

import asyncio
import time
from collections import Counter
from collections.abc import Coroutine, Iterable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web

from sms.sandbox import sids
from sms.sandbox.faults import Fault, Faults
from sms.sandbox.journal import Entry, Journal
from sms.sandbox.things import Account, Alert, Number
from sms.sandbox.world import World


@dataclass(slots=True)
class Settings:
    """What can be changed while the sandbox runs."""

    step_seconds: float = 0.15
    routes: dict[str, str] = field(default_factory=dict)
    # Whether the journal keeps each request and answer whole, for those who compare them with Twilio's description.
    record: bool = False


class Hub:
    """State changes only through `record`; a promise is made only after `commit`."""

    def __init__(self, folder: Path, settings: Settings, seed: int) -> None:
        self.folder = folder
        self.settings = settings
        self.faults = Faults(seed)
        self.world = World()
        self.journal = Journal(folder / "journal.jsonl")
        for entry in self.journal.replay():
            self.world.apply(entry)
        self.in_flight: Counter[str] = Counter()
        self.http: aiohttp.ClientSession | None = None
        self.slots = asyncio.Semaphore(200)
        self._tasks: set[asyncio.Task[None]] = set()
        self._resting = 0

    def record(self, kind: str, **data: Any) -> Entry:
        """Write one entry and let it change the state."""
        entry = self.journal.append(kind, data)
        self.world.apply(entry)
        return entry

    async def commit(self) -> None:
        """Wait until everything recorded is on disk."""
        await self.journal.flush()

    def strike(self, kinds: Iterable[str], facts: Mapping[str, str]) -> Fault | None:
        """Return the fault that strikes these facts, if any, and note it as ground truth."""
        fault = self.faults.take(kinds, facts)
        if fault:
            self.record("fault.hit", fault=fault.id, fault_kind=fault.kind, facts=dict(facts))
        return fault

    def alert(self, account: Account, code: int, resource: str, url: str, *, method: str, text: str) -> None:
        """Add to the list that Twilio's debugger would show."""
        alert = Alert(sids.new("NO"), account.sid, code, resource, url, method, text, time.time())
        self.record("alert", alert=asdict(alert))

    def change_number(self, number: Number, changes: dict[str, Any]) -> None:
        """Set fields of a number."""
        self.record("number.changed", sid=number.sid, changes=changes)

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Run work in the background; `pending` counts it."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def rest(self, seconds: float) -> None:
        """Wait for something far off, which is not counted as under way."""
        self._resting += 1
        try:
            await asyncio.sleep(max(seconds, 0.0))
        finally:
            self._resting -= 1

    @property
    def pending(self) -> int:
        """How much is still under way."""
        return len(self._tasks) - self._resting

    async def close(self) -> None:
        """Stop the background work and leave the journal whole."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self.http:
            await self.http.close()
        self.record("stopped")
        await self.commit()
        self.journal.close()


HUB = web.AppKey("hub", Hub)
