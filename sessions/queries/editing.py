"""What an edit of a series comes to, session by session, before anything is written.

The new pattern gives dates; the stored sessions are matched with them: by day first, and then, in
order, within the same week (within the same month for a series that goes by the month). So a group
that meets on Mondays and then on Tuesdays keeps each week's session, with its notes to come. A
session that cannot change stands for its date all the same: no second one is made beside it.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from copy import copy
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import Final
from uuid import UUID

from phpsupport.lib import clock, wording
from phpsupport.lib.errors import Refused
from phpsupport.lib.mixed import mixed
from phpsupport.programs.models import Closure
from sessions.models import (
    CurriculumItem,
    GroupSeries,
    GroupSession,
    Room,
    SessionState,
)
from sessions.queries.consequence import Fresh, People, Target, why_history
from sessions.queries.edited_steps import Steps, steps_after
from sessions.queries.series import pattern_in_words, pattern_of, with_records
from sessions.recurrence import Occurrence, Pattern, Times, Verdict, find_zone, occurrences

BY_THE_SERIES: Final = "The series changed"
OF_THE_SERIES: Final = (
    "weekdays", "starts", "ends", "more_times", "every_weeks", "nth_of_month", "on_closure",
    "until_on", "room_id",
)  # fmt: skip


class Scope(StrEnum):
    THIS = "this"
    FOLLOWING = "following"
    ALL = "all"


@dataclass(frozen=True)
class Edit:
    """What a series is to be; None leaves a part as it is. For one session only times, room and
    people count. An end before the start is on the next day."""

    weekdays: Collection[int] | None = None
    starts: time | None = None
    ends: time | None = None
    more_times: Collection[Times] | None = None
    every_weeks: int | None = None
    nth_of_month: Collection[int] | None = None
    on_closure: str | None = None
    until_on: date | None = None
    room: Room | None = None
    people: People | None = None
    on: date | None = None  # another day, for one session only


@dataclass(frozen=True)
class Plan:
    """What becomes of each session, and the series afterwards (not saved)."""

    after: GroupSeries
    targets: tuple[Target, ...]
    fresh: tuple[Fresh, ...] = ()
    untouched: tuple[tuple[GroupSession, str], ...] = ()
    first: date = date.min
    summary: str = ""
    fields: tuple[str, ...] = OF_THE_SERIES
    steps: Steps = field(default_factory=Steps)


def sessions_of(series: GroupSeries, *, since: date) -> list[GroupSession]:
    """The sessions of a series from a day on, with what `plan_edit` reads. One query."""
    rows = list(
        with_records(GroupSession.objects.filter(series=series, local_date__gte=since))
        .select_related("room", "item")
        .order_by("starts_at", "pk")
    )
    for row in rows:
        row.series, row.program = series, series.program
    return rows


def first_of_interest(today: date) -> date:
    """The first day whose sessions an edit of today can look at: the week's or the month's."""
    return min(_week(today)[1], _month(today)[1])


def plan_edit(
    *,
    series: GroupSeries,
    edit: Edit,
    scope: str,
    at: datetime,
    session: GroupSession | None = None,
    from_on: date | None = None,
    reset_exceptions: bool = False,
    leave_out: Collection[date] = (),
    rows: Sequence[GroupSession] | None = None,
    usual: People | None = None,
) -> Plan:
    """What the edit comes to. Five queries, however many sessions there are.

    Load the series with its group, room and program. `rows` are its sessions as `sessions_of` read
    them, `usual` who leads it, where both are known: then two queries.
    """
    if scope == Scope.THIS:
        if session is None:
            raise Refused("Choose the session that is to change.", field="scope")
        return _this(series, session, edit)
    today = clock.local_date(at, series.zone)
    first = today
    if scope == Scope.FOLLOWING:
        first = from_on or (session.local_date if session else today)
        first = max(first, today)
    after = _after(series, edit)
    pattern = pattern_of(after)  # refuses what cannot be
    if after.until_on < today:
        raise Refused(
            "That day is over. Choose today or a later day as the last one.", field="until_on"
        )
    period = _month if after.nth_of_month else _week
    window = min(period(first)[1], first)
    if rows is None:
        rows = sessions_of(series, since=window)
    rows = [s for s in rows if s.local_date >= window]
    closed, in_order = _closed_and_steps(series, pattern)
    dates = [d for d in occurrences(pattern, closed) if d.local_date >= window]
    people = edit.people
    if people is None and reset_exceptions:
        people = usual if usual is not None else _usual(series)
    whys = {s.pk: _why_fixed(s, first, at, reset_exceptions) for s in rows}
    stands_for = _matched(rows, dates, period)
    taken = {id(d) for d in stands_for.values()}
    targets: list[Target] = []
    untouched: list[tuple[GroupSession, str]] = []
    for s in rows:
        why = whys[s.pk]
        d = stands_for.get(s.pk)
        if why is not None:
            if why and s.local_date >= first:
                untouched.append((s, why))
            continue
        if d is None:
            targets.append(Target(s, cancel_for=BY_THE_SERIES))
            continue
        if _left_out(d, leave_out):
            untouched.append((s, "You chose to leave it as it is."))
            continue
        if d.starts_at is None or d.ends_at is None:
            continue
        if d.starts_at <= at and d.starts_at != s.starts_at:
            untouched.append((s, "Its new time would be over already, so it stays as it is."))
            continue
        reset = reset_exceptions and s.moved
        targets.append(
            Target(
                s,
                local_date=d.local_date,
                starts_at=d.starts_at,
                ends_at=d.ends_at,
                room=after.room if edit.room or reset else None,
                people=people if edit.people is not None or reset else None,
                moved=False if reset else None,
            )
        )
    missing = [
        d for d in dates
        if id(d) not in taken and d.local_date >= first and d.starts_at and d.starts_at > at
        and not _left_out(d, leave_out)
    ]  # fmt: skip
    coming = [s for s in rows if s.local_date >= first and why_history(s, at) is None]
    made = _fresh(series, after, missing, usual if people is None else people)
    steps = steps_after(series, coming, targets, made, in_order)
    return Plan(
        after, tuple(targets), steps.fresh, tuple(untouched), first,
        _summary(series, after, edit, first, scope) + (", steps anew" if steps.anew else ""),
        steps=steps,
    )  # fmt: skip


# --- one session ----------------------------------------------------------------------------------
def _this(series: GroupSeries, session: GroupSession, edit: Edit) -> Plan:
    zone = find_zone(series.zone)
    starts = edit.starts or session.starts_at.astimezone(zone).time()
    ends = edit.ends or session.ends_at.astimezone(zone).time()
    on = edit.on or session.local_date
    pattern = Pattern(
        [on.weekday()], starts, ends, on, on, series.zone, ends_next_day=ends < starts
    )
    d = occurrences(pattern, {})[0]
    if d.verdict is Verdict.GAP or d.starts_at is None or d.ends_at is None:
        raise Refused(d.reason, field="starts", code="gap")
    target = Target(
        session, local_date=on, starts_at=d.starts_at, ends_at=d.ends_at, room=edit.room,
        people=edit.people, moved=True,
    )  # fmt: skip
    return Plan(
        series, (target,), first=on,
        summary=f"{series.group.name} of {wording.day(session.local_date)} changed",
    )  # fmt: skip


# --- the series afterwards ------------------------------------------------------------------------
def _after(series: GroupSeries, edit: Edit) -> GroupSeries:
    after = copy(series)
    after._state = copy(series._state)
    after._state.fields_cache = dict(series._state.fields_cache)  # type: ignore[misc]
    for name in ("starts", "ends", "every_weeks", "on_closure", "until_on"):
        value = getattr(edit, name)
        if value is not None:
            setattr(after, name, value)
    if edit.weekdays is not None:
        after.weekdays = sorted(set(edit.weekdays))
    if edit.nth_of_month is not None:
        after.nth_of_month = sorted(set(edit.nth_of_month))
    if edit.more_times is not None:
        after.more_times = [times.stored() for times in edit.more_times]
    if edit.room is not None:
        after.room = edit.room
    return after


# --- matching -------------------------------------------------------------------------------------
def _week(day: date) -> tuple[tuple[int, int], date]:
    year, week, weekday = day.isocalendar()
    return (year, week), day - timedelta(days=weekday - 1)


def _month(day: date) -> tuple[tuple[int, int], date]:
    return (day.year, day.month), day.replace(day=1)


def _why_fixed(
    session: GroupSession, first: date, at: datetime, reset_exceptions: bool
) -> str | None:
    """Why a session stays as it is, in words where they are worth a line; None when it may change."""
    if session.state == SessionState.CANCELLED:
        return ""
    if session.local_date < first:
        return ""
    if why := why_history(session, at):
        return why
    if session.moved and not reset_exceptions:
        return "It was changed by hand, so it stays as it is."
    return None


def _matched(
    rows: Iterable[GroupSession], dates: Iterable[Occurrence], period: object
) -> dict[UUID, Occurrence]:
    """Which date each session stands for."""
    found: dict[UUID, Occurrence] = {}
    # What an edit cancelled leaves its date free; what a person cancelled stands for it.
    waiting = [
        s for s in rows
        if s.state != SessionState.CANCELLED or s.state_reason != BY_THE_SERIES
    ]  # fmt: skip
    free = [d for d in dates if d.takes_place]
    for key_of_session, key_of_date in (
        (lambda s: s.starts_at, lambda d: d.starts_at),
        (lambda s: s.local_date, lambda d: d.local_date),
        (
            lambda s: period(s.local_date)[0],  # type: ignore[operator]
            lambda d: period(d.instead_of or d.local_date)[0],  # type: ignore[operator]
        ),
    ):
        by_key: dict[object, list[Occurrence]] = defaultdict(list)
        for d in free:
            by_key[key_of_date(d)].append(d)
        for s in waiting:
            if line := by_key[key_of_session(s)]:
                found[s.pk] = line.pop(0)
        taken = {id(d) for d in found.values()}
        waiting = [s for s in waiting if s.pk not in found]
        free = [d for d in free if id(d) not in taken]
    return found


def _left_out(d: Occurrence, leave_out: Collection[date]) -> bool:
    return d.local_date in leave_out or d.local_start in leave_out


def _closed_and_steps(
    series: GroupSeries, pattern: Pattern
) -> tuple[dict[date, str], list[CurriculumItem]]:
    """Closed days in the time of the pattern, and the steps that sessions of the series take. One
    query."""
    closed = Closure.objects.filter(
        program_id=series.program_id, date__range=(pattern.from_on, pattern.until_on)
    )
    steps = CurriculumItem.objects.filter(group_id=series.group_id, retired_on=None)
    names = ("id", "date", "reason", "group_id", "position", "title", "retired_on")
    rows = list(mixed(names, closed.order_by(), steps.order_by()))
    days = {row.date: row.reason for row in rows if isinstance(row, Closure)}
    items = [row for row in rows if isinstance(row, CurriculumItem)]
    return days, sorted(items, key=lambda item: item.position)


def _usual(series: GroupSeries) -> People:
    """Who leads the series. One query."""
    rows = series.assignments.select_related("facilitator__user").order_by("-part", "pk")
    return tuple((row.facilitator, row.part) for row in rows)


def _fresh(
    series: GroupSeries,
    after: GroupSeries,
    missing: Iterable[Occurrence],
    people: People | None,
) -> tuple[Fresh, ...]:
    missing = [d for d in missing if d.takes_place]
    if not missing:
        return ()
    if people is None:
        people = _usual(series)
    return tuple(
        Fresh(after, d.local_date, d.starts_at, d.ends_at, after.room, people)
        for d in missing
        if d.starts_at is not None and d.ends_at is not None
    )


def _summary(series: GroupSeries, after: GroupSeries, edit: Edit, first: date, scope: str) -> str:
    said = []
    if pattern_in_words(series) != pattern_in_words(after):
        said.append(pattern_in_words(after))
    if series.room_id != after.room_id:
        said.append(after.room.name)
    if edit.people is not None:
        names = wording.listing([f.user.name for f, _ in edit.people])
        said.append(f"led by {names}" if names else "nobody leads it")
    if series.until_on != after.until_on:
        said.append(f"until {wording.day(after.until_on, year=True)}")
    if series.on_closure != after.on_closure:
        said.append("closed days")
    since = f"from {wording.day(first)} on" if scope == Scope.FOLLOWING else "all coming sessions"
    return f"{series.group.name}, {since}: {', '.join(said) or 'as the series says'}"
