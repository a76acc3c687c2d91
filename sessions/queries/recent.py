"""The program's recent changes of the schedule, each with whether it can still be undone."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final
from uuid import UUID

from django.db.models import QuerySet

from phpsupport.lib import wording
from phpsupport.programs.models import Program
from phpsupport.users.models import User
from sessions.models import GroupSession, Room, ScheduleBatch, SessionState, SupportGroup
from sessions.queries.batches import read_batches
from sessions.queries.series import led_by, with_records
from sessions.queries.slots import person_name
from sessions.recurrence import find_zone

KINDS: Final = {
    "created": ("Planned", "calendar-plus"),
    "added": ("Date added", "calendar-plus"),
    "moved": ("Moved", "arrows-move"),
    "staffed": ("Other people", "person-badge"),
    "cancelled": ("Cancelled", "calendar-x"),
    "series-edited": ("Series changed", "pencil"),
    "series-ended": ("Series ended", "calendar-x"),
    "handed-over": ("Handed over", "person-badge"),
    "covered": ("Covered", "person-check"),
    "resolved": ("Settled", "check-lg"),
    "steps-placed": ("Steps placed", "journal-text"),
}


@dataclass(frozen=True)
class Act:
    """One act on the schedule as a list shows it. `why` says why it cannot be undone, or ''."""

    id: UUID
    what: str
    icon: str
    summary: str
    who: str
    when: str
    why: str
    undone: str

    @property
    def can_undo(self) -> bool:
        return not self.why and not self.undone


def newest_first(batches: QuerySet[ScheduleBatch]) -> QuerySet[ScheduleBatch]:
    """Batches with what a list of them needs."""
    return batches.select_related("by", "undone_by", "program__site").order_by("-at", "pk")


def acts(batches: Iterable[ScheduleBatch], *, at: datetime) -> list[Act]:
    """Some batches of `newest_first` as lines. One query per table, and two."""
    found = list(batches)
    kept = read_batches(b for b in found if b.undone_at is None)
    lines = []
    for b in found:
        what, icon = KINDS.get(b.kind, ("Changed", "pencil"))
        undone = ""
        if b.undone_at is not None:
            who = b.undone_by.name if b.undone_by else "the program itself"
            undone = f"Undone by {who}, {_when(b, b.undone_at)}"
        lines.append(
            Act(
                b.pk,
                what,
                icon,
                b.summary,
                b.by.name if b.by else "the program itself",
                _when(b, b.at),
                "" if undone else kept[b.pk].why_not(at) or "",
                undone,
            )
        )
    return lines


def _when(batch: ScheduleBatch, at: datetime) -> str:
    local = at.astimezone(find_zone(batch.program.zone))
    return f"{wording.day(local)}, {wording.clock_time(local)}"


# --- sessions to choose from ----------------------------------------------------------------------
@dataclass(frozen=True)
class Choice:
    """One coming session in a list to choose from."""

    id: UUID
    day: str
    times: str
    group: str
    room: str
    leads: str


def coming_sessions(
    program: Program,
    *,
    user: User,
    at: datetime,
    since: date,
    until: date,
    group: SupportGroup | None = None,
    room: Room | None = None,
) -> QuerySet[GroupSession]:
    """Coming sessions between two days that may change, for a list. One query."""
    rows = GroupSession.objects.visible_to(user).filter(
        program=program,
        state=SessionState.SCHEDULED,
        starts_at__gt=at,
        local_date__range=(since, until),
    )
    if group is not None:
        rows = rows.filter(series__group=group)
    if room is not None:
        rows = rows.filter(room=room)
    found = with_records(rows.select_related("series__group", "room", "program__site"))
    return (
        found.filter(recorded=False)  # type: ignore[misc]
        .annotate(people=led_by("session"))
        .order_by("starts_at", "pk")
    )


def lines_of(rows: Iterable[GroupSession], *, zone: str) -> list[Choice]:
    """The sessions of `coming_sessions` as lines."""
    place = find_zone(zone)
    return [
        Choice(
            s.pk,
            wording.day(s.starts_at.astimezone(place)),
            wording.span(s.starts_at.astimezone(place), s.ends_at.astimezone(place)),
            s.series.group.name,
            s.room.name,
            wording.listing([person_name(p) for p in s.people]) or "nobody leads it",  # type: ignore[attr-defined]
        )
        for s in rows
    ]
