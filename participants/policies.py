"""Who may do what with a participant. Each answers None, or a sentence that says who can."""

from typing import Final
from uuid import UUID

from participants.models import Consent, EpisodeOfCare
from phpsupport.access.roles import Role
from phpsupport.access.scope import scope_of
from phpsupport.programs.models import Program
from phpsupport.users.models import User

# Who admits, discharges and keeps the person's particulars.
PLANNERS: Final = (Role.SCHEDULER, Role.PROGRAM_LEAD)
CARE_TEAM: Final = (*PLANNERS, Role.CLINICIAN)
# Who sees the census and the whole page; facilitators and supervisors see what they need.
WHOLE_PAGE: Final = (*PLANNERS, Role.CLINICIAN, Role.PRIVACY_OFFICER)
# Who takes consents to disclose and answers for what leaves the program.
KEEPS_CONSENTS: Final = (Role.PROGRAM_LEAD, Role.CLINICIAN, Role.PRIVACY_OFFICER)
REDUCED_PAGE: Final = (Role.FACILITATOR, Role.SUPERVISOR)


def sees_whole_page(user: User, program_ids: list[UUID]) -> bool:
    """Whether contacts, date of birth, referral and stays are for this user's eyes; `program_ids`
    are those of the participant's stays."""
    return scope_of(user).has_any(program_ids, *WHOLE_PAGE)


def refuse_change(user: User, program_ids: list[UUID]) -> str | None:
    """Particulars are kept by the program of the newest stay: others have seen the person leave."""
    if scope_of(user).has_any(program_ids[:1], *PLANNERS):
        return None
    return "The scheduler or program lead of this person's newest stay can change this."


def refuse_stay(user: User, episode: EpisodeOfCare) -> str | None:
    """Admission, level of care and discharge."""
    if scope_of(user).has(episode.program_id, *PLANNERS):
        return None
    return "The scheduler or program lead of the program can change this stay."


def refuse_care_team(user: User, episode: EpisodeOfCare) -> str | None:
    """Who is on the care team."""
    if scope_of(user).has(episode.program_id, *CARE_TEAM):
        return None
    return "A clinician, the scheduler or the program lead of the program can change the care team."


def refuse_move(user: User, episode: EpisodeOfCare, target: Program) -> str | None:
    """Moving to another program needs the right to admit and discharge in both."""
    if target.pk == episode.program_id:
        return "This is the program of the present stay. Choose another one."
    scope = scope_of(user)
    same = target.site.organization_id == episode.program.site.organization_id
    if same and scope.has(episode.program_id, *PLANNERS) and scope.has(target.pk, *PLANNERS):
        return None
    return "You can move somebody only between programs in which you are scheduler or program lead."


def refuse_consents(user: User, program_id: UUID) -> str | None:
    """Taking a consent to disclose, and saying that its event came about."""
    if scope_of(user).has(program_id, *KEEPS_CONSENTS):
        return None
    return "A clinician, the program lead or the privacy officer of the program keeps consents."


def refuse_taking_back(user: User, consent: Consent) -> str | None:
    """Those who keep consents, on the person's word; and the person themself."""
    scope = scope_of(user)
    if consent.participant.user_id == user.pk and scope.programs(Role.PARTICIPANT):
        return None
    return refuse_consents(user, consent.program_id)
