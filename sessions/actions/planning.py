"""Making a series with all its sessions.

Three statements, however many dates: the locks with what has to be known before the dates can be
told; what is in the way of them; and everything that is written, in one.
"""

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID

from django.db import connection

from facilitators.models import Facilitator
from phpsupport.audit.trail import event
from phpsupport.lib import wording
from phpsupport.lib.constraints import guarded
from phpsupport.lib.errors import Refused
from phpsupport.lib.writing import OneStatement
from phpsupport.outbox.delivery import Planned, rows_of
from phpsupport.users.models import User
from sessions.actions.booking import (
    GUARDS,
    keep_overrides,
    lock_keys,
    once_more,
    people_of,
    refuse_obstacles,
    room_is_shared,
    sharing,
    time_is_shared,
)
from sessions.curriculum import placed
from sessions.models import (
    BatchRow,
    CurriculumItem,
    GroupKind,
    GroupSeries,
    GroupSession,
    Room,
    ScheduleBatch,
    SeriesFacilitator,
    SessionFacilitator,
    SupportGroup,
)
from sessions.queries.batches import NOT_OURS
from sessions.queries.consequence import ASSIGNMENT_ASKS
from sessions.queries.series_preview import wanted_of
from sessions.queries.slots import Wanted
from sessions.recurrence import (
    LONGEST_SERIES,
    SHIFT_AT_MOST,
    SKIP,
    Pattern,
    Times,
    last_day,
    occurrences,
)

CREATED = "created"


@guarded(GUARDS)
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
    until_on: date | None,
    capacity: int,
    by: User | None,
    at: datetime,
    lead: Facilitator | None = None,
    co: Iterable[Facilitator] = (),
    leave_out: Collection[date] = (),
    accept_not_cleared: bool = False,
    every_weeks: int = 1,
    nth_of_month: Collection[int] = (),
    more_times: Iterable[Times] = (),
    ends_next_day: bool = False,
    count: int | None = None,
    on_closure: str = SKIP,
    first_item: CurriculumItem | None = None,
    accept: bool = False,
    override_reason: str = "",
) -> GroupSeries:
    """A series with a stored session for every date that takes place and is not in `leave_out`.

    `leave_out` holds days, or naive local starts where a day has several sessions. A group with a
    curriculum has its steps placed on the dates from `first_item` on, else from the first.
    Refuses (`Clashes`) what the program's rules block until `override_reason` sets it aside, and
    what they warn of until `accept` says yes to it. Leaves one batch that can be undone.
    """
    program_id = group.program_id
    people = people_of(lead, co, program_id)
    if capacity < 1:
        raise Refused("A series has at least one place.", field="capacity")
    pattern = Pattern(
        weekdays, starts, ends, from_on, until_on, zone, every_weeks, ends_next_day,
        nth_of_month, more_times, count, on_closure,
    )  # fmt: skip
    known = _lock_and_learn(
        group, room, {f.user_id for f, _ in people}, pattern.from_on, pattern.until_on
    )
    _still_offered(group, room, from_on, known)
    dates = occurrences(pattern, known.closures)
    wanted = wanted_of(dates, pattern, group=group, room=room, people=people, leave_out=leave_out)
    if not wanted:
        field = "until_on" if count is None else "from_on"
        raise Refused(_nothing_left(bool(dates), bool(leave_out)), field=field, code="empty")
    found = refuse_obstacles(
        wanted, program_id=program_id, zone=zone, by=by, at=at,
        accept=accept or accept_not_cleared, override_reason=override_reason,
    )  # fmt: skip
    set_aside = sum(o.blocks for o in found)
    uncleared = sum(o.rule == "rule_clearance" for o in found)
    series = GroupSeries(
        program_id=program_id,
        group=group,
        room=room,
        weekdays=sorted(pattern.weekdays),
        starts=starts,
        ends=ends,
        more_times=[times.stored() for times in pattern.more_times],
        every_weeks=every_weeks,
        nth_of_month=list(pattern.nth_of_month),
        on_closure=on_closure,
        zone=zone,
        from_on=from_on,
        until_on=last_day(pattern, dates),
        capacity=capacity,
    )
    steps = placed(
        known.steps, len(wanted), first=first_item.pk if first_item else None, once=known.once
    )
    batch = ScheduleBatch(
        program_id=program_id,
        series=series,
        kind=CREATED,
        summary=_summary(group, pattern, len(wanted)),
        by=by,
        at=at,
    )
    done = event(
        "series.created", by, at, series, program_id,
        {
            "sessions": len(wanted), "left_out": len(set(leave_out)), "not_cleared": uncleared,
            "set_aside": set_aside,
        },
    )  # fmt: skip
    one = OneStatement()
    one.rows("series", [series])
    one.rows(
        "usual",
        [SeriesFacilitator(series=series, facilitator=f, part=part) for f, part in people],
    )
    shared = sharing(found)
    sessions = [
        GroupSession(
            program_id=program_id, series=series, room=room, local_date=w.local_date,
            starts_at=w.starts_at, ends_at=w.ends_at, item_id=step,
            shares_room=room_is_shared(shared, number),
        )
        for number, (w, step) in enumerate(zip(wanted, steps, strict=True))
    ]  # fmt: skip
    _add_sessions(one, sessions)
    _add_people(
        one,
        people,
        {
            (session.pk, person)
            for number, session in enumerate(sessions)
            for person in time_is_shared(shared, number)
        },
    )
    one.rows("batch", [batch])
    for name, model in (
        ("series", GroupSeries),
        *((("usual", SeriesFacilitator),) if people else ()),
        ("made", GroupSession),
        *((("led", SessionFacilitator),) if people else ()),
    ):
        one.select(
            f"kept_{name}",
            BatchRow,
            {
                "id": "gen_random_uuid()",
                "batch_id": "batch.id",
                "table": f"'{model._meta.label_lower}'",
                "row_id": f"{name}.id",
                "before": "NULL",
                "after": f"to_jsonb({name}) - %s::text[]",
            },
            f"{name}, batch",
            [sorted(NOT_OURS)],
        )
    one.rows("trail", [done])
    one.rows("told", rows_of(_asks(series, wanted, people, by=by, at=at), at=at))
    if one.run(counting="made") < len(wanted):
        raise Refused(
            "The group was retired, or the room taken out of use, a moment ago. Choose another.",
            field="room",
            code="retired",
        )
    series._state.adding = False
    if set_aside:
        keep_overrides(found, sessions, reason=override_reason, by=by, at=at)
    return series


def _add_sessions(one: OneStatement, sessions: Sequence[GroupSession]) -> None:
    one.select(
        "made",
        GroupSession,
        {
            "id": "w.id",
            "program_id": "series.program_id",
            "series_id": "series.id",
            "room_id": "series.room_id",
            "local_date": "w.local_date",
            "starts_at": "w.starts_at",
            "ends_at": "w.ends_at",
            "item_id": "w.item_id",
            "shares_room": "w.shares_room",
        },
        # Whoever waited for the locks may have read what was so before: retirement is looked at again.
        "series"
        " JOIN group_sessions_room r"
        " ON r.id = series.room_id AND (r.retired_on IS NULL OR r.retired_on > series.from_on)"
        " JOIN group_sessions_supportgroup g"
        " ON g.id = series.group_id AND (g.retired_on IS NULL OR g.retired_on > series.from_on)"
        " CROSS JOIN unnest("
        "%s::uuid[], %s::date[], %s::timestamptz[], %s::timestamptz[], %s::uuid[], %s::boolean[]"
        ") AS w(id, local_date, starts_at, ends_at, item_id, shares_room)",
        [
            [s.pk for s in sessions],
            [s.local_date for s in sessions],
            [s.starts_at for s in sessions],
            [s.ends_at for s in sessions],
            [s.item_id for s in sessions],
            [s.shares_room for s in sessions],
        ],
    )


def _add_people(
    one: OneStatement,
    people: Sequence[tuple[Facilitator, str]],
    shared: Collection[tuple[UUID, UUID]],
) -> None:
    """Everybody to every session; `shared` are the sessions for which somebody is booked twice."""
    if not people:
        return
    one.select(
        "led",
        SessionFacilitator,
        {
            "id": "gen_random_uuid()",
            "session_id": "made.id",
            "facilitator_id": "p.facilitator_id",
            "person_id": "p.person_id",
            "part": "p.part",
            "starts_at": "made.starts_at",
            "ends_at": "made.ends_at",
            "shares_time": "shared.session_id IS NOT NULL",
        },
        "made CROSS JOIN unnest(%s::uuid[], %s::uuid[], %s::text[])"
        " AS p(facilitator_id, person_id, part)"
        " LEFT JOIN unnest(%s::uuid[], %s::uuid[]) AS shared(session_id, person_id)"
        " ON shared.session_id = made.id AND shared.person_id = p.person_id",
        [
            [f.pk for f, _ in people],
            [f.user_id for f, _ in people],
            [str(part) for _, part in people],
            [session for session, _ in shared],
            [person for _, person in shared],
        ],
    )


def _asks(
    series: GroupSeries,
    wanted: Sequence[Wanted],
    people: Sequence[tuple[Facilitator, str]],
    *,
    by: User | None,
    at: datetime,
) -> list[Planned]:
    """To each who is to lead it: that the schedule asks for their answer. Not to who plans it."""
    first = min((w.starts_at for w in wanted if w.starts_at > at), default=None)
    return [
        Planned(
            ASSIGNMENT_ASKS,
            key=f"{ASSIGNMENT_ASKS}:{f.user_id}:{series.pk}",
            recipient_id=f.user_id,
            due_at=at,
            program_id=series.program_id,
            facts={"starts_at": first.astimezone(UTC).isoformat()},
        )
        for f, _ in people
        if first is not None and (by is None or f.user_id != by.pk)
    ]


def _summary(group: SupportGroup, pattern: Pattern, number: int) -> str:
    return f"Planned {group.name}: {pattern.words}, {wording.count(number, 'session')}"[:300]


# --- what has to be known ---------------------------------------------------------------------------
@dataclass(frozen=True)
class _Known:
    """What the rows say under the locks."""

    closures: Mapping[date, str]
    room_retired_on: date | None
    group_retired_on: date | None
    steps: tuple[UUID, ...]
    once: bool


def _lock_and_learn(
    group: SupportGroup, room: Room, persons: set[UUID], first: date, last: date | None
) -> _Known:
    """Hold the room and the people, and read what the dates depend on. One query."""
    horizon = last or first + LONGEST_SERIES + timedelta(days=SHIFT_AT_MOST)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT (SELECT count(pg_advisory_xact_lock(key)) FROM unnest(%s::bigint[]) AS key),"
            " (SELECT coalesce(jsonb_object_agg(date, reason), '{}') FROM programs_closure"
            "  WHERE program_id = g.program_id AND date BETWEEN %s AND %s),"
            " (SELECT retired_on FROM group_sessions_room WHERE id = %s), g.retired_on, g.kind,"
            " ARRAY(SELECT id FROM group_sessions_curriculumitem"
            "  WHERE group_id = g.id AND retired_on IS NULL ORDER BY position)"
            " FROM group_sessions_supportgroup g WHERE g.id = %s",
            [lock_keys({room.pk}, persons), first, horizon, room.pk, group.pk],
        )
        _, closures, room_retired_on, group_retired_on, kind, steps = cursor.fetchone()
    return _Known(
        {date.fromisoformat(day): reason for day, reason in json.loads(closures).items()},
        room_retired_on,
        group_retired_on,
        tuple(steps),
        kind == GroupKind.CLOSED,
    )


def _still_offered(group: SupportGroup, room: Room, on: date, known: _Known) -> None:
    if known.group_retired_on and known.group_retired_on <= on:
        raise Refused(f"{group.name} is retired. Choose another group.", field="group")
    if known.room_retired_on and known.room_retired_on <= on:
        raise Refused(f"{room.name} is no longer in use. Choose another room.", field="room")


def _nothing_left(any_date: bool, left_out: bool) -> str:
    if not any_date:
        return "No such weekday falls into these days. Choose a later last day."
    if left_out:
        return "Every date is closed or left out, so nothing would take place. Choose other days."
    return "Every date is closed or does not exist, so nothing would take place. Choose other days."
