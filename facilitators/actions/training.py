"""What is asked of facilitators, and what they have learned."""

from datetime import date, datetime
from decimal import Decimal

from django.db import IntegrityError, transaction

from facilitators.models import (
    Certification,
    CertificationKind,
    Facilitator,
    TrainingRecord,
    TrainingRequirement,
)
from facilitators.signals import clearance_changed
from facilitators.taxonomy import TRAINING_AREAS
from phpsupport.access.roles import Role
from phpsupport.audit.trail import record
from phpsupport.lib import clock, wording
from phpsupport.lib.deadlocks import once_more
from phpsupport.lib.errors import Refused
from phpsupport.lib.rows import held
from phpsupport.programs.models import Program
from phpsupport.users.models import User

OWN_TRAINING = "Ask a colleague: nobody records or verifies their own training."


# --- requirements ---------------------------------------------------------------------------------
@once_more
def seed_requirements(
    *, program: Program, by: User | None, at: datetime, validity_months: int | None = 12
) -> list[TrainingRequirement]:
    """The training areas of the field as requirements; those that are there already stay.

    How long each counts is the program's to check with its state or payer.
    """
    Program.objects.select_for_update(no_key=True).get(pk=program.pk)
    there = set(_of(program).values_list("name", flat=True))
    made = [
        TrainingRequirement.objects.create(
            program=program,
            role=Role.FACILITATOR,
            name=name,
            validity_months=validity_months,
            position=place,
        )
        for place, (_, name) in enumerate(TRAINING_AREAS)
        if name not in there
    ]
    if made:
        record("requirements.seeded", by=by, at=at, program_id=program.pk, count=len(made))
        clearance_changed.send(Program, program=program, facilitator_ids=None, at=at)
    return made


def _of(program: Program):  # type: ignore[no-untyped-def]
    return TrainingRequirement.objects.filter(program=program, role=Role.FACILITATOR)


@once_more
def add_requirement(
    *,
    program: Program,
    name: str,
    by: User,
    at: datetime,
    validity_months: int | None = None,
    required: bool = True,
) -> TrainingRequirement:
    """Ask one more training of facilitators; one that was retired under that name comes back."""
    Program.objects.select_for_update(no_key=True).get(pk=program.pk)
    name = " ".join(name.split())
    if not name:
        raise Refused("Enter what the training is called.", field="name")
    row = _of(program).filter(name__iexact=name).first()
    if row is not None and row.retired_on is None:
        raise Refused("There is a requirement of that name already.", field="name", code="same")
    if row is None:
        row = TrainingRequirement(
            program=program, role=Role.FACILITATOR, position=_of(program).count()
        )
    row.name, row.validity_months, row.required, row.retired_on = (
        name,
        validity_months,
        required,
        None,
    )
    row.save()
    record("requirement.added", by=by, at=at, obj=row)
    clearance_changed.send(Program, program=program, facilitator_ids=None, at=at)
    return row


@once_more
def retire_requirement(
    *, requirement: TrainingRequirement, by: User, at: datetime
) -> TrainingRequirement:
    """Ask it no more from today on. What people hold stays on record."""
    row = (
        TrainingRequirement.objects.select_for_update(of=("self",))
        .select_related("program__site")
        .get(pk=requirement.pk)
    )
    if row.retired_on is not None:
        raise Refused("This requirement is not asked any more already.", code="same")
    row.retired_on = clock.local_date(at, row.program.zone)
    row.save(update_fields=["retired_on"])
    record("requirement.retired", by=by, at=at, obj=row)
    clearance_changed.send(Program, program=row.program, facilitator_ids=None, at=at)
    return row


# --- trainings ------------------------------------------------------------------------------------
@once_more
def record_training(
    *,
    facilitator: Facilitator,
    requirement: TrainingRequirement,
    completed_on: date,
    by: User,
    at: datetime,
    expires_on: date | None = None,
    hours: Decimal | None = None,
    provider: str = "",
    certificate_number: str = "",
    verified: bool = False,
) -> TrainingRecord:
    """Put a completed training on record; `verified` when `by` has seen the certificate.

    A date of expiry on the certificate goes before the requirement's own validity.
    """
    today = clock.local_date(at, facilitator.program.zone)
    if facilitator.user_id == by.pk:
        raise Refused(OWN_TRAINING)
    if requirement.program_id != facilitator.program_id:
        raise Refused("Choose one from the list.", field="requirement")
    if requirement.retired_on is not None and requirement.retired_on <= today:
        raise Refused("This training is not asked any more. Choose another.", field="requirement")
    if completed_on > today:
        raise Refused(
            "Record a training once it is completed: this day has not come yet.",
            field="completed_on",
        )
    if expires_on is not None and expires_on < completed_on:
        raise Refused("It cannot run out before it was completed.", field="expires_on")
    if hours is not None and hours <= 0:
        raise Refused("Hours must be more than zero.", field="hours")
    try:
        with transaction.atomic():
            row = TrainingRecord.objects.create(
                facilitator=facilitator,
                requirement=requirement,
                completed_on=completed_on,
                expires_on=expires_on,
                hours=hours,
                provider=provider.strip(),
                certificate_number=certificate_number.strip(),
                verified_by=by if verified else None,
                verified_at=at if verified else None,
            )
    except IntegrityError as fault:
        if TrainingRecord.objects.filter(
            facilitator=facilitator, requirement=requirement, completed_on=completed_on
        ).exists():
            raise Refused(
                "This training is on record for that day already.",
                field="completed_on",
                code="same",
            ) from fault
        raise
    record(
        "training.recorded",
        by=by,
        at=at,
        obj=row,
        program_id=facilitator.program_id,
        verified=verified,
    )
    _tell(facilitator, at)
    return row


def _tell(facilitator: Facilitator, at: datetime) -> None:
    """Let the schedule know that this person's clearance may have changed."""
    clearance_changed.send(
        Facilitator, program=facilitator.program, facilitator_ids=[facilitator.pk], at=at
    )


def _locked_record(training: TrainingRecord) -> TrainingRecord:
    beside = ("facilitator__program__site", "verified_by", "requirement")
    return held(TrainingRecord.objects.select_related(*beside), training.pk)


@once_more
def verify_training(*, training: TrainingRecord, by: User, at: datetime) -> TrainingRecord:
    """`by` has seen the certificate. Once; never one's own."""
    row = _locked_record(training)
    if row.facilitator.user_id == by.pk:
        raise Refused(OWN_TRAINING)
    if row.revoked_on is not None:
        raise Refused("This training was revoked, so there is nothing to verify.", code="revoked")
    if row.verified_at is not None:
        when = wording.day(clock.local_date(row.verified_at, row.facilitator.program.zone))
        who = row.verified_by.name if row.verified_by else "Somebody"
        raise Refused(f"{who} verified this training on {when} already.", code="same")
    row.verified_by, row.verified_at = by, at
    row.save(update_fields=["verified_by", "verified_at"])
    record("training.verified", by=by, at=at, obj=row, program_id=row.facilitator.program_id)
    return row


@once_more
def revoke_training(*, training: TrainingRecord, by: User, at: datetime) -> TrainingRecord:
    """It counts no more from today on; it stays on record."""
    row = _locked_record(training)
    if row.facilitator.user_id == by.pk:
        raise Refused(OWN_TRAINING)
    if row.revoked_on is not None:
        raise Refused(
            f"This training was revoked on {wording.date_in_full(row.revoked_on)} already.",
            code="same",
        )
    row.revoked_on = clock.local_date(at, row.facilitator.program.zone)
    row.save(update_fields=["revoked_on"])
    record("training.revoked", by=by, at=at, obj=row, program_id=row.facilitator.program_id)
    _tell(row.facilitator, at)
    return row


# --- certifications -------------------------------------------------------------------------------
@once_more
def record_certification(
    *,
    facilitator: Facilitator,
    kind: str,
    number: str,
    issued_on: date,
    expires_on: date,
    by: User,
    at: datetime,
    board: str = "",
) -> Certification:
    """Put a board's certification on record."""
    today = clock.local_date(at, facilitator.program.zone)
    if facilitator.user_id == by.pk:
        raise Refused(OWN_TRAINING)
    if not number.strip():
        raise Refused("Enter the number on the certificate.", field="number")
    if issued_on > today:
        raise Refused("It cannot be issued on a day that has not come yet.", field="issued_on")
    if expires_on < issued_on:
        raise Refused("It cannot run out before it was issued.", field="expires_on")
    try:
        with transaction.atomic():
            row = Certification.objects.create(
                facilitator=facilitator,
                kind=CertificationKind(kind),
                number=number.strip(),
                board=board.strip(),
                issued_on=issued_on,
                expires_on=expires_on,
            )
    except IntegrityError as fault:
        if Certification.objects.filter(
            facilitator=facilitator, number=number.strip(), issued_on=issued_on
        ).exists():
            raise Refused(
                "This certification is on record already.", field="number", code="same"
            ) from fault
        raise
    record("certification.recorded", by=by, at=at, obj=row, program_id=facilitator.program_id)
    _tell(facilitator, at)
    return row


@once_more
def revoke_certification(*, certification: Certification, by: User, at: datetime) -> Certification:
    """It counts no more from today on; it stays on record."""
    row = (
        Certification.objects.select_for_update(of=("self",))
        .select_related("facilitator__program__site")
        .get(pk=certification.pk)
    )
    if row.facilitator.user_id == by.pk:
        raise Refused(OWN_TRAINING)
    if row.revoked_on is not None:
        raise Refused(
            f"This certification was revoked on {wording.date_in_full(row.revoked_on)} already.",
            code="same",
        )
    row.revoked_on = clock.local_date(at, row.facilitator.program.zone)
    row.save(update_fields=["revoked_on"])
    record("certification.revoked", by=by, at=at, obj=row, program_id=row.facilitator.program_id)
    _tell(row.facilitator, at)
    return row
