"""One more date of a series: judged by every rule, asked about, kept by edits, and taken back."""

from datetime import UTC, date, datetime, time, timedelta

import pytest

from phpsupport.access.roles import Role
from phpsupport.lib.errors import Refused
from phpsupport.outbox.models import OutboxMessage
from phpsupport.programs.models import Closure
from sessions.actions.adding import add_date
from sessions.actions.answers import answer_assignment
from sessions.actions.batches import undo_batch
from sessions.actions.booking import Clashes
from sessions.actions.series import create_series, edit_series, end_series, replace_facilitator
from sessions.models import GroupSession, ScheduleBatch, SessionFacilitator
from sessions.queries.answers import asked_of
from sessions.queries.editing import Edit
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
THURSDAY = MONDAYS[2] + timedelta(days=3)
pytestmark = pytest.mark.django_db


class World:
    """Eight Mondays at 10:00; the second was left out."""

    def __init__(self) -> None:
        self.program = make_program()
        self.by = make_staff(self.program, Role.SCHEDULER)
        self.ana = make_facilitator(self.program, first_name="Ana", last_name="Solís")
        self.bea = make_facilitator(self.program, first_name="Bea")
        self.harbor = make_room(self.program, "Harbor")
        self.garden = make_room(self.program, "Garden")
        self.series = self.make(leave_out={MONDAYS[1]})

    def make(self, **asked):
        return create_series(**{
            "group": make_group(self.program), "room": self.harbor, "weekdays": [0],
            "starts": time(10), "ends": time(10, 50), "zone": self.program.zone,
            "from_on": MONDAYS[0], "until_on": MONDAYS[-1], "capacity": 12, "lead": self.ana,
            "by": self.by, "at": AT, **asked,
        })  # fmt: skip

    def add(self, **asked):
        return add_date(**{
            "series": self.series, "on": THURSDAY, "starts": time(14), "ends": time(14, 50),
            "room": self.garden, "by": self.by, "at": AT, **asked,
        })  # fmt: skip


@pytest.fixture
def world(db):
    return World()


def test_it_is_made_with_who_leads_that_day_and_they_are_asked(world):
    answer_assignment(thing=world.series, answer="accepted", by=world.ana.user, at=AT)
    replace_facilitator(
        series=world.series, old=world.ana, new=world.bea, from_on=MONDAYS[4], by=world.by, at=AT
    )
    made = world.add()
    assert (made.local_date, made.room, made.moved) == (THURSDAY, world.garden, True)
    assert made.assignments.get().facilitator == world.ana
    asked = asked_of(user=world.ana.user, program=world.program, at=AT).questions
    assert [(q.kind, q.id) for q in asked] == [("session", made.pk)]
    assert OutboxMessage.objects.filter(
        kind="assignment_asks", recipient_id=world.ana.user_id
    ).exists()
    later = world.add(on=MONDAYS[5] + timedelta(days=1))
    assert later.assignments.get().facilitator == world.bea


def test_a_second_click_makes_no_second_one(world):
    assert world.add() == world.add()
    assert ScheduleBatch.objects.filter(kind="added").count() == 1


def test_what_was_left_out_is_added_after_all_and_stays(world):
    made = world.add(on=MONDAYS[1], starts=time(10), ends=time(10, 50), room=world.harbor)
    edit_series(
        series=world.series, edit=Edit(starts=time(11), ends=time(11, 50), weekdays=[0, 2]),
        scope="all", by=world.by, at=AT,
    )  # fmt: skip
    made.refresh_from_db()
    assert (made.local_date, made.state) == (MONDAYS[1], "scheduled")
    week = [MONDAYS[1] + timedelta(days=n) for n in range(7)]
    days = world.series.sessions.filter(local_date__in=week).order_by("starts_at")
    assert [s.local_date for s in days] == [MONDAYS[1], MONDAYS[1] + timedelta(days=2)]


def test_it_stands_for_no_date_of_its_week(world):
    world.add()
    edit_series(series=world.series, edit=Edit(weekdays=[0, 2]), scope="all", by=world.by, at=AT)
    days = [THURSDAY + timedelta(days=n) for n in (-3, -1, 0)]
    assert world.series.sessions.filter(local_date__in=days).count() == 3


def test_every_rule_is_asked(world):
    Closure.objects.create(program=world.program, date=THURSDAY, reason="Holiday")
    with pytest.raises(Clashes, match="closed"):
        world.add()
    world.make(room=world.harbor, weekdays=[3], from_on=MONDAYS[3])
    with pytest.raises(Clashes, match="Ana Solís is busy"):
        world.add(on=MONDAYS[3] + timedelta(days=3), starts=time(10, 30), ends=time(11))
    assert not ScheduleBatch.objects.filter(kind="added").exists()


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ({"on": MONDAYS[0] - timedelta(days=1)}, "outside"),
        ({"on": MONDAYS[-1] + timedelta(days=1)}, "outside"),
        ({"on": MONDAYS[0], "at": datetime(2026, 10, 6, 12, tzinfo=UTC)}, "outside"),
        ({"on": MONDAYS[0], "at": datetime(2026, 10, 5, 19, tzinfo=UTC)}, "past"),
        ({"on": MONDAYS[0], "starts": time(10), "ends": time(10, 30)}, "taken"),
        ({"ends": time(13)}, "backwards"),
        ({"on": date(2026, 11, 1), "starts": time(1, 30), "ends": time(1, 30)}, "backwards"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused(world, asked, code):
    with pytest.raises(Refused) as refusal:
        world.add(**asked)
    assert refusal.value.code == code


def test_a_strange_room_or_one_out_of_use_is_refused(world):
    with pytest.raises(Refused, match="a room of this site"):
        world.add(room=make_room(make_program()))
    world.garden.retired_on = MONDAYS[0]
    world.garden.save()
    with pytest.raises(Refused, match="no longer in use"):
        world.add()


def test_nothing_is_added_to_a_series_that_ended(world):
    end_series(series=world.series, last_on=MONDAYS[3], by=world.by, at=AT)
    with pytest.raises(Refused, match="has ended"):
        world.add()


def test_a_group_past_midnight_gets_one_past_midnight(world):
    world.series = world.make(
        starts=time(23), ends=time(0, 15), ends_next_day=True, room=world.garden
    )
    made = world.add(starts=time(23, 30), ends=time(0, 30))
    assert (made.ends_at - made.starts_at, made.local_date) == (timedelta(hours=1), THURSDAY)


def test_it_is_taken_back_as_a_whole(world):
    enroll(world.series, make_participant(world.program))
    before = set(GroupSession.objects.values_list("pk", flat=True))
    led = SessionFacilitator.objects.count()
    world.add()
    batch = ScheduleBatch.objects.get(kind="added")
    undo_batch(batch=batch, by=world.by, at=AT + timedelta(minutes=1))
    assert set(GroupSession.objects.values_list("pk", flat=True)) == before
    assert SessionFacilitator.objects.count() == led
