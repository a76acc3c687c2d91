"""The week, a year of sessions, the attendance of a group: against hand-written SQL of the same rows."""

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from django.db import connection, transaction

from facilitators.models import Facilitator
from phpsupport.lib import clock
from phpsupport.programs.models import Program
from sessions.actions.attendance import Mark, mark_attendance
from sessions.actions.series import create_series
from sessions.models import Attendance, GroupSession, SessionFacilitator
from sessions.queries.week import entries
from tests import factories as make

TODAY = date(2026, 11, 23)
YEARS = 5
NEW_YORK = ZoneInfo(make.NEW_YORK)

WEEK = """
SELECT s.id, s.series_id, g.id, g.name, g.kind, r.id, r.name, s.local_date, s.starts_at, s.ends_at,
       s.state, s.state_reason, s.moved, se.capacity,
       (SELECT count(*) FROM group_sessions_enrollment e JOIN participants_participant p ON p.id = e.participant_id
        WHERE e.series_id = s.series_id AND e.from_on <= s.local_date AND p.sealed_at IS NULL
          AND (e.until_on IS NULL OR e.until_on >= s.local_date)),
       (SELECT count(*) FROM group_sessions_waitlistentry w WHERE w.series_id = s.series_id AND w.outcome = 'waiting'),
       (SELECT count(*) FROM group_sessions_attendance a WHERE a.session_id = s.id),
       (SELECT count(*) FROM group_sessions_attendance a
        WHERE a.session_id = s.id AND a.status IN ('present', 'late', 'left_early')),
       EXISTS (SELECT 1 FROM group_sessions_groupnote n WHERE n.session_id = s.id),
       (SELECT jsonb_agg(jsonb_build_object('id', f.facilitator_id, 'part', f.part, 'first', u.first_name,
                                            'last', u.last_name) ORDER BY f.part DESC)
        FROM group_sessions_sessionfacilitator f JOIN users_user u ON u.id = f.person_id
        WHERE f.session_id = s.id AND f.active)
FROM group_sessions_groupsession s
JOIN group_sessions_groupseries se ON se.id = s.series_id
JOIN group_sessions_supportgroup g ON g.id = se.group_id
JOIN group_sessions_room r ON r.id = s.room_id
WHERE s.program_id = %s AND s.starts_at >= %s AND s.starts_at < %s
ORDER BY s.starts_at, g.name, s.id
"""


def weekly(program: Program, number: int) -> None:
    """`number` weekly series with five years of sessions, each with a facilitator and eight people."""
    first = TODAY - timedelta(weeks=52 * YEARS)
    sessions, slots = [], []
    people = [make.make_participant(program) for _ in range(8)]
    for n in range(number):
        facilitator = make.make_facilitator(program, cleared=False)
        series = make.make_series(
            program, facilitator=facilitator, weekdays=(n % 5,), starts=time(8 + n % 9), ends=time(8 + n % 9, 50),
            from_on=first, until_on=TODAY + timedelta(weeks=10),
        )  # fmt: skip
        for person in people:
            make.enroll(series, person, from_on=first)
        for week in range(52 * YEARS + 10):
            day = first + timedelta(weeks=week, days=n % 5)
            begins = datetime.combine(day, series.starts, NEW_YORK)
            session = GroupSession(
                program=program, series=series, room=series.room, local_date=day,
                starts_at=begins, ends_at=begins + timedelta(minutes=50),
            )  # fmt: skip
            sessions.append(session)
            slots.append(
                SessionFacilitator(
                    session=session,
                    facilitator=facilitator,
                    person_id=facilitator.user_id,
                    starts_at=session.starts_at,
                    ends_at=session.ends_at,
                )
            )
    GroupSession.objects.bulk_create(sessions, batch_size=2000)
    SessionFacilitator.objects.bulk_create(slots, batch_size=2000)


@pytest.mark.django_db
@pytest.mark.timeout(900)
@pytest.mark.parametrize("number", [25, 200])
def test_the_week(number: int, pair: Callable[..., float]) -> None:
    program = make.make_program()
    weekly(program, number)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    since = datetime.combine(TODAY, time(0), NEW_YORK)
    until = since + timedelta(days=7)

    def by_hand() -> object:
        with connection.cursor() as cursor:
            cursor.execute(WEEK, [program.pk, since, until])
            return cursor.fetchall()

    ours = entries(program=program, since=since, until=until, at=since)
    assert len(ours) == len(by_hand()) == number  # type: ignore[arg-type]
    pair(
        f"the week's data, {number} series with {YEARS} years behind",
        lambda: entries(program=program, since=since, until=until, at=since),
        by_hand,
    )


@pytest.mark.django_db
@pytest.mark.timeout(900)
def test_a_year_of_sessions(pair: Callable[..., float]) -> None:
    program = make.make_program()
    lead, co = (make.make_facilitator(program) for _ in range(2))
    group, room = make.make_group(program), make.make_room(program)
    first = TODAY + timedelta(days=7)
    starts = [datetime.combine(first + timedelta(weeks=w), time(10), NEW_YORK) for w in range(52)]
    series = make.make_series(program)

    def ours() -> None:
        with transaction.atomic():
            create_series(
                group=group, room=room, weekdays=[first.weekday()], starts=time(10), ends=time(10, 50),
                zone=program.zone, from_on=first, until_on=first + timedelta(weeks=51), capacity=12,
                lead=lead, co=[co], by=None, at=clock.now(),
            )  # fmt: skip
            transaction.set_rollback(True)

    def by_hand() -> None:
        with transaction.atomic(), connection.cursor() as cursor:
            ids = [uuid4() for _ in starts]
            one = "(%s, %s, %s, %s, %s, %s, %s, 'scheduled', '', false, 0)"
            cursor.execute(
                "INSERT INTO group_sessions_groupsession (id, program_id, series_id, room_id, local_date, starts_at,"
                f" ends_at, state, state_reason, moved, attendance_version) VALUES {', '.join([one] * 52)}",
                [
                    value
                    for pk, at in zip(ids, starts, strict=True)
                    for value in (
                        pk,
                        program.pk,
                        series.pk,
                        room.pk,
                        at.date(),
                        at,
                        at + timedelta(minutes=50),
                    )
                ],
            )
            one = "(%s, %s, %s, %s, %s, %s, %s, true)"
            cursor.execute(
                "INSERT INTO group_sessions_sessionfacilitator (id, session_id, facilitator_id, person_id, part,"
                f" starts_at, ends_at, active) VALUES {', '.join([one] * 104)}",
                [
                    value
                    for pk, at in zip(ids, starts, strict=True)
                    for who, part in ((lead, "lead"), (co, "co"))
                    for value in (
                        uuid4(),
                        pk,
                        who.pk,
                        who.user_id,
                        part,
                        at,
                        at + timedelta(minutes=50),
                    )
                ],
            )
            transaction.set_rollback(True)

    pair("52 sessions with two facilitators, clashes listed", ours, by_hand)


@pytest.mark.django_db
@pytest.mark.timeout(900)
def test_attendance_of_twelve(pair: Callable[..., float]) -> None:
    program = make.make_program()
    facilitator: Facilitator = make.make_facilitator(program)
    series = make.make_series(program, facilitator=facilitator, from_on=TODAY - timedelta(days=30))
    session = make.make_session(series, TODAY - timedelta(days=7))
    people = [make.make_participant(program) for _ in range(12)]
    for person in people:
        make.enroll(series, person)
    at = datetime(2026, 11, 23, 12, tzinfo=UTC)

    def ours() -> None:
        with transaction.atomic():
            mark_attendance(
                session=session, marks=[Mark(p.pk, "present") for p in people], version=0,
                by=facilitator.user, at=at,
            )  # fmt: skip
            transaction.set_rollback(True)

    def bulk() -> None:
        with transaction.atomic():
            Attendance.objects.bulk_create(
                [
                    Attendance(
                        program=program,
                        session=session,
                        participant=p,
                        status="present",
                        marked_at=at,
                    )
                    for p in people
                ]
            )
            transaction.set_rollback(True)

    pair("attendance of 12: locked, checked, versioned, in the trail", ours, bulk)
