"""One session in the week: another day, time or room and other people, as one act."""

from datetime import date, datetime, time
from zoneinfo import ZoneInfo

from phpsupport.lib.errors import Refused
from phpsupport.users.models import User
from sessions.actions.changing import apply
from sessions.models import GroupSession, Room, ScheduleBatch
from sessions.queries.consequence import People, Target, when
from sessions.recurrence import Pattern, Verdict, occurrences


def target_of(
    *,
    session: GroupSession,
    on: date,
    starts: time,
    ends: time,
    room: Room,
    people: People | None = None,
    at: datetime,
) -> Target:
    """What the session is to become; refuses a time that does not exist or that is over.

    What stays as it is is left out: an hour that comes twice is not chosen anew.
    """
    zone = ZoneInfo(session.series.zone)
    now = session.starts_at.astimezone(zone), session.ends_at.astimezone(zone)
    if (on, starts, ends) == (session.local_date, now[0].time(), now[1].time()):
        return Target(session, room=room, people=people, moved=True)
    if ends <= starts and now[1].date() == now[0].date():
        raise Refused("The end must come after the start.", field="ends", code="backwards")
    pattern = Pattern(
        [on.weekday()], starts, ends, on, on, session.series.zone, ends_next_day=ends <= starts
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


def arrange_session(
    *,
    target: Target,
    by: User,
    at: datetime,
    accept: bool = False,
    override_reason: str = "",
) -> ScheduleBatch:
    """Carry out a target that stands as the page showed it; one batch, undone as a whole.

    Refuses what the engine refuses, under its locks, whatever the page said before.
    """
    session = target.session
    zone = ZoneInfo(session.series.zone)
    was = f"{session.series.group.name} of {when(session.starts_at, session.ends_at, zone)}"
    said, kind = [], "staffed"
    if target.starts_at and target.ends_at:
        said.append(f"moved to {when(target.starts_at, target.ends_at, zone)}")
    if target.room and target.room.pk != session.room_id:
        said.append(target.room.name if said else f"moved to {target.room.name}")
    if said:
        kind = "moved"
    now = {(row.facilitator_id, row.part) for row in session.assignments.all()}
    if target.people is not None and now != {(f.pk, part) for f, part in target.people}:
        names = " and ".join(f.user.name for f, _ in target.people) or "nobody"
        said.append(f"led by {names}" if said else f"is led by {names}")
    return apply(
        program=session.program, kind=kind, summary=f"{was} {', '.join(said)}".strip(),
        targets=[target], by=by, at=at, accept=accept, override_reason=override_reason,
    )  # fmt: skip
