"""Keyset pages: the one way every list turns pages, as quick on the last page as on the first."""

import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Generic, TypeVar

from django.core.exceptions import ValidationError
from django.db.models import F, Model, Q, QuerySet
from django.http import HttpRequest

Row = TypeVar("Row", bound=Model)
Value = datetime | str | int

SIZE = 50
OLDER = "before"
NEWER = "after"
_LARGEST = 2**62
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Page(Generic[Row]):
    """The rows of one page, in the list's order, and the addresses of its neighbours ("" = none)."""

    rows: list[Row] = field(default_factory=list)
    older_url: str = ""
    newer_url: str = ""


@dataclass(frozen=True, slots=True)
class Cursor:
    """The place of one row in the order: its value and, where values are equal, its id."""

    value: Value
    id: uuid.UUID


def page(
    queryset: QuerySet[Row],
    request: HttpRequest,
    *,
    size: int = SIZE,
    at: str = "occurred_at",
    descending: bool = True,
) -> Page[Row]:
    """Return the page that the query string asks for (`before`, `after`), newest first.

    `at` names a column or annotation (a time, a text or a whole number, never null) that an index covers with the id.
    With `descending=False` the order is turned round, for lists by name; "older" then means further down.
    """
    older = _usable(queryset, read_cursor(request.GET.get(OLDER, "")), at)
    newer = _usable(queryset, read_cursor(request.GET.get(NEWER, "")), at)
    if newer is not None:
        rows = _window(queryset, newer, size, at, descending=not descending)
        if len(rows) > size:
            return _with_urls(request, rows[size - 1 :: -1], at, older=True, newer=True)
        older = None  # fewer than a page above: show the first page whole
    rows = _window(queryset, older, size, at, descending=descending)
    return _with_urls(request, rows[:size], at, older=len(rows) > size, newer=older is not None)


def beyond(cursor: Cursor, at: str, *, descending: bool) -> Q:
    """Return the condition for what follows a row, in the form that uses the index on both engines."""
    near, strictly = ("lte", "lt") if descending else ("gte", "gt")
    return Q(**{f"{at}__{near}": cursor.value}) & (
        Q(**{f"{at}__{strictly}": cursor.value}) | Q(**{f"id__{strictly}": cursor.id})
    )


def _usable(queryset: QuerySet[Row], cursor: Cursor | None, at: str) -> Cursor | None:
    """Return the cursor if its value suits the column: addresses are typed by people, too."""
    try:
        if cursor is not None:
            queryset.filter(beyond(cursor, at, descending=True))
    except (TypeError, ValueError, ValidationError):
        return None
    return cursor


def _window(queryset: QuerySet[Row], cursor: Cursor | None, size: int, at: str, *, descending: bool) -> list[Row]:
    if cursor is not None:
        queryset = queryset.filter(beyond(cursor, at, descending=descending))
    order = [F(at).desc(), F("id").desc()] if descending else [F(at).asc(), F("id").asc()]
    return list(queryset.order_by(*order)[: size + 1])


def _with_urls(request: HttpRequest, rows: list[Row], at: str, *, older: bool, newer: bool) -> Page[Row]:
    if not rows:
        return Page(rows, newer_url=_url(request) if newer else "")
    return Page(
        rows,
        older_url=_url(request, **{OLDER: write_cursor(rows[-1], at)}) if older else "",
        newer_url=_url(request, **{NEWER: write_cursor(rows[0], at)}) if newer else "",
    )


def _url(request: HttpRequest, **cursor: str) -> str:
    parameters = request.GET.copy()
    for name in (OLDER, NEWER, "selected"):
        parameters.pop(name, None)
    for name, value in cursor.items():
        parameters[name] = value
    return f"{request.path}?{parameters.urlencode()}" if parameters else request.path


def write_cursor(row: Model, at: str) -> str:
    """Return a row's place as text: the id's 32 digits, a letter for the kind of value, the value."""
    value: Any = row
    for name in at.split("__"):
        value = getattr(value, name)
    if isinstance(value, datetime):
        return f"{row.pk.hex}t{(value - _EPOCH) // timedelta(microseconds=1)}"
    return f"{row.pk.hex}n{int(value)}" if isinstance(value, int) else f"{row.pk.hex}s{value}"


def read_cursor(text: str) -> Cursor | None:
    """Read what `write_cursor` wrote; anything else is no cursor."""
    digits, kind, value = text[:32], text[32:33], text[33:]
    try:
        row = uuid.UUID(hex=digits)
        if kind == "s":
            return None if "\0" in value else Cursor(value, row)
        number = int(value)
        if abs(number) > _LARGEST:
            return None
        return Cursor(_EPOCH + timedelta(microseconds=number) if kind == "t" else number, row)
    except (ValueError, OverflowError):
        return None
