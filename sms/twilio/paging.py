"""Lists at Twilio page by page: what a page holds, and where it goes on."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar
from urllib.parse import urlsplit

Row = TypeVar("Row")

PAGE_SIZE = 1000
# A page of a thousand takes Twilio some seconds.
LIST_DEADLINE = 20.0


@dataclass(frozen=True, slots=True)
class Page(Generic[Row]):
    """Some rows of a list, and the address of those that follow ("" = none)."""

    rows: Sequence[Row]
    next_url: str = ""


def checked(url: str, ends: str) -> str:
    """Return the address of a next page: credentials go only to the list at Twilio that is being read.

    Raises:
        ValueError: it is another one.
    """
    parts = urlsplit(url)
    host = parts.hostname or ""
    if parts.scheme != "https" or not host.endswith(".twilio.com") or not parts.path.endswith(ends):
        raise ValueError("Twilio named a next page that is not of the list that was asked for.")
    return url
