"""Who is put on a session or taken off it hears of it, once, and reads no names."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest

from facilitators.models import Leave
from phpsupport.outbox.kinds import Letter, Withhold, compose
from phpsupport.outbox.models import OutboxMessage, State
from sessions.actions.answers import answer_assignment
from sessions.actions.arranging import arrange_session
from sessions.actions.batches import undo_batch
from sessions.actions.changing import Target
from sessions.actions.resolving import Decision, resolve_leave
from sessions.actions.schedule import move_session, staff_session
from sessions.actions.series import create_series, edit_series, replace_facilitator
from sessions.models import Answer, Choice, Part, ScheduleBatch, SeriesFacilitator
from sessions.queries.answers import asked_of
from sessions.queries.consequence import consequence
from sessions.queries.editing import Edit
from sessions.queries.moving import target_of
from tests.factories import make_facilitator, make_room, make_session
from tests.sessions.actions.test_changing import AT, FRIDAY, World, at

pytestmark = pytest.mark.django_db
LATER = AT + timedelta(minutes=5)
COMES, GOES = "assignment_asks", "assignment_changed"


@pytest.fixture
def world():
    found = World()
    found.cal = make_facilitator(found.program, first_name="Cal", last_name="Moss")
    for series in (found.circle, found.nook):
        series.assignments.update(answer=Answer.ACCEPTED, answered_at=AT)
    return found


def heard(when=AT):
    """Who was told what at that instant."""
    rows = OutboxMessage.objects.filter(kind__in=[COMES, GOES], created_at=when)
    return sorted(rows.values_list("kind", "recipient_id"))


def expect(*pairs):
    return sorted((kind, who.user_id) for kind, who in pairs)


def sent():
    OutboxMessage.objects.update(state=State.SENT, sent_at=AT)


def staff(world, *, lead=None, by=None, when=AT, **more):
    staff_session(session=world.one, lead=lead, by=by or world.by, at=when, **more)
    return ScheduleBatch.objects.latest("at")


def undo(world, batch=None, by=None):
    batch = batch or ScheduleBatch.objects.latest("at")
    return undo_batch(batch=batch, by=by or world.by, at=LATER)


def asks(world, who):
    return asked_of(user=who.user, program=world.program, at=LATER).questions


def message(kind, who):
    return OutboxMessage.objects.get(kind=kind, recipient_id=who.user_id)


# --- each way to put somebody on ------------------------------------------------------------------
def by_form(world):
    staff(world, lead=world.cal)


def by_hand(world):
    target = target_of(
        session=world.one, on=FRIDAY, starts=time(10), ends=time(10, 50), room=world.harbor,
        people=((world.cal, Part.LEAD),), at=AT,
    )  # fmt: skip
    arrange_session(target=target, by=world.by, at=AT)


def by_leave(world):
    leave = Leave.objects.create(facilitator=world.ana, from_on=FRIDAY, until_on=FRIDAY)
    resolve_leave(
        leave=leave, by=world.by, at=AT,
        decisions=[Decision(world.one, Choice.COVER, instead=world.cal)],
    )  # fmt: skip


def by_hand_over(world):
    for week in range(1, 8):
        make_session(world.circle, FRIDAY + timedelta(days=7 * week))
    replace_facilitator(
        series=world.circle, old=world.ana, new=world.cal, from_on=FRIDAY, by=world.by, at=AT
    )


def by_edit(world):
    edit_series(
        series=world.circle, edit=Edit(people=((world.cal, Part.LEAD),)), scope="all", by=world.by,
        at=AT,
    )  # fmt: skip


@pytest.mark.parametrize("act", [by_form, by_hand, by_leave, by_hand_over, by_edit])
def test_who_comes_is_asked_and_who_goes_is_told_once_each(world, act):
    act(world)
    assert heard() == expect((COMES, world.cal), (GOES, world.ana))
    for kind, who in ((COMES, world.cal), (GOES, world.ana)):
        assert isinstance(compose(message(kind, who), AT + timedelta(hours=3)), Letter)
    assert asks(world, world.cal)


def test_who_stays_hears_nothing_unless_their_part_changes(world):
    staff(world, lead=world.ana, co=[world.bea], override_reason="Both", by=world.lead)
    assert heard() == expect((COMES, world.bea))
    staff(world, lead=world.ana, co=[world.cal], when=LATER)
    assert heard(LATER) == expect((COMES, world.cal), (GOES, world.bea))
    later = LATER + timedelta(minutes=5)
    staff(world, lead=world.cal, co=[world.ana], when=later)
    assert heard(later) == expect((GOES, world.cal), (GOES, world.ana))
    assert isinstance(compose(OutboxMessage.objects.get(created_at=later, recipient_id=world.ana.user_id), AT + timedelta(hours=3)), Letter)  # fmt: skip


def test_who_does_it_is_not_told_what_they_did(world):
    staff(world, lead=world.cal, by=world.cal.user)
    assert heard() == expect((GOES, world.ana))


def test_a_room_or_a_time_alone_is_nobodys_coming_or_going(world):
    move_session(
        session=world.one, on=FRIDAY, starts=time(13), ends=time(13, 50),
        room=make_room(world.program), by=world.by, at=AT,
    )  # fmt: skip
    assert GOES not in [kind for kind, _ in heard()]


def test_given_away_while_it_moves_each_hears_what_is_theirs(world):
    world.apply(
        Target(world.one, starts_at=at(13), ends_at=at(13, 50), people=((world.cal, "lead"),))
    )
    assert heard() == expect((COMES, world.cal), (GOES, world.ana))
    moved = OutboxMessage.objects.filter(kind="session_moved")
    assert [m.recipient_id for m in moved] == [world.person.pk]


# --- many sessions --------------------------------------------------------------------------------
def test_many_sessions_are_one_message_about_those_that_are_near(world):
    by_hand_over(world)
    facts = message(GOES, world.ana).facts
    near = world.circle.sessions.filter(starts_at__lte=AT + timedelta(days=14))
    assert set(facts["off"]) == {str(s.pk) for s in near}
    assert near.count() == 2
    assert datetime.fromisoformat(facts["starts_at"]) == world.one.starts_at


def test_where_none_is_near_it_is_about_the_first(world):
    far = [make_session(world.circle, date(2026, 12, day)) for day in (18, 25)]
    replace_facilitator(
        series=world.circle, old=world.ana, new=world.cal, from_on=date(2026, 12, 14), by=world.by,
        at=AT,
    )  # fmt: skip
    assert message(GOES, world.ana).facts["off"] == [str(far[0].pk)]
    assert heard() == expect((COMES, world.cal), (GOES, world.ana))


def test_a_new_series_asks_who_is_to_lead_it(world):
    made = create_series(
        group=world.circle.group, room=world.garden, weekdays=[0], starts=time(15),
        ends=time(15, 50), zone=world.program.zone, from_on=date(2026, 12, 1),
        until_on=date(2027, 1, 31), capacity=8, lead=world.cal, co=[world.ana],
        by=world.ana.user, at=AT,
    )  # fmt: skip
    assert heard() == expect((COMES, world.cal))
    assert isinstance(compose(message(COMES, world.cal), AT + timedelta(hours=3)), Letter)
    answer_assignment(thing=made, answer=Answer.ACCEPTED, by=world.cal.user, at=LATER)
    with pytest.raises(Withhold):
        compose(message(COMES, world.cal), AT + timedelta(hours=3))


# --- asked again ----------------------------------------------------------------------------------
def test_who_is_put_back_is_asked_although_they_accepted_the_series(world):
    staff(world, lead=world.cal)
    staff(world, lead=world.ana, when=LATER)
    assert heard(LATER) == expect((COMES, world.ana), (GOES, world.cal))
    (question,) = asks(world, world.ana)
    assert (question.kind, question.id, question.again) == ("session", world.one.pk, True)
    with pytest.raises(Withhold):  # what was to tell that she goes is so no more
        compose(message(GOES, world.ana), AT + timedelta(hours=3))


def test_many_sessions_that_come_back_are_one_question_about_the_series(world):
    by_hand_over(world)
    sent()
    undo(world)
    assert heard(LATER) == expect((COMES, world.ana), (GOES, world.cal))
    assert [q.kind for q in asks(world, world.ana)] == ["series"]
    assert SeriesFacilitator.objects.get(series=world.circle).answer == Answer.NONE


# --- undone ---------------------------------------------------------------------------------------
def test_who_had_not_heard_yet_hears_nothing_at_all(world):
    before = world.one.assignments.values().get()
    staff(world, lead=world.cal)
    batch = undo(world)
    assert batch.told_again == 0
    assert heard(LATER) == []
    assert not OutboxMessage.objects.filter(state=State.WAITING).exists()
    assert set(OutboxMessage.objects.values_list("why", flat=True)) == {"undone"}
    assert world.one.assignments.values().get() == before
    assert asks(world, world.ana) == []


def test_who_had_heard_hears_of_the_way_back(world):
    staff(world, lead=world.cal)
    sent()
    batch = undo(world)
    assert batch.told_again == 2
    assert heard(LATER) == expect((COMES, world.ana), (GOES, world.cal))
    assert [q.id for q in asks(world, world.ana)] == [world.one.pk]


def test_who_did_it_and_did_not_undo_it_hears_of_the_way_back(world):
    staff(world, lead=world.cal, by=world.cal.user)
    undo(world)
    assert heard(LATER) == expect((GOES, world.cal))


def test_undone_by_themselves_they_know(world):
    staff(world, lead=world.cal)
    sent()
    undo(world, by=world.cal.user)
    assert heard(LATER) == expect((COMES, world.ana))


def test_a_new_series_that_is_undone_is_told_to_who_heard_of_it(world):
    create_series(
        group=world.circle.group, room=world.garden, weekdays=[0], starts=time(15),
        ends=time(15, 50), zone=world.program.zone, from_on=date(2026, 12, 1),
        until_on=date(2027, 1, 31), capacity=8, lead=world.cal, by=world.by, at=AT,
    )  # fmt: skip
    sent()
    undo(world)
    assert heard(LATER) == expect((GOES, world.cal))
    letter = OutboxMessage.objects.get(created_at=LATER)
    assert isinstance(compose(letter, AT + timedelta(hours=3)), Letter)


# --- told before ----------------------------------------------------------------------------------
def shown(world, *targets, **more) -> Any:
    return consequence(program=world.program, targets=targets, at=AT, **more)


def test_the_preview_says_who_is_told(world):
    found = shown(world, Target(world.one, people=((world.cal, "lead"), (world.bea, "co"))))
    assert found.told == "Ana Solís, Bea Ruiz and Cal Moss get 3 neutral messages."
    assert found.kinds == (
        ("that something in the schedule asks for an answer", 2),
        ("that something in the schedule has changed for them", 1),
    )
    assert found.participants == 0


def test_who_stays_is_not_said_to_be_told(world):
    found = shown(world, Target(world.one, people=((world.ana, "lead"), (world.cal, "co"))))
    assert found.told == "Cal Moss gets 1 neutral message."
    assert found.facilitators == ("Ana Solís", "Cal Moss")


def test_the_preview_knows_who_looks_at_it(world):
    world.apply(Target(world.one, people=()))
    found = shown(world, Target(world.one, people=((world.cal, "lead"),)), by=world.cal.user)
    assert found.told == "Nobody else is told."
    assert shown(world, Target(world.one, room=make_room(world.program))).told == (
        "Nobody is told: no time changes."
    )


# --- at night -------------------------------------------------------------------------------------
NIGHT = datetime(2026, 11, 20, 4, tzinfo=UTC)  # 23:00 in New York, before that Friday


@pytest.mark.parametrize("kind", [COMES, GOES])
def test_what_would_come_too_late_goes_at_night(world, kind):
    world.apply(Target(world.one, starts_at=at(7), ends_at=at(7, 50)))
    staff(world, lead=world.cal, when=LATER)
    who = world.cal if kind == COMES else world.ana
    assert isinstance(compose(message(kind, who), NIGHT), Letter)
