"""What one session is to become when a person gives it another day, time, room or people."""

from datetime import date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from phpsupport.lib.errors import Refused
from sessions.models import GroupSession, Room
from sessions.queries.consequence import People, Target
from sessions.recurrence import Pattern, Verdict, occurrences

LONGEST: Final = timedelta(hours=12)


def ends_next_day(starts: time, ends: time) -> bool:
    """Whether an end before the start can be one on the next day: nobody meets for half a day."""
    day = date(2000, 1, 1)
    until = datetime.combine(day + timedelta(days=1), ends)
    return ends < starts and until - datetime.combine(day, starts) <= LONGEST


def over_midnight(session: GroupSession) -> bool:
    """Whether a stored session ends on another day at its site than it began."""
    zone = ZoneInfo(session.series.zone)
    return session.starts_at.astimezone(zone).date() < session.ends_at.astimezone(zone).date()


def target_of(
    *,
    session: GroupSession,
    on: date,
    starts: time,
    ends: time,
    room: Room | None = None,
    people: People | None = None,
    next_day: bool = False,
    at: datetime,
) -> Target:
    """What the session is to become; refuses a time that does not exist or that is over.

    An end before the start is on the next day, where the session runs past midnight now, or
    wherever `next_day` says so. What stays as it is is left out: an hour that comes twice is not
    chosen anew.
    """
    zone = ZoneInfo(session.series.zone)
    now = session.starts_at.astimezone(zone), session.ends_at.astimezone(zone)
    if (on, starts, ends) == (session.local_date, now[0].time(), now[1].time()):
        return Target(session, room=room, people=people, moved=True)
    later = ends < starts if next_day else ends_next_day(starts, ends) and over_midnight(session)
    if ends <= starts and not later:
        raise Refused("The end must come after the start.", field="ends", code="backwards")
    pattern = Pattern(
        [on.weekday()], starts, ends, on, on, session.series.zone, ends_next_day=later
    )
    d = occurrences(pattern, {})[0]
    if d.verdict is Verdict.GAP or d.starts_at is None or d.ends_at is None:
        raise Refused(d.reason, field="starts", code="gap")
    if d.starts_at <= at:
        raise Refused("That time is over. Choose a later one.", field="on", code="past")
    return Target(
        session, local_date=on, starts_at=d.starts_at, ends_at=d.ends_at, room=room, people=people,
        moved=True,
    )  # fmt: skip
