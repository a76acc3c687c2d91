"""What stands in the way of sessions that somebody wants: read from the rows, told in words.

The same question is asked for the preview of a series, for one session that moves and, under
locks, by the actions themselves.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef, Q
from django.db.models.functions import JSONObject

from facilitators.clearance import Code
from facilitators.models import Facilitator
from facilitators.queries.clearance import ClearanceFile, files_of
from sessions.conflicts import LEAVE, Clash, Kind, Slot, find_clashes
from sessions.models import GroupSession, Part, Room, SessionFacilitator, SessionState

# What a person cannot wave through: the others are warnings that ask for a yes.
NEVER: frozenset[Code] = frozenset({Code.ENDED})
TAKES_TIME = (SessionState.SCHEDULED, SessionState.HELD)


@dataclass(frozen=True)
class Wanted:
    """One session as somebody wants it. `key` is its id where it is stored already."""

    local_date: date
    starts_at: datetime
    ends_at: datetime
    room: Room
    people: tuple[tuple[Facilitator, str], ...]
    label: str
    key: UUID | None = None

    def slot(self) -> Slot:
        return Slot(
            self.starts_at,
            self.ends_at,
            room_id=self.room.pk,
            room_label=self.room.name,
            people=tuple((f.user_id, f.user.name) for f, _ in self.people),
            label=self.label,
            key=self.key,
        )


@dataclass(frozen=True)
class Obstacle:
    """One thing in the way of the wanted session at `index`; a warning when it does not block."""

    index: int
    kind: Kind
    sentence: str
    blocks: bool
    # The room or the person (an account) it is about.
    resource: UUID | None = None
    # Nobody may set it aside, whatever the role.
    final: bool = False

    @property
    def level(self) -> str:
        return "block" if self.blocks else "warn"

    @property
    def rule(self) -> str:
        """The program's rule that says whether it blocks."""
        return "rule_clearance" if self.kind is Kind.NOT_CLEARED else f"rule_{self.kind}"


def obstacles(
    wanted: Sequence[Wanted], *, program_id: UUID, zone: str, without: Collection[UUID] = ()
) -> list[Obstacle]:
    """Everything in the way, by wanted session. Four queries, however many sessions are wanted.

    Where the wanted sessions stand now is not in the way, nor are the stored sessions `without`,
    which are about to go.
    """
    if not wanted:
        return []
    people = {f.pk: f for w in wanted for f, _ in w.people}
    busy = busy_slots(
        {w.room.pk for w in wanted},
        {f.user_id for f in people.values()},
        since=min(w.starts_at for w in wanted),
        until=max(w.ends_at for w in wanted),
        program_id=program_id,
    )
    gone = {w.key for w in wanted if w.key} | set(without)
    busy = [slot for slot in busy if slot.key not in gone]
    files = files_of(people) if people else {}
    busy += leave_slots(files.values(), zone)
    warned, barred = _not_cleared(wanted, files)
    clashes = find_clashes(
        [w.slot() for w in wanted],
        busy,
        zone=zone,
        not_cleared=warned,
    )
    return [
        Obstacle(
            clash.index,
            clash.kind,
            clash.sentence,
            _blocks(clash, wanted, barred),
            clash.resource_id,  # type: ignore[arg-type]
            final=clash.kind is Kind.NOT_CLEARED and _blocks(clash, wanted, barred),
        )
        for clash in clashes
    ]


def _blocks(clash: Clash, wanted: Sequence[Wanted], barred: set[tuple[UUID, date]]) -> bool:
    if clash.kind is not Kind.NOT_CLEARED:
        return True
    return (clash.resource_id, wanted[clash.index].local_date) in barred


def _not_cleared(
    wanted: Iterable[Wanted], files: dict[UUID, ClearanceFile]
) -> tuple[dict[tuple[Any, date], str], set[tuple[UUID, date]]]:
    """Sentences by person and day, and those of them that nobody can wave through."""
    sentences: dict[tuple[Any, date], str] = {}
    barred: set[tuple[UUID, date]] = set()
    for w in wanted:
        for facilitator, part in w.people:
            reason, never = why_not_cleared(files.get(facilitator.pk), w.local_date, part)
            if reason:
                key = (facilitator.user_id, w.local_date)
                sentences[key] = f"{facilitator.user.name} is not cleared: {reason}"
                if never:
                    barred.add(key)
    return sentences, barred


def why_not_cleared(file: ClearanceFile | None, on: date, part: str) -> tuple[str, bool]:
    """Why somebody may not take that part on that day ('' when they may), and whether nobody can
    wave it through. Leave on record is told as leave, not as a missing clearance."""
    if file is None:
        return "", False
    found = file.on(on, as_lead=part == Part.LEAD)
    if found.cleared:
        return "", False
    away = any(on in period for period in file.away)
    reasons = [r for r in found.reasons if not (r.code is Code.LEAVE and away)]
    return " ".join(r.sentence for r in reasons), any(r.code in NEVER for r in reasons)


def leave_slots(files: Iterable[ClearanceFile], zone: str) -> list[Slot]:
    """Leave as slots that take the person's time, in whole days of the site."""
    place = ZoneInfo(zone)
    return [
        Slot(
            datetime.combine(away.from_on, time.min, place),
            datetime.combine(away.until_on + timedelta(days=1), time.min, place),
            people=((file.facilitator.user_id, file.facilitator.user.name),),
            kind=LEAVE,
        )
        for file in files
        for away in file.leave
    ]


def busy_slots(
    room_ids: Iterable[UUID],
    person_ids: Iterable[UUID],
    *,
    since: datetime,
    until: datetime,
    program_id: UUID,
) -> list[Slot]:
    """Sessions that take one of the rooms or people between two instants. One query.

    A session of another program is told by its program alone.
    """
    booked = SessionFacilitator.objects.filter(
        person_id__in=set(person_ids), active=True, starts_at__lt=until, ends_at__gt=since
    )
    leads = (
        SessionFacilitator.objects.filter(session=OuterRef("pk"), active=True)
        .order_by("-part")
        .values(
            row=JSONObject(
                id="person_id",
                first="person__first_name",
                preferred="person__preferred_name",
                last="person__last_name",
            )
        )
    )
    rows = (
        GroupSession.objects.filter(
            Q(room_id__in=set(room_ids)) | Q(pk__in=booked.values("session_id")),
            state__in=TAKES_TIME,
            starts_at__lt=until,
            ends_at__gt=since,
        )
        .order_by("starts_at", "pk")
        .annotate(people=ArraySubquery(leads))
        .values_list(
            "pk", "starts_at", "ends_at", "room_id", "room__name", "series__group__name",
            "program_id", "program__name", "people",
        )
    )  # fmt: skip
    return [
        Slot(
            starts,
            ends,
            room_id=room_id,
            room_label=room,
            people=tuple((UUID(p["id"]), person_name(p)) for p in people),
            label=group if program == program_id else f"a group of {program_name}",
            key=pk,
        )
        for pk, starts, ends, room_id, room, group, program, program_name, people in rows
    ]


def person_name(row: dict[str, str]) -> str:
    """The name of an account from its parts, as `User.name` gives it."""
    return f"{row['preferred'] or row['first']} {row['last']}".strip()


def stored(session: GroupSession) -> tuple[tuple[Facilitator, str], ...]:
    """Who leads a stored session, the lead first. One query."""
    rows = session.assignments.select_related("facilitator__user").order_by("-part", "pk")
    return tuple((row.facilitator, row.part) for row in rows)
