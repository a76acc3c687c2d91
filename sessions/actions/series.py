"""Series: making one with all its sessions, ending one, changing who leads it."""

from collections.abc import Collection, Iterable
from datetime import date, datetime, time, timedelta
from uuid import UUID

from facilitators.models import Facilitator
from phpsupport.audit.trail import record
from phpsupport.lib import clock, wording
from phpsupport.lib.constraints import last_guard
from phpsupport.lib.errors import Refused
from phpsupport.users.models import User
from sessions.actions.booking import (
    GUARDS,
    lock_slots,
    once_more,
    people_of,
    refuse_obstacles,
    store_people,
)
from sessions.actions.enrollment import end_places_of_series
from sessions.actions.telling import tell_of_cancelled
from sessions.models import (
    GroupSeries,
    GroupSession,
    Part,
    Room,
    SeriesFacilitator,
    SessionFacilitator,
    SessionState,
    SupportGroup,
)
from sessions.queries.series import dates_of, wanted_of, with_records
from sessions.queries.slots import Wanted
from sessions.recurrence import Pattern

TELL_AHEAD = timedelta(days=14)


@once_more
def create_series(
    *,
    group: SupportGroup,
    room: Room,
    weekdays: Collection[int],
    starts: time,
    ends: time,
    zone: str,
    from_on: date,
    until_on: date,
    capacity: int,
    by: User | None,
    at: datetime,
    lead: Facilitator | None = None,
    co: Iterable[Facilitator] = (),
    leave_out: Collection[date] = (),
    accept_not_cleared: bool = False,
) -> GroupSeries:
    """A series with a stored session for every date that is open and not in `leave_out`.

    Refuses (`Clashes`) when a room or a facilitator is taken; a facilitator who is not cleared on
    a day is a refusal of the code `not_cleared` until `accept_not_cleared` says yes to it.
    """
    program_id = group.program_id
    _still_offered(group, room, from_on)
    people = people_of(lead, co, program_id)
    if capacity < 1:
        raise Refused("A series has at least one place.", field="capacity")
    pattern = Pattern(weekdays, starts, ends, from_on, until_on, zone)
    dates = dates_of(pattern, program_id)
    wanted = wanted_of(dates, room=room, people=people, label=group.name, leave_out=leave_out)
    if not wanted:
        raise Refused(_nothing_left(bool(dates), bool(leave_out)), field="until_on", code="empty")
    lock_slots({room.pk}, {f.user_id for f, _ in people})
    warnings = refuse_obstacles(
        wanted, program_id=program_id, zone=zone, accept_not_cleared=accept_not_cleared
    )
    series = GroupSeries(
        program_id=program_id,
        group=group,
        room=room,
        weekdays=sorted(set(weekdays)),
        starts=starts,
        ends=ends,
        zone=zone,
        from_on=from_on,
        until_on=until_on,
        capacity=capacity,
    )
    with last_guard(GUARDS):
        series.save(force_insert=True)
        SeriesFacilitator.objects.bulk_create(
            SeriesFacilitator(series=series, facilitator=f, part=part) for f, part in people
        )
        sessions = GroupSession.objects.bulk_create(
            GroupSession(
                program_id=program_id,
                series=series,
                room=room,
                local_date=w.local_date,
                starts_at=w.starts_at,
                ends_at=w.ends_at,
            )
            for w in wanted
        )
        store_people((session, people) for session in sessions)
    record(
        "series.created", by=by, at=at, obj=series, sessions=len(wanted),
        left_out=len(set(leave_out)), not_cleared=len(warnings),
    )  # fmt: skip
    return series


def _still_offered(group: SupportGroup, room: Room, on: date) -> None:
    if group.retired_on and group.retired_on <= on:
        raise Refused(f"{group.name} is retired. Choose another group.", field="group")
    if room.retired_on and room.retired_on <= on:
        raise Refused(f"{room.name} is no longer in use. Choose another room.", field="room")


def _nothing_left(any_date: bool, left_out: bool) -> str:
    if not any_date:
        return "No such weekday falls into these days. Choose a later last day."
    if left_out:
        return "Every date is closed or left out, so nothing would take place. Choose other days."
    return "Every date is closed or does not exist, so nothing would take place. Choose other days."


@once_more
def end_series(
    *, series: GroupSeries, last_on: date, by: User | None, at: datetime, reason: str = ""
) -> int:
    """End a series with `last_on` as its last day; returns how many sessions were cancelled.

    Nothing that was held or recorded changes. Later sessions are cancelled and stay visible as
    such, places end, the waitlist closes, and who was expected in the next two weeks is told.
    """
    series = GroupSeries.objects.select_for_update(no_key=True).get(pk=series.pk)
    today = clock.local_date(at, series.zone)
    if last_on >= series.until_on:
        if series.ended_at:
            return 0
        raise Refused(
            f"The series ends on {wording.day(series.until_on, year=True)} anyway. "
            "Choose an earlier day.",
            field="last_on",
        )
    if last_on < today - timedelta(days=1):
        raise Refused(
            "That day is over. Choose today or a later day as the last one.", field="last_on"
        )
    later = with_records(
        GroupSession.objects.select_for_update(no_key=True, of=("self",)).filter(
            series=series, local_date__gt=last_on, starts_at__gt=at, state=SessionState.SCHEDULED
        )
    ).order_by("pk")
    gone = [session for session in later if not session.recorded]  # type: ignore[attr-defined]
    why = reason.strip() or "The series ended"
    ids = [session.pk for session in gone]
    GroupSession.objects.filter(pk__in=ids).update(
        state=SessionState.CANCELLED, state_reason=why[:200]
    )
    SessionFacilitator.objects.filter(session_id__in=ids).update(active=False)
    soon = [session for session in gone if session.starts_at <= at + TELL_AHEAD]
    tell_of_cancelled(soon, later=[s for s in gone if s not in soon], at=at)
    series.until_on = max(last_on, series.from_on)
    series.ended_at = at
    series.save(update_fields=["until_on", "ended_at"])
    end_places_of_series(series=series, last_on=last_on, by=by, at=at)
    record("series.ended", by=by, at=at, obj=series, cancelled=len(gone))
    return len(gone)


@once_more
def replace_facilitator(
    *,
    series: GroupSeries,
    old: Facilitator | None,
    new: Facilitator | None,
    from_on: date,
    by: User | None,
    at: datetime,
    part: str = Part.LEAD,
    leave_out: Collection[date] = (),
    accept_not_cleared: bool = False,
) -> int:
    """Let `new` stand in for `old` in the sessions of a series from a day on; returns how many.

    `old` None fills sessions that nobody leads; `new` None takes `old` off them. Sessions that
    began, were held or have records stay as they are, and so do those in `leave_out`.
    """
    if old is None and new is None:
        raise Refused("Choose who leads from now on.", field="new")
    if old and new and old.user_id == new.user_id:
        raise Refused("Choose somebody else than before.", field="new")
    series = (
        GroupSeries.objects.select_for_update(no_key=True, of=("self",))
        .select_related("group")
        .get(pk=series.pk)
    )
    rows = with_records(
        GroupSession.objects.select_for_update(no_key=True, of=("self",))
        .filter(
            series=series, local_date__gte=from_on, starts_at__gt=at, state=SessionState.SCHEDULED
        )
        .exclude(local_date__in=list(leave_out))
        .select_related("room")
        .order_by("pk")
    )
    sessions = {s.pk: s for s in rows if not s.recorded}  # type: ignore[attr-defined]
    assigned: dict[UUID, list[SessionFacilitator]] = {pk: [] for pk in sessions}
    for row in SessionFacilitator.objects.filter(session_id__in=sessions):
        assigned[row.session_id].append(row)
    changing = [s for pk, s in sessions.items() if _concerns(assigned[pk], old, new, part)]
    changing.sort(key=lambda s: s.starts_at)
    usual = {row.facilitator_id: row for row in series.assignments.all()}
    done = (old is None or old.pk not in usual) and (new is None or new.pk in usual)
    if not changing and done:
        if old is None and new is not None and new.pk in usual:
            return 0
        raise Refused("No coming session is led that way from that day on.", field="from_on")
    parts = {
        s.pk: next((r.part for r in assigned[s.pk] if old and r.facilitator_id == old.pk), part)
        for s in changing
    }
    if new is not None:
        if new.program_id != series.program_id:
            raise Refused("Choose facilitators of this program.", field="new", code="stranger")
        lock_slots(set(), {new.user_id})
        wanted = [
            Wanted(
                s.local_date, s.starts_at, s.ends_at, s.room, ((new, parts[s.pk]),),
                series.group.name, key=s.pk,
            )
            for s in changing
        ]  # fmt: skip
        refuse_obstacles(
            wanted,
            program_id=series.program_id,
            zone=series.zone,
            accept_not_cleared=accept_not_cleared,
        )
    with last_guard(GUARDS):
        ids = [s.pk for s in changing]
        # Whoever co-facilitated and now leads is there once.
        SessionFacilitator.objects.filter(
            session_id__in=ids, facilitator__in=[f for f in (old, new) if f]
        ).delete()
        if new is not None:
            store_people((s, [(new, parts[s.pk])]) for s in changing)
        _replace_usual(series, old, new, usual, part)
    record(
        "series.facilitator_replaced", by=by, at=at, obj=series, sessions=len(changing),
        old=str(old.pk) if old else None, new=str(new.pk) if new else None,
    )  # fmt: skip
    return len(changing)


def _concerns(
    rows: Collection[SessionFacilitator],
    old: Facilitator | None,
    new: Facilitator | None,
    part: str,
) -> bool:
    """Whether a session with these assignments changes."""
    if old is not None:
        return any(r.facilitator_id == old.pk for r in rows)
    if part == Part.CO:
        return not any(new is not None and r.facilitator_id == new.pk for r in rows)
    return not any(r.part == Part.LEAD for r in rows)


def _replace_usual(
    series: GroupSeries,
    old: Facilitator | None,
    new: Facilitator | None,
    usual: dict[UUID, SeriesFacilitator],
    part: str,
) -> None:
    """Who usually leads, which is also who sees the roster, follows."""
    before = usual.get(old.pk) if old else None
    if before is not None:
        part = before.part
        before.delete()
    if new is not None:
        SeriesFacilitator.objects.update_or_create(
            series=series, facilitator=new, defaults={"part": part}
        )
