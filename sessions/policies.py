"""Who may do what with a session that they can see: None, or the sentence that says who can."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet

from facilitators.models import Facilitator
from participants.models import EpisodeOfCare, Participant
from phpsupport.access.roles import Role
from phpsupport.access.scope import Scope, scope_of
from phpsupport.lib import clock
from phpsupport.programs.models import Program
from phpsupport.users.models import User
from sessions.models import (
    Attendance,
    Enrollment,
    GroupNote,
    GroupSeries,
    GroupSession,
    ProgressNote,
    SafetyConcern,
    SeriesFacilitator,
    SessionFacilitator,
)

# How long after their last session somebody can still hand a series over.
STILL_WRITING: Final = timedelta(days=14)
# How long before their first day a new facilitator may see who is in the group and what is handed
# over.
BEFORE_THE_FIRST_DAY: Final = timedelta(days=14)


# --- attendance, outcome and notes ------------------------------------------------------------------
def leads(user: User, session: GroupSession) -> bool:
    """Whether the person leads or co-facilitates this session."""
    if hasattr(session, "led_by"):  # read with the session, see `with_heading`
        return bool(session.led_by == user.pk)
    return SessionFacilitator.objects.filter(session=session, person=user, active=True).exists()


def can_mark_attendance(user: User, session: GroupSession) -> str | None:
    """Those who lead the session; schedulers and program leads for what came on paper."""
    scope = scope_of(user)
    if scope.has(session.program_id, Role.SCHEDULER, Role.PROGRAM_LEAD):
        return None
    if scope.has(session.program_id, Role.FACILITATOR) and leads(user, session):
        return None
    return (
        "Attendance is marked by those who lead the session. Ask a scheduler if that should be you."
    )


def can_write_notes(user: User, session: GroupSession) -> str | None:
    """Notes are written and signed by those who lead the session, by nobody else."""
    if scope_of(user).has(session.program_id, Role.FACILITATOR) and leads(user, session):
        return None
    return "Notes are written by those who lead the session. Ask a scheduler if that should be you."


can_sign_note = can_write_notes


def can_keep_block(user: User, program_id: UUID, owner_id: UUID | None) -> str | None:
    """Facilitators keep their own text blocks; supervisors and program leads the program's."""
    scope = scope_of(user)
    if owner_id is None:
        if scope.has(program_id, Role.SUPERVISOR, Role.PROGRAM_LEAD):
            return None
        return "The program's text blocks are kept by supervisors and program leads."
    if owner_id == user.pk and scope.has(program_id, Role.FACILITATOR):
        return None
    return "Text blocks of one's own are kept by the facilitator who wrote them."


def answered_for(user: User, notes: Iterable[GroupNote | ProgressNote]) -> set[UUID]:
    """Which of these notes the person answers for: as their author, as the author's supervisor or as
    the program lead. One query where others supervise, none else."""
    scope, found, asked = scope_of(user), set(), []
    for note in notes:
        if note.author_id == user.pk:
            if scope.has(note.program_id, Role.FACILITATOR):
                found.add(note.pk)
        elif scope.has(note.program_id, Role.PROGRAM_LEAD):
            found.add(note.pk)
        elif scope.has(note.program_id, Role.SUPERVISOR):
            asked.append(note)
    if asked:
        authors = {note.author_id for note in asked}
        supervised = set(
            Facilitator.objects.filter(supervisor=user, user_id__in=authors).values_list(
                "program_id", "user_id"
            )
        )
        found |= {note.pk for note in asked if (note.program_id, note.author_id) in supervised}
    return found


def can_cosign_note(user: User, note: GroupNote | ProgressNote) -> str | None:
    """The author's supervisor or the program lead; never one's own note."""
    if note.author_id == user.pk:
        return "Nobody cosigns their own note. Another supervisor or the program lead can."
    if answered_for(user, [note]):
        return None
    return "This note is cosigned by its author's supervisor or the program lead."


def can_add_to_note(user: User, note: GroupNote | ProgressNote) -> str | None:
    """Its author, the author's supervisor or the program lead."""
    if answered_for(user, [note]):
        return None
    return "Only who signed this note, their supervisor or the program lead can add to it."


can_void_note = can_add_to_note


def treated_by(scope: Scope, at: datetime) -> QuerySet[EpisodeOfCare]:
    """The stays on whose care team the person is, by the day at each site, where they hold the
    clinician's role."""
    team = Q(pk__in=[])
    for place in scope.places:
        if scope.has(place.pk, Role.CLINICIAN):
            today = clock.local_date(at, place.zone)
            lasts = Q(care_team__until_on=None) | Q(care_team__until_on__gte=today)
            team |= Q(lasts, program=place, care_team__from_on__lte=today)
    return EpisodeOfCare.objects.filter(team, care_team__user=scope.user)


def led_about_now(scope: Scope, at: datetime) -> Q:
    """Assignments to a series of those who lead it, or begin to within two weeks, by the day at
    each site of the scope."""
    found = Q(pk__in=[])
    for place in scope.places:
        today = clock.local_date(at, place.zone)
        begins = Q(from_on=None) | Q(from_on__lte=today + BEFORE_THE_FIRST_DAY)
        lasts = Q(until_on=None) | Q(until_on__gte=today)
        found |= Q(begins, lasts, facilitator__program=place)
    return found


def with_reader(people: QuerySet[Participant], user: User, at: datetime) -> QuerySet[Participant]:
    """Participants with why somebody may read their record: `treated`, where they are on the care
    team that day, and `led`, where they lead a group of theirs or led a session of it."""
    scope = scope_of(user)
    usual = SeriesFacilitator.objects.filter(led_about_now(scope, at), facilitator__user=user)
    groups = Enrollment.objects.filter(series_id__in=usual.values("series_id"))
    sessions = Attendance.objects.filter(
        session__assignments__person=user, session__assignments__active=True
    )
    them = OuterRef("pk")
    return people.annotate(
        treated=Exists(treated_by(scope, at).filter(participant=them)),
        led=Exists(groups.filter(participant=them)) | Exists(sessions.filter(participant=them)),
    )


def can_read_record(user: User, participant: Participant) -> str | None:
    """The participant, clinicians on the care team, those who lead the participant's groups; load
    it through `with_reader`."""
    if participant.user_id == user.pk or participant.treated:  # type: ignore[attr-defined]
        return None
    if scope_of(user).programs(Role.FACILITATOR) and participant.led:  # type: ignore[attr-defined]
        return None
    return "This record is for the participant, their care team and those who lead their groups."


# --- safety concerns --------------------------------------------------------------------------------
def can_raise_concern(user: User, session: GroupSession) -> str | None:
    """Whoever is with the group: those who lead it, and those who mark who came."""
    if can_mark_attendance(user, session) is None:
        return None
    return (
        "A safety concern is raised here by those who lead the session."
        " If you worry about somebody, call the site or tell their care team now."
    )


def can_acknowledge(user: User, concern: SafetyConcern) -> str | None:
    """Who was told, and clinicians, supervisors and program leads who see it; never the raiser."""
    if concern.raised_by_id == user.pk:
        return "You raised it, so somebody else has to say that they know."
    may = (Role.CLINICIAN, Role.SUPERVISOR, Role.PROGRAM_LEAD)
    if scope_of(user).has(concern.program_id, *may) or _was_told(user, concern):
        return None
    return "Only those who are told of a safety concern can say that they act on it."


def can_close_concern(user: User, concern: SafetyConcern) -> str | None:
    """Who said that they act on it, clinicians and program leads."""
    if scope_of(user).has(concern.program_id, Role.CLINICIAN, Role.PROGRAM_LEAD):
        return None
    if concern.alerts.filter(person=user, acknowledged_at__isnull=False).exists():
        return None
    return "A safety concern is closed by who acts on it, a clinician or the program lead."


def can_read_concerns_words(user: User, concern: SafetyConcern) -> str | None:
    """What was seen and done. Schedulers who are told see who, where and who acts, no words."""
    may = (Role.FACILITATOR, Role.CLINICIAN, Role.SUPERVISOR, Role.PROGRAM_LEAD)
    if concern.raised_by_id == user.pk or scope_of(user).has(concern.program_id, *may):
        return None
    return "What was written stays with those who lead, supervise and treat."


def _was_told(user: User, concern: SafetyConcern) -> bool:
    return concern.alerts.filter(person=user).exists()


def can_hand_over(user: User, series: GroupSeries, at: datetime) -> str | None:
    """Who leads the series, or led it until lately."""
    if scope_of(user).has(series.program_id, Role.FACILITATOR):
        today = clock.local_date(at, series.zone)
        lasts = Q(until_on=None) | Q(until_on__gte=today)
        if series.assignments.filter(lasts, facilitator__user=user).exists():
            return None
        lately = SessionFacilitator.objects.filter(
            person=user, session__series=series, active=True, ends_at__gte=at - STILL_WRITING
        )
        # Whoever only covered a session of it has nothing to hand over.
        usual: Any = SeriesFacilitator.pgh_event_model.objects.filter(  # type: ignore[attr-defined]
            facilitator__user=user, series=series
        )
        if lately.exists() and usual.exists():
            return None
    return "A hand-over is written by who leads the group, or led it until lately."


def can_do_without_hand_over(user: User, series: GroupSeries) -> str | None:
    """For somebody who stopped: their supervisor, or the program lead."""
    scope = scope_of(user)
    if scope.has(series.program_id, Role.PROGRAM_LEAD):
        return None
    led = SessionFacilitator.objects.filter(session__series=series, active=True)
    if (
        scope.has(series.program_id, Role.SUPERVISOR)
        and led.filter(facilitator__supervisor=user).exists()
    ):
        return None
    return "Who supervises those who led the group, or the program lead, says so."


def can_export(user: User, participant: Participant, program: Program, at: datetime) -> str | None:
    """A file of the record of somebody with a stay in the program: the person themself, the program
    lead, the privacy officer, clinicians on the care team. A sealed chart: the privacy officer."""
    scope = scope_of(user)
    if program.pk not in participant.program_ids():
        return "This person has no stay in the program."
    if participant.sealed_at:
        mine = participant.user_id == user.pk
        if scope.has(program.pk, Role.PRIVACY_OFFICER) and not mine:
            return None
        return "This chart is sealed. Only the privacy officer can make a file of it."
    if participant.user_id == user.pk and scope.has(program.pk, Role.PARTICIPANT):
        return None
    if scope.has(program.pk, Role.PROGRAM_LEAD, Role.PRIVACY_OFFICER):
        return None
    treated = treated_by(scope, at).filter(participant=participant, program=program)
    if treated.exists():
        return None
    return (
        "A file of this record is made by the program lead, the privacy officer or a clinician on "
        "the care team."
    )


# --- the schedule -----------------------------------------------------------------------------------
def can_ask_for_cover(user: User, facilitator: Facilitator) -> str | None:
    """Facilitators for their own sessions, those who plan for anybody's. No reason is asked."""
    scope = scope_of(user)
    if facilitator.user_id == user.pk and scope.has(facilitator.program_id, Role.FACILITATOR):
        return None
    if scope.has(facilitator.program_id, Role.SCHEDULER, Role.PROGRAM_LEAD):
        return None
    return "Cover is asked for by who leads the session, or by a scheduler for them."


def can_answer_assignment(user: User, thing: GroupSession | GroupSeries) -> str | None:
    """Only those who are to lead it."""
    mine = Q(facilitator__user=user)
    if isinstance(thing, GroupSession):
        mine &= Q(active=True)
    if (
        scope_of(user).has(thing.program_id, Role.FACILITATOR)
        and thing.assignments.filter(mine).exists()
    ):
        return None
    return "An assignment is answered by those who are to lead it."


def can_see_roster(user: User, session: GroupSession) -> str | None:
    """Who plans, supervises or treats in the program, and those who lead the session."""
    scope = scope_of(user)
    if scope.has(
        session.program_id, Role.SCHEDULER, Role.PROGRAM_LEAD, Role.SUPERVISOR, Role.CLINICIAN
    ):
        return None
    if scope.has(session.program_id, Role.FACILITATOR) and leads(user, session):
        return None
    return "Who is expected is shown to those who lead the session."
