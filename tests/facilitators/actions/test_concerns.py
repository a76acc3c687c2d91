"""Boundary concerns: each step, who may take it, and what the database refuses."""

from datetime import UTC, date, datetime, timedelta
from threading import Barrier, Thread
from uuid import uuid4

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction

from facilitators.actions import concerns as act
from facilitators.models import BoundaryConcern, ConcernState, ConcernStep, NamedInConcern
from facilitators.queries.concerns import reviewers_for
from phpsupport.access.roles import Role
from phpsupport.access.scope import scope_of
from phpsupport.audit.models import AuditEvent
from phpsupport.lib.errors import Refused
from phpsupport.outbox.models import OutboxMessage
from phpsupport.programs.models import Closure, PolicyProfile
from tests.factories import make_facilitator, make_program, make_staff, make_user

MONDAY = datetime(2026, 11, 23, 15, tzinfo=UTC)  # 10:00 in New York


class World:
    """A program with two supervisors, a lead and a facilitator of the first supervisor."""

    def __init__(self):
        self.program = make_program()
        self.supervisor = make_staff(self.program, Role.SUPERVISOR, first_name="Maya")
        self.other = make_staff(self.program, Role.SUPERVISOR, first_name="Tom")
        self.lead = make_staff(self.program, Role.PROGRAM_LEAD, first_name="Ruth")
        self.facilitator = make_facilitator(self.program, supervisor=self.supervisor)
        self.colleague = make_staff(self.program, Role.SCHEDULER)

    def report(self, **fields):
        fields.setdefault("by", self.colleague)
        fields.setdefault("facilitator", self.facilitator)
        return act.report_concern(
            **{
                "program": self.program,
                "at": MONDAY,
                "concern_class": "crossing",
                "category": "financial",
                "narrative": "Lent somebody ten dollars.",
            }
            | fields
        )

    def triage(self, concern, **fields):
        return act.triage_concern(
            **{
                "concern": concern,
                "by": self.supervisor,
                "at": MONDAY,
                "severity": 2,
                "concern_class": "crossing",
                "category": "financial",
                "reviewer": self.supervisor,
            }
            | fields
        )

    def grave(self, second=None):
        """A violation whose actions are agreed."""
        concern = self.triage(self.report(), concern_class="violation", second_reviewer=second)
        concern = act.start_review(concern=concern, by=self.supervisor, at=MONDAY)
        return act.agree_actions(concern=concern, by=self.supervisor, at=MONDAY, words="Refresher.")


@pytest.fixture
def world(db):
    return World()


def told():
    return set(OutboxMessage.objects.values_list("recipient_id", flat=True))


# --- report ---------------------------------------------------------------------------------------
def test_a_report_is_kept_with_its_step_and_tells_the_supervisor(world):
    concern = world.report()
    assert concern.state == ConcernState.REPORTED
    assert concern.source == "staff"
    assert [s.what for s in concern.steps.all()] == ["reported"]
    assert told() == {world.supervisor.pk}
    assert AuditEvent.objects.filter(action="concern.reported", object_id=concern.pk).count() == 1


@pytest.mark.parametrize(
    ("at", "closed", "last_day"),
    [
        (datetime(2026, 11, 20, 15, tzinfo=UTC), (), date(2026, 11, 23)),  # Friday
        (datetime(2026, 11, 21, 4, 30, tzinfo=UTC), (), date(2026, 11, 23)),  # Friday 23:30
        (datetime(2026, 11, 22, 4, 30, tzinfo=UTC), (), date(2026, 11, 23)),  # Saturday night
        (
            datetime(2026, 11, 25, 22, tzinfo=UTC),
            (date(2026, 11, 26), date(2026, 11, 27)),
            date(2026, 11, 30),
        ),
    ],
)
def test_it_is_due_by_the_end_of_the_next_business_day(world, at, closed, last_day):
    for day in closed:
        Closure.objects.create(program=world.program, date=day, reason="Holiday")
    due = world.report(at=at).due_at
    midnight = datetime.combine(last_day + timedelta(days=1), datetime.min.time(), UTC)
    assert due == midnight + timedelta(hours=5)  # New York in winter


def test_the_policy_sets_how_many_business_days(world):
    PolicyProfile.objects.create(
        program=world.program,
        effective_from=date(2026, 1, 1),
        rules={"triage_business_days": 3},
        set_at=MONDAY,
    )
    assert world.report().due_at == datetime(2026, 11, 27, 5, tzinfo=UTC)


def test_a_second_click_makes_no_second_concern(world):
    key = uuid4()
    assert world.report(key=key).pk == world.report(key=key).pk
    assert BoundaryConcern.objects.count() == 1
    assert OutboxMessage.objects.count() == 1


def test_a_foreign_key_neither_shows_nor_changes_the_other_concern(world):
    theirs = world.report()
    mine = world.report(key=theirs.pk, by=world.other)
    assert mine.pk != theirs.pk
    assert mine.reported_by == world.other


def test_what_is_empty_ahead_or_from_elsewhere_is_refused(world):
    elsewhere = make_facilitator(make_program())
    for wrong, field in (
        ({"narrative": "  "}, "narrative"),
        ({"occurred_on": date(2026, 11, 24)}, "occurred_on"),
        ({"facilitator": elsewhere}, "facilitator"),
        ({"named": [make_user()]}, "named"),
    ):
        with pytest.raises(Refused) as refusal:
            world.report(**wrong)
        assert refusal.value.field == field
    assert not BoundaryConcern.objects.exists()


def test_about_oneself_is_a_report_by_oneself(world):
    assert world.report(by=world.facilitator.user).source == "self"
    assert world.report(told_by_participant=True).source == "participant"
    assert world.report(by=world.supervisor).source == "supervisor"


# --- who looks at it ------------------------------------------------------------------------------
def test_a_named_supervisors_concern_goes_to_the_lead_and_not_to_them(world):
    concern = world.report(named=[world.supervisor])
    assert told() == {world.lead.pk}
    assert not BoundaryConcern.objects.visible_to(world.supervisor).exists()
    with pytest.raises(Refused):
        world.triage(concern, by=world.supervisor)
    world.triage(concern, by=world.lead, reviewer=world.other)


def test_with_lead_and_supervisor_named_another_supervisor_reviews(world):
    concern = world.report(named=[world.supervisor, world.lead])
    assert concern.reviewer == world.other
    assert told() == {world.other.pk}
    assert not BoundaryConcern.objects.visible_to(world.lead).exists()
    assert BoundaryConcern.objects.visible_to(world.other).get() == concern


def test_when_everybody_is_named_the_report_is_kept_and_noted(world):
    concern = world.report(named=[world.supervisor, world.lead, world.other])
    assert not OutboxMessage.objects.exists()
    assert AuditEvent.objects.filter(action="concern.unrouted", object_id=concern.pk).exists()


def test_with_all_reviewers_named_the_privacy_officer_reviews(world):
    officer = make_staff(world.program, Role.PRIVACY_OFFICER)
    concern = world.report(named=[world.supervisor, world.lead, world.other])
    assert concern.reviewer == officer
    assert told() == {officer.pk}
    assert BoundaryConcern.objects.visible_to(officer).get() == concern
    world.triage(concern, by=officer, reviewer=officer)
    # Other concerns stay closed to them.
    world.report()
    assert BoundaryConcern.objects.visible_to(officer).count() == 1


def test_nobody_named_or_tied_is_among_the_reviewers(world):
    make_facilitator(world.program, user=world.other, supervisor=world.supervisor)
    free = set(reviewers_for(world.report(), MONDAY.date()))
    assert free == {world.supervisor, world.other, world.lead}
    # Tom is supervised by Maya: where she is named he is tied.
    concern = world.report(named=[world.supervisor])
    assert set(reviewers_for(concern, MONDAY.date())) == {world.lead}
    world.other.__dict__.pop("_scope", None)
    assert concern not in BoundaryConcern.objects.visible_to(world.other)
    for person in (world.supervisor, world.other, world.facilitator.user):
        with pytest.raises(Refused):
            world.triage(concern, by=world.lead, reviewer=person)


def test_the_facilitator_does_not_see_what_others_reported(world):
    world.report()
    own = world.report(by=world.facilitator.user)
    assert list(BoundaryConcern.objects.visible_to(world.facilitator.user)) == [own]


def test_a_lead_cannot_handle_their_own_question(world):
    mine = make_facilitator(world.program, user=world.lead, supervisor=world.supervisor)
    concern = world.report(by=world.lead, facilitator=mine)
    world.lead.__dict__.pop("_scope", None)
    with pytest.raises(Refused):
        world.triage(concern, by=world.lead)


@pytest.mark.parametrize("who", ["stranger", "other program", "other supervisor", "reporter"])
def test_nobody_else_takes_a_step(world, who):
    concern = world.report()
    person = {
        "stranger": lambda: make_user(),
        "other program": lambda: make_staff(make_program(), Role.PROGRAM_LEAD),
        "other supervisor": lambda: world.other,
        "reporter": lambda: world.colleague,
    }[who]()
    with pytest.raises(Refused):
        world.triage(concern, by=person)
    concern.refresh_from_db()
    assert concern.state == ConcernState.REPORTED


def test_an_ended_role_takes_the_case_away(world):
    concern = world.report()
    world.supervisor.role_assignments.update(ends_on=date(2026, 1, 1))
    world.supervisor.__dict__.pop("_scope", None)
    assert not scope_of(world.supervisor).roles
    with pytest.raises(Refused):
        world.triage(concern)


# --- the way through ------------------------------------------------------------------------------
def test_the_whole_way_with_a_second_reviewer(world):
    concern = world.grave(second=world.lead)
    assert concern.needs_second_reviewer
    concern = act.give_second_opinion(concern=concern, by=world.lead, at=MONDAY, agrees=True)
    concern = act.close_concern(
        concern=concern, by=world.supervisor, at=MONDAY, words="Done.", answer="Thank you."
    )
    assert concern.state == ConcernState.CLOSED
    assert set(concern.steps.values_list("what", flat=True)) == {
        "reported", "triaged", "review_started", "actions", "second_agreed", "answer", "closed",
    }  # fmt: skip
    assert AuditEvent.objects.filter(object_id=concern.pk).count() == 7


def test_closing_without_the_second_reviewer_is_refused_by_the_action(world):
    concern = world.grave()
    with pytest.raises(Refused, match="second reviewer"):
        act.close_concern(concern=concern, by=world.supervisor, at=MONDAY, words="Done.")
    concern = act.ask_second_reviewer(
        concern=concern, by=world.supervisor, at=MONDAY, second_reviewer=world.lead
    )
    with pytest.raises(Refused, match="has not agreed yet"):
        act.close_concern(concern=concern, by=world.supervisor, at=MONDAY, words="Done.")


def test_closing_without_the_second_reviewer_is_refused_by_the_database(world):
    concern = world.grave()
    with pytest.raises(IntegrityError), transaction.atomic():
        BoundaryConcern.objects.filter(pk=concern.pk).update(state="closed", closed_at=MONDAY)


def test_both_reviewers_being_one_person_is_refused_by_action_and_database(world):
    concern = world.grave()
    with pytest.raises(Refused, match="another person"):
        act.ask_second_reviewer(
            concern=concern, by=world.supervisor, at=MONDAY, second_reviewer=world.supervisor
        )
    with pytest.raises(IntegrityError), transaction.atomic():
        BoundaryConcern.objects.filter(pk=concern.pk).update(second_reviewer=world.supervisor)


@pytest.mark.parametrize(
    ("concern_class", "severity", "needs"),
    [("crossing", 2, False), ("crossing", 3, True), ("violation", 1, True), ("question", 1, False)],
)
def test_a_violation_or_grave_matter_needs_a_second_reviewer(world, concern_class, severity, needs):
    concern = world.triage(world.report(), concern_class=concern_class, severity=severity)
    assert concern.needs_second_reviewer is needs


def test_only_the_second_reviewer_agrees_and_only_once(world):
    concern = world.grave(second=world.lead)
    with pytest.raises(Refused):
        act.give_second_opinion(concern=concern, by=world.supervisor, at=MONDAY, agrees=True)
    act.give_second_opinion(concern=concern, by=world.lead, at=MONDAY, agrees=True)
    with pytest.raises(Refused, match="already"):
        act.give_second_opinion(concern=concern, by=world.lead, at=MONDAY, agrees=True)


def test_sending_back_needs_a_reason_and_goes_to_review(world):
    concern = world.grave(second=world.lead)
    with pytest.raises(Refused, match="missing"):
        act.give_second_opinion(concern=concern, by=world.lead, at=MONDAY, agrees=False)
    concern = act.give_second_opinion(
        concern=concern, by=world.lead, at=MONDAY, agrees=False, words="Talk with them first."
    )
    assert concern.state == ConcernState.UNDER_REVIEW


def test_judging_it_graver_takes_the_agreement_back(world):
    concern = world.grave(second=world.lead)
    act.give_second_opinion(concern=concern, by=world.lead, at=MONDAY, agrees=True)
    concern = act.reassess_concern(
        concern=concern, by=world.supervisor, at=MONDAY, severity=4,
        concern_class="violation", category="financial", words="It was more.",
    )  # fmt: skip
    assert concern.second_agreed_at is None
    with pytest.raises(Refused):
        act.close_concern(concern=concern, by=world.supervisor, at=MONDAY, words="Done.")


def test_a_question_is_closed_out_of_the_review_a_crossing_is_not(world):
    for concern_class, fine in (("question", True), ("crossing", False)):
        concern = world.triage(world.report(), concern_class=concern_class, severity=1)
        concern = act.start_review(concern=concern, by=world.supervisor, at=MONDAY)
        if fine:
            closed = act.close_concern(
                concern=concern, by=world.supervisor, at=MONDAY, words="Answered."
            )
            assert closed.state == ConcernState.CLOSED
        else:
            with pytest.raises(Refused, match="Agree what will be done"):
                act.close_concern(concern=concern, by=world.supervisor, at=MONDAY, words="x")


def test_steps_out_of_order_are_refused(world):
    concern = world.report()
    with pytest.raises(Refused, match="Nobody has looked"):
        act.start_review(concern=concern, by=world.supervisor, at=MONDAY)
    world.triage(concern)
    with pytest.raises(Refused, match="already"):
        world.triage(concern)
    with pytest.raises(Refused, match="not begun"):
        act.agree_actions(concern=concern, by=world.supervisor, at=MONDAY, words="x")
    with pytest.raises(Refused, match="not begun"):
        act.close_concern(concern=concern, by=world.supervisor, at=MONDAY, words="x")


def test_only_the_reviewer_reviews_and_closes(world):
    concern = world.triage(world.report(), reviewer=world.other)
    with pytest.raises(Refused, match="who reviews it"):
        act.start_review(concern=concern, by=world.supervisor, at=MONDAY)
    act.start_review(concern=concern, by=world.other, at=MONDAY)
    with pytest.raises(Refused, match="who reviews it"):
        act.hand_over_concern(
            concern=concern, by=world.supervisor, at=MONDAY, reviewer=world.supervisor
        )
    act.hand_over_concern(concern=concern, by=world.lead, at=MONDAY, reviewer=world.supervisor)
    act.agree_actions(concern=concern, by=world.supervisor, at=MONDAY, words="Talk.")


def test_reopening_needs_a_reason_and_the_second_reviewer_anew(world):
    concern = world.grave(second=world.lead)
    act.give_second_opinion(concern=concern, by=world.lead, at=MONDAY, agrees=True)
    concern = act.close_concern(concern=concern, by=world.supervisor, at=MONDAY, words="Done.")
    with pytest.raises(Refused, match="closed"):
        act.add_to_concern(concern=concern, by=world.supervisor, at=MONDAY, words="More.")
    with pytest.raises(Refused) as refusal:
        act.reopen_concern(concern=concern, by=world.supervisor, at=MONDAY, reason=" ")
    assert refusal.value.field == "reason"
    concern = act.reopen_concern(concern=concern, by=world.lead, at=MONDAY, reason="News.")
    assert (concern.state, concern.closed_at, concern.second_agreed_at) == (
        ConcernState.UNDER_REVIEW, None, None,
    )  # fmt: skip


# --- never deleted --------------------------------------------------------------------------------
def test_a_concern_its_names_and_steps_cannot_be_deleted_or_rewritten(world):
    concern = world.report(named=[world.other])
    for refused in (
        lambda: BoundaryConcern.objects.filter(pk=concern.pk).delete(),
        lambda: NamedInConcern.objects.all().delete(),
        lambda: ConcernStep.objects.all().delete(),
        lambda: ConcernStep.objects.all().update(what="note"),
        lambda: _sql("DELETE FROM facilitators_boundaryconcern"),
        lambda: _sql("DELETE FROM facilitators_namedinconcern"),
    ):
        with pytest.raises(DatabaseError), transaction.atomic():
            refused()
    assert BoundaryConcern.objects.filter(pk=concern.pk).exists()


def _sql(text):
    with connection.cursor() as cursor:
        cursor.execute(text)


# --- at one time ----------------------------------------------------------------------------------
@pytest.mark.django_db(transaction=True)
def test_two_at_once_one_looks_at_it_and_the_other_is_told():
    world = World()
    concern = world.report()
    answers = at_once(lambda: world.triage(concern), lambda: world.triage(concern, by=world.lead))
    assert sorted(answers) == ["Somebody has looked at this concern already.", "done"]
    assert concern.steps.filter(what="triaged").count() == 1


@pytest.mark.django_db(transaction=True)
def test_the_same_report_twice_at_once_is_one():
    world = World()
    key = uuid4()
    assert at_once(*[lambda: world.report(key=key)] * 4) == ["done"] * 4
    assert BoundaryConcern.objects.count() == 1
    assert OutboxMessage.objects.count() == 1


def at_once(*acts):
    """Run the acts in threads that start together; "done" or the refusal of each."""
    start, answers = Barrier(len(acts)), []

    def run(one):
        start.wait()
        try:
            one()
            answers.append("done")
        except Refused as refusal:
            answers.append(refusal.sentence)
        except Exception as fault:
            answers.append(repr(fault))
        finally:
            connection.close()

    threads = [Thread(target=run, args=(one,)) for one in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers
