"""What is asked of facilitators and what they hold."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from facilitators.actions.training import (
    add_requirement,
    record_certification,
    record_training,
    retire_requirement,
    revoke_certification,
    revoke_training,
    seed_requirements,
    verify_training,
)
from facilitators.models import TrainingRecord, TrainingRequirement
from facilitators.taxonomy import TRAINING_AREAS
from phpsupport.access.roles import Role
from phpsupport.audit.models import AuditEvent
from phpsupport.lib.errors import Refused
from tests.factories import make_facilitator, make_program, make_requirements, make_staff

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 3, 4, 17, tzinfo=UTC)
TODAY = date(2026, 3, 4)


@pytest.fixture
def program():
    return make_program()


@pytest.fixture
def supervisor(program):
    return make_staff(program, Role.SUPERVISOR, first_name="Ruth", last_name="Adeyemi")


@pytest.fixture
def facilitator(program):
    return make_facilitator(program, cleared=False)


@pytest.fixture
def requirement(program):
    return make_requirements(program, 1)[0]


def train(facilitator, requirement, by, on=TODAY, **more):
    return record_training(
        facilitator=facilitator, requirement=requirement, completed_on=on, by=by, at=NOON, **more
    )


def test_the_areas_of_the_field_are_seeded_once(program, supervisor):
    add_requirement(program=program, name=TRAINING_AREAS[3][1], by=supervisor, at=NOON)
    made = seed_requirements(program=program, by=supervisor, at=NOON)
    assert len(made) == len(TRAINING_AREAS) - 1
    assert seed_requirements(program=program, by=supervisor, at=NOON) == []
    assert TrainingRequirement.objects.filter(program=program).count() == len(TRAINING_AREAS)
    assert AuditEvent.objects.filter(action="requirements.seeded").count() == 1


def test_a_requirement_is_asked_once_whatever_its_capitals(program, supervisor):
    add_requirement(program=program, name="First aid", by=supervisor, at=NOON)
    with pytest.raises(Refused, match="of that name already"):
        add_requirement(program=program, name=" first  AID ", by=supervisor, at=NOON)


def test_a_retired_requirement_comes_back_under_its_name(program, supervisor):
    first = add_requirement(
        program=program, name="First aid", validity_months=12, by=supervisor, at=NOON
    )
    retired = retire_requirement(requirement=first, by=supervisor, at=NOON)
    assert retired.retired_on == TODAY
    with pytest.raises(Refused):
        retire_requirement(requirement=first, by=supervisor, at=NOON)
    back = add_requirement(
        program=program, name="First aid", validity_months=24, by=supervisor, at=NOON
    )
    assert (back.pk, back.retired_on, back.validity_months) == (first.pk, None, 24)


def test_a_training_is_recorded_once_a_day(facilitator, requirement, supervisor):
    row = train(facilitator, requirement, supervisor, hours=Decimal("2.5"), provider=" Board ")
    assert (row.provider, row.verified_at) == ("Board", None)
    with pytest.raises(Refused, match="on record for that day already") as refusal:
        train(facilitator, requirement, supervisor)
    assert refusal.value.field == "completed_on"
    assert TrainingRecord.objects.count() == 1


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"on": date(2026, 3, 5)}, "completed_on"),
        ({"expires_on": date(2026, 3, 3)}, "expires_on"),
        ({"hours": Decimal(0)}, "hours"),
    ],
)
def test_impossible_trainings_are_refused(facilitator, requirement, supervisor, more, field):
    with pytest.raises(Refused) as refusal:
        train(facilitator, requirement, supervisor, **more)
    assert refusal.value.field == field
    assert not TrainingRecord.objects.exists()


def test_tomorrow_is_the_sites_tomorrow(facilitator, requirement, supervisor):
    late = datetime(2026, 3, 5, 2, tzinfo=UTC)  # still the 4th in New York
    with pytest.raises(Refused, match="not come yet"):
        record_training(
            facilitator=facilitator,
            requirement=requirement,
            completed_on=date(2026, 3, 5),
            by=supervisor,
            at=late,
        )


def test_another_programs_or_a_retired_requirement_is_refused(facilitator, requirement, supervisor):
    foreign = make_requirements(make_program(), 1)[0]
    with pytest.raises(Refused):
        train(facilitator, foreign, supervisor)
    requirement.retired_on = TODAY
    requirement.save()
    with pytest.raises(Refused, match="not asked any more"):
        train(facilitator, requirement, supervisor)


def test_nobody_handles_their_own_training(program, requirement, supervisor):
    own = make_facilitator(program, cleared=False, user=supervisor)
    with pytest.raises(Refused, match="own training"):
        train(own, requirement, supervisor)
    with pytest.raises(Refused, match="own training"):
        record_certification(
            facilitator=own,
            kind="full",
            number="1",
            issued_on=TODAY,
            expires_on=TODAY,
            by=supervisor,
            at=NOON,
        )
    row = TrainingRecord.objects.create(
        facilitator=own, requirement=requirement, completed_on=TODAY
    )
    for act in (verify_training, revoke_training):
        with pytest.raises(Refused, match="own training"):
            act(training=row, by=supervisor, at=NOON)


def test_a_certificate_is_verified_once(facilitator, requirement, supervisor):
    row = train(facilitator, requirement, supervisor)
    assert verify_training(training=row, by=supervisor, at=NOON).verified_by == supervisor
    with pytest.raises(Refused, match="Ruth Adeyemi verified this training on Wed 4 Mar already"):
        verify_training(training=row, by=supervisor, at=NOON)
    assert AuditEvent.objects.filter(action="training.verified").count() == 1


def test_a_revoked_training_is_neither_verified_nor_revoked_again(
    facilitator, requirement, supervisor
):
    row = train(facilitator, requirement, supervisor)
    assert revoke_training(training=row, by=supervisor, at=NOON).revoked_on == TODAY
    with pytest.raises(Refused, match="nothing to verify"):
        verify_training(training=row, by=supervisor, at=NOON)
    with pytest.raises(Refused, match="revoked on 4 Mar 2026 already"):
        revoke_training(training=row, by=supervisor, at=NOON)


def certify(facilitator, by, **more):
    facts = {
        "kind": "full",
        "number": "CPS-1",
        "issued_on": date(2026, 1, 1),
        "expires_on": date(2028, 1, 1),
    }
    return record_certification(facilitator=facilitator, by=by, at=NOON, **{**facts, **more})


def test_a_certification_is_recorded_once_and_revoked_once(facilitator, supervisor):
    row = certify(facilitator, supervisor)
    with pytest.raises(Refused, match="on record already"):
        certify(facilitator, supervisor)
    revoke_certification(certification=row, by=supervisor, at=NOON)
    with pytest.raises(Refused, match="revoked on 4 Mar 2026 already"):
        revoke_certification(certification=row, by=supervisor, at=NOON)


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"number": "  "}, "number"),
        ({"issued_on": date(2026, 3, 5)}, "issued_on"),
        ({"expires_on": date(2025, 12, 31)}, "expires_on"),
    ],
)
def test_impossible_certifications_are_refused(facilitator, supervisor, more, field):
    with pytest.raises(Refused) as refusal:
        certify(facilitator, supervisor, **more)
    assert refusal.value.field == field
