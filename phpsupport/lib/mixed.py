"""Rows of several models in one statement, for a page that needs a few of each."""

from collections.abc import Iterator, Sequence
from typing import Any

from django.core.exceptions import FieldDoesNotExist
from django.db import connection
from django.db.models import QuerySet, TextField, Value
from django.db.models.functions import Cast

from phpsupport.lib.fields import EncryptedField


def mixed(names: Sequence[str], *querysets: QuerySet[Any]) -> Iterator[Any]:
    """The rows of all querysets, each of its own model and with only the columns `names`; those that
    a model has not are left out of its rows. Beside `by_id`, `by__first_name` brings the related
    row with only that column. A name may also be an annotation. One query, in no order."""
    fields = [{name: _field(rows, name) for name in names} for rows in querysets]
    known = {name: next(of[name] for of in fields if of[name]) for name in names}
    first, *more = (
        rows.values_list(Value(place), *(_column(name, of[name], known[name]) for name in names))
        for place, (rows, of) in enumerate(zip(querysets, fields, strict=True))
    )
    for place, *stored in first.union(*more, all=True):
        of = fields[place]
        values = {
            name: of[name].from_db_value(value, None, connection)
            if isinstance(of[name], EncryptedField)
            else value
            for name, value in zip(names, stored, strict=True)
            if of[name]
        }
        yield _row(querysets[place].model, values)


def _field(rows: QuerySet[Any], name: str) -> Any:
    """The field behind a name, None where the queryset has nothing of that name."""
    if name in rows.query.annotations:
        return rows.query.annotations[name].output_field
    model: Any = rows.model
    field: Any = None
    try:
        for step in name.split("__"):
            field = model._meta.get_field(step)
            model = field.related_model
    except FieldDoesNotExist:
        return None
    return field


def _column(name: str, field: Any, known: Any) -> Any:
    """A column of the same type in all querysets: what is encrypted as it is stored, and NULL for
    what this one has not."""
    if isinstance(known, EncryptedField):
        return Cast(name if field else Value(None), TextField())
    if field:
        return name
    return Cast(Value(None), known.target_field if known.is_relation else known)


def _row(model: Any, values: dict[str, Any]) -> Any:
    """A row of the model with its related rows, as far as the values go."""
    own = [field.attname for field in model._meta.concrete_fields if field.attname in values]
    row = model.from_db(connection.alias, own, [values[name] for name in own])
    related: dict[str, dict[str, Any]] = {}
    for name in values.keys() - own:
        key, _, of = name.partition("__")
        if of:
            related.setdefault(key, {})[of] = values[name]
        else:
            setattr(row, name, values[name])
    for key, more in related.items():
        field = model._meta.get_field(key)
        if (pk := values[field.attname]) is not None:
            there = {field.target_field.attname: pk, **more}
            setattr(row, key, _row(field.related_model, there))
        else:
            setattr(row, key, None)
    return row
