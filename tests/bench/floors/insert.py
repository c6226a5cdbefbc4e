"""Floor of a decision: one INSERT of a text into a bare table, with the driver alone, inside an open transaction."""

from collections.abc import Callable
from typing import Any

TABLE = """CREATE TABLE inserted (
    id VARCHAR(32) PRIMARY KEY, sid VARCHAR(34) UNIQUE NOT NULL, sender TEXT NOT NULL, recipient TEXT NOT NULL,
    body TEXT NOT NULL, state VARCHAR(12) NOT NULL, due_at TEXT NOT NULL)"""
INSERT = "INSERT INTO inserted VALUES (%s, %s, %s, %s, %s, %s, %s)"


def statement(connection: Any) -> Callable[[int], None]:
    """Return what inserts the row of a number."""
    run = connection.cursor().execute

    def insert(number: int) -> None:
        key = f"{number:032x}"
        text = (key, f"SM{key}", "+14155550123", "+12025550101", "Hello, is my parcel there?", "received", "2026-11-23")
        run(INSERT, text)

    return insert
