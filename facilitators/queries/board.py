"""The supervisor's board: one row per facilitator, what is most overdue first.

Upper apps fill two columns, as imports point down:

    # sessions/queries/load.py, imported in SessionsConfig.ready()
    from facilitators.queries.board import register_board_column
    from facilitators.queries.training import Pill

    @register_board_column("notes")   # or "load"
    def notes_waiting(user, program, facilitator_ids, at) -> dict[UUID, Pill]:
        ...                           # a fixed number of queries; nobody's id may be left out

What needs somebody and is no cell of a row stands above it, see `register_board_ask`.

A facilitator without an entry shows "–". `Pill.days_overdue` counts in the sorting, `Pill.url`
opens the matter. Each column should take one query: the page has twelve.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final, Literal
from uuid import UUID
from zoneinfo import ZoneInfo

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Count, OuterRef, Subquery
from django.db.models.functions import Coalesce, JSONObject
from django.urls import reverse

from facilitators.cadence import DueState, supervision_due, supervision_every
from facilitators.models import (
    BoundaryConcern,
    CheckIn,
    ConcernState,
    Facilitator,
    Stage,
    Supervision,
)
from facilitators.queries.beginning import BEGUN_ON
from facilitators.queries.clearance import ClearanceFile, load_files, program_rules
from facilitators.queries.training import Pill, training_pill
from phpsupport.access.roles import Role
from phpsupport.access.scope import scope_of
from phpsupport.lib import wording
from phpsupport.lib.clock import local_date
from phpsupport.programs.models import Program
from phpsupport.users.models import User

Column = Literal["notes", "load"]
Fill = Callable[[User, Program, Sequence[UUID], datetime], Mapping[UUID, Pill]]
_columns: dict[str, Fill] = {}
AsksOf = Callable[[User, Program, datetime], Sequence["BoardAsk"]]
_asks: list[AsksOf] = []
NOTHING: Final = Pill("plain", "–")
# Not yet at work here: no supervision is due.
NOT_BEGUN: Final = frozenset({Stage.NOMINATED, Stage.INVITED, Stage.INTERESTED, Stage.SCREENED})


def register_board_column(key: Column) -> Callable[[Fill], Fill]:
    """Register who fills a column of the board; see the top of this file."""

    def register(fill: Fill) -> Fill:
        _columns[key] = fill
        return fill

    return register


def from_above(
    key: Column, user: User, program: Program, ids: Sequence[UUID], at: datetime
) -> Mapping[UUID, Pill] | None:
    """What the registered column says by facilitator; None when nobody registered it."""
    fill = _columns.get(key)
    return None if fill is None else fill(user, program, ids, at)


@dataclass(frozen=True)
class BoardAsk:
    """One thing above the board that needs somebody."""

    title: str
    line: str
    url: str


def register_board_ask(asks: AsksOf) -> AsksOf:
    """Register what an upper app puts above the board: a fixed number of queries."""
    _asks.append(asks)
    return asks


@dataclass(frozen=True)
class BoardRow:
    """One facilitator with what is due."""

    id: UUID
    name: str
    line: str
    url: str
    labelled: list[tuple[str, Pill]]
    days_overdue: int
    pressing: bool


@dataclass(frozen=True)
class Board:
    """The page."""

    columns: list[str]
    rows: list[BoardRow]
    everybody: bool
    most: int
    cadence: str
    asks: list[BoardAsk]

    @property
    def pressing(self) -> int:
        return sum(row.pressing for row in self.rows)


def board(user: User, program: Program, at: datetime) -> Board:
    """Whom this person supervises, or everybody for a program lead: three queries and one a column,
    besides what stands above."""
    zone = ZoneInfo(program.zone)
    today = local_date(at, program.zone)
    rules = program_rules([program.pk])[program.pk]
    leads = scope_of(user).has(program.pk, Role.PROGRAM_LEAD)
    rows = Facilitator.objects.visible_to(user).filter(program=program).exclude(stage=Stage.ENDED)
    rows = rows.exclude(user=user) if leads else rows.filter(supervisor=user)
    files = load_files(_with_matters(rows, user, at), rules=rules)
    ids = list(files)
    notes = from_above("notes", user, program, ids, at)
    load = from_above("load", user, program, ids, at)
    policy = rules.policy_on(today)
    found = [
        _row(file, today, zone, policy, notes, load, show_supervisor=leads)
        for file in files.values()
    ]
    found.sort(key=lambda row: (-row.days_overdue, not row.pressing, row.name))
    columns = ["Supervision", "Check-in", "Notes", "Training", "Concerns", "This week"]
    left_out = {"Notes": notes is None, "This week": load is None}
    return Board(
        columns=[name for name in columns if not left_out.get(name)],
        rows=found,
        everybody=leads,
        most=policy["facilitators_per_supervisor"],
        cadence=(
            f"Supervision is due every {wording.count(policy['supervision_days_initial'], 'day')} "
            f"until full certification and every "
            f"{wording.count(policy['supervision_days_full'], 'day')} after."
        ),
        asks=[ask for asks in _asks for ask in asks(user, program, at)],
    )


def _with_matters(rows: Any, user: User, at: datetime) -> Any:
    """The same facilitators with supervision, check-in and open concerns, of what `user` may see."""
    supervisions = Supervision.objects.visible_to(user).filter(
        facilitator=OuterRef("pk"), cancelled_at=None
    )
    check_ins = CheckIn.objects.visible_to(user).filter(facilitator=OuterRef("pk"))
    concerns = (
        BoundaryConcern.objects.visible_to(user)
        .filter(facilitator=OuterRef("pk"))
        .exclude(state=ConcernState.CLOSED)
        .exclude(facilitator__user=user)
        .order_by()
        .values("facilitator")
        .annotate(number=Count("pk"))
    )
    return rows.annotate(
        begun_on=BEGUN_ON,
        _last_held=Subquery(
            supervisions.filter(held=True, starts_at__lte=at)
            .order_by("-starts_at")
            .values("starts_at")[:1]
        ),
        _next_planned=ArraySubquery(
            supervisions.filter(held=False, starts_at__gte=at)
            .order_by("starts_at")
            .values(row=JSONObject(id="pk", starts_at="starts_at"))[:1]
        ),
        _check_in=ArraySubquery(
            check_ins.order_by("-due_on").values(
                row=JSONObject(
                    id="pk",
                    due_on="due_on",
                    answered_at="answered_at",
                    wants_support="wants_support",
                    seen_at="support_seen_at",
                )
            )[:1]
        ),
        _concerns=Coalesce(Subquery(concerns.values("number")), 0),
    ).order_by("user__first_name", "user__last_name", "pk")


def _row(
    file: ClearanceFile,
    today: date,
    zone: ZoneInfo,
    policy: Mapping[str, Any],
    notes: Mapping[UUID, Pill] | None,
    load: Mapping[UUID, Pill] | None,
    *,
    show_supervisor: bool,
) -> BoardRow:
    row: Any = file.facilitator
    record = reverse("facilitators:detail", args=[row.pk])
    supervision = _supervision_pill(file, today, zone, policy)
    check_in = _check_in_pill(row, today)
    training = training_pill(file, today)
    training = Pill(
        training.kind, training.words, training.second, f"{record}#trainings", training.days_overdue
    )
    labelled = [("Supervision", supervision), ("Check-in", check_in)]
    if notes is not None:
        labelled.append(("Notes", notes.get(row.pk, NOTHING)))
    labelled += [("Training", training), ("Concerns", _concerns_pill(row))]
    if load is not None:
        labelled.append(("This week", load.get(row.pk, NOTHING)))
    line = [row.get_stage_display(), *(w for w in row.languages if w != "English")]
    if row.alumni_of_program:
        line.append("alumni")
    if show_supervisor:
        line.append(f"with {row.supervisor.name}" if row.supervisor else "no supervisor yet")
    return BoardRow(
        id=row.pk,
        name=row.user.name,
        line=" · ".join(line),
        url=record,
        labelled=labelled,
        days_overdue=max(cell.days_overdue for _, cell in labelled),
        pressing=any(cell.kind in ("stop", "wait") for _, cell in labelled),
    )


def _supervision_pill(
    file: ClearanceFile, today: date, zone: ZoneInfo, policy: Mapping[str, Any]
) -> Pill:
    """The planned one opens, else planning one."""
    row: Any = file.facilitator
    if row.stage in NOT_BEGUN:
        return NOTHING
    last = row._last_held.astimezone(zone).date() if row._last_held else None
    every = supervision_every(file.credential_kind_on(today), policy)
    due = supervision_due(today, last, row.begun_on or today, every)
    planned, url = "", f"{reverse('facilitators:supervision-new')}?facilitator={row.pk}"
    if row._next_planned:
        found = row._next_planned[0]
        url = reverse("facilitators:supervision-detail", args=[found["id"]])
        local = datetime.fromisoformat(found["starts_at"]).astimezone(zone)
        if local.date() == today and due.days >= 0:
            return Pill("good", f"today {wording.clock_time(local)}", "", url)
        said = "today" if local.date() == today else wording.day(local)
        planned = f"planned {said}, {wording.clock_time(local)}"
    if due.days < 0:
        late = -due.days
        return Pill("stop", f"{wording.count(late, 'day')} overdue", planned, url, late)
    words = "due today" if due.days == 0 else f"in {wording.count(due.days, 'day')}"
    kind = "good" if planned or due.state == DueState.FINE else "wait"
    return Pill(kind, words, planned or ("none yet" if last is None else ""), url)


def _check_in_pill(row: Any, today: date) -> Pill:
    if not row._check_in:
        return NOTHING
    found = row._check_in[0]
    url = reverse("facilitators:check-in-answer", args=[found["id"]])
    if found["answered_at"]:
        if found["wants_support"] and not found["seen_at"]:
            return Pill("stop", "asked for help", "", url)
        if found["wants_support"]:
            return Pill("calm", "asked for help", "seen to", url)
        return Pill("good", "answered", "", url)
    due = date.fromisoformat(found["due_on"])
    late = (today - due).days
    if late > 0:
        return Pill("wait", f"{wording.count(late, 'day')} overdue", "", "", late)
    return Pill("plain", "due today" if late == 0 else f"due {wording.day(due)}")


def _concerns_pill(row: Any) -> Pill:
    if not row._concerns:
        return NOTHING
    return Pill("calm", f"{row._concerns} open", "", reverse("facilitators:concerns"))
