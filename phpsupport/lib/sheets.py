"""Tables as files, safe to open in a spreadsheet."""

import csv
import io
from collections.abc import Iterable
from typing import Any

from django.http import HttpResponse

# A spreadsheet runs a cell that begins with one of these as a formula.
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def neutral(value: Any) -> str:
    """The value as text that no spreadsheet takes for a formula."""
    text = "" if value is None else str(value).replace("\0", "")
    if text.lstrip(" ").startswith(FORMULA_STARTS):
        return f"'{text}"
    return text


def csv_file(rows: Iterable[Iterable[Any]], name: str) -> HttpResponse:
    """A CSV download in UTF-8 with its mark, as spreadsheets expect. `name` must reveal nothing."""
    made = io.StringIO()
    writer = csv.writer(made)
    for row in rows:
        writer.writerow([neutral(value) for value in row])
    return HttpResponse(
        made.getvalue().encode("utf-8-sig"),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}.csv"'},
    )
