"""The list of facilitators and one facilitator's record, as the pages show them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from uuid import UUID

from facilitators.clearance import Clearance, Held, Requirement, last_valid_day
from facilitators.models import CertificationKind, Facilitator, Stage
from facilitators.queries.availability import (
    DayHours,
    LeaveRow,
    days_words,
    leave_rows,
    weekly_hours,
)
from facilitators.queries.board import from_above
from facilitators.queries.clearance import ClearanceFile, Training, load_files, program_rules
from facilitators.queries.training import (
    CELL_KINDS,
    Pill,
    cell_words,
    clearance_pill,
    counting,
)
from phpsupport.access.models import RoleAssignment
from phpsupport.access.roles import Role
from phpsupport.lib import wording
from phpsupport.lib.clock import local_date
from phpsupport.programs.models import Program
from phpsupport.users.models import User


# --- the list -------------------------------------------------------------------------------------
@dataclass(frozen=True)
class PersonRow:
    """One facilitator in the list."""

    id: UUID
    name: str
    line: str
    stage: str
    supervisor: str
    languages: str
    clearance: Pill
    load: Pill | None
    away: str


@dataclass(frozen=True)
class People:
    """The list with the choices of its filters."""

    rows: list[PersonRow]
    total: int
    supervisors: list[tuple[str, str]]
    languages: list[str]
    has_load: bool


def people(
    user: User, program: Program, at: datetime, *, wanted: Mapping[str, Any] | None = None
) -> People:
    """The program's facilitators by name with clearance today: three queries and those of the load.

    `wanted`: q, stage, supervisor (id or "none"), language, clearance ("yes", "no", "soon").
    Who has ended shows only when asked for.
    """
    wanted = wanted or {}
    today = local_date(at, program.zone)
    rows = Facilitator.objects.visible_to(user).filter(program=program)
    files = list(
        load_files(
            rows.order_by("user__first_name", "user__last_name", "pk"),
            rules=program_rules([program.pk])[program.pk],
        ).values()
    )
    shown = [f for f in files if _is_wanted(f, wanted, today)]
    load = from_above("load", user, program, [f.facilitator.pk for f in shown], at)
    return People(
        rows=[_person_row(f, today, load) for f in shown],
        total=sum(f.facilitator.stage != Stage.ENDED for f in files),
        supervisors=sorted(
            {
                (str(f.facilitator.supervisor_id), f.facilitator.supervisor.name)
                for f in files
                if f.facilitator.supervisor
            },
            key=lambda choice: choice[1],
        ),
        languages=sorted({word for f in files for word in f.facilitator.languages}),
        has_load=load is not None,
    )


def _is_wanted(file: ClearanceFile, wanted: Mapping[str, Any], today: date) -> bool:
    row = file.facilitator
    stage = wanted.get("stage")
    if stage and row.stage != stage:
        return False
    if not stage and row.stage == Stage.ENDED:
        return False
    words = str(wanted.get("q") or "").casefold().split()
    said = f"{row.user.name} {row.user.first_name} {row.staff_id} {row.user.email}".casefold()
    if not all(word in said for word in words):
        return False
    supervisor = wanted.get("supervisor")
    if supervisor and supervisor != str(row.supervisor_id or "none"):
        return False
    if (language := wanted.get("language")) and language not in row.languages:
        return False
    if clearance := wanted.get("clearance"):
        found = file.on(today)
        state = "no" if not found.cleared else "soon" if found.expiring else "yes"
        return state == clearance or (clearance == "yes" and state == "soon")
    return True


def _person_row(file: ClearanceFile, today: date, load: Mapping[UUID, Pill] | None) -> PersonRow:
    row = file.facilitator
    line = [row.staff_id]
    if row.employment:
        line.append(row.get_employment_display().lower())
    coming, _ = leave_rows(file.leave, today)
    return PersonRow(
        id=row.pk,
        name=row.user.name,
        line=" · ".join(line),
        stage=row.get_stage_display(),
        supervisor=row.supervisor.name if row.supervisor else "",
        languages=", ".join(row.languages),
        clearance=clearance_pill(file.on(today)),
        load=load.get(row.pk) if load is not None else None,
        away=("Away now, " if coming[0].note else "Away ") + coming[0].words if coming else "",
    )


# --- one record -----------------------------------------------------------------------------------
@dataclass(frozen=True)
class TrainingRow:
    """One requirement with what is held for it, on a day."""

    key: str
    requirement_id: UUID
    name: str
    note: str
    kind: str
    icon: str
    words: str
    sentence: str
    records: list["RecordRow"]


@dataclass(frozen=True)
class RecordRow:
    """One training on record."""

    id: UUID
    completed: str
    until: str
    detail: str
    verified: str
    revoked: str
    can_verify: bool


@dataclass(frozen=True)
class CertificationRow:
    """One certification on record."""

    id: UUID
    title: str
    detail: str
    kind: str
    state: str
    can_revoke: bool


@dataclass(frozen=True)
class OverrideRow:
    """One decision to allow it all the same."""

    id: UUID
    days: str
    reason: str
    by_name: str
    state: str
    kind: str
    can_withdraw: bool


@dataclass(frozen=True)
class Event:
    """Something that happened, for the timeline."""

    on: date
    what: str
    when: str
    second: str = ""
    kind: str = "plain"
    icon: str = "circle-fill"


@dataclass(frozen=True)
class ClearanceWords:
    """Clearance on a day as the page says it."""

    day: date
    day_words: str
    pill: Pill
    reasons: list[str]
    allowed: str
    co_facilitates: str
    expiring: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class FacilitatorRecord:
    """The page of one facilitator."""

    facilitator: Facilitator
    name: str
    line: str
    facts: list[tuple[str, str]]
    clearance: ClearanceWords
    later: ClearanceWords | None
    trainings: list[TrainingRow]
    certifications: list[CertificationRow]
    overrides: list[OverrideRow]
    hours: list[DayHours]
    leave: list[LeaveRow]
    past_leave: list[LeaveRow]
    timeline: list[Event]
    today: date
    ended: bool


def facilitator_record(
    facilitator: Facilitator, at: datetime, *, on: date | None = None
) -> FacilitatorRecord:
    """Everything about one facilitator's work, clearance today and on another day: five queries."""
    file = load_files(Facilitator.objects.filter(pk=facilitator.pk))[facilitator.pk]
    row = file.facilitator
    zone = row.program.zone
    today = local_date(at, zone)
    coming, over = leave_rows(file.leave, today)
    line = [row.get_stage_display(), *row.languages]
    return FacilitatorRecord(
        facilitator=row,
        name=row.user.name,
        line=" · ".join(line),
        facts=_facts(row),
        clearance=_clearance_words(file, today),
        later=_clearance_words(file, on) if on and on != today else None,
        trainings=_training_rows(file, today, zone),
        certifications=[_certification_row(file, c, today) for c in file.credentials],
        overrides=[_override_row(o, today) for o in file.overrides],
        hours=weekly_hours(row),
        leave=coming,
        past_leave=over,
        timeline=_timeline(file, zone, today),
        today=today,
        ended=row.stage == Stage.ENDED,
    )


def _facts(row: Facilitator) -> list[tuple[str, str]]:
    said = [
        ("Supervisor", row.supervisor.name if row.supervisor else "none yet"),
        ("Staff number", row.staff_id),
        ("E-mail", row.user.email),
        ("Phone", row.phone),
        ("Pronouns", row.user.pronouns),
        ("Languages", ", ".join(row.languages)),
        ("Employment", row.get_employment_display() if row.employment else ""),
        ("Groups a day", f"{row.max_groups_per_day} at most" if row.max_groups_per_day else ""),
        ("Hired", wording.date_in_full(row.hired_on) if row.hired_on else ""),
        ("Last day", wording.date_in_full(row.ended_on) if row.ended_on else ""),
        ("Lived experience", "took part in such a program" if row.alumni_of_program else ""),
    ]
    return [(name, value) for name, value in said if value]


def _clearance_words(file: ClearanceFile, day: date) -> ClearanceWords:
    lead: Clearance = file.on(day)
    beside = file.on(day, as_lead=False)
    by = lead.overridden_by
    return ClearanceWords(
        day=day,
        day_words=wording.day(day, year=True),
        pill=clearance_pill(lead),
        reasons=[reason.sentence for reason in lead.reasons],
        allowed=f"{by.by_name} allows it: {by.reason}" if by else "",
        co_facilitates="May co-facilitate." if not lead.cleared and beside.cleared else "",
        expiring=[
            f"{e.name} counts through {wording.date_in_full(e.on)}, "
            + ("the last day." if e.days == 0 else f"{wording.count(e.days, 'day')} more.")
            for e in lead.expiring
        ],
    )


def _training_rows(file: ClearanceFile, day: date, zone: str) -> list[TrainingRow]:
    found = []
    for requirement, cell in file.cells_on(day):
        kind, icon = CELL_KINDS[cell.state]
        if not requirement.required and not cell.is_valid:
            kind, icon = "plain", "dash-circle"
        own = [t for t in file.trainings if str(t.requirement_id) == requirement.key]
        counts = counting(own, requirement, day)
        own.sort(key=lambda t: (t is counts, t.completed_on), reverse=True)
        found.append(
            TrainingRow(
                key=requirement.key,
                requirement_id=UUID(requirement.key),
                name=requirement.name,
                note="" if requirement.required else "good to have",
                kind=kind,
                icon=icon,
                words=cell_words(cell),
                sentence=cell.sentence,
                records=[_record_row(t, requirement, zone) for t in own],
            )
        )
    return found


def _record_row(training: Training, requirement: Requirement, zone: str) -> RecordRow:
    until = last_valid_day(
        requirement,
        Held(requirement.key, training.completed_on, training.expires_on, training.revoked_on),
    )
    detail = [
        f"{training.hours:g} h" if training.hours else "",
        training.provider,
        training.certificate_number,
    ]
    verified = ""
    if training.verified_at:
        when = wording.date_in_full(local_date(training.verified_at, zone))
        verified = f"verified by {training.verified_by or 'somebody'}, {when}"
    return RecordRow(
        id=training.id,
        completed=wording.date_in_full(training.completed_on),
        until=wording.date_in_full(until) if until else "no end",
        detail=" · ".join(part for part in detail if part),
        verified=verified,
        revoked=wording.date_in_full(training.revoked_on) if training.revoked_on else "",
        can_verify=training.verified_at is None and training.revoked_on is None,
    )


def _certification_row(file: ClearanceFile, c: Any, today: date) -> CertificationRow:
    soon = max(file.rules.rules_on(today).soon_days, default=-1)
    left = (c.expires_on - today).days
    until = wording.date_in_full(c.expires_on)
    if c.revoked_on and c.revoked_on <= today:
        kind, state = "stop", f"revoked {wording.date_in_full(c.revoked_on)}"
    elif left < 0:
        kind, state = "stop", f"ran out {until}"
    elif left <= soon:
        kind, state = "wait", f"until {until}, {wording.count(left, 'day')} left"
    else:
        kind, state = "good", f"until {until}"
    detail = [c.number, c.board, f"issued {wording.date_in_full(c.issued_on)}"]
    return CertificationRow(
        id=c.id,
        title=CertificationKind(c.kind).label,
        detail=" · ".join(part for part in detail if part),
        kind=kind,
        state=state,
        can_revoke=c.revoked_on is None and left >= 0,
    )


def _override_row(o: Any, today: date) -> OverrideRow:
    if o.withdrawn_on:
        kind, state = "plain", f"withdrawn {wording.date_in_full(o.withdrawn_on)}"
    elif o.until_on < today:
        kind, state = "plain", "over"
    elif o.from_on > today:
        kind, state = "calm", "to come"
    else:
        kind, state = "wait", "in force"
    return OverrideRow(
        id=o.id,
        days=days_words(o.from_on, o.until_on),
        reason=o.reason,
        by_name=o.by_name,
        state=state,
        kind=kind,
        can_withdraw=kind in ("wait", "calm"),
    )


TIMELINE_LENGTH = 40


def _timeline(file: ClearanceFile, zone: str, today: date) -> list[Event]:
    """What happened, the newest first. Stages come from the row history: one query."""
    row = file.facilitator
    names = {str(r.pk): r.name for r in file.rules.requirements}
    events: list[Event] = []

    def add(on: date, what: str, second: str, kind: str, icon: str) -> None:
        events.append(Event(on, what, wording.date_in_full(on), second, kind, icon))

    if row.hired_on:
        add(row.hired_on, "Hired", "", "calm", "person-plus")
    completed: dict[date, list[str]] = {}
    for t in file.trainings:
        name = names.get(str(t.requirement_id), "Training")
        completed.setdefault(t.completed_on, []).append(name)
        if t.revoked_on:
            add(t.revoked_on, f"{name} revoked", "", "stop", "slash-circle")
    for on, done in completed.items():
        if len(done) == 1:
            add(on, done[0], "completed", "good", "mortarboard")
        else:
            add(on, f"{len(done)} trainings", wording.listing(sorted(done)), "good", "mortarboard")
    for c in file.credentials:
        add(c.issued_on, CertificationKind(c.kind).label, c.number, "good", "award")
        if c.revoked_on:
            add(c.revoked_on, "Certification revoked", c.number, "stop", "slash-circle")
    for o in file.overrides:
        add(
            o.from_on,
            "Allowed to lead with a gap",
            f"{o.by_name}: {o.reason}",
            "wait",
            "shield-check",
        )
    for a in file.leave:
        add(a.from_on, "Leave", days_words(a.from_on, a.until_on), "plain", "calendar-x")
    before = None
    for stage, at in row.events.order_by("pgh_created_at", "pgh_id").values_list(  # type: ignore[attr-defined]
        "stage", "pgh_created_at"
    ):
        if before is not None and stage != before:
            kind = "stop" if stage == Stage.ENDED else "calm"
            add(local_date(at, zone), f"Stage: {Stage(stage).label}", "", kind, "signpost-split")
        before = stage
    # Of one day the later word comes first; what is to come stands elsewhere on the page.
    past = [event for event in reversed(events) if event.on <= today]
    return sorted(past, key=lambda event: event.on, reverse=True)[:TIMELINE_LENGTH]


def supervisor_choices(program: Program, on: date) -> Any:
    """People who hold the supervisor's role in the program on a day, by name."""
    held = RoleAssignment.objects.in_force(on).filter(program=program, role=Role.SUPERVISOR)
    return User.objects.filter(is_active=True, pk__in=held.values("user_id")).order_by(
        "first_name", "last_name", "pk"
    )


__all__ = ["FacilitatorRecord", "People", "facilitator_record", "people", "supervisor_choices"]
