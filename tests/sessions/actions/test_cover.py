"""Cover: asked without a reason, offered to who can, the first to accept has it."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, time, timedelta
from threading import Barrier
from zoneinfo import ZoneInfo

import pytest
from django.db import IntegrityError, connection, transaction

from facilitators.actions.interests import declare_interest
from facilitators.models import Leave
from phpsupport.access.roles import Role
from phpsupport.audit.models import AuditEvent
from phpsupport.lib.errors import Refused
from phpsupport.outbox.kinds import Letter, compose
from phpsupport.outbox.models import OutboxMessage, State
from phpsupport.programs.models import PolicyProfile
from sessions.actions.batches import undo_batch
from sessions.actions.cover import (
    accept_cover,
    ask_candidates,
    ask_for_cover,
    decline_cover,
    escalate_at,
    tend_cover,
    withdraw_cover,
)
from sessions.actions.schedule import cancel_session, move_session, staff_session
from sessions.models import (
    Answer,
    CoverAnswer,
    CoverAsk,
    CoverRequest,
    CoverState,
    Part,
    ScheduleBatch,
    SessionFacilitator,
)
from sessions.queries.answers import asked_of
from sessions.queries.cover import for_page, open_requests, ranking, request_page
from sessions.tasks import tend_cover as task
from tests.factories import (
    enroll,
    make_facilitator,
    make_group,
    make_participant,
    make_program,
    make_series,
    make_session,
    make_staff,
)

DAY = date(2026, 3, 3)  # a Tuesday
AT = datetime(2026, 2, 25, 15, tzinfo=UTC)


class World:
    def __init__(self, zone: str = "America/New_York", starts: time = time(10)) -> None:
        self.program = make_program(zone=zone)
        self.planner = make_staff(self.program, Role.SCHEDULER)
        self.lead = make_staff(self.program, Role.PROGRAM_LEAD)
        self.ana = make_facilitator(self.program, first_name="Ana", last_name="Solís")
        self.tuan = make_facilitator(self.program, first_name="Tuấn", last_name="Nguyễn")
        self.bea = make_facilitator(self.program, first_name="Bea", last_name="Kowal")
        self.series = make_series(
            self.program, facilitator=self.ana, weekdays=(1,), starts=starts,
            ends=starts.replace(minute=50), group=make_group(self.program, "Morning Check-in"),
        )  # fmt: skip
        self.session = make_session(self.series, DAY)

    def needed(self, **more):
        given = {"facilitator": self.ana, "by": self.ana.user, "at": AT, "sessions": [self.session]}
        return ask_for_cover(**given | more)[0]

    def ask(self, request, *people, at=AT):
        ask_candidates(request=request, facilitators=people, by=self.planner, at=at)
        return [CoverAsk.objects.get(request=request, facilitator=p) for p in people]

    def leads(self):
        return set(self.session.assignments.values_list("facilitator__user__first_name", "part"))


@pytest.fixture
def world(db):
    return World()


def told(kind):
    return set(OutboxMessage.objects.filter(kind=kind).values_list("recipient_id", flat=True))


def refused(code, act, **asked):
    with pytest.raises(Refused) as refusal:
        act(**asked)
    assert refusal.value.code == code, refusal.value.sentence
    return refusal.value.sentence


# --- asking for it --------------------------------------------------------------------------------
def test_who_was_asked_and_is_to_be_kept_apart_from_somebody_there_does_not_hear_why(world):
    """Else they would know that somebody they know goes to the group."""
    (ask,) = world.ask(world.needed(), world.tuan)
    person = make_participant(world.program)
    enroll(world.series, person)
    declare_interest(
        facilitator=world.tuan, participant=person, relation="kin", by=world.lead, at=AT
    )
    with pytest.raises(Refused) as refused:
        accept_cover(ask=ask, by=world.tuan.user, at=AT)
    assert "roster" not in refused.value.sentence
    assert "apart" not in refused.value.sentence.lower()
    assert world.leads() == {("Ana", Part.LEAD)}


def test_it_is_asked_for_and_those_who_plan_are_told(world):
    request = world.needed()
    assert (request.state, request.part) == (CoverState.OPEN, Part.LEAD)
    assert request.escalate_at == AT + timedelta(hours=24)
    assert told("cover_needed") == {world.planner.pk, world.lead.pk}
    assert world.leads() == {("Ana", "lead")}  # hers until somebody accepts
    assert not CoverAsk.objects.exists()
    assert AuditEvent.objects.filter(action="cover.asked", object_id=request.pk).count() == 1


def test_a_second_click_asks_for_nothing_more(world):
    assert world.needed() == world.needed(at=AT + timedelta(minutes=1))
    assert CoverRequest.objects.count() == 1
    assert OutboxMessage.objects.filter(kind="cover_needed").count() == 2


def test_several_sessions_at_once_are_one_message_to_each(world):
    more = [make_session(world.series, DAY + timedelta(days=7 * n)) for n in (1, 2)]
    ask_for_cover(sessions=[*more, world.session], facilitator=world.ana, by=world.planner, at=AT)
    assert CoverRequest.objects.count() == 3
    assert OutboxMessage.objects.filter(kind="cover_needed").count() == 1  # not to who did it


def test_by_the_programs_rule_everybody_who_can_is_asked_at_once(world):
    PolicyProfile.objects.create(
        program=world.program,
        effective_from=date(2020, 1, 1),
        set_at=AT,
        rules={"cover_asks": "all"},
    )
    make_facilitator(world.program, cleared=False)
    Leave.objects.create(facilitator=world.bea, from_on=DAY, until_on=DAY)
    request = world.needed()
    assert [a.facilitator for a in request.asks.all()] == [world.tuan]
    assert told("cover_asked") == {world.tuan.user_id}


def test_a_stranger_a_colleague_and_another_programs_planner_are_refused(world):
    for by in (world.tuan.user, make_staff(make_program(), Role.SCHEDULER)):
        refused("not_yours", world.needed, by=by)
    refused("not_leading", world.needed, facilitator=world.tuan, by=world.tuan.user)
    refused("required", world.needed, sessions=[])


@pytest.mark.parametrize("what", ["cancelled", "begun", "held"])
def test_a_session_that_is_over_needs_none(world, what):
    at = AT
    if what == "cancelled":
        cancel_session(session=world.session, reason="Snow.", by=world.planner, at=AT)
    elif what == "begun":
        at = world.session.starts_at
    else:
        type(world.session).objects.filter(pk=world.session.pk).update(state="held")
    refused("history", world.needed, at=at)


# --- asking others --------------------------------------------------------------------------------
def test_one_several_or_all_are_asked_once_each(world):
    request = world.needed()
    world.ask(request, world.tuan)
    world.ask(request, world.tuan, world.bea, at=AT + timedelta(minutes=5))
    assert request.asks.count() == 2
    assert OutboxMessage.objects.filter(kind="cover_asked").count() == 2


@pytest.mark.parametrize(
    "why", ["leave", "clearance", "busy", "stranger", "ended", "on it", "self"]
)
def test_who_cannot_is_not_asked(world, why):
    request, who = world.needed(), world.tuan
    if why == "leave":
        Leave.objects.create(facilitator=who, from_on=DAY, until_on=DAY)
    elif why == "clearance":
        who.certifications.update(expires_on=DAY - timedelta(days=1))
    elif why == "busy":
        make_session(
            make_series(world.program, facilitator=who, starts=time(10, 30), ends=time(11)), DAY
        )
    elif why == "stranger":
        who = make_facilitator(make_program())
    elif why == "ended":
        who.user.role_assignments.update(ends_on=DAY - timedelta(days=1))
    elif why == "on it":
        SessionFacilitator.objects.create(
            session=world.session, facilitator=who, person=who.user, part=Part.CO,
            starts_at=world.session.starts_at, ends_at=world.session.ends_at,
        )  # fmt: skip
    else:
        who = world.ana
    code = "blocked" if why in ("leave", "clearance", "busy", "on it") else "stranger"
    refused(code, ask_candidates, request=request, facilitators=[who], by=world.planner, at=AT)
    assert not CoverAsk.objects.exists()


def test_the_candidates_are_ranked_by_what_is_known(world):
    make_session(world.series, DAY - timedelta(days=7)).assignments.update(
        facilitator=world.bea, person=world.bea.user
    )
    busy = make_series(world.program, facilitator=world.tuan, starts=time(14), ends=time(14, 50))
    make_session(busy, DAY)
    away = make_facilitator(world.program, first_name="Cleo")
    Leave.objects.create(facilitator=away, from_on=DAY, until_on=DAY)
    found = ranking(for_page().get(pk=world.needed().pk), at=AT)
    assert [r.candidate.name for r in found.able] == ["Bea Kowal", "Tuấn Nguyễn"]
    assert "Knows the group: led it once" in [r.words for r in found.able[0].reasons]
    assert found.able[1].reasons[-1].words == "1 other group that day, 1 that week"
    assert [r.candidate.id for r in found.unable] == [away.pk]
    assert "is on leave" in found.unable[0].reasons[0].words


NEVER = ("leave", "clearance", "facilitator")


def against(world, rule, who):
    """Let that rule be against somebody."""
    if rule == "leave":
        Leave.objects.create(facilitator=who, from_on=DAY, until_on=DAY)
    elif rule == "clearance":
        who.certifications.update(expires_on=DAY - timedelta(days=1))
    else:
        make_session(
            make_series(world.program, facilitator=who, starts=time(10, 30), ends=time(11)), DAY
        )


def rules(world, **levels):
    PolicyProfile.objects.create(
        program=world.program, effective_from=date(2020, 1, 1), set_at=AT, rules=levels
    )


@pytest.mark.parametrize("level", ["ignore", "warn"])
@pytest.mark.parametrize("rule", NEVER)
def test_nobody_covers_who_is_not_cleared_there_and_free_whatever_the_rules_say(world, rule, level):
    rules(world, **{f"rule_{rule}": level})
    request = world.needed()
    asked = world.ask(request, world.tuan)[0]
    against(world, rule, world.tuan)
    against(world, rule, world.bea)
    found = ranking(for_page().get(pk=request.pk), at=AT)
    assert found.able == ()
    assert {r.candidate.id for r in found.unable} == {world.tuan.pk, world.bea.pk}
    assert not {"Cleared that day", "Free then"} & {
        w.words for r in found.unable for w in r.reasons
    }
    ask_bea = {"request": request, "facilitators": [world.bea], "by": world.planner, "at": AT}
    refused("blocked", ask_candidates, **ask_bea)
    refused("blocked", accept_cover, ask=asked, by=world.tuan.user, at=AT)
    assert world.leads() == {("Ana", "lead")}


@pytest.mark.parametrize("level", ["ignore", "warn"])
def test_by_the_programs_rule_only_who_is_cleared_there_and_free_is_asked(world, level):
    rules(world, cover_asks="all", **{f"rule_{rule}": level for rule in NEVER})
    others = [make_facilitator(world.program) for _ in NEVER]
    for rule, who in zip(NEVER, others, strict=True):
        against(world, rule, who)
    request = world.needed()
    assert {a.facilitator for a in request.asks.all()} == {world.tuan, world.bea}


def test_who_can_is_said_to_be_cleared_and_free(world):
    rules(world, rule_clearance="ignore", rule_facilitator="ignore")
    (first, _) = ranking(for_page().get(pk=world.needed().pk), at=AT).able
    assert [r.words for r in first.reasons[:2]] == ["Cleared that day", "Free then"]


@pytest.mark.parametrize("people", [1, 8])
def test_ranking_costs_the_same_for_many(world, people, django_assert_num_queries):
    for _ in range(people):
        make_facilitator(world.program)
    request = for_page().get(pk=world.needed().pk)
    with django_assert_num_queries(4):
        ranking(request, at=AT)


# --- accepting ------------------------------------------------------------------------------------
def test_the_first_to_accept_has_it(world):
    request = world.needed()
    mine, other = world.ask(request, world.tuan, world.bea)
    accept_cover(ask=mine, by=world.tuan.user, at=AT)
    request.refresh_from_db()
    assert (request.state, request.filled_by, request.ended_at) == (
        CoverState.FILLED,
        world.tuan,
        AT,
    )
    row = world.session.assignments.get()
    assert (row.facilitator, row.part, row.answer) == (world.tuan, Part.LEAD, Answer.ACCEPTED)
    batch = ScheduleBatch.objects.get()
    assert (batch.kind, batch.by) == ("covered", world.tuan.user)
    assert told("assignment_changed") == {world.ana.user_id}
    assert not told("assignment_asks")  # who took it knows
    said = refused("filled", accept_cover, ask=other, by=world.bea.user, at=AT)
    assert said == "Tuấn has it already. Thank you."
    # A second click of the winner changes nothing.
    accept_cover(ask=mine, by=world.tuan.user, at=AT)
    assert ScheduleBatch.objects.count() == 1


def test_the_part_is_kept_and_the_others_stay(world):
    SessionFacilitator.objects.create(
        session=world.session, facilitator=world.bea, person=world.bea.user, part=Part.CO,
        starts_at=world.session.starts_at, ends_at=world.session.ends_at, answer=Answer.ACCEPTED,
    )  # fmt: skip
    request = world.needed(facilitator=world.bea, by=world.bea.user)
    accept_cover(ask=world.ask(request, world.tuan)[0], by=world.tuan.user, at=AT)
    assert world.leads() == {("Ana", "lead"), ("Tuấn", "co")}


def test_the_database_takes_one_acceptance(world):
    mine, other = world.ask(world.needed(), world.tuan, world.bea)
    CoverAsk.objects.filter(pk=mine.pk).update(answer=CoverAnswer.ACCEPTED)
    with pytest.raises(IntegrityError, match="accepted_once"), transaction.atomic():
        CoverAsk.objects.filter(pk=other.pk).update(answer=CoverAnswer.ACCEPTED)
    said = refused("filled", accept_cover, ask=other, by=world.bea.user, at=AT)
    assert said == "Somebody else has it already. Thank you."


@pytest.mark.parametrize("why", ["leave", "clearance", "busy", "role"])
def test_whether_they_can_is_judged_again_at_that_moment(world, why):
    ask = world.ask(world.needed(), world.tuan)[0]
    if why == "leave":
        Leave.objects.create(facilitator=world.tuan, from_on=DAY, until_on=DAY)
    elif why == "clearance":
        world.tuan.certifications.update(revoked_on=DAY - timedelta(days=2))
    elif why == "busy":
        other = make_series(world.program, facilitator=world.tuan, ends=time(11))
        make_session(other, DAY)
    else:
        world.tuan.user.role_assignments.update(ends_on=DAY - timedelta(days=1))
    refused("blocked", accept_cover, ask=ask, by=world.tuan.user, at=AT)
    assert world.leads() == {("Ana", "lead")}
    ask.refresh_from_db()
    assert ask.answer == CoverAnswer.NONE


@pytest.mark.parametrize("why", ["cancelled", "moved", "begun", "staffed", "withdrawn"])
def test_what_is_overtaken_is_not_taken(world, why):
    request = world.needed()
    ask = world.ask(request, world.tuan)[0]
    at = AT
    by = {"by": world.planner, "at": AT}
    if why == "cancelled":
        cancel_session(session=world.session, reason="Snow.", **by)
    elif why == "moved":
        move_session(
            session=world.session, on=DAY, starts=time(15), ends=time(15, 50),
            room=world.session.room, **by,
        )  # fmt: skip
    elif why == "begun":
        at = world.session.starts_at
    elif why == "staffed":
        staff_session(session=world.session, lead=world.bea, **by)
    else:
        withdraw_cover(request=request, by=world.ana.user, at=AT)
    with pytest.raises(Refused):
        accept_cover(ask=ask, by=world.tuan.user, at=at)
    tend_cover(at=at)
    request.refresh_from_db()
    assert (request.state, request.filled_by) == (CoverState.WITHDRAWN, None)
    assert "Tuấn" not in {name for name, _ in world.leads()}
    assert not told("cover_escalated")


# --- taken back -----------------------------------------------------------------------------------
LATER = AT + timedelta(minutes=5)


@pytest.fixture
def covered(world):
    """Tuấn has taken Ana's session."""
    world.series.assignments.update(answer=Answer.ACCEPTED, answered_at=AT)
    world.request = world.needed()
    world.taken = world.ask(world.request, world.tuan)[0]
    accept_cover(ask=world.taken, by=world.tuan.user, at=AT)
    return world


def read(world, who, at=LATER):
    return asked_of(user=who.user, program=world.program, at=at)


def needs(world, who, at=LATER):
    return [need.words for need in read(world, who, at).needs]


def heard(when):
    rows = OutboxMessage.objects.filter(created_at=when)
    return sorted(rows.values_list("kind", "recipient_id"))


def undo(world):
    undo_batch(batch=ScheduleBatch.objects.get(), by=world.planner, at=LATER)


def put_back(world):
    staff_session(session=world.session, lead=world.ana, by=world.planner, at=LATER)


@pytest.mark.parametrize("sent", [True, False])
@pytest.mark.parametrize("act", [undo, put_back])
def test_cover_can_be_undone_and_asked_for_again(covered, act, sent):
    world = covered
    assert needs(world, world.ana) == ["Tuấn Nguyễn has it. You need not come."]
    assert [line.state for line in open_requests(world.program, at=AT)[1]] == ["Tuấn Nguyễn has it"]
    if sent:
        OutboxMessage.objects.update(state=State.SENT, sent_at=AT)
    act(world)
    assert world.leads() == {("Ana", "lead")}
    # What both hear, also when the first message was still waiting: they read it on their day.
    both = [("assignment_asks", world.ana.user_id), ("assignment_changed", world.tuan.user_id)]
    assert heard(LATER) == both
    for message in OutboxMessage.objects.filter(created_at=LATER):
        assert isinstance(compose(message, LATER), Letter)
    # What both read.
    assert needs(world, world.ana) == []
    (question,) = read(world, world.ana).questions
    assert (question.id, question.back) == (world.session.pk, True)
    assert needs(world, world.tuan) == ["Cover was taken back. You need not come."]
    assert open_requests(world.program, at=LATER) == ([], [])
    world.request.refresh_from_db()
    assert (world.request.state, world.request.filled_by) == (CoverState.WITHDRAWN, None)
    assert AuditEvent.objects.filter(action="cover.taken_back").count() == 1
    page = request_page(for_page().get(pk=world.request.pk), at=LATER)
    assert [(a.name, a.state) for a in page.asked] == [("Tuấn Nguyễn", "had it")]
    # A second click on a page that stood open takes nothing over.
    refused("closed", accept_cover, ask=world.taken, by=world.tuan.user, at=LATER)
    # Asked for anew, the same person may have it again, and it stands there once.
    again = world.needed(at=LATER + timedelta(minutes=1))
    assert again.state == CoverState.OPEN
    assert needs(world, world.ana) == [
        "A scheduler looks for somebody. It is yours until somebody accepts."
    ]
    accept_cover(ask=world.ask(again, world.tuan, at=LATER)[0], by=world.tuan.user, at=LATER)
    assert needs(world, world.ana) == ["Tuấn Nguyễn has it. You need not come."]
    assert needs(world, world.tuan) == []


def test_what_was_to_tell_that_it_is_covered_is_not_sent_after_an_undo(covered):
    undo(covered)
    first = OutboxMessage.objects.get(kind="assignment_changed", recipient_id=covered.ana.user_id)
    assert (first.state, first.why) == (State.WITHHELD, "undone")


def test_cover_that_is_given_to_a_third_person_is_no_longer_said_to_be_had(covered):
    world = covered
    staff_session(session=world.session, lead=world.bea, by=world.planner, at=LATER)
    assert needs(world, world.ana) == []
    assert needs(world, world.tuan) == ["Cover was taken back. You need not come."]
    assert open_requests(world.program, at=LATER) == ([], [])
    assert heard(LATER) == [
        ("assignment_asks", world.bea.user_id), ("assignment_changed", world.tuan.user_id),
    ]  # fmt: skip


def test_who_covers_may_need_cover_in_turn(covered):
    world = covered
    request = world.needed(facilitator=world.tuan, by=world.tuan.user, at=LATER)
    accept_cover(ask=world.ask(request, world.bea)[0], by=world.bea.user, at=LATER)
    assert needs(world, world.tuan) == ["Bea Kowal has it. You need not come."]
    assert needs(world, world.ana) == []
    assert [line.who for line in open_requests(world.program, at=LATER)[1]] == ["Tuấn Nguyễn"]


def test_a_cancelled_session_that_takes_place_again_is_covered_as_before(covered):
    world = covered
    cancel_session(session=world.session, reason="Snow.", by=world.planner, at=LATER)
    assert needs(world, world.ana) == []
    assert needs(world, world.tuan) == []
    undo_batch(
        batch=ScheduleBatch.objects.latest("at"), by=world.planner, at=LATER + timedelta(minutes=1)
    )
    assert needs(world, world.ana) == ["Tuấn Nguyễn has it. You need not come."]


def test_whatever_changed_the_rows_the_tick_closes_what_no_longer_holds(covered):
    world = covered
    world.session.assignments.update(facilitator=world.ana, person=world.ana.user)
    assert needs(world, world.ana) == []
    assert open_requests(world.program, at=LATER) == ([], [])
    for _ in range(2):
        tend_cover(at=LATER)
    world.request.refresh_from_db()
    assert world.request.state == CoverState.WITHDRAWN
    assert AuditEvent.objects.filter(action="cover.taken_back").count() == 1


def test_cover_of_a_session_that_was_held_stays_on_record(covered):
    world = covered
    over = world.session.ends_at
    world.session.assignments.update(facilitator=world.ana, person=world.ana.user)
    tend_cover(at=over)
    world.request.refresh_from_db()
    assert (world.request.state, world.request.filled_by) == (CoverState.FILLED, world.tuan)


def test_only_who_was_asked_answers(world):
    ask = world.ask(world.needed(), world.tuan)[0]
    for act in (accept_cover, decline_cover):
        refused("not_yours", act, ask=ask, by=world.bea.user, at=AT)


def test_who_cannot_may_think_again_while_it_is_open(world):
    ask = world.ask(world.needed(), world.tuan)[0]
    for _ in range(2):
        decline_cover(ask=ask, by=world.tuan.user, at=AT)
    assert AuditEvent.objects.filter(action="cover.declined").count() == 1
    accept_cover(ask=ask, by=world.tuan.user, at=AT)
    refused("accepted", decline_cover, ask=ask, by=world.tuan.user, at=AT)


def test_when_the_last_one_cannot_those_who_plan_hear_of_it_at_once(world):
    tuan, bea = world.ask(world.needed(), world.tuan, world.bea)
    later = AT + timedelta(minutes=5)

    def heard():
        rows = OutboxMessage.objects.filter(kind="cover_needed", due_at=later)
        return set(rows.values_list("recipient_id", flat=True))

    decline_cover(ask=tuan, by=tuan.facilitator.user, at=later)
    assert heard() == set()
    for _ in range(2):
        decline_cover(ask=bea, by=bea.facilitator.user, at=later)
    assert heard() == {world.planner.pk, world.lead.pk}


def test_it_can_be_withdrawn_until_somebody_has_it(world):
    request = world.needed()
    refused("not_yours", withdraw_cover, request=request, by=world.tuan.user, at=AT)
    for _ in range(2):
        withdraw_cover(request=request, by=world.ana.user, at=AT)
    again = world.needed()
    assert again != request
    accept_cover(ask=world.ask(again, world.tuan)[0], by=world.tuan.user, at=AT)
    said = refused("filled", withdraw_cover, request=again, by=world.ana.user, at=AT)
    assert said.startswith("Tuấn has it")


# --- at once --------------------------------------------------------------------------------------
def at_once(acts: list[Callable[[], object]]) -> list[object]:
    ready = Barrier(len(acts))

    def run(act: Callable[[], object]) -> object:
        try:
            connection.ensure_connection()
            ready.wait(60)
            return act()
        except Exception as fault:
            return fault
        finally:
            connection.close()

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(run, acts))


@pytest.mark.parametrize("number", [2, 8])
@pytest.mark.django_db(transaction=True)
def test_many_accept_at_once_and_one_has_it(number):
    world = World()
    people = [make_facilitator(world.program, first_name=f"Kim{n}") for n in range(number)]
    asks = world.ask(world.needed(), *people)
    found = at_once(
        [lambda ask=ask: accept_cover(ask=ask, by=ask.facilitator.user, at=AT) for ask in asks]
    )
    won = [f for f in found if isinstance(f, CoverRequest)]
    lost = [f for f in found if isinstance(f, Refused)]
    assert (len(won), len(lost)) == (1, number - 1), found
    name = won[0].filled_by.user.first_name
    assert {f.sentence for f in lost} == {f"{name} has it already. Thank you."}
    assert world.leads() == {(name, "lead")}
    assert CoverAsk.objects.filter(answer=CoverAnswer.ACCEPTED).count() == 1
    assert ScheduleBatch.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_accepting_while_the_session_moves_and_is_withdrawn_ends_in_one_of_them():
    world = World()
    request = world.needed()
    ask = world.ask(request, world.tuan)[0]
    found = at_once(
        [
            lambda: accept_cover(ask=ask, by=world.tuan.user, at=AT),
            lambda: move_session(
                session=world.session, on=DAY, starts=time(15), ends=time(15, 50),
                room=world.session.room, by=world.planner, at=AT,
            ),
            lambda: withdraw_cover(request=request, by=world.ana.user, at=AT),
            lambda: tend_cover(at=AT),
        ]
    )  # fmt: skip
    assert all(not isinstance(f, Exception) or isinstance(f, Refused) for f in found), found
    request.refresh_from_db()
    taken = request.state == CoverState.FILLED
    assert taken == (world.leads() == {("Tuấn", "lead")})
    assert request.state != CoverState.OPEN


@pytest.mark.django_db(transaction=True)
def test_who_is_booked_elsewhere_at_that_moment_does_not_cover_as_well():
    """Also where the program lets one person be in two groups: the booking may come second, and is
    then marked as shared; cover never is."""
    world = World()
    rules(world, rule_facilitator="ignore")
    ask = world.ask(world.needed(), world.tuan)[0]
    other = make_session(
        make_series(world.program, facilitator=world.bea, starts=time(10, 30), ends=time(11)), DAY
    )
    found = at_once(
        [
            lambda: accept_cover(ask=ask, by=world.tuan.user, at=AT),
            lambda: staff_session(session=other, lead=world.tuan, by=world.planner, at=AT),
        ]
    )
    assert not isinstance(found[1], Exception), found
    assert not world.session.assignments.get().shares_time
    took = world.leads() == {("Tuấn", "lead")}
    assert took == isinstance(found[0], CoverRequest)
    assert other.assignments.get().shares_time == took


# --- escalation -----------------------------------------------------------------------------------
def test_nobody_accepted_in_time_is_told_once_however_often_the_tick_runs(world):
    request = world.needed()
    world.ask(request, world.tuan)
    assert tend_cover(at=AT + timedelta(hours=24, seconds=-1)) == 0
    due = AT + timedelta(hours=24)
    assert [tend_cover(at=due), tend_cover(at=due), tend_cover(at=due + timedelta(hours=5))] == [
        1,
        0,
        0,
    ]
    assert told("cover_escalated") == {world.planner.pk, world.lead.pk}
    request.refresh_from_db()
    assert (request.state, request.escalated_at) == (CoverState.OPEN, due)


@pytest.mark.django_db(transaction=True)
def test_two_beats_tell_once():
    world = World()
    world.needed()
    due = AT + timedelta(hours=25)
    found = at_once([lambda: tend_cover(at=due)] * 4)
    assert sorted(found) == [0, 0, 0, 1]
    assert OutboxMessage.objects.filter(kind="cover_escalated").count() == 2


def test_who_accepted_leaves_nothing_to_tell(world):
    ask = world.ask(world.needed(), world.tuan)[0]
    accept_cover(ask=ask, by=world.tuan.user, at=AT)
    assert tend_cover(at=AT + timedelta(days=2)) == 0
    task()
    assert not told("cover_escalated")


RULES = {"cover_escalate_hours": 24, "cover_last_hours": 4}


@pytest.mark.parametrize(
    ("asked", "starts", "due"),
    [
        # The night in which New York loses an hour: elapsed hours count, not the wall's.
        ((2026, 3, 7, 15), (2026, 3, 12, 14), (2026, 3, 8, 15)),
        # And the one in which it has one twice.
        ((2026, 10, 31, 16), (2026, 11, 5, 15), (2026, 11, 1, 16)),
        # A session at half past midnight after the change: four real hours before.
        ((2026, 3, 8, 2), (2026, 3, 8, 7, 30), (2026, 3, 8, 3, 30)),
        # Asked within the last hours: at once.
        ((2026, 3, 3, 13), (2026, 3, 3, 15), (2026, 3, 3, 13)),
        # Midnight itself.
        ((2026, 3, 3, 5), (2026, 3, 4, 5), (2026, 3, 4, 1)),
    ],
    ids=["spring", "autumn", "over-the-change", "at-once", "midnight"],
)
def test_when_it_is_escalated(asked, starts, due):
    asked, starts, due = (datetime(*t, tzinfo=UTC) for t in (asked, starts, due))
    assert escalate_at(asked, starts, RULES) == due


def test_the_wall_clock_of_the_caller_does_not_matter():
    place = ZoneInfo("America/New_York")
    starts = datetime(2026, 3, 8, 4, tzinfo=place)  # an hour is missing before it
    asked = datetime(2026, 3, 1, 4, tzinfo=place)
    rules = {"cover_escalate_hours": 336, "cover_last_hours": 4}
    assert starts.astimezone(UTC) - escalate_at(asked, starts, rules) == timedelta(hours=4)
