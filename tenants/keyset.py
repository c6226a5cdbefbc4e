"""Keyset pages: the one way every list turns pages, as quick on the last page as on the first."""

import time
import uuid
from dataclasses import dataclass, field, replace
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
# How many rows a page looks at to find those of a filter that no index holds, and for how long: part by part.
LOOKS = (10_000, 30_000, 60_000)
SECONDS = 1.0
_LARGEST = 2**62
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Page(Generic[Row]):
    """The rows of one page, in the list's order, and the addresses of its neighbours ("" = none).

    `cut_at` is where the look through a long list ended before the page was full; `older_url` goes on from there.
    """

    rows: list[Row] = field(default_factory=list)
    older_url: str = ""
    newer_url: str = ""
    cut_at: Value | None = None


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
    among: QuerySet[Row] | None = None,
) -> Page[Row]:
    """Return the page that the query string asks for (`before`, `after`), newest first.

    `at` names a column or annotation (a time, a text or a whole number, never null) that an index covers with the id.
    With `descending=False` the order is turned round, for lists by name; "older" then means further down.
    `among` are the rows that must be looked at to find those of the queryset, by an index in this order: a page looks
    at a limited number of them, however few it finds, and says how far it came.
    """
    older = _usable(queryset, read_cursor(request.GET.get(OLDER, "")), at)
    newer = _usable(queryset, read_cursor(request.GET.get(NEWER, "")), at)
    if newer is not None:
        rows, cut = _window(queryset, newer, size, at, descending=not descending, among=among)
        if cut is not None:
            return _with_urls(request, rows[::-1], at, older=newer, newer=cut)
        if len(rows) > size:
            rows = rows[size - 1 :: -1]
            return _with_urls(request, rows, at, older=_place(rows[-1], at), newer=_place(rows[0], at))
        older = None  # fewer than a page above: show the first page whole
    rows, cut = _window(queryset, older, size, at, descending=descending, among=among)
    further = _place(rows[size - 1], at) if len(rows) > size else cut
    above = older and (_place(rows[0], at) if rows else older)
    found = _with_urls(request, rows[:size], at, older=further, newer=above)
    return replace(found, cut_at=cut.value) if cut is not None else found


def beyond(cursor: Cursor, at: str, *, descending: bool) -> Q:
    """Return the condition for what follows a row, in the form that uses the index on both engines."""
    near, strictly = ("lte", "lt") if descending else ("gte", "gt")
    return Q(**{f"{at}__{near}": cursor.value}) & (
        Q(**{f"{at}__{strictly}": cursor.value}) | Q(**{f"id__{strictly}": cursor.id})
    )


def _up_to(cursor: Cursor, at: str, *, descending: bool) -> Q:
    """Return the condition for what stands before a row and for the row itself."""
    near, strictly = ("gte", "gt") if descending else ("lte", "lt")
    return Q(**{f"{at}__{near}": cursor.value}) & (
        Q(**{f"{at}__{strictly}": cursor.value}) | Q(**{f"id__{near}": cursor.id})
    )


def _usable(queryset: QuerySet[Row], cursor: Cursor | None, at: str) -> Cursor | None:
    """Return the cursor if its value suits the column: addresses are typed by people, too."""
    try:
        if cursor is not None:
            queryset.filter(beyond(cursor, at, descending=True))
    except (TypeError, ValueError, ValidationError):
        return None
    return cursor


def _window(
    queryset: QuerySet[Row],
    cursor: Cursor | None,
    size: int,
    at: str,
    *,
    descending: bool,
    among: QuerySet[Row] | None,
) -> tuple[list[Row], Cursor | None]:
    """Return one row more than a page, and where the look ended before it found as many or came to the end."""
    order = [F(at).desc(), F("id").desc()] if descending else [F(at).asc(), F("id").asc()]

    def after(rows: QuerySet[Row]) -> QuerySet[Row]:
        return (rows.filter(beyond(cursor, at, descending=descending)) if cursor else rows).order_by(*order)

    if among is None:
        return list(after(queryset)[: size + 1]), None
    end = time.monotonic() + SECONDS
    found: list[Row] = []
    for count in LOOKS:
        places = after(among).values_list(at, F("pk"))[count - 1 : count]
        edge = next((Cursor(value, pk) for value, pk in places), None)
        rows = after(queryset)
        if edge is not None:
            rows = rows.filter(_up_to(edge, at, descending=descending))
        found += rows[: size + 1 - len(found)]
        if edge is None or len(found) > size:
            return found, None
        cursor = edge
        if time.monotonic() > end:
            break
    return found, cursor


def _with_urls(
    request: HttpRequest, rows: list[Row], at: str, *, older: Cursor | None, newer: Cursor | None
) -> Page[Row]:
    if not rows and older is None:
        return Page(rows, newer_url=_url(request) if newer else "")
    return Page(
        rows,
        older_url=_url(request, **{OLDER: _written(older)}) if older else "",
        newer_url=_url(request, **{NEWER: _written(newer)}) if newer else "",
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
    return _written(_place(row, at))


def _place(row: Model, at: str) -> Cursor:
    value: Any = row
    for name in at.split("__"):
        value = getattr(value, name)
    return Cursor(value, row.pk)


def write_place(value: Value, row: uuid.UUID) -> str:
    """Return a place as text, for a list that is put together from several."""
    return _written(Cursor(value, row))


def _written(cursor: Cursor) -> str:
    value = cursor.value
    if isinstance(value, datetime):
        return f"{cursor.id.hex}t{(value - _EPOCH) // timedelta(microseconds=1)}"
    return f"{cursor.id.hex}n{int(value)}" if isinstance(value, int) else f"{cursor.id.hex}s{value}"


def read_id(text: str) -> uuid.UUID | None:
    """Read an id that stands in an address; anything else is none."""
    try:
        return uuid.UUID(hex=text)
    except ValueError:
        return None


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
