"""Who is told, after times moved there and back and supervisors came and went."""

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from phpsupport.access.models import RoleAssignment
from phpsupport.access.roles import Role
from phpsupport.outbox.kinds import Postpone, compose
from phpsupport.outbox.models import OutboxMessage, State
from sessions.actions.reminders import queue_reminders
from sessions.actions.schedule import cancel_session, move_session
from tests.factories import (
    enroll,
    make_participant,
    make_program,
    make_room,
    make_series,
    make_session,
    make_staff,
)
from tests.sessions.worlds import DAY, make_world

pytestmark = pytest.mark.django_db


def test_a_session_that_moved_there_and_back_is_reminded_of():
    program = make_program()
    by, room = make_staff(program, Role.SCHEDULER), make_room(program)
    series = make_series(program, room=room, weekdays=(1,))
    session = make_session(series, DAY)
    enroll(series, make_participant(program, email="jo@post.example"))
    at = session.starts_at - timedelta(hours=25)
    planned = OutboxMessage.objects.filter(kind="session_reminder", state=State.WAITING)

    def move(hour, minutes):
        move_session(
            session=session, on=DAY, starts=time(hour), ends=time(hour, 50), room=room, by=by,
            at=at + timedelta(minutes=minutes),
        )  # fmt: skip

    queue_reminders(at=at)
    assert planned.count() == 2  # a day and two hours before
    move(13, 1)
    assert not planned.exists()
    move(10, 2)
    queue_reminders(at=at + timedelta(minutes=3))
    session.refresh_from_db()
    assert [m.facts["starts_at"] for m in planned] == [session.starts_at.isoformat()] * 2


def test_what_was_due_meanwhile_does_not_come_late():
    program = make_program()
    by, room = make_staff(program, Role.SCHEDULER), make_room(program)
    series = make_series(program, room=room, weekdays=(1,))
    session = make_session(series, DAY)
    enroll(series, make_participant(program, email="jo@post.example"))
    at = session.starts_at - timedelta(hours=25)
    queue_reminders(at=at)
    back = at + timedelta(minutes=90)
    for hour, later in ((13, 1), (10, 90)):
        move_session(
            session=session, on=DAY, starts=time(hour), ends=time(hour, 50), room=room, by=by,
            at=at + timedelta(minutes=later),
        )  # fmt: skip
    waiting = OutboxMessage.objects.filter(kind="session_reminder", state=State.WAITING)
    assert [m.due_at for m in waiting] == [session.starts_at - timedelta(hours=2)]
    assert waiting[0].due_at > back


def test_the_lead_is_told_of_notes_when_the_supervisor_has_left():
    world = make_world()
    lead = make_staff(world.program, Role.PROGRAM_LEAD)
    RoleAssignment.objects.filter(user=world.supervisor).update(ends_on=date(2026, 3, 1))
    world.signed()
    told = OutboxMessage.objects.filter(kind="note_awaits").values_list("recipient_id", flat=True)
    assert set(told) == {lead.pk}


@pytest.mark.parametrize(("starts", "goes"), [(time(7, 30), True), (time(10), False)])
def test_a_cancellation_that_quiet_hours_would_hold_too_long_goes_at_once(starts, goes):
    program = make_program()
    series = make_series(program, starts=starts, ends=time(11), weekdays=(1,))
    session = make_session(series, DAY)
    enroll(series, make_participant(program, email="jo@post.example"))
    night = datetime(2026, 3, 2, 22, 30, tzinfo=ZoneInfo("America/New_York"))
    cancel_session(session=session, reason="Snow", by=make_staff(program), at=night)
    message = OutboxMessage.objects.get(kind="session_cancelled")
    if goes:
        assert "is cancelled" in compose(message, night).text
    else:
        with pytest.raises(Postpone):
            compose(message, night)
