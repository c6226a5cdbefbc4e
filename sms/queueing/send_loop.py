"""Send until nothing is due: one event loop for the POSTs, threads for the database, all ended after each round.

One thread runs `claim` and `mark`, another one `record`, so that a free place does not wait until answers are written
down; each on lists, so that everything that gathers while it is busy goes into one transaction. SQLite has one writer
at a time: there one thread does all three. A marker is always committed before its POST starts.
"""

import asyncio
import logging
import time
import uuid
from collections import Counter, deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from django.conf import settings
from django.db import DatabaseError, connections

from sms import restored, sending
from sms.queueing import recording
from sms.queueing.claimed import Claimed, Known
from sms.queueing.outcomes import Answer
from sms.queueing.recording import Result
from sms.sending import SHORTEST_LIFE
from sms.twilio.sender import Post, Sender, sender
from tenants import clock, hints
from tenants.failpoints import failpoint

log = logging.getLogger(__name__)
T = TypeVar("T")

# A POST that starts later than this after its marker could outlive its lease.
_LATEST_START = 10.0
_GATHER = 0.005
_LOOK_AGAIN = 0.02
# A POST that takes longer than this does not count against the places any more.
_SLOW_POST = 2.0
# Texts that were leased and found no place for so long are left to other workers.
_LONGEST_IN_HAND = 5.0
# Nothing could be sent at all: the next try waits a moment.
_OUT_OF_REACH = 1.0
_LOOK_WHILE_FLYING = 0.25
_LONGEST_PAUSE = 1.0
_RECORD_PATIENCE = 20.0
_LONGEST_VALIDITY = 36_000


def work(should_stop: Callable[[], bool] = lambda: False) -> int:
    """Send until nothing is due, the round's time is over or `should_stop` says so; returns how many texts."""
    # Before the first claim: a restored database has texts waiting that may have left long ago.
    restored.hold_if_behind()
    return asyncio.run(_work(should_stop))


async def _work(should_stop: Callable[[], bool]) -> int:
    threads = [ThreadPoolExecutor(1, thread_name_prefix="send") for _ in range(1 if settings.EMBEDDED else 2)]
    try:
        async with sender(2 * settings.SEND_IN_FLIGHT) as twilio:
            return await Round(twilio, threads, should_stop).run()
    finally:
        for thread in threads:
            await asyncio.get_running_loop().run_in_executor(thread, connections.close_all)
            thread.shutdown()


class Round:
    """One round of work: what is leased, what is under way, what has come back, and when to look for more."""

    def __init__(self, twilio: Sender, threads: Sequence[ThreadPoolExecutor], should_stop: Callable[[], bool]) -> None:
        self._twilio = twilio
        self._database, self._recorder = threads[0], threads[-1]
        self._should_stop = should_stop
        self._ends = time.monotonic() + settings.SEND_ROUND_SECONDS
        self._look_at = 0.0
        self._finished = False
        # Leased and not marked: a few more than there are places, so that a free place never waits for a claim.
        self._leased: deque[Claimed] = deque()
        self._leased_at = 0.0
        self._flying: dict[asyncio.Task[None], tuple[Claimed, float]] = {}
        self._results: list[Result] = []
        self._recording: asyncio.Task[None] | None = None
        self._arrived = asyncio.Event()
        self._known = Known()
        self._noted = recording.Noted()
        self._sent = 0
        self._seen = 0

    async def run(self) -> int:
        """Claim, post and record until there is no more to do."""
        await self._in_database(clock.sync)
        try:
            while not self._is_over():
                await self._step()
        except DatabaseError:
            log.exception("sms.send.no_database")
        finally:
            await self._land()
        return self._sent

    async def _step(self) -> None:
        """Fill free places, write down answers, lease more, whatever is due of these; if nothing is, wait."""
        steps = self._seen
        if self._leased and time.monotonic() - self._leased_at > _LONGEST_IN_HAND:
            await self._give_back()
        free = self._free()
        if self._leased and (free * 8 >= settings.SEND_IN_FLIGHT or len(self._leased) <= free):
            await self._mark(free)
        self._record()
        if self._wants_more():
            await self._take()
        if steps == self._seen and not self._is_over():
            await self._pause()

    def _is_over(self) -> bool:
        if self._should_stop() or time.monotonic() >= self._ends:
            self._finished = True
        return self._finished

    def _free(self) -> int:
        """Count free places. A POST that takes long gives up its place, so that one slow account stops nobody else."""
        late = time.monotonic() - _SLOW_POST
        quick = sum(since > late for _item, since in self._flying.values())
        places = settings.SEND_IN_FLIGHT
        return int(max(0, min(places - quick, 2 * places - len(self._flying))))

    def _crowded(self) -> set[uuid.UUID]:
        """Return the accounts that fill the places by themselves: they get no more than those."""
        count = Counter(item.account for item, _since in self._flying.values())
        return {account for account, flying in count.items() if flying >= settings.SEND_IN_FLIGHT}

    def _wants_more(self) -> bool:
        """Look for work when few leased texts are left, so that each look brings many."""
        few = len(self._leased) <= settings.SEND_IN_FLIGHT // 8
        return few and self._free() > 0 and time.monotonic() >= self._look_at

    async def _take(self) -> None:
        """Lease what is due: for the free places, and some more for those that will soon be."""
        wanted = self._free() + settings.SEND_IN_FLIGHT // 2
        claimed = await self._in_database(sending.claim, wanted, self._known, self._crowded())
        if not claimed:
            await self._plan()
            return
        failpoint("send.claimed")
        if len(claimed) < wanted:
            self._look_at = time.monotonic() + _LOOK_AGAIN
        self._leased.extend(claimed)
        self._leased_at = time.monotonic()

    async def _mark(self, free: int) -> None:
        """Mark what there are places for and start to post it."""
        batch = [self._leased.popleft() for _ in range(min(free, len(self._leased)))]
        since = time.monotonic()
        try:
            marked = await self._in_database(sending.mark, batch)
        except DatabaseError:
            self._leased.extend(batch)
            raise
        failpoint("send.marked")
        for item in marked:
            self._start(item, since)

    async def _give_back(self) -> None:
        batch = list(self._leased)
        self._leased.clear()
        if batch:
            await self._in_database(sending.give_back, batch)

    def _start(self, item: Claimed, since: float) -> None:
        task = asyncio.create_task(self._post(item, since))
        self._flying[task] = item, time.monotonic()
        task.add_done_callback(self._flying.pop)
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
        elif self._flying or self._results or self._leased or self._recording is not None:
            self._look_at = time.monotonic() + _LOOK_WHILE_FLYING
        else:
            self._finished = True

    async def _pause(self) -> None:
        """Wait for answers, or until it is time to look again."""
        self._arrived.clear()
        until_look = self._look_at - time.monotonic()
        await _wait(self._arrived, min(until_look, _LONGEST_PAUSE) if until_look > 0 else _LONGEST_PAUSE)

    def _record(self) -> None:
        """Let what has come back be written down, unless that is just being done."""
        if self._recording is not None and self._recording.done():
            done, self._recording = self._recording, None
            done.result()
        if self._results and self._recording is None:
            self._recording = asyncio.create_task(self._write_down())
            self._recording.add_done_callback(lambda _done: self._arrived.set())

    async def _write_down(self) -> None:
        """Record what has come back, with what comes within a moment."""
        if self._flying and len(self._results) * 8 < settings.SEND_IN_FLIGHT:
            await asyncio.sleep(_GATHER)
        results, self._results = self._results, []
        if all(not result.answer.sent for result in results):
            self._look_at = time.monotonic() + _OUT_OF_REACH
        failpoint("send.answered")
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(self._recorder, _record_patiently, results, self._noted)
        failpoint("send.recorded")

    async def _land(self) -> None:
        """Finish the work in hand: what is not marked goes back at once, what was posted is written down."""
        try:
            await self._give_back()
        except DatabaseError:
            log.warning("sms.send.no_database: what was leased comes back by its lease")
        self._record()
        while self._flying or self._results or self._recording is not None:
            await self._pause()
            self._record()
        try:
            if await self._in_database(sending.has_due):
                hints.note("send")
        except DatabaseError:
            log.warning("sms.send.no_database: the sweep will find what is left")

    async def _in_database(self, step: Callable[..., T], *arguments: object) -> T:
        self._seen += 1
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


def _record_patiently(results: list[Result], noted: recording.Noted) -> None:
    """Record, again and again while the database is away; in the end the leases tell what is unknown."""
    until, pause = time.monotonic() + _RECORD_PATIENCE, 0.2
    while True:
        try:
            return recording.record(results, noted)
        except DatabaseError:
            if time.monotonic() + pause > until:
                log.exception("sms.send.not_recorded count=%d", len(results))
                return None
            log.warning("sms.send.record_again count=%d", len(results))
        connections.close_all()
        time.sleep(pause)
        pause = min(pause * 2, 3.0)
