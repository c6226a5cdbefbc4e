"""Floor of the webhook: no framework; check the HMAC-SHA1 signature, insert one row, answer empty TwiML."""

import base64
import hashlib
import hmac
import os
import threading
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import parse_qsl

import psycopg

TABLE = """CREATE TABLE IF NOT EXISTS intake (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, sid text UNIQUE NOT NULL, sender text NOT NULL,
    recipient text NOT NULL, body text NOT NULL, raw bytea NOT NULL, at timestamptz NOT NULL DEFAULT now())"""
INSERT = "INSERT INTO intake (sid, sender, recipient, body, raw) VALUES (%s, %s, %s, %s, %s) ON CONFLICT DO NOTHING"
TOKEN = os.environ.get("FLOOR_TOKEN", "").encode()
BASE = os.environ.get("PUBLIC_BASE_URL", "")
TWIML = b'<?xml version="1.0" encoding="UTF-8"?><Response/>'

local = threading.local()


def connection() -> "psycopg.Connection[Any]":
    """Return this thread's connection, as Django keeps one."""
    if not hasattr(local, "connection"):
        local.connection = psycopg.connect(os.environ["DATABASE_URL"], autocommit=True)
    kept: psycopg.Connection[Any] = local.connection
    return kept


def is_signed(url: str, form: list[tuple[str, str]], given: str) -> bool:
    text = url + "".join(name + value for name, value in sorted(form))
    mac = hmac.new(TOKEN, text.encode(), hashlib.sha1).digest()
    return hmac.compare_digest(base64.b64encode(mac), given.encode())


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
