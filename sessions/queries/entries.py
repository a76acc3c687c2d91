"""The sessions of some days as every page of the schedule shows them: one query, written by hand.

The week, today and what waits at home read the same rows many times an hour. Built by the ORM, the
query took longer to compile than to run; the statement below is what it said, and
`tests/sessions/queries/test_entries.py` holds the two side by side.
"""

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db import connection

from phpsupport.lib import wording
from phpsupport.programs.models import Program
from sessions.models import GroupKind, Part, SessionState
from sessions.queries.slots import person_name
from sessions.recurrence import find_zone


@dataclass(slots=True)
class Entry:
    """One session as any page of the schedule shows it, in the site's time.

    The fields up to `came` come in the order of the columns of `SESSIONS`.
    """

    id: UUID
    series_id: UUID
    group_id: UUID
    group: str
    kind: str
    room_id: UUID
    room: str
    on: date
    starts_at: datetime
    ends_at: datetime
    state: str
    reason: str
    moved: bool
    shares_room: bool  # somebody put it into a room that another session has as well
    capacity: int
    item: str  # the step of the curriculum, or ''
    waiting: int
    noted: bool
    overridden: bool  # a rule was set aside for it
    # The lead first: id (facilitator), person, part, first, preferred, last, answer ('',
    # "accepted", "declined", "proposed"), shares_time, flagged (planners know: not cleared).
    people: list[dict[str, Any]]
    enrolled: int
    unmarked: int
    marked: int
    came: int
    starts: datetime
    ends: datetime
    past: bool = False
    not_cleared: list[str] = field(default_factory=list)

    @property
    def cancelled(self) -> bool:
        return self.state == SessionState.CANCELLED

    @property
    def planned(self) -> bool:
        """Whether it still lies ahead and is to take place."""
        return self.state == SessionState.SCHEDULED and not self.past

    @property
    def led(self) -> bool:
        return any(p["part"] == Part.LEAD for p in self.people)

    @property
    def gap(self) -> bool:
        """Whether nobody leads a session that is to take place."""
        return self.planned and not self.led

    @property
    def unreported(self) -> bool:
        """Whether it is over and it is not yet said who came."""
        if not self.past or self.state not in (SessionState.SCHEDULED, SessionState.HELD):
            return False
        return self.state == SessionState.SCHEDULED or self.unmarked > 0

    @property
    def leads(self) -> str:
        return wording.listing([person_name(p) for p in self.people])

    @property
    def times(self) -> str:
        return wording.span(self.starts, self.ends)

    @property
    def look(self) -> str:
        """The kind of slot."""
        if self.cancelled or self.state == SessionState.NOT_HELD:
            return "cancelled"
        if self.past:
            return "held"
        if self.gap or self.not_cleared:
            return "gap"
        return "alumni" if self.kind == GroupKind.ALUMNI else "open"

    @property
    def words(self) -> str:
        """What stands behind the room: who came, how full it is, what is missing."""
        if self.cancelled:
            return "cancelled"
        if self.state == SessionState.NOT_HELD:
            return "not held"
        if self.past:
            if self.unreported:
                return "attendance is missing"
            return f"{self.came} of {max(self.enrolled, self.marked)} came"
        if self.gap:
            return "needs a facilitator"
        if self.not_cleared:
            return f"{wording.listing(self.not_cleared)} not cleared"
        full = f"{self.enrolled} of {self.capacity}"
        return f"{full}, {self.waiting} waiting" if self.waiting else full

    @property
    def title(self) -> str:
        """Everything in one line, for a pointer that rests on it."""
        led = f"led by {self.leads}" if self.people else "nobody leads it yet"
        aside = "a rule is set aside" if self.overridden else ""
        parts = (self.group, self.item, self.times, self.room, self.words, led, aside)
        return " · ".join(part for part in parts if part)


# What is counted is read by session in its own small SELECT: every table that stays out of the
# outer FROM makes planning shorter, which at 25 sessions is a third of the whole. Places and marks
# are laid side by side once, and their four counts come as one array. Sealed charts are counted
# nowhere.
SESSIONS = """
SELECT
    session.id, session.series_id, series.group_id, offered.name, offered.kind,
    session.room_id, room.name, session.local_date, session.starts_at, session.ends_at,
    session.state, session.state_reason, session.moved, session.shares_room, series.capacity,
    COALESCE((
        SELECT item.title FROM group_sessions_curriculumitem item WHERE item.id = session.item_id
    ), ''),
    (
        SELECT count(*)
        FROM group_sessions_waitlistentry waits
        JOIN participants_participant person ON person.id = waits.participant_id
        WHERE waits.series_id = session.series_id
            AND waits.outcome = 'waiting'
            AND person.sealed_at IS NULL
    ),
    EXISTS (SELECT 1 FROM group_sessions_groupnote note WHERE note.session_id = session.id),
    EXISTS (SELECT 1 FROM group_sessions_ruleoverride ruled WHERE ruled.session_id = session.id),
    COALESCE((
        SELECT json_agg(
            json_build_object(
                'id', slot.facilitator_id, 'person', slot.person_id, 'part', slot.part,
                'first', account.first_name, 'preferred', account.preferred_name,
                'last', account.last_name, 'answer', slot.answer,
                'shares_time', slot.shares_time, 'flagged', slot.flagged_at IS NOT NULL
            )
            ORDER BY slot.part DESC, slot.id
        )
        FROM group_sessions_sessionfacilitator slot
        JOIN users_user account ON account.id = slot.person_id
        WHERE slot.session_id = session.id
    ), '[]'::json),
    (
        SELECT ARRAY[
            count(place.participant_id),
            count(*) FILTER (WHERE mark.participant_id IS NULL),
            count(mark.participant_id),
            count(*) FILTER (WHERE mark.status IN ('present', 'late', 'left_early'))
        ]
        FROM (
            SELECT enrolled.participant_id
            FROM group_sessions_enrollment enrolled
            WHERE enrolled.series_id = session.series_id
                AND enrolled.from_on <= session.local_date
                AND (enrolled.until_on IS NULL OR enrolled.until_on >= session.local_date)
        ) place
        FULL JOIN (
            SELECT marked.participant_id, marked.status
            FROM group_sessions_attendance marked
            WHERE marked.session_id = session.id
        ) mark ON mark.participant_id = place.participant_id
        JOIN participants_participant person
            ON person.id = COALESCE(place.participant_id, mark.participant_id)
        WHERE person.sealed_at IS NULL
    )
FROM group_sessions_groupsession session
JOIN group_sessions_groupseries series ON series.id = session.series_id
JOIN group_sessions_supportgroup offered ON offered.id = series.group_id
JOIN group_sessions_room room ON room.id = session.room_id
WHERE session.program_id = %(program)s
    AND session.starts_at >= %(since)s
    AND session.starts_at < %(until)s
ORDER BY session.starts_at, offered.name, session.id
"""
STARTS, ENDS = 8, 9  # where its columns stand


def entries(*, program: Program, since: datetime, until: datetime, at: datetime) -> list[Entry]:
    """The program's sessions that start between two instants. One query."""
    zone = find_zone(program.zone)
    with connection.cursor() as cursor:
        cursor.execute(SESSIONS, {"program": program.pk, "since": since, "until": until})
        rows = cursor.fetchall()
    return [
        Entry(  # type: ignore[call-arg]  # the columns stand in the order of the fields
            *row[:-1],
            *row[-1],
            row[STARTS].astimezone(zone),
            row[ENDS].astimezone(zone),
            row[ENDS] <= at,
        )
        for row in rows
    ]
