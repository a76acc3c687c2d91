"""Deciding about each session that a closed day or somebody's leave touches: one act for all."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any

from facilitators.models import Facilitator, Leave
from phpsupport.lib import wording
from phpsupport.lib.errors import Refused
from phpsupport.programs.models import Closure, Program
from phpsupport.users.models import User
from sessions.actions.booking import once_more
from sessions.actions.changing import Target, apply
from sessions.actions.cover import ask_for_cover
from sessions.models import Choice, GroupSession, Resolution, Room, ScheduleBatch
from sessions.queries.slots import stored
from sessions.queries.touched import FOR_CLOSURE, FOR_LEAVE, in_leave, on_closed_day
from sessions.recurrence import Pattern, Verdict, occurrences


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


@once_more
def resolve_closure(
    *,
    closure: Closure,
    decisions: Sequence[Decision],
    by: User,
    at: datetime,
    accept: bool = False,
    override_reason: str = "",
) -> ScheduleBatch | None:
    """Cancel, move or keep each session that stands on a closed day; all or none.

    Returns the batch, which can be undone, or None when nothing but "keep" was chosen.
    """
    _refuse_unknown(decisions, {s.pk for s in on_closed_day(closure, at=at)}, FOR_CLOSURE)
    why = f"Closed: {closure.reason}"
    targets = [_target(d, why, closure.program) for d in decisions if d.choice != Choice.KEEP]
    return _carry_out(
        closure.program, f"Closed on {wording.day(closure.date)}", targets, decisions,
        by=by, at=at, accept=accept, override_reason=override_reason, closed_on=closure.date,
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
) -> ScheduleBatch | None:
    """Let somebody else lead each session of a leave, or cancel, move or keep it; all or none.

    Cover without a name asks for cover; until somebody accepts, the session stays as it is.
    """
    program = leave.facilitator.program
    _refuse_unknown(decisions, {s.pk for s in in_leave(leave, at=at)}, FOR_LEAVE)
    targets, uncovered = [], []
    for d in decisions:
        if d.choice == Choice.COVER and d.instead is not None:
            targets.append(_covered(d, d.instead, leave))
        elif d.choice == Choice.COVER:
            uncovered.append(d.session)
        elif d.choice != Choice.KEEP:
            targets.append(_target(d, "The facilitator is away", program))
    name = leave.facilitator.user.name
    batch = _carry_out(
        program, f"{name} is away", targets, decisions,
        by=by, at=at, accept=accept, override_reason=override_reason, leave=leave,
    )  # fmt: skip
    if uncovered:
        ask_for_cover(sessions=uncovered, facilitator=leave.facilitator, by=by, at=at)
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


def _target(d: Decision, why: str, program: Program) -> Target:
    """The session cancelled, or at its new time."""
    if d.choice == Choice.CANCEL:
        return Target(d.session, cancel_for=why[:200])
    if d.on is None or d.starts is None or d.ends is None:
        raise Refused(
            f"{wording.day(d.session.local_date)}: enter the day and the times to which it moves.",
            code="required",
        )
    when = occurrences(
        Pattern([d.on.weekday()], d.starts, d.ends, d.on, d.on, d.session.series.zone), {}
    )[0]
    if when.verdict is Verdict.GAP:
        raise Refused(when.reason, code="gap")
    closed = Closure.objects.filter(program=program, date=d.on).first()
    if closed is not None:
        raise Refused(
            f"The program is closed on {wording.day(d.on)}: {closed.reason}. Choose another day.",
            code="closed",
        )
    return Target(
        d.session, local_date=d.on, starts_at=when.starts_at, ends_at=when.ends_at,
        room=d.room or d.session.room, moved=True,
    )  # fmt: skip


def _covered(d: Decision, instead: Facilitator, leave: Leave) -> Target:
    """The session with somebody else in the part of the one who is away."""
    people = tuple(
        (instead if f.pk == leave.facilitator_id else f, part) for f, part in stored(d.session)
    )
    if len({f.pk for f, _ in people}) < len(people):
        raise Refused(
            f"{instead.user.name} leads that session already. Choose somebody else.", code="twice"
        )
    return Target(d.session, people=people, moved=True)


def _carry_out(
    program: Program,
    summary: str,
    targets: Sequence[Target],
    decisions: Sequence[Decision],
    *,
    by: User,
    at: datetime,
    accept: bool,
    override_reason: str,
    closed_on: date | None = None,
    leave: Leave | None = None,
) -> ScheduleBatch | None:
    batch = None
    if targets:
        batch = apply(
            program=program, kind="resolved",
            summary=f"{summary}: {wording.count(len(targets), 'session')} changed",
            targets=targets, by=by, at=at, accept=accept, override_reason=override_reason,
        )  # fmt: skip
    Resolution.objects.bulk_create(
        Resolution(
            program=program, session=d.session, closed_on=closed_on, leave=leave,
            choice=d.choice, by=by, at=at,
        )
        for d in decisions
    )  # fmt: skip
    return batch
