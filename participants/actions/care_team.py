"""Who treats whom, from when to when."""

from datetime import date, datetime

from django.db import transaction
from django.db.models import Q

from participants.actions.guards import lock_open_stay, lock_stay
from participants.models import CareTeamMembership, EpisodeOfCare
from phpsupport.access.models import RoleAssignment
from phpsupport.access.roles import Role
from phpsupport.audit.trail import record
from phpsupport.lib.constraints import last_guard
from phpsupport.lib.errors import Refused
from phpsupport.lib.wording import day
from phpsupport.users.models import User


@transaction.atomic
def assign_care_team(
    *, episode: EpisodeOfCare, user: User, from_on: date, by: User | None, at: datetime
) -> CareTeamMembership:
    """Put a clinician of the program on the care team from a day on; once is enough."""
    stay = lock_open_stay(episode)
    if from_on < stay.admitted_on:
        raise Refused(
            f"The care team begins with the admission on {day(stay.admitted_on)}.",
            field="from_on",
            code="before_admission",
        )
    standing = (
        CareTeamMembership.objects.filter(episode=stay, user=user)
        .filter(Q(until_on=None) | Q(until_on__gte=from_on))
        .order_by("from_on")
        .first()
    )
    if standing and standing.from_on <= from_on:
        return standing
    if standing:
        raise Refused(
            f"{user.name} joins the care team on {day(standing.from_on)} already.",
            field="user",
            code="assigned",
        )
    if not (
        user.is_active
        and RoleAssignment.objects.in_force(from_on)
        .filter(user=user, program=stay.program, role=Role.CLINICIAN)
        .exists()
    ):
        raise Refused(
            f"{user.name} is not a clinician of this program on {day(from_on)}.",
            field="user",
            code="not_clinician",
        )

    def taken() -> Refused:
        return Refused(f"{user.name} is on the care team already.", field="user", code="assigned")

    with last_guard({"care_team_once_at_a_time": taken}):
        membership = CareTeamMembership.objects.create(episode=stay, user=user, from_on=from_on)
    record(
        "care_team.assigned", by=by, at=at, obj=membership, program_id=stay.program_id,
        episode=str(stay.pk), user=str(user.pk),
    )  # fmt: skip
    return membership


@transaction.atomic
def end_care_team(
    *, membership: CareTeamMembership, until_on: date, by: User | None, at: datetime
) -> CareTeamMembership:
    """Let a membership end with the day `until_on`; one that has ended is left alone."""
    stay = lock_stay(membership.episode)
    found = CareTeamMembership.objects.select_for_update(no_key=True, of=("self",)).get(
        pk=membership.pk
    )
    if found.until_on and found.until_on <= until_on:
        return found
    if until_on < found.from_on:
        raise Refused(
            f"The last day cannot be before the first, {day(found.from_on)}.",
            field="until_on",
            code="backwards",
        )
    found.until_on = until_on
    found.save(update_fields=["until_on"])
    record(
        "care_team.ended", by=by, at=at, obj=found, program_id=stay.program_id,
        episode=str(stay.pk), user=str(found.user_id), until=until_on.isoformat(),
    )  # fmt: skip
    return found
