"""Take due rows for work, and every other statement that the two engines do not share: all of it stands here.

SQLite needs none of the locks: a transaction that writes holds the only write lock from its start.
"""

import hashlib
import uuid
from collections.abc import Iterable, Sequence
from typing import Any

from django.db import connection
from django.db.models import Model, QuerySet
from django.db.models.expressions import RawSQL
from django.db.models.sql import UpdateQuery

Pair = tuple[uuid.UUID, str, str]


def take(slices: Sequence[QuerySet[Any]], **changes: Any) -> list[uuid.UUID]:
    """Change the rows of some sliced querysets of one model and return their ids: one statement, nobody is waited for.

    Each slice is ordered and limited; rows that another transaction holds are passed over.
    """
    if not slices:
        return []
    picks: list[str] = []
    params: list[Any] = []
    for number, rows in enumerate(slices):
        sql, args = rows.select_for_update(skip_locked=True).values("id").query.sql_with_params()
        picks.append(f"SELECT id FROM ({sql}) AS slice{number}")  # noqa: S608 (compiled by Django)
        params += args
    picked = RawSQL("SELECT id FROM picked", ())
    update, update_params = _compiled_update(slices[0].model._base_manager.filter(id__in=picked), changes)
    # Materialized, because a plan may run a subquery again and then take more rows than its limit.
    statement = f"WITH picked AS MATERIALIZED ({' UNION ALL '.join(picks)}) {update} RETURNING id"
    return _ids(statement, [*params, *update_params])


def change(rows: QuerySet[Any], **changes: Any) -> list[uuid.UUID]:
    """Update rows and return the ids of those that were still as the queryset wants them."""
    update, params = _compiled_update(rows, changes)
    return _ids(f"{update} RETURNING id", params)


def write(model: type[Model], columns: Sequence[str], rows: Sequence[Sequence[Any]], **constants: Any) -> None:
    """Give each row its own values in one statement: the first column is the id; no value may be null."""
    if not rows:
        return
    quote = connection.ops.quote_name
    by_name = {field.name: field for field in model._meta.concrete_fields}
    fields = [by_name[name] for name in columns]
    names = [str(field.column) for field in fields]
    given = ", ".join(f"({', '.join(['%s'] * len(names))})" for _ in rows)
    sets = [f"{quote(name)} = given.{quote(name)}" for name in names[1:]]
    values = [
        field.get_db_prep_save(value, connection) for row in rows for field, value in zip(fields, row, strict=True)
    ]
    for name, value in constants.items():
        sets.append(f"{quote(str(by_name[name].column))} = %s")
        values.append(by_name[name].get_db_prep_save(value, connection))
    table = quote(model._meta.db_table)
    statement = (
        f"WITH given({', '.join(map(quote, names))}) AS (VALUES {given}) "  # noqa: S608 (names from the model)
        f"UPDATE {table} SET {', '.join(sets)} FROM given WHERE {table}.{quote(names[0])} = given.{quote(names[0])}"
    )
    with connection.cursor() as cursor:
        cursor.execute(statement, values)


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


def _compiled_update(rows: QuerySet[Any], changes: dict[str, Any]) -> tuple[str, Sequence[Any]]:
    query: Any = rows.query.chain(UpdateQuery)
    query.add_update_values(changes)
    sql, params = query.get_compiler(connection=connection).as_sql()
    return sql, params


def _ids(statement: str, params: Sequence[Any]) -> list[uuid.UUID]:
    with connection.cursor() as cursor:
        cursor.execute(statement, params)
        return [found if isinstance(found, uuid.UUID) else uuid.UUID(found) for (found,) in cursor.fetchall()]
