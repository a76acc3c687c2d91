"""What an edit of a series comes to, session by session, before anything is written.

The new pattern gives dates; the stored sessions are matched with them: by day first, and then, in
order, within the same week (within the same month for a series that goes by the month). So a group
that meets on Mondays and then on Tuesdays keeps each week's session, with its notes to come. A
session that cannot change stands for its date all the same: no second one is made beside it.

The stored pattern is matched in the same way, and a session takes over only what differs between
its old date and its new one. So sessions of a time before the pattern was changed "from a day on"
keep their day and hour until somebody changes just these; and a date of the old pattern without a
session was left out by somebody, and stays so.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Sequence
from copy import copy
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from functools import cached_property
from typing import Any, Final
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
    SeriesFacilitator,
    SessionState,
)
from sessions.queries.consequence import Fresh, People, Target, why_history
from sessions.queries.edited_steps import Steps, steps_after
from sessions.queries.moving import target_of
from sessions.queries.series import pattern_in_words, pattern_of, with_records
from sessions.recurrence import Occurrence, Pattern, Times, find_zone, occurrences

BY_THE_SERIES: Final = "The series changed"
OF_THE_SERIES: Final = (
    "weekdays", "starts", "ends", "more_times", "every_weeks", "nth_of_month", "on_closure",
    "until_on", "room_id",
)  # fmt: skip


# The name of the week or month of a day, and its first day.
Period = Callable[[date], tuple[tuple[int, int], date]]


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
        return _this(series, session, edit, at)
    today = clock.local_date(at, series.zone)
    first = today
    if scope == Scope.FOLLOWING:
        first = from_on or (session.local_date if session else today)
    after = _after(series, edit)
    # Whatever comes after a new last day falls away, also before the day that was chosen.
    first = max(today, min(first, after.until_on + timedelta(days=1)))
    pattern = pattern_of(after)  # refuses what cannot be
    if after.until_on < today:
        raise Refused(
            "That day is over. Choose today or a later day as the last one.", field="until_on"
        )
    before, period = pattern_of(series), _period(after)
    window = min(first, *(_period(one)(first)[1] for one in (series, after)))
    if rows is None:
        rows = sessions_of(series, since=window)
    rows = [s for s in rows if s.local_date >= window]
    closed, in_order = _closed_and_steps(series, before, pattern)
    old, dates = (
        [d for d in occurrences(one, closed) if d.local_date >= window] for one in (before, pattern)
    )
    leads = _Leads(series, edit.people if edit.people is not None else usual)
    whys = {s.pk: _why_fixed(s, first, at, reset_exceptions) for s in rows}
    stood_for, unused = _matched(rows, old, _period(series))
    left = _left_before(rows, unused, anew=pattern != before or reset_exceptions)
    beside = {s.pk for s in rows if s.moved and s.pk not in stood_for}
    stands_for, free = _matched(rows, dates, period, left, beside)
    targets: list[Target] = []
    untouched: list[tuple[GroupSession, str]] = []
    for s in rows:
        why = whys[s.pk]
        was, d = stood_for.get(s.pk), stands_for.get(s.pk)
        if why is not None:
            if why and s.local_date >= first:
                untouched.append((s, why))
            continue
        if d is None and (was is not None or s.local_date > after.until_on):
            targets.append(Target(s, cancel_for=BY_THE_SERIES))
            continue
        if d is None and edit.room is None and edit.people is None:
            untouched.append((s, "It stands on no date of the series, so it stays as it is."))
            continue
        reset = reset_exceptions and s.moved
        slot = _slot(s, was, d, reset=reset_exceptions, last=after.until_on)
        if slot is None:
            untouched.append((s, "That time does not exist on its day, so it stays as it is."))
            continue
        on, starts_at, ends_at = slot
        if on in leave_out or (d is not None and _left_out(d, leave_out)):
            untouched.append((s, "You chose to leave it as it is."))
            continue
        if starts_at <= at and starts_at != s.starts_at:
            untouched.append((s, "Its new time would be over already, so it stays as it is."))
            continue
        targets.append(
            Target(
                s,
                local_date=on,
                starts_at=starts_at,
                ends_at=ends_at,
                room=after.room if edit.room or reset else None,
                people=leads.on(on) if edit.people is not None or reset else None,
                moved=False if reset and d is not None else None,
            )
        )
    missing = [
        d for d in free
        if d.local_date >= first and d.starts_at and d.starts_at > at
        and not _left_out(d, leave_out)
    ]  # fmt: skip
    coming = [s for s in rows if s.local_date >= first and why_history(s, at) is None]
    made = _fresh(after, missing, leads)
    steps = steps_after(series, coming, targets, made, in_order)
    return Plan(
        after, tuple(targets), steps.fresh, tuple(untouched), first,
        _summary(series, after, edit, first, scope) + (", steps anew" if steps.anew else ""),
        steps=steps,
    )  # fmt: skip


def beside_of(
    plan: Plan, series: GroupSeries, edit: Edit, usual: Iterable[tuple[object, str]]
) -> list[object]:
    """What an edit changes besides sessions, and how it stands, as `digest_of` takes it: the series,
    who `usual`ly leads it, and the steps. Nothing for one session."""
    if plan.after is series:
        return []
    wanted = None if edit.people is None else sorted(f"{f.pk} {part}" for f, part in edit.people)
    return [
        *(f"{name} {getattr(series, name)} {getattr(plan.after, name)}" for name in plan.fields),
        f"people {sorted(f'{pk} {part}' for pk, part in usual)} {wanted}",
        *(f"step {s.pk} {step.pk if step else ''}" for s, step in plan.steps.changed),
    ]


# --- one session ----------------------------------------------------------------------------------
def _this(series: GroupSeries, session: GroupSession, edit: Edit, at: datetime) -> Plan:
    zone = find_zone(series.zone)
    starts = edit.starts or session.starts_at.astimezone(zone).time()
    ends = edit.ends or session.ends_at.astimezone(zone).time()
    target = target_of(
        session=session, on=edit.on or session.local_date, starts=starts, ends=ends,
        room=edit.room, people=edit.people, next_day=True, at=at,
    )  # fmt: skip
    return Plan(
        series, (target,), first=edit.on or session.local_date,
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


def _period(series: GroupSeries) -> Period:
    return _month if series.nth_of_month else _week


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
    rows: Iterable[GroupSession],
    dates: Iterable[Occurrence],
    period: Period,
    left: Iterable[Occurrence] = (),
    beside: Collection[UUID] = (),
) -> tuple[dict[UUID, Occurrence], list[Occurrence]]:
    """Which date each session stands for, and the dates that are free.

    `left` are former dates without a session: they take theirs after the sessions. Those `beside`
    the pattern stand for no date but their own day's.
    """
    found: dict[UUID, Occurrence] = {}
    # What an edit cancelled leaves its date free; what a person cancelled stands for it.
    waiting: list[GroupSession | Occurrence] = [
        s for s in rows
        if s.state != SessionState.CANCELLED or s.state_reason != BY_THE_SERIES
    ]  # fmt: skip
    waiting += left
    free = [d for d in dates if d.takes_place]
    keys: tuple[Callable[[Any], object], ...] = (
        lambda one: one.starts_at,
        lambda one: one.local_date,
        lambda one: period(getattr(one, "instead_of", None) or one.local_date)[0],
    )
    for key in keys:
        by_key: dict[object, list[Occurrence]] = defaultdict(list)
        for d in free:
            by_key[key(d)].append(d)
        still: list[GroupSession | Occurrence] = []
        for one in waiting:
            line = by_key[key(one)]
            if not line or (key is keys[-1] and getattr(one, "pk", None) in beside):
                still.append(one)
            elif isinstance(one, GroupSession):
                found[one.pk] = line.pop(0)
            else:
                line.pop(0)
        waiting = still
        left_over = {id(d) for line in by_key.values() for d in line}
        free = [d for d in free if id(d) in left_over]
    return found, free


def _left_before(
    rows: Iterable[GroupSession], unused: Iterable[Occurrence], *, anew: bool
) -> list[Occurrence]:
    """Of the stored pattern's dates without a session those that were left out. What an edit
    cancelled was not: where the dates are made `anew`, it comes back."""
    back = {s.local_date for s in rows if anew and s.state_reason == BY_THE_SERIES}
    return [d for d in unused if d.local_date not in back]


def _slot(
    session: GroupSession, was: Occurrence | None, d: Occurrence | None, *, reset: bool, last: date
) -> tuple[date, datetime, datetime] | None:
    """Day, start and end of a session whose date `was` becomes `d`: what differs between the two,
    and the session's own else, up to the `last` day. None where the clocks skip that time."""
    own = session.local_date, session.starts_at, session.ends_at
    if d is None or d.starts_at is None or d.ends_at is None:
        return own
    if reset or was is None or own == (was.local_date, was.starts_at, was.ends_at):
        return d.local_date, d.starts_at, d.ends_at
    zone = find_zone(session.series.zone)
    own_times = own[1].astimezone(zone).time(), own[2].astimezone(zone).time()
    on = own[0] if was.local_date == d.local_date and own[0] <= last else d.local_date
    same = (was.starts, was.ends) == (d.starts, d.ends)
    starts, ends = own_times if same else (d.starts, d.ends)
    if (on, starts, ends) == (own[0], *own_times):
        return own
    pattern = Pattern(
        [on.weekday()], starts, ends, on, on, session.series.zone, ends_next_day=ends <= starts
    )
    there = occurrences(pattern, {})[0]
    if there.starts_at is None or there.ends_at is None:
        return None
    return on, there.starts_at, there.ends_at


def _left_out(d: Occurrence, leave_out: Collection[date]) -> bool:
    return d.local_date in leave_out or d.local_start in leave_out


def _closed_and_steps(
    series: GroupSeries, *patterns: Pattern
) -> tuple[dict[date, str], list[CurriculumItem]]:
    """Closed days in the time of the patterns, and the steps that sessions of the series take. One
    query."""
    closed = Closure.objects.filter(
        program_id=series.program_id,
        date__range=(series.from_on, max(p.until_on or series.until_on for p in patterns)),
    )
    steps = CurriculumItem.objects.filter(group_id=series.group_id, retired_on=None)
    names = ("id", "date", "reason", "group_id", "position", "title", "retired_on")
    rows = list(mixed(names, closed.order_by(), steps.order_by()))
    days = {row.date: row.reason for row in rows if isinstance(row, Closure)}
    items = [row for row in rows if isinstance(row, CurriculumItem)]
    return days, sorted(items, key=lambda item: item.position)


class _Leads:
    """Who leads the series on a day: those who are known, or one query when it is first asked."""

    def __init__(self, series: GroupSeries, known: People | None) -> None:
        self._series, self._known = series, known

    @cached_property
    def _rows(self) -> list[SeriesFacilitator]:
        rows = self._series.assignments.select_related("facilitator__user")
        return list(rows.order_by("-part", "pk"))

    def on(self, day: date) -> People:
        if self._known is not None:
            return self._known
        return tuple((row.facilitator, row.part) for row in self._rows if row.leads_on(day))


def _fresh(after: GroupSeries, missing: Iterable[Occurrence], leads: _Leads) -> tuple[Fresh, ...]:
    return tuple(
        Fresh(after, d.local_date, d.starts_at, d.ends_at, after.room, leads.on(d.local_date))
        for d in missing
        if d.takes_place and d.starts_at is not None and d.ends_at is not None
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
