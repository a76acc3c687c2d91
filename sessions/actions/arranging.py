"""One session in the week: another day, time or room and other people, as one act."""

from datetime import datetime
from zoneinfo import ZoneInfo

from phpsupport.users.models import User
from sessions.actions.changing import apply
from sessions.models import ScheduleBatch
from sessions.queries.consequence import Target, when


def arrange_session(
    *,
    target: Target,
    by: User,
    at: datetime,
    accept: bool = False,
    override_reason: str = "",
    seen: str | None = None,
) -> ScheduleBatch:
    """Carry out a target that stands as the page showed it; one batch, undone as a whole.

    Refuses what the engine refuses, under its locks, and what is not as `seen` on the page.
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
        seen=seen,
    )  # fmt: skip
