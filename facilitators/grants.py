"""Who may see which facilitator, training, supervision, check-in and boundary concern."""

from datetime import datetime

from django.db.models import Q, QuerySet

from facilitators.models import (
    BoundaryConcern,
    CheckIn,
    ConflictOfInterest,
    Facilitator,
    NamedInConcern,
    Supervision,
    TrainingRequirement,
)
from phpsupport.access.grants import grant, limit
from phpsupport.access.models import RoleAssignment
from phpsupport.access.roles import STAFF, Role
from phpsupport.access.scope import Scope
from phpsupport.lib import clock
from phpsupport.programs.models import Program

REVIEWING = (Role.SUPERVISOR, Role.PROGRAM_LEAD)


@grant(Facilitator)
def facilitators_of_the_program(scope: Scope) -> Q | None:
    programs = scope.programs(
        Role.SCHEDULER, Role.SUPERVISOR, Role.PROGRAM_LEAD, Role.CLINICIAN, Role.PRIVACY_OFFICER
    )
    return Q(program_id__in=programs) if programs else None


@grant(Facilitator)
def own_facilitator_record(scope: Scope) -> Q | None:
    programs = scope.programs(Role.FACILITATOR)
    return Q(user=scope.user, program_id__in=programs) if programs else None


@grant(TrainingRequirement)
def requirements_of_the_program(scope: Scope) -> Q | None:
    programs = scope.programs(Role.SCHEDULER, Role.SUPERVISOR, Role.PROGRAM_LEAD, Role.FACILITATOR)
    return Q(program_id__in=programs) if programs else None


@grant(Supervision)
def supervision_given(scope: Scope) -> Q | None:
    """Personnel records: the supervisor who gave it or supervises now, and the program lead."""
    held, led = scope.programs(Role.SUPERVISOR), scope.programs(Role.PROGRAM_LEAD)
    if not held and not led:
        return None
    mine = Q(supervisor=scope.user) | Q(facilitator__supervisor=scope.user)
    return Q(facilitator__program_id__in=held) & mine | Q(facilitator__program_id__in=led)


@grant(Supervision)
def supervision_received(scope: Scope) -> Q | None:
    programs = scope.programs(Role.FACILITATOR)
    return (
        Q(facilitator__user=scope.user, facilitator__program_id__in=programs) if programs else None
    )


@grant(CheckIn)
def check_ins_of_supervised(scope: Scope) -> Q | None:
    held, led = scope.programs(Role.SUPERVISOR), scope.programs(Role.PROGRAM_LEAD)
    if not held and not led:
        return None
    seen = Q(facilitator__program_id__in=held, facilitator__supervisor=scope.user) | Q(
        facilitator__program_id__in=led, escalated_at__isnull=False
    )
    for place in scope.places:
        if place.pk in led:
            seen |= Q(facilitator__in=without_supervisor(place, scope.at))
    return seen


def without_supervisor(program: Program, at: datetime) -> QuerySet[Facilitator]:
    """Facilitators of a program whose supervisor is not at work there: the lead stands in."""
    today = clock.local_date(at, program.zone)
    working = RoleAssignment.objects.in_force(today).filter(
        program=program, role__in=REVIEWING, user__is_active=True
    )
    return Facilitator.objects.filter(program=program).filter(
        Q(supervisor=None) | ~Q(supervisor__in=working.values("user_id"))
    )


@grant(CheckIn)
def own_check_ins(scope: Scope) -> Q | None:
    programs = scope.programs(Role.FACILITATOR)
    return (
        Q(facilitator__user=scope.user, facilitator__program_id__in=programs) if programs else None
    )


@grant(BoundaryConcern)
def concerns_to_review(scope: Scope) -> Q | None:
    """Program leads see the program's; a supervisor those of their facilitators and those given to
    them; a privacy officer those given to them, when everybody else is named."""
    held, led = scope.programs(Role.SUPERVISOR), scope.programs(Role.PROGRAM_LEAD)
    guarded = scope.programs(Role.PRIVACY_OFFICER)
    if not held and not led and not guarded:
        return None
    given = Q(reviewer=scope.user) | Q(second_reviewer=scope.user)
    return (
        Q(program_id__in=held) & (given | Q(facilitator__supervisor=scope.user))
        | Q(program_id__in=led)
        | Q(program_id__in=guarded) & given
    )


@grant(BoundaryConcern)
def concerns_reported(scope: Scope) -> Q | None:
    """Who reported a concern sees that it is being looked at."""
    programs = scope.programs(*STAFF)
    return Q(reported_by=scope.user, program_id__in=programs) if programs else None


@limit(BoundaryConcern)
def nobody_named(scope: Scope) -> Q | None:
    """Nobody named in a concern sees it, nor the facilitator it is about, nor whom they supervise.

    Who reported it keeps sight of their own report, unless they are named.
    """
    named = NamedInConcern.objects.filter(user=scope.user).values("concern_id")
    over_me = Facilitator.objects.filter(user=scope.user, supervisor__isnull=False).values(
        "supervisor_id"
    )
    tied = NamedInConcern.objects.filter(user_id__in=over_me).values("concern_id")
    about_me_or_mine = Q(facilitator__user=scope.user) | Q(facilitator__user_id__in=over_me)
    about = BoundaryConcern.objects.filter(about_me_or_mine).values("pk")
    return ~Q(pk__in=named) & (Q(reported_by=scope.user) | (~Q(pk__in=tied) & ~Q(pk__in=about)))


@grant(ConflictOfInterest)
def conflicts_declared(scope: Scope) -> Q | None:
    """Who declared it, their supervisor and the program lead; others see only its effect."""
    held, led = scope.programs(Role.SUPERVISOR), scope.programs(Role.PROGRAM_LEAD)
    own = scope.programs(Role.FACILITATOR)
    if not held and not led and not own:
        return None
    return (
        Q(program_id__in=held, facilitator__supervisor=scope.user)
        | Q(program_id__in=led)
        | Q(program_id__in=own, facilitator__user=scope.user)
    )


@limit(ConflictOfInterest)
def not_of_sealed_charts(scope: Scope) -> Q | None:
    """Nothing of a former chart of somebody who now works here."""
    return Q(participant__sealed_at=None)
