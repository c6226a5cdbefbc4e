"""Store one row with one statement, once: what the webhook path counts in. No model instance is made."""

from collections.abc import Callable, Sequence
from typing import Any

from django.db import connection
from django.db.models import CharField, DateTimeField, Field, ForeignKey, Model, TextField, UUIDField

_Prepare = Callable[[Any, Any], Any]
# PostgreSQL's driver takes the values of these as they are.
_PLAIN = (CharField, TextField, UUIDField, DateTimeField, ForeignKey)


class Insert:
    """`INSERT … ON CONFLICT DO NOTHING` for a model: its text, and what each value needs, are made once.

    Columns that are not among those given get their field's default, as a new instance would have it. Where the model
    `unless` has a row with the same `same` values, nothing is stored.
    """

    def __init__(
        self, model: type[Model], *given: str, unless: type[Model] | None = None, same: Sequence[str] = ()
    ) -> None:
        self.model, self.given = model, given
        self.unless, self.same = unless, same
        self._ready: tuple[str, list[tuple[str, _Prepare]]] | None = None

    def run(self, values: dict[str, Any]) -> bool:
        """Store a row; False when there is one like it already. `values` is by attribute, as in `tenant_id`."""
        if self._ready is None:
            self._ready = self._prepare()
        statement, columns = self._ready
        told = [prepare(values[name], connection) for name, prepare in columns]
        prepared = getattr(connection, "run_prepared", None)
        if prepared is not None and not connection.queries_logged:
            return bool(prepared(statement, told) == 1)
        with connection.cursor() as cursor:
            cursor.execute(statement, told)
            return bool(cursor.rowcount == 1)

    def _prepare(self) -> tuple[str, list[tuple[str, _Prepare]]]:
        quote = connection.ops.quote_name
        fields = self.model._meta.concrete_fields
        unknown = set(self.given) - {field.attname for field in fields}
        if unknown:
            raise ValueError(f"{self.model.__name__} has no {', '.join(sorted(unknown))}.")
        names = ", ".join(quote(str(field.column)) for field in fields)
        marks = ", ".join("%s" if field.attname in self.given else _literal(field) for field in fields)
        table = quote(self.model._meta.db_table)
        what = f"VALUES ({marks})"
        compared: list[tuple[str, _Prepare]] = []
        if self.unless is not None:
            where, compared = self._where_not_there(self.unless)
            what = f"SELECT {marks} {where}"
        statement = f"INSERT INTO {table} ({names}) {what} ON CONFLICT DO NOTHING"
        stored = [(field.attname, _preparing(field)) for field in fields if field.attname in self.given]
        return statement, [*stored, *compared]

    def _where_not_there(self, unless: type[Model]) -> tuple[str, list[tuple[str, _Prepare]]]:
        quote, fields = connection.ops.quote_name, unless._meta.concrete_fields
        compared = [field for field in fields if field.attname in self.same]
        same = " AND ".join(f"{quote(str(field.column))} = %s" for field in compared)
        there = f"SELECT 1 FROM {quote(unless._meta.db_table)} WHERE {same}"  # noqa: S608 (our model)
        return f"WHERE NOT EXISTS ({there})", [(field.attname, _preparing(field)) for field in compared]


def _preparing(field: "Field[Any, Any]") -> _Prepare:
    if connection.vendor == "postgresql" and isinstance(field, _PLAIN):
        return lambda value, _: value
    return field.get_db_prep_save


def _literal(field: "Field[Any, Any]") -> str:
    """Write a field's default as SQL; one that is made for each row has to be given."""
    if field.has_default() and callable(field.default) and field.default not in (dict, list):
        raise ValueError(f"{field.attname} must be given: its default is made for each row.")
    default = field.get_default()
    if default is None:
        return "NULL"
    if isinstance(default, bytes):
        return "''" if connection.vendor == "postgresql" else "x''"
    if isinstance(default, (dict, list)):
        return "'{}'" if isinstance(default, dict) else "'[]'"
    if isinstance(default, int):
        return str(int(default))
    if not isinstance(default, str) or (default and not default.isalnum()):
        raise ValueError(f"{field.attname} must be given.")
    return f"'{default}'"
