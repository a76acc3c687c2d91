"""Several tables filled in one statement: what costs is the way to the database, not the rows.

one = OneStatement()
one.rows("batch", [batch])                                   # rows that stand in memory
one.select("made", GroupSession, {"id": "wanted.id", …}, "wanted(id) AS …", params)
one.run(counting="made")

Every part is `INSERT … RETURNING *` and can be read by later ones under its name. Columns that
`select` is not told take the model's defaults. Foreign keys are checked when the transaction ends.
"""

from collections.abc import Mapping, Sequence
from typing import Any, cast

from django.db import connection, models
from django.db.models import sql as compilers


class OneStatement:
    """Inserts that are sent together. Names and SQL come from code, values as parameters."""

    def __init__(self) -> None:
        self._parts: list[str] = []
        self._params: list[Any] = []

    def rows(self, name: str, objs: Sequence[models.Model]) -> None:
        """Rows of one model as they stand in memory; none adds no part."""
        if not objs:
            return
        query = compilers.InsertQuery(type(objs[0]))
        query.insert_values(objs[0]._meta.concrete_fields, list(objs))
        compiler = cast(Any, query.get_compiler(connection=connection))
        ((text, params),) = compiler.as_sql()
        self._parts.append(f"{name} AS ({text} RETURNING *)")
        self._params += params

    def select(
        self,
        name: str,
        model: type[models.Model],
        given: Mapping[str, str],
        source: str,
        params: Sequence[Any] = (),
    ) -> None:
        """A row for each row of `source` (what follows FROM, with its parameters)."""
        columns, values, defaults = [], [], []
        for field in model._meta.concrete_fields:
            if field.attname in given:
                values.append(given[field.attname])
            elif field.has_db_default():
                continue
            else:
                values.append(f"%s::{field.cast_db_type(connection)}")
                defaults.append(field.get_db_prep_save(field.get_default(), connection))
            columns.append(connection.ops.quote_name(cast(str, field.column)))
        table = connection.ops.quote_name(model._meta.db_table)
        into = f"{table} ({', '.join(columns)})"
        words = ("INSERT INTO", into, "SELECT", ", ".join(values), "FROM", source, "RETURNING *")
        self._parts.append(f"{name} AS ({' '.join(words)})")
        self._params += [*defaults, *params]

    def run(self, *, counting: str) -> int:
        """Send it; returns how many rows the part of that name made."""
        with connection.cursor() as cursor:
            cursor.execute(
                " ".join(("WITH", ", ".join(self._parts), "SELECT count(*) FROM", counting)),
                self._params,
            )
            return int(cursor.fetchone()[0])
