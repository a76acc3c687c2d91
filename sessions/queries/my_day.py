"""A facilitator's day: what comes next, what is not finished and when it is due."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import Count, Exists, IntegerField, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce

from phpsupport.lib import wording
from phpsupport.lib.clock import local_date
from phpsupport.programs.models import Program
from phpsupport.users.models import User
from sessions.actions.attendance import OPENS_BEFORE
from sessions.due import in_words as due_in_words
from sessions.models import (
    CAME,
    Attendance,
    Enrollment,
    GroupNote,
    GroupNoteDraft,
    GroupSession,
    ProgressNote,
    ProgressNoteDraft,
    SessionFacilitator,
    SessionState,
)
from sessions.queries.attendance import Person, roster, with_heading
from sessions.queries.due import DueRules, due_rules
from sessions.queries.notes import live, returned_notes

LOOKED_BACK = timedelta(days=60)


@dataclass(frozen=True)
class Task:
    """One session with something left to do."""

    session_id: UUID
    title: str
    when: str
    due: str
    overdue: bool
    unmarked: int
    to_write: int
    drafted: bool
    returned: int
    answer: tuple[str, UUID] | None  # kind and id of the first note that came back
    outcome_missing: bool
    words: str


@dataclass(frozen=True)
class Next:
    """The group that is on now or comes next."""

    session_id: UUID
    title: str
    when: str
    room: str
    begins: str
    open: bool
    people: list[Person] = field(default_factory=list)


@dataclass(frozen=True)
class Slot:
    """A session of today."""

    session_id: UUID
    title: str
    time: str
    room: str
    state: str
    past: bool


@dataclass(frozen=True)
class Day:
    """The page."""

    date: str
    next: Next | None
    tasks: list[Task]
    today: list[Slot]

    @property
    def overdue(self) -> int:
        return sum(task.overdue for task in self.tasks)


def my_day(*, user: User, program: Program, at: datetime) -> Day:
    """The facilitator's landing page. Seven queries at most."""
    place = ZoneInfo(program.zone)
    today = local_date(at, program.zone)
    mine = with_heading(
        GroupSession.objects.filter(
            Exists(
                SessionFacilitator.objects.filter(session=OuterRef("pk"), person=user, active=True)
            ),
            program=program,
        )
    )
    ahead = list(
        mine.filter(ends_at__gt=at, state__in=[SessionState.SCHEDULED, SessionState.HELD]).order_by(
            "starts_at"
        )[:1]
    )
    return Day(
        date=wording.day(today),
        next=_next(ahead[0], at, place) if ahead else None,
        tasks=unfinished(mine, user=user, at=at, rules=due_rules(program)),
        today=[
            Slot(
                s.pk,
                s.series.group.name,
                wording.span(s.starts_at.astimezone(place), s.ends_at.astimezone(place)),
                s.room.name,
                s.get_state_display(),
                s.ends_at <= at,
            )
            for s in mine.filter(local_date=today).order_by("starts_at")
        ],
    )


def _next(session: GroupSession, at: datetime, place: ZoneInfo) -> Next:
    starts, ends = session.starts_at.astimezone(place), session.ends_at.astimezone(place)
    away = session.starts_at - at
    if away <= timedelta(0):
        begins = "on now"
    elif away < timedelta(hours=1):
        begins = f"in {wording.count(max(1, int(away.total_seconds() // 60)), 'minute')}"
    elif starts.date() == at.astimezone(place).date():
        begins = f"today at {wording.clock_time(starts)}"
    else:
        begins = f"{wording.day(starts)} at {wording.clock_time(starts)}"
    return Next(
        session.pk,
        session.series.group.name,
        wording.day_and_span(starts, ends),
        session.room.name,
        begins,
        at >= session.starts_at - OPENS_BEFORE,
        roster(session),
    )


def unfinished(
    sessions: QuerySet[GroupSession], *, user: User, at: datetime, rules: DueRules
) -> list[Task]:
    """Past sessions with attendance, notes or an answer missing; the first due comes first. Nothing
    is asked about a session that was cancelled or not held. One query."""
    rows = (
        sessions.filter(
            starts_at__lte=at + OPENS_BEFORE,
            starts_at__gt=at - LOOKED_BACK,
            state__in=[SessionState.SCHEDULED, SessionState.HELD],
        )
        .annotate(**_counts(user))
        .filter(
            Q(unmarked__gt=0) | Q(state=SessionState.SCHEDULED) | Q(unwritten__gt=0)
            | Q(returned_parts__gt=0) | Q(returned_group=True) | Q(came__gt=0, group_signed=False)
        )
    )  # fmt: skip
    due = {row.pk: rules.due_at(row) for row in rows}
    ordered = sorted(rows, key=lambda row: (due[row.pk], row.starts_at))
    return [_task(row, at, rules.zone, due[row.pk]) for row in ordered]


def _counts(user: User) -> dict[str, Any]:
    marked = Attendance.objects.filter(
        session=OuterRef(OuterRef("pk")), participant=OuterRef("participant")
    )
    expected = Enrollment.objects.filter(
        Q(until_on=None) | Q(until_on__gte=OuterRef("local_date")),
        series=OuterRef("series_id"),
        from_on__lte=OuterRef("local_date"),
        participant__sealed_at=None,
    )
    came = Attendance.objects.filter(
        session=OuterRef("pk"), status__in=CAME, participant__sealed_at=None
    )
    signed = live(ProgressNote).filter(
        session=OuterRef("session"), participant=OuterRef("participant")
    )
    of_session = {"session": OuterRef("pk")}
    return {
        "unmarked": _number(expected.exclude(Exists(marked)), "series"),
        "came": _number(came, "session"),
        "unwritten": _number(
            came.filter(session__series__group__progress_notes=True).exclude(Exists(signed)),
            "session",
        ),
        "group_signed": Exists(live(GroupNote).filter(**of_session)),
        "drafted": Exists(GroupNoteDraft.objects.filter(**of_session)),
        "drafted_parts": Exists(ProgressNoteDraft.objects.filter(**of_session)),
        "returned_parts": _number(
            returned_notes(ProgressNote).filter(**of_session, author=user), "session"
        ),
        "returned_group": Exists(returned_notes(GroupNote).filter(**of_session, author=user)),
        "first_group": _first(returned_notes(GroupNote).filter(**of_session, author=user)),
        "first_part": _first(returned_notes(ProgressNote).filter(**of_session, author=user)),
    }


def _first(notes: QuerySet[Any]) -> Subquery:
    return Subquery(notes.order_by("pk").values("pk")[:1])


def _first_returned(row: Any) -> tuple[str, UUID] | None:
    if row.first_group:
        return "group", row.first_group
    return ("progress", row.first_part) if row.first_part else None


def _number(rows: QuerySet[Any], by: str) -> Any:
    counted = rows.order_by().values(by).annotate(n=Count("pk", distinct=True)).values("n")
    return Coalesce(Subquery(counted, output_field=IntegerField()), 0)


def _task(row: Any, at: datetime, zone: str, due_at: datetime) -> Task:
    place = ZoneInfo(zone)
    starts, ends = row.starts_at.astimezone(place), row.ends_at.astimezone(place)
    over = row.ends_at <= at
    returned = row.returned_parts + int(row.returned_group)
    to_write = row.unwritten + (0 if row.group_signed or not row.came else 1)
    said = []
    if returned:
        said.append(f"{wording.count(returned, 'note')} returned with a comment")
    if row.unmarked:
        said.append(f"{wording.count(row.unmarked, 'person', 'people')} not marked")
    if to_write:
        said.append(f"{wording.count(to_write, 'note')} to sign")
    outcome_missing = row.state == SessionState.SCHEDULED and over and not row.unmarked
    if outcome_missing:
        said.append("was it held?")
    if not said:
        said.append("on now")
    return Task(
        session_id=row.pk,
        title=row.series.group.name,
        when=wording.day_and_span(starts, ends),
        due=due_in_words(due_at, zone),
        overdue=at > due_at,
        unmarked=row.unmarked,
        to_write=to_write,
        drafted=row.drafted or row.drafted_parts,
        returned=returned,
        answer=_first_returned(row),
        outcome_missing=outcome_missing,
        words=" · ".join(said),
    )
