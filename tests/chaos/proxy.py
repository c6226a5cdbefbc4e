"""A TCP proxy between the portal and what it needs, which fails on command."""

import asyncio
import contextlib
import socket
import struct
import threading
from dataclasses import dataclass, field

_CHUNK = 65536


@dataclass(eq=False)
class Link:
    """One connection through the proxy."""

    client: asyncio.StreamWriter
    server: asyncio.StreamWriter
    marked: bool = False
    swallow: bool = False
    passed: int = 0
    tasks: list["asyncio.Task[None]"] = field(default_factory=list)

    def reset(self) -> None:
        """Cut both sides so that they see a reset, not an end."""
        for writer in (self.client, self.server):
            sock = writer.get_extra_info("socket")
            if sock is not None:
                with contextlib.suppress(OSError):
                    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            writer.transport.abort()


class Proxy:
    """Passes bytes from its own port to a target; the attributes say what goes wrong, and may change at any time."""

    def __init__(self, target: int) -> None:
        self.target = target
        self.port = 0
        self.latency = 0.0
        self.blackhole = False
        self.refuse = False
        # Of the next POST: pass on so many bytes, then reset it, or keep it open in silence.
        self.cut_after: int | None = None
        self.hold_after: int | None = None
        # Of the next connection that sends these bytes: let its COMMIT through and lose the answer.
        self.lose_commit_of: bytes | None = None
        self.struck = threading.Event()
        self._links: set[Link] = set()
        self._loop = asyncio.new_event_loop()
        self._started = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True, name=f"proxy-{target}")
        self._thread.start()
        self._started.wait()

    def heal(self) -> None:
        """Be a plain proxy again; what hung in a hole is reset."""
        stuck = self.blackhole or self.hold_after is not None
        self.latency, self.blackhole, self.refuse = 0.0, False, False
        self.cut_after = self.hold_after = self.lose_commit_of = None
        self.struck.clear()
        if stuck:
            self.reset_all()

    def reset_all(self) -> None:
        """Reset every open connection."""
        self._loop.call_soon_threadsafe(self._reset_all)

    def _reset_all(self) -> None:
        for link in list(self._links):
            link.reset()

    def close(self) -> None:
        """Stop, with everything that is under way."""
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)

    async def _end(self) -> None:
        others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in [task for link in self._links for task in link.tasks]:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        server = self._loop.run_until_complete(asyncio.start_server(self._accept, "127.0.0.1", 0))
        self.port = server.sockets[0].getsockname()[1]
        self._started.set()
        self._loop.run_forever()
        server.close()
        self._loop.run_until_complete(asyncio.sleep(0))
        self._loop.close()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            if self.refuse:
                raise ConnectionRefusedError
            there, server = await asyncio.open_connection("127.0.0.1", self.target)
        except OSError:
            writer.transport.abort()
            return
        link = Link(writer, server)
        self._links.add(link)
        link.tasks = [
            asyncio.ensure_future(self._pump(link, reader, server, up=True)),
            asyncio.ensure_future(self._pump(link, there, writer, up=False)),
        ]
        try:
            await asyncio.wait(link.tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in link.tasks:
                task.cancel()
            for end in (writer, server):
                with contextlib.suppress(Exception):
                    end.close()
            self._links.discard(link)

    async def _pump(self, link: Link, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, up: bool) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(_CHUNK):
                if self.latency:
                    await asyncio.sleep(self.latency)
                while self.blackhole:
                    await asyncio.sleep(0.05)
                data = await (self._upward(link, data) if up else self._downward(link, data))
                writer.write(data)
                await writer.drain()

    async def _upward(self, link: Link, data: bytes) -> bytes:
        limit = self.cut_after if self.cut_after is not None else self.hold_after
        if limit is not None and data.startswith(b"POST ") and not self.struck.is_set():
            await self._strike(link, data, limit)
        mark = self.lose_commit_of
        if mark is not None and not self.struck.is_set():
            link.marked = link.marked or mark in data
            if link.marked and b"COMMIT\x00" in data:
                link.swallow = True
        return data

    async def _strike(self, link: Link, data: bytes, limit: int) -> None:
        """Pass on the beginning of a request; the rest never arrives."""
        self.struck.set()
        link.server.write(data[:limit])
        await link.server.drain()
        if self.cut_after is not None:
            link.reset()
            raise ConnectionResetError
        while self.hold_after is not None:
            await asyncio.sleep(0.05)
        raise ConnectionResetError

    async def _downward(self, link: Link, data: bytes) -> bytes:
        if link.swallow:
            # The server has answered the COMMIT: it is done, and nobody will hear of it.
            self.struck.set()
            link.reset()
            raise ConnectionResetError
        return data
