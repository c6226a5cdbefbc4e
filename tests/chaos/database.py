"""Read (and, to force due work, touch) the portal's database without the portal: SQLite or PostgreSQL, no Django."""

import contextlib
import json
import sqlite3
import sys
import uuid
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

with contextlib.suppress(ImportError):
    # The same SQLite as the portal's: two versions should not write to one file.
    import pysqlite3

    sqlite3 = sys.modules["sqlite3"] = pysqlite3

Row = dict[str, Any]


class Away(Exception):
    """The database cannot be asked now."""


class Database:
    """One database by its address: `sqlite:////path` or `postgres://…`."""

    def __init__(self, url: str, *, patience: float = 5.0) -> None:
        self.url = url
        self._patience = patience

    @property
    def is_sqlite(self) -> bool:
        return self.url.startswith("sqlite:///")

    def rows(self, statement: str, *values: Any) -> list[Row]:
        """Return the rows of a query, with plain values: ids as 32 hex digits, times as text, JSON read."""
        with self._cursor() as cursor:
            cursor.execute(self._dialect(statement), values)
            names = [str(column[0]) for column in cursor.description]
            return [dict(zip(names, map(_plain, row), strict=True)) for row in cursor.fetchall()]

    def change(self, statement: str, *values: Any) -> int:
        """Run a statement and return how many rows it changed."""
        with self._cursor() as cursor:
            cursor.execute(self._dialect(statement), values)
            return int(cursor.rowcount)

    def has(self, table: str, column: str) -> bool:
        """Say whether a column exists in this version of the portal."""
        try:
            self.rows(f"SELECT {column} FROM {table} LIMIT 0")  # noqa: S608 (names from the harness)
        except Away:
            return False
        return True

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Hold SQLite's only write lock, as a backup or a careless person would."""
        with contextlib.closing(sqlite3.connect(self.url.removeprefix("sqlite:///"), timeout=30)) as connection:
            connection.isolation_level = None
            connection.execute("BEGIN EXCLUSIVE")
            yield
            connection.rollback()

    def _dialect(self, statement: str) -> str:
        return statement.replace("%s", "?") if self.is_sqlite else statement

    @contextlib.contextmanager
    def _cursor(self) -> Iterator[Any]:
        import psycopg

        try:
            with contextlib.closing(self._connect()) as connection, contextlib.closing(connection.cursor()) as cursor:
                yield cursor
                connection.commit()
        except (sqlite3.Error, psycopg.Error) as problem:
            raise Away(str(problem)) from problem

    def _connect(self) -> Any:
        import psycopg

        if self.is_sqlite:
            return sqlite3.connect(self.url.removeprefix("sqlite:///"), timeout=self._patience)
        seconds = int(self._patience * 1000)
        return psycopg.connect(
            self.url, connect_timeout=max(2, int(self._patience)), options=f"-c statement_timeout={seconds}"
        )


def _plain(value: Any) -> Any:
    if isinstance(value, uuid.UUID):
        return value.hex
    if isinstance(value, datetime):
        return value.isoformat()
    return value


def as_json(value: Any) -> Any:
    """Read a JSON column, which SQLite gives as text."""
    return json.loads(value) if isinstance(value, str) else value


def lines(path: str) -> list[Row]:
    """Read a file of JSON lines; one that a crash left half written ends it."""
    found: list[Row] = []
    with open(path, encoding="utf-8") as file:
        for line in file:
            if not line.endswith("\n"):
                break
            found.append(json.loads(line))
    return found


def by(rows: Sequence[Row], name: str) -> dict[Any, list[Row]]:
    """Group rows by one of their columns."""
    groups: dict[Any, list[Row]] = {}
    for row in rows:
        groups.setdefault(row[name], []).append(row)
    return groups
