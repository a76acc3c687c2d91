"""On the supervisor's board: how many notes wait, and above it which groups nobody handed over."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import Count, DateTimeField, IntegerField, Min, OuterRef, Subquery
from django.db.models.functions import Coalesce, Least
from django.urls import reverse

from facilitators.models import Facilitator
from facilitators.queries.board import BoardAsk, register_board_ask, register_board_column
from facilitators.queries.training import Pill
from phpsupport.lib import wording
from phpsupport.programs.models import Program
from phpsupport.users.models import User
from sessions.models import GroupNote, ProgressNote
from sessions.queries.leavers import Leaver, in_words, missing
from sessions.queries.notes import needs_an_answer


@register_board_column("notes")
def notes_waiting(
    user: User, program: Program, facilitator_ids: Sequence[UUID], at: datetime
) -> Mapping[UUID, Pill]:
    """Notes of each facilitator that wait for a cosignature, and since when. One query."""
    rows = Facilitator.objects.filter(pk__in=facilitator_ids, program=program).annotate(
        group_notes=_count(GroupNote),
        part_notes=_count(ProgressNote),
        first_due=Least(_first_due(GroupNote), _first_due(ProgressNote)),
    )
    return {row.pk: _pill(row, program, at) for row in rows}


def _of_author(model: type[Any]) -> Any:
    waiting = needs_an_answer(model).filter(program=OuterRef("program"), author=OuterRef("user"))
    if model is ProgressNote:  # what is closed to everybody waits for nobody
        waiting = waiting.filter(participant__sealed_at=None)
    return waiting.order_by().values("author")


def _count(model: type[Any]) -> Any:
    counted = _of_author(model).annotate(n=Count("pk", distinct=True)).values("n")
    return Coalesce(Subquery(counted, output_field=IntegerField()), 0)


def _first_due(model: type[Any]) -> Any:
    first = _of_author(model).annotate(first=Min("due_at")).values("first")
    return Subquery(first, output_field=DateTimeField())


def _pill(row: Any, program: Program, at: datetime) -> Pill:
    waiting = row.group_notes + row.part_notes
    if not waiting:
        return Pill("good", "none waiting")
    overdue = max(0, (at - row.first_due).days)
    due = row.first_due.astimezone(ZoneInfo(program.zone))
    return Pill(
        "stop" if overdue else "wait",
        f"{wording.count(waiting, 'note')} since {wording.day(due)}" if overdue
        else wording.count(waiting, "note"),
        url=reverse("sessions:review-queue"),
        days_overdue=overdue,
    )  # fmt: skip


@register_board_ask
def not_handed_over(user: User, program: Program, at: datetime) -> list[BoardAsk]:
    """Groups whose last day with somebody is over, and nobody wrote a hand-over. Two queries."""
    by_series: dict[UUID, list[Leaver]] = {}
    for one in missing(user=user, program=program, at=at):
        by_series.setdefault(one.series_id, []).append(one)
    return [
        BoardAsk(
            f"{found[0].group} was not handed over",
            f"{'; '.join(in_words(found, program.zone))}. Ask for a few words.",
            reverse("sessions:hand-over-missing", args=[series_id]),
        )
        for series_id, found in by_series.items()
    ]
