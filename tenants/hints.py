"""Say "this queue has work", after commit. Never blocks or fails a request; the sweep makes good a lost hint."""

import logging
import os
import threading
from contextlib import suppress
from typing import Any

from celery import current_app
from django.db import transaction
from kombu.connection import Connection

from tenants.failpoints import failpoint

log = logging.getLogger(__name__)

_PAUSE_SECONDS = 0.05
TASKS = {
    "send": "send.work",
    "inbound": "inbound.work",
    "deliver": "deliver.work",
    "transfer": "maint.transfer",
    "connect": "maint.connect",
}

_TIMEOUT_SECONDS = 0.3

_wanted: set[str] = set()
_wake = threading.Event()
_lock = threading.Lock()
_thread: threading.Thread | None = None
_connection: Connection | None = None
_failing = False
failures = 0


def hint(queue: str) -> None:
    """Note, once the open transaction commits, that a queue has work; no failure of this reaches the caller."""
    transaction.on_commit(lambda: note(queue), robust=True)


def note(queue: str) -> None:
    """Note at once that a queue has work; a background thread publishes one coalesced hint."""
    global _thread
    with _lock:
        _wanted.add(queue)
        if _thread is None or not _thread.is_alive():
            _thread = threading.Thread(target=_publish_forever, name="hints", daemon=True)
            _thread.start()
    _wake.set()


def _publish_forever() -> None:
    while True:
        _wake.wait()
        _wake.clear()
        with _lock:
            queues = sorted(_wanted)
            _wanted.clear()
        for queue in queues:
            _publish(queue)
        threading.Event().wait(_PAUSE_SECONDS)


def _publish(queue: str) -> None:
    """Send one hint; it carries no ids, so one may stand for many rows and any may be lost."""
    global failures, _failing
    was_open = _connection is not None
    try:
        task = TASKS[queue]
        name = task.partition(".")[0]
        current_app.send_task(task, queue=name, connection=_connected(), retry=False, expires=60)
        failpoint("hint.published")
    except Exception as error:
        disconnect()
        if was_open:
            # The broker may have been restarted since: a new connection says whether it is away.
            _publish(queue)
            return
        failures += 1
        # Once an outage: with a broker away for hours every text would write a line.
        if not _failing:
            log.warning("hints.lost queue=%s error=%s: the sweep will find the work", queue, type(error).__name__)
        _failing = True
        return
    if _failing:
        log.warning("hints.restored queue=%s lost=%d", queue, failures)
    _failing = False


def _connected() -> Connection:
    """Return the publishing thread's connection: to make one costs ten times what a hint does."""
    global _connection
    if _connection is None:
        _connection = current_app.connection_for_write(connect_timeout=_TIMEOUT_SECONDS, transport_options=_impatient())
    return _connection


def disconnect() -> None:
    """Drop the connection to the broker; the next hint makes a new one."""
    global _connection
    dropped: Any = _connection
    _connection = None
    if dropped is not None:
        with suppress(Exception):
            dropped.release()


def _impatient() -> dict[str, Any]:
    """Return transport options for a connection that fails at once instead of trying again."""
    return {
        **current_app.conf.broker_transport_options,
        "socket_connect_timeout": _TIMEOUT_SECONDS,
        "socket_timeout": _TIMEOUT_SECONDS,
        "retry_on_timeout": False,
        "max_retries": 0,
    }


def _after_fork() -> None:
    global _thread, _lock, _wake, _connection
    _thread, _lock, _wake = None, threading.Lock(), threading.Event()
    # The parent's: nothing may be said on it here, not even good-bye.
    _connection = None
    _wanted.clear()


os.register_at_fork(after_in_child=_after_fork)
