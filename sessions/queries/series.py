"""Series: every date of a planned one with its verdict, and what the pages of a stored one show."""

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from functools import partial
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.db.models.functions import JSONObject

from facilitators.models import Facilitator
from facilitators.queries.clearance import ClearanceFile, files_of
from phpsupport.lib import wording
from phpsupport.programs.models import Closure, Program
from sessions.curriculum import placed
from sessions.models import (
    Attendance,
    CurriculumItem,
    GroupKind,
    GroupNote,
    GroupNoteDraft,
    GroupSeries,
    GroupSession,
    Part,
    ProgressNote,
    ProgressNoteDraft,
    Room,
    SeriesFacilitator,
    SessionFacilitator,
    SessionState,
    SupportGroup,
    WaitlistEntry,
    WaitOutcome,
)
from sessions.queries.slots import Obstacle, Wanted, obstacles, person_name
from sessions.recurrence import (
    KEEP,
    LONGEST_SERIES,
    SHIFT_AT_MOST,
    Occurrence,
    Pattern,
    Times,
    Verdict,
    find_zone,
    in_words,
    last_day,
    occurrences,
)

SHOWN = 12


# --- before saving --------------------------------------------------------------------------------
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


# --- a stored series ------------------------------------------------------------------------------
def hold_sessions(keys: Iterable[UUID]) -> None:
    """Hold these sessions until the transaction ends, in the order of their keys. One query.

    Read them after it, not by it: joined with its room, a session whose room somebody changed while
    this waited would match no more and be missing, and what is on record would be as it was before.
    """
    rows = GroupSession.objects.select_for_update(no_key=True).filter(pk__in=list(keys))
    list(rows.order_by("pk").values_list("pk"))


def with_records(sessions: QuerySet[GroupSession]) -> QuerySet[GroupSession]:
    """Annotate `recorded`: something is on record, so that the session is history."""
    here = {"session": OuterRef("pk")}
    return sessions.annotate(
        recorded=Exists(Attendance.objects.filter(**here))
        | Exists(GroupNote.objects.filter(**here))
        | Exists(ProgressNote.objects.filter(**here))
        | Exists(GroupNoteDraft.objects.filter(**here))
        | Exists(ProgressNoteDraft.objects.filter(**here))
    )


def times_of(series: GroupSeries) -> tuple[Times, ...]:
    """Every time of a stored series, its own first."""
    own = Times(
        frozenset(series.weekdays), series.starts, series.ends, series.ends <= series.starts
    )
    return (own, *(Times.of_stored(row) for row in series.more_times))


def pattern_of(
    series: GroupSeries, *, from_on: date | None = None, until_on: date | None = None
) -> Pattern:
    """The pattern of a stored series, for all its days or for those given."""
    own, *more = times_of(series)
    return Pattern(
        own.weekdays,
        own.starts,
        own.ends,
        from_on or series.from_on,
        until_on or series.until_on,
        series.zone,
        series.every_weeks,
        own.ends_next_day,
        series.nth_of_month,
        more,
        None,
        series.on_closure,
    )


def pattern_in_words(series: GroupSeries) -> str:
    """ "Mondays and Wednesdays, 10:00–10:50", "The 2nd Tuesday of the month, 18:00–19:00"."""
    return in_words(
        times_of(series), every_weeks=series.every_weeks, nth_of_month=series.nth_of_month
    )


@dataclass(frozen=True)
class SeriesLine:
    """One series in a list."""

    id: UUID
    group: str
    when: str
    room: str
    led_by: str
    places: str
    waiting: int
    days: str
    full: bool
    over: bool
    ended: bool
    running: bool

    @property
    def waiting_words(self) -> str:
        return f"{self.waiting} waiting"


def series_lines(rows: QuerySet[GroupSeries], *, today: date) -> list[SeriesLine]:
    """Series as lines of a list. Two queries."""
    on = Q(enrollments__from_on__lte=today) & (
        Q(enrollments__until_on=None) | Q(enrollments__until_on__gte=today)
    )
    found = list(
        rows.select_related("group", "room")
        .annotate(
            enrolled=Count(
                "enrollments", on & Q(enrollments__participant__sealed_at=None), distinct=True
            )
        )
        .order_by("until_on", "starts", "pk")
    )
    ids = [s.pk for s in found]
    leads: dict[UUID, list[str]] = {}
    waiting: dict[UUID, int] = {}
    for row in (
        SeriesFacilitator.objects.filter(series_id__in=ids)
        .select_related("facilitator__user")
        .order_by("-part", "pk")
    ):
        leads.setdefault(row.series_id, []).append(row.facilitator.user.name)
    for series_id in WaitlistEntry.objects.filter(
        series_id__in=ids, outcome=WaitOutcome.WAITING, participant__sealed_at=None
    ).values_list("series_id", flat=True):
        waiting[series_id] = waiting.get(series_id, 0) + 1
    return [
        SeriesLine(
            id=s.pk,
            group=s.group.name,
            when=pattern_in_words(s),
            room=s.room.name,
            led_by=wording.listing(leads.get(s.pk, [])) or "nobody yet",
            places=f"{s.enrolled} of {s.capacity}",  # type: ignore[attr-defined]
            waiting=waiting.get(s.pk, 0),
            days=f"{wording.date_in_full(s.from_on)} – {wording.date_in_full(s.until_on)}",
            full=s.enrolled >= s.capacity,  # type: ignore[attr-defined]
            over=s.enrolled > s.capacity,  # type: ignore[attr-defined]
            ended=s.until_on < today or s.ended_at is not None,
            running=s.from_on <= today <= s.until_on,
        )
        for s in found
    ]


@dataclass(frozen=True)
class SessionLine:
    """One date of a stored series."""

    id: UUID
    day: str
    times: str
    kind: str
    word: str
    line: str
    past: bool
    step: str = ""
    exception: bool = False
    cancelled: bool = False


@dataclass
class SeriesPage:
    """A series with its dates."""

    coming: list[SessionLine] = field(default_factory=list)
    past: list[SessionLine] = field(default_factory=list)
    warned: int = 0
    first_warned: SessionLine | None = None
    sessions: Sequence[GroupSession] = ()

    @property
    def exceptions(self) -> list[SessionLine]:
        """Coming dates that are not as the series has it."""
        return [line for line in self.coming if line.exception]

    @property
    def cancelled(self) -> list[SessionLine]:
        """Coming dates that do not take place."""
        return [line for line in self.coming if line.cancelled]

    @property
    def soon(self) -> list[SessionLine]:
        """The next dates, as many as one looks at."""
        return self.coming[:SHOWN]

    @property
    def later(self) -> list[SessionLine]:
        return self.coming[SHOWN:]

    @property
    def warned_words(self) -> str:
        return f"{wording.count(self.warned, 'coming date needs', 'coming dates need')} a look."


def led_by(of: str) -> ArraySubquery:
    """Who leads a session or a series, the lead first, as dicts: id (facilitator), person, names."""
    model: Any = SessionFacilitator if of == "session" else SeriesFacilitator
    return ArraySubquery(
        model.objects.filter(**{of: OuterRef("pk")})
        .order_by("-part", "pk")
        .values(
            row=JSONObject(
                id="facilitator_id",
                person="facilitator__user_id",
                part="part",
                answer="answer",
                first="facilitator__user__first_name",
                preferred="facilitator__user__preferred_name",
                last="facilitator__user__last_name",
            )
        )
    )


def _why_not(file: ClearanceFile | None, on: date, part: str) -> str:
    """Why somebody may not take that part that day, leave included; '' when they may."""
    if file is None:
        return ""
    found = file.on(on, as_lead=part == Part.LEAD)
    return "" if found.cleared else " ".join(r.sentence for r in found.reasons)


def dates_of_series(series: GroupSeries, *, at: datetime) -> SeriesPage:
    """The stored dates of a series, the coming ones with what is wrong. Four queries.

    Load the series with `people=led_by("series")`.
    """
    zone = ZoneInfo(series.zone)
    page = SeriesPage()
    usual = {(d, t.starts, t.ends) for t in times_of(series) for d in t.weekdays}
    usually = {p["id"] for p in series.people}  # type: ignore[attr-defined]
    rows = list(
        series.sessions.select_related("room", "item")
        .annotate(people=led_by("session"))
        .order_by("starts_at")
    )
    page.sessions = rows
    files = files_of(
        {UUID(p["id"]) for s in rows if s.ends_at > at for p in s.people}  # type: ignore[attr-defined]
    )
    for s in rows:
        starts, ends = s.starts_at.astimezone(zone), s.ends_at.astimezone(zone)
        past = s.ends_at <= at
        people = s.people  # type: ignore[attr-defined]
        line = []
        if s.room_id != series.room_id:
            line.append(s.room.name)
        at_usual = (s.local_date.weekday(), starts.time(), ends.time()) in usual
        if s.moved or not at_usual:
            line.append("moved" if not at_usual else "changed by hand")
        if {p["id"] for p in people} != usually:
            names = wording.listing([person_name(p) for p in people])
            line.append(f"led by {names}" if names else "nobody leads it")
        exception = bool(line)
        kind, word = _state(s, past=past)
        if not past and s.state == SessionState.SCHEDULED:
            reasons = [
                f"{person_name(p)}: {why}"
                for p in people
                if (why := _why_not(files.get(UUID(p["id"])), s.local_date, p["part"]))
            ]
            if not any(p["part"] == Part.LEAD for p in people):
                kind, word = "stop", "Needs a facilitator"
            elif reasons:
                kind, word = "wait", "Not cleared"
                line += reasons
            page.warned += kind != "good"
        if s.state_reason:
            line.append(s.state_reason)
        found = SessionLine(
            s.pk, wording.day(starts, year=True), wording.span(starts, ends), kind, word,
            " · ".join(line), past, s.item.title if s.item else "", exception,
            s.state == SessionState.CANCELLED,
        )  # fmt: skip
        (page.past if past else page.coming).append(found)
        if kind in ("stop", "wait") and not past and page.first_warned is None:
            page.first_warned = found
    page.past.reverse()
    return page


def _state(session: GroupSession, *, past: bool) -> tuple[str, str]:
    match session.state:
        case SessionState.CANCELLED:
            return "plain", "Cancelled"
        case SessionState.NOT_HELD:
            return "plain", "Not held"
        case SessionState.HELD:
            return "good", "Held"
    return ("wait", "Not reported") if past else ("good", "Planned")
