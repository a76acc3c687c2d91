"""The training matrix, one facilitator's training in a few words, and the requirements."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from django.db.models import Count, Q
from django.urls import reverse

from facilitators.clearance import Cell, Clearance, Requirement, State, last_valid_day
from facilitators.clearance import Held as PureHeld
from facilitators.models import CertificationKind, Facilitator, Stage, TrainingRequirement
from facilitators.queries.clearance import (
    ClearanceFile,
    ProgramRules,
    Training,
    load_files,
    program_rules,
)
from phpsupport.access.roles import Role
from phpsupport.lib import wording
from phpsupport.programs.models import Program
from phpsupport.users.models import User

# Still gathering what they need: counted, not held against them.
LEARNING = frozenset(
    {
        Stage.NOMINATED,
        Stage.INVITED,
        Stage.INTERESTED,
        Stage.SCREENED,
        Stage.TRAINING,
        Stage.SHADOWING,
    }
)


@dataclass(frozen=True)
class Pill:
    """A few words with their kind (see the look) and a second line."""

    kind: str
    words: str
    second: str = ""
    url: str = ""
    days_overdue: int = 0


# --- clearance in words ---------------------------------------------------------------------------
def clearance_pill(found: Clearance) -> Pill:
    """Cleared or not, with the first reason; how many more there are."""
    if found.overridden_by:
        return Pill("wait", "Allowed", f"by {found.overridden_by.by_name}, with a reason")
    if not found.cleared:
        more = len(found.reasons) - 1
        second = found.reasons[0].sentence
        return Pill("stop", "Not cleared", f"{second} And {more} more." if more else second)
    if found.expiring:
        first = found.expiring[0]
        return Pill("good", "Cleared", f"{first.name} {_runs_out(first.days)}")
    return Pill("good", "Cleared")


def training_pill(file: ClearanceFile, day: date) -> Pill:
    """How training and certification stand, in the words of the board."""
    cells = [(r.name, cell) for r, cell in file.cells_on(day) if r.required]
    if file.facilitator.stage in LEARNING:
        done = sum(cell.is_valid for _, cell in cells)
        return Pill("plain", f"{done} of {len(cells)} held" if cells else "–")
    credential = file.credential_cell_on(day)
    if file.facilitator.stage in (Stage.CERTIFIED, Stage.ACTIVE) or credential.state not in (
        State.MISSING,
        State.CURRENT,
    ):
        cells.insert(0, ("Certification", credential))
    wrong = [(name, cell) for name, cell in cells if not cell.is_valid]
    soon = sorted(
        ((name, cell) for name, cell in cells if cell.state == State.SOON),
        key=lambda item: item[1].days or 0,
    )
    if wrong:
        # What ran out longest ago comes first, then what was never there.
        wrong.sort(key=lambda item: item[1].days if item[1].days is not None else 1)
        overdue = -min(cell.days or 0 for _, cell in wrong)
        name, cell = wrong[0]
        words = f"{_small(name)} {SHORT[cell.state]}"
        more = len(wrong) - 1
        return Pill("stop", words, f"and {more} more" if more else "", days_overdue=overdue)
    if soon:
        name, cell = soon[0]
        more = len(soon) - 1
        when = "today" if not cell.days else f"in {wording.count(cell.days, 'day')}"
        return Pill("wait", f"{_small(name)} {when}", f"and {more} more" if more else "")
    return Pill("good", "all current") if cells else Pill("plain", "–")


SHORT = {State.MISSING: "missing", State.EXPIRED: "ran out", State.REVOKED: "revoked"}


def _small(name: str) -> str:
    return name if name[:2].isupper() else name[:1].lower() + name[1:]


def _runs_out(days: int) -> str:
    return "runs out today" if days == 0 else f"runs out in {wording.count(days, 'day')}."


# --- one cell -------------------------------------------------------------------------------------
CELL_KINDS = {
    State.CURRENT: ("good", "check-circle-fill"),
    State.SOON: ("wait", "clock"),
    State.EXPIRED: ("stop", "exclamation-triangle-fill"),
    State.REVOKED: ("stop", "slash-circle"),
    State.MISSING: ("stop", "x-circle-fill"),
}


@dataclass(frozen=True)
class MatrixCell:
    """One cell as it is drawn: coloured, with an icon, and worded."""

    kind: str
    icon: str
    words: str
    second: str
    sentence: str
    url: str = ""
    in_full: str = ""


def cell_words(cell: Cell) -> str:
    """The state of a cell in a few words."""
    if cell.state == State.SOON:
        return "runs out today" if not cell.days else f"{wording.count(cell.days, 'day')} left"
    if cell.state == State.MISSING:
        return "missing"
    if cell.on is None:
        return "no end"
    on = wording.date_in_full(cell.on)
    if cell.state == State.CURRENT:
        return f"until {on}"
    return f"{'ran out' if cell.state == State.EXPIRED else 'revoked'} {on}"


def counting(trainings: Iterable[Training], requirement: Requirement, day: date) -> Training | None:
    """The training on record that counts for `requirement` on `day`: of several the longest."""
    best: tuple[date, date] | None = None
    found = None
    for training in trainings:
        if str(training.requirement_id) != requirement.key:
            continue
        record = PureHeld(
            requirement.key, training.completed_on, training.expires_on, training.revoked_on
        )
        until = last_valid_day(requirement, record)
        valid = (
            training.completed_on <= day
            and (until is None or day <= until)
            and (training.revoked_on is None or day < training.revoked_on)
        )
        rank = (until or date.max, training.completed_on)
        if valid and (best is None or rank > best):
            best, found = rank, training
    return found


def _cell(
    cell: Cell, *, required: bool = True, verified: bool | None = None, url: str = ""
) -> MatrixCell:
    kind, icon = CELL_KINDS[cell.state]
    if not required and not cell.is_valid:
        kind, icon = "plain", "dash-circle"
    second = "" if verified is None else "verified" if verified else "to verify"
    if cell.state == State.SOON and cell.on is not None:
        until = f"until {cell.on.day} {wording.MONTHS[cell.on.month - 1]}"
        second = until if verified is not False else f"{until}, to verify"
    if not required and not cell.is_valid:
        second = "not needed to lead"
    words = cell_words(cell)
    if cell.state == State.CURRENT and cell.on is not None:
        words = f"until {wording.MONTHS[cell.on.month - 1]} {cell.on.year}"  # far off: see sentence
    return MatrixCell(kind, icon, words, second, cell.sentence, url, cell_words(cell))


# --- the matrix -----------------------------------------------------------------------------------
@dataclass(frozen=True)
class MatrixRow:
    """One facilitator."""

    id: UUID
    name: str
    line: str
    url: str
    cleared: MatrixCell
    cells: list[MatrixCell]


@dataclass(frozen=True)
class Matrix:
    """People × requirements on one day."""

    day: date
    columns: list[str]
    rows: list[MatrixRow]
    cleared: int
    to_verify: int

    def lines(self) -> Iterator[list[str]]:
        """The same as rows of a sheet, the heading first."""
        # Whole dates here: an auditor has no title to point at.
        yield ["Facilitator", "Stage", f"Cleared on {self.day.isoformat()}", *self.columns]
        for row in self.rows:
            yield [
                row.name,
                row.line,
                " – ".join(filter(None, [row.cleared.words, row.cleared.second])),
                *(" – ".join(filter(None, [c.in_full, c.second])) for c in row.cells),
            ]


def matrix(user: User, program: Program, day: date, *, may_record: bool = False) -> Matrix:
    """Training of everybody who works here on `day`: three queries.

    With `may_record` a missing cell leads to recording it, else to the facilitator's record.
    """
    rules = program_rules([program.pk])[program.pk]
    files = load_files(
        Facilitator.objects.visible_to(user)
        .filter(program=program)
        .exclude(stage=Stage.ENDED)
        .order_by("user__first_name", "user__last_name", "pk"),
        rules=rules,
    )
    asked = rules.asked_on(day)
    rows = [
        _matrix_row(file, day, may_record and file.facilitator.user_id != user.pk)
        for file in files.values()
    ]
    shown = [(file, r) for file in files.values() for r in asked]
    return Matrix(
        day=day,
        columns=["Certification", *(r.name for r in asked)],
        rows=rows,
        cleared=sum(row.cleared.kind != "stop" for row in rows),
        to_verify=sum(
            1
            for file, r in shown
            if (training := counting(file.trainings, r, day)) and training.verified_at is None
        ),
    )


def _matrix_row(file: ClearanceFile, day: date, may_record: bool) -> MatrixRow:
    facilitator = file.facilitator
    record = reverse("facilitators:detail", args=[facilitator.pk])
    add = reverse("facilitators:training-add", args=[facilitator.pk])
    found = file.on(day)
    pill = clearance_pill(found)
    icons = {"good": "check-circle-fill", "wait": "shield-check", "stop": "slash-circle"}
    credential = file.credential_cell_on(day)
    kind = file.credential_kind_on(day)
    first = _cell(credential, url=f"{record}#certification")
    if kind:
        label = CertificationKind(kind).label.split()[0].lower()
        first = MatrixCell(
            first.kind,
            first.icon,
            first.words,
            f"{label}, {first.second}" if first.second else label,
            first.sentence,
            first.url,
            first.in_full,
        )
    cells = [first]
    for requirement, cell in file.cells_on(day):
        training = counting(file.trainings, requirement, day)
        url = f"{record}#t-{requirement.key}"
        if not cell.is_valid and may_record:
            url = f"{add}?requirement={requirement.key}"
        cells.append(
            _cell(
                cell,
                required=requirement.required,
                verified=training.verified_at is not None if training else None,
                url=url,
            )
        )
    return MatrixRow(
        id=facilitator.pk,
        name=facilitator.user.name,
        line=facilitator.get_stage_display(),
        url=record,
        cleared=MatrixCell(
            pill.kind,
            icons[pill.kind],
            pill.words,
            _few_words(found),
            found.sentence,
            f"{record}?on={day.isoformat()}#clearance",
        ),
        cells=cells,
    )


def _few_words(found: Clearance) -> str:
    if found.overridden_by:
        return f"by {found.overridden_by.by_name}"
    if found.cleared:
        return ""
    return wording.count(len(found.reasons), "reason")


# --- requirements ---------------------------------------------------------------------------------
@dataclass(frozen=True)
class RequirementRow:
    """One requirement in the settings."""

    id: UUID
    name: str
    counts_for: str
    needed: str
    held_by: str
    retired: str


def requirement_rows(
    user: User, program: Program
) -> tuple[list[RequirementRow], list[RequirementRow]]:
    """What is asked, and what was asked once: one query."""
    rows = (
        TrainingRequirement.objects.visible_to(user)
        .filter(program=program, role=Role.FACILITATOR)
        .annotate(
            people=Count(
                "records__facilitator",
                distinct=True,
                filter=Q(records__revoked_on=None) & ~Q(records__facilitator__stage=Stage.ENDED),
            )
        )
        .order_by("position", "name")
    )
    asked: list[RequirementRow] = []
    retired: list[RequirementRow] = []
    for row in rows:
        line = RequirementRow(
            id=row.pk,
            name=row.name,
            counts_for=validity_words(row.validity_months),
            needed="needed to lead" if row.required else "good to have",
            held_by=wording.count(row.people, "facilitator"),
            retired=wording.date_in_full(row.retired_on) if row.retired_on else "",
        )
        (retired if row.retired_on else asked).append(line)
    return asked, retired


def validity_words(months: int | None) -> str:
    """ "2 years", "18 months", "does not run out"."""
    if not months:
        return "does not run out"
    if months % 12 == 0:
        return wording.count(months // 12, "year")
    return wording.count(months, "month")


__all__ = [
    "Matrix",
    "Pill",
    "ProgramRules",
    "cell_words",
    "clearance_pill",
    "counting",
    "matrix",
    "requirement_rows",
    "training_pill",
    "validity_words",
]
