"""Who may write a participant's goals down. They stay the participant's own words."""

from collections.abc import Callable
from datetime import datetime

from participants.models import EpisodeOfCare, Participant
from phpsupport.access.roles import Role
from phpsupport.access.scope import scope_of
from phpsupport.lib.clock import local_date
from phpsupport.users.models import User

Rule = Callable[[User, Participant, datetime], bool]
_works_with: list[Rule] = []


def works_with(rule: Rule) -> Rule:
    """Register who else works with a participant now; the app of groups knows its rosters."""
    _works_with.append(rule)
    return rule


def refuse_goal(user: User, participant: Participant, at: datetime) -> str | None:
    """The participant, who may do so as long as they have an account; who leads a group in which
    they have a place today, an alumni group as well; their care team while the stay is open."""
    if participant.sealed_at:
        return "This chart is sealed. Nothing in it can be changed."
    scope = scope_of(user)
    if participant.user_id == user.pk and scope.programs(Role.PARTICIPANT):
        return None
    for place in scope.places:
        if not scope.has(place.pk, Role.CLINICIAN):
            continue
        today = local_date(at, place.zone)
        team = EpisodeOfCare.objects.open_on(today).filter(
            participant=participant,
            program=place,
            care_team__in=user.care_teams.filter(from_on__lte=today).exclude(until_on__lt=today),
        )
        if team.exists():
            return None
    if any(rule(user, participant, at) for rule in _works_with):
        return None
    return (
        "Goals are written by the participant, or together with them by somebody who leads their "
        "group or is on their care team now."
    )
