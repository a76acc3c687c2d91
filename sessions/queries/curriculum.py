"""The steps of a group's curriculum, and the sessions on which they stand."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import Count, Max, Min, Q

from phpsupport.lib import wording
from sessions.curriculum import placed
from sessions.models import (
    CurriculumItem,
    GroupKind,
    GroupSeries,
    GroupSession,
    SessionState,
    SupportGroup,
)
from sessions.queries.series import with_records

LOOK_BACK = timedelta(days=14)


def steps_of(group: SupportGroup) -> list[CurriculumItem]:
    """The steps that sessions take, in their order. One query."""
    return list(group.curriculum.filter(retired_on=None).order_by("position"))


@dataclass(frozen=True)
class StepLine:
    """One step in the list of a curriculum."""

    id: UUID
    number: int
    title: str
    materials: str
    line: str
    first: bool
    last: bool

    @property
    def up(self) -> str:
        """The name of the button that moves it up."""
        return f"up-{self.id}"

    @property
    def down(self) -> str:
        """The name of the button that moves it down."""
        return f"down-{self.id}"


@dataclass(frozen=True)
class Curriculum:
    """The steps of a group, those in use and those that were."""

    steps: list[StepLine]
    retired: list[StepLine]

    @property
    def rule(self) -> str:
        return "After the last step the first comes again." if len(self.steps) > 1 else ""


def curriculum_of(group: SupportGroup, *, at: datetime, zone: str) -> Curriculum:
    """The steps with when each was taken and is next. One query."""
    counts = Q(sessions__state__in=[SessionState.SCHEDULED, SessionState.HELD])
    rows = list(
        group.curriculum.annotate(
            held=Count("sessions", filter=Q(sessions__state=SessionState.HELD)),
            last=Max("sessions__starts_at", filter=Q(sessions__state=SessionState.HELD)),
            next=Min("sessions__starts_at", filter=counts & Q(sessions__starts_at__gt=at)),
        ).order_by("position")
    )
    place = ZoneInfo(zone)

    def line(row: CurriculumItem) -> str:
        said = []
        if row.held:  # type: ignore[attr-defined]
            last = wording.day(row.last.astimezone(place), year=True)  # type: ignore[attr-defined]
            said.append(f"held {wording.count(row.held, 'time')}, last {last}")  # type: ignore[attr-defined]
        if row.next:  # type: ignore[attr-defined]
            said.append(f"next {wording.day(row.next.astimezone(place), year=True)}")  # type: ignore[attr-defined]
        return " · ".join(said) or "on no date yet"

    used = [r for r in rows if r.retired_on is None]

    def lines(some: Sequence[CurriculumItem]) -> list[StepLine]:
        return [
            StepLine(r.pk, n, r.title, r.materials, line(r), first=n == 1, last=n == len(some))
            for n, r in enumerate(some, start=1)
        ]

    return Curriculum(lines(used), lines([r for r in rows if r.retired_on is not None]))


def replaced(
    series: GroupSeries, *, from_on: date, first_item: CurriculumItem, at: datetime
) -> list[tuple[GroupSession, CurriculumItem | None]]:
    """Each coming session that is still open, with the step that it would take. Two queries.

    Load the series with its group.
    """
    rows = with_records(
        GroupSession.objects.filter(
            series=series,
            local_date__gte=from_on,
            starts_at__gt=at,
            state=SessionState.SCHEDULED,
        )
    ).select_related("item")
    open_ones = [s for s in rows.order_by("starts_at", "pk") if not s.recorded]  # type: ignore[attr-defined]
    steps = placed(
        steps_of(series.group),
        len(open_ones),
        first=first_item,
        once=series.group.kind == GroupKind.CLOSED,
    )
    return list(zip(open_ones, steps, strict=True))


@dataclass(frozen=True)
class Lost:
    """A step whose session did not take place, and that the next session does not take up."""

    session_id: UUID
    step_id: UUID
    title: str
    day: str
    next_on: date


def lost_step(sessions: Sequence[GroupSession], *, at: datetime) -> Lost | None:
    """The first step that was lost lately, of the sessions of a series by start. No query.

    It is lost while the session after it is still to come and takes another step.
    """
    for number, session in enumerate(sessions):
        gone = session.state in (SessionState.CANCELLED, SessionState.NOT_HELD)
        if not gone or session.item is None or session.item.retired_on is not None:
            continue
        if session.starts_at < at - LOOK_BACK:
            continue
        following = next(
            (
                s
                for s in sessions[number + 1 :]
                if s.state in (SessionState.SCHEDULED, SessionState.HELD)
            ),
            None,
        )
        if following and following.starts_at > at and following.item_id != session.item_id:
            return Lost(
                session.pk,
                session.item.pk,
                session.item.title,
                wording.day(session.local_date),
                following.local_date,
            )
    return None
