"""One session: moving it, changing who leads it, cancelling it."""

from collections.abc import Iterable
from datetime import date, datetime, time, timedelta

from django.db.models import QuerySet

from facilitators.models import Facilitator
from phpsupport.audit.trail import record
from phpsupport.lib import wording
from phpsupport.lib.constraints import last_guard
from phpsupport.lib.errors import Refused
from phpsupport.programs.models import Closure
from phpsupport.users.models import User
from sessions.actions.booking import (
    GUARDS,
    lock_slots,
    once_more,
    people_of,
    refuse_obstacles,
    store_people,
)
from sessions.actions.telling import tell_of_cancelled, tell_of_moved
from sessions.models import GroupSession, Room, SessionFacilitator, SessionState
from sessions.queries.series import with_records
from sessions.queries.slots import Wanted, stored
from sessions.recurrence import Pattern, Verdict, occurrences

LONGEST = timedelta(hours=12)


def _lock(session: GroupSession) -> GroupSession:
    rows: QuerySet[GroupSession] = GroupSession.objects.select_for_update(
        no_key=True, of=("self",)
    ).select_related("series__group", "room", "program__site")
    return with_records(rows).get(pk=session.pk)


def refuse_history(session: GroupSession, at: datetime) -> str | None:
    """Why a session is history and does not change; None when it may. Load it `with_records`."""
    if session.state == SessionState.HELD:
        return "This session was held. What was held stays as it is."
    if session.state == SessionState.NOT_HELD:
        return "This session is recorded as not held. What is on record stays as it is."
    if session.recorded:  # type: ignore[attr-defined]
        return "Attendance or a note is on record for this session, so it stays as it is."
    if session.state == SessionState.CANCELLED:
        return "This session was cancelled. Plan a new one instead."
    if session.starts_at <= at:
        return "This session has begun. Report whether it was held instead."
    return None


def _refuse_history(session: GroupSession, at: datetime) -> None:
    if sentence := refuse_history(session, at):
        raise Refused(sentence, code="history")


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
    accept_not_cleared: bool = False,
) -> GroupSession:
    """Give one session another day, time or room; its people come along and are told of a new time.

    Refuses (`Clashes`) when the room or somebody who leads it is taken then.
    """
    session = _lock(session)
    zone = session.series.zone
    d = occurrences(Pattern([on.weekday()], starts, ends, on, on, zone), {})[0]
    if d.verdict is Verdict.GAP or d.starts_at is None or d.ends_at is None:
        raise Refused(d.reason, field="starts", code="gap")
    new = (d.starts_at, d.ends_at, room.pk)
    if new == (session.starts_at, session.ends_at, session.room_id):
        return session
    _refuse_history(session, at)
    if d.starts_at <= at:
        raise Refused("That time is over. Choose a later one.", field="on", code="past")
    if room.site_id != session.program.site_id:
        raise Refused("Choose a room of this site.", field="room", code="stranger")
    if room.retired_on and room.retired_on <= on:
        raise Refused(f"{room.name} is no longer in use. Choose another room.", field="room")
    if on != session.local_date:
        closed = Closure.objects.filter(program_id=session.program_id, date=on).first()
        if closed:
            raise Refused(
                f"The program is closed on {wording.day(on)}: {closed.reason}. Choose another day.",
                field="on",
                code="closed",
            )
    people = stored(session)
    lock_slots({room.pk}, {f.user_id for f, _ in people})
    wanted = Wanted(
        on, d.starts_at, d.ends_at, room, people, session.series.group.name, key=session.pk
    )
    refuse_obstacles(
        [wanted],
        program_id=session.program_id,
        zone=zone,
        accept_not_cleared=accept_not_cleared,
    )
    before = session.starts_at
    session.local_date, session.starts_at, session.ends_at = on, d.starts_at, d.ends_at
    session.room, session.moved = room, True
    with last_guard(GUARDS):
        session.save(update_fields=["local_date", "starts_at", "ends_at", "room", "moved"])
        SessionFacilitator.objects.filter(session=session).update(
            starts_at=d.starts_at, ends_at=d.ends_at
        )
    if before != session.starts_at:
        tell_of_moved(session, before=before, at=at)
    record("session.moved", by=by, at=at, obj=session)
    return session


@once_more
def staff_session(
    *,
    session: GroupSession,
    lead: Facilitator | None,
    by: User | None,
    at: datetime,
    co: Iterable[Facilitator] = (),
    accept_not_cleared: bool = False,
) -> GroupSession:
    """Set who leads one session. Refuses who is taken; not cleared asks for a yes."""
    session = _lock(session)
    people = people_of(lead, co, session.program_id)
    now = {(row.facilitator_id, row.part) for row in session.assignments.all()}
    if now == {(f.pk, part) for f, part in people}:
        return session
    _refuse_history(session, at)
    lock_slots(set(), {f.user_id for f, _ in people})
    wanted = Wanted(
        session.local_date, session.starts_at, session.ends_at, session.room, people,
        session.series.group.name, key=session.pk,
    )  # fmt: skip
    refuse_obstacles(
        [wanted],
        program_id=session.program_id,
        zone=session.series.zone,
        accept_not_cleared=accept_not_cleared,
    )
    session.moved = True
    with last_guard(GUARDS):
        session.save(update_fields=["moved"])
        SessionFacilitator.objects.filter(session=session).delete()
        store_people([(session, people)])
    record(
        "session.staffed", by=by, at=at, obj=session, lead=str(lead.pk) if lead else None,
        co=[str(f.pk) for f, part in people if part == "co"],
    )  # fmt: skip
    return session


@once_more
def cancel_session(
    *, session: GroupSession, reason: str, by: User | None, at: datetime
) -> GroupSession:
    """Cancel a coming session: room and people are free again, who was expected is told."""
    session = _lock(session)
    if session.state == SessionState.CANCELLED:
        return session
    reason = reason.strip()
    if not reason:
        raise Refused("Say in a few words why it is cancelled.", field="reason", code="required")
    _refuse_history(session, at)
    session.state, session.state_reason = SessionState.CANCELLED, reason[:200]
    session.save(update_fields=["state", "state_reason"])
    SessionFacilitator.objects.filter(session=session).update(active=False)
    tell_of_cancelled([session], at=at)
    record("session.cancelled", by=by, at=at, obj=session)
    return session
