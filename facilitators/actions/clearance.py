"""A supervisor's word that somebody may lead although something is missing."""

from datetime import date, datetime, timedelta

from facilitators.models import ClearanceOverride, Facilitator, Stage
from facilitators.signals import clearance_changed
from phpsupport.audit.trail import record
from phpsupport.lib import clock, wording
from phpsupport.lib.deadlocks import once_more
from phpsupport.lib.errors import Refused
from phpsupport.users.models import User

LONGEST_OVERRIDE = timedelta(days=366)
OWN_CLEARANCE = "Ask another supervisor: nobody decides about their own clearance."


@once_more
def give_clearance_override(
    *,
    facilitator: Facilitator,
    from_on: date,
    until_on: date,
    reason: str,
    by: User,
    at: datetime,
) -> ClearanceOverride:
    """Allow somebody to lead from `from_on` through `until_on`, with the reason. Never oneself.

    Leave and the end of work are not lifted by it; that is decided where clearance is computed.
    """
    row = (
        Facilitator.objects.select_for_update(of=("self",), no_key=True)
        .select_related("program__site")
        .get(pk=facilitator.pk)
    )
    today = clock.local_date(at, row.program.zone)
    if row.user_id == by.pk:
        raise Refused(OWN_CLEARANCE)
    if row.stage == Stage.ENDED:
        raise Refused("This person no longer works here and cannot lead.")
    if not reason.strip():
        raise Refused("Say why: the reason stays on record.", field="reason")
    if from_on < today:
        raise Refused("Choose today or a later day: the past is on record.", field="from_on")
    if until_on < from_on:
        raise Refused("The last day cannot be before the first.", field="until_on")
    if until_on - from_on > LONGEST_OVERRIDE:
        raise Refused("Allow it for a year at most, then decide again.", field="until_on")
    there = ClearanceOverride.objects.filter(
        facilitator=row, withdrawn_at=None, from_on__lte=until_on, until_on__gte=from_on
    ).first()
    if there is not None:
        raise Refused(
            f"It is allowed from {wording.date_in_full(there.from_on)} through "
            f"{wording.date_in_full(there.until_on)} already. Withdraw that first, "
            "or choose other days.",
            field="from_on",
            code="overlap",
        )
    override = ClearanceOverride.objects.create(
        facilitator=row,
        from_on=from_on,
        until_on=until_on,
        reason=reason.strip(),
        given_by=by,
        given_at=at,
    )
    record("clearance.override_given", by=by, at=at, obj=override, program_id=row.program_id)
    clearance_changed.send(Facilitator, program=row.program, facilitator_ids=[row.pk], at=at)
    return override


@once_more
def withdraw_clearance_override(
    *, override: ClearanceOverride, by: User, at: datetime
) -> ClearanceOverride:
    """It counts no more from today on. The days before stay as they were."""
    row = (
        ClearanceOverride.objects.select_for_update(of=("self",))
        .select_related("facilitator__program__site")
        .get(pk=override.pk)
    )
    if row.facilitator.user_id == by.pk:
        raise Refused(OWN_CLEARANCE)
    if row.withdrawn_at is not None:
        raise Refused("This was withdrawn already.", code="same")
    if row.until_on < clock.local_date(at, row.facilitator.program.zone):
        raise Refused("These days are over; the decision stays on record.", code="over")
    row.withdrawn_at = at
    row.save(update_fields=["withdrawn_at"])
    record(
        "clearance.override_withdrawn",
        by=by,
        at=at,
        obj=row,
        program_id=row.facilitator.program_id,
    )
    clearance_changed.send(
        Facilitator, program=row.facilitator.program, facilitator_ids=[row.facilitator_id], at=at
    )
    return row
