"""Undoing one act on the schedule: whole and exact, or refused with what stands in the way."""

from datetime import UTC, date, datetime, time, timedelta

import pytest

from participants.actions.stays import discharge_participant
from phpsupport.audit.models import AuditEvent
from phpsupport.lib.errors import Refused
from phpsupport.outbox.delivery import Planned, enqueue
from phpsupport.outbox.kinds import compose
from phpsupport.outbox.models import OutboxMessage, State
from sessions.actions.batches import undo_batch
from sessions.actions.changing import Fresh, Target, apply
from sessions.actions.enrollment import enroll as join_line
from sessions.actions.schedule import cancel_session, move_session, staff_session
from sessions.actions.series import create_series, end_series, replace_facilitator
from sessions.models import (
    Attendance,
    Enrollment,
    GroupNoteDraft,
    GroupSession,
    ScheduleBatch,
    SessionState,
    WaitlistEntry,
)
from sessions.queries.batches import KEPT
from tests.factories import (
    enroll,
    make_facilitator,
    make_participant,
    make_room,
    make_session,
)
from tests.sessions.actions.test_changing import AT, FRIDAY, World, at

LATER = AT + timedelta(minutes=5)
pytestmark = pytest.mark.django_db


@pytest.fixture
def world(db):
    return World()


def everything():
    """Every row of the schedule by table, without what the database counts by itself."""
    return {
        model: {
            row["id"]: {k: v for k, v in row.items() if k not in ("sequence", "changed_at")}
            for row in model.objects.values()
        }
        for model in KEPT
    }


def newest():
    return ScheduleBatch.objects.latest("at")


def undo(world, batch=None, **asked):
    return undo_batch(**{"batch": batch or newest(), "by": world.by, "at": LATER, **asked})


def move(world, **asked):
    return move_session(**{
        "session": world.one, "on": FRIDAY, "starts": time(13), "ends": time(13, 50),
        "room": world.harbor, "by": world.by, "at": AT, **asked,
    })  # fmt: skip


def cancel(world):
    return cancel_session(session=world.one, reason="Snow", by=world.by, at=AT)


def staff(world):
    return staff_session(session=world.two, lead=world.ana, by=world.lead, at=AT,
                         override_reason="Bea is ill")  # fmt: skip


def sent(kind):
    """Let the messages of a kind have gone."""
    OutboxMessage.objects.filter(kind=kind).update(state=State.SENT, sent_at=AT)


# --- exactly ----------------------------------------------------------------------------------------
def swap(world):
    apply(
        program=world.program, kind="moved", summary="Swapped", by=world.by, at=AT,
        targets=[Target(world.one, room=world.garden), Target(world.two, room=world.harbor)],
    )  # fmt: skip


def make_more(world):
    apply(
        program=world.program, kind="series-edited", summary="More", by=world.by, at=AT,
        targets=[Target(world.one, starts_at=at(14), ends_at=at(14, 50))],
        fresh=[Fresh(world.circle, FRIDAY, at(10), at(10, 50), world.harbor, ((world.ana, "co"),))],
    )  # fmt: skip


def hand_over(world):
    new = make_facilitator(world.program, first_name="Cal")
    replace_facilitator(
        series=world.circle, old=world.ana, new=new, from_on=FRIDAY, by=world.by, at=AT
    )


def end(world):
    end_series(series=world.circle, last_on=date(2026, 11, 19), by=world.by, at=AT)


@pytest.mark.parametrize("act", [move, cancel, staff, swap, make_more, hand_over, end])
def test_undoing_puts_every_row_back(world, act):
    make_session(world.circle, FRIDAY + timedelta(days=7))
    before = everything()
    act(world)
    assert everything() != before
    batch = undo(world)
    assert everything() == before
    assert (batch.undone_at, batch.undone_by) == (LATER, world.by)
    assert AuditEvent.objects.filter(action="schedule.undone", object_id=batch.pk).count() == 1


def test_undoing_a_new_series_takes_it_all_away(world):
    before = everything()
    create_series(
        group=world.circle.group, room=world.garden, weekdays=[0], starts=time(15),
        ends=time(15, 50), zone=world.program.zone, from_on=date(2026, 12, 1),
        until_on=date(2027, 1, 31), capacity=8, lead=world.bea, co=[world.ana], by=world.by, at=AT,
    )  # fmt: skip
    batch = undo(world)
    assert everything() == before
    assert batch.series is None


def test_a_new_series_with_people_in_it_stays(world):
    series = create_series(
        group=world.circle.group, room=world.garden, weekdays=[0], starts=time(15),
        ends=time(15, 50), zone=world.program.zone, from_on=date(2026, 12, 1),
        until_on=date(2027, 1, 31), capacity=8, by=world.by, at=AT,
    )  # fmt: skip
    enroll(series, world.person)
    with pytest.raises(Refused, match="People have places in it"):
        undo(world)
    assert series.sessions.exists()


def test_the_end_of_a_series_gives_places_and_line_back(world):
    world.circle.capacity = 1
    world.circle.save()
    waiting = make_participant(world.program)
    join_line(series=world.circle, participant=waiting, from_on=FRIDAY, by=world.by, at=AT)
    before = everything()
    end(world)
    assert Enrollment.objects.get(series=world.circle).until_on is not None
    assert WaitlistEntry.objects.get().outcome == "left"
    undo(world)
    assert everything() == before


def test_a_second_click_is_harmless(world):
    cancel(world)
    first = undo(world)
    again = undo(world, first, at=LATER + timedelta(hours=1))
    assert again.undone_at == LATER
    assert AuditEvent.objects.filter(action="schedule.undone").count() == 1


# --- refused ----------------------------------------------------------------------------------------
def attended(world):
    Attendance.objects.create(
        program=world.program, session=world.one, participant=world.person, status="excused",
        marked_at=AT,
    )  # fmt: skip


def drafted(world):
    GroupNoteDraft.objects.create(
        program=world.program, session=world.one, author=world.ana.user, saved_at=AT
    )


def held(world):
    GroupSession.objects.filter(pk=world.one.pk).update(state=SessionState.HELD)


def moved_again(world):
    move(world, starts=time(16), ends=time(16, 50), at=AT + timedelta(minutes=1))


def given_to_another(world):
    staff_session(session=world.one, lead=world.bea, by=world.by, at=AT + timedelta(minutes=1))


def taken(world):
    make_session(world.series("Choir", world.harbor, None), FRIDAY)


def busy(world):
    make_session(world.series("Choir", world.garden, world.ana, hour=9), FRIDAY).assignments.update(
        starts_at=at(9, 30), ends_at=at(10, 20)
    )
    GroupSession.objects.filter(series__group__name="Choir").update(
        starts_at=at(9, 30), ends_at=at(10, 20), room=make_room(world.program)
    )


@pytest.mark.parametrize(
    ("since", "words"),
    [
        (attended, "Attendance or a note is on record for Circle of Fri 20 Nov, 13:00–13:50"),
        (drafted, "Attendance or a note is on record"),
        (held, "was held since"),
        (moved_again, "was changed again since. Undo that first."),
        (given_to_another, "was changed again since. Undo that first."),
        (taken, r"the place is taken\. Fri 20 Nov: Harbor is taken by Choir until 10:50\."),
        (busy, r"the place is taken\. Fri 20 Nov: Ana Solís is busy with Choir until 10:20\."),
    ],
)
def test_what_stands_in_the_way_is_named_and_nothing_changes(world, since, words):
    move(world)
    batch = newest()
    since(world)
    before = everything()
    with pytest.raises(Refused, match=words):
        undo(world, batch)
    assert everything() == before
    batch.refresh_from_db()
    assert batch.undone_at is None


def test_what_was_done_last_is_undone_first(world):
    before = everything()
    move(world)
    moved_again(world)
    second, first = ScheduleBatch.objects.order_by("-at")
    with pytest.raises(Refused, match="Undo that first"):
        undo(world, first)
    undo(world, second)
    undo(world, first)
    assert everything() == before


def test_who_was_taken_off_does_not_come_back_beside_somebody_put_on_since(world):
    staff_session(session=world.one, lead=None, by=world.by, at=AT)
    off = newest()
    staff_session(session=world.one, lead=world.ana, by=world.by, at=AT + timedelta(minutes=1))
    on = newest()
    with pytest.raises(Refused, match=r"Who leads Circle of Fri 20 Nov, .* Undo that first"):
        undo(world, off)
    undo(world, on)
    undo(world, off)
    assert world.one.assignments.get().facilitator == world.ana


def test_what_has_begun_or_would_have_begun_is_not_undone(world):
    move(world)
    with pytest.raises(Refused, match="has begun"):
        undo(world, at=at(13, 5))
    with pytest.raises(Refused, match=r"would go back \(Fri 20 Nov, 10:00–10:50\) is over"):
        undo(world, at=at(11))


def test_an_end_is_not_undone_when_somebody_went_home_since(world):
    end(world)
    discharge_participant(
        episode=world.person.episodes.get(), on=date(2026, 11, 19), by=world.by,
        at=datetime(2026, 11, 19, 20, tzinfo=UTC),
    )  # fmt: skip
    with pytest.raises(Refused, match="1 person with a place in it went home since"):
        undo(world, at=datetime(2026, 11, 19, 21, tzinfo=UTC))
    assert Enrollment.objects.get().until_on == date(2026, 11, 19)


def test_an_end_is_not_undone_when_somebody_waits_anew(world):
    world.circle.capacity = 1
    world.circle.save()
    waiting = make_participant(world.program)
    again = {"series": world.circle, "participant": waiting, "by": world.by, "at": AT}
    join_line(from_on=FRIDAY, **again)
    end(world)
    join_line(from_on=date(2026, 11, 19), **again)
    assert set(WaitlistEntry.objects.values_list("outcome", flat=True)) == {"left", "waiting"}
    with pytest.raises(Refused, match="has a place or waits in it anew"):
        undo(world)


def test_an_end_is_not_undone_when_somebody_has_a_place_anew(world):
    later = make_participant(world.program)
    place = {"series": world.circle, "participant": later, "by": world.by, "at": AT}
    join_line(from_on=FRIDAY, **place)
    end(world)
    assert not Enrollment.objects.filter(participant=later).exists()
    anew = Enrollment.objects.create(
        program=world.program, series=world.circle, participant=later,
        episode=later.episodes.get(), from_on=date(2026, 11, 19), until_on=None,
    )  # fmt: skip
    with pytest.raises(Refused, match="has a place or waits in it anew"):
        undo(world)
    anew.until_on = date(2026, 11, 19)
    anew.save()
    undo(world)
    assert Enrollment.objects.filter(participant=later).count() == 2


def test_an_answer_since_then_is_not_in_the_way(world):
    move(world)
    world.one.assignments.update(answer="accepted", answered_at=LATER)
    undo(world)
    world.one.refresh_from_db()
    assert world.one.starts_at == at(10)


# --- who is told ------------------------------------------------------------------------------------
def told(kind):
    return {
        m.recipient_id: m.facts for m in OutboxMessage.objects.filter(kind=kind, created_at=LATER)
    }


def test_who_was_told_of_a_cancellation_hears_once_that_it_takes_place(world):
    cancel(world)
    sent("session_cancelled")
    undo(world)
    assert set(told("session_on_again")) == {world.person.pk, world.ana.user_id}
    message = OutboxMessage.objects.get(kind="session_on_again", recipient_id=world.ana.user_id)
    assert "takes place after all." in compose(message, LATER + timedelta(hours=3)).text
    assert "Circle" not in compose(message, LATER + timedelta(hours=3)).text


def test_who_was_told_of_a_move_hears_once_of_the_way_back(world):
    move(world)
    sent("session_moved")
    undo(world)
    facts = told("session_moved")
    assert set(facts) == {world.person.pk, world.ana.user_id}
    assert facts[world.person.pk] == {
        "starts_at": at(10).isoformat(),
        "was": at(13).isoformat(),
    }


@pytest.mark.parametrize("act", [move, cancel])
def test_who_was_not_told_yet_is_not_told_at_all(world, act):
    act(world)
    undo(world)
    assert not OutboxMessage.objects.filter(state=State.WAITING).exists()
    assert not OutboxMessage.objects.filter(created_at=LATER).exists()


@pytest.mark.parametrize("act", [move, cancel])
def test_reminders_that_were_withheld_wait_again(world, act):
    reminder = Planned(
        "session_reminder", "r1", world.person.pk, AT + timedelta(hours=24),
        subject_id=world.one.pk, facts={"starts_at": at(10).isoformat()},
    )  # fmt: skip
    enqueue([reminder], at=AT)
    act(world)
    assert OutboxMessage.objects.get(dedupe_key="r1").state == State.WITHHELD
    undo(world)
    assert OutboxMessage.objects.get(dedupe_key="r1").state == State.WAITING


def test_who_is_told_of_the_same_change_after_an_undo_hears_again(world):
    cancel(world)
    sent("session_cancelled")
    undo(world)
    cancel_session(session=world.one, reason="Snow", by=world.by, at=LATER + timedelta(hours=1))
    assert OutboxMessage.objects.filter(kind="session_cancelled").count() == 4


def test_a_made_session_that_people_heard_of_stays_as_cancelled(world):
    make_more(world)
    made = GroupSession.objects.get(series=world.circle, starts_at=at(10))
    enqueue([Planned("session_reminder", "r2", world.person.pk, AT, subject_id=made.pk)], at=AT)
    sent("session_reminder")
    undo(world)
    made.refresh_from_db()
    assert (made.state, made.state_reason) == ("cancelled", "Taken back")
    assert not made.assignments.filter(active=True).exists()
    assert set(told("session_cancelled")) == {world.person.pk}
