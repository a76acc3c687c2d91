"""Who may see which group, session, roster and note; and which participants come with a roster."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db.models import Q

from facilitators.models import Facilitator
from participants.models import EpisodeOfCare, Goal, Participant
from phpsupport.access.grants import grant, limit
from phpsupport.access.roles import Role
from phpsupport.access.scope import Scope
from phpsupport.programs.models import Program
from sessions import reading
from sessions.models import (
    CAME,
    Attendance,
    CalendarFeed,
    CoverAsk,
    CoverRequest,
    CurriculumItem,
    Enrollment,
    GroupNote,
    GroupNoteDraft,
    GroupSeries,
    GroupSession,
    HandOver,
    HandOverPart,
    Kiosk,
    ProgressNote,
    ProgressNoteDraft,
    Proposal,
    Resolution,
    Room,
    RuleOverride,
    SafetyAlert,
    SafetyConcern,
    ScheduleBatch,
    SeriesFacilitator,
    SessionFacilitator,
    SupportGroup,
    TextBlock,
    WaitlistEntry,
)
from sessions.policies import led_about_now, treated_by

PLANNERS = (Role.SCHEDULER, Role.PROGRAM_LEAD)
STAFF_WHO_SEE_THE_WEEK = (
    Role.SCHEDULER, Role.PROGRAM_LEAD, Role.SUPERVISOR, Role.FACILITATOR, Role.CLINICIAN,
)  # fmt: skip


def _in_program(*roles: Role):  # type: ignore[no-untyped-def]
    def rule(scope: Scope) -> Q | None:
        programs = scope.programs(*roles)
        return Q(program_id__in=programs) if programs else None

    return rule


grant(SupportGroup, GroupSeries, GroupSession)(_in_program(*STAFF_WHO_SEE_THE_WEEK))
grant(Enrollment, WaitlistEntry, Attendance)(
    _in_program(*PLANNERS, Role.SUPERVISOR, Role.CLINICIAN)
)


grant(ScheduleBatch, RuleOverride, Resolution, Proposal, CoverRequest, Kiosk)(
    _in_program(*PLANNERS, Role.SUPERVISOR)
)


@grant(CurriculumItem)
def steps_of_groups(scope: Scope) -> Q | None:
    programs = scope.programs(*STAFF_WHO_SEE_THE_WEEK)
    return Q(group__program_id__in=programs) if programs else None


@grant(CoverAsk)
def asks_for_cover(scope: Scope) -> Q | None:
    programs = scope.programs(*PLANNERS, Role.SUPERVISOR)
    return Q(request__program_id__in=programs) if programs else None


@grant(CalendarFeed)
def own_calendar_feed(scope: Scope) -> Q | None:
    return Q(user=scope.user)


@grant(Room)
def rooms_of_the_site(scope: Scope) -> Q | None:
    programs = scope.programs(*STAFF_WHO_SEE_THE_WEEK)
    sites = Program.objects.filter(pk__in=programs).values("site_id")
    return Q(site_id__in=sites) if programs else None


# --- facilitators: their own rosters and notes ---------------------------------------------------
def led_sessions(scope: Scope):  # type: ignore[no-untyped-def]
    """The sessions that the person leads."""
    return SessionFacilitator.objects.filter(person=scope.user, active=True).values("session_id")


def supervised_sessions(scope: Scope):  # type: ignore[no-untyped-def]
    """The sessions led by those whom the person supervises."""
    return SessionFacilitator.objects.filter(facilitator__supervisor=scope.user).values(
        "session_id"
    )


def places_now(scope: Scope, programs: list[UUID], series: Any):  # type: ignore[no-untyped-def]
    """Places in these series that hold or are to come. Who left before a facilitator or supervisor
    came is none of theirs; a day's grace covers every zone."""
    return Enrollment.objects.filter(
        Q(until_on=None) | Q(until_on__gte=scope.at.date() - timedelta(days=1)),
        program_id__in=programs,
        series_id__in=series,
    ).values("participant_id")


def _led(scope: Scope, who: Q) -> Any:
    """The series that these lead, or begin to lead soon."""
    rows = SeriesFacilitator.objects.filter(led_about_now(scope, scope.at), who)
    return rows.values("series_id")


@grant(Participant)
def people_on_own_rosters(scope: Scope) -> Q | None:
    programs = scope.programs(Role.FACILITATOR)
    if not programs:
        return None
    led = _led(scope, Q(facilitator__user=scope.user))
    marked = Attendance.objects.filter(program_id__in=programs, session_id__in=led_sessions(scope))
    return Q(pk__in=places_now(scope, programs, led)) | Q(pk__in=marked.values("participant_id"))


@grant(Participant)
def people_on_supervised_rosters(scope: Scope) -> Q | None:
    programs = scope.programs(Role.SUPERVISOR)
    if not programs:
        return None
    led = _led(scope, Q(facilitator__supervisor=scope.user))
    return Q(pk__in=places_now(scope, programs, led))


@grant(EpisodeOfCare)
def episodes_on_rosters(scope: Scope) -> Q | None:
    programs = scope.programs(Role.FACILITATOR, Role.SUPERVISOR)
    if not programs:
        return None
    mine = Q(facilitator__user=scope.user) | Q(facilitator__supervisor=scope.user)
    led = _led(scope, mine)
    marked = Attendance.objects.filter(program_id__in=programs, session_id__in=led_sessions(scope))
    return Q(program_id__in=programs) & (
        Q(participant_id__in=places_now(scope, programs, led))
        | Q(participant_id__in=marked.values("participant_id"))
    )


@grant(Enrollment, WaitlistEntry)
def own_roster(scope: Scope) -> Q | None:
    programs = scope.programs(Role.FACILITATOR)
    led = _led(scope, Q(facilitator__user=scope.user))
    return Q(program_id__in=programs, series_id__in=led) if programs else None


@grant(CoverRequest)
def cover_asked_by_or_of_me(scope: Scope) -> Q | None:
    """Who needs cover, and those who were asked."""
    programs = scope.programs(Role.FACILITATOR)
    mine = Q(facilitator__user=scope.user) | Q(
        pk__in=CoverAsk.objects.filter(facilitator__user=scope.user).values("request_id")
    )
    return Q(program_id__in=programs) & mine if programs else None


@grant(CoverAsk)
def own_asks(scope: Scope) -> Q | None:
    programs = scope.programs(Role.FACILITATOR)
    return (
        Q(facilitator__user=scope.user, facilitator__program_id__in=programs) if programs else None
    )


@grant(Proposal)
def own_proposals(scope: Scope) -> Q | None:
    programs = scope.programs(Role.FACILITATOR)
    return Q(facilitator__user=scope.user, program_id__in=programs) if programs else None


@grant(Kiosk, RuleOverride)
def at_own_sessions(scope: Scope) -> Q | None:
    programs = scope.programs(Role.FACILITATOR)
    return Q(program_id__in=programs, session_id__in=led_sessions(scope)) if programs else None


@grant(Attendance, GroupNoteDraft, ProgressNoteDraft)
def of_own_sessions(scope: Scope) -> Q | None:
    programs = scope.programs(Role.FACILITATOR)
    return Q(program_id__in=programs, session_id__in=led_sessions(scope)) if programs else None


@grant(GroupNote, ProgressNote)
def signed_or_covered(scope: Scope) -> Q | None:
    """What they signed themselves, however long ago, and the one session that they covered."""
    programs = scope.programs(Role.FACILITATOR)
    theirs = Q(author=scope.user) | Q(session_id__in=reading.covered(scope))
    return Q(program_id__in=programs) & theirs if programs else None


@grant(GroupNote)
def of_own_series(scope: Scope) -> Q | None:
    """From the first day on which they lead the series, also where a colleague covered."""
    programs = scope.programs(Role.FACILITATOR)
    since = reading.since_first_day(scope)
    return Q(program_id__in=programs, session_id__in=since) if programs else None


@grant(Attendance, ProgressNote)
def of_people_in_own_series(scope: Scope) -> Q | None:
    """The same for the people who have a place in it."""
    programs = scope.programs(Role.FACILITATOR)
    since = reading.since_first_day(scope)
    place = Q(reading.has_a_place(scope, "session__series_id"))
    return Q(program_id__in=programs, session_id__in=since) & place if programs else None


@grant(GroupNote, ProgressNote)
def of_supervised_facilitators(scope: Scope) -> Q | None:
    programs = scope.programs(Role.SUPERVISOR)
    theirs = Q(program_id__in=programs, session_id__in=supervised_sessions(scope))
    return theirs if programs else None


@grant(GroupNote, ProgressNote)
def awaiting_a_cosignature(scope: Scope) -> Q | None:
    """A program lead stands in for a supervisor who is away; other notes stay closed to them."""
    programs = scope.programs(Role.PROGRAM_LEAD)
    return Q(program_id__in=programs, needs_cosignature=True) if programs else None


@grant(ProgressNote)
def of_the_care_team(scope: Scope) -> Q | None:
    """Clinicians read the parts of those whom they treat."""
    programs = scope.programs(Role.CLINICIAN)
    treated = treated_by(scope, scope.at).values("participant_id")
    return Q(program_id__in=programs, participant_id__in=treated) if programs else None


@grant(GroupNote)
def nameless_part(scope: Scope) -> Q | None:
    """Of the sessions to which somebody came whom they treat."""
    programs = scope.programs(Role.CLINICIAN)
    treated = treated_by(scope, scope.at).values("participant_id")
    came = Attendance.objects.filter(participant_id__in=treated, status__in=CAME)
    return (
        Q(program_id__in=programs, session_id__in=came.values("session_id")) if programs else None
    )


# --- goals, words at hand, hand-overs, safety -----------------------------------------------------
@grant(Goal)
def goals_on_rosters(scope: Scope) -> Q | None:
    """Of the people in the groups that one leads, or led lately and may still write about."""
    programs = scope.programs(Role.FACILITATOR)
    if not programs:
        return None
    led = reading.led_about_now(scope).values("series_id")
    lately = SessionFacilitator.objects.filter(
        person=scope.user, active=True, ends_at__gte=scope.at - reading.STILL_WRITING
    )
    came = Attendance.objects.filter(
        program_id__in=programs, session_id__in=lately.values("session_id")
    )
    return Q(participant_id__in=places_now(scope, programs, led)) | Q(
        participant_id__in=came.values("participant_id")
    )


@grant(Goal)
def goals_on_supervised_rosters(scope: Scope) -> Q | None:
    programs = scope.programs(Role.SUPERVISOR)
    if not programs:
        return None
    led = _led(scope, Q(facilitator__supervisor=scope.user))
    return Q(participant_id__in=places_now(scope, programs, led))


@grant(Goal)
def goals_of_the_care_team(scope: Scope) -> Q | None:
    if not scope.programs(Role.CLINICIAN):
        return None
    return Q(participant_id__in=treated_by(scope, scope.at).values("participant_id"))


@grant(Goal)
def own_goals(scope: Scope) -> Q | None:
    return Q(participant__user=scope.user) if scope.programs(Role.PARTICIPANT) else None


@grant(TextBlock)
def words_at_hand(scope: Scope) -> Q | None:
    """One's own, and those of the program."""
    programs = scope.programs(Role.FACILITATOR, Role.SUPERVISOR, Role.PROGRAM_LEAD)
    mine = Q(owner=None) | Q(owner=scope.user)
    return Q(program_id__in=programs) & mine if programs else None


def _handed_to_supervised(scope: Scope) -> Q:
    """Hand-overs by those whom the person supervises, and of the series that these lead."""
    supervised = Facilitator.objects.filter(supervisor=scope.user)
    led = _led(scope, Q(facilitator__in=supervised))
    return Q(author_id__in=supervised.values("user_id")) | Q(series_id__in=led)


@grant(HandOver)
def handed_to_oneself(scope: Scope) -> Q | None:
    """One's own words; those of the series that one leads or is about to; and, for one who covers
    a session of it, only this part, in which nobody is named."""
    programs = scope.programs(Role.FACILITATOR)
    if not programs:
        return None
    led = reading.led_about_now(scope).values("series_id")
    mine = Q(author=scope.user) | Q(series_id__in=led)
    return Q(program_id__in=programs) & (mine | Q(series_id__in=reading.about_to_cover(scope)))


@grant(HandOver)
def handed_to_supervised(scope: Scope) -> Q | None:
    programs = scope.programs(Role.SUPERVISOR)
    return Q(program_id__in=programs) & _handed_to_supervised(scope) if programs else None


@grant(HandOverPart)
def parts_handed_to_oneself(scope: Scope) -> Q | None:
    """About those who have a place in the series now; one's own words in any case."""
    programs = scope.programs(Role.FACILITATOR)
    if not programs:
        return None
    led = reading.led_about_now(scope).values("series_id")
    place = Q(reading.has_a_place(scope, "hand_over__series_id"))
    mine = Q(hand_over__author=scope.user) | Q(hand_over__series_id__in=led) & place
    return Q(hand_over__program_id__in=programs) & mine


@grant(HandOverPart)
def parts_handed_to_supervised(scope: Scope) -> Q | None:
    programs = scope.programs(Role.SUPERVISOR)
    theirs = HandOver.objects.filter(_handed_to_supervised(scope), program_id__in=programs)
    return Q(hand_over_id__in=theirs.values("pk")) if programs else None


@grant(HandOverPart)
def parts_of_the_care_team(scope: Scope) -> Q | None:
    programs = scope.programs(Role.CLINICIAN)
    treated = treated_by(scope, scope.at).values("participant_id")
    return Q(hand_over__program_id__in=programs, participant_id__in=treated) if programs else None


@grant(HandOverPart)
def ones_own_part(scope: Scope) -> Q | None:
    programs = scope.programs(Role.PARTICIPANT)
    return Q(hand_over__program_id__in=programs, participant__user=scope.user) if programs else None


@grant(SafetyConcern)
def raised_or_told(scope: Scope) -> Q | None:
    """Who raised it, who was told and who leads the session, as long as they work there."""
    programs = scope.programs(*STAFF_WHO_SEE_THE_WEEK)
    told = SafetyAlert.objects.filter(person=scope.user).values("concern_id")
    mine = Q(raised_by=scope.user) | Q(pk__in=told)
    if scope.programs(Role.FACILITATOR):
        mine |= Q(session_id__in=led_sessions(scope))
    return Q(program_id__in=programs) & mine if programs else None


@grant(SafetyConcern)
def safety_of_the_care_team(scope: Scope) -> Q | None:
    """Clinicians: about those whom they treat, and about a group as a whole."""
    programs = scope.programs(Role.CLINICIAN)
    treated = treated_by(scope, scope.at).values("participant_id")
    theirs = Q(participant=None) | Q(participant_id__in=treated)
    return Q(program_id__in=programs) & theirs if programs else None


@grant(SafetyConcern)
def safety_of_supervised_facilitators(scope: Scope) -> Q | None:
    programs = scope.programs(Role.SUPERVISOR)
    theirs = Q(session_id__in=supervised_sessions(scope))
    return Q(program_id__in=programs) & theirs if programs else None


@grant(SafetyConcern)
def safety_of_the_program(scope: Scope) -> Q | None:
    programs = scope.programs(Role.PROGRAM_LEAD)
    return Q(program_id__in=programs) if programs else None


# --- participants: their own -----------------------------------------------------------------------
@grant(Enrollment, WaitlistEntry, Attendance, ProgressNote)
def ones_own(scope: Scope) -> Q | None:
    programs = scope.programs(Role.PARTICIPANT)
    return Q(program_id__in=programs, participant__user=scope.user) if programs else None


@limit(Enrollment, WaitlistEntry, Attendance, ProgressNote, ProgressNoteDraft, Goal, HandOverPart)
def of_sealed_charts(scope: Scope) -> Q | None:
    """Nothing of a former chart of somebody who now works here."""
    return Q(participant__sealed_at=None)


@limit(SafetyConcern)
def safety_of_sealed_charts(scope: Scope) -> Q | None:
    return Q(participant=None) | Q(participant__sealed_at=None)
