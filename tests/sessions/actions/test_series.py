"""Making, ending and handing over series."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from facilitators.models import Leave, TrainingRecord
from phpsupport.access.roles import Role
from phpsupport.audit.models import AuditEvent
from phpsupport.lib.errors import Refused
from phpsupport.programs.models import Closure
from sessions.actions.batches import undo_batch
from sessions.actions.booking import Clashes
from sessions.actions.enrollment import enroll
from sessions.actions.schedule import cancel_session
from sessions.actions.series import (
    create_series,
    edit_series,
    end_series,
    replace_facilitator,
)
from sessions.models import (
    Attendance,
    Enrollment,
    GroupSeries,
    GroupSession,
    Part,
    ScheduleBatch,
    SessionFacilitator,
    SessionState,
    WaitlistEntry,
    WaitOutcome,
)
from sessions.queries.editing import Edit
from tests.factories import (
    make_facilitator,
    make_group,
    make_participant,
    make_program,
    make_room,
    make_series,
    make_session,
    make_staff,
)

AT = datetime(2026, 9, 1, 12, tzinfo=UTC)
MONDAY = 0
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


def local(session):
    return session.starts_at.astimezone(ZoneInfo(session.series.zone))


def test_a_session_is_stored_for_every_date_with_its_people(world):
    series = world.create()
    sessions = list(series.sessions.all())
    assert len(sessions) == 13
    assert {s.local_date.weekday() for s in sessions} == {MONDAY}
    rows = SessionFacilitator.objects.filter(session__series=series)
    assert rows.count() == 26
    assert set(rows.values_list("person_id", "part")) == {
        (world.ana.user_id, Part.LEAD),
        (world.devon.user_id, Part.CO),
    }
    assert AuditEvent.objects.filter(action="series.created", object_id=series.pk).count() == 1


@pytest.mark.parametrize(
    ("from_on", "until_on", "change"),
    [
        (date(2026, 10, 19), date(2026, 11, 16), date(2026, 11, 1)),
        (date(2027, 3, 1), date(2027, 3, 29), date(2027, 3, 14)),
    ],
)
def test_the_wall_clock_stays_across_a_clock_change(world, from_on, until_on, change):
    series = world.create(from_on=from_on, until_on=until_on, weekdays=[0, 6])
    sessions = list(series.sessions.select_related("series"))
    assert {local(s).strftime("%H:%M") for s in sessions} == {"10:00"}
    assert {s.starts_at.hour for s in sessions if s.local_date < change} != {
        s.starts_at.hour for s in sessions if s.local_date >= change
    }
    assert all(local(s).date() == s.local_date for s in sessions)


def test_an_evening_past_midnight_in_utc_stands_on_its_local_day(world):
    series = world.create(starts=time(19, 30), ends=time(20, 20), weekdays=[1])
    first = series.sessions.select_related("series").order_by("starts_at").last()
    assert first.starts_at.date() != first.local_date
    assert local(first).date() == first.local_date
    assert first.local_date.weekday() == 1


def test_a_time_that_does_not_exist_gives_no_session(world):
    series = world.create(
        from_on=date(2027, 3, 7), until_on=date(2027, 3, 21), weekdays=[6],
        starts=time(2, 30), ends=time(3, 20),
    )  # fmt: skip
    assert [s.local_date for s in series.sessions.order_by("starts_at")] == [
        date(2027, 3, 7),
        date(2027, 3, 21),
    ]


def test_closed_days_and_dates_left_out_are_skipped(world):
    Closure.objects.create(program=world.program, date=date(2026, 10, 12), reason="Indigenous")
    series = world.create(leave_out={date(2026, 10, 19)})
    dates = set(series.sessions.values_list("local_date", flat=True))
    assert date(2026, 10, 12) not in dates
    assert date(2026, 10, 19) not in dates
    assert len(dates) == 11


def test_nothing_left_is_refused(world):
    Closure.objects.create(program=world.program, date=date(2026, 10, 5), reason="Cleaning")
    with pytest.raises(Refused, match="Every date is closed"):
        world.create(until_on=date(2026, 10, 6))
    with pytest.raises(Refused, match="No such weekday"):
        world.create(from_on=date(2026, 10, 6), until_on=date(2026, 10, 8))
    assert not GroupSeries.objects.exists()


def test_a_taken_room_is_named_with_the_group_and_the_time(world):
    world.create(lead=None, co=[])
    with pytest.raises(Clashes) as refusal:
        world.create(group=make_group(world.program), starts=time(10, 30), ends=time(11, 20))
    assert "Harbor is taken by Morning Check-in Circle until 10:50." in str(refusal.value)
    assert len(refusal.value.found) == 13
    assert "Mon 5 Oct" in str(refusal.value)
    assert GroupSeries.objects.count() == 1


def test_a_busy_facilitator_is_named(world):
    world.create()
    with pytest.raises(Clashes, match="Ana Solís is busy with Morning Check-in Circle until"):
        world.create(room=make_room(world.program))


def test_somebody_busy_in_another_program_is_told_without_its_group(world):
    other = make_program("Evening Program", site=world.program.site)
    there = make_facilitator(other, user=world.ana.user)
    series = make_series(other, facilitator=there, group=make_group(other, "Secret Circle"))
    make_session(series, date(2026, 10, 5))
    with pytest.raises(Clashes) as refusal:
        world.create()
    assert "busy with a group of Evening Program until 10:50" in str(refusal.value)
    assert "Secret" not in str(refusal.value)


def test_leave_is_a_clash_whatever_is_confirmed(world):
    Leave.objects.create(
        facilitator=world.ana, from_on=date(2026, 11, 2), until_on=date(2026, 11, 6)
    )
    with pytest.raises(Clashes, match=r"Mon 2 Nov: Ana Solís is on leave through Fri 6 Nov\."):
        world.create(accept_not_cleared=True)
    assert world.create(leave_out={date(2026, 11, 2)}).sessions.count() == 12


def test_not_cleared_needs_a_yes(world):
    TrainingRecord.objects.filter(facilitator=world.ana).update(expires_on=date(2026, 12, 1))
    with pytest.raises(Clashes) as refusal:
        world.create()
    assert refusal.value.code == "not_cleared"
    assert "Ana Solís is not cleared: " in str(refusal.value)
    assert {o.index for o in refusal.value.found} == {9, 10, 11, 12}
    assert world.create(accept_not_cleared=True).sessions.count() == 13


def test_somebody_who_left_cannot_be_confirmed(world):
    world.ana.ended_on = date(2026, 11, 30)
    world.ana.save()
    with pytest.raises(Clashes, match="No longer works with the program"):
        world.create(accept_not_cleared=True)


def test_one_person_twice_and_a_stranger_are_refused(world):
    with pytest.raises(Refused, match="named twice"):
        world.create(co=[world.ana])
    stranger = make_facilitator(make_program())
    with pytest.raises(Refused, match="facilitators of this program"):
        world.create(lead=stranger)


def test_a_retired_room_or_group_is_refused(world):
    world.room.retired_on = date(2026, 10, 1)
    world.room.save()
    with pytest.raises(Refused, match="Harbor is no longer in use"):
        world.create()


def test_a_back_to_back_session_does_not_clash(world):
    world.create()
    world.create(starts=time(10, 50), ends=time(11, 40), accept=True)
    assert GroupSession.objects.count() == 26


# --- ending ---------------------------------------------------------------------------------------
def test_ending_cancels_what_comes_and_keeps_what_was(world):
    series = world.create()
    sessions = list(series.sessions.order_by("starts_at"))
    held = sessions[0]
    held.state = SessionState.HELD
    held.save()
    person = make_participant(world.program)
    place = enroll(
        series=series, participant=person, from_on=date(2026, 10, 5), by=world.scheduler, at=AT
    ).enrollment
    at = datetime(2026, 10, 20, 12, tzinfo=UTC)
    count = end_series(series=series, last_on=date(2026, 10, 26), by=world.scheduler, at=at)
    assert count == 9
    states = list(series.sessions.order_by("starts_at").values_list("state", flat=True))
    assert states == ["held", *["scheduled"] * 3, *["cancelled"] * 9]
    assert not SessionFacilitator.objects.filter(session=sessions[-1], active=True).exists()
    place.refresh_from_db()
    assert place.until_on == date(2026, 10, 26)
    series.refresh_from_db()
    assert series.until_on == date(2026, 10, 26)
    assert end_series(series=series, last_on=date(2026, 10, 26), by=world.scheduler, at=at) == 0


def test_ending_closes_the_waitlist_and_takes_back_what_never_began(world):
    series = world.create(capacity=1)
    for _ in range(2):
        enroll(
            series=series, participant=make_participant(world.program),
            from_on=date(2026, 12, 1), by=world.scheduler, at=AT,
        )  # fmt: skip
    end_series(series=series, last_on=date(2026, 11, 2), by=world.scheduler, at=AT)
    assert not Enrollment.objects.exists()
    assert WaitlistEntry.objects.get().outcome == WaitOutcome.LEFT


def test_a_recorded_session_is_not_cancelled_by_the_end(world):
    series = world.create()
    last = series.sessions.order_by("starts_at").last()
    Attendance.objects.create(
        program=world.program, session=last, participant=make_participant(world.program),
        status="present", marked_at=AT,
    )  # fmt: skip
    end_series(series=series, last_on=date(2026, 10, 5), by=world.scheduler, at=AT)
    last.refresh_from_db()
    assert last.state == SessionState.SCHEDULED


def test_an_end_in_the_past_or_after_the_end_is_refused(world):
    series = world.create()
    at = datetime(2026, 11, 1, 12, tzinfo=UTC)
    with pytest.raises(Refused, match="That day is over"):
        end_series(series=series, last_on=date(2026, 10, 5), by=world.scheduler, at=at)
    with pytest.raises(Refused, match="ends on Mon 28 Dec 2026 anyway"):
        end_series(series=series, last_on=date(2027, 1, 5), by=world.scheduler, at=at)


def test_what_was_cancelled_before_does_not_come_back_behind_the_end(world):
    series = world.create()
    late = series.sessions.latest("starts_at")
    cancel_session(session=late, reason="Snow", by=world.scheduler, at=AT)
    snow = ScheduleBatch.objects.get(kind="cancelled")
    end_series(series=series, last_on=date(2026, 11, 30), by=world.scheduler, at=AT)
    with pytest.raises(Refused, match="ends on Mon 30 Nov by now"):
        undo_batch(batch=snow, by=world.scheduler, at=AT)
    undo_batch(batch=ScheduleBatch.objects.get(kind="series-ended"), by=world.scheduler, at=AT)
    undo_batch(batch=snow, by=world.scheduler, at=AT)
    assert series.sessions.filter(state="scheduled").count() == 13


# --- handing over ---------------------------------------------------------------------------------
def replace(world, series, new, at=AT, **asked):
    return replace_facilitator(
        **{
            "series": series,
            "old": world.ana,
            "new": new,
            "from_on": date(2026, 11, 1),
            "by": world.scheduler,
            "at": at,
            **asked,
        }
    )


def test_somebody_else_leads_from_a_day_on(world):
    series = world.create(co=[])
    bea = make_facilitator(world.program, first_name="Bea")
    assert replace(world, series, bea) == 9
    before, after = (
        set(
            SessionFacilitator.objects.filter(
                session__series=series, **{f"session__local_date__{when}": date(2026, 11, 1)}
            ).values_list("facilitator_id", "part")
        )
        for when in ("lt", "gte")
    )
    assert before == {(world.ana.pk, "lead")}
    assert after == {(bea.pk, "lead")}
    # Ana leads it until the day before, so she still sees its roster and is asked nothing anew.
    assert set(series.assignments.values_list("facilitator_id", "from_on", "until_on")) == {
        (world.ana.pk, None, date(2026, 10, 31)),
        (bea.pk, date(2026, 11, 1), None),
    }


def days_of(series):
    """Who usually leads it, with first and last day."""
    rows = series.assignments.order_by("from_on", "pk")
    return {row.facilitator_id: (row.from_on, row.until_on) for row in rows}


def test_handed_over_from_today_nothing_is_left_of_who_stops(world):
    series = world.create(co=[])
    bea = make_facilitator(world.program, first_name="Bea")
    at = datetime(2026, 10, 20, 15, tzinfo=UTC)
    replace(world, series, bea, from_on=date(2026, 10, 20), at=at)
    assert days_of(series) == {bea.pk: (date(2026, 10, 20), None)}


def test_handed_over_from_tomorrow_today_is_still_theirs(world):
    series = world.create(co=[])
    bea = make_facilitator(world.program, first_name="Bea")
    at = datetime(2026, 10, 20, 15, tzinfo=UTC)
    replace(world, series, bea, from_on=date(2026, 10, 21), at=at)
    assert days_of(series) == {
        world.ana.pk: (None, date(2026, 10, 20)),
        bea.pk: (date(2026, 10, 21), None),
    }


def test_the_same_hand_over_again_is_refused_and_changes_nothing(world):
    series = world.create(co=[])
    bea = make_facilitator(world.program, first_name="Bea")
    replace(world, series, bea)
    before = days_of(series)
    with pytest.raises(Refused, match="No coming session"):
        replace(world, series, bea)
    assert days_of(series) == before


def test_handed_over_earlier_than_said_before(world):
    series = world.create(co=[])
    bea = make_facilitator(world.program, first_name="Bea")
    replace(world, series, bea)
    replace(world, series, bea, from_on=date(2026, 10, 19))
    assert days_of(series) == {
        world.ana.pk: (None, date(2026, 10, 18)),
        bea.pk: (date(2026, 10, 19), None),
    }


def test_handed_back_whoever_had_stopped_begins_anew(world):
    series = world.create(co=[])
    bea = make_facilitator(world.program, first_name="Bea")
    replace(world, series, bea, from_on=date(2026, 10, 12))
    series.assignments.filter(facilitator=world.ana).update(answer="accepted", answered_at=AT)
    replace(
        world, series, world.ana, old=bea, from_on=date(2026, 11, 9),
        at=datetime(2026, 10, 20, 15, tzinfo=UTC),
    )  # fmt: skip
    assert days_of(series) == {
        bea.pk: (date(2026, 10, 12), date(2026, 11, 8)),
        world.ana.pk: (date(2026, 11, 9), None),
    }
    assert series.assignments.get(facilitator=world.ana).answer == ""


def test_a_hand_over_from_later_on_goes_back_as_a_whole(world):
    series = world.create(co=[])
    bea = make_facilitator(world.program, first_name="Bea")
    replace(world, series, bea)
    batch = ScheduleBatch.objects.get(kind="handed-over")
    undo_batch(batch=batch, by=world.scheduler, at=AT + timedelta(minutes=1))
    assert days_of(series) == {world.ana.pk: (None, None)}
    assert not SessionFacilitator.objects.filter(facilitator=bea).exists()


def test_whoever_leads_from_a_day_on_by_an_edit_is_dated_in_the_same_way(world):
    series = world.create(co=[])
    bea = make_facilitator(world.program, first_name="Bea")
    edit_series(
        series=series, edit=Edit(people=((bea, "lead"),)), scope="following",
        from_on=date(2026, 11, 2), by=world.scheduler, at=AT, accept=True,
    )  # fmt: skip
    assert days_of(series) == {
        world.ana.pk: (None, date(2026, 11, 1)),
        bea.pk: (date(2026, 11, 2), None),
    }


def test_new_dates_are_led_by_whoever_leads_that_day(world):
    series = world.create(co=[])
    bea = make_facilitator(world.program, first_name="Bea")
    replace(world, series, bea)
    edit_series(
        series=series, edit=Edit(weekdays=[0, 2, 3]), scope="all", by=world.scheduler, at=AT,
        accept=True,
    )  # fmt: skip
    led = SessionFacilitator.objects.filter(session__series=series)
    assert {
        (row.facilitator_id == bea.pk, row.session.local_date >= date(2026, 11, 1))
        for row in led.select_related("session")
    } == {(True, True), (False, False)}


def test_the_new_person_must_be_free(world):
    series = world.create(co=[])
    bea = make_facilitator(world.program, first_name="Bea", last_name="Ruiz")
    world.create(
        room=make_room(world.program), lead=bea, co=[], group=make_group(world.program, "Nook")
    )
    with pytest.raises(Clashes, match="Bea Ruiz is busy with Nook"):
        replace(world, series, bea)
    assert not SessionFacilitator.objects.filter(session__series=series, facilitator=bea).exists()


def test_whoever_co_facilitated_may_take_over(world):
    series = world.create()
    assert replace(world, series, world.devon, from_on=date(2026, 10, 1)) == 13
    rows = SessionFacilitator.objects.filter(session__series=series)
    assert set(rows.values_list("facilitator_id", "part")) == {(world.devon.pk, "lead")}
    assert list(series.assignments.values_list("facilitator_id", "part")) == [
        (world.devon.pk, "lead")
    ]


def test_nobody_filled_by_somebody(world):
    series = world.create(lead=None, co=[])
    assert replace(world, series, world.ana, old=None) == 9
    assert SessionFacilitator.objects.filter(facilitator=world.ana).count() == 9


def test_held_sessions_keep_who_led_them(world):
    series = world.create(co=[])
    held = series.sessions.order_by("starts_at").last()
    held.state = SessionState.HELD
    held.save()
    assert replace(world, series, world.devon) == 8
    assert held.assignments.get().facilitator_id == world.ana.pk


def test_the_same_person_or_nobody_is_refused(world):
    series = world.create()
    with pytest.raises(Refused, match="somebody else than before"):
        replace(world, series, world.ana)
    with pytest.raises(Refused, match="Choose who leads"):
        replace(world, series, None, old=None)
