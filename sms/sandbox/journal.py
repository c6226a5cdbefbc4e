"""The append-only journal: everything the sandbox ever did, on disk before anybody is told."""

import asyncio
import fcntl
import json
import os
from array import array
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

Entry = dict[str, Any]


class Journal:
    """One JSON line per entry, numbered from 1; `flush` is the group commit."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._offsets = array("Q")
        self._pending: list[bytes] = []
        self._end = 0
        self._durable = 0
        self._lock = asyncio.Lock()
        self._writer = ThreadPoolExecutor(1, "journal")
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        _lock(self._file, path.parent)
        _sync_directory(path.parent)

    @property
    def last(self) -> int:
        """The number of the newest entry."""
        return len(self._offsets)

    def replay(self) -> Iterator[Entry]:
        """Yield what is on disk, and cut off a last line that a crash left half written."""
        with self.path.open("rb") as file:
            for line in file:
                if not line.endswith(b"\n"):
                    break
                yield self._parsed(line)
                self._note(len(line))
        os.ftruncate(self._file, self._end)
        self._durable = self.last

    def _parsed(self, line: bytes) -> Entry:
        try:
            entry: Entry = json.loads(line)
        except ValueError:
            raise OSError(f"line {self.last + 1} of {self.path} is damaged; remove its folder to begin anew") from None
        return entry

    def append(self, kind: str, data: Entry) -> Entry:
        """Add an entry in memory; it is only a promise after `flush`."""
        entry: Entry = {"n": self.last + 1, "at": datetime.now(UTC).isoformat(), "kind": kind, **data}
        line = json.dumps(entry, separators=(",", ":")).encode() + b"\n"
        self._note(len(line))
        self._pending.append(line)
        return entry

    async def flush(self) -> None:
        """Wait until everything appended so far is on disk; callers at the same time share one fsync."""
        wanted = self.last
        async with self._lock:
            if self._durable >= wanted:
                return
            lines, reached = self._pending, self.last
            self._pending = []
            written = asyncio.get_running_loop().run_in_executor(self._writer, self._write, lines)
            await asyncio.shield(written)
            self._durable = reached

    def read(self, after: int, limit: int, kinds: frozenset[str]) -> list[Entry]:
        """Return up to `limit` flushed entries past `after`, of the kinds asked for (all when none is)."""
        found: list[Entry] = []
        if after >= self._durable or limit < 1:
            return found
        with self.path.open("rb") as file:
            file.seek(self._offsets[after])
            for line in file:
                entry: Entry = json.loads(line)
                if entry["n"] > self._durable:
                    break
                if not kinds or entry["kind"] in kinds:
                    found.append(entry)
                if len(found) >= limit:
                    break
        return found

    def close(self) -> None:
        """Write what is left and let go of the file."""
        self._writer.shutdown(wait=True)
        self._write(self._pending)
        self._pending = []
        os.close(self._file)

    def _note(self, length: int) -> None:
        self._offsets.append(self._end)
        self._end += length

    def _write(self, lines: list[bytes]) -> None:
        rest = memoryview(b"".join(lines))
        while rest:
            rest = rest[os.write(self._file, rest) :]
        os.fsync(self._file)


def _lock(file: int, folder: Path) -> None:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(file)
        raise OSError(f"another sandbox uses {folder}; stop it or choose another folder") from None


def _sync_directory(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
