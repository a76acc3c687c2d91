"""Answers to assignments: accept, decline, propose; nobody's duty changes by them."""

from datetime import UTC, date, datetime, time, timedelta

import pytest

from phpsupport.access.roles import Role
from phpsupport.lib.errors import Refused
from phpsupport.outbox.models import OutboxMessage
from sessions.actions.answers import answer_assignment, keep_as_is, propose_time, take_proposal
from sessions.actions.changing import Target, apply
from sessions.actions.cover import ask_for_cover
from sessions.actions.schedule import cancel_session, move_session, staff_session
from sessions.actions.series import replace_facilitator
from sessions.models import (
    Answer,
    Proposal,
    ScheduleBatch,
    SeriesFacilitator,
    SessionFacilitator,
)
from sessions.queries.answers import asked_of, open_matters
from tests.factories import (
    make_facilitator,
    make_group,
    make_program,
    make_series,
    make_session,
    make_staff,
)

DAY = date(2026, 3, 3)  # a Tuesday
AT = datetime(2026, 2, 25, 15, tzinfo=UTC)


class World:
    def __init__(self) -> None:
        self.program = make_program()
        self.planner = make_staff(self.program, Role.SCHEDULER)
        self.ana = make_facilitator(self.program, first_name="Ana", last_name="Solís")
        self.bea = make_facilitator(self.program, first_name="Bea", last_name="Kowal")
        self.series = make_series(
            self.program, facilitator=self.ana, weekdays=(1,),
            group=make_group(self.program, "Morning Check-in"),
        )  # fmt: skip
        self.session = make_session(self.series, DAY)

    def answer(self, answer, *, thing=None, by=None, at=AT):
        thing, by = thing or self.session, by or self.ana.user
        return answer_assignment(thing=thing, answer=answer, by=by, at=at)

    def propose(self, thing=None, **more):
        given = {"on": DAY, "starts": time(15), "ends": time(15, 50), "words": "Quieter then."}
        return propose_time(thing=thing or self.session, by=self.ana.user, at=AT, **given | more)

    def move(self, minutes, *, by=None, at=AT):
        starts = (datetime.combine(DAY, self.series.starts) + timedelta(minutes=minutes)).time()
        ends = (datetime.combine(DAY, self.series.ends) + timedelta(minutes=minutes)).time()
        move_session(
            session=self.session, on=DAY, starts=starts, ends=ends, room=self.session.room,
            by=by or self.planner, at=at,
        )  # fmt: skip

    def row(self):
        return SessionFacilitator.objects.get(session=self.session, facilitator=self.ana)

    def asked(self, who=None):
        return asked_of(user=(who or self.ana).user, program=self.program, at=AT)

    def matters(self, **more):
        return open_matters(self.program, at=AT, **more)


@pytest.fixture
def world(db):
    return World()


def told(kind):
    return set(OutboxMessage.objects.filter(kind=kind).values_list("recipient_id", flat=True))


def refused(code, act, *args, **asked):
    with pytest.raises(Refused) as refusal:
        act(*args, **asked)
    assert refusal.value.code == code, refusal.value.sentence


# --- what is asked --------------------------------------------------------------------------------
def test_a_series_is_asked_once_and_not_each_of_its_sessions(world):
    make_session(world.series, DAY + timedelta(days=7))
    asked = world.asked().questions
    assert [(q.kind, q.id, q.title) for q in asked] == [
        ("series", world.series.pk, "Morning Check-in")
    ]
    assert asked[0].when == "Tuesdays, 10:00–10:50, through Thu 31 Dec 2026"
    world.answer("accepted", thing=world.series)
    assert world.asked().to_answer == 0
    assert not OutboxMessage.objects.exists()  # a yes is not news


def test_one_session_given_to_somebody_else_asks_them(world):
    staff_session(session=world.session, lead=world.bea, by=world.planner, at=AT)
    asked = world.asked(world.bea).questions
    assert [(q.kind, q.id, q.when) for q in asked] == [
        ("session", world.session.pk, "Tue 3 Mar, 10:00–10:50")
    ]
    world.answer("accepted", by=world.bea.user)
    assert world.asked(world.bea).to_answer == 0
    # Given away and given back, it is a new question.
    staff_session(session=world.session, lead=world.ana, by=world.planner, at=AT)
    staff_session(session=world.session, lead=world.bea, by=world.planner, at=AT)
    assert world.asked(world.bea).to_answer == 1


def test_who_stays_keeps_their_answer_when_others_change(world):
    staff_session(session=world.session, lead=world.ana, co=[world.bea], by=world.planner, at=AT)
    world.answer("accepted", by=world.bea.user)
    carl = make_facilitator(world.program)
    staff_session(session=world.session, lead=carl, co=[world.bea], by=world.planner, at=AT)
    assert world.asked(world.bea).to_answer == 0


def test_what_is_over_asks_nothing(world):
    late = world.session.starts_at
    assert asked_of(user=world.ana.user, program=world.program, at=late).needs == []
    world.series.until_on = DAY - timedelta(days=30)
    world.series.save()
    assert world.asked().to_answer == 0


# --- answering ------------------------------------------------------------------------------------
@pytest.mark.parametrize("of", ["series", "session"])
def test_a_no_leaves_them_responsible_and_tells_who_plans(world, of):
    thing = getattr(world, of)
    for _ in range(2):
        world.answer("declined", thing=thing)
    row = thing.assignments.get()
    assert (row.facilitator, row.answer, row.answered_at) == (world.ana, Answer.DECLINED, AT)
    assert told("assignment_answered") == {world.planner.pk}
    assert OutboxMessage.objects.count() == 1
    assert [m.sentence for m in world.matters()] == ["Ana Solís declined Morning Check-in"]
    assert world.matters(**{of: thing})
    assert [q.declined for q in world.asked().answered if q.kind == of] == [True]
    world.answer("accepted", thing=thing)
    assert world.matters() == []


@pytest.mark.parametrize("of", ["series", "session"])
def test_only_who_is_to_lead_it_answers(world, of):
    for by in (world.bea.user, world.planner, make_facilitator(make_program()).user):
        refused("not_yours", world.answer, "declined", thing=getattr(world, of), by=by)
    refused("required", world.answer, "perhaps")


@pytest.mark.parametrize("what", ["cancelled", "begun", "ended"])
def test_what_is_closed_is_not_answered(world, what):
    thing, at = world.session, AT
    if what == "cancelled":
        cancel_session(session=thing, reason="Snow.", by=world.planner, at=AT)
    elif what == "begun":
        at = thing.starts_at
    else:
        thing = world.series
        thing.ended_at = AT
        thing.save()
    refused("closed", world.answer, "declined", thing=thing, at=at)


def test_cover_that_is_looked_for_stands_in_the_place_of_the_no(world):
    world.answer("declined")
    ask_for_cover(sessions=[world.session], facilitator=world.ana, by=world.ana.user, at=AT)
    assert [m.what for m in world.matters()] == ["cover"]


# --- proposing ------------------------------------------------------------------------------------
def test_another_time_is_proposed_and_taken_in_one_step(world):
    made = world.propose()
    assert world.row().answer == Answer.PROPOSED
    assert world.propose() == made  # a second click
    matter = world.matters()[0]
    assert (matter.sentence, matter.line) == (
        "Ana Solís proposes another time", "Tue 3 Mar, 15:00–15:50 · Morning Check-in",
    )  # fmt: skip
    take_proposal(proposal=made, by=world.planner, at=AT)
    world.session.refresh_from_db()
    assert world.session.starts_at == datetime(2026, 3, 3, 20, tzinfo=UTC)
    row = world.row()
    assert (row.answer, row.starts_at) == (Answer.ACCEPTED, world.session.starts_at)
    made.refresh_from_db()
    assert (made.taken, made.settled_by) == (True, world.planner)
    assert told("proposal_settled") == {world.ana.user_id}
    assert ScheduleBatch.objects.get().kind == "moved"
    refused("settled", take_proposal, proposal=made, by=world.planner, at=AT)
    assert world.matters() == []


def test_it_is_not_taken_into_what_stands_in_the_way(world):
    made = world.propose()
    other = make_series(world.program, room=world.session.room, starts=time(15), ends=time(15, 50))
    make_session(other, DAY)
    with pytest.raises(Refused, match="is taken by"):
        take_proposal(proposal=made, by=world.planner, at=AT)
    made.refresh_from_db()
    assert made.settled_at is None
    assert world.row().answer == Answer.PROPOSED


def test_kept_as_it_is_they_are_asked_again(world):
    made = world.propose()
    for _ in range(2):
        keep_as_is(proposal=made, by=world.planner, at=AT)
    assert (world.row().answer, world.row().asked_at) == (Answer.NONE, AT)
    assert told("assignment_asks") == {world.ana.user_id}
    assert [q.kind for q in world.asked().questions] == ["series", "session"]
    made.refresh_from_db()
    assert made.taken is False


def test_a_time_for_a_series_is_marked_as_taken_on_its_own(world):
    made = world.propose(world.series)
    take_proposal(proposal=made, by=world.planner, at=AT)
    assert SeriesFacilitator.objects.get().answer == Answer.ACCEPTED
    assert not ScheduleBatch.objects.exists()


def test_a_new_proposal_takes_the_place_of_the_open_one(world):
    world.propose()
    world.propose(starts=time(14), ends=time(14, 50))
    assert Proposal.objects.filter(settled_at=None).count() == 1
    world.answer("accepted")
    assert not Proposal.objects.filter(settled_at=None).exists()


def test_a_proposal_makes_sense(world):
    refused("backwards", world.propose, ends=time(14))
    refused("past", world.propose, on=date(2026, 2, 24))


def test_a_cancelled_session_drops_what_was_proposed(world):
    made = world.propose()
    cancel_session(session=world.session, reason="Snow.", by=world.planner, at=AT)
    made.refresh_from_db()
    assert made.taken is False
    assert world.matters() == []


# --- asked again ----------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("minutes", "again"), [(15, False), (16, True), (-16, True), (300, True)]
)  # fmt: skip
@pytest.mark.parametrize("of", ["series", "session"])
def test_another_time_than_the_accepted_one_asks_again(world, of, minutes, again):
    world.answer("accepted", thing=getattr(world, of))
    world.move(minutes)
    row = world.row()
    assert (row.asked_at == AT) == again
    if of == "session":
        assert row.answer == ("" if again else "accepted")
    found = [q for q in world.asked().questions if q.kind == "session"]
    assert [q.again for q in found] == ([True] if again else [])
    assert told("assignment_asks") == ({world.ana.user_id} if again else set())


@pytest.mark.parametrize(("number", "kinds"), [(3, ["session"] * 3), (4, ["series"])])
def test_many_moved_sessions_of_a_series_are_one_question(world, number, kinds):
    world.answer("accepted", thing=world.series)
    more = [make_session(world.series, DAY + timedelta(days=7 * n)) for n in range(1, number)]
    hour = timedelta(hours=1)
    targets = [
        Target(s, starts_at=s.starts_at + hour, ends_at=s.ends_at + hour)
        for s in (world.session, *more)
    ]
    apply(
        program=world.program, kind="series-edited", summary="An hour later", targets=targets,
        by=world.planner, at=AT, accept=True,
    )  # fmt: skip
    assert [q.kind for q in world.asked().questions] == kinds
    assert OutboxMessage.objects.filter(kind="assignment_asks").count() == 1
    world.answer("accepted", thing=world.series)
    if number > 3:
        assert world.asked().to_answer == 0


def test_who_never_answered_is_not_asked_twice(world):
    world.move(300)
    assert [q.kind for q in world.asked().questions] == ["series"]
    assert not told("assignment_asks")


# --- one query ------------------------------------------------------------------------------------
@pytest.mark.parametrize("number", [1, 3])
def test_each_page_asks_once(world, number, django_assert_num_queries):
    for n in range(number):
        session = make_session(world.series, DAY + timedelta(days=7 * n + 7))
        world.answer("declined", thing=session)
        ask_for_cover(
            sessions=[make_session(world.series, DAY + timedelta(days=7 * n + 70))],
            facilitator=world.ana, by=world.ana.user, at=AT,
        )  # fmt: skip
    world.propose()
    with django_assert_num_queries(1):
        assert len(world.matters()) == 2 * number + 1
    with django_assert_num_queries(1):
        asked = world.asked()
    assert (len(asked.needs), len(asked.answered)) == (number, number + 1)


# --- handed over from a later day on --------------------------------------------------------------
def test_what_was_accepted_with_the_series_is_not_asked_again_before_the_last_day(world):
    """A month before another person takes over, nothing changes for who leads until then."""
    later = DAY + timedelta(days=35)
    make_session(world.series, later)
    world.answer("accepted", thing=world.series)
    replace_facilitator(
        series=world.series, old=world.ana, new=world.bea, from_on=later, by=world.planner, at=AT
    )
    assert world.asked().questions == []
    theirs = asked_of(user=world.bea.user, program=world.program, at=AT)
    assert [q.kind for q in theirs.questions] == ["series"]
    assert "from Tue 7 Apr 2026 through" in theirs.questions[0].when


def test_whoever_stopped_is_asked_nothing_of_the_series_and_answers_nothing(world):
    world.series.assignments.update(until_on=DAY - timedelta(days=7))
    assert [q.kind for q in world.asked().questions] == ["session"]
    after = AT + timedelta(days=1)
    refused("closed", world.answer, "accepted", thing=world.series, at=after)
    assert [
        q.kind for q in asked_of(user=world.ana.user, program=world.program, at=after).questions
    ] == ["session"]
