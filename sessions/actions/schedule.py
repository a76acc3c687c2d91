"""One session: moving it, changing who leads it, cancelling it."""

from collections.abc import Iterable
from datetime import date, datetime, time

from facilitators.models import Facilitator
from phpsupport.lib import wording
from phpsupport.lib.errors import Refused
from phpsupport.users.models import User
from sessions.actions.booking import once_more, people_of
from sessions.actions.changing import Target, apply
from sessions.models import GroupSession, Room, ScheduleBatch, SessionState
from sessions.queries.consequence import when, why_history
from sessions.queries.moving import target_of
from sessions.queries.series import hold_sessions, with_records
from sessions.recurrence import find_zone

refuse_history = why_history


def _lock(session: GroupSession) -> GroupSession:
    hold_sessions([session.pk])
    rows = GroupSession.objects.select_related("series__group", "room", "program__site")
    return with_records(rows).get(pk=session.pk)


def named(session: GroupSession) -> str:
    """ "Morning Check-in of Tue 4 Mar, 10:00–10:50", for the summary of a batch."""
    zone = find_zone(session.series.zone)
    return f"{session.series.group.name} of {when(session.starts_at, session.ends_at, zone)}"


def change(session: GroupSession, kind: str, summary: str, target: Target, **asked: object) -> None:
    """Carry out the change of one locked session as a batch that is found at `session.batch`."""
    batch: ScheduleBatch = apply(
        program=session.program, kind=kind, summary=summary, targets=[target], **asked
    )
    session.batch = batch  # type: ignore[attr-defined]


@once_more
def move_session(
    *,
    session: GroupSession,
    on: date,
    starts: time,
    ends: time,
    room: Room,
    by: User | None,
    at: datetime,
    accept: bool = False,
    accept_not_cleared: bool = False,
    override_reason: str = "",
    seen: str | None = None,
) -> GroupSession:
    """Give one session another day, time or room; its people come along and are told of a new time.

    Refuses (`Clashes`) when the room or somebody who leads it is taken then.
    """
    session = _lock(session)
    asked = target_of(session=session, on=on, starts=starts, ends=ends, room=room, at=at)
    slot = asked.starts_at or session.starts_at, asked.ends_at or session.ends_at
    if (*slot, room.pk) == (session.starts_at, session.ends_at, session.room_id):
        return session
    to = when(*slot, find_zone(session.series.zone))
    where = "" if room.pk == session.room_id else f", {room.name}"
    change(
        session, "moved", f"{named(session)} moved to {to}{where}", asked,
        by=by, at=at, accept=accept or accept_not_cleared, override_reason=override_reason, seen=seen,
    )  # fmt: skip
    session.refresh_from_db(fields=OF_A_MOVE)
    return session


OF_A_MOVE = ["local_date", "starts_at", "ends_at", "room", "moved", "shares_room"]


@once_more
def staff_session(
    *,
    session: GroupSession,
    lead: Facilitator | None,
    by: User | None,
    at: datetime,
    co: Iterable[Facilitator] = (),
    accept: bool = False,
    accept_not_cleared: bool = False,
    override_reason: str = "",
    seen: str | None = None,
) -> GroupSession:
    """Set who leads one session. Refuses who is taken; not cleared asks for a yes."""
    session = _lock(session)
    people = people_of(lead, co, session.program_id)
    now = {(row.facilitator_id, row.part) for row in session.assignments.all()}
    if now == {(f.pk, part) for f, part in people}:
        return session
    names = wording.listing([f.user.name for f, _ in people]) or "nobody"
    change(
        session, "staffed", f"{named(session)} is led by {names}",
        Target(session, people=people, moved=True),
        by=by, at=at, accept=accept or accept_not_cleared, override_reason=override_reason, seen=seen,
    )  # fmt: skip
    session.moved = True
    return session


@once_more
def cancel_session(
    *,
    session: GroupSession,
    reason: str,
    by: User | None,
    at: datetime,
    override_reason: str = "",
    seen: str | None = None,
) -> GroupSession:
    """Cancel a coming session: room and people are free again, who was expected is told.

    `override_reason` is not asked for: no rule is against it.
    """
    session = _lock(session)
    if session.state == SessionState.CANCELLED:
        return session
    reason = reason.strip()
    if not reason:
        raise Refused("Say in a few words why it is cancelled.", field="reason", code="required")
    change(
        session, "cancelled", f"{named(session)} cancelled", Target(session, cancel_for=reason),
        by=by, at=at, seen=seen,
    )  # fmt: skip
    session.state, session.state_reason = SessionState.CANCELLED, reason[:200]
    return session


@once_more
def cancel_sessions(
    *,
    sessions: Iterable[GroupSession],
    reason: str,
    by: User | None,
    at: datetime,
    seen: str | None = None,
) -> ScheduleBatch:
    """Cancel several coming sessions of one program as one act; who was expected is told."""
    chosen = list(sessions)
    if not chosen:
        raise Refused("Choose at least one session.", code="required")
    reason = reason.strip()
    if not reason:
        raise Refused("Say in a few words why they are cancelled.", field="reason", code="required")
    program = chosen[0].program
    days = sorted({s.local_date for s in chosen})
    span = wording.day(days[0]) + (f" to {wording.day(days[-1])}" if days[1:] else "")
    return apply(
        program=program,
        kind="cancelled",
        summary=f"{wording.count(len(chosen), 'session')} of {span} cancelled",
        targets=[Target(s, cancel_for=reason) for s in chosen],
        by=by,
        at=at,
        seen=seen,
    )
