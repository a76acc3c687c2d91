"""A year of sessions, judged and stored: beside two raw inserts of the same rows."""

from collections.abc import Callable
from datetime import datetime, time, timedelta
from uuid import uuid4

import pytest
from django.db import connection, transaction
from django.db.models import Model

from facilitators.models import Facilitator
from phpsupport.lib import clock
from sessions.actions.planning import create_series
from sessions.models import GroupSession, Room, SessionFacilitator
from tests import factories as make
from tests.bench.worlds import NEW_YORK, TODAY, weekly

WEEKS = 52


def raw_insert(rows: list[Model]) -> Callable[[], None]:
    """One multi-row insert of rows that stand in memory, by the cursor alone."""
    model = type(rows[0])
    columns = [f for f in model._meta.concrete_fields if not f.has_db_default()]
    one = f"({', '.join(['%s'] * len(columns))})"
    statement = (
        f"INSERT INTO {model._meta.db_table} ({', '.join(f.column for f in columns)}) "
        f"VALUES {', '.join([one] * len(rows))}"
    )
    values = [
        [f.get_db_prep_save(getattr(row, f.attname), connection) for f in columns] for row in rows
    ]

    def insert() -> None:
        with connection.cursor() as cursor:
            cursor.execute(statement, [value for row in values for value in row])

    return insert


@pytest.mark.django_db(transaction=True)
@pytest.mark.timeout(900)
def test_a_year_of_sessions(pair: Callable[..., float]) -> None:
    program = weekly(25)
    # People and a room with five years behind them, at an hour at which they are free.
    lead = Facilitator.objects.filter(program=program).order_by("pk")[0]
    co = Facilitator.objects.filter(program=program).order_by("pk")[1]
    room = Room.objects.filter(site=program.site).order_by("pk")[0]
    group, series = make.make_group(program), make.make_series(program)
    first = TODAY + timedelta(days=7)
    sessions, slots = [], []
    for week in range(WEEKS):
        starts_at = datetime.combine(first + timedelta(weeks=week), time(19), NEW_YORK)
        session = GroupSession(
            program=program, series=series, room=room, local_date=starts_at.date(),
            starts_at=starts_at, ends_at=starts_at + timedelta(minutes=50),
        )  # fmt: skip
        sessions.append(session)
        slots += [
            SessionFacilitator(
                id=uuid4(), session=session, facilitator=who, person_id=who.user_id, part=part,
                starts_at=session.starts_at, ends_at=session.ends_at,
            )
            for who, part in ((lead, "lead"), (co, "co"))
        ]  # fmt: skip
    insert_sessions, insert_slots = raw_insert(sessions), raw_insert(slots)

    def checked() -> None:
        """Foreign keys are looked at when a transaction ends: here as well, before it is undone."""
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        transaction.set_rollback(True)

    def ours() -> None:
        with transaction.atomic():
            create_series(
                group=group, room=room, weekdays=[first.weekday()], starts=time(19),
                ends=time(19, 50), zone=program.zone, from_on=first,
                until_on=first + timedelta(weeks=WEEKS - 1), capacity=12, lead=lead, co=[co],
                by=None, at=clock.now(), accept=True,
            )  # fmt: skip
            checked()

    def by_hand() -> None:
        with transaction.atomic():
            insert_sessions()
            insert_slots()
            checked()

    pair(
        "52 sessions with two facilitators, clashes listed ÷ raw inserts", ours, by_hand, at_most=3
    )
