"""Reminding those who lead of what is open after a session: each time once, until it is done."""

from datetime import datetime, timedelta
from typing import Final

from phpsupport.lib.clock import local_date
from phpsupport.outbox.delivery import Planned, enqueue
from sessions.actions.reminders import CLOCK_CHANGE, Hours
from sessions.models import GroupSession, SessionFacilitator, SessionState
from sessions.queries.open_work import with_open_work
from sessions.recurrence import wall_clock_after

NUDGE: Final = "work_open"
# A scheduler that stood still for a while makes up for it; what is older is past.
BEHIND: Final = timedelta(hours=12)
# A message that could not go for so long says nothing new any more.
OUTLIVED: Final = timedelta(days=3)


def queue_nudges(*, at: datetime) -> int:
    """Queue what has fallen due where something is open; repeating it queues nothing twice.

    To everybody who leads the session. Four queries at most, however many sessions. Returns how
    many nudges were handed to the outbox.
    """
    policy = Hours("nudge_hours")
    furthest = timedelta(hours=policy.most) + CLOCK_CHANGE + BEHIND
    ended = (
        GroupSession.objects.filter(
            state__in=[SessionState.SCHEDULED, SessionState.HELD],
            ends_at__gt=at - furthest,
            ends_at__lte=at,
        )
        .select_related("program__site")
        .only("program_id", "ends_at", "program__site__time_zone")
    )
    due: dict[GroupSession, list[tuple[int, datetime]]] = {}
    for session in ended:
        zone = session.program.zone
        for hours in policy.on(session.program_id, local_date(session.ends_at, zone)):
            due_at = wall_clock_after(session.ends_at, zone, hours)
            if at - BEHIND < due_at <= at:
                due.setdefault(session, []).append((hours, due_at))
    if not due:
        return 0
    still_open = with_open_work(GroupSession.objects.filter(pk__in=[s.pk for s in due]))
    leading: dict[object, list[SessionFacilitator]] = {}
    for row in SessionFacilitator.objects.filter(
        session__in=still_open, active=True, person__is_active=True
    ).only("session_id", "person_id"):
        leading.setdefault(row.session_id, []).append(row)
    return enqueue(
        [
            Planned(
                NUDGE,
                key=f"{NUDGE}:{session.pk}:{row.person_id}:{hours}:{session.ends_at.isoformat()}",
                recipient_id=row.person_id,
                subject_id=session.pk,
                program_id=session.program_id,
                due_at=due_at,
                expires_at=due_at + OUTLIVED,
            )
            for session, times in due.items()
            # Of several that fell due while nobody looked, the last is enough.
            for hours, due_at in [max(times, key=lambda time: time[1])]
            for row in leading.get(session.pk, ())
        ],
        at=at,
    )
