"""Coming sessions with somebody who is not cleared on the day, by person, with the reasons."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import QuerySet

from facilitators.queries.clearance import files_of
from phpsupport.lib import wording
from phpsupport.programs.models import Program
from sessions.models import SessionFacilitator, SessionState
from sessions.queries.slots import why_not_cleared

SHOWN = 3


@dataclass(frozen=True)
class Lacking:
    """One coming session, and why the person may not take part in leading it."""

    session_id: UUID
    series_id: UUID
    on: date
    day: str
    times: str
    group: str
    room: str
    part: str
    why: str


@dataclass(frozen=True)
class Person:
    """Somebody with sessions for which they are not cleared, the next one first."""

    id: UUID
    name: str
    sessions: tuple[Lacking, ...]

    @property
    def shown(self) -> tuple[Lacking, ...]:
        """The next ones."""
        return self.sessions[:SHOWN]

    @property
    def rest(self) -> str:
        """ "26 more until Thu 4 Feb 2027", or ''."""
        more = len(self.sessions) - SHOWN
        last = wording.day(self.sessions[-1].on, year=True)
        return f"{more} more until {last}" if more > 0 else ""

    @property
    def why(self) -> str:
        """The reason of the next session; mostly that of all."""
        return self.sessions[0].why


def flagged(program: Program, *, at: datetime) -> QuerySet[SessionFacilitator]:
    """Marked assignments of sessions to come, the next first."""
    return SessionFacilitator.objects.filter(
        session__program=program,
        session__state=SessionState.SCHEDULED,
        starts_at__gt=at,
        active=True,
        flagged_at__isnull=False,
    ).order_by("starts_at", "pk")


def not_cleared(program: Program, *, at: datetime) -> list[Person]:
    """Everybody with marked sessions, judged once more as they are shown. Four queries."""
    rows = list(flagged(program, at=at).select_related("session__series__group", "session__room"))
    files = files_of({row.facilitator_id for row in rows}) if rows else {}
    zone = ZoneInfo(program.zone)
    found: dict[UUID, list[Lacking]] = {}
    for row in rows:
        session: Any = row.session
        why, _ = why_not_cleared(files.get(row.facilitator_id), session.local_date, row.part)
        if not why:
            continue
        starts, ends = row.starts_at.astimezone(zone), row.ends_at.astimezone(zone)
        found.setdefault(row.facilitator_id, []).append(
            Lacking(
                session.pk, session.series_id, session.local_date,
                wording.day(session.local_date),
                wording.span(starts, ends), session.series.group.name, session.room.name,
                row.get_part_display(), why,
            )
        )  # fmt: skip
    return [
        Person(pk, files[pk].facilitator.user.name, tuple(sessions))
        for pk, sessions in found.items()
    ]
