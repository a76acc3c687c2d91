"""Reading one's own practice: what runs out when, supervision, check-ins, leave."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from facilitators.cadence import supervision_due, supervision_every
from facilitators.clearance import Cell, Expiring, State
from facilitators.models import CheckIn, Facilitator
from facilitators.queries.beginning import BEGUN_ON
from facilitators.queries.clearance import load_files
from facilitators.queries.concerns import said
from facilitators.queries.supervision import due_words, own_supervisions
from phpsupport.lib import clock, wording
from phpsupport.programs.models import Program
from phpsupport.users.models import User

TONES = {
    State.CURRENT: "good",
    State.SOON: "wait",
    State.EXPIRED: "stop",
    State.MISSING: "stop",
    State.REVOKED: "stop",
}
CHECK_INS_SHOWN = 10


@dataclass(frozen=True)
class Line:
    """One line of a list: a title, words under it, a pill, perhaps an address."""

    title: str
    words: str = ""
    pill: str = ""
    tone: str = "plain"
    id: UUID | None = None


@dataclass(frozen=True)
class Practice:
    """Everything on the page."""

    facilitator: Facilitator
    cleared: bool
    clearance: str
    expiring: str
    credential: Line
    trainings: list[Line]
    supervision_due: Line
    to_sign: list[Line] = field(default_factory=list)
    planned: list[Line] = field(default_factory=list)
    held: list[Line] = field(default_factory=list)
    to_answer: list[Line] = field(default_factory=list)
    answered: list[Line] = field(default_factory=list)
    leave: list[Line] = field(default_factory=list)
    supervisor: str = ""


def practice(user: User, program: Program, at: datetime) -> Practice | None:
    """The person's own practice in the program; None without a record: seven queries."""
    mine = (
        Facilitator.objects.visible_to(user)
        .filter(user=user, program=program)
        .values_list("pk", flat=True)
    )
    files = load_files(Facilitator.objects.filter(pk__in=set(mine)).annotate(begun_on=BEGUN_ON))
    file = next(iter(files.values()), None)
    if file is None:
        return None
    facilitator = file.facilitator
    zone = ZoneInfo(program.zone)
    today = clock.local_date(at, program.zone)
    clearance = file.on(today)
    supervisions = own_supervisions(facilitator, at)
    last = next((s for s in supervisions if s.held), None)
    kind = file.credential_kind_on(today)
    due = supervision_due(
        today,
        last.starts_at.astimezone(zone).date() if last else None,
        facilitator.begun_on or today,  # type: ignore[attr-defined]
        supervision_every(kind, file.rules.policy_on(today)),
    )
    words, tone = due_words(due)
    last_words = (
        f"Last one {wording.day(last.starts_at.astimezone(zone))}." if last else "None held yet."
    )
    check_ins = list(
        CheckIn.objects.filter(facilitator=facilitator)
        .only("due_on", "answered_at", "facilitator_id")
        .order_by("-due_on")[:CHECK_INS_SHOWN]
    )
    return Practice(
        facilitator=facilitator,
        cleared=clearance.cleared,
        clearance=clearance.sentence,
        expiring=_soonest(clearance.expiring),
        credential=_line("Certification", file.credential_cell_on(today)),
        trainings=[_line(asked.name, cell) for asked, cell in file.cells_on(today)],
        supervision_due=Line("Next supervision", last_words, words, tone),
        to_sign=[
            Line(
                said(s.starts_at, zone), f"with {s.supervisor.name}", "read and sign", "wait", s.pk
            )
            for s in supervisions
            if s.supervisor_signed_at and not s.facilitator_signed_at
        ],
        planned=[
            Line(said(s.starts_at, zone), f"{s.minutes} min with {s.supervisor.name}", id=s.pk)
            for s in reversed(supervisions)
            if not s.held and s.starts_at > at - timedelta(hours=12)
        ],
        held=[
            Line(
                said(s.starts_at, zone), f"with {s.supervisor.name}", "signed by both", "good", s.pk
            )
            for s in supervisions
            if s.facilitator_signed_at
        ],
        to_answer=[
            Line(
                "You have a short form to fill in",
                f"Asked {wording.day(c.due_on)}. Two minutes.",
                id=c.pk,
            )
            for c in check_ins
            if c.answered_at is None
        ],
        answered=[
            Line(
                f"Check-in of {wording.day(c.due_on)}",
                f"answered {said(c.answered_at, zone)}",
                "answered",
                "good",
                c.pk,
            )
            for c in check_ins
            if c.answered_at is not None
        ],
        leave=[
            Line(
                _days(away.from_on, away.until_on),
                pill="now" if away.from_on <= today else "",
                tone="calm",
            )
            for away in file.leave
            if away.until_on >= today
        ],
        supervisor=facilitator.supervisor.name if facilitator.supervisor else "",
    )


def _soonest(expiring: tuple[Expiring, ...]) -> str:
    """What runs out first, and how much more does soon."""
    if not expiring:
        return ""
    first = expiring[0]
    words = f"{first.name} runs out {wording.day(first.on)}"
    if len(expiring) > 1:
        more = len(expiring) - 1
        words += f", {wording.count(more, 'other thing')} soon as well"
    return f"{words}. It is all below."


def _days(first, last) -> str:  # type: ignore[no-untyped-def]
    if first == last:
        return wording.day(first)
    return f"{wording.day(first)} – {wording.day(last)}"


def _line(name: str, cell: Cell) -> Line:
    if cell.state == State.CURRENT:
        pill = f"until {wording.date_in_full(cell.on)}" if cell.on else "does not run out"
    elif cell.state == State.SOON:
        left = wording.count(cell.days or 0, "day")
        pill = f"{left} left" if cell.days else "runs out today"
    else:
        pill = {"missing": "missing", "expired": "ran out", "revoked": "revoked"}[cell.state]
    words = cell.sentence if cell.state != State.CURRENT else ""
    return Line(name, words, pill, TONES[cell.state])
