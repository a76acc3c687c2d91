"""What an edit of a series means for the steps of its curriculum, before anything is written.

While the coming sessions keep their order and new ones only follow, each keeps its step and the new
ones go on. Where dates fall away between others, come in between or change places, the steps are
placed anew from the first that was to come. What has anything on record keeps its step.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from phpsupport.lib import wording
from sessions.curriculum import placed
from sessions.models import CurriculumItem, GroupKind, GroupSeries, GroupSession, SessionState
from sessions.queries.consequence import Fresh, Target
from sessions.recurrence import find_zone


@dataclass(frozen=True)
class StepOn:
    """One coming date with the step that it takes: another than before, or that of a new date."""

    day: str
    title: str
    other: bool = False
    new: bool = False


@dataclass(frozen=True)
class Steps:
    """The steps of the coming sessions after an edit."""

    fresh: tuple[Fresh, ...] = ()
    changed: tuple[tuple[GroupSession, CurriculumItem | None], ...] = ()
    lines: tuple[StepOn, ...] = ()  # every coming date, where they are placed anew
    without: tuple[str, ...] = ()  # steps that no date is left for, of a group that has them once

    @property
    def anew(self) -> bool:
        return bool(self.lines)

    @property
    def sentence(self) -> str:
        """That they are placed anew, and on how many dates that shows."""
        others = sum(line.other for line in self.lines)
        said = "The steps of the curriculum are placed anew"
        return f"{said}: {wording.count(others, 'date takes', 'dates take')} another one."

    @property
    def left_words(self) -> str:
        """Which steps no date is left for, or ''."""
        return f"No date is left for {wording.listing(self.without)}." if self.without else ""


@dataclass(frozen=True)
class _Coming:
    """One coming date after the edit."""

    starts_at: datetime
    session: GroupSession | None


def steps_after(
    series: GroupSeries,
    coming: Sequence[GroupSession],
    targets: Iterable[Target],
    fresh: Sequence[Fresh],
    steps: Sequence[CurriculumItem],
) -> Steps:
    """The steps after an edit. `coming` are the sessions that it may touch, by start, with their
    steps: to come, and nothing on record. `steps` are those that sessions take, in their order.
    Load the series with its group.

    No query; one where nothing is to come and new dates go on after the last that was.
    """
    becomes = {target.session.pk: target for target in targets}
    gone = {pk for pk, target in becomes.items() if target.cancel_for}
    stay = [s for s in coming if s.pk not in gone]
    line = sorted(
        [_at(s, becomes.get(s.pk)) for s in stay] + [_Coming(f.starts_at, None) for f in fresh],
        key=lambda c: c.starts_at,
    )
    before = [s.pk for s in stay]
    in_order = [c.session.pk if c.session else None for c in line] == before + [None] * len(fresh)
    tail = {s.pk for s in coming[len(stay) :]}
    if in_order and gone <= tail and (stay or not coming):
        return _go_on(series, coming, stay, fresh, gone, steps)
    return _anew(series, coming, line, fresh, gone, steps)


def _at(session: GroupSession, target: Target | None) -> _Coming:
    moved_to = target.starts_at if target else None
    return _Coming(moved_to or session.starts_at, session)


def _go_on(
    series: GroupSeries,
    coming: Sequence[GroupSession],
    stay: Sequence[GroupSession],
    fresh: Sequence[Fresh],
    gone: Collection[UUID],
    steps: Sequence[CurriculumItem],
) -> Steps:
    """Who stays keeps the step; what is new goes on after the last; what falls away gives its up."""
    freed = tuple((s, None) for s in coming if s.pk in gone and s.item_id)
    kept = [s.item for s in stay]
    last = next((step for step in reversed(kept) if step), None)
    if fresh and steps and last is None and not stay:
        last = _last_of(series, fresh[0].starts_at)
    if last is None or not (fresh or freed):
        return Steps(tuple(fresh), freed, (), _left(series, coming, kept))
    following = _placed_after(series, steps, last, len(fresh))
    made = tuple(replace(f, item=step) for f, step in zip(fresh, following, strict=True))
    return Steps(made, freed, (), _left(series, coming, [*kept, *following]))


def _last_of(series: GroupSeries, before: datetime) -> CurriculumItem | None:
    """The step of the last session that took or takes one."""
    rows = series.sessions.filter(item__isnull=False, starts_at__lt=before)
    row = rows.exclude(state=SessionState.CANCELLED).select_related("item").order_by("starts_at")
    last = row.last()
    return last.item if last else None


def _placed_after(
    series: GroupSeries, steps: Sequence[CurriculumItem], last: CurriculumItem, number: int
) -> list[CurriculumItem | None]:
    """The steps of so many sessions after one that took `last`, which may be retired by now."""
    later = [n for n, step in enumerate(steps) if step.position > last.position]
    if not later and series.group.kind == GroupKind.CLOSED:
        return [None] * number
    first = steps[later[0]] if later else None
    return placed(steps, number, first=first, once=series.group.kind == GroupKind.CLOSED)


def _anew(
    series: GroupSeries,
    coming: Sequence[GroupSession],
    line: Sequence[_Coming],
    fresh: Sequence[Fresh],
    gone: Collection[UUID],
    steps: Sequence[CurriculumItem],
) -> Steps:
    first = next((s for s in coming if s.item), None)
    if first is None or first.item is None or not steps:
        return Steps(tuple(fresh))
    # Dates before the curriculum begins stay without a step.
    begins = None
    if first is not coming[0]:
        own = next((c.starts_at for c in line if c.session is first), first.starts_at)
        begins = min(first.starts_at, own)
    takes = [c for c in line if begins is None or c.starts_at >= begins]
    start = next((s for s in steps if s.position >= first.item.position), None)
    if start is None and series.group.kind == GroupKind.CLOSED:
        following: list[CurriculumItem | None] = [None] * len(takes)
    else:
        once = series.group.kind == GroupKind.CLOSED
        following = placed(steps, len(takes), first=start, once=once)
    step_of = {c.starts_at: step for c, step in zip(takes, following, strict=True)}
    changed: list[tuple[GroupSession, CurriculumItem | None]] = [
        (s, None) for s in coming if s.pk in gone and s.item_id
    ]
    lines, zone = [], find_zone(series.zone)
    for c in line:
        step = step_of.get(c.starts_at)
        other = c.session is not None and c.session.item_id != (step and step.pk)
        if c.session is not None and other:
            changed.append((c.session, step))
        if c in takes:
            local = c.starts_at.astimezone(zone)
            day = f"{wording.day(local)}, {wording.clock_time(local)}"
            title = step.title if step else ""
            lines.append(StepOn(day, title, other, new=c.session is None))
    if not any(line.other for line in lines):
        lines = []
    return Steps(
        tuple(replace(f, item=step_of.get(f.starts_at)) for f in fresh),
        tuple(changed),
        tuple(lines),
        _left(series, coming, following),
    )


def _left(
    series: GroupSeries,
    before: Iterable[GroupSession],
    after: Iterable[CurriculumItem | None],
) -> tuple[str, ...]:
    """Steps that had a date and have none any more, where they do not come around again."""
    if series.group.kind != GroupKind.CLOSED:
        return ()
    known: Mapping[UUID, CurriculumItem] = {
        s.item.pk: s.item for s in before if s.item and s.item.retired_on is None
    }
    still = {item.pk for item in after if item}
    return tuple(item.title for pk, item in known.items() if pk not in still)
