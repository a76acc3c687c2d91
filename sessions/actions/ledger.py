"""Writing down what one act changes in the schedule, row by row, so that it can be undone.

Rows are looked at before and after; a batch holds the difference, whatever made it.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Model

from phpsupport.lib.rows import plain
from phpsupport.programs.models import Program
from phpsupport.users.models import User
from sessions.models import BatchRow, GroupSeries, ScheduleBatch
from sessions.queries.batches import NOT_OURS, TABLES


def picture(row: Model) -> dict[str, Any]:
    """A row as a batch keeps it."""
    return plain(row, without=list(NOT_OURS))


class Ledger:
    """The rows that one act may change, as they were."""

    def __init__(self) -> None:
        self._before: dict[str, dict[UUID, dict[str, Any] | None]] = {}

    def look(self, rows: Iterable[Model]) -> None:
        """Remember rows as they are now; the first look counts."""
        for row in rows:
            self._before.setdefault(row._meta.label_lower, {}).setdefault(row.pk, picture(row))

    def made(self, rows: Iterable[Model]) -> None:
        """Remember rows that this act makes."""
        for row in rows:
            self._before.setdefault(row._meta.label_lower, {}).setdefault(row.pk, None)

    def close(
        self,
        *,
        program: Program | UUID,
        kind: str,
        summary: str,
        series: GroupSeries | None,
        by: User | None,
        at: datetime,
    ) -> ScheduleBatch:
        """Store the batch with every row that is not as it was. One query per table, and two."""
        batch = ScheduleBatch.objects.create(
            program_id=program if isinstance(program, UUID) else program.pk,
            series=series,
            kind=kind,
            summary=summary[:300],
            by=by,
            at=at,
        )
        rows = []
        for table, before in self._before.items():
            now = {row.pk: picture(row) for row in TABLES[table].objects.filter(pk__in=before)}
            rows += [
                BatchRow(batch=batch, table=table, row_id=pk, before=was, after=now.get(pk))
                for pk, was in before.items()
                if was != now.get(pk)
            ]
        BatchRow.objects.bulk_create(rows)
        return batch
