"""Floor of the webhook on SQLite: check the signature, insert one row with bare sqlite3, with the portal's pragmas."""

import os
import sqlite3
import threading
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import parse_qsl

from tests.bench.floors.intake import BASE, TWIML, is_signed

TABLE = """CREATE TABLE IF NOT EXISTS intake (
    id INTEGER PRIMARY KEY, sid TEXT UNIQUE NOT NULL, sender TEXT NOT NULL, recipient TEXT NOT NULL,
    body TEXT NOT NULL, raw BLOB NOT NULL, at TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP)"""
INSERT = "INSERT INTO intake (sid, sender, recipient, body, raw) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING"

local = threading.local()


def connection() -> sqlite3.Connection:
    """Return this thread's connection with the portal's own pragmas, each statement its own transaction."""
    if not hasattr(local, "connection"):
        local.connection = sqlite3.connect(os.environ["FLOOR_FILE"], timeout=20, isolation_level=None)
        local.connection.executescript(os.environ["FLOOR_PRAGMAS"])
    kept: sqlite3.Connection = local.connection
    return kept


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    raw = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
    form = parse_qsl(raw.decode(), keep_blank_values=True)
    if not is_signed(BASE + environ["PATH_INFO"], form, environ.get("HTTP_X_TWILIO_SIGNATURE", "")):
        start_response("403 Forbidden", [("Content-Length", "0")])
        return [b""]
    fields = dict(form)
    connection().execute(INSERT, (fields["MessageSid"], fields["From"], fields["To"], fields["Body"], raw))
    start_response("200 OK", [("Content-Type", "text/xml"), ("Content-Length", str(len(TWIML)))])
    return [TWIML]
