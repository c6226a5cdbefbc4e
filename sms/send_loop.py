"""Send until nothing is due: one event loop for the POSTs, one thread for the database, both ended after each round.

The thread runs `claim`, `mark` and `record` on lists, so everything that gathers while it is busy goes into one
transaction. A marker is always committed before its POST starts.
"""

import asyncio
import logging
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from django.conf import settings
from django.db import DatabaseError, connections

from sms import recording, sending
from sms.outcomes import Answer
from sms.recording import Result
from sms.sending import SHORTEST_LIFE, Claimed
from sms.twilio.sender import Post, Sender, sender
from tenants import clock, hints

log = logging.getLogger(__name__)
T = TypeVar("T")

# A POST that starts later than this after its marker could outlive its lease.
_LATEST_START = 10.0
_GATHER = 0.005
_LOOK_AGAIN = 0.02
_LOOK_WHILE_FLYING = 0.25
_LONGEST_PAUSE = 1.0
_RECORD_PATIENCE = 20.0
_LONGEST_VALIDITY = 36_000


def work(should_stop: Callable[[], bool] = lambda: False) -> int:
    """Send until nothing is due, the round's time is over or `should_stop` says so; returns how many texts."""
    return asyncio.run(_work(should_stop))


async def _work(should_stop: Callable[[], bool]) -> int:
    database = ThreadPoolExecutor(1, thread_name_prefix="send-database")
    try:
        async with sender(settings.SEND_IN_FLIGHT) as twilio:
            return await Round(twilio, database, should_stop).run()
    finally:
        await asyncio.get_running_loop().run_in_executor(database, connections.close_all)
        database.shutdown()


class Round:
    """One round of work: what is under way, what has come back, and when to look for more."""

    def __init__(self, twilio: Sender, database: ThreadPoolExecutor, should_stop: Callable[[], bool]) -> None:
        self._twilio = twilio
        self._database = database
        self._should_stop = should_stop
        self._ends = time.monotonic() + settings.SEND_ROUND_SECONDS
        self._look_at = 0.0
        self._finished = False
        self._flying: set[asyncio.Task[None]] = set()
        self._results: list[Result] = []
        self._arrived = asyncio.Event()
        self._sent = 0

    async def run(self) -> int:
        """Claim, post and record until there is no more to do."""
        await self._in_database(clock.sync)
        try:
            while not self._is_over():
                await self._step()
        finally:
            await self._land()
        return self._sent

    async def _step(self) -> None:
        if self._wants_more():
            await self._take()
        if self._results:
            await self._record()
        elif not self._is_over():
            await self._pause()

    def _is_over(self) -> bool:
        if self._should_stop() or time.monotonic() >= self._ends:
            self._finished = True
        return self._finished

    def _wants_more(self) -> bool:
        """Look for work when a good part of the places is free, so that each look brings many texts."""
        free = settings.SEND_IN_FLIGHT - len(self._flying)
        return time.monotonic() >= self._look_at and (free * 4 >= settings.SEND_IN_FLIGHT or not self._flying)

    async def _take(self) -> None:
        """Lease and mark what is due and start to post it."""
        free = settings.SEND_IN_FLIGHT - len(self._flying)
        try:
            since = time.monotonic()
            claimed = await self._in_database(sending.claim, free)
            if not claimed:
                await self._plan()
                return
            if len(claimed) < free:
                self._look_at = time.monotonic() + _LOOK_AGAIN
            for item in await self._in_database(sending.mark, claimed):
                self._start(item, since)
        except DatabaseError:
            # What was leased comes back by its lease; nothing that is not marked was posted.
            log.exception("sms.send.no_database")
            self._finished = True

    def _start(self, item: Claimed, since: float) -> None:
        task = asyncio.create_task(self._post(item, since))
        self._flying.add(task)
        task.add_done_callback(self._flying.discard)
        self._sent += 1

    async def _post(self, item: Claimed, since: float) -> None:
        if time.monotonic() - since > _LATEST_START:
            answer = Answer(sent=False, text="The worker was too slow; nothing was sent.")
        else:
            answer = await self._ask(item)
        self._results.append(Result(item, answer))
        self._arrived.set()

    async def _ask(self, item: Claimed) -> Answer:
        try:
            return await self._twilio.post(_as_post(item))
        except Exception as error:
            # Whatever went wrong here, it does not say that Twilio has not got the text.
            log.exception("sms.send.failed message=%s", item.message.hex)
            return Answer(text=type(error).__name__)

    async def _plan(self) -> None:
        """Nothing could be leased now: wait for what is pausing, or end once the last answers are in."""
        left = self._ends - time.monotonic()
        pause = await self._in_database(sending.seconds_until_due, max(left, 0.0))
        if pause is None and await self._in_database(sending.has_due):
            pause = _LOOK_AGAIN  # another worker is just taking them
        if pause is not None:
            self._look_at = time.monotonic() + max(pause, _LOOK_AGAIN)
        elif self._flying or self._results:
            self._look_at = time.monotonic() + _LOOK_WHILE_FLYING
        else:
            self._finished = True

    async def _pause(self) -> None:
        """Wait for answers, or until it is time to look again."""
        until_look = self._look_at - time.monotonic()
        await _wait(self._arrived, min(until_look, _LONGEST_PAUSE) if until_look > 0 else _LONGEST_PAUSE)

    async def _record(self) -> None:
        """Record what has come back, with what comes within a moment."""
        if self._flying:
            await asyncio.sleep(_GATHER)
        results, self._results = self._results, []
        self._arrived.clear()
        await self._in_database(_record_patiently, results)

    async def _land(self) -> None:
        """Finish the work in hand; whoever comes next finds the rest."""
        while self._flying or self._results:
            if self._results:
                await self._record()
            else:
                await _wait(self._arrived, _LONGEST_PAUSE)
        try:
            if await self._in_database(sending.has_due):
                hints.note("send")
        except DatabaseError:
            log.warning("sms.send.no_database: the sweep will find what is left")

    async def _in_database(self, step: Callable[..., T], *arguments: object) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._database, step, *arguments)


async def _wait(event: asyncio.Event, timeout: float) -> None:
    try:
        await asyncio.wait_for(event.wait(), timeout)
    except TimeoutError:
        return


def _as_post(item: Claimed) -> Post:
    left = (item.expires_at - clock.now()) if item.expires_at else None
    seconds = int(max(left, SHORTEST_LIFE).total_seconds()) if left is not None else _LONGEST_VALIDITY
    return Post(
        account=item.configuration.account,
        to=item.theirs,
        sender=item.ours,
        body=item.body,
        media=item.media,
        status_callback=item.callback,
        validity_seconds=min(seconds, _LONGEST_VALIDITY),
    )


def _record_patiently(results: list[Result]) -> None:
    """Record, again and again while the database is away; in the end the leases tell what is unknown."""
    until, pause = time.monotonic() + _RECORD_PATIENCE, 0.2
    while True:
        try:
            return recording.record(results)
        except DatabaseError:
            if time.monotonic() + pause > until:
                log.exception("sms.send.not_recorded count=%d", len(results))
                return None
            log.warning("sms.send.record_again count=%d", len(results))
        connections.close_all()
        time.sleep(pause)
        pause = min(pause * 2, 3.0)
