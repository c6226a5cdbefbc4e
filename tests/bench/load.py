"""The load: requests made beforehand, sent over connections that are kept, by one thread that does little else."""

import asyncio
import contextlib
import gc
import os
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

CONNECTIONS = 16
_MOST_SPARE = 200


@dataclass
class Slice:
    """What one stretch of load brought."""

    elapsed: float = 0.0
    answered: int = 0
    refused: int = 0
    waits: list[float] = field(default_factory=list)

    @property
    def rate(self) -> float:
        return self.answered / self.elapsed if self.elapsed else 0.0


class Connection(asyncio.Protocol):
    """One kept connection: a request, its answer, the next request."""

    def __init__(self, source: "Source") -> None:
        self.source = source
        self.buffer = b""
        self.since = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport: asyncio.Transport = transport  # type: ignore[assignment]

    def send(self, request: bytes, since: float) -> None:
        self.since = since
        self.transport.write(request)

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        if is_whole(self.buffer):
            ok, self.buffer = self.buffer[9:10] == b"2", b""
            self.source.answered(self, ok)

    def connection_lost(self, error: Exception | None) -> None:
        self.source.lost(self)


def is_whole(answer: bytes) -> bool:
    """Say whether an answer has arrived: by its length, or by its last chunk."""
    end = answer.find(b"\r\n\r\n")
    if end < 0:
        return False
    head = answer[:end].lower()
    at = head.find(b"\r\ncontent-length:")
    if at < 0:
        return answer.endswith(b"0\r\n\r\n")
    return len(answer) >= end + 4 + int(head[at + 17 :].split(b"\r\n", 1)[0])


class Source:
    """Hands out requests: at full speed, or as many a second as were ordered."""

    def __init__(self, requests: Sequence[bytes], rate: float = 0.0) -> None:
        self.requests = deque(requests)
        self.rate = rate
        self.slice = Slice()
        self.idle: deque[Connection] = deque()
        self.waiting: deque[tuple[bytes, float]] = deque()
        self.open = 0
        self.done = asyncio.Event()

    def start(self, connections: Sequence[Connection]) -> None:
        self.open = len(self.requests)
        if not self.rate:
            for connection in connections:
                self._next(connection)
            return
        self.idle.extend(connections)
        loop = asyncio.get_running_loop()
        began = loop.time()
        for index in range(len(self.requests)):
            loop.call_at(began + index / self.rate, self._offer)

    def _offer(self) -> None:
        request, now = self.requests.popleft(), time.perf_counter()
        if self.idle:
            self.idle.popleft().send(request, now)
        else:
            self.waiting.append((request, now))

    def _next(self, connection: Connection) -> None:
        if self.requests:
            connection.send(self.requests.popleft(), time.perf_counter())

    def answered(self, connection: Connection, ok: bool) -> None:
        self.slice.waits.append(time.perf_counter() - connection.since)
        self.slice.answered += ok
        self.slice.refused += not ok
        self.open -= 1
        if not self.open:
            self.done.set()
        elif not self.rate:
            self._next(connection)
        elif self.waiting:
            connection.send(*self.waiting.popleft())
        else:
            self.idle.append(connection)

    def lost(self, connection: Connection) -> None:
        """A closed connection answers no more: whatever was on its way counts as refused."""
        if self.open:
            self.slice.refused += self.open
            self.open = 0
            self.done.set()


def run(
    port: int,
    requests: Sequence[bytes],
    *,
    rate: float = 0.0,
    connections: int = CONNECTIONS,
    workers: Sequence[int] = (),
) -> Slice:
    """Send the requests and wait for every answer; with a rate, so many a second, whatever the answers take.

    `workers` are the server's processes: each gets as many connections, since the kernel deals them out by chance.
    """
    gc.collect()
    gc.disable()
    try:
        return asyncio.run(_run(port, requests, rate, connections, workers))
    finally:
        gc.enable()


async def _run(port: int, requests: Sequence[bytes], rate: float, count: int, workers: Sequence[int]) -> Slice:
    source = Source(requests, rate)
    made = await _connect(source, port, count, workers)
    await asyncio.sleep(0.05)
    began = time.perf_counter()
    source.start(made)
    await asyncio.wait_for(source.done.wait(), 120)
    source.slice.elapsed = time.perf_counter() - began
    _close(made)
    return source.slice


async def _connect(source: Source, port: int, count: int, workers: Sequence[int]) -> list[Connection]:
    """Open so many connections; one that goes to a worker with its full share already is opened again."""
    kept: list[Connection] = []
    spare: list[Connection] = []
    held = dict.fromkeys(workers, 0)
    while len(kept) < count:
        before = {pid: _sockets(pid) for pid in workers}
        _, connection = await asyncio.get_running_loop().create_connection(
            lambda: Connection(source), "127.0.0.1", port
        )
        taker = await _taker(before)
        if taker and held[taker] * len(workers) >= count and len(spare) < _MOST_SPARE:
            spare.append(connection)
            continue
        kept.append(connection)
        if taker:
            held[taker] += 1
    _close(spare)
    return kept


async def _taker(before: dict[int, int]) -> int:
    """Return the worker that has one socket more than before; 0 when none shows it."""
    for _ in range(100 if before else 0):
        for pid, count in before.items():
            if _sockets(pid) > count:
                return pid
        await asyncio.sleep(0.001)
    return 0


def _sockets(pid: int) -> int:
    with contextlib.suppress(OSError):
        return sum(os.readlink(entry.path).startswith("socket:") for entry in os.scandir(f"/proc/{pid}/fd"))
    return 0


def _close(connections: Sequence[Connection]) -> None:
    for connection in connections:
        connection.source = _Deaf()
        connection.transport.close()


class _Deaf(Source):
    """Takes no notice any more."""

    def __init__(self) -> None:
        self.open = 0
