"""What waits for a person, by their roles: the page behind the bell."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Exists, OuterRef, Q
from django.urls import reverse

from facilitators.models import BoundaryConcern, CheckIn, ConcernState, Supervision
from facilitators.queries.supervision import supervision_list
from phpsupport.access.roles import Role
from phpsupport.access.scope import scope_of
from phpsupport.lib import clock, wording
from phpsupport.programs.models import Program
from phpsupport.users.models import User
from sessions.models import GroupSession, SessionFacilitator
from sessions.queries.answers import asked_of, open_matters
from sessions.queries.attendance import with_heading
from sessions.queries.due import due_rules
from sessions.queries.my_day import unfinished
from sessions.queries.not_cleared import flagged
from sessions.queries.review import review_queue
from sessions.queries.safety import urgent_for
from sessions.queries.week import entries, midnight, note_clearance

AHEAD = timedelta(days=8)
BEFORE = timedelta(days=7)


@dataclass(frozen=True)
class Waiting:
    """One line: how much of what waits, and where to go."""

    count: int
    words: str
    url: str
    late: bool = False


@dataclass(frozen=True)
class Part:
    """What waits for one of the person's roles."""

    heading: str
    lines: list[Waiting]


def waiting(*, user: User, program: Program, at: datetime) -> list[Part]:
    """What waits for the person in a program, by role; roles without anything are left out.

    Five queries for a facilitator, nine for a supervisor, five for a scheduler, eight for a lead.
    """
    scope = scope_of(user)
    roles = scope.roles.get(program.pk, frozenset())
    found = []
    urgent = [u for u in urgent_for(user, program, at) if not u.mine]
    if urgent:
        lines = [Waiting(1, u.title, u.line.url, late=not u.line.answered) for u in urgent]
        found.append(Part("Urgent", lines))
    if Role.FACILITATOR in roles:
        found.append(Part("Your groups and your practice", [*_as_facilitator(user, program, at)]))
    if roles & {Role.SUPERVISOR, Role.PROGRAM_LEAD}:
        found.append(Part("Those you answer for", [*_as_supervisor(user, program, at, roles)]))
    if roles & {Role.SCHEDULER, Role.PROGRAM_LEAD}:
        found.append(Part("The program's week", [*_as_planner(program, at)]))
    return [part for part in found if part.lines]


def _as_facilitator(user: User, program: Program, at: datetime) -> Iterator[Waiting]:
    if number := asked_of(user=user, program=program, at=at).to_answer:
        words = f"{wording.count(number, 'question')} of the schedule for your answer"
        yield Waiting(number, words, reverse("sessions:my-day"))
    leads = SessionFacilitator.objects.filter(session=OuterRef("pk"), person=user, active=True)
    mine = with_heading(GroupSession.objects.filter(Exists(leads), program=program))
    tasks = unfinished(mine, user=user, at=at, rules=due_rules(program))
    my_day = reverse("sessions:my-day")
    over = [t for t in tasks if t.unmarked or t.to_write or t.outcome_missing]
    if over:
        late = sum(t.overdue for t in over)
        words = f"{_sessions(len(over))} to finish: attendance, notes or whether it was held"
        yield Waiting(len(over), _late(words, late), my_day, late=bool(late))
    if returned := sum(t.returned for t in tasks):
        words = f"{wording.count(returned, 'note')} returned to you with a comment"
        yield Waiting(returned, words, my_day)
    own = CheckIn.objects.filter(facilitator__user=user, facilitator__program=program)
    for key in own.filter(answered_at=None).values_list("pk", flat=True)[:1]:
        url = reverse("facilitators:check-in", args=[key])
        yield Waiting(1, "A check-in asks how it goes", url)
    unsigned = Supervision.objects.filter(
        facilitator__user=user, facilitator__program=program,
        held=True, cancelled_at=None, facilitator_signed_at=None,
    ).order_by("starts_at")  # fmt: skip
    keys = list(unsigned.values_list("pk", flat=True))
    if keys:
        words = f"{wording.count(len(keys), 'supervision')} to read and sign"
        url = reverse("facilitators:supervision-detail", args=[keys[0]])
        yield Waiting(len(keys), words, url)


def _as_supervisor(
    user: User, program: Program, at: datetime, roles: frozenset[Role]
) -> Iterator[Waiting]:
    if queue := review_queue(user=user, program=program, at=at):
        notes, late = sum(w.notes for w in queue), sum(bool(w.late) for w in queue)
        words = f"{wording.count(notes, 'note')} to cosign from {_sessions(len(queue))}"
        url = reverse("sessions:review-queue")
        yield Waiting(notes, _late(words, late), url, late=bool(late))
    concerns = _concerns(user, program, at, roles)
    if concerns["number"]:
        words = f"{wording.count(concerns['number'], 'boundary concern')} to look at"
        url = reverse("facilitators:concerns")
        yield Waiting(
            concerns["number"], _late(words, concerns["late"]), url,
            late=bool(concerns["late"]),
        )  # fmt: skip
    if Role.SUPERVISOR in roles:
        yield from _supervision(user, program, at)
        theirs = flagged(program, at=at).filter(facilitator__supervisor=user)
        if number := theirs.order_by().values("session").distinct().count():
            words = f"{_sessions(number)} to come with somebody not cleared"
            yield Waiting(number, words, reverse("sessions:not-cleared"))
    if Role.PROGRAM_LEAD in roles:
        escalated = CheckIn.objects.filter(
            facilitator__program=program, answered_at=None, escalated_at__isnull=False
        ).exclude(facilitator__user=user)
        if number := escalated.count():
            words = f"{wording.count(number, 'check-in')} unanswered for too long"
            yield Waiting(number, words, reverse("facilitators:supervision"), late=True)


def _concerns(user: User, program: Program, at: datetime, roles: frozenset[Role]) -> dict[str, int]:
    """Reported concerns that this person is to triage, and how many of them are late."""
    mine = Q(facilitator__supervisor=user) | Q(reviewer=user) | Q(second_reviewer=user)
    if Role.PROGRAM_LEAD in roles:
        mine = Q()
    seen = BoundaryConcern.objects.visible_to(user).filter(
        mine, program=program, state=ConcernState.REPORTED
    )
    return seen.exclude(facilitator__user=user).aggregate(  # type: ignore[return-value]
        number=Count("pk"), late=Count("pk", filter=Q(due_at__lte=at))
    )


def _supervision(user: User, program: Program, at: datetime) -> Iterator[Waiting]:
    found, url = supervision_list(user, program, at), reverse("facilitators:supervision")
    if found.overdue:
        words = f"Supervision is overdue with {_people(found.overdue)}"
        yield Waiting(found.overdue, words, url, late=True)
    if asking := len(found.follow_ups):
        words = f"{wording.count(asking, 'check-in')} that asks for somebody".replace(
            "check-ins that asks", "check-ins that ask"
        )
        yield Waiting(asking, words, url, late=True)


def _as_planner(program: Program, at: datetime) -> Iterator[Waiting]:
    matters = open_matters(program, at=at)
    url = reverse("sessions:cover")
    if cover := [m for m in matters if m.what == "cover"]:
        words = f"{_sessions(len(cover))} looking for cover"
        late = sum(m.late for m in cover)
        yield Waiting(len(cover), _late(words, late), url, late=bool(late))
    if number := len(matters) - len(cover):
        words = f"{wording.count(number, 'assignment')} declined, or another time proposed"
        yield Waiting(number, words, url)
    today = clock.local_date(at, program.zone)
    week = entries(
        program=program,
        since=midnight(today - BEFORE, program),
        until=midnight(today + AHEAD, program),
        at=at,
    )
    note_clearance(week)
    coming = [e for e in week if not e.cancelled and e.starts_at > at]
    if gaps := sum(bool(e.gap) for e in coming):
        words = f"{_sessions(gaps)} without a facilitator in the coming seven days"
        yield Waiting(gaps, words, reverse("sessions:today"), late=True)
    if unsure := sum(bool(e.not_cleared) and not e.gap for e in coming):
        words = f"{_sessions(unsure)} with a facilitator who is not cleared on the day"
        yield Waiting(unsure, words, reverse("sessions:today"))
    if unmarked := sum(bool(e.unreported) for e in week):
        words = f"{_sessions(unmarked)} of the last seven days without attendance"
        yield Waiting(unmarked, words, reverse("sessions:today"))


def _sessions(number: int) -> str:
    return wording.count(number, "session")


def _people(number: int) -> str:
    return wording.count(number, "person", "people")


def _late(words: str, late: int) -> str:
    return f"{words}; {late} late" if late else words
