"""Editing a series: this one, this and the following, all. Held history never changes."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from phpsupport.access.roles import Role
from phpsupport.lib.errors import Refused
from phpsupport.outbox.models import OutboxMessage
from phpsupport.programs.models import Closure
from sessions.actions.batches import undo_batch
from sessions.actions.booking import Clashes
from sessions.actions.schedule import cancel_session, move_session, staff_session
from sessions.actions.series import create_series, edit_series, end_series
from sessions.models import (
    Attendance,
    CurriculumItem,
    Enrollment,
    GroupNoteDraft,
    GroupSeries,
    GroupSession,
    ScheduleBatch,
    SessionState,
)
from sessions.queries.batches import KEPT
from sessions.queries.consequence import consequence
from sessions.queries.editing import Edit, plan_edit
from sessions.queries.series import dates_of_series, led_by
from sessions.recurrence import Times
from tests.factories import (
    enroll,
    make_facilitator,
    make_group,
    make_participant,
    make_program,
    make_room,
    make_staff,
)

AT = datetime(2026, 9, 1, 12, tzinfo=UTC)
MONDAYS = [date(2026, 10, 5) + timedelta(days=7 * n) for n in range(8)]
pytestmark = pytest.mark.django_db


class World:
    """A group on eight Mondays at 10:00, across the end of daylight saving time."""

    def __init__(self) -> None:
        self.program = make_program()
        self.by = make_staff(self.program, Role.SCHEDULER)
        self.ana = make_facilitator(self.program, first_name="Ana", last_name="Solís")
        self.bea = make_facilitator(self.program, first_name="Bea", last_name="Ruiz")
        self.harbor = make_room(self.program, "Harbor")
        self.garden = make_room(self.program, "Garden")
        self.group = make_group(self.program, "Circle")
        self.series = self.make()
        self.person = make_participant(self.program)
        enroll(self.series, self.person)

    def make(self, **asked):
        return create_series(**{
            "group": self.group, "room": self.harbor, "weekdays": [0], "starts": time(10),
            "ends": time(10, 50), "zone": self.program.zone, "from_on": MONDAYS[0],
            "until_on": MONDAYS[-1], "capacity": 12, "lead": self.ana, "by": self.by, "at": AT,
            **asked,
        })  # fmt: skip

    def edit(self, scope="all", *, session=None, from_on=None, **asked):
        how = {k: asked.pop(k) for k in ("reset_exceptions", "leave_out", "accept") if k in asked}
        return edit_series(
            series=self.series, edit=Edit(**asked.pop("edit", {}), **{
                k: asked.pop(k) for k in list(asked) if k in Edit.__dataclass_fields__
            }), scope=scope, session=session, from_on=from_on, by=self.by,
            at=asked.pop("at", AT), **how,
        )  # fmt: skip

    def when(self, state="scheduled"):
        """Local days and starts of the sessions in a state."""
        zone = ZoneInfo(self.program.zone)
        return [
            (s.local_date, f"{s.starts_at.astimezone(zone):%H:%M}")
            for s in GroupSession.objects.filter(series=self.series, state=state).order_by(
                "starts_at"
            )
        ]

    def session(self, n):
        return self.series.sessions.order_by("starts_at")[n]


@pytest.fixture
def world(db):
    return World()


def everything():
    return {
        model: {
            row["id"]: {k: v for k, v in row.items() if k not in ("sequence", "changed_at")}
            for row in model.objects.values()
        }
        for model in KEPT
    }


# --- what changes -----------------------------------------------------------------------------------
def test_another_time_for_all_keeps_the_wall_clock_over_the_change_of_the_clocks(world):
    ids = set(world.series.sessions.values_list("pk", flat=True))
    world.edit(starts=time(13), ends=time(13, 50))
    assert world.when() == [(day, "13:00") for day in MONDAYS]
    assert {s.starts_at.hour for s in world.series.sessions.all()} == {17, 18}
    assert set(world.series.sessions.values_list("pk", flat=True)) == ids
    world.series.refresh_from_db()
    assert (world.series.starts, world.series.ends) == (time(13), time(13, 50))
    assert set(world.series.sessions.values_list("assignments__person", flat=True)) == {
        world.ana.user_id
    }


def test_another_weekday_moves_each_week_s_session_within_its_week(world):
    before = {s.pk: s.local_date for s in world.series.sessions.all()}
    world.edit(weekdays=[2])
    after = {s.pk: s.local_date for s in world.series.sessions.all() if s.pk in before}
    assert all(
        after[pk] == day + timedelta(days=2) for pk, day in before.items() if day != MONDAYS[-1]
    )
    # The last week's Wednesday lies after the last day, so that session is cancelled.
    assert world.when("cancelled") == [(MONDAYS[-1], "10:00")]


def test_this_and_following_leaves_what_comes_before(world):
    world.edit("following", session=world.session(3), starts=time(15), ends=time(15, 50))
    assert world.when() == [(d, "10:00") for d in MONDAYS[:3]] + [(d, "15:00") for d in MONDAYS[3:]]


def test_this_one_alone_becomes_an_exception(world):
    world.edit("this", session=world.session(2), starts=time(15), ends=time(15, 50))
    assert [hour for _, hour in world.when()] == ["10:00"] * 2 + ["15:00"] + ["10:00"] * 5
    assert world.session(2).moved
    world.series.refresh_from_db()
    assert world.series.starts == time(10)


def test_a_longer_series_gets_more_sessions_with_its_people_and_steps(world):
    steps = [
        CurriculumItem.objects.create(group=world.group, position=n, title=f"Step {n}")
        for n in range(1, 11)
    ]
    for session, step in zip(world.series.sessions.order_by("starts_at"), steps, strict=False):
        session.item = step
        session.save()
    world.edit(until_on=MONDAYS[-1] + timedelta(days=14))
    new = list(world.series.sessions.order_by("starts_at"))[8:]
    assert [s.item for s in new] == steps[8:]
    assert {s.assignments.get().facilitator for s in new} == {world.ana}


def test_a_shorter_series_cancels_what_is_too_many(world):
    world.edit(until_on=MONDAYS[5])
    assert len(world.when()) == 6
    assert set(
        world.series.sessions.filter(state="cancelled").values_list("state_reason", flat=True)
    ) == {"The series changed"}
    # And gets them again when it is made longer again.
    world.edit(until_on=MONDAYS[7], at=AT + timedelta(minutes=1))
    assert len(world.when()) == 8


def test_several_weekdays_and_times(world):
    world.edit(
        weekdays=[0, 2], more_times=[Times(frozenset([4]), time(14), time(14, 50))],
        until_on=MONDAYS[1] - timedelta(days=1),
    )  # fmt: skip
    assert world.when() == [
        (date(2026, 10, 5), "10:00"),
        (date(2026, 10, 7), "10:00"),
        (date(2026, 10, 9), "14:00"),
    ]
    assert len(world.when("cancelled")) == 7


def test_every_second_week_keeps_the_weeks_of_the_series(world):
    world.edit(every_weeks=2)
    assert [day for day, _ in world.when()] == MONDAYS[::2]


def test_from_weeks_to_months_at_the_end_of_the_month(world):
    world.edit(nth_of_month=[-1], until_on=date(2027, 1, 31))
    assert [day for day, _ in world.when()] == [
        date(2026, 10, 26), date(2026, 11, 30), date(2026, 12, 28), date(2027, 1, 25),
    ]  # fmt: skip


def test_a_time_that_does_not_exist_cancels_nothing_in_silence(world):
    """The last date falls into the hour that the clocks skip: it is listed, not moved."""
    series = world.series = world.make(
        weekdays=[6], room=world.garden, lead=None, from_on=date(2027, 3, 7),
        until_on=date(2027, 3, 21),
    )  # fmt: skip
    world.edit(starts=time(2, 30), ends=time(3, 20), accept=True)
    assert world.when() == [(date(2027, 3, 7), "02:30"), (date(2027, 3, 21), "02:30")]
    assert world.when("cancelled") == [(date(2027, 3, 14), "10:00")]
    assert ScheduleBatch.objects.filter(series=series, kind="series-edited").count() == 1


def test_room_and_people_follow_and_the_roster_stays(world):
    world.edit(room=world.garden, people=((world.bea, "lead"), (world.ana, "co")))
    assert set(world.series.sessions.values_list("room__name", flat=True)) == {"Garden"}
    assert set(world.series.assignments.values_list("facilitator", "part")) == {
        (world.bea.pk, "lead"),
        (world.ana.pk, "co"),
    }
    assert Enrollment.objects.get().until_on is None
    assert not OutboxMessage.objects.filter(kind__startswith="session_").exists()


def test_closed_days_follow_the_choice_of_the_series(world):
    Closure.objects.create(program=world.program, date=MONDAYS[2], reason="Holiday")
    world.edit(starts=time(11), ends=time(11, 50), on_closure="shift")
    assert (MONDAYS[2] + timedelta(days=1), "11:00") in world.when()
    world.edit(on_closure="keep", at=AT + timedelta(minutes=1))
    assert [day for day, _ in world.when()] == MONDAYS


# --- from a later day on ----------------------------------------------------------------------------
LATER = MONDAYS[4]


def after_a_change_from_later_on(world, **asked):
    """The last four sessions were changed, the first four still stand as before."""
    world.edit("following", from_on=LATER, **asked)
    return world.when()


def test_only_what_the_editor_changes_is_changed(world):
    """The row says 14:00, four sessions stand at 10:00: another room leaves both alone."""
    before = after_a_change_from_later_on(world, starts=time(14), ends=time(14, 50))
    assert [hour for _, hour in before] == ["10:00"] * 4 + ["14:00"] * 4
    world.edit(room=world.garden, starts=time(14), ends=time(14, 50), weekdays=[0])
    assert world.when() == before
    assert set(world.series.sessions.values_list("room__name", flat=True)) == {"Garden"}


def test_nor_does_another_weekday_from_later_on_move_what_comes_before(world):
    before = after_a_change_from_later_on(world, weekdays=[2])
    assert [day.weekday() for day, _ in before] == [0] * 4 + [2] * 3
    world.edit(people=((world.bea, "lead"),))
    assert world.when() == before
    assert len(world.when("cancelled")) == 1


def test_nor_does_meeting_less_often_cancel_what_comes_before(world):
    before = after_a_change_from_later_on(world, every_weeks=2)
    assert [day for day, _ in before] == [*MONDAYS[:4], MONDAYS[4], MONDAYS[6]]
    world.edit(room=world.garden)
    assert world.when() == before


def test_another_day_alone_keeps_each_hour_and_another_hour_each_day(world):
    after_a_change_from_later_on(world, starts=time(14), ends=time(14, 50))
    world.edit(weekdays=[1])
    tuesdays = [day + timedelta(days=1) for day in MONDAYS[:7]]
    assert world.when() == [(d, "10:00") for d in tuesdays[:4]] + [
        (d, "14:00") for d in tuesdays[4:]
    ]
    world.edit(starts=time(15), ends=time(15, 50), at=AT + timedelta(minutes=1))
    assert world.when() == [(d, "15:00") for d in tuesdays]


def test_they_come_to_the_series_where_that_is_asked_for(world):
    after_a_change_from_later_on(world, starts=time(14), ends=time(14, 50))
    world.edit(reset_exceptions=True)
    assert world.when() == [(day, "14:00") for day in MONDAYS]


def test_the_page_calls_nobody_moved_who_was_not(world):
    after_a_change_from_later_on(world, starts=time(14), ends=time(14, 50))
    series = GroupSeries.objects.annotate(people=led_by("series")).get()
    coming = dates_of_series(series, at=AT).coming
    assert [line.line for line in coming] == ["not at the usual time"] * 4 + [""] * 4
    # What is over is no exception: it was the usual time then.
    past = dates_of_series(series, at=datetime(2026, 10, 30, tzinfo=UTC)).past
    assert [line.line for line in past] == [""] * 4


def test_a_session_on_a_day_that_was_closed_since_is_not_cancelled_in_silence(world):
    """What becomes of it is a question of its own, which somebody answers."""
    Closure.objects.create(program=world.program, date=MONDAYS[2], reason="Holiday")
    world.edit(people=((world.bea, "lead"),), accept=True)
    assert [day for day, _ in world.when()] == MONDAYS


def test_such_a_session_is_left_alone_when_it_is_chosen_to_be(world):
    Closure.objects.create(program=world.program, date=MONDAYS[2], reason="Holiday")
    world.edit(room=world.garden, leave_out={MONDAYS[2]})
    rooms = world.series.sessions.order_by("starts_at").values_list("room__name", flat=True)
    assert list(rooms) == ["Garden"] * 2 + ["Harbor"] + ["Garden"] * 5


# --- left out ---------------------------------------------------------------------------------------
@pytest.fixture
def left_out(world):
    """A series in which the second Monday was left out when it was planned."""
    world.series = world.make(
        group=make_group(world.program, "Nook"), room=world.garden, lead=world.bea,
        leave_out={MONDAYS[1]},
    )  # fmt: skip
    return world


@pytest.mark.parametrize(
    "edit",
    [
        {"people": "ana"},
        {"room": "harbor"},
        {"starts": time(15), "ends": time(15, 50)},
        {"weekdays": [2]},
        {"starts": time(15), "ends": time(15, 50), "reset_exceptions": True},
    ],
)
def test_a_date_that_was_left_out_stays_so(left_out, edit):
    """Also where what was in its way then is still there."""
    world = left_out
    circle = GroupSeries.objects.get(group=world.group)
    circle.sessions.exclude(local_date=MONDAYS[1]).delete()
    if "people" in edit:
        edit = {"people": ((world.ana, "lead"),)}
    if "room" in edit:
        edit = {"room": world.harbor}
    world.edit(**edit, accept=True)
    weeks = {day - timedelta(days=day.weekday()) for day, _ in world.when()}
    assert weeks == {*MONDAYS} - {MONDAYS[1]} - ({MONDAYS[7]} if "weekdays" in edit else set())


def test_new_dates_of_its_week_are_made_all_the_same(left_out):
    left_out.edit(weekdays=[0, 2], until_on=MONDAYS[2])
    assert [day for day, _ in left_out.when()] == [
        MONDAYS[0], MONDAYS[0] + timedelta(days=2), MONDAYS[1] + timedelta(days=2), MONDAYS[2],
    ]  # fmt: skip


def test_a_new_date_that_an_edit_left_out_stays_out(world):
    world.edit(until_on=MONDAYS[-1] + timedelta(days=14), leave_out={MONDAYS[-1] + timedelta(7)})
    assert len(world.when()) == 9
    world.edit(starts=time(11), ends=time(11, 50), at=AT + timedelta(minutes=1))
    assert len(world.when()) == 9


def test_leaving_out_is_undone_with_what_it_belongs_to(left_out):
    before = everything()
    batch = left_out.edit(weekdays=[2], starts=time(15), ends=time(15, 50))
    undo_batch(batch=batch, by=left_out.by, at=AT + timedelta(minutes=1))
    assert everything() == before


# --- what stays -------------------------------------------------------------------------------------
def held(world, session):
    GroupSession.objects.filter(pk=session.pk).update(state=SessionState.HELD)


def attended(world, session):
    Attendance.objects.create(
        program=world.program, session=session, participant=world.person, status="excused",
        marked_at=AT,
    )  # fmt: skip


def drafted(world, session):
    GroupNoteDraft.objects.create(
        program=world.program, session=session, author=world.ana.user, saved_at=AT
    )


@pytest.mark.parametrize("recorded", [held, attended, drafted])
def test_history_stays_and_no_second_session_is_made_beside_it(world, recorded):
    session = world.session(1)
    recorded(world, session)
    before = GroupSession.objects.filter(pk=session.pk).values().get()
    world.edit(weekdays=[2], starts=time(13), ends=time(13, 50), reset_exceptions=True)
    assert GroupSession.objects.filter(pk=session.pk).values().get() == before
    week = {day + timedelta(days=n) for day in MONDAYS[1:2] for n in range(7)}
    assert world.series.sessions.filter(local_date__in=week).count() == 1


def test_what_has_begun_stays(world):
    at = datetime(2026, 10, 12, 14, 5, tzinfo=UTC)  # 10:05 on the second Monday
    world.edit(starts=time(13), ends=time(13, 50), at=at)
    assert [hour for _, hour in world.when()] == ["10:00"] * 2 + ["13:00"] * 6


def test_a_time_that_would_be_over_today_is_left(world):
    at = datetime(2026, 10, 12, 13, 30, tzinfo=UTC)  # 9:30 on the second Monday
    world.edit(starts=time(9), ends=time(9, 50), at=at)
    assert [hour for _, hour in world.when()] == ["10:00"] * 2 + ["09:00"] * 6


def test_an_exception_survives_unless_it_is_reset(world):
    session = world.session(2)
    move_session(
        session=session, on=MONDAYS[2] + timedelta(days=1), starts=time(16), ends=time(16, 50),
        room=world.garden, by=world.by, at=AT,
    )  # fmt: skip
    staff_session(session=world.session(4), lead=world.bea, by=world.by, at=AT)
    world.edit(starts=time(11), ends=time(11, 50))
    assert world.when()[2] == (MONDAYS[2] + timedelta(days=1), "16:00")
    assert world.when()[4] == (MONDAYS[4], "10:00")
    assert len(world.when()) == 8
    world.edit(starts=time(12), ends=time(12, 50), reset_exceptions=True)
    assert world.when() == [(day, "12:00") for day in MONDAYS]
    session.refresh_from_db()
    assert (session.moved, session.room) == (False, world.harbor)
    assert world.session(4).assignments.get().facilitator == world.ana


def test_what_a_person_cancelled_does_not_come_back(world):
    cancel_session(session=world.session(3), reason="Snow", by=world.by, at=AT)
    world.edit(starts=time(11), ends=time(11, 50), reset_exceptions=True)
    assert [day for day, _ in world.when()] == [d for d in MONDAYS if d != MONDAYS[3]]


def test_dates_that_are_left_out_stay_as_they_are(world):
    other = world.make(
        group=make_group(world.program, "Nook"), lead=world.bea, starts=time(13), ends=time(13, 50),
        from_on=MONDAYS[1], until_on=MONDAYS[1],
    )  # fmt: skip
    with pytest.raises(Clashes, match=r"Harbor is taken by Nook until 13:50\.") as refusal:
        world.edit(starts=time(13), ends=time(13, 50))
    assert refusal.value.dates == (MONDAYS[1],)
    world.edit(starts=time(13), ends=time(13, 50), leave_out={MONDAYS[1]})
    assert [hour for _, hour in world.when()] == ["13:00", "10:00"] + ["13:00"] * 6
    assert other.sessions.get().starts_at.hour == 17


# --- refused ----------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({}, "Nothing would change"),
        ({"until_on": date(2026, 8, 1)}, "comes before the first|That day is over"),
        ({"starts": time(10), "ends": time(10)}, "whole day"),
        ({"weekdays": []}, "at least one weekday"),
    ],
)
def test_what_cannot_be_is_refused(world, asked, words):
    with pytest.raises(Refused, match=words):
        world.edit(**asked)


def test_an_ended_series_is_not_edited(world):
    end_series(series=world.series, last_on=MONDAYS[3], by=world.by, at=AT)
    with pytest.raises(Refused, match="has ended"):
        world.edit(starts=time(13), ends=time(13, 50))


def test_a_second_click_changes_nothing_more(world):
    world.edit(starts=time(13), ends=time(13, 50))
    with pytest.raises(Refused, match="like that already"):
        world.edit(starts=time(13), ends=time(13, 50))
    assert ScheduleBatch.objects.filter(kind="series-edited").count() == 1


# --- told and undone --------------------------------------------------------------------------------
def test_people_are_told_of_the_near_dates(world):
    at = datetime(2026, 10, 2, 12, tzinfo=UTC)
    world.edit(starts=time(13), ends=time(13, 50), at=at)
    told = OutboxMessage.objects.filter(kind="session_moved")
    assert {m.recipient_id for m in told} == {world.person.pk, world.ana.user_id}
    assert told.filter(recipient_id=world.person.pk).count() == 2


@pytest.mark.parametrize(
    "edit",
    [
        {"starts": time(13), "ends": time(13, 50)},
        {"weekdays": [1, 3], "until_on": MONDAYS[-1] + timedelta(days=20)},
        {"nth_of_month": [1]},
        {"every_weeks": 2, "on_closure": "shift"},
    ],
)
def test_an_edit_is_undone_to_the_row(world, edit):
    staff_session(session=world.session(4), lead=world.bea, by=world.by, at=AT)
    before = everything()
    batch = world.edit(
        **edit, room=world.garden, people=((world.bea, "lead"),), reset_exceptions=True
    )
    assert everything() != before
    undo_batch(batch=batch, by=world.by, at=AT + timedelta(minutes=1))
    assert everything() == before


def test_the_consequence_is_what_then_happens(world):
    held(world, world.session(0))
    staff_session(session=world.session(4), lead=world.bea, by=world.by, at=AT)
    at = datetime(2026, 10, 2, 12, tzinfo=UTC)
    edit = Edit(weekdays=[0, 2], starts=time(13), ends=time(13, 50), until_on=MONDAYS[5])
    plan = plan_edit(series=world.series, edit=edit, scope="all", at=at)
    told = consequence(
        program=world.program, targets=plan.targets, fresh=plan.fresh, at=at,
        untouched=plan.untouched,
    )  # fmt: skip
    assert told.counts == {"moved": 4, "staffed": 0, "cancelled": 2, "made": 5}
    assert told.summary == "4 sessions move, 2 are cancelled and 5 are new."
    assert [line.word for line in told.untouched] == ["Stays as it is"] * 2
    assert (told.participants, told.facilitators) == (1, ("Ana Solís",))
    assert told.told == "1 participant and Ana Solís get 2 neutral messages."
    batch = edit_series(series=world.series, edit=edit, scope="all", by=world.by, at=at)
    rows = batch.rows.filter(table="group_sessions.groupsession")
    assert rows.count() == 4 + 2 + 5
    assert (
        OutboxMessage.objects.filter(kind__in=["session_moved", "session_cancelled"]).count() == 2
    )


def test_the_queries_do_not_grow_with_the_sessions(world, django_assert_num_queries):
    def both(n):
        return world.edit(starts=time(13), ends=time(13, 30 + n), until_on=MONDAYS[-1])

    with django_assert_num_queries(QUERIES):
        both(1)
    world.series = world.make(
        room=world.garden, lead=world.bea, from_on=date(2027, 1, 4), until_on=date(2027, 12, 27)
    )
    with django_assert_num_queries(QUERIES):
        world.edit(starts=time(13), ends=time(13, 31))


QUERIES = 34
