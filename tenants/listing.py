"""Lists that people sort by a column: the sorted column and the page, over the keyset helper."""

from collections.abc import Mapping
from typing import TypeVar, cast

from django.db.models import F, Model, QuerySet
from django.db.models.expressions import Combinable
from django.http import HttpRequest

from tenants import keyset

Row = TypeVar("Row", bound=Model)
Columns = Mapping[str, str | Combinable]


def page(
    queryset: QuerySet[Row],
    request: HttpRequest,
    *,
    columns: Columns,
    default: str,
    size: int = keyset.SIZE,
) -> keyset.Page[Row]:
    """Return the page in the order that `?sort=` asks for: a key of `columns`, "-" in front for the other way round."""
    wanted = request.GET.get("sort", "")
    name = wanted.lstrip("-") if wanted.lstrip("-") in columns else default.lstrip("-")
    descending = (wanted if wanted.lstrip("-") in columns else default).startswith("-")
    column = columns[name]
    rows = queryset.annotate(sort_key=F(column) if isinstance(column, str) else column)
    return keyset.page(cast("QuerySet[Row]", rows), request, size=size, at="sort_key", descending=descending)
