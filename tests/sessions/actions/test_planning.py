"""Making series of every kind: what is stored, in how many statements, and what it takes to undo."""

from datetime import UTC, date, datetime, time

import pytest
from django.db import IntegrityError, connection
from django.test.utils import CaptureQueriesContext

from phpsupport.access.roles import Role
from phpsupport.audit.models import AuditEvent
from phpsupport.lib.errors import Refused
from phpsupport.programs.models import Closure
from sessions.actions import planning
from sessions.actions.batches import undo_batch
from sessions.actions.ledger import picture
from sessions.actions.planning import create_series
from sessions.models import (
    BatchRow,
    CurriculumItem,
    GroupSeries,
    GroupSession,
    ScheduleBatch,
    SeriesFacilitator,
    SessionFacilitator,
)
from sessions.queries.series import pattern_in_words, pattern_of
from sessions.recurrence import KEEP, LAST, SHIFT, Times
from tests.factories import (
    make_facilitator,
    make_group,
    make_participant,
    make_program,
    make_room,
    make_staff,
)

AT = datetime(2026, 9, 1, 12, tzinfo=UTC)
MONDAY = 0
# A savepoint and its release, the locks, what is in the way, and the write.
QUERIES = 5
pytestmark = pytest.mark.django_db


class World:
    """A program with a group, a room and two facilitators."""

    def __init__(self) -> None:
        self.program = make_program()
        self.scheduler = make_staff(self.program, Role.SCHEDULER)
        self.group = make_group(self.program, "Morning Check-in Circle")
        self.room = make_room(self.program, "Harbor")
        self.ana = make_facilitator(self.program, first_name="Ana", last_name="Solís")
        self.devon = make_facilitator(self.program, first_name="Devon", last_name="Hale")

    def create(self, **asked):
        return create_series(
            **{
                "group": self.group,
                "room": self.room,
                "weekdays": [MONDAY],
                "starts": time(10),
                "ends": time(10, 50),
                "zone": self.program.zone,
                "from_on": date(2026, 10, 5),
                "until_on": date(2026, 12, 28),
                "capacity": 12,
                "lead": self.ana,
                "co": [self.devon],
                "by": self.scheduler,
                "at": AT,
                **asked,
            }
        )


@pytest.fixture
def world(db):
    return World()


def days(series):
    return list(series.sessions.order_by("starts_at").values_list("local_date", flat=True))


def test_every_second_week(world):
    series = world.create(every_weeks=2, until_on=date(2026, 11, 8))
    assert days(series) == [date(2026, 10, 5), date(2026, 10, 19), date(2026, 11, 2)]
    series.refresh_from_db()
    assert pattern_in_words(series) == "Every 2 weeks on Mondays, 10:00–10:50"


def test_some_weekdays_of_the_month(world):
    series = world.create(nth_of_month=[LAST, 2], until_on=date(2026, 11, 30))
    assert days(series) == [
        date(2026, 10, 12), date(2026, 10, 26), date(2026, 11, 9), date(2026, 11, 30),
    ]  # fmt: skip
    series.refresh_from_db()
    assert series.nth_of_month == [2, LAST]
    assert pattern_in_words(series) == "The 2nd and last Monday of the month, 10:00–10:50"


def test_further_times_of_the_week_and_one_of_them_left_out(world):
    more = [Times(frozenset({0, 3}), time(14), time(14, 50))]
    series = world.create(
        more_times=more, until_on=date(2026, 10, 12), leave_out={datetime(2026, 10, 5, 14)}
    )
    assert days(series) == [
        date(2026, 10, 5), date(2026, 10, 8), date(2026, 10, 12), date(2026, 10, 12),
    ]  # fmt: skip
    series.refresh_from_db()
    assert pattern_of(series).more_times == tuple(more)
    assert pattern_in_words(series) == (
        "Mondays, 10:00–10:50, and Mondays and Thursdays, 14:00–14:50"
    )


def test_a_number_of_sessions_gives_the_last_day(world):
    Closure.objects.create(program=world.program, date=date(2026, 10, 12), reason="Holiday")
    series = world.create(until_on=None, count=3)
    assert days(series) == [date(2026, 10, 5), date(2026, 10, 19), date(2026, 10, 26)]
    assert series.until_on == date(2026, 10, 26)


@pytest.mark.parametrize(("on_closure", "day"), [(SHIFT, 13), (KEEP, 12)])
def test_closed_days_move_or_stay_as_chosen(world, on_closure, day):
    Closure.objects.create(program=world.program, date=date(2026, 10, 12), reason="Holiday")
    series = world.create(on_closure=on_closure, until_on=date(2026, 10, 19))
    assert [d.day for d in days(series)] == [5, day, 19]
    assert GroupSeries.objects.get().on_closure == on_closure


def test_a_night_stands_on_the_day_on_which_it_begins(world):
    series = world.create(
        starts=time(23), ends=time(0, 30), ends_next_day=True, until_on=date(2026, 10, 5)
    )
    session = series.sessions.get()
    assert session.local_date == date(2026, 10, 5)
    assert session.ends_at == datetime(2026, 10, 6, 4, 30, tzinfo=UTC)
    series.refresh_from_db()
    assert pattern_of(series).ends_next_day
    assert pattern_in_words(series) == "Mondays, 23:00–0:30 on the next day"


def test_what_cannot_be_is_refused_before_anything_is_stored(world):
    for asked, words in (
        ({"until_on": None}, "after how many sessions"),
        ({"count": 3}, "Give one of the two"),
        ({"ends": time(9)}, "comes before the start"),
        ({"nth_of_month": [1], "every_weeks": 2}, "not by both"),
    ):
        with pytest.raises(Refused, match=words):
            world.create(**asked)
    assert not GroupSeries.objects.exists()


def test_a_retired_group_is_refused_even_when_it_was_read_before(world):
    world.group.__class__.objects.update(retired_on=date(2026, 9, 1))
    with pytest.raises(Refused, match="Morning Check-in Circle is retired"):
        world.create()


def test_who_retires_the_room_while_one_waits_for_it_wins(world, monkeypatch):
    """What is read together with the locks may be older than the locks."""
    world.room.retired_on = date(2026, 9, 1)
    world.room.save()
    monkeypatch.setattr(planning, "_still_offered", lambda *_: None)
    with pytest.raises(Refused, match="a moment ago"):
        world.create()
    assert not GroupSeries.objects.exists()


# --- one statement ----------------------------------------------------------------------------------
def test_three_statements_however_many_dates(world, django_assert_num_queries):
    with django_assert_num_queries(QUERIES):
        world.create(until_on=date(2026, 10, 6))
    with django_assert_num_queries(QUERIES):
        world.create(from_on=date(2026, 10, 12), until_on=date(2027, 10, 4))
    assert GroupSession.objects.count() == 53


def test_the_rows_are_what_the_models_would_make(world):
    """Columns that nobody chooses have the models' own values."""
    series = world.create(until_on=date(2026, 10, 5))
    series.refresh_from_db()
    session = series.sessions.get()
    session.full_clean()
    assert picture(session) == picture(
        GroupSession(
            program=world.program, series=series, room=world.room, local_date=date(2026, 10, 5),
            starts_at=datetime(2026, 10, 5, 14, tzinfo=UTC),
            ends_at=datetime(2026, 10, 5, 14, 50, tzinfo=UTC),
        )
    )  # fmt: skip
    assert session.sequence == session.attendance_version == 0
    for person, part in ((world.ana, "lead"), (world.devon, "co")):
        row = SessionFacilitator.objects.get(facilitator=person)
        assert picture(row) == picture(
            SessionFacilitator(
                session=session, facilitator=person, person=person.user, part=part,
                starts_at=session.starts_at, ends_at=session.ends_at,
            )
        )  # fmt: skip


def test_the_act_is_one_batch_with_every_row(world):
    series = world.create(until_on=date(2026, 10, 12))
    batch = ScheduleBatch.objects.get()
    assert (batch.kind, batch.series, batch.by) == ("created", series, world.scheduler)
    assert batch.summary == "Planned Morning Check-in Circle: Mondays, 10:00–10:50, 2 sessions"
    kept = {(row.table, row.row_id): row for row in BatchRow.objects.filter(batch=batch)}
    made = {
        (row._meta.label_lower, row.pk): row
        for model in (GroupSeries, SeriesFacilitator, GroupSession, SessionFacilitator)
        for row in model.objects.all()
    }
    assert kept.keys() == made.keys()
    for key, row in kept.items():
        assert row.before is None
        assert row.after == picture(made[key])


def test_the_act_is_in_the_trail_once(world):
    series = world.create(leave_out={date(2026, 10, 5)})
    found = AuditEvent.objects.get(action="series.created")
    assert (found.object_id, found.actor_id) == (series.pk, world.scheduler.pk)
    assert found.detail == {"sessions": 12, "left_out": 1, "not_cleared": 0, "set_aside": 0}


def test_the_act_is_undone_as_a_whole_and_its_time_is_free_again(world):
    series = world.create(until_on=date(2026, 10, 12))
    batch = ScheduleBatch.objects.get()
    undo_batch(batch=batch, by=world.scheduler, at=AT)
    assert not GroupSeries.objects.filter(pk=series.pk).exists()
    assert not SessionFacilitator.objects.exists()
    world.create(until_on=date(2026, 10, 12))
    batch.refresh_from_db()
    assert batch.undone_at == AT


def test_what_is_on_record_is_not_undone(world):
    series = world.create(until_on=date(2026, 10, 12))
    series.sessions.first().attendances.create(
        program=world.program, participant=make_participant(world.program), status="present",
        marked_at=AT,
    )  # fmt: skip
    with pytest.raises(Refused):
        undo_batch(batch=ScheduleBatch.objects.get(), by=world.scheduler, at=AT)
    assert series.sessions.count() == 2


def test_the_history_of_the_rows_is_kept(world):
    series = world.create(until_on=date(2026, 10, 12))
    assert series.sessions.first().events.count() == 1
    assert GroupSeries.objects.get().events.count() == 1


def test_the_guard_speaks_when_the_look_before_it_saw_nothing(world, monkeypatch):
    world.create()
    monkeypatch.setattr(planning, "refuse_obstacles", lambda *_, **__: [])
    with pytest.raises(Refused, match="taken by somebody else a moment ago") as caught:
        world.create(lead=None, co=[])
    assert isinstance(caught.value.__cause__, IntegrityError)
    assert GroupSeries.objects.count() == 1


# --- curriculum -------------------------------------------------------------------------------------
@pytest.fixture
def steps(world):
    return [
        CurriculumItem.objects.create(group=world.group, position=n, title=title)
        for n, title in enumerate(("Hope", "Choice", "People"))
    ]


def titles(series):
    return list(series.sessions.order_by("starts_at").values_list("item__title", flat=True))


def test_the_dates_take_the_steps_in_order_and_begin_again(world, steps):
    assert titles(world.create(until_on=None, count=5)) == [
        "Hope", "Choice", "People", "Hope", "Choice",
    ]  # fmt: skip


def test_a_chosen_step_comes_first_and_a_retired_one_not_at_all(world, steps):
    steps[2].retired_on = date(2026, 9, 1)
    steps[2].save()
    assert titles(world.create(until_on=None, count=3, first_item=steps[1])) == [
        "Choice", "Hope", "Choice",
    ]  # fmt: skip


def test_a_closed_group_goes_through_its_steps_once(world, steps):
    world.group.kind = "closed"
    world.group.save()
    assert titles(world.create(until_on=None, count=4, first_item=steps[1])) == [
        "Choice", "People", None, None,
    ]  # fmt: skip


def test_dates_left_out_take_no_step(world, steps):
    series = world.create(until_on=date(2026, 10, 19), leave_out={date(2026, 10, 12)})
    assert titles(series) == ["Hope", "Choice"]


def test_everything_is_written_in_one_statement(world):
    with CaptureQueriesContext(connection) as found:
        world.create()
    assert sum("INSERT INTO" in query["sql"] for query in found) == 1
