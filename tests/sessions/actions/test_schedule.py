"""One session: moving it, who leads it, cancelling it."""

from datetime import UTC, date, datetime, time

import pytest

from facilitators.models import TrainingRecord
from phpsupport.access.roles import Role
from phpsupport.audit.models import AuditEvent
from phpsupport.lib.errors import Refused
from phpsupport.outbox.delivery import Planned, enqueue
from phpsupport.outbox.models import OutboxMessage, State
from phpsupport.programs.models import Closure
from sessions.actions.booking import Clashes
from sessions.actions.schedule import cancel_session, move_session, staff_session
from sessions.models import Attendance, GroupNoteDraft, SessionState
from tests.factories import (
    enroll,
    make_facilitator,
    make_group,
    make_participant,
    make_program,
    make_room,
    make_series,
    make_session,
    make_staff,
)

AT = datetime(2026, 11, 18, 12, tzinfo=UTC)
FRIDAY = date(2026, 11, 20)
pytestmark = pytest.mark.django_db


class World:
    def __init__(self):
        self.program = make_program()
        self.by = make_staff(self.program, Role.SCHEDULER)
        self.ana = make_facilitator(self.program, first_name="Ana", last_name="Solís")
        self.series = make_series(
            self.program, facilitator=self.ana, group=make_group(self.program, "Circle"),
            room=make_room(self.program, "Harbor"),
        )  # fmt: skip
        self.session = make_session(self.series, FRIDAY)
        self.person = make_participant(self.program)
        enroll(self.series, self.person)

    def move(self, **asked):
        return move_session(**{
            "session": self.session, "on": FRIDAY, "starts": time(13), "ends": time(13, 50),
            "room": self.series.room, "by": self.by, "at": AT, **asked,
        })  # fmt: skip

    def staff(self, **asked):
        return staff_session(**{
            "session": self.session, "lead": self.ana, "by": self.by, "at": AT, **asked
        })  # fmt: skip

    def cancel(self, **asked):
        return cancel_session(**{
            "session": self.session, "reason": "Water damage", "by": self.by, "at": AT, **asked
        })  # fmt: skip


@pytest.fixture
def world(db):
    return World()


def remind(world):
    enqueue(
        [Planned("session_reminder", "r1", world.person.pk, AT, subject_id=world.session.pk)], at=AT
    )


# --- moving -----------------------------------------------------------------------------------------
def test_a_move_takes_its_people_along_and_tells_them(world):
    remind(world)
    world.move()
    world.session.refresh_from_db()
    assignment = world.session.assignments.get()
    assert world.session.starts_at == datetime(2026, 11, 20, 18, tzinfo=UTC)
    assert (assignment.starts_at, assignment.ends_at) == (
        world.session.starts_at,
        world.session.ends_at,
    )
    assert world.session.moved
    assert OutboxMessage.objects.get(dedupe_key="r1").state == State.WITHHELD
    told = OutboxMessage.objects.filter(kind="session_moved")
    assert {m.recipient_id for m in told} == {world.person.pk, world.ana.user_id}
    assert {tuple(sorted(m.facts)) for m in told} == {("starts_at", "was")}
    assert AuditEvent.objects.filter(action="session.moved").count() == 1


def test_a_second_click_moves_nothing(world):
    world.move()
    world.move()
    assert AuditEvent.objects.filter(action="session.moved").count() == 1
    assert OutboxMessage.objects.filter(kind="session_moved").count() == 2


def test_another_room_at_the_same_time_tells_nobody(world):
    world.move(starts=time(10), ends=time(10, 50), room=make_room(world.program))
    assert not OutboxMessage.objects.exists()


def test_a_session_is_not_in_its_own_way(world):
    world.move(starts=time(10, 20), ends=time(11, 10))
    world.session.refresh_from_db()
    assert world.session.starts_at == datetime(2026, 11, 20, 15, 20, tzinfo=UTC)


def test_a_taken_room_and_a_busy_facilitator_are_named(world):
    other = make_series(
        world.program, facilitator=world.ana, room=world.series.room, starts=time(13),
        ends=time(13, 50), group=make_group(world.program, "Milieu"),
    )  # fmt: skip
    make_session(other, FRIDAY)
    with pytest.raises(Clashes) as refusal:
        world.move()
    assert "Harbor is taken by Milieu until 13:50." in str(refusal.value)
    assert "Ana Solís is busy with Milieu until 13:50." in str(refusal.value)


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"on": date(2026, 11, 26)}, "closed on Thu 26 Nov: Thanksgiving"),
        ({"on": date(2026, 11, 17)}, "That time is over"),
        ({"on": date(2027, 3, 14), "starts": time(2, 30), "ends": time(3, 20)}, "does not exist"),
        ({"ends": time(12)}, "must come after the start"),
    ],
)
def test_days_and_times_that_cannot_be_are_refused(world, asked, words):
    Closure.objects.create(program=world.program, date=date(2026, 11, 26), reason="Thanksgiving")
    with pytest.raises(Refused, match=words):
        world.move(**asked)


def test_a_room_elsewhere_is_refused(world):
    with pytest.raises(Refused, match="a room of this site"):
        world.move(room=make_room(make_program()))


# --- history ----------------------------------------------------------------------------------------
def held(world):
    world.session.state = SessionState.HELD
    world.session.save()


def attended(world):
    Attendance.objects.create(
        program=world.program, session=world.session, participant=world.person, status="present",
        marked_at=AT,
    )  # fmt: skip


def drafted(world):
    GroupNoteDraft.objects.create(
        program=world.program, session=world.session, author=world.ana.user, saved_at=AT
    )


@pytest.mark.parametrize("recorded", [held, attended, drafted])
@pytest.mark.parametrize("act", ["move", "staff", "cancel"])
def test_what_is_on_record_does_not_change(world, recorded, act):
    recorded(world)
    asked = {"lead": make_facilitator(world.program)} if act == "staff" else {}
    with pytest.raises(Refused, match="as it is"):
        getattr(world, act)(**asked)


def test_what_has_begun_does_not_change(world):
    with pytest.raises(Refused, match="has begun"):
        world.cancel(at=datetime(2026, 11, 20, 15, 1, tzinfo=UTC))


# --- who leads --------------------------------------------------------------------------------------
def test_somebody_else_leads_once(world):
    bea, cal = make_facilitator(world.program), make_facilitator(world.program)
    world.staff(lead=bea, co=[cal])
    assert set(world.session.assignments.values_list("facilitator_id", "part")) == {
        (bea.pk, "lead"),
        (cal.pk, "co"),
    }
    assert world.series.assignments.get().facilitator == world.ana


def test_a_busy_one_is_refused_and_an_uncleared_one_asks(world):
    bea = make_facilitator(world.program, first_name="Bea", last_name="Ruiz")
    make_session(make_series(world.program, facilitator=bea), FRIDAY)
    with pytest.raises(Clashes, match="Bea Ruiz is busy"):
        world.staff(lead=bea)
    TrainingRecord.objects.filter(facilitator=world.ana).delete()
    cal = make_facilitator(world.program, cleared=False)
    with pytest.raises(Clashes) as refusal:
        world.staff(lead=cal)
    assert refusal.value.code == "not_cleared"
    world.staff(lead=cal, accept_not_cleared=True)
    assert world.session.assignments.get().facilitator == cal


def test_a_shadowing_facilitator_may_co_facilitate_but_not_lead(world):
    learner = make_facilitator(world.program, stage="shadowing")
    world.staff(co=[learner])
    with pytest.raises(Clashes, match="may co-facilitate but not lead"):
        world.staff(lead=learner)


# --- cancelling -------------------------------------------------------------------------------------
def test_a_cancelled_session_frees_room_and_people_and_tells(world):
    remind(world)
    world.cancel()
    world.session.refresh_from_db()
    assert (world.session.state, world.session.state_reason) == ("cancelled", "Water damage")
    assert not world.session.assignments.get().active
    assert OutboxMessage.objects.get(dedupe_key="r1").state == State.WITHHELD
    told = OutboxMessage.objects.filter(kind="session_cancelled")
    assert {m.recipient_id for m in told} == {world.person.pk, world.ana.user_id}
    assert all(m.facts == {"starts_at": world.session.starts_at.isoformat()} for m in told)
    make_session(make_series(world.program, facilitator=world.ana, room=world.series.room), FRIDAY)


def test_cancelling_twice_tells_once(world):
    world.cancel()
    world.cancel()
    assert OutboxMessage.objects.filter(kind="session_cancelled").count() == 2
    assert AuditEvent.objects.filter(action="session.cancelled").count() == 1


def test_a_reason_is_needed(world):
    with pytest.raises(Refused, match="in a few words"):
        world.cancel(reason="  ")
