"""Conflicts of interest: declared, never held against anybody, ended and kept on record."""

from datetime import datetime

from django.db import IntegrityError, transaction

from facilitators.models import ConflictOfInterest, Facilitator, Relation, Stage
from facilitators.signals import interest_declared
from participants.models import Participant
from phpsupport.audit.trail import record
from phpsupport.lib.errors import Refused
from phpsupport.users.models import User

THERE = "This is declared already. Nothing more needs to be done."


@transaction.atomic
def declare_interest(
    *,
    facilitator: Facilitator,
    participant: Participant,
    relation: str,
    by: User,
    at: datetime,
    note: str = "",
) -> ConflictOfInterest:
    """Say that two people know each other from elsewhere. Refuses a pair that is declared already.

    The apps above hear of it in the same transaction.
    """
    row = (
        Facilitator.objects.select_for_update(of=("self",), no_key=True)
        .select_related("program__site", "user")
        .get(pk=facilitator.pk)
    )
    if row.stage == Stage.ENDED:
        raise Refused("This person no longer works here, so nothing needs to be kept apart.")
    if participant.sealed_at is not None:
        raise Refused("Choose a participant of this program.", field="participant", code="stranger")
    if participant.organization_id != row.program.site.organization_id:
        raise Refused("Choose a participant of this program.", field="participant", code="stranger")
    if participant.user_id is not None and participant.user_id == row.user_id:
        raise Refused("Nobody has a conflict of interest with themselves.", field="participant")
    if relation not in Relation:
        raise Refused("Choose how they know each other.", field="relation")
    pair = {"facilitator": row, "participant": participant}
    if ConflictOfInterest.objects.filter(**pair, ended_at=None).exists():
        raise Refused(THERE, field="participant", code="same")
    try:
        with transaction.atomic():
            interest = ConflictOfInterest.objects.create(
                **pair, program=row.program, relation=relation, note=note.strip(),
                declared_by=by, declared_at=at,
            )  # fmt: skip
    except IntegrityError as fault:  # written at the same moment, past the lock
        raise Refused(THERE, field="participant", code="same") from fault
    record("conflict_of_interest.declared", by=by, at=at, obj=interest)
    interest_declared.send(ConflictOfInterest, interest=interest, by=by, at=at)
    return interest


@transaction.atomic
def end_interest(*, interest: ConflictOfInterest, by: User, at: datetime) -> ConflictOfInterest:
    """It no longer holds; it stays on record. Refuses a second time."""
    row = ConflictOfInterest.objects.select_for_update(of=("self",)).get(pk=interest.pk)
    if row.ended_at is not None:
        raise Refused("This was ended already. It stays on record.", code="same")
    row.ended_at = at
    row.save(update_fields=["ended_at"])
    record("conflict_of_interest.ended", by=by, at=at, obj=row)
    return row
