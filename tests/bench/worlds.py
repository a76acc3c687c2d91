"""Programs with years behind them, written in bulk: what the bench measures on.

The rows are committed, so a test that asks for them is one of `django_db(transaction=True)`.
"""

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import psycopg
from django.db import connection
from django.db.models import Model

from phpsupport.programs.models import Program
from sessions.models import (
    Attendance,
    Enrollment,
    GroupSeries,
    GroupSession,
    SeriesFacilitator,
    SessionFacilitator,
)
from tests import databases
from tests import factories as make

TODAY = date(2026, 11, 23)
YEARS = 5
WEEKS_AHEAD = 10
PEOPLE = 8
FIRST = TODAY - timedelta(weeks=52 * YEARS)
NEW_YORK = ZoneInfo(make.NEW_YORK)
SINCE = datetime.combine(TODAY, time(0), NEW_YORK)
UNTIL = SINCE + timedelta(days=7)
# On the Thursday of that week: half of its sessions are held, half lie ahead.
NOW = SINCE + timedelta(days=3)


def insert(
    owner: "psycopg.Connection[Any]", model: type[Model], given: Mapping[str, str], source: str
) -> None:
    """A row for each row of `source`; columns that are not given take the model's defaults."""
    columns, values, defaults = [], [], []
    for field in model._meta.concrete_fields:
        if field.attname in given:
            values.append(given[field.attname].replace("%", "%%"))
        elif field.primary_key:
            values.append("gen_random_uuid()")
        elif field.has_db_default():
            continue
        else:
            values.append(f"%s::{field.cast_db_type(connection)}")
            defaults.append(field.get_db_prep_save(field.get_default(), connection))
        columns.append(f'"{field.column}"')
    owner.execute(
        f"INSERT INTO {model._meta.db_table} ({', '.join(columns)}) "
        f"SELECT {', '.join(values)} FROM {source}",
        defaults,
    )


def weekly(number: int, *, attendance_since: date = TODAY - timedelta(days=365)) -> Program:
    """A program of `number` weekly series with five years of sessions, each with a facilitator and
    eight people; who came is on record for the last year (older rows only make an index deeper)."""
    program = make.make_program()
    people = [make.make_participant(program) for _ in range(PEOPLE)]
    facilitators = [make.make_facilitator(program, cleared=False) for _ in range(-(-number // 20))]
    series = []
    for n in range(number):
        # Twenty series are one room and one facilitator: four times a day on five days.
        who = n % 20
        if who == 0:
            room = make.make_room(program)
        starts = 8 + who // 5 * 2
        series.append(
            GroupSeries(
                program=program, group=make.make_group(program), room=room,
                weekdays=[who % 5], starts=time(starts), ends=time(starts, 50),
                zone=program.zone, from_on=FIRST,
                until_on=TODAY + timedelta(weeks=WEEKS_AHEAD, days=-1), capacity=12,
            )
        )  # fmt: skip
    GroupSeries.objects.bulk_create(series)
    SeriesFacilitator.objects.bulk_create(
        SeriesFacilitator(series=s, facilitator=facilitators[n // 20]) for n, s in enumerate(series)
    )
    Enrollment.objects.bulk_create(
        Enrollment(program=program, series=s, participant=p, from_on=FIRST)
        for s in series
        for p in people
    )
    # As the owner: only it may gather statistics, and history and checks of these rows are spared.
    with databases.owner_connection() as owner:
        owner.execute("SET session_replication_role = replica")
        insert(
            owner,
            GroupSession,
            {
                "program_id": "s.program_id",
                "series_id": "s.id",
                "room_id": "s.room_id",
                "local_date": "d::date",
                # The local time is kept over the seasons.
                "starts_at": "(d::date + s.starts) AT TIME ZONE s.zone",
                "ends_at": "(d::date + s.ends) AT TIME ZONE s.zone",
                "state": f"CASE WHEN d::date < '{NOW:%Y-%m-%d}' THEN 'held' ELSE 'scheduled' END",
            },
            "group_sessions_groupseries s, "
            "generate_series(s.from_on + s.weekdays[1]::int, s.until_on, '7 days'::interval) d "
            f"WHERE s.program_id = '{program.pk}'",
        )
        insert(
            owner,
            SessionFacilitator,
            {
                "session_id": "s.id",
                "facilitator_id": "f.id",
                "person_id": "f.user_id",
                "part": "u.part",
                "starts_at": "s.starts_at",
                "ends_at": "s.ends_at",
            },
            "group_sessions_groupsession s "
            "JOIN group_sessions_seriesfacilitator u ON u.series_id = s.series_id "
            "JOIN facilitators_facilitator f ON f.id = u.facilitator_id "
            f"WHERE s.program_id = '{program.pk}'",
        )
        insert(
            owner,
            Attendance,
            {
                "program_id": "s.program_id",
                "session_id": "s.id",
                "participant_id": "e.participant_id",
                "status": "'present'",
                "marked_at": "s.ends_at",
            },
            "group_sessions_groupsession s "
            "JOIN group_sessions_enrollment e ON e.series_id = s.series_id "
            f"WHERE s.program_id = '{program.pk}' AND s.state = 'held' "
            f"AND s.local_date >= '{attendance_since}'",
        )
        owner.execute("VACUUM ANALYZE")
    stored = GroupSession.objects.filter(program=program).count()
    assert stored == number * (52 * YEARS + WEEKS_AHEAD)
    return program
