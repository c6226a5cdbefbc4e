"""What sending says to the database in SQL of its own, and every statement that the two engines do not share.

SQLite needs none of the locks: a transaction that writes holds the only write lock from its start.
"""

import hashlib
import uuid
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any

from django.db import connection
from django.db.models import Field, Model

Pair = tuple[uuid.UUID, str, str]
Columns = Sequence["Field[Any, Any]"]


def columns(model: type[Model], *names: str) -> "tuple[Field[Any, Any], ...]":
    """Return fields by their names: what a statement reads or writes."""
    return tuple(_field(model, name) for name in names)


def locked(*, skip: bool = False) -> str:
    """Return how a SELECT holds its rows to the end of the transaction; those that others hold are passed over."""
    if connection.vendor != "postgresql":
        return ""
    return "FOR NO KEY UPDATE SKIP LOCKED" if skip else "FOR NO KEY UPDATE"


def fetch(statement: str, values: Iterable[Any], read: Columns) -> list[tuple[Any, ...]]:
    """Run a statement and return its rows; the columns say how the engine in use writes what they hold."""
    with connection.cursor() as cursor:
        cursor.execute(statement, fitting(values))
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    readers = _readers(connection.vendor, tuple(read))
    return [_read(row, readers) for row in rows] if readers else rows


def run(statement: str, values: Iterable[Any]) -> int:
    """Run a statement and return how many rows it changed."""
    with connection.cursor() as cursor:
        cursor.execute(statement, fitting(values))
        return int(cursor.rowcount)


def fitting(values: Iterable[Any]) -> list[Any]:
    """Return values as the engine in use takes them: SQLite keeps ids and times as text."""
    if connection.vendor == "postgresql":
        return list(values)
    return [_fit(value) for value in values]


def _fit(value: Any) -> Any:
    if isinstance(value, uuid.UUID):
        return value.hex
    return connection.ops.adapt_datetimefield_value(value) if isinstance(value, datetime) else value


_Readers = tuple[tuple[int, Callable[[Any], Any]], ...]


@lru_cache(maxsize=64)
def _readers(vendor: str, read: tuple["Field[Any, Any]", ...]) -> _Readers:
    """Return what turns the values of some columns into Python's, where the driver does not."""
    found: list[tuple[int, Callable[[Any], Any]]] = []
    for at, column in enumerate(read):
        expression: Any = column.get_col(column.model._meta.db_table)
        converters = [*connection.ops.get_db_converters(expression), *expression.get_db_converters(connection)]
        found += [(at, _bound(converter, expression)) for converter in converters]
    return tuple(found)


def _bound(converter: Callable[..., Any], expression: Any) -> Callable[[Any], Any]:
    return lambda value: converter(value, expression, connection)


def _read(row: Sequence[Any], readers: _Readers) -> tuple[Any, ...]:
    values = list(row)
    for at, reader in readers:
        values[at] = reader(values[at])
    return tuple(values)


def among(column: str, values: Sequence[Any]) -> tuple[str, list[Any]]:
    """Return the condition that a column has one of some values, and what it takes.

    PostgreSQL gets one array: a statement of the same length however many there are, which costs far less to send.
    """
    if connection.vendor == "postgresql":
        return f"{column} = ANY(%s)", [list(values)]
    return f"{column} IN ({_marks(len(values))})", list(values)


def _marks(count: int) -> str:
    return ", ".join(["%s"] * count)


def write(model: type[Model], names: Sequence[str], rows: Sequence[Sequence[Any]], **constants: Any) -> None:
    """Give each row its own values in one statement: the first column is the id; no value may be null."""
    if not rows:
        return
    table = model._meta.db_table
    fields = columns(model, *names)
    given, values = _given(fields, rows)
    own = [f"{field.column} = given.{field.column}" for field in fields[1:]]
    shared = [f"{_field(model, name).column} = %s" for name in constants]
    key = fields[0].column
    statement = f"UPDATE {table} SET {', '.join(own + shared)} FROM {given} WHERE {table}.{key} = given.{key}"  # noqa: S608 (names from the model)
    if connection.vendor == "postgresql":
        run(statement, [*constants.values(), *values])
    else:
        run(_as_table(fields, len(rows)) + statement, [*values, *constants.values()])


def insert(model: type[Model], names: Sequence[str], rows: Sequence[Sequence[Any]], **constants: Any) -> None:
    """Add rows in one statement; columns that are not named get what their fields have by default."""
    if not rows:
        return
    rest = {field: constants[field.name] for field in columns(model, *constants)}
    named = {*names, *constants}
    rest |= {field: field.get_default() for field in model._meta.concrete_fields if field.name not in named}
    fields = columns(model, *names)
    given, values = _given(fields, rows)
    own = [f"given.{field.column}" for field in fields]
    into = ", ".join(str(field.column) for field in (*fields, *rest))
    statement = (
        f"INSERT INTO {model._meta.db_table} ({into}) "  # noqa: S608 (names from the model)
        f"SELECT {', '.join([*own, *['%s'] * len(rest)])} FROM {given}"
    )
    if connection.vendor == "postgresql":
        run(statement, [*rest.values(), *values])
    else:
        run(_as_table(fields, len(rows)) + statement, [*values, *rest.values()])


def _given(fields: Columns, rows: Sequence[Sequence[Any]]) -> tuple[str, list[Any]]:
    """Return rows as a table named `given`, and what it takes: an array for each column, where there are arrays."""
    if connection.vendor != "postgresql":
        return "given", [value for row in rows for value in row]
    kinds = (str(field.db_type(connection)).split("(")[0] for field in fields)
    names = ", ".join(str(field.column) for field in fields)
    arrays = ", ".join(f"%s::{kind}[]" for kind in kinds)
    return f"unnest({arrays}) AS given({names})", [list(values) for values in zip(*rows, strict=True)]


def _as_table(fields: Columns, count: int) -> str:
    row = f"({_marks(len(fields))})"
    names = ", ".join(str(field.column) for field in fields)
    return f"WITH given({names}) AS (VALUES {', '.join([row] * count)}) "


def _field(model: type[Model], name: str) -> "Field[Any, Any]":
    return model._meta.get_field(name)  # type: ignore[return-value]


def lock_pairs(pairs: Iterable[Pair], *, shared: bool) -> None:
    """Hold (tenant, our address, their address) to the end of the transaction: before any message row is locked.

    Markers share a pair; whoever writes an opt-out has it alone. So one of the two is before the other.
    """
    keys = sorted({_pair_key(pair) for pair in pairs})
    if connection.vendor != "postgresql" or not keys:
        return
    function = "pg_advisory_xact_lock_shared" if shared else "pg_advisory_xact_lock"
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {function}(pair) FROM unnest(%s::bigint[]) AS pair", [keys])  # noqa: S608


def _pair_key(pair: Pair) -> int:
    text = f"{pair[0].hex}|{pair[1]}|{pair[2]}".encode()
    return int.from_bytes(hashlib.blake2b(text, digest_size=8).digest(), "big", signed=True)
