"""Eight processes that want the same rooms, people and times, half of them in reverse order."""

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta

from django.db import connection

from facilitators.actions.clearance import (
    give_clearance_override,
    withdraw_clearance_override,
)
from facilitators.models import ClearanceOverride, Facilitator
from phpsupport.access.roles import Role
from phpsupport.lib.errors import Refused
from phpsupport.users.models import User
from sessions.actions.changing import Target, apply
from sessions.actions.planning import create_series
from sessions.actions.rejudging import rejudge
from sessions.actions.series import edit_series
from sessions.models import GroupSession
from sessions.queries.editing import Edit, Scope
from tests import factories as make

HANDS = 8
AT = datetime(2026, 9, 1, 12, tzinfo=UTC)
FIRST = date(2026, 10, 5)

OVERLAPS = """
SELECT count(*) FROM group_sessions_{table} one JOIN group_sessions_{table} other
    ON one.{who} = other.{who} AND one.id < other.id
    AND one.starts_at < other.ends_at AND other.starts_at < one.ends_at
WHERE {both}
"""


def double_bookings() -> int:
    """Rooms and people that are in two places, counted without the constraints' help."""
    with connection.cursor() as cursor:
        cursor.execute(
            OVERLAPS.format(
                table="groupsession",
                who="room_id",
                both="one.state IN ('scheduled', 'held') AND other.state IN ('scheduled', 'held')",
            )
        )
        rooms = cursor.fetchone()[0]
        cursor.execute(
            OVERLAPS.format(
                table="sessionfacilitator", who="person_id", both="one.active AND other.active"
            )
        )
        return int(rooms + cursor.fetchone()[0])


def planning() -> Callable[[int, int], object]:
    """Every hand plans a series of four: one of two rooms, the same two people in either order.

    In a round all of them want the same hour, so that one can have it.
    """
    program = make.make_program()
    by = make.make_staff(program, Role.SCHEDULER)
    rooms = [make.make_room(program) for _ in range(2)]
    people = [make.make_facilitator(program) for _ in range(2)]
    groups = [make.make_group(program) for _ in range(HANDS)]

    def act(hand: int, turn: int) -> object:
        lead, co = people if hand % 2 else reversed(people)
        weeks, hour = divmod(turn, 5)
        first = FIRST + timedelta(weeks=4 * (weeks // 5), days=weeks % 5)
        starts = time(9 + hour)
        return create_series(
            group=groups[hand], room=rooms[hand // 2 % 2], weekdays=[first.weekday()],
            starts=starts, ends=starts.replace(minute=50), zone=program.zone, from_on=first,
            until_on=first + timedelta(weeks=3), capacity=12, lead=lead, co=[co], by=by, at=AT,
            accept=True,
        )  # fmt: skip

    return act


def moving_house() -> Callable[[int, int], object]:
    """Every hand gives one series another room: whoever waited finds it in a room it did not ask for."""
    program = make.make_program()
    by = make.make_staff(program, Role.SCHEDULER)
    rooms = [make.make_room(program) for _ in range(HANDS)]
    series = make.make_series(program, until_on=FIRST + timedelta(weeks=2))
    for week in range(2):
        make.make_session(series, FIRST + timedelta(weeks=week))

    def act(hand: int, turn: int) -> object:
        return edit_series(
            series=series, edit=Edit(room=rooms[hand]), scope=Scope.ALL, by=by, at=AT, accept=True
        )

    return act


def judging() -> Callable[[int, int], object]:
    """Half of the hands edit a series of forty sessions, the others let the two who lead it be
    cleared and not cleared in turn, and the beat looks at everybody."""
    program = make.make_program()
    by, other = make.make_staff(program, Role.SCHEDULER), make.make_staff(program, Role.SUPERVISOR)
    people = [make.make_facilitator(program, cleared=False) for _ in range(2)]
    series = make.make_series(
        program, facilitator=people[0], co=people[1], until_on=FIRST + timedelta(weeks=40)
    )
    for week in range(40):
        make.make_session(series, FIRST + timedelta(weeks=week))

    def act(hand: int, turn: int) -> object:
        at = AT + timedelta(minutes=turn)
        if hand % 2:
            starts = time(9 + (hand + turn) % 8)
            return edit_series(
                series=series, edit=Edit(starts=starts, ends=starts.replace(minute=50)),
                scope=Scope.ALL, by=by, at=at, accept=True, override_reason="It has to be.",
            )  # fmt: skip
        for again in range(10):
            then = at + timedelta(seconds=again)
            if hand == 0:
                rejudge(program=program, at=then)
            else:
                _turn(people[hand // 2 % 2], by=other, at=then)
        return None

    return act


def _turn(person: Facilitator, *, by: User, at: datetime) -> None:
    """Give a word that somebody may lead, or withdraw it; of two at once one comes second."""
    given = ClearanceOverride.objects.filter(facilitator=person, withdrawn_at=None).first()
    try:
        if given is not None:
            withdraw_clearance_override(override=given, by=by, at=at)
        else:
            give_clearance_override(
                facilitator=person, from_on=AT.date(), until_on=FIRST + timedelta(weeks=40),
                reason="Retraining is booked", by=by, at=at,
            )  # fmt: skip
    except Refused as no:
        if no.code not in ("overlap", "same"):
            raise


def swapping() -> Callable[[int, int], object]:
    """Every hand lets the same two sessions change rooms and people, named in either order."""
    program = make.make_program()
    by = make.make_staff(program, Role.SCHEDULER)
    people = [make.make_facilitator(program) for _ in range(2)]
    sessions = [
        make.make_session(make.make_series(program, facilitator=person), FIRST) for person in people
    ]
    keys = [s.pk for s in sessions]

    def act(hand: int, turn: int) -> object:
        one, other = GroupSession.objects.select_related("room").in_bulk(keys).values()
        led = {
            s.pk: Facilitator.objects.select_related("user").get(session_assignments__session=s)
            for s in (one, other)
        }
        targets = [
            Target(session=one, room=other.room, people=((led[other.pk], "lead"),)),
            Target(session=other, room=one.room, people=((led[one.pk], "lead"),)),
        ]
        if hand % 2:
            targets.reverse()
        return apply(
            program=program, kind="moved", summary="Swapped", targets=targets, by=by, at=AT,
            accept=True,
        )  # fmt: skip

    return act
