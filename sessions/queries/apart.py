"""Coming sessions with two people on one roster who are to be kept apart, and nothing of why."""

from datetime import datetime
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet, Subquery

from facilitators.models import ConflictOfInterest
from phpsupport.lib import clock
from phpsupport.programs.models import PolicyProfile, Program
from sessions.models import Enrollment, RuleOverride, SessionFacilitator, SessionState
from sessions.queries.attendance import enrolled_on

RULE = "rule_interest"


def undecided(person: str, series: str, on: str, session: str) -> QuerySet[ConflictOfInterest]:
    """Declared pairs of the person and somebody on the roster, by the names of outer columns.

    Where the rule was set aside for the session, only pairs that were declared since: who decided
    then knew nothing of them.
    """
    stays = Q(participant__enrollments__until_on=None) | Q(
        participant__enrollments__until_on__gte=OuterRef(on)
    )
    decided = RuleOverride.objects.filter(
        session=OuterRef(OuterRef(session)), rule=RULE, at__gte=OuterRef("declared_at")
    )
    return ConflictOfInterest.objects.filter(
        stays,
        ~Exists(decided),
        ended_at=None,
        facilitator__user=OuterRef(person),
        participant__sealed_at=None,
        participant__enrollments__series=OuterRef(series),
        participant__enrollments__from_on__lte=OuterRef(on),
    )


def kept_apart(program: Program, *, at: datetime) -> QuerySet[SessionFacilitator]:
    """Coming assignments of somebody who is to be kept apart from a participant of the roster.

    What somebody set aside is decided, and a program may ignore the rule.
    """
    today = clock.local_date(at, program.zone)
    in_force = (
        PolicyProfile.objects.filter(
            program=program, effective_from__lte=today, rules__has_key=RULE
        )
        .in_order()
        .reverse()
    )
    ignored = PolicyProfile.objects.filter(
        pk=Subquery(in_force.values("pk")[:1]), **{f"rules__{RULE}": "ignore"}
    )
    return SessionFacilitator.objects.filter(
        Exists(undecided("person_id", "session__series_id", "session__local_date", "session_id")),
        ~Exists(ignored),
        session__program=program,
        session__state=SessionState.SCHEDULED,
        starts_at__gt=at,
        active=True,
    )


def of_interest(interest: ConflictOfInterest, *, at: datetime) -> QuerySet[SessionFacilitator]:
    """Those of them that are about one declared pair; load it with its program's site."""
    on_roster = Enrollment.objects.filter(
        enrolled_on(OuterRef("session__local_date")),  # type: ignore[arg-type]
        series=OuterRef("session__series_id"),
        participant=interest.participant_id,
    )
    if interest.ended_at is not None:
        return SessionFacilitator.objects.none()
    return kept_apart(interest.program, at=at).filter(
        Exists(on_roster), person=interest.facilitator.user_id
    )


def among_leaders() -> Any:
    """Whether somebody who leads the session is to be kept apart from somebody on its roster."""
    assigned = SessionFacilitator.objects.filter(
        Exists(undecided("person_id", "session__series_id", "session__local_date", "session_id")),
        session=OuterRef("pk"),
        active=True,
    )
    return Exists(assigned)
