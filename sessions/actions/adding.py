"""Giving a series one more session, beside its pattern."""

from datetime import date, datetime, time

from phpsupport.lib.errors import Refused
from phpsupport.users.models import User
from sessions.actions.booking import once_more
from sessions.actions.changing import carry_out
from sessions.actions.following import tell_asked
from sessions.actions.series import lock_series
from sessions.models import GroupSeries, GroupSession, Room, SessionFacilitator, SessionState
from sessions.queries.adding import one_more
from sessions.queries.consequence import when
from sessions.recurrence import find_zone


@once_more
def add_date(
    *,
    series: GroupSeries,
    on: date,
    starts: time,
    ends: time,
    room: Room,
    by: User | None,
    at: datetime,
    accept: bool = False,
    override_reason: str = "",
    seen: str | None = None,
) -> GroupSession:
    """One more session; a second click gives back the one that is there.

    Whoever leads the series that day leads it, and is asked about it. Later edits of the series
    leave it as it is. Refuses (`Clashes`) what is in its way, and what is not as it was `seen`.
    """
    series = lock_series(series)
    fresh = one_more(series=series, on=on, starts=starts, ends=ends, room=room, at=at)
    there = series.sessions.filter(starts_at=fresh.starts_at, state=SessionState.SCHEDULED).first()
    if there is not None:
        if there.moved and (there.ends_at, there.room_id) == (fresh.ends_at, room.pk):
            return there
        raise Refused(
            "This series has a session at that time already.", field="starts", code="taken"
        )
    done = carry_out(
        program=series.program, targets=[], fresh=[fresh], by=by, at=at, accept=accept,
        override_reason=override_reason, seen=seen,
    )  # fmt: skip
    (session,) = done.made
    asked = SessionFacilitator.objects.filter(session=session)
    asked.update(asked_at=at)
    tell_asked(series.program, {f.user_id for f, _ in fresh.people}, at=at)
    said = when(fresh.starts_at, fresh.ends_at, find_zone(series.zone))
    done.ledger.close(
        program=series.program_id, kind="added", series=series, by=by, at=at,
        summary=f"{series.group.name}: {said} added",
    )  # fmt: skip
    return session
