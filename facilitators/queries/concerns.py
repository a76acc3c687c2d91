"""Reading boundary concerns: who may look at one, the list, the patterns, one with its steps."""

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import Case, Count, IntegerField, Q, QuerySet, Value, When

from facilitators.models import (
    BoundaryConcern,
    ConcernClass,
    ConcernState,
    ConcernStep,
    Facilitator,
    NamedInConcern,
)
from facilitators.taxonomy import BOUNDARY_CATEGORIES
from phpsupport.access.models import RoleAssignment
from phpsupport.access.roles import Role
from phpsupport.access.scope import scope_of
from phpsupport.lib import wording
from phpsupport.programs.models import Program
from phpsupport.users.models import User

REVIEWING = (Role.SUPERVISOR, Role.PROGRAM_LEAD)
# The privacy officer is the last resort: somebody must be able to look when all others are named.
HANDLING = (*REVIEWING, Role.PRIVACY_OFFICER)
LEARNING = frozenset({ConcernClass.QUESTION, ConcernClass.UNPLANNED_CONTACT})
MASKED_BELOW = 11
PATTERN_DAYS = 365


# --- who may look at it ---------------------------------------------------------------------------
def shut_out_of(
    facilitator: Facilitator | None, named_ids: set[UUID], program_id: UUID
) -> frozenset[UUID]:
    """The people a concern is about, and those whom one of them supervises in the program."""
    about = set(named_ids)
    if facilitator is not None:
        about.add(facilitator.user_id)
    supervised = Facilitator.objects.filter(program_id=program_id, supervisor_id__in=about)
    return frozenset(about | set(supervised.values_list("user_id", flat=True)))


def shut_out(concern: BoundaryConcern) -> frozenset[UUID]:
    """Who must not look at this concern, route it, review it or close it."""
    named = set(NamedInConcern.objects.filter(concern=concern).values_list("user_id", flat=True))
    return shut_out_of(concern.facilitator, named, concern.program_id)


def staff_holding(program: Program, on: date, *roles: Role) -> QuerySet[User]:
    """People with an account who hold one of `roles` in the program on a day, by name."""
    held = RoleAssignment.objects.in_force(on).filter(program=program, role__in=roles)
    return User.objects.filter(is_active=True, pk__in=held.values("user_id")).order_by(
        "first_name", "last_name", "pk"
    )


def reviewers_for(concern: BoundaryConcern, on: date) -> QuerySet[User]:
    """Supervisors, program leads and privacy officers not named in it or tied to who is."""
    return staff_holding(concern.program, on, *HANDLING).exclude(pk__in=shut_out(concern))


# --- the list -------------------------------------------------------------------------------------
@dataclass(frozen=True)
class ConcernRow:
    """One concern in the list."""

    id: UUID
    category: str
    about: str
    kind: str
    kind_tone: str
    state: str
    due: str
    due_tone: str
    tone: str
    reviewer: str
    severity: str
    is_open: bool


@dataclass(frozen=True)
class PatternRow:
    """How often a category came up; small numbers are not told."""

    category: str
    learning: str
    breach: str


@dataclass(frozen=True)
class ConcernList:
    open: list[ConcernRow]
    closed: list[ConcernRow]
    patterns: list[PatternRow] = field(default_factory=list)


KIND_TONES = {
    ConcernClass.QUESTION: "calm",
    ConcernClass.UNPLANNED_CONTACT: "calm",
    ConcernClass.CROSSING: "wait",
    ConcernClass.VIOLATION: "stop",
}
CLOSED_SHOWN = 50


def due_words(concern: BoundaryConcern, at: datetime, zone: ZoneInfo) -> tuple[str, str]:
    """What is due on it by when, and how pressing that is."""
    if concern.closed_at is not None:
        return f"closed {wording.day(concern.closed_at.astimezone(zone))}", "plain"
    if concern.state != ConcernState.REPORTED:
        return "", "plain"
    last = (concern.due_at - timedelta(microseconds=1)).astimezone(zone).date()
    if concern.due_at <= at:
        return f"was due {wording.day(last)}", "stop"
    if last == at.astimezone(zone).date():
        return "due today", "wait"
    return f"due {wording.day(last)}", "wait"


def concern_list(user: User, program: Program, at: datetime) -> ConcernList:
    """The concerns that this person may handle, most pressing first, and their patterns."""
    zone = ZoneInfo(program.zone)
    seen = BoundaryConcern.objects.visible_to(user).filter(program=program)
    handled = seen.filter(_handled_by(user, program))
    waiting_first = Case(
        When(state=ConcernState.REPORTED, then=Value(0)),
        default=Value(1),
        output_field=IntegerField(),
    )
    rows = list(
        handled.exclude(state=ConcernState.CLOSED)
        .select_related("facilitator__user", "reviewer", "second_reviewer")
        .defer("narrative")
        .order_by(waiting_first, "due_at", "reported_at")
    )
    closed = list(
        handled.filter(state=ConcernState.CLOSED)
        .select_related("facilitator__user", "reviewer", "second_reviewer")
        .defer("narrative")
        .order_by("-closed_at")[:CLOSED_SHOWN]
    )
    return ConcernList(
        open=[_row(concern, at, zone) for concern in rows],
        closed=[_row(concern, at, zone) for concern in closed],
        patterns=_patterns(handled, at),
    )


def _handled_by(user: User, program: Program) -> Q:
    if scope_of(user).has(program.pk, Role.PROGRAM_LEAD):
        mine = Q()
    else:
        mine = Q(facilitator__supervisor=user) | Q(reviewer=user) | Q(second_reviewer=user)
    # Their own question is answered by somebody else.
    return mine & (Q(facilitator=None) | ~Q(facilitator__user=user))


def _row(concern: BoundaryConcern, at: datetime, zone: ZoneInfo) -> ConcernRow:
    due, tone = due_words(concern, at, zone)
    waits_for_second = (
        concern.state == ConcernState.ACTIONS
        and concern.needs_second_reviewer
        and concern.second_agreed_at is None
    )
    if waits_for_second:
        second = concern.second_reviewer
        due, tone = f"waits for {second.name}" if second else "needs a second reviewer", "wait"
    overdue = tone == "stop"
    return ConcernRow(
        id=concern.pk,
        category=concern.get_category_display(),
        about=concern.facilitator.user.name if concern.facilitator else "",
        kind=concern.get_concern_class_display(),
        kind_tone=KIND_TONES[ConcernClass(concern.concern_class)],
        state=concern.get_state_display(),
        due=due,
        due_tone=tone,
        tone="stop" if overdue else "wait" if concern.state == ConcernState.REPORTED else "",
        reviewer=concern.reviewer.name if concern.reviewer else "",
        severity=concern.get_severity_display() if concern.severity else "",
        is_open=concern.state != ConcernState.CLOSED,
    )


def masked(number: int) -> str:
    """A count as it may be told: nothing, fewer than eleven, or the number."""
    if number == 0:
        return "none"
    return str(number) if number >= MASKED_BELOW else f"fewer than {MASKED_BELOW}"


def _patterns(handled: QuerySet[BoundaryConcern], at: datetime) -> list[PatternRow]:
    counts = (
        handled.filter(reported_at__gt=at - timedelta(days=PATTERN_DAYS))
        .order_by()
        .values("category")
        .annotate(
            learning=Count("pk", filter=Q(concern_class__in=LEARNING)),
            breach=Count("pk", filter=~Q(concern_class__in=LEARNING)),
        )
    )
    labels = dict(BOUNDARY_CATEGORIES)
    # By name: an order by number would tell what is masked.
    return sorted(
        (
            PatternRow(labels[c["category"]], masked(c["learning"]), masked(c["breach"]))
            for c in counts
        ),
        key=lambda row: row.category,
    )


# --- one concern ----------------------------------------------------------------------------------
@dataclass(frozen=True)
class StepRow:
    """One step as the timeline tells it."""

    what: str
    by: str
    when: str
    words: str
    icon: str
    tone: str


STEPS: dict[str, tuple[str, str, str]] = {
    "reported": ("Reported", "flag", "calm"),
    "triaged": ("Looked at", "eye", "calm"),
    "reassessed": ("Judged again", "arrow-repeat", "wait"),
    "review_started": ("Review begun", "search", "calm"),
    "note": ("Added", "chat-left-text", "plain"),
    "actions": ("Agreed what will be done", "list-check", "calm"),
    "second_asked": ("Second reviewer asked", "person-plus", "wait"),
    "second_agreed": ("Second reviewer agrees", "check2-all", "good"),
    "second_sent_back": ("Second reviewer sent it back", "arrow-counterclockwise", "wait"),
    "handed_over": ("Handed over", "arrow-right", "plain"),
    "answer": ("Told who asked", "chat-heart", "good"),
    "closed": ("Closed", "check-lg", "good"),
    "reopened": ("Opened again", "arrow-counterclockwise", "wait"),
}


@dataclass(frozen=True)
class ConcernPage:
    """One concern for somebody who handles it."""

    concern: BoundaryConcern
    named: list[str]
    steps: list[StepRow]
    reported: str
    occurred: str
    due: str
    due_tone: str
    kind_tone: str
    learning: bool


def concern_page(concern: BoundaryConcern, at: datetime) -> ConcernPage:
    """The whole concern; load it with program, site, facilitator, reporter and reviewers."""
    zone = ZoneInfo(concern.program.zone)
    named = NamedInConcern.objects.filter(concern=concern).select_related("user")
    due, tone = due_words(concern, at, zone)
    return ConcernPage(
        concern=concern,
        named=sorted(row.user.name for row in named),
        steps=_steps(concern, zone),
        reported=said(concern.reported_at, zone),
        occurred=wording.day(concern.occurred_on, year=True) if concern.occurred_on else "",
        due=due,
        due_tone=tone,
        kind_tone=KIND_TONES[ConcernClass(concern.concern_class)],
        learning=concern.concern_class in LEARNING,
    )


def _steps(concern: BoundaryConcern, zone: ZoneInfo) -> list[StepRow]:
    rows = ConcernStep.objects.filter(concern=concern).select_related("by")
    order = list(STEPS)
    return [
        StepRow(STEPS[s.what][0], s.by.name, said(s.at, zone), s.words, *STEPS[s.what][1:])
        for s in sorted(rows, key=lambda s: (s.at, order.index(s.what)))
    ]


def said(at: datetime, zone: ZoneInfo) -> str:
    """ "Tue 4 Mar, 10:00" in the site's zone."""
    local = at.astimezone(zone)
    return f"{wording.day(local)}, {wording.clock_time(local)}"


@dataclass(frozen=True)
class OwnReport:
    """What somebody sees of a concern that they reported."""

    id: UUID
    category: str
    reported: str
    words: str
    tone: str
    narrative: str = ""
    answers: list[str] = field(default_factory=list)


def _own_words(concern: BoundaryConcern) -> tuple[str, str]:
    if concern.state == ConcernState.CLOSED:
        return "looked at and closed", "good"
    return "we are looking at it", "calm"


def own_reports(user: User, program: Program) -> list[OwnReport]:
    """What this person asked or reported in the program, the newest first."""
    zone = ZoneInfo(program.zone)
    mine = (
        BoundaryConcern.objects.visible_to(user)
        .filter(program=program, reported_by=user)
        .defer("narrative")
        .order_by("-reported_at")[:20]
    )
    return [
        OwnReport(c.pk, c.get_category_display(), said(c.reported_at, zone), *_own_words(c))
        for c in mine
    ]


def own_report(concern: BoundaryConcern) -> OwnReport:
    """The limited view of one's own report: own words, where it stands, what one was told."""
    zone = ZoneInfo(concern.program.zone)
    told = ConcernStep.objects.filter(concern=concern, what="answer").order_by("at")
    return OwnReport(
        concern.pk,
        concern.get_category_display(),
        said(concern.reported_at, zone),
        *_own_words(concern),
        narrative=concern.narrative,
        answers=[step.words for step in told],
    )
