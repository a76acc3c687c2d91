"""Reading supervision: who is due, what is planned, what was held; one with its agenda."""

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import DateTimeField, OuterRef, Q, QuerySet, Subquery
from django.urls import reverse

from facilitators.cadence import DueState, SupervisionDue, supervision_due, supervision_every
from facilitators.clearance import State
from facilitators.models import (
    BoundaryConcern,
    CheckIn,
    ConcernState,
    Facilitator,
    Stage,
    Supervision,
)
from facilitators.queries.beginning import BEGUN_ON
from facilitators.queries.clearance import files_of, load_files
from facilitators.queries.concerns import said
from facilitators.taxonomy import COMPETENCIES
from phpsupport.access.roles import Role
from phpsupport.access.scope import scope_of
from phpsupport.lib import clock, wording
from phpsupport.programs.models import Program
from phpsupport.users.models import User

PAST_SHOWN = 50
AGENDA_DAYS = 90
CHECK_IN_DAYS = 180
CHECK_INS_READ = 200


# --- the list -------------------------------------------------------------------------------------
@dataclass(frozen=True)
class DueRow:
    """One facilitator and when their next supervision is due."""

    facilitator_id: UUID
    name: str
    line: str
    last: str
    words: str
    tone: str
    row_tone: str
    next: str
    next_id: UUID | None
    supervisor: str


@dataclass(frozen=True)
class SupervisionRow:
    """One supervision, planned or past."""

    id: UUID
    name: str
    when: str
    mode: str
    minutes: str
    words: str
    tone: str
    supervisor: str


@dataclass(frozen=True)
class CheckInRow:
    """One check-in, as a line or as something that needs somebody."""

    id: UUID
    name: str
    when: str
    words: str
    tone: str
    needs_somebody: bool


@dataclass(frozen=True)
class SupervisionList:
    due: list[DueRow]
    upcoming: list[SupervisionRow]
    past: list[SupervisionRow]
    check_ins: list[CheckInRow]
    overdue: int = 0
    shows_supervisor: bool = False
    cadence: str = ""
    only: str = ""

    @property
    def follow_ups(self) -> list[CheckInRow]:
        return [row for row in self.check_ins if row.needs_somebody]


def supervised_by(user: User, program: Program) -> QuerySet[Facilitator]:
    """Whose supervision is this person's affair: the lead all, a supervisor their own."""
    people = Facilitator.objects.filter(program=program).exclude(stage=Stage.ENDED)
    if scope_of(user).has(program.pk, Role.PROGRAM_LEAD):
        return people.exclude(user=user)
    return people.filter(supervisor=user)


def supervision_list(
    user: User, program: Program, at: datetime, only: UUID | None = None
) -> SupervisionList:
    """Everybody by how pressing their supervision is, then what is planned and what was held.

    With `only` the same for one facilitator, with their check-ins.
    """
    zone = ZoneInfo(program.zone)
    today = clock.local_date(at, program.zone)
    held = Supervision.objects.filter(facilitator=OuterRef("pk"), held=True).order_by("-starts_at")
    wanted = supervised_by(user, program)
    if only is not None:
        wanted = wanted.filter(pk=only)
    people = wanted.annotate(
        begun_on=BEGUN_ON,
        last_at=Subquery(held.values("starts_at")[:1], output_field=DateTimeField()),
    )
    files = load_files(people)
    seen = list(
        Supervision.objects.visible_to(user)
        .filter(facilitator__program=program, cancelled_at=None)
        .exclude(facilitator__user=user)
        .select_related("facilitator__user", "supervisor")
        .only(
            "starts_at", "minutes", "mode", "held", "cancelled_at", "supervisor_signed_at",
            "facilitator_signed_at", "facilitator__user__first_name",
            "facilitator__user__last_name", "facilitator__user__preferred_name",
            "supervisor__first_name", "supervisor__last_name", "supervisor__preferred_name",
        )
        .filter(Q(held=False) | Q(starts_at__gt=at - timedelta(days=400)))
        .order_by("starts_at")
    )  # fmt: skip
    if only is not None:
        seen = [s for s in seen if s.facilitator_id == only]
    open_rows = [s for s in seen if not s.held]
    past = [s for s in reversed(seen) if s.held][:PAST_SHOWN]
    next_of: dict[UUID, Supervision] = {}
    for supervision in open_rows:
        next_of.setdefault(supervision.facilitator_id, supervision)
    lead = scope_of(user).has(program.pk, Role.PROGRAM_LEAD)
    rows: list[tuple[SupervisionDue, DueRow]] = []
    rules: dict[str, object] = {}
    for file in files.values():
        person = file.facilitator
        rules = file.rules.policy_on(today)
        kind = file.credential_kind_on(today)
        last_on = person.last_at.astimezone(zone).date() if person.last_at else None  # type: ignore[attr-defined]
        due = supervision_due(
            today,
            last_on,
            person.begun_on or today,  # type: ignore[attr-defined]
            supervision_every(kind, rules),
        )
        rows.append((due, _due_row(person, due, kind, last_on, next_of.get(person.pk), zone, at)))
    rows.sort(key=lambda pair: (pair[0].days, pair[1].name))
    return SupervisionList(
        due=[row for _, row in rows],
        upcoming=[_row(s, zone, at) for s in open_rows],
        past=[_row(s, zone, at) for s in past],
        overdue=sum(due.state == DueState.OVERDUE for due, _ in rows),
        check_ins=_check_in_rows(user, program, at, only),
        shows_supervisor=lead,
        cadence=_cadence(rules),
        only=rows[0][1].name if only is not None and rows else "",
    )


def _check_in_rows(
    user: User, program: Program, at: datetime, only: UUID | None
) -> list[CheckInRow]:
    """Check-ins that this person may read: answered, or open for too long."""
    zone = ZoneInfo(program.zone)
    found = (
        CheckIn.objects.visible_to(user)
        .filter(facilitator__program=program, asked_at__gt=at - timedelta(days=CHECK_IN_DAYS))
        .exclude(facilitator__user=user)
        .select_related("facilitator__user")
        .defer("hard")
        .order_by("-due_on")
    )
    if only is not None:
        found = found.filter(facilitator=only)
    return [_check_in_row(check_in, zone) for check_in in found[:CHECK_INS_READ]]


def _check_in_row(check_in: CheckIn, zone: ZoneInfo) -> CheckInRow:
    if check_in.answered_at is None:
        late = check_in.escalated_at is not None
        words, tone, needs = "not answered", "wait" if late else "plain", late
    else:
        asks = check_in.wants_support or check_in.boundary_question
        needs = bool(asks) and check_in.support_seen_at is None
        if check_in.wants_support:
            words, tone = "would like support or cover", "wait" if needs else "good"
        elif asks:
            words, tone = "has a boundary question", "wait" if needs else "good"
        else:
            words, tone = "answered", "good"
    return CheckInRow(
        id=check_in.pk,
        name=check_in.facilitator.user.name,
        when=f"Check-in of {wording.day(check_in.due_on)}",
        words=words,
        tone=tone,
        needs_somebody=needs,
    )


def _cadence(rules: dict[str, object]) -> str:
    if not rules:
        return ""
    return (
        f"Due every {rules['supervision_days_initial']} days until a full certification, "
        f"every {rules['supervision_days_full']} days after."
    )


def due_words(due: SupervisionDue) -> tuple[str, str]:
    """How pressing it is, in words and as a kind."""
    if due.state == DueState.OVERDUE:
        return f"{wording.count(-due.days, 'day')} overdue", "stop"
    if due.days == 0:
        return "due today", "wait"
    words = f"due in {wording.count(due.days, 'day')}"
    return words, "wait" if due.state == DueState.DUE else "good"


def _due_row(
    person: Facilitator,
    due: SupervisionDue,
    kind: str,
    last_on: date | None,
    planned: Supervision | None,
    zone: ZoneInfo,
    at: datetime,
) -> DueRow:
    words, tone = due_words(due)
    credential = {"full": "full certification", "initial": "initial certification"}.get(kind, "")
    stage = person.get_stage_display()
    return DueRow(
        facilitator_id=person.pk,
        name=person.user.name,
        line=f"{stage} · {credential}" if credential else stage,
        last=wording.day(last_on) if last_on else "none yet",
        words=words,
        tone=tone,
        row_tone="stop" if tone == "stop" else "",
        next=said(planned.starts_at, zone) if planned else "",
        next_id=planned.pk if planned else None,
        supervisor=person.supervisor.name if person.supervisor else "nobody yet",
    )


def signature_words(supervision: Supervision, at: datetime) -> tuple[str, str]:
    """Where the record stands."""
    if supervision.cancelled_at is not None:
        return "cancelled", "plain"
    if not supervision.held:
        return ("planned", "plain") if supervision.starts_at > at else ("write it down", "wait")
    if supervision.supervisor_signed_at is None:
        return "waits for the supervisor’s signature", "wait"
    if supervision.facilitator_signed_at is None:
        return "waits for the facilitator’s signature", "wait"
    return "signed by both", "good"


def _row(supervision: Supervision, zone: ZoneInfo, at: datetime) -> SupervisionRow:
    words, tone = signature_words(supervision, at)
    return SupervisionRow(
        id=supervision.pk,
        name=supervision.facilitator.user.name,
        when=said(supervision.starts_at, zone),
        mode=supervision.get_mode_display(),
        minutes=f"{supervision.minutes} min",
        words=words,
        tone=tone,
        supervisor=supervision.supervisor.name,
    )


# --- one supervision ------------------------------------------------------------------------------
@dataclass(frozen=True)
class AgendaItem:
    """Something that happened since the last supervision, worth talking about."""

    icon: str
    tone: str
    title: str
    words: str = ""
    url: str = ""


@dataclass(frozen=True)
class Written:
    """One part of the record, as read."""

    label: str
    words: str


@dataclass(frozen=True)
class SupervisionPage:
    """One supervision for its supervisor, the lead, or its facilitator."""

    supervision: Supervision
    when: str
    ends: str
    words: str
    tone: str
    is_supervisor: bool
    is_facilitator: bool
    can_write: bool
    can_sign: bool
    can_cancel: bool
    shows_record: bool
    seen: str
    written: list[Written] = field(default_factory=list)
    competencies: list[str] = field(default_factory=list)
    agenda: list[AgendaItem] = field(default_factory=list)
    signatures: list[str] = field(default_factory=list)


LABELS = (
    ("discussed", "What we talked about"),
    ("strengths", "Strengths noticed"),
    ("boundary_review", "Boundaries"),
    ("workload", "Workload and role"),
    ("wellness", "Wellness, as offered"),
    ("agreed", "Agreed actions"),
)


def supervision_page(supervision: Supervision, user: User, at: datetime) -> SupervisionPage:
    """Load it with facilitator, user, program, site and supervisor.

    Until the supervisor has signed, the facilitator sees that it is planned and no draft.
    """
    program = supervision.facilitator.program
    zone = ZoneInfo(program.zone)
    is_supervisor = user.pk == supervision.supervisor_id
    is_facilitator = user.pk == supervision.facilitator.user_id
    signed_first = supervision.supervisor_signed_at is not None
    signed_both = signed_first and supervision.facilitator_signed_at is not None
    cancelled = supervision.cancelled_at is not None
    words, tone = signature_words(supervision, at)
    shows_record = supervision.held and (signed_first or not is_facilitator)
    if is_facilitator and supervision.held and not signed_first:
        words, tone = "being written down", "plain"
    begun = supervision.starts_at.astimezone(zone).date() <= clock.local_date(at, program.zone)
    lead = scope_of(user).has(program.pk, Role.PROGRAM_LEAD)
    labels = dict(COMPETENCIES)
    ends = supervision.starts_at + timedelta(minutes=supervision.minutes)
    names = (
        (supervision.supervisor.name, supervision.supervisor_signed_at),
        (supervision.facilitator.user.name, supervision.facilitator_signed_at),
    )
    return SupervisionPage(
        supervision=supervision,
        when=wording.day_and_span(supervision.starts_at.astimezone(zone), ends.astimezone(zone)),
        ends=wording.clock_time(ends.astimezone(zone)),
        words=words,
        tone=tone,
        is_supervisor=is_supervisor,
        is_facilitator=is_facilitator,
        can_write=is_supervisor and not signed_both and not cancelled and begun,
        can_sign=not cancelled
        and (
            (is_supervisor and supervision.held and not signed_first)
            or (is_facilitator and signed_first and not signed_both)
        ),
        can_cancel=not supervision.held
        and not cancelled
        and (is_supervisor or (lead and not is_facilitator)),
        shows_record=shows_record,
        seen=supervision.supervisor_signed_at.isoformat()
        if supervision.supervisor_signed_at
        else "",
        written=[
            Written(label, text)
            for name, label in LABELS
            if shows_record and (text := getattr(supervision, name))
        ],
        competencies=[labels[key] for key in supervision.competencies if key in labels]
        if shows_record
        else [],
        agenda=[] if is_facilitator or cancelled else agenda(supervision, user, at),
        signatures=[f"{name}, {said(when, zone)}" for name, when in names if when]
        if shows_record
        else [],
    )


def agenda(supervision: Supervision, user: User, at: datetime) -> list[AgendaItem]:
    """What happened since the last supervision that this person may see: six queries."""
    facilitator = supervision.facilitator
    zone = ZoneInfo(facilitator.program.zone)
    today = clock.local_date(at, facilitator.program.zone)
    last = (
        Supervision.objects.visible_to(user)
        .filter(facilitator=facilitator, held=True, starts_at__lt=supervision.starts_at)
        .exclude(pk=supervision.pk)
        .order_by("-starts_at")
        .first()
    )
    since = last.starts_at if last else supervision.starts_at - timedelta(days=AGENDA_DAYS)
    items: list[AgendaItem] = []
    if last and last.agreed:
        when = wording.day(last.starts_at.astimezone(zone))
        items.append(AgendaItem("list-check", "calm", f"Agreed on {when}", last.agreed, _to(last)))
    items += _check_ins(facilitator, user, since, zone)
    items += _concerns(facilitator, user, since)
    items += _trainings(facilitator, today)
    return items


def _to(supervision: Supervision) -> str:
    return reverse("facilitators:supervision-detail", args=[supervision.pk])


def _check_ins(
    facilitator: Facilitator, user: User, since: datetime, zone: ZoneInfo
) -> list[AgendaItem]:
    found = CheckIn.objects.visible_to(user).filter(facilitator=facilitator)
    items = []
    for check_in in found.filter(Q(answered_at__gte=since) | Q(answered_at=None)).order_by(
        "due_on"
    ):
        title = f"Check-in of {wording.day(check_in.due_on)}"
        if check_in.answered_at is None:
            items.append(AgendaItem("hourglass", "wait", f"{title} is not answered"))
            continue
        parts = [f"Workload: {check_in.get_workload_display().lower()}."]
        if check_in.wants_support:
            parts.append("Would like support or cover.")
        if check_in.asked_non_peer_work:
            parts.append("Was asked to do work that is not peer work.")
        # The words themselves are one click away, where their reading is noted.
        if check_in.hard:
            parts.append("Something was hard.")
        if check_in.boundary_question:
            parts.append("Has a boundary question.")
        items.append(
            AgendaItem(
                "chat-heart",
                "wait" if check_in.wants_support or check_in.boundary_question else "calm",
                title,
                " ".join(parts),
                reverse("facilitators:check-in-answer", args=[check_in.pk]),
            )
        )
    return items


def _concerns(facilitator: Facilitator, user: User, since: datetime) -> list[AgendaItem]:
    found = (
        BoundaryConcern.objects.visible_to(user)
        .filter(facilitator=facilitator)
        .filter(~Q(state=ConcernState.CLOSED) | Q(closed_at__gte=since))
        .defer("narrative")
        .order_by("reported_at")
    )
    return [
        AgendaItem(
            "shield",
            "calm",
            f"Boundary: {concern.get_category_display()}",
            f"{concern.get_concern_class_display()}, {concern.get_state_display().lower()}.",
            reverse("facilitators:concern", args=[concern.pk]),
        )
        for concern in found
    ]


def _trainings(facilitator: Facilitator, today: date) -> list[AgendaItem]:
    file = files_of([facilitator.pk])[facilitator.pk]
    cells = [file.credential_cell_on(today), *(cell for _, cell in file.cells_on(today))]
    return [
        AgendaItem("mortarboard", "wait" if cell.state == State.SOON else "stop", cell.sentence)
        for cell in cells
        if cell.state != State.CURRENT
    ]


# --- the facilitator's own ------------------------------------------------------------------------
def own_supervisions(facilitator: Facilitator, at: datetime) -> list[Supervision]:
    """Planned, to sign and the latest held ones of a facilitator, by time: one query."""
    return list(
        Supervision.objects.filter(facilitator=facilitator, cancelled_at=None)
        .filter(Q(held=True) | Q(starts_at__gt=at - timedelta(days=1)))
        .select_related("supervisor")
        .only(
            "starts_at", "minutes", "mode", "held", "cancelled_at", "supervisor_signed_at",
            "facilitator_signed_at", "facilitator_id", "supervisor__first_name",
            "supervisor__last_name", "supervisor__preferred_name",
        )
        .order_by("-starts_at")[:20]
    )  # fmt: skip
