"""A series that is being planned: every date with its verdict."""

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import partial
from uuid import UUID

from facilitators.models import Facilitator
from phpsupport.lib import wording
from phpsupport.programs.models import Closure, Program
from sessions.curriculum import placed
from sessions.models import (
    CurriculumItem,
    GroupKind,
    Part,
    Room,
    SupportGroup,
)
from sessions.queries.slots import Obstacle, Wanted, obstacles
from sessions.recurrence import (
    KEEP,
    LONGEST_SERIES,
    SHIFT_AT_MOST,
    Occurrence,
    Pattern,
    Verdict,
    find_zone,
    last_day,
    occurrences,
)

SHOWN = 12


@dataclass(frozen=True)
class PlannedDate:
    """One date of a series that is being planned, with what stands in its way."""

    on: date
    key: str  # what a form sends to leave it out: its day, with the time where a day has several
    day: str
    times: str
    kind: str  # good, wait, stop, plain: as the look has them
    word: str
    reasons: tuple[str, ...] = ()
    note: str = ""
    step: str = ""

    @property
    def open(self) -> bool:
        """Whether a session can take place on it."""
        return self.kind in ("good", "wait")


@dataclass(frozen=True)
class DateGroup:
    """Dates of a preview that share a verdict."""

    kind: str
    title: str
    dates: list[PlannedDate]
    unfolded: bool = True


@dataclass(frozen=True)
class Preview:
    """Every date of a planned series."""

    dates: tuple[PlannedDate, ...]
    notes: tuple[str, ...] = ()
    words: str = ""
    can_override: bool = False

    @property
    def good(self) -> int:
        return sum(d.kind == "good" for d in self.dates)

    @property
    def warned(self) -> list[PlannedDate]:
        return [d for d in self.dates if d.kind == "wait"]

    @property
    def blocked(self) -> list[PlannedDate]:
        return [d for d in self.dates if d.kind == "stop"]

    @property
    def skipped(self) -> list[PlannedDate]:
        """Closed days and times that do not exist: they never become sessions."""
        return [d for d in self.dates if d.kind == "plain"]

    @property
    def marked(self) -> list[PlannedDate]:
        return [*self.blocked, *self.warned]

    @property
    def groups(self) -> list[DateGroup]:
        """The dates by verdict, what asks for a decision first."""
        found = [
            DateGroup("stop", "In the way", self.blocked),
            DateGroup("wait", "Look at", self.warned),
            DateGroup("good", "Fine", [d for d in self.dates if d.kind == "good"]),
            DateGroup("plain", "Left out", self.skipped),
        ]
        return [group for group in found if group.dates]

    @property
    def open_count(self) -> int:
        """How many sessions there are when only what is in the way is left out."""
        return sum(d.open for d in self.dates)

    @property
    def every_count(self) -> int:
        """How many there are when what is in the way is set aside."""
        return self.open_count + len(self.blocked)

    @property
    def can_save(self) -> bool:
        return not self.blocked and any(d.open for d in self.dates)

    @property
    def can_save_rest(self) -> bool:
        return bool(self.marked) and self.good > 0

    @property
    def summary(self) -> str:
        """ "11 dates are fine, 1 clashes, 1 is closed.\""""
        parts = []
        if self.good:
            parts.append(f"{wording.count(self.good, 'date is', 'dates are')} fine")
        for number, one, many in (
            (len(self.blocked), "has something in the way", "have something in the way"),
            (len(self.warned), "needs a look", "need a look"),
            (len(self.skipped), "is left out", "are left out"),
        ):
            if number:
                parts.append(f"{number} {one if number == 1 else many}")
        said = wording.listing(parts)
        return f"{said[:1].upper()}{said[1:]}." if said else "No date falls into these days."


def closures_between(program_id: UUID, first: date, last: date) -> dict[date, str]:
    """Closed days of the program with their reasons. One query."""
    rows = Closure.objects.filter(program_id=program_id, date__range=(first, last))
    return dict(rows.values_list("date", "reason"))


def dates_of(pattern: Pattern, program_id: UUID) -> list[Occurrence]:
    """Every date of a pattern, the program's closed days told. One query."""
    last = pattern.until_on or pattern.from_on + LONGEST_SERIES + timedelta(days=SHIFT_AT_MOST)
    return occurrences(pattern, closures_between(program_id, pattern.from_on, last))


def wanted_of(
    dates: Iterable[Occurrence],
    pattern: Pattern,
    *,
    group: SupportGroup,
    room: Room,
    people: Sequence[tuple[Facilitator, str]],
    leave_out: Collection[date] = (),
) -> list[Wanted]:
    """The sessions that the dates stand for, without those left out.

    `leave_out` holds days, or naive local starts for one of several sessions of a day.
    """
    return [
        Wanted(
            d.local_date,
            d.starts_at,
            d.ends_at,
            room,
            tuple(people),
            group.name,
            language=group.language,
            keeps_closed_days=pattern.on_closure == KEEP,
        )
        for d in dates
        if d.takes_place
        and d.starts_at
        and d.ends_at
        and d.local_date not in leave_out
        and d.local_start not in leave_out
    ]


def preview(
    *,
    program: Program,
    group: SupportGroup,
    room: Room,
    pattern: Pattern,
    people: Sequence[tuple[Facilitator, str]],
    capacity: int,
    today: date,
    group_cap: int | None = None,
    steps: Sequence[CurriculumItem] = (),
    first_item: CurriculumItem | None = None,
    leave_out: Collection[date] = (),
    may_override: bool = False,
) -> Preview:
    """Every date with its verdict and its step of the curriculum. Two queries."""
    dates = dates_of(pattern, program.pk)
    kept = [d for d in dates if d.takes_place]
    wanted = wanted_of(dates, pattern, group=group, room=room, people=people)
    found: dict[datetime, list[Obstacle]] = {}
    final = False
    for obstacle in obstacles(wanted, program_id=program.pk, zone=pattern.zone):
        found.setdefault(kept[obstacle.index].local_start, []).append(obstacle)
        final = final or obstacle.final
    changes = clock_changes(dates, pattern.zone)
    several = {day for day, number in Counter(d.local_date for d in dates).items() if number > 1}
    named = iter(placed(steps, len(kept), first=first_item, once=group.kind == GroupKind.CLOSED))
    planned = []
    for d in dates:
        out = d.local_date in leave_out or d.local_start in leave_out
        step = next(named) if d.takes_place and not out else None
        planned.append(
            _planned(
                d,
                found.get(d.local_start, []),
                change=changes.get(d.local_start, ""),
                today=today,
                several=d.local_date in several,
                step=step.title if step else "",
            )
        )
    notes = []
    if capacity > room.seats:
        notes.append(f"{room.name} has {wording.count(room.seats, 'seat')} for {capacity} places.")
    if group_cap and capacity > group_cap:
        notes.append(
            f"The program's rules name {group_cap} as the largest group; this has {capacity} places."
        )
    if not people:
        notes.append("Nobody leads it yet. Its sessions show as needing a facilitator.")
    elif not any(part == Part.LEAD for _, part in people):
        notes.append("Nobody leads it yet, only co-facilitators are named.")
    last = last_day(pattern, dates)
    words = f"{pattern.words}, until {wording.date_in_full(last)}"
    return Preview(tuple(planned), tuple(notes), words, may_override and not final)


def _planned(
    d: Occurrence,
    found: Sequence[Obstacle],
    *,
    change: str,
    today: date,
    several: bool,
    step: str,
) -> PlannedDate:
    key = d.local_start.isoformat("T", "minutes") if several else d.local_date.isoformat()
    told = partial(
        PlannedDate,
        d.local_date,
        key,
        wording.day(d.local_date, year=True),
        wording.span(d.starts, d.ends),
    )
    if d.verdict is Verdict.CLOSED:
        why = d.reason.removeprefix("Closed: ")  # the tag beside it says so already
        return told("plain", "Closed", (why,))
    if d.verdict is Verdict.GAP:
        return told("plain", "Does not exist", (d.reason,))
    notes = [change] if change else []
    if d.reason:
        notes.append(d.reason)
    if d.local_date < today:
        notes.append("This day is over.")
    note = " ".join(notes)
    # The tag beside them says "Not cleared" already.
    reasons = tuple(dict.fromkeys(o.sentence.replace(" is not cleared:", ":") for o in found))
    if any(o.blocks for o in found):
        first = next(o for o in found if o.blocks)
        return told("stop", "Cannot lead" if first.final else first.word, reasons, note, step)
    if found:
        return told("wait", found[0].word, reasons, note, step)
    return told("good", FINE_WORDS.get(d.verdict, "Fine"), (), note, step)


FINE_WORDS = {
    Verdict.REPEATED: "Fine, comes twice",
    Verdict.SHIFTED: "Fine, another day",
    Verdict.KEPT: "Fine, closed day",
}


def clock_changes(dates: Iterable[Occurrence], zone: str) -> dict[datetime, str]:
    """For the first date after each change of the clocks, a sentence that the time stays.

    Each time of the week is looked at for itself.
    """
    place = find_zone(zone)
    told: dict[datetime, str] = {}
    before: dict[time, timedelta | None] = {}
    for d in dates:
        offset = d.local_start.replace(tzinfo=place).utcoffset()
        was = before.get(d.starts)
        if was is not None and offset is not None and offset != was:
            way = "forward" if offset > was else "back"
            told[d.local_start] = (
                f"The clocks went {way} since the date before: "
                f"still {wording.clock_time(d.starts)}."
            )
        before[d.starts] = offset
    return told
