"""Letting people know that a session they were expected at changes: neutral, by the outbox."""

from collections.abc import Iterable
from datetime import UTC, datetime

from phpsupport.outbox.delivery import Planned, cancel, enqueue, let_wait_again
from sessions.models import Enrollment, GroupSession
from sessions.queries.attendance import enrolled_on


def tell_of_cancelled(
    sessions: Iterable[GroupSession], *, at: datetime, later: Iterable[GroupSession] = ()
) -> int:
    """Withhold what was planned about these sessions and tell everybody on their rosters
    and who leads them.

    About those in `later` nothing is sent, only withheld.
    """
    sessions = [session for session in sessions if session.starts_at > at]
    for session in [*sessions, *later]:
        cancel(subject_id=session.pk, why="session-cancelled")
    return _tell("session_cancelled", sessions, at)


def tell_of_moved(session: GroupSession, *, before: datetime, at: datetime) -> int:
    """Withhold reminders of the old time and tell everybody on the roster of the new one."""
    cancel(subject_id=session.pk, why="session-moved")
    # Moved back to a time for which reminders were planned already: those count again.
    again = session.starts_at.astimezone(UTC).isoformat()
    let_wait_again(subject_id=session.pk, why="session-moved", at=at, starts_at=again)
    return _tell("session_moved", [session], at, was=before)


def _tell(
    kind: str, sessions: Iterable[GroupSession], at: datetime, was: datetime | None = None
) -> int:
    planned = []
    for session in sessions:
        starts = session.starts_at
        facts = {"starts_at": starts.isoformat()}
        if was is not None:
            facts["was"] = was.isoformat()
        expected = Enrollment.objects.filter(
            enrolled_on(session.local_date), series_id=session.series_id
        ).values_list("participant_id", flat=True)
        leads = session.assignments.values_list("person_id", flat=True)
        planned += [
            Planned(
                kind=kind,
                key=f"{kind}:{session.pk}:{(at if was else starts).isoformat()}:{person}",
                recipient_id=person,
                due_at=at,
                program_id=session.program_id,
                subject_id=session.pk,
                expires_at=max(starts, was) if was else starts,
                facts=facts,
            )
            for person in {*expected, *leads}
        ]
    return enqueue(planned, at=at)
