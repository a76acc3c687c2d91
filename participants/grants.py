"""Who may see which participant and which episode of care.

Facilitators and supervisors get theirs from the rosters, registered by the sessions app.
"""

from django.db.models import Q

from participants.models import Consent, Disclosure, EpisodeOfCare, Participant
from participants.policies import KEEPS_CONSENTS
from phpsupport.access.grants import grant, limit
from phpsupport.access.roles import Role
from phpsupport.access.scope import Scope

WHOLE_CENSUS = (Role.SCHEDULER, Role.PROGRAM_LEAD, Role.CLINICIAN, Role.PRIVACY_OFFICER)


@grant(EpisodeOfCare)
def whole_census(scope: Scope) -> Q | None:
    programs = scope.programs(*WHOLE_CENSUS)
    return Q(program_id__in=programs) if programs else None


@grant(EpisodeOfCare)
def own_episodes(scope: Scope) -> Q | None:
    programs = scope.programs(Role.PARTICIPANT)
    return Q(participant__user=scope.user, program_id__in=programs) if programs else None


@grant(Participant)
def people_of_the_census(scope: Scope) -> Q | None:
    programs = scope.programs(*WHOLE_CENSUS)
    if not programs:
        return None
    return Q(pk__in=EpisodeOfCare.objects.filter(program_id__in=programs).values("participant_id"))


@grant(Participant)
def oneself(scope: Scope) -> Q | None:
    return Q(user=scope.user) if scope.programs(Role.PARTICIPANT) else None


@limit(Participant)
def sealed_charts(scope: Scope) -> Q | None:
    """A former chart of somebody who now works here opens to the privacy officer alone, and to
    nobody about themselves."""
    programs = scope.programs(Role.PRIVACY_OFFICER)
    open_charts = Q(sealed_at=None)
    if not programs:
        return open_charts
    theirs = EpisodeOfCare.objects.filter(program_id__in=programs).values("participant_id")
    return open_charts | (Q(pk__in=theirs) & (Q(user=None) | ~Q(user=scope.user)))


@limit(EpisodeOfCare)
def episodes_of_sealed_charts(scope: Scope) -> Q | None:
    programs = scope.programs(Role.PRIVACY_OFFICER)
    others = Q(participant__user=None) | ~Q(participant__user=scope.user)
    return Q(participant__sealed_at=None) | Q(program_id__in=programs) & others


@grant(Consent, Disclosure)
def of_the_program(scope: Scope) -> Q | None:
    programs = scope.programs(*KEEPS_CONSENTS)
    return Q(program_id__in=programs) if programs else None


@grant(Consent, Disclosure)
def of_oneself(scope: Scope) -> Q | None:
    programs = scope.programs(Role.PARTICIPANT)
    return Q(participant__user=scope.user, program_id__in=programs) if programs else None


@limit(Consent, Disclosure)
def consents_of_sealed_charts(scope: Scope) -> Q | None:
    return episodes_of_sealed_charts(scope)
