"""Keep what Twilio posts on disk, sealed, while the database is away; bring it in afterwards, in order of arrival.

One file per request under VAR_DIR/spool: written whole, forced to the disk and only then given its name. Nothing else
of a request is ever written to disk.
"""

import errno
import fcntl
import logging
import os
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.db import DatabaseError, connection

from sms.lists import import_signs
from sms.webhooks import intake, refused
from sms.webhooks.intake import Arrival
from tenants import clock, deadline, secrets
from tenants.failpoints import failpoint
from tenants.ids import new_id

log = logging.getLogger(__name__)

MOST_FILES = 200_000
MOST_BYTES = 2 * 1024**3
MOST_TRIES = 10
_REJECTED_SECONDS = 7 * 86_400
_LEFTOVER_SECONDS = 60
_COUNT_SECONDS = 5.0
# For one request: a drain that hangs with the database could not be asked to stop.
_SECONDS_EACH = 10.0
_LOCK = "lock"
_lock = threading.Lock()
# How much there is, as last counted with what this process added since, and when it was counted.
_counted: "tuple[str, float, Usage] | None" = None


class Full(OSError):
    """The spool has reached its ceiling."""


@dataclass(slots=True)
class Usage:
    """How much is waiting."""

    files: int = 0
    bytes: int = 0


@dataclass(frozen=True, slots=True)
class State:
    """What the spool holds: waiting, refused at the drain (kept seven days), and failed for good (kept)."""

    files: int
    bytes: int
    oldest_age: float | None
    rejected: int
    poison: int


def folder() -> Path:
    """Where the files are; each has its request's time-ordered id for a name, and how often it failed behind it."""
    return Path(settings.VAR_DIR) / "spool"


# --- Putting in ---


def put(arrival: Arrival) -> None:
    """Keep a request; once this returns, it survives a power cut.

    Raises:
        OSError: the disk, or the spool, is full, or it cannot be written to.
    """
    place, name = _made(folder()), new_id()
    sealed = secrets.seal_value("spool", name, "request", intake.dump(arrival, arrival.received_at or clock.now()))
    _make_room(len(sealed))
    temporary = place / f"{name.hex}.tmp"
    with open(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(sealed)
        file.flush()
        os.fsync(file.fileno())
    failpoint("spool.after_tmp")
    temporary.rename(place / name.hex)
    _sync(place)
    failpoint("spool.after_rename")


def _made(place: Path) -> Path:
    if not place.is_dir():
        place.mkdir(mode=0o700, parents=True, exist_ok=True)
        _sync(place.parent)
    return place


def _sync(place: Path) -> None:
    """Force a folder's list of names to the disk."""
    handle = os.open(place, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _make_room(size: int) -> None:
    """Count one file more; the folder itself is counted every few seconds only."""
    global _counted
    place, now = str(folder()), time.monotonic()
    with _lock:
        if _counted is None or _counted[0] != place or now - _counted[1] > _COUNT_SECONDS:
            _counted = place, now, _usage()
        usage = _counted[2]
        if usage.files >= MOST_FILES or usage.bytes + size > MOST_BYTES:
            raise Full(errno.ENOSPC, "the spool is full")
        usage.files += 1
        usage.bytes += size


def _usage() -> Usage:
    usage = Usage()
    for entry in _entries(folder()):
        usage.files += 1
        usage.bytes += entry.stat().st_size
    return usage


def _entries(place: Path) -> Iterator[os.DirEntry[str]]:
    """Return the requests in a folder; whatever else lies there is nobody's."""
    try:
        with os.scandir(place) as found:
            for entry in found:
                if _id_of(entry.name) is not None:
                    yield entry
    except FileNotFoundError:
        return


def _id_of(name: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(hex=name.partition("-")[0]) if not name.endswith(".tmp") else None
    except ValueError:
        return None


# --- Looking at it ---


def has_any() -> bool:
    """Whether anything waits, or lies about."""
    if not folder().is_dir():
        return False
    with os.scandir(folder()) as entries:
        return any(entry.is_file() and entry.name != _LOCK for entry in entries)


def state() -> State:
    """Return what the spool of this host holds."""
    waiting = [entry.stat() for entry in _entries(folder())]
    oldest = min((found.st_mtime for found in waiting), default=None)
    return State(
        files=len(waiting),
        bytes=sum(found.st_size for found in waiting),
        oldest_age=None if oldest is None else max(0.0, time.time() - oldest),
        rejected=sum(1 for _ in _entries(folder() / "rejected")),
        poison=sum(1 for _ in _entries(folder() / "poison")),
    )


def problem() -> str:
    """Say in a sentence why nothing could be kept on disk; nothing when it can."""
    try:
        place = _made(folder())
        probe = place / f"probe-{new_id().hex}.tmp"
        probe.write_bytes(b"")
        probe.unlink()
    except OSError as trouble:
        return f"The spool {folder()} cannot be written to ({trouble.strerror}). Set VAR_DIR to a folder that can be."
    return ""


# --- Bringing in ---


class _AwayError(Exception):
    """The database is away: the rest waits."""


def drain(is_stopping: Callable[[], bool] = lambda: False) -> dict[str, int]:
    """Bring in what waits, in order of arrival, unless somebody else does; returns how many were stored and refused.

    A request is unlinked after it was stored: a crash between the two stores it once more, which changes nothing.
    """
    done = {"stored": 0, "rejected": 0, "poison": 0}
    with _alone() as is_mine:
        if not is_mine:
            return done
        try:
            for name in sorted(entry.name for entry in _entries(folder())):
                if is_stopping():
                    break
                outcome = _bring_in(folder() / name)
                done[outcome] = done.get(outcome, 0) + 1
        except _AwayError:
            log.warning("sms.spool.waiting: the database is away")
        if any(done.values()):
            _sync(folder())
            with suppress(DatabaseError):
                # What found the database away may have been more than what was spooled.
                import_signs.note_trouble(import_signs.SPOOL)
            log.info("sms.spool.drained stored=%(stored)d rejected=%(rejected)d poison=%(poison)d", done)
        _tidy()
    return done


@contextmanager
def _alone() -> Iterator[bool]:
    """Hold this folder's lock, if nobody else does."""
    with (_made(folder()) / _LOCK).open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True


def _bring_in(path: Path) -> str:
    try:
        text = secrets.open_value("spool", _id_of(path.name) or uuid.UUID(int=0), "request", path.read_bytes())
        arrival = intake.load(text)
        with deadline.all_within(_SECONDS_EACH):
            refusal = intake.take(arrival)
            if refusal is not None and refusal.entry is not None:
                refused.keep(arrival, refusal.entry, refusal.reason)
        failpoint("drain.after_insert")
    except Exception as trouble:
        if isinstance(trouble, DatabaseError) and not _database_answers():
            raise _AwayError from trouble
        log.warning("sms.spool.failed file=%s error=%s", path.name, type(trouble).__name__)
        return _try_later(path)
    if refusal is None:
        path.unlink()
        return "stored"
    log.warning("sms.spool.rejected file=%s reason=%s", path.name, refusal.reason)
    _move(path, "rejected")
    return "rejected"


def _database_answers() -> bool:
    """Whether trouble was about one request, and not about all of them."""
    try:
        if not connection.in_atomic_block:
            connection.close()
        with deadline.all_within(_SECONDS_EACH), connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return False
    return True


def _try_later(path: Path) -> str:
    """Count one failure in the file's name; after ten it is set aside, and no code ever deletes it."""
    head, _, tries = path.name.partition("-")
    failed = int(tries or 0) + 1
    if failed >= MOST_TRIES:
        _move(path, "poison")
        return "poison"
    path.rename(path.with_name(f"{head}-{failed}"))
    return "failed"


def _move(path: Path, where: str) -> None:
    target = _made(folder() / where)
    path.rename(target / path.name.partition("-")[0])
    _sync(target)


def _tidy() -> None:
    """Remove what a crash left half written, and what was rejected a week ago."""
    now = time.time()
    for path in folder().glob("*.tmp"):
        _remove_if_older(path, now - _LEFTOVER_SECONDS)
    for entry in _entries(folder() / "rejected"):
        _remove_if_older(Path(entry.path), now - _REJECTED_SECONDS)


def _remove_if_older(path: Path, than: float) -> None:
    try:
        if path.stat().st_mtime < than:
            path.unlink()
    except FileNotFoundError:
        return
