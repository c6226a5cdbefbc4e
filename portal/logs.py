"""Lines of the log: numbers masked, keys and tokens hidden, and one line stays one line. The last of several fences."""

import logging
import re

_HIDDEN = "•••"
# What stands in an address of ours and lets somebody in.
_IN_PATHS = re.compile(r"(/webhooks/twilio/|/invitation/|/reset/key/)[^/\s\"'?]+")
_NUMBERS = re.compile(r"(\+|%2B)([1-9]\d{3})\d{2,9}(\d{2})(?!\d)", re.IGNORECASE)
_API_KEYS = re.compile(r"\b(smsp_[0-9A-Za-z]{8})_[0-9A-Za-z_]+")
_PASSWORDS_IN_URLS = re.compile(r"(\b[a-z+]+://[^\s:/@]*:)[^\s@/]+@", re.IGNORECASE)


def hide(text: str) -> str:
    """Return a text without what may not stand in a log."""
    text = _IN_PATHS.sub(rf"\1{_HIDDEN}", text)
    text = _NUMBERS.sub(rf"\1\2{_HIDDEN}\3", text)
    text = _API_KEYS.sub(rf"\1_{_HIDDEN}", text)
    return _PASSWORDS_IN_URLS.sub(rf"\1{_HIDDEN}@", text)


class CarefulFormatter(logging.Formatter):
    """Hides what may not stand in a log, in tracebacks, too: databases and libraries quote values in their errors."""

    def format(self, record: logging.LogRecord) -> str:
        """Write a record's line, and its traceback below."""
        return hide(super().format(record))

    def formatMessage(self, record: logging.LogRecord) -> str:
        """Keep the message on one line, whatever somebody put into it."""
        record.message = record.message.replace("\r", "\\r").replace("\n", "\\n")
        return super().formatMessage(record)
