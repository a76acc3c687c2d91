"""Rows of several kinds by one statement: each as its kind and an object of what that kind shows."""

from collections.abc import Sequence
from typing import Any

from django.db.models import CharField, QuerySet, Value
from django.db.models.functions import JSONObject


def of_kind(rows: QuerySet[Any], what: str, **columns: Any) -> Any:
    """The rows as pairs of their kind and an object of these columns; in no order."""
    kind = Value(what, output_field=CharField())
    return rows.order_by().annotate(what=kind, row=JSONObject(**columns)).values_list("what", "row")


def read_together(parts: Sequence[Any]) -> list[tuple[str, dict[str, Any]]]:
    """What `of_kind` named, of all kinds (UNION ALL). One query."""
    return list(parts[0].union(*parts[1:], all=True).values_list("what", "row"))
