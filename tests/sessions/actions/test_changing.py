"""Changing several sessions as one act: places exchanged, rules set aside, one batch for each."""

from datetime import UTC, date, datetime, time

import pytest

from phpsupport.access.roles import Role
from phpsupport.audit.models import AuditEvent
from phpsupport.lib.errors import Refused
from phpsupport.outbox.models import OutboxMessage
from phpsupport.programs.models import Closure, PolicyProfile
from sessions.actions.booking import Clashes
from sessions.actions.changing import Fresh, Target, apply
from sessions.actions.schedule import cancel_session, move_session, staff_session
from sessions.models import (
    Attendance,
    BatchRow,
    GroupSession,
    RuleOverride,
    ScheduleBatch,
    SessionState,
)
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
    """Two groups on a Friday: Circle at 10:00 in Harbor by Ana, Nook at 10:00 in Garden by Bea."""

    def __init__(self) -> None:
        self.program = make_program()
        self.by = make_staff(self.program, Role.SCHEDULER)
        self.lead = make_staff(self.program, Role.PROGRAM_LEAD)
        self.ana = make_facilitator(self.program, first_name="Ana", last_name="Solís")
        self.bea = make_facilitator(self.program, first_name="Bea", last_name="Ruiz")
        self.harbor = make_room(self.program, "Harbor")
        self.garden = make_room(self.program, "Garden")
        self.circle = self.series("Circle", self.harbor, self.ana)
        self.nook = self.series("Nook", self.garden, self.bea)
        self.one = make_session(self.circle, FRIDAY)
        self.two = make_session(self.nook, FRIDAY)
        self.person = make_participant(self.program)
        enroll(self.circle, self.person)

    def series(self, name, room, facilitator, hour=10):
        return make_series(
            self.program, group=make_group(self.program, name), room=room, facilitator=facilitator,
            weekdays=(4,), starts=time(hour), ends=time(hour, 50),
        )  # fmt: skip

    def apply(self, *targets, **asked):
        return apply(**{
            "program": self.program, "kind": "moved", "summary": "A change", "targets": targets,
            "by": self.by, "at": AT, **asked,
        })  # fmt: skip


@pytest.fixture
def world(db):
    return World()


def at(hour, minute=0):
    """An hour of that Friday in New York."""
    return datetime(2026, 11, 20, hour + 5, minute, tzinfo=UTC)


# --- places exchanged -------------------------------------------------------------------------------
def test_two_sessions_change_rooms(world):
    world.apply(Target(world.one, room=world.garden), Target(world.two, room=world.harbor))
    world.one.refresh_from_db()
    world.two.refresh_from_db()
    assert (world.one.room, world.two.room) == (world.garden, world.harbor)
    assert ScheduleBatch.objects.count() == 1
    assert BatchRow.objects.count() == 2
    assert not OutboxMessage.objects.exists()  # no time changed


def test_two_sessions_change_people(world):
    world.apply(
        Target(world.one, people=((world.bea, "lead"),)),
        Target(world.two, people=((world.ana, "lead"),)),
    )
    assert world.one.assignments.get().facilitator == world.bea
    assert world.two.assignments.get().facilitator == world.ana


def test_two_sessions_of_one_series_change_times(world):
    later = GroupSession.objects.create(
        program=world.program, series=world.circle, room=world.harbor, local_date=FRIDAY,
        starts_at=at(14), ends_at=at(14, 50),
    )  # fmt: skip
    world.apply(
        Target(world.one, starts_at=at(14), ends_at=at(14, 50)),
        Target(later, starts_at=at(10), ends_at=at(10, 50)),
    )
    world.one.refresh_from_db()
    later.refresh_from_db()
    assert (world.one.starts_at, later.starts_at) == (at(14), at(10))
    assert world.one.assignments.get().starts_at == at(14)
    assert world.one.sequence == 1  # one change for a calendar outside, not two


def test_one_takes_the_place_that_another_gives_up_in_the_same_act(world):
    world.apply(
        Target(world.two, cancel_for="Water damage"),
        Target(world.one, room=world.garden, people=((world.bea, "lead"),)),
    )
    world.two.refresh_from_db()
    assert world.two.state == SessionState.CANCELLED
    assert world.one.assignments.get().facilitator == world.bea


def test_a_place_that_stays_taken_is_refused_by_name_and_nothing_is_written(world):
    with pytest.raises(Clashes, match=r"Garden is taken by Nook until 10:50\."):
        world.apply(Target(world.one, room=world.garden))
    third = make_room(world.program, "Attic")
    with pytest.raises(Clashes, match="on this list"):
        world.apply(Target(world.one, room=third), Target(world.two, room=third))
    assert not ScheduleBatch.objects.exists()
    assert not AuditEvent.objects.filter(action="session.moved").exists()


def test_sessions_are_made_beside_moved_ones(world):
    batch = world.apply(
        Target(world.one, starts_at=at(14), ends_at=at(14, 50)),
        fresh=[Fresh(world.circle, FRIDAY, at(10), at(10, 50), world.harbor, ((world.ana, "lead"),))],
    )  # fmt: skip
    made = GroupSession.objects.get(series=world.circle, starts_at=at(10))
    assert made.assignments.get().person_id == world.ana.user_id
    assert set(batch.rows.filter(before__isnull=True).values_list("row_id", flat=True)) == {
        made.pk,
        made.assignments.get().pk,
    }


# --- what is refused --------------------------------------------------------------------------------
def test_what_would_change_nothing_is_refused(world):
    with pytest.raises(Refused) as refusal:
        world.apply(Target(world.one, room=world.harbor))
    assert refusal.value.code == "unchanged"


def test_history_in_a_list_is_named_by_its_day(world):
    Attendance.objects.create(
        program=world.program, session=world.two, participant=world.person, status="excused",
        marked_at=AT,
    )  # fmt: skip
    with pytest.raises(Refused, match=r"Fri 20 Nov: Attendance or a note is on record") as refusal:
        world.apply(Target(world.one, cancel_for="Snow"), Target(world.two, cancel_for="Snow"))
    assert refusal.value.code == "history"
    world.one.refresh_from_db()
    assert world.one.state == SessionState.SCHEDULED


def test_strangers_and_one_person_twice_are_refused(world):
    stranger = make_facilitator(make_program())
    with pytest.raises(Refused, match="facilitators of this program"):
        world.apply(Target(world.one, people=((stranger, "lead"),)))
    with pytest.raises(Refused, match="named twice"):
        world.apply(Target(world.one, people=((world.ana, "lead"), (world.ana, "co"))))
    with pytest.raises(Refused, match="room of this site"):
        world.apply(Target(world.one, room=make_room(make_program())))


def test_what_a_series_keeps_on_closed_days_may_move_there(world):
    Closure.objects.create(program=world.program, date=date(2026, 11, 27), reason="Holiday")
    there = {
        "local_date": date(2026, 11, 27),
        "starts_at": datetime(2026, 11, 27, 15, tzinfo=UTC),
        "ends_at": datetime(2026, 11, 27, 15, 50, tzinfo=UTC),
    }
    with pytest.raises(Refused, match="closed on Fri 27 Nov: Holiday"):
        world.apply(Target(world.one, **there))
    world.circle.on_closure = "keep"
    world.circle.save()
    world.apply(Target(world.one, **there))


# --- rules set aside --------------------------------------------------------------------------------
def test_a_block_is_set_aside_by_the_role_that_the_policy_names(world):
    with pytest.raises(Clashes, match="Your role may not set this aside") as refusal:
        world.apply(Target(world.one, room=world.garden), override_reason="One big group today")
    assert not refusal.value.can_override
    with pytest.raises(Clashes) as refusal:
        world.apply(Target(world.one, room=world.garden), by=world.lead)
    assert refusal.value.can_override
    world.apply(
        Target(world.one, room=world.garden), by=world.lead, override_reason="One big group today"
    )
    world.one.refresh_from_db()
    assert world.one.shares_room
    kept = RuleOverride.objects.get()
    assert (kept.session, kept.rule, kept.reason) == (world.one, "rule_room", "One big group today")
    assert "Garden is taken by Nook" in kept.sentence


def test_a_person_booked_twice_on_purpose_shares_the_time(world):
    world.apply(
        Target(world.one, people=((world.bea, "lead"),)), by=world.lead, override_reason="Sick"
    )
    assert world.one.assignments.get().shares_time
    assert not world.one.shares_room
    # Another change of people asks nothing about who is there already.
    cal = make_facilitator(world.program)
    world.apply(Target(world.one, people=((world.bea, "lead"), (cal, "co"))))
    assert world.one.assignments.get(facilitator=world.bea).shares_time
    # Moving on ends the sharing.
    world.apply(Target(world.one, starts_at=at(14), ends_at=at(14, 50)))
    assert not world.one.assignments.filter(shares_time=True).exists()


def test_who_left_cannot_be_put_on_by_anybody(world):
    world.bea.ended_on = date(2026, 11, 1)
    world.bea.save()
    with pytest.raises(Clashes, match="No longer works") as refusal:
        world.apply(
            Target(world.one, people=((world.bea, "lead"),)), by=world.lead, override_reason="Need"
        )
    assert not refusal.value.can_override


def test_a_rule_that_warns_asks_for_a_yes_and_then_lets_pass(world):
    PolicyProfile.objects.create(
        program=world.program, effective_from=date(2026, 1, 1), set_at=AT,
        rules={"rule_room": "warn"},
    )  # fmt: skip
    with pytest.raises(Clashes) as refusal:
        world.apply(Target(world.one, room=world.garden))
    assert refusal.value.code == "not_cleared"
    world.apply(Target(world.one, room=world.garden), accept=True)
    world.one.refresh_from_db()
    assert world.one.shares_room
    assert not RuleOverride.objects.exists()


# --- each act one batch -----------------------------------------------------------------------------
def test_each_act_leaves_one_batch_that_says_what_it_did(world):
    move_session(
        session=world.one, on=FRIDAY, starts=time(13), ends=time(13, 50), room=world.harbor,
        by=world.by, at=AT,
    )  # fmt: skip
    staff_session(session=world.one, lead=world.bea, by=world.by, at=AT)
    cancel_session(session=world.one, reason="Snow", by=world.by, at=AT)
    said = {b.kind: b.summary for b in ScheduleBatch.objects.all()}
    assert said == {
        "moved": "Circle of Fri 20 Nov, 10:00–10:50 moved to Fri 20 Nov, 13:00–13:50",
        "staffed": "Circle of Fri 20 Nov, 13:00–13:50 is led by Bea Ruiz",
        "cancelled": "Circle of Fri 20 Nov, 13:00–13:50 cancelled",
    }
    assert {b.by for b in ScheduleBatch.objects.all()} == {world.by}


def test_people_are_told_of_the_near_dates_or_else_of_the_first(world):
    days = [date(2026, 12, day) for day in (18, 25)]
    sessions = [make_session(world.circle, day) for day in days]
    world.apply(*(Target(s, cancel_for="Snow") for s in sessions))
    told = OutboxMessage.objects.filter(kind="session_cancelled", recipient_id=world.person.pk)
    assert [m.subject_id for m in told] == [sessions[0].pk]
    world.apply(Target(world.one, cancel_for="Snow"))
    assert told.all().count() == 2


def test_the_queries_do_not_grow_with_the_sessions(world, django_assert_num_queries):
    def cancel(number, first):
        sessions = [
            make_session(world.circle, date(2026, 11, 21 + first + n)) for n in range(number)
        ]
        return [Target(s, cancel_for="Snow") for s in sessions]

    few, many = cancel(1, 0), cancel(6, 1)
    with django_assert_num_queries(QUERIES):
        world.apply(*few)
    with django_assert_num_queries(QUERIES):
        world.apply(*many)


QUERIES = 19
