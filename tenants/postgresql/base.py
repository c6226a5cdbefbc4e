"""PostgreSQL as Django speaks to it, but for one thing: a thread with a deadline does not wait beyond it."""

import time
from collections.abc import Sequence
from typing import Any, Self, TypeVar

import psycopg
from django.db.backends.postgresql import base
from django.db.backends.postgresql.psycopg_any import IsolationLevel
from psycopg.abc import PQGen, PQGenConn

from tenants import deadline

RV = TypeVar("RV")


class Connection(psycopg.Connection[Any]):
    """A connection that is dropped when the answer does not come in time."""

    def wait(self, gen: PQGen[RV], interval: float = 0.1, timeout: float | None = None) -> RV:
        """Wait for the server, no longer than this thread may."""
        seconds = deadline.left()
        if seconds is None or timeout is not None:
            return super().wait(gen, interval, timeout)
        over = time.monotonic() + seconds
        try:
            return super().wait(gen, interval, seconds)
        except psycopg.OperationalError:
            if time.monotonic() >= over:
                # Where the statement stands nobody knows: its late answer must not be taken for another's.
                self.close()
                deadline.note_missed()
            raise

    @classmethod
    def _connect_gen(cls, conninfo: str = "") -> PQGenConn[Self]:
        """Connect; psycopg's own time limit is whole seconds and two of them at least."""
        seconds, began = deadline.left_to_connect(), time.monotonic()
        steps = super()._connect_gen(conninfo)
        try:
            wanted = next(steps)
            while True:
                ready = yield wanted
                if seconds is not None and time.monotonic() - began > seconds:
                    deadline.note_missed()
                    raise psycopg.errors.ConnectionTimeout("connection timeout expired")
                wanted = steps.send(ready)
        except StopIteration as end:
            connection: Self = end.value
            return connection


class DatabaseWrapper(base.DatabaseWrapper):
    """Django's connection, made of ours."""

    def get_new_connection(self, conn_params: dict[str, Any]) -> Connection:
        """Connect as Django does; we use neither its pool nor another isolation than the server's default."""
        self.isolation_level = IsolationLevel.READ_COMMITTED
        return Connection.connect(**conn_params)

    def run_prepared(self, statement: str, values: Sequence[Any]) -> int:
        """Run a statement that the server plans once per connection; returns how many rows it changed.

        For the one or two statements that are run thousands of times: it costs a third less than Django's cursor.
        """
        self.close_if_health_check_failed()
        self.ensure_connection()
        with self.wrap_database_errors:
            return psycopg.Cursor(self.connection).execute(statement, values, prepare=True).rowcount
