"""Series: ending one, changing who leads it, changing its pattern. Making one is in `planning`."""

from collections.abc import Collection
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from facilitators.models import Facilitator
from phpsupport.audit.trail import record
from phpsupport.lib import clock, wording
from phpsupport.lib.errors import Refused
from phpsupport.lib.rows import write_rows
from phpsupport.users.models import User
from sessions.actions.booking import once_more, people_of
from sessions.actions.changing import apply, carry_out
from sessions.actions.leaving import end_places_of_series
from sessions.actions.ledger import Ledger
from sessions.actions.planning import create_series
from sessions.models import (
    Answer,
    Enrollment,
    GroupSeries,
    GroupSession,
    Part,
    Room,
    ScheduleBatch,
    SeriesFacilitator,
    SessionState,
    WaitlistEntry,
    WaitOutcome,
)
from sessions.queries.consequence import People
from sessions.queries.edited_steps import Steps
from sessions.queries.editing import Edit, Scope, beside_of, plan_edit
from sessions.queries.series_plans import coming_of, plan_end, plan_hand_over

__all__ = ["create_series", "edit_series", "end_series", "replace_facilitator"]


def lock_series(series: GroupSeries) -> GroupSeries:
    """The series as it is now, with its group and site, held until the transaction ends."""
    # The room is not joined: a series that got another one while this waited would not be found.
    return (
        GroupSeries.objects.select_for_update(no_key=True, of=("self",))
        .select_related("group", "program__site")
        .get(pk=series.pk)
    )


def _hold_coming(series: GroupSeries, at: datetime, **which: Any) -> list[GroupSession]:
    """Coming sessions of a locked series, held in the order of their keys."""
    rows = GroupSession.objects.filter(
        series=series, starts_at__gt=at, state=SessionState.SCHEDULED, **which
    )
    held = list(rows.select_for_update(no_key=True).order_by("pk").values_list("pk", flat=True))
    # Read only now: whoever marks attendance holds the session as well.
    return list(coming_of(series, at=at, pk__in=held))


# --- ending ---------------------------------------------------------------------------------------
@once_more
def end_series(
    *,
    series: GroupSeries,
    last_on: date,
    by: User | None,
    at: datetime,
    reason: str = "",
    override_reason: str = "",
    seen: str | None = None,
) -> int:
    """End a series with `last_on` as its last day; returns how many sessions were cancelled.

    Nothing that was held or recorded changes. Later sessions are cancelled and stay visible as
    such, places end, the waitlist closes, and who was expected is told. Refuses what is not as it
    was `seen`.
    """
    series = lock_series(series)
    later = _hold_coming(series, at, local_date__gt=last_on)
    plan = plan_end(series=series, last_on=last_on, reason=reason, at=at, sessions=later)
    if plan.last_on is None:
        return 0
    ledger = Ledger()
    ledger.look([series])
    ledger.look(Enrollment.objects.filter(series=series))
    ledger.look(WaitlistEntry.objects.filter(series=series, outcome=WaitOutcome.WAITING))
    carry_out(
        program=series.program, targets=plan.targets, by=by, at=at, ledger=ledger, seen=seen,
        beside=plan.beside,
    )  # fmt: skip
    gone = plan.targets
    series.until_on = max(last_on, series.from_on)
    series.ended_at = at
    series.save(update_fields=["until_on", "ended_at"])
    end_places_of_series(series=series, last_on=last_on, by=by, at=at)
    record("series.ended", by=by, at=at, obj=series, cancelled=len(gone))
    ledger.close(
        program=series.program_id, kind="series-ended", series=series, by=by, at=at,
        summary=f"{series.group.name} ends on {wording.day(last_on, year=True)}; "
        f"{wording.count(len(gone), 'session')} cancelled",
    )  # fmt: skip
    return len(gone)


# --- handing over ---------------------------------------------------------------------------------
@once_more
def replace_facilitator(
    *,
    series: GroupSeries,
    old: Facilitator | None,
    new: Facilitator | None,
    from_on: date,
    by: User | None,
    at: datetime,
    part: str = Part.LEAD,
    leave_out: Collection[date] = (),
    accept: bool = False,
    accept_not_cleared: bool = False,
    override_reason: str = "",
    seen: str | None = None,
) -> int:
    """Let `new` stand in for `old` in the sessions of a series from a day on; returns how many.

    `old` None fills sessions that nobody leads; `new` None takes `old` off them. Sessions that
    began, were held or have records stay as they are, and so do those in `leave_out`. Refuses what
    is not as it was `seen`.
    """
    series = lock_series(series)
    plan = plan_hand_over(
        series=series, old=old, new=new, from_on=from_on, part=part, leave_out=leave_out, at=at,
        sessions=_hold_coming(series, at, local_date__gte=from_on),
    )  # fmt: skip
    if plan.from_on is None:
        return 0
    changing, usual = plan.targets, {row.facilitator_id: row for row in plan.usual}
    ledger = Ledger()
    ledger.look(plan.usual)
    carry_out(
        program=series.program,
        targets=plan.targets,
        by=by,
        at=at,
        accept=accept or accept_not_cleared,
        override_reason=override_reason,
        ledger=ledger,
        seen=seen,
        beside=plan.beside,
    )
    today = clock.local_date(at, series.zone)
    _replace_usual(series, old, new, usual, part, from_on, today, ledger)
    record(
        "series.facilitator_replaced", by=by, at=at, obj=series, sessions=len(changing),
        old=str(old.pk) if old else None, new=str(new.pk) if new else None,
    )  # fmt: skip
    name = new.user.name if new else "nobody"
    ledger.close(
        program=series.program_id, kind="handed-over", series=series, by=by, at=at,
        summary=f"{series.group.name} is led by {name} from {wording.day(from_on)} on; "
        f"{wording.count(len(changing), 'session')} changed",
    )  # fmt: skip
    return len(changing)


def _replace_usual(
    series: GroupSeries,
    old: Facilitator | None,
    new: Facilitator | None,
    usual: dict[UUID, SeriesFacilitator],
    part: str,
    from_on: date,
    today: date,
    ledger: Ledger,
) -> None:
    """Who usually leads, which is also who sees the roster, follows from that day on."""
    before = usual.get(old.pk) if old else None
    if before is not None:
        part = before.part
        _stops(before, series, from_on, today)
    if new is not None:
        _leads_from(usual.get(new.pk), series, new.pk, part, from_on, today, ledger)


def _stops(row: SeriesFacilitator, series: GroupSeries, since: date, today: date) -> None:
    """Somebody usually leads it, and sees its roster, until the day before; whoever would have no
    day left is of it no more."""
    last = since - timedelta(days=1)
    if row.until_on is not None and row.until_on <= last:
        return
    if last < max(today, row.from_on or series.from_on):
        SeriesFacilitator.objects.filter(pk=row.pk).delete()
        return
    row.until_on = last
    row.save(update_fields=["until_on"])


def _leads_from(
    row: SeriesFacilitator | None,
    series: GroupSeries,
    facilitator_id: UUID,
    part: str,
    since: date,
    today: date,
    ledger: Ledger,
) -> bool:
    """Somebody usually leads it from a day on. Whoever is there keeps their first day, and begins
    anew where their last one is over. Whether anything changed."""
    if row is None:
        made = SeriesFacilitator.objects.create(
            series=series, facilitator_id=facilitator_id, part=part, from_on=since
        )
        ledger.made([made])
        return True
    was = (row.part, row.from_on, row.until_on)
    if row.until_on is not None and row.until_on < today:
        row.from_on, row.answer, row.answered_at = since, Answer.NONE, None
    elif row.from_on is not None:
        row.from_on = min(row.from_on, since)
    row.part, row.until_on = part, None
    if was == (row.part, row.from_on, row.until_on):
        return False
    row.save(update_fields=["part", "from_on", "until_on", "answer", "answered_at"])
    return True


# --- changing the pattern -------------------------------------------------------------------------
@once_more
def edit_series(
    *,
    series: GroupSeries,
    edit: Edit,
    scope: str,
    by: User | None,
    at: datetime,
    session: GroupSession | None = None,
    from_on: date | None = None,
    reset_exceptions: bool = False,
    leave_out: Collection[date] = (),
    accept: bool = False,
    override_reason: str = "",
    seen: str | None = None,
) -> ScheduleBatch:
    """Change this session, this and the following, or all coming sessions of a series.

    The row, the roster and the notes of the series stay. What was held, has begun or has anything
    on record never changes; a session that was changed by hand stays as it is unless
    `reset_exceptions`. Sessions too many are cancelled, missing ones made. `leave_out` are dates of
    the new pattern that are not taken up: what stands for them stays as it is. Refuses what is not
    as it was `seen`.
    """
    series = lock_series(series)
    if series.ended_at is not None:
        raise Refused("This series has ended. Plan a new one, or undo its end.", code="ended")
    if edit.people is not None:
        lead = next((f for f, part in edit.people if part == Part.LEAD), None)
        co = [f for f, part in edit.people if part == Part.CO]
        people_of(lead, co, series.program_id)
    _hold_coming(series, at)
    plan = plan_edit(
        series=series, edit=edit, scope=scope, session=session, from_on=from_on,
        reset_exceptions=reset_exceptions, leave_out=leave_out, at=at,
    )  # fmt: skip
    if scope == Scope.THIS:
        return apply(
            program=series.program, kind="series-edited", summary=plan.summary,
            targets=plan.targets, series=series, by=by, at=at, accept=accept,
            override_reason=override_reason, seen=seen,
        )  # fmt: skip
    _room_in_use(edit.room, series, plan.first)
    ledger = Ledger()
    ledger.look([series])
    usual = list(series.assignments.all())
    ledger.look(usual)
    ledger.look(session for session, _ in plan.steps.changed)
    done = carry_out(
        program=series.program, targets=plan.targets, fresh=plan.fresh, by=by, at=at,
        accept=accept, override_reason=override_reason, ledger=ledger,
        on_closure=plan.after.on_closure, seen=seen,
        beside=beside_of(plan, series, edit, [(row.facilitator_id, row.part) for row in usual]),
    )  # fmt: skip
    _place_steps(plan.steps)
    changed = [name for name in plan.fields if getattr(series, name) != getattr(plan.after, name)]
    if changed:
        plan.after.save(update_fields=changed)
    people_changed = edit.people is not None and _set_usual(
        series, edit.people, usual, plan.first, clock.local_date(at, series.zone), ledger
    )
    if not (done.any or changed or people_changed):
        raise Refused("Nothing would change: it is like that already.", code="unchanged")
    record(
        "series.edited", by=by, at=at, obj=series, scope=scope, changed=len(done.changes),
        made=len(done.made), steps=len(plan.steps.changed),
    )  # fmt: skip
    return ledger.close(
        program=series.program_id, kind="series-edited", summary=plan.summary, series=series,
        by=by, at=at,
    )  # fmt: skip


def _place_steps(steps: Steps) -> None:
    """The steps of sessions that keep their row; new ones are made with theirs."""
    for session, step in steps.changed:
        session.item = step
    write_rows([session for session, _ in steps.changed], ["item"])


def _room_in_use(room: Room | None, series: GroupSeries, first: date) -> None:
    if room is None or room.pk == series.room_id:
        return
    if room.site_id != series.program.site_id:
        raise Refused("Choose a room of this site.", field="room", code="stranger")
    if room.retired_on and room.retired_on <= first:
        raise Refused(f"{room.name} is no longer in use. Choose another room.", field="room")


def _set_usual(
    series: GroupSeries,
    people: People,
    usual: list[SeriesFacilitator],
    since: date,
    today: date,
    ledger: Ledger,
) -> bool:
    """Who usually leads it from that day on; whoever stays keeps the row. Whether anything
    changed."""
    wanted = {f.pk: part for f, part in people}
    there = {row.facilitator_id: row for row in usual}
    stay = {pk: row.part for pk, row in there.items() if row.until_on is None}
    if stay == wanted and all(there[pk].leads_on(since) for pk in wanted):
        return False
    for pk, row in there.items():
        if pk not in wanted:
            _stops(row, series, since, today)
    for pk, part in wanted.items():
        _leads_from(there.get(pk), series, pk, part, since, today, ledger)
    return True
