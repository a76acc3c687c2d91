"""Whom a safety concern is told to: who the program's rules name and who is there that day."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from uuid import UUID

from django.contrib.auth.hashers import UNUSABLE_PASSWORD_PREFIX
from django.db.models import Q

from facilitators.models import Facilitator, Leave
from participants.models import CareTeamMembership
from phpsupport.access.models import RoleAssignment
from phpsupport.access.roles import Role
from phpsupport.lib import clock
from sessions.models import SafetyConcern

CARE_TEAM, SUPERVISOR = "care_team", "supervisor"
# Where the rules lead to nobody.
LAST = (Role.PROGRAM_LEAD.value,)


@dataclass(frozen=True)
class ThatDay:
    """Who can be told, by the names that the rule gives them (see `policy.WHO_IS_TOLD`)."""

    by_rule: dict[str, frozenset[UUID]] = field(default_factory=dict)

    def first_of(self, *rules: Iterable[str], but: Collection[UUID] = ()) -> list[UUID]:
        """Those of the first rule that leads to anybody who is not among `but`."""
        for names in rules:
            found = {pk for name in names for pk in self.by_rule.get(name, ())} - {*but}
            if found:
                return sorted(found)
        return []


def that_day(concern: SafetyConcern, *, at: datetime) -> ThatDay:
    """Who can be told of this concern now. Four queries; load it with its program's site.

    Left out are: who raised it, whom it is about, and who has no role that day, no open account
    or is on leave. For the group as a whole, every clinician counts as its care team.
    """
    today = clock.local_date(at, concern.program.zone)
    there = _at_work(concern, today)
    clinicians = there[Role.CLINICIAN]
    if concern.participant_id is None:
        team = clinicians
    else:
        team = clinicians & _care_team(concern, today)
    return ThatDay(
        {
            CARE_TEAM: frozenset(team),
            SUPERVISOR: frozenset(there[Role.SUPERVISOR] & _supervisors(concern)),
            **{
                role.value: frozenset(there[role])
                for role in (Role.CLINICIAN, Role.SCHEDULER, Role.PROGRAM_LEAD)
            },
        }
    )


def _at_work(concern: SafetyConcern, today: date) -> dict[str, set[UUID]]:
    away = Leave.objects.filter(from_on__lte=today, until_on__gte=today, cancelled_at=None).values(
        "facilitator__user_id"
    )
    held = (
        RoleAssignment.objects.in_force(today)
        .filter(program=concern.program_id, user__is_active=True)
        .exclude(user__in=away)
        # An account that its owner has not opened yet has no password.
        .exclude(user__password__startswith=UNUSABLE_PASSWORD_PREFIX)
    )
    not_these = {concern.raised_by_id}
    if concern.participant is not None:
        not_these.add(concern.participant.user_id)  # type: ignore[arg-type]
    found: dict[str, set[UUID]] = defaultdict(set)
    for user_id, role in held.values_list("user_id", "role"):
        if user_id not in not_these:
            found[role].add(user_id)
    return found


def _care_team(concern: SafetyConcern, today: date) -> set[UUID]:
    """Who treats the participant today, in the stay that is open now."""
    return set(
        CareTeamMembership.objects.filter(
            Q(until_on=None) | Q(until_on__gte=today),
            Q(episode__discharged_on=None) | Q(episode__discharged_on__gte=today),
            from_on__lte=today,
            episode__participant=concern.participant_id,
            episode__program=concern.program_id,
            episode__admitted_on__lte=today,
        ).values_list("user_id", flat=True)
    )


def _supervisors(concern: SafetyConcern) -> set[UUID]:
    """Of who raised it and of those who lead the session."""
    return set(
        Facilitator.objects.filter(
            Q(user=concern.raised_by_id)
            | Q(session_assignments__session=concern.session_id, session_assignments__active=True),
            program=concern.program_id,
            supervisor__isnull=False,
        ).values_list("supervisor_id", flat=True)
    )
