"""Changes of the schedule at the same moment: one after the other, whole, and never a deadlock."""

from datetime import UTC, date, datetime, time, timedelta

import pytest

from phpsupport.access.roles import Role
from phpsupport.audit.models import AuditEvent
from phpsupport.lib.errors import Refused
from phpsupport.outbox.models import OutboxMessage, State
from sessions.actions.attendance import Mark, mark_attendance
from sessions.actions.batches import undo_batch
from sessions.actions.changing import Target, apply
from sessions.actions.schedule import cancel_session, move_session
from sessions.actions.series import create_series, edit_series
from sessions.models import Attendance, GroupSession, ScheduleBatch, SessionState
from sessions.queries.consequence import consequence
from sessions.queries.editing import Edit
from sessions.queries.moving import target_of
from tests.factories import (
    enroll,
    make_facilitator,
    make_group,
    make_participant,
    make_program,
    make_room,
    make_staff,
)
from tests.sessions.actions.test_races import at_once

AT = datetime(2026, 9, 1, 12, tzinfo=UTC)
MONDAY = date(2026, 10, 5)
pytestmark = pytest.mark.django_db(transaction=True)


class World:
    def __init__(self) -> None:
        self.program = make_program()
        self.by = make_staff(self.program, Role.SCHEDULER)
        self.ana = make_facilitator(self.program)
        self.rooms = [make_room(self.program) for _ in range(2)]
        self.series = self.make(0, self.ana)
        self.person = make_participant(self.program)
        enroll(self.series, self.person)

    def make(self, room, lead):
        return create_series(
            group=make_group(self.program), room=self.rooms[room], weekdays=[0], starts=time(10),
            ends=time(10, 50), zone=self.program.zone, from_on=MONDAY,
            until_on=MONDAY + timedelta(days=35), capacity=12, lead=lead, by=self.by, at=AT,
            accept=True,
        )  # fmt: skip

    def first(self):
        return self.series.sessions.earliest("starts_at")


@pytest.fixture
def world(transactional_db):
    return World()


def refusals(found):
    return [f for f in found if isinstance(f, Refused)]


def test_one_act_undone_by_many_hands_is_undone_once(world):
    cancel_session(session=world.first(), reason="Snow", by=world.by, at=AT)
    OutboxMessage.objects.update(state=State.SENT, sent_at=AT)
    batch = ScheduleBatch.objects.get(kind="cancelled")
    later = AT + timedelta(minutes=1)
    found = at_once(8, lambda n: undo_batch(batch=batch, by=world.by, at=later))
    assert all(isinstance(f, ScheduleBatch) for f in found), found
    assert world.first().state == SessionState.SCHEDULED
    assert AuditEvent.objects.filter(action="schedule.undone").count() == 1
    far = OutboxMessage.objects.filter(kind="session_on_again", recipient_id=world.person.pk)
    assert far.count() == 1


def test_undoing_while_attendance_is_marked_keeps_both_true(world):
    """Either the marks came first and the undo is refused, or the session was gone for the marks."""
    for round_ in range(6):
        session = world.series.sessions.order_by("starts_at")[round_]
        begins = session.starts_at + timedelta(minutes=15)
        move_session(
            session=session, on=session.local_date, starts=time(10, 20), ends=time(11, 10),
            room=world.rooms[0], by=world.by, at=session.starts_at - timedelta(hours=2), accept=True,
        )  # fmt: skip
        batch = ScheduleBatch.objects.filter(kind="moved").latest("at")
        session.refresh_from_db()
        before = session.starts_at - timedelta(minutes=21)  # nobody's time has begun by then

        def act(n, session=session, batch=batch, begins=begins, before=before):
            if n == 0:
                return undo_batch(batch=batch, by=world.by, at=before)
            return mark_attendance(
                session=session, marks=[Mark(world.person.pk, "excused")], version=0,
                by=world.by, at=begins,
            )  # fmt: skip

        undone, marked = at_once(2, act)
        session.refresh_from_db()
        if isinstance(undone, Refused):
            assert "is on record" in str(undone)
            assert session.starts_at.minute == 20
        else:
            assert session.starts_at.minute == 0
        # The marks were made before or after; they are never lost and never on a session that moved.
        assert isinstance(marked, Refused) or Attendance.objects.filter(session=session).exists()


def test_an_edit_and_a_move_of_the_same_series_come_one_after_the_other(world):
    session = world.first()

    def act(n):
        if n % 2:
            return edit_series(
                series=world.series, edit=Edit(starts=time(13), ends=time(13, 50)), scope="all",
                by=world.by, at=AT, accept=True,
            )  # fmt: skip
        return move_session(
            session=session, on=MONDAY, starts=time(15), ends=time(15, 50), room=world.rooms[1],
            by=world.by, at=AT, accept=True,
        )  # fmt: skip

    found = at_once(6, act)
    assert not [f for f in found if isinstance(f, Exception) and not isinstance(f, Refused)], found
    assert not [r for r in refusals(found) if r.code == "busy"]
    session.refresh_from_db()
    # The move is an exception, so it stands whichever came first.
    assert (session.room, session.moved) == (world.rooms[1], True)
    hours = set(
        world.series.sessions.exclude(pk=session.pk).values_list("starts_at__hour", flat=True)
    )
    assert hours == {17, 18}
    assert session.assignments.get().starts_at == session.starts_at


def test_many_who_swap_the_same_two_never_deadlock(world):
    other = world.make(1, make_facilitator(world.program)).sessions.earliest("starts_at")
    one = world.first()

    def act(n):
        pair = [(one, world.rooms[1 - n % 2]), (other, world.rooms[n % 2])]
        return apply(
            program=world.program, kind="moved", summary="Swapped", by=world.by, at=AT, accept=True,
            targets=[Target(s, room=room) for s, room in (pair if n % 3 else pair[::-1])],
        )  # fmt: skip

    found = at_once(12, act)
    assert any(isinstance(f, ScheduleBatch) for f in found), found
    assert {r.code for r in refusals(found)} <= {"unchanged"}, found
    rooms = GroupSession.objects.filter(pk__in=[one.pk, other.pk]).values_list("room", flat=True)
    assert set(rooms) == {r.pk for r in world.rooms}


def test_of_two_who_looked_at_one_session_the_second_looks_again(world):
    """Whoever waited finds it changed: what they were shown is no longer what would come of it."""
    rooms = [make_room(world.program), world.rooms[0]]
    slots = [(time(10), time(10, 50)), (time(14), time(14, 50))]
    for session in world.series.sessions.order_by("starts_at")[:4]:
        wishes = [
            {"session": session, "on": session.local_date, "starts": starts, "ends": ends,
             "room": room, "at": AT}
            for room, (starts, ends) in zip(rooms, slots, strict=True)
        ]  # fmt: skip
        for wish in wishes:
            shown = consequence(program=world.program, targets=[target_of(**wish)], at=AT)
            wish |= {"seen": shown.seen, "by": world.by}
        found = at_once(2, lambda n, wishes=wishes: move_session(**wishes[n]))
        assert [no.code for no in refusals(found)] == ["unseen"], found
    assert ScheduleBatch.objects.filter(kind="moved").count() == 4
