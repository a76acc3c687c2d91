"""Deciding about each session that a closed day or somebody's leave touches: one act for all."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any
from uuid import UUID

from facilitators.models import Facilitator, Leave
from phpsupport.lib import wording
from phpsupport.lib.errors import Refused
from phpsupport.programs.models import Closure, Program
from phpsupport.users.models import User
from sessions.actions.booking import once_more
from sessions.actions.changing import Target, apply
from sessions.actions.cover import ask_for_cover
from sessions.models import (
    Choice,
    GroupSession,
    Resolution,
    Room,
    ScheduleBatch,
    SessionFacilitator,
)
from sessions.queries.moving import target_of
from sessions.queries.shown import digest_of, refuse_unseen
from sessions.queries.touched import FOR_CLOSURE, FOR_LEAVE, in_leave, on_closed_day


@dataclass(frozen=True)
class Decision:
    """What is to become of one session. `on`, `starts`, `ends`, `room` belong to a move; `instead`
    leads it instead (with cover; nobody yet asks for cover)."""

    session: GroupSession
    choice: Choice
    on: date | None = None
    starts: time | None = None
    ends: time | None = None
    room: Room | None = None
    instead: Facilitator | None = None


@dataclass(frozen=True)
class Plan:
    """What the decisions come to: sessions that change, and those for which cover is asked for."""

    decisions: tuple[Decision, ...]
    targets: tuple[Target, ...]
    uncovered: tuple[GroupSession, ...] = ()

    @property
    def beside(self) -> tuple[object, ...]:
        """What was decided, as `digest_of` takes it."""
        return tuple(f"{d.session.pk} {d.choice}" for d in self.decisions)


def plan_closure(*, closure: Closure, decisions: Sequence[Decision], at: datetime) -> Plan:
    """What becomes of sessions on a closed day; refuses what cannot be. Nothing changes yet."""
    _refuse_unknown(decisions, {s.pk for s in on_closed_day(closure, at=at)}, FOR_CLOSURE)
    why, closed = f"Closed: {closure.reason}", _closed_days(closure.program, decisions)
    changing = [d for d in decisions if d.choice != Choice.KEEP]
    return Plan(tuple(decisions), tuple(_target(d, why, closed, at) for d in changing))


def plan_leave(*, leave: Leave, decisions: Sequence[Decision], at: datetime) -> Plan:
    """What becomes of sessions in a leave; refuses what cannot be. Nothing changes yet."""
    _refuse_unknown(decisions, {s.pk for s in in_leave(leave, at=at)}, FOR_LEAVE)
    closed = _closed_days(leave.facilitator.program, decisions)
    leading = _leading(d.session for d in decisions if d.instead is not None)
    targets, uncovered = [], []
    for d in decisions:
        if d.choice == Choice.COVER and d.instead is not None:
            targets.append(_covered(d, d.instead, leave, leading[d.session.pk]))
        elif d.choice == Choice.COVER:
            uncovered.append(d.session)
        elif d.choice != Choice.KEEP:
            targets.append(_target(d, "The facilitator is away", closed, at))
    return Plan(tuple(decisions), tuple(targets), tuple(uncovered))


@once_more
def resolve_closure(
    *,
    closure: Closure,
    decisions: Sequence[Decision],
    by: User,
    at: datetime,
    accept: bool = False,
    override_reason: str = "",
    seen: str | None = None,
) -> ScheduleBatch | None:
    """Cancel, move or keep each session that stands on a closed day; all or none.

    Returns the batch, which can be undone, or None when nothing but "keep" was chosen. Refuses what
    is not as it was `seen`.
    """
    return _carry_out(
        closure.program, f"Closed on {wording.day(closure.date)}",
        plan_closure(closure=closure, decisions=decisions, at=at), by=by, at=at, accept=accept,
        override_reason=override_reason, seen=seen, closed_on=closure.date,
    )  # fmt: skip


@once_more
def resolve_leave(
    *,
    leave: Leave,
    decisions: Sequence[Decision],
    by: User,
    at: datetime,
    accept: bool = False,
    override_reason: str = "",
    seen: str | None = None,
) -> ScheduleBatch | None:
    """Let somebody else lead each session of a leave, or cancel, move or keep it; all or none.

    Cover without a name asks for cover; until somebody accepts, the session stays as it is. Refuses
    what is not as it was `seen`.
    """
    plan = plan_leave(leave=leave, decisions=decisions, at=at)
    batch = _carry_out(
        leave.facilitator.program, f"{leave.facilitator.user.name} is away", plan, by=by, at=at,
        accept=accept, override_reason=override_reason, seen=seen, leave=leave,
    )  # fmt: skip
    if plan.uncovered:
        ask_for_cover(sessions=plan.uncovered, facilitator=leave.facilitator, by=by, at=at)
    return batch


def _refuse_unknown(
    decisions: Sequence[Decision], open_: set[Any], choices: Sequence[Choice]
) -> None:
    if not decisions:
        raise Refused("Choose for at least one session what becomes of it.", code="required")
    for d in decisions:
        if d.session.pk not in open_:
            raise Refused(
                "One of these sessions was changed meanwhile. Look at the list again.",
                code="changed",
            )
        if d.choice not in choices:
            raise Refused("Choose one of what is offered for each session.", code="required")


def _closed_days(program: Program, decisions: Iterable[Decision]) -> dict[date, str]:
    """Why the program is closed on the days to which sessions are to move. One query, or none."""
    days = {d.on for d in decisions if d.choice == Choice.MOVE and d.on is not None}
    rows = (
        Closure.objects.filter(program=program, date__in=days) if days else Closure.objects.none()
    )
    return dict(rows.values_list("date", "reason"))


def _leading(sessions: Iterable[GroupSession]) -> dict[UUID, list[tuple[Facilitator, str]]]:
    """Who leads each of these sessions, the lead first. One query, or none."""
    found: dict[UUID, list[tuple[Facilitator, str]]] = {s.pk: [] for s in sessions}
    if found:
        rows = SessionFacilitator.objects.filter(session_id__in=found)
        for row in rows.select_related("facilitator__user").order_by("-part", "pk"):
            found[row.session_id].append((row.facilitator, row.part))
    return found


def _target(d: Decision, why: str, closed: Mapping[date, str], at: datetime) -> Target:
    """The session cancelled, or at its new time."""
    if d.choice == Choice.CANCEL:
        return Target(d.session, cancel_for=why[:200])
    if d.on is None or d.starts is None or d.ends is None:
        raise Refused(
            f"{wording.day(d.session.local_date)}: enter the day and the times to which it moves.",
            code="required",
        )
    try:
        target = target_of(
            session=d.session, on=d.on, starts=d.starts, ends=d.ends,
            room=d.room or d.session.room, at=at,
        )  # fmt: skip
    except Refused as no:
        raise Refused(
            f"{wording.day(d.session.local_date)}: {no.sentence}", code=str(no.code)
        ) from no
    if d.on in closed:
        raise Refused(
            f"The program is closed on {wording.day(d.on)}: {closed[d.on]}. Choose another day.",
            code="closed",
        )
    return target


def _covered(
    d: Decision, instead: Facilitator, leave: Leave, leading: Iterable[tuple[Facilitator, str]]
) -> Target:
    """The session with somebody else in the part of the one who is away."""
    people = tuple((instead if f.pk == leave.facilitator_id else f, part) for f, part in leading)
    if len({f.pk for f, _ in people}) < len(people):
        raise Refused(
            f"{instead.user.name} leads that session already. Choose somebody else.", code="twice"
        )
    return Target(d.session, people=people, moved=True)


def _carry_out(
    program: Program,
    summary: str,
    plan: Plan,
    *,
    by: User,
    at: datetime,
    accept: bool,
    override_reason: str,
    seen: str | None,
    closed_on: date | None = None,
    leave: Leave | None = None,
) -> ScheduleBatch | None:
    batch = None
    if plan.targets:
        batch = apply(
            program=program, kind="resolved",
            summary=f"{summary}: {wording.count(len(plan.targets), 'session')} changed",
            targets=plan.targets, by=by, at=at, accept=accept, override_reason=override_reason,
            seen=seen, beside=plan.beside,
        )  # fmt: skip
    else:
        refuse_unseen(seen, digest_of(beside=plan.beside))
    Resolution.objects.bulk_create(
        Resolution(
            program=program, session=d.session, closed_on=closed_on, leave=leave,
            choice=d.choice, by=by, at=at,
        )
        for d in plan.decisions
    )  # fmt: skip
    return batch
