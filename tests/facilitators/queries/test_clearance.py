"""Clearance for whole sets: three queries, the site's day, the rules of the day."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from facilitators.clearance import Code
from facilitators.models import (
    Certification,
    ClearanceOverride,
    Facilitator,
    Leave,
    Stage,
    TrainingRecord,
    TrainingRequirement,
)
from facilitators.queries.clearance import (
    Allowed,
    Away,
    ClearanceFile,
    Credential,
    ProgramRules,
    Training,
    clearances,
    files_in,
    files_of,
)
from phpsupport.access.models import RoleAssignment
from phpsupport.access.roles import Role
from phpsupport.lib.periods import Period
from phpsupport.programs.models import PolicyProfile
from tests.factories import (
    give_role,
    make_facilitator,
    make_program,
    make_requirements,
    make_user,
)

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 3, 4, 17, tzinfo=UTC)
LAST = date(2026, 6, 30)


def codes(facilitator, day, **how):
    found = clearances([facilitator.pk], [day], **how)[facilitator.pk, day]
    return [reason.code for reason in found.reasons]


def test_it_takes_three_queries_for_one_and_for_thirty_answers(django_assert_num_queries):
    program = make_program()
    first = make_facilitator(program)
    with django_assert_num_queries(3):
        assert len(clearances([first.pk], [date(2026, 3, 2)])) == 1
    others = [make_facilitator(program, cleared=n % 2 == 0) for n in range(4)]
    elsewhere = make_facilitator(make_program())
    for person in others:
        Leave.objects.create(
            facilitator=person, from_on=date(2026, 3, 9), until_on=date(2026, 3, 10)
        )
        ClearanceOverride.objects.create(
            facilitator=person,
            from_on=LAST,
            until_on=LAST,
            reason="x",
            given_by=make_user(),
            given_at=NOON,
        )
    days = [date(2026, 3, 2) + timedelta(days=n) for n in range(5)]
    ids = [first.pk, elsewhere.pk, *(person.pk for person in others)]
    with django_assert_num_queries(3):
        found = clearances(ids, days)
    assert set(found) == {(pk, day) for pk in ids for day in days}
    assert all(found[first.pk, day].cleared for day in days)
    assert not any(found[others[1].pk, day].cleared for day in days)


def test_the_files_of_one_program_come_in_one_query(django_assert_num_queries):
    program = make_program()
    people = [make_facilitator(program, cleared=n == 0) for n in range(3)]
    stranger = make_facilitator(make_program())
    Leave.objects.create(facilitator=people[1], from_on=LAST, until_on=LAST)
    wanted = {person.pk for person in people}
    with django_assert_num_queries(1):
        found = files_in(program, [*wanted, stranger.pk])
    assert found == files_of(wanted)
    for pk, file in files_of(wanted).items():
        assert found[pk].on(LAST) == file.on(LAST)


def test_an_unknown_id_is_left_out(django_assert_num_queries):
    assert clearances([make_user().pk], [LAST]) == {}


def test_training_and_certification_count_through_their_last_day():
    facilitator = make_facilitator(make_program(), through=LAST)
    assert codes(facilitator, LAST) == []
    assert codes(facilitator, LAST + timedelta(days=1)) == [
        Code.CREDENTIAL_EXPIRED,
        Code.TRAINING_EXPIRED,
        Code.TRAINING_EXPIRED,
    ]
    assert codes(facilitator, date(2025, 12, 31)) == [
        Code.CREDENTIAL_MISSING,
        Code.TRAINING_MISSING,
        Code.TRAINING_MISSING,
    ]


def test_revocation_takes_it_away_from_its_day_on():
    facilitator = make_facilitator(make_program())
    TrainingRecord.objects.filter(facilitator=facilitator).update(revoked_on=LAST)
    Certification.objects.filter(facilitator=facilitator).update(revoked_on=LAST)
    assert codes(facilitator, LAST - timedelta(days=1)) == []
    assert Code.TRAINING_REVOKED in codes(facilitator, LAST)
    assert Code.CREDENTIAL_REVOKED in codes(facilitator, LAST)


def test_without_a_date_on_the_certificate_the_requirements_months_count():
    program = make_program()
    facilitator = make_facilitator(program)
    TrainingRecord.objects.filter(facilitator=facilitator).update(
        expires_on=None, completed_on=date(2026, 1, 31)
    )
    TrainingRequirement.objects.filter(program=program).update(validity_months=1)
    assert codes(facilitator, date(2026, 2, 28)) == []
    assert Code.TRAINING_EXPIRED in codes(facilitator, date(2026, 3, 1))


def test_a_retired_requirement_is_asked_until_the_day_before():
    program = make_program()
    facilitator = make_facilitator(program)
    extra = TrainingRequirement.objects.create(program=program, name="First aid", retired_on=LAST)
    assert codes(facilitator, LAST - timedelta(days=1)) == [Code.TRAINING_MISSING]
    assert codes(facilitator, LAST) == []
    assert extra.name == "First aid"


def test_good_to_have_and_other_roles_requirements_are_not_asked():
    program = make_program()
    facilitator = make_facilitator(program)
    TrainingRequirement.objects.create(program=program, name="First aid", required=False)
    TrainingRequirement.objects.create(program=program, name="Leading", role="supervisor")
    assert codes(facilitator, LAST) == []


def test_leave_counts_unless_cancelled():
    facilitator = make_facilitator(make_program())
    row = Leave.objects.create(facilitator=facilitator, from_on=LAST, until_on=LAST)
    assert codes(facilitator, LAST) == [Code.LEAVE]
    row.cancelled_at = NOON
    row.save()
    assert codes(facilitator, LAST) == []


def test_after_the_last_day_of_work_nobody_leads():
    facilitator = make_facilitator(make_program(), ended_on=LAST)
    assert codes(facilitator, LAST) == []
    assert codes(facilitator, LAST + timedelta(days=1)) == [Code.ENDED]


def test_the_role_is_held_from_its_first_through_its_last_day(django_assert_num_queries):
    """Of that program alone, and of no other role; the spans of several assignments follow."""
    program = make_program()
    facilitator = make_facilitator(program)
    user = facilitator.user
    RoleAssignment.objects.filter(user=user).update(ends_on=LAST)
    give_role(user, program, Role.SUPERVISOR)
    give_role(user, make_program(), Role.FACILITATOR)
    after = LAST + timedelta(days=1)
    assert codes(facilitator, LAST) == []
    with django_assert_num_queries(3):
        assert codes(facilitator, after) == [Code.ROLE]
    assert codes(facilitator, after, as_lead=False) == [Code.ROLE]
    assert files_in(program, [facilitator.pk]) == files_of([facilitator.pk])
    give_role(user, program, Role.FACILITATOR, starts_on=after + timedelta(days=1))
    assert codes(facilitator, after) == [Code.ROLE]
    assert codes(facilitator, after + timedelta(days=1)) == []


def test_no_word_of_a_supervisor_stands_for_the_role():
    facilitator = make_facilitator(make_program())
    RoleAssignment.objects.all().delete()
    ClearanceOverride.objects.create(
        facilitator=facilitator, from_on=LAST, until_on=LAST, reason="x", given_by=make_user(),
        given_at=NOON,
    )  # fmt: skip
    found = clearances([facilitator.pk], [LAST])[facilitator.pk, LAST]
    assert not found.cleared
    assert found.sentence == "Does not hold the role of peer facilitator here."


def test_the_rules_of_the_day_say_who_leads_and_what_is_soon():
    program = make_program()
    facilitator = make_facilitator(program, stage=Stage.CO_FACILITATING, through=LAST)
    day = LAST - timedelta(days=20)
    PolicyProfile.objects.create(
        program=program,
        effective_from=day,
        rules={"stages_that_lead": ["co_facilitating"], "soon_days": [7]},
        set_at=NOON,
    )
    assert codes(facilitator, day - timedelta(days=1)) == [Code.STAGE]
    assert codes(facilitator, day - timedelta(days=1), as_lead=False) == []
    assert codes(facilitator, day) == []
    found = clearances([facilitator.pk], [day - timedelta(days=1), day, LAST])
    assert found[facilitator.pk, day - timedelta(days=1)].expiring
    assert not found[facilitator.pk, day].expiring
    assert found[facilitator.pk, LAST].expiring[0].days == 0


def test_an_override_names_who_gave_it():
    facilitator = make_facilitator(make_program(), cleared=False)
    ClearanceOverride.objects.create(
        facilitator=facilitator,
        from_on=LAST,
        until_on=LAST,
        reason="Retakes it on Friday",
        given_by=make_user(first_name="Ruth", last_name="Adeyemi"),
        given_at=NOON,
    )
    found = clearances([facilitator.pk], [LAST])[facilitator.pk, LAST]
    assert found.cleared
    assert found.sentence.endswith("Ruth Adeyemi allows it: Retakes it on Friday.")


def test_a_requirement_of_another_program_is_not_asked_here():
    here, there = make_program(), make_program()
    make_requirements(there, 5)
    facilitator = make_facilitator(here)
    assert codes(facilitator, LAST) == []
    assert len(files_of([facilitator.pk])[facilitator.pk].cells_on(LAST)) == 2


# --- reckoned once for all days between two turns -----------------------------------------------------
def _day(number: int) -> date:
    return date(2026, 1, 1) + timedelta(days=number)


DAYS = st.integers(0, 60).map(_day)
SPANS = st.tuples(st.integers(0, 60), st.integers(0, 20)).map(
    lambda span: (_day(span[0]), _day(span[0] + span[1]))
)


@st.composite
def _files(draw: st.DrawFn) -> ClearanceFile:
    requirements = tuple(
        TrainingRequirement(
            pk=UUID(int=n), name=f"R{n}", validity_months=draw(st.none() | st.just(1)),
            retired_on=draw(st.none() | DAYS),
        )
        for n in range(2)
    )  # fmt: skip
    profiles = sorted(
        ((day, {"stages_that_lead": draw(st.sampled_from([[], ["active"]])), "soon_days": [3]})
         for day in draw(st.sets(DAYS, max_size=2))),
        key=lambda profile: profile[0],
    )  # fmt: skip
    maybe = st.none() | DAYS
    return ClearanceFile(
        Facilitator(stage="active", ended_on=draw(maybe)),
        ProgramRules(UUID(int=0), requirements, tuple(profiles)),
        trainings=tuple(
            Training(UUID(int=9), UUID(int=n), draw(DAYS), draw(maybe), draw(maybe), None, "", 0, "", "")
            for n in draw(st.lists(st.integers(0, 2), max_size=4))
        ),
        credentials=tuple(
            Credential(UUID(int=9), "full", "", "", since, until, draw(maybe))
            for since, until in draw(st.lists(SPANS, max_size=2))
        ),
        roles=tuple(
            Period.days(since, until if draw(st.booleans()) else None)
            for since, until in draw(st.lists(SPANS, max_size=2))
        ),
        leave=tuple(Away(UUID(int=9), *span) for span in draw(st.lists(SPANS, max_size=1))),
        overrides=tuple(
            Allowed(UUID(int=9), *span, "why", "Rosa", draw(maybe))
            for span in draw(st.lists(SPANS, max_size=1))
        ),
    )  # fmt: skip


@given(_files(), st.booleans())
def test_what_stands_between_two_turns_is_what_each_day_says(file, as_lead):
    for number in range(-3, 95):
        day = _day(number)
        told = file.on(day, as_lead=as_lead)
        assert file.standing_on(day, as_lead=as_lead) == replace(told, expiring=())
