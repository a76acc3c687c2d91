"""Writing many rows in one statement, holding one, and rows as plain values that fit into JSON."""

from collections.abc import Sequence
from typing import Any, TypeVar

from django.db import connection, models

M = TypeVar("M", bound=models.Model)


def write_rows(rows: Sequence[models.Model], fields: Sequence[str]) -> int:
    """Write `fields` of the rows in a single UPDATE; returns how many rows there were.

    One statement, so that constraints that are checked at its end see all rows in their new place.
    Not for columns that hold arrays.
    """
    if not rows:
        return 0
    meta = rows[0]._meta
    columns: list[Any] = [meta.get_field(name) for name in fields]
    key: Any = meta.pk
    quote = connection.ops.quote_name
    casts = ", ".join(f"%s::{_array(column)}" for column in [key, *columns])
    names = ", ".join(quote(column.column) for column in [key, *columns])
    sets = ", ".join(f"{quote(c.column)} = v.{quote(c.column)}" for c in columns)
    values = [
        [column.get_db_prep_save(getattr(row, column.attname), connection) for row in rows]
        for column in [key, *columns]
    ]
    table, pk = quote(meta.db_table), quote(key.column)
    with connection.cursor() as cursor:
        cursor.execute(  # names and types of our own models, never what somebody typed
            f"UPDATE {table} AS t SET {sets} FROM unnest({casts}) AS v({names}) "  # noqa: S608
            f"WHERE t.{pk} = v.{pk}",
            values,
        )
        return int(cursor.rowcount)


def held(rows: models.QuerySet[M], pk: Any) -> M:
    """The row as it is now, with what `rows` reads beside it, held until the transaction ends.

    Held by itself and read after: where a locking read joins, PostgreSQL puts the row as it is
    after the wait beside what it joined before, so a row whose join changed comes without it, or
    not at all.
    """
    rows.model._base_manager.select_for_update().values_list("pk").get(pk=pk)
    return rows.get(pk=pk)


def _array(column: Any) -> str:
    """The type of an array of the column's values. Text stays text: a cast would cut it short."""
    kind = str(column.rel_db_type(connection) if column.is_relation else column.db_type(connection))
    return "text[]" if kind.startswith("varchar") else f"{kind}[]"


def plain(row: models.Model, *, without: Sequence[str] = ()) -> dict[str, Any]:
    """The stored values of a row by column, as JSON can hold them."""
    return {
        column.attname: _plain(column, row)
        for column in row._meta.concrete_fields
        if not column.primary_key and column.attname not in without
    }


def _plain(column: Any, row: models.Model) -> Any:
    value = getattr(row, column.attname)
    if value is None or isinstance(value, bool | int | str | list | dict):
        return value
    return column.value_to_string(row) if not column.is_relation else str(value)


def from_plain(model: type[models.Model], values: dict[str, Any]) -> dict[str, Any]:
    """The values as Python has them; columns that the model no longer has are left out."""
    columns: dict[str, Any] = {c.attname: c for c in model._meta.concrete_fields}
    return {
        name: None if value is None else columns[name].to_python(value)
        for name, value in values.items()
        if name in columns
    }
