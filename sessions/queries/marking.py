"""What marking attendance has to know, locked and read in one statement.

Only the session's row is locked. Where somebody else held it, the statement waits and then has
the row as it is now, but the rest as it was before the wait; it says so itself (`row_moved`: the
row stands in another place than before), and everything is read again, now under the lock. Who
changes marks changes that row as well, so marks read beside an unmoved row are those that stand.
"""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, Final
from uuid import UUID

from django.db import connection

from participants import names
from participants.alike import Called
from phpsupport.programs.policy import DEFAULTS
from phpsupport.users.models import User
from sessions.models import GroupSession
from sessions.queries.attendance import mark_in_words

SHEET: Final = """
SELECT
  s.ctid <> (SELECT seen.ctid FROM group_sessions_groupsession seen WHERE seen.id = s.id) AS row_moved,
  s.state, s.attendance_version, s.series_id, s.local_date, s.starts_at, s.ends_at,
  EXISTS (SELECT FROM group_sessions_sessionfacilitator f
          WHERE f.session_id = s.id AND f.person_id = %(by)s AND f.active) AS leads,
  EXISTS (SELECT FROM group_sessions_progressnote n WHERE n.session_id = s.id) AS noted,
  (SELECT (r.rules ->> 'correction_hours')::int FROM programs_policyprofile r
   WHERE r.program_id = s.program_id AND r.effective_from <= s.local_date
     AND r.rules ? 'correction_hours'
   ORDER BY r.effective_from DESC, r.set_at DESC LIMIT 1) AS correction_hours,
  (SELECT json_agg(json_build_array(
      p.id, p.first_name, p.last_name, p.preferred_name, p.also_called, e.participant_id IS NOT NULL,
      a.status, a.arrived, a.departed, a.reason, a.walk_in))
   FROM (SELECT participant_id FROM group_sessions_enrollment
         WHERE series_id = s.series_id AND from_on <= s.local_date
           AND (until_on IS NULL OR until_on >= s.local_date)) e
   FULL JOIN (SELECT * FROM group_sessions_attendance WHERE session_id = s.id) a
     ON a.participant_id = e.participant_id
   JOIN participants_participant p ON p.id = coalesce(e.participant_id, a.participant_id)
   WHERE p.sealed_at IS NULL) AS people
FROM group_sessions_groupsession s
WHERE s.id = %(session)s
FOR NO KEY UPDATE
"""


@dataclass(frozen=True)
class Stands:
    """What stands about one person when marks are to be kept."""

    called: Called
    enrolled: bool
    status: str = ""
    arrived: time | None = None
    departed: time | None = None
    reason: str = ""
    walk_in: bool = False

    @property
    def name(self) -> str:
        return names.display_name(self.called.first, self.called.last, self.called.preferred)

    @property
    def mark(self) -> str:
        return mark_in_words(self.status, self.arrived, self.departed) if self.status else ""


@dataclass(frozen=True)
class Locked:
    """A session whose row is locked, with everybody on its sheet."""

    state: str
    version: int
    series_id: UUID
    local_date: date
    starts_at: datetime
    ends_at: datetime
    leads: bool
    noted: bool  # a note of this session was signed at some time
    correction_hours: int
    people: dict[UUID, Stands]

    @property
    def corrected_from(self) -> datetime:
        """From when on a mark that changes needs a reason."""
        return self.ends_at + timedelta(hours=self.correction_hours)


def lock(session: GroupSession, by: User) -> Locked:
    """Lock a session and read its sheet. One query; two where somebody held the lock and wrote."""
    asked = {"session": session.pk, "by": by.pk}
    with connection.cursor() as cursor:
        row = cursor.execute(SHEET, asked).fetchone()
        if row and row[0]:
            row = cursor.execute(SHEET, asked).fetchone()
    if row is None:
        raise GroupSession.DoesNotExist
    _, state, version, series_id, on, starts_at, ends_at, leads, noted, hours, people = row
    return Locked(
        state,
        version,
        series_id,
        on,
        starts_at,
        ends_at,
        leads,
        noted,
        DEFAULTS["correction_hours"] if hours is None else hours,
        dict(_person(of) for of in people or ()),
    )


def _person(of: list[Any]) -> tuple[UUID, Stands]:
    key, first, last, preferred, others, enrolled, status, came, left, reason, walk_in = of
    return UUID(key), Stands(
        Called(first, last, preferred, others),
        enrolled,
        status or "",
        time.fromisoformat(came) if came else None,
        time.fromisoformat(left) if left else None,
        reason or "",
        bool(walk_in),
    )
