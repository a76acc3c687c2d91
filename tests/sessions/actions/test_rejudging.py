"""Coming sessions judged anew: when a credential is revoked, renewed or runs out, and only then."""

from datetime import date, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.db import OperationalError

from facilitators.actions.availability import add_leave
from facilitators.actions.clearance import give_clearance_override
from facilitators.actions.training import record_training, revoke_training
from facilitators.models import Certification, TrainingRecord
from phpsupport.access.actions import end_role, give_role
from phpsupport.access.models import RoleAssignment
from phpsupport.access.roles import Role
from phpsupport.audit.models import AuditEvent
from phpsupport.lib.errors import Refused
from phpsupport.office.actions import set_policy
from phpsupport.outbox import kinds
from phpsupport.outbox.models import OutboxMessage
from phpsupport.programs.models import fingerprint
from phpsupport.users.models import User
from sessions.actions import rejudging
from sessions.actions.rejudging import rejudge, rejudge_every_program
from sessions.conflicts import Rule
from sessions.forms.leading import facilitators_of
from sessions.models import CoverRequest, GroupSession, SessionFacilitator, SessionState
from sessions.queries.cover import candidates
from sessions.queries.not_cleared import not_cleared
from sessions.queries.slots import Wanted, obstacles
from sessions.queries.week import facilitators
from tests import factories as make
from tests.factories import make_facilitator, make_session, make_staff
from tests.sessions.worlds import AFTER, DAY, World, make_world

pytestmark = pytest.mark.django_db
WEEK = timedelta(days=7)


@pytest.fixture
def world() -> World:
    """A held session behind, three to come."""
    made = make_world(0, stage="active")
    for n in (1, 2, 3):
        make_session(made.series, DAY + n * WEEK)
    GroupSession.objects.filter(pk=made.session.pk).update(state=SessionState.HELD)
    return made


def flagged(world: World) -> list[date]:
    rows = SessionFacilitator.objects.filter(
        facilitator=world.facilitator, flagged_at__isnull=False
    )
    return sorted(rows.values_list("session__local_date", flat=True))


def told() -> set[Any]:
    return set(
        OutboxMessage.objects.filter(kind="plan_awaits").values_list("recipient_id", flat=True)
    )


def revoke(world: World, at: datetime = AFTER) -> TrainingRecord:
    training = TrainingRecord.objects.filter(facilitator=world.facilitator).first()
    assert training is not None
    return revoke_training(training=training, by=world.supervisor, at=at)


def test_a_revoked_training_marks_the_coming_sessions_at_once_and_tells_once(world):
    scheduler = make_staff(world.program, Role.SCHEDULER, first_name="Priya")
    stranger = make_staff(world.program, Role.CLINICIAN, first_name="Hanna")
    revoke(world)
    assert flagged(world) == [DAY + n * WEEK for n in (1, 2, 3)]
    assert told() == {scheduler.pk, world.supervisor.pk, world.leader.pk}
    assert stranger.pk not in told()
    event = AuditEvent.objects.get(action="clearance.flagged")
    assert (event.object_id, event.detail) == (world.facilitator.pk, {"sessions": 3})
    rejudge(program=world.program, at=AFTER + timedelta(minutes=15))
    assert OutboxMessage.objects.filter(kind="plan_awaits").count() == 3


def test_renewed_it_loses_the_mark_and_what_was_to_be_told_is_withheld(world):
    scheduler = make_staff(world.program, Role.SCHEDULER, first_name="Priya")
    training = revoke(world)
    message = OutboxMessage.objects.get(kind="plan_awaits", recipient_id=scheduler.pk)
    assert "Something awaits you" in kinds.compose(message, AFTER).text
    record_training(
        facilitator=world.facilitator, requirement=training.requirement, completed_on=DAY,
        by=world.supervisor, at=AFTER,
    )  # fmt: skip
    assert flagged(world) == []
    assert AuditEvent.objects.filter(action="clearance.restored").count() == 1
    with pytest.raises(kinds.Withhold, match="settled"):
        kinds.compose(message, AFTER)


def role_of(world: World) -> RoleAssignment:
    return RoleAssignment.objects.in_force(DAY).get(user=world.leader, role=Role.FACILITATOR)


def test_the_end_of_a_facilitators_role_marks_what_they_were_to_lead(world):
    """Those who plan and the supervisor hear of it; the person could open nothing any more."""
    scheduler = make_staff(world.program, Role.SCHEDULER, first_name="Priya")
    lead = make_staff(world.program, Role.PROGRAM_LEAD, first_name="Gloria")
    role = role_of(world)
    end_role(assignment=role, by=lead, at=AFTER)
    assert flagged(world) == [DAY + n * WEEK for n in (1, 2, 3)]
    assert told() == {scheduler.pk, lead.pk, world.supervisor.pk}
    (person,) = not_cleared(world.program, at=AFTER)
    assert person.why == "The role of peer facilitator ended on 2 Mar 2026."
    end_role(assignment=role, by=lead, at=AFTER)
    assert AuditEvent.objects.filter(action="clearance.flagged").count() == 1


def test_the_role_given_back_takes_the_mark_away(world):
    lead = make_staff(world.program, Role.PROGRAM_LEAD, first_name="Gloria")
    end_role(assignment=role_of(world), by=lead, at=AFTER)
    give_role(
        user=world.leader, program=world.program, role=Role.FACILITATOR, by=lead, at=AFTER + WEEK
    )
    assert flagged(world) == [DAY + WEEK], "which is over by then, and was not theirs to lead"
    assert AuditEvent.objects.filter(action="clearance.restored").count() == 1


def test_a_role_that_ends_on_a_day_marks_what_lies_beyond(world):
    lead = make_staff(world.program, Role.PROGRAM_LEAD, first_name="Gloria")
    end_role(assignment=role_of(world), by=lead, at=AFTER)
    give_role(
        user=world.leader, program=world.program, role=Role.FACILITATOR, by=lead,
        at=AFTER, starts_on=DAY, ends_on=DAY + 2 * WEEK,
    )  # fmt: skip
    assert flagged(world) == [DAY + 3 * WEEK]


def test_other_roles_and_other_programs_are_another_matter(world):
    lead = make_staff(world.program, Role.PROGRAM_LEAD, first_name="Gloria")
    given = [make.give_role(world.leader, world.program, Role.CLINICIAN)]
    elsewhere = make.make_program()
    lead_there = make_staff(elsewhere, Role.PROGRAM_LEAD)
    there = make.give_role(world.leader, elsewhere, Role.FACILITATOR)
    for held in given:
        end_role(assignment=held, by=lead, at=AFTER)
    end_role(assignment=there, by=lead_there, at=AFTER)
    assert flagged(world) == []


def test_a_refused_end_of_a_role_marks_nothing(world):
    stranger = make_staff(make.make_program(), Role.ADMINISTRATOR)
    with pytest.raises(Refused):
        end_role(assignment=role_of(world), by=stranger, at=AFTER)
    assert flagged(world) == []
    assert told() == set()


def test_who_holds_the_role_no_more_is_not_offered_and_not_let_in_by_any_word(world):
    """Neither for planning nor for cover, and nobody may set it aside."""
    lead = make_staff(world.program, Role.PROGRAM_LEAD, first_name="Gloria")
    other = make_facilitator(world.program, first_name="Bo")
    session = GroupSession.objects.filter(state=SessionState.SCHEDULED).earliest("starts_at")
    request = CoverRequest(
        program=world.program, session=session, facilitator=world.facilitator, part="lead"
    )

    def offered() -> tuple[bool, bool, bool]:
        return (
            other in facilitators_of(User.objects.get(pk=lead.pk), world.program),
            str(other.pk) in facilitators(world.program, on=DAY),
            other.pk in {c.id for c in candidates(request, at=AFTER)},
        )

    with time_machine.travel(AFTER, tick=False):
        assert offered() == (True, True, True)
        end_role(assignment=other.user.role_assignments.get(), by=lead, at=AFTER)
        assert offered() == (False, False, False)
    wanted = Wanted(
        session.local_date,
        session.starts_at,
        session.ends_at,
        session.room,
        ((other, "lead"),),
        "x",
    )
    found = obstacles([wanted], program_id=world.program.pk, zone=world.program.zone)
    (lacking,) = [o for o in found if o.kind is Rule.CLEARANCE]
    assert lacking.final


def test_what_was_led_before_the_role_was_on_record_is_signed_all_the_same():
    """As after an import: the role begins on its day, the sessions of the week before are there."""
    world = make_world(2)
    RoleAssignment.objects.filter(user=world.leader).update(starts_on=DAY + timedelta(days=3))
    world.mark("present", "present", at=AFTER + timedelta(days=3))
    world.write("One.", "Two words of hers.", at=AFTER + timedelta(days=3))
    assert world.sign(at=AFTER + timedelta(days=3))


def test_a_supervisors_word_lifts_the_mark_for_its_days_only(world):
    revoke(world)
    give_clearance_override(
        facilitator=world.facilitator, from_on=DAY, until_on=DAY + 2 * WEEK,
        reason="Retraining is booked", by=world.supervisor, at=AFTER,
    )  # fmt: skip
    assert flagged(world) == [DAY + 3 * WEEK]


def test_a_certificate_that_runs_out_counts_through_its_last_day(world):
    """It runs out with the day of the second session, by the site's calendar."""
    last = DAY + 2 * WEEK
    Certification.objects.filter(facilitator=world.facilitator).update(expires_on=last)
    rejudge_every_program(at=AFTER)
    assert flagged(world) == [DAY + 3 * WEEK]


def test_what_runs_out_only_later_is_told_within_the_programs_longest_warning(world):
    """By default 90 days: until then there is time to renew it."""
    late = make_session(world.series, DAY + 14 * WEEK)
    Certification.objects.filter(facilitator=world.facilitator).update(expires_on=DAY + 13 * WEEK)
    rejudge_every_program(at=AFTER)
    assert flagged(world) == []
    rejudge_every_program(at=AFTER + 2 * WEEK)
    assert flagged(world) == [late.local_date]


def test_what_is_lacking_today_is_told_for_every_session_to_come(world):
    late = make_session(world.series, DAY + 40 * WEEK)
    revoke(world)
    assert late.local_date in flagged(world)


def test_what_began_was_held_or_cancelled_is_never_marked(world):
    first, second, third = GroupSession.objects.filter(state=SessionState.SCHEDULED).order_by(
        "starts_at"
    )
    GroupSession.objects.filter(pk=second.pk).update(state=SessionState.CANCELLED)
    SessionFacilitator.objects.filter(session=second).update(active=False)
    revoke(world, at=first.starts_at)
    assert flagged(world) == [third.local_date]


def test_leave_is_told_as_leave_not_as_a_missing_clearance(world):
    scheduler = make_staff(world.program, Role.SCHEDULER, first_name="Priya")
    day = DAY + WEEK
    leave = add_leave(
        facilitator=world.facilitator, from_on=day, until_on=day, by=world.leader, at=AFTER
    )
    rejudge(program=world.program, at=AFTER)
    assert flagged(world) == []
    message = OutboxMessage.objects.get(kind="plan_awaits")
    assert (message.recipient_id, message.subject_id) == (scheduler.pk, leave.pk)


def test_leave_that_touches_no_session_tells_nobody(world):
    make_staff(world.program, Role.SCHEDULER, first_name="Priya")
    day = DAY + timedelta(days=1)
    add_leave(facilitator=world.facilitator, from_on=day, until_on=day, by=world.leader, at=AFTER)
    assert told() == set()


def test_the_same_number_of_queries_for_one_and_for_three_facilitators(
    world, django_assert_num_queries
):
    others = [make_facilitator(world.program, first_name=name) for name in ("Ana", "Bo")]
    with django_assert_num_queries(6):
        rejudge(program=world.program, at=AFTER)
    for n, other in enumerate(others):
        coming = GroupSession.objects.filter(local_date=DAY + (n + 1) * WEEK).get()
        SessionFacilitator.objects.create(
            session=coming, facilitator=other, person=other.user, part="co",
            starts_at=coming.starts_at, ends_at=coming.ends_at,
        )  # fmt: skip
    with django_assert_num_queries(6):
        rejudge(program=world.program, at=AFTER)


def test_another_rule_of_who_leads_is_judged_at_once(world):
    """The program lead sets it; nobody waits for the beat."""
    lead = make_staff(world.program, Role.PROGRAM_LEAD, first_name="Gloria")
    for stages, marked in ((["certified"], 3), (["certified", "active"], 0)):
        set_policy(
            program=world.program, effective_from=DAY, rules={"stages_that_lead": stages},
            seen=fingerprint(world.program.policy_profiles.all()), note="", by=lead, at=AFTER,
        )  # fmt: skip
        assert len(flagged(world)) == marked


def test_one_program_that_cannot_be_judged_holds_up_no_other(world, monkeypatch, caplog):
    other = make_world(0, stage="active")
    make_session(other.series, DAY + WEEK)
    TrainingRecord.objects.update(revoked_on=DAY)
    real = rejudging.rejudge
    for broken, judged in ((world.program, other), (other.program, world)):
        SessionFacilitator.objects.update(flagged_at=None)

        def judge(*, program: Any, at: Any, broken: Any = broken) -> Any:
            if program == broken:
                raise OperationalError("deadlock detected")
            return real(program=program, at=at)

        monkeypatch.setattr(rejudging, "rejudge", judge)
        rejudge_every_program(at=AFTER)
        assert flagged(judged)
        assert caplog.records[-1].getMessage().endswith("was not judged anew: OperationalError")


def test_another_programs_sessions_are_not_touched(world):
    other = make_world(0, stage="active")
    make_session(other.series, DAY + WEEK)
    revoke(world)
    assert flagged(other) == []
