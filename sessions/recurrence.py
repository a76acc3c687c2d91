"""A pattern in local wall-clock time and the dates it stands for. Pure: no clock, no rows.

A series says "Mondays at 10:00 in New York". Dates are expanded in naive local time and the zone is
attached afterwards, so that the local time stays and the distance to UTC changes with the season.

A pattern goes by weeks (`every_weeks`) or by the month (`nth_of_month`: the 2nd and the last Tuesday),
has one time or several in its weeks (`more_times`), and ends on a day or after a number of sessions.

Decisions, and where the clocks change:

* A local start or end that does not exist (clocks go forward) gives the verdict GAP and no
  instants. It is never moved to a time nobody chose and never left out in silence.
* A local time that comes twice (clocks go back) means its first occurrence; the verdict is
  REPEATED and the reason says so.
* A session during which the clocks change lasts longer or shorter than its two times suggest; the
  reason says how long. Durations are elapsed time.
* A session may cross midnight only if the pattern says `ends_next_day`; otherwise an end that is
  not after the start is refused. The date of a session is the local date of its start, and a
  closure counts for that date.
* `until_on` is the last day on which a session may start: included, as people say "until 30 June".
* `count` is the number of sessions that take place: a closed date that is skipped does not count.
* With `every_weeks=2` the week (Monday to Sunday) that contains `from_on` is the first.
* A closed date is skipped, kept, or shifted to the next open day that is not itself a date of the
  series, nor taken by another shifted date. Saturdays and Sundays count as open only if the series
  meets on a Saturday or Sunday. The day lies at most two weeks after the closed one and not after
  `until_on`; if there is none, the date stays closed. All times of a date move together.
* A month always has its 1st to 4th weekday and its last; where the 4th is the last, it is one date.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from functools import cached_property, lru_cache
from typing import Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from dateutil.rrule import MO, MONTHLY, WEEKLY, rrule
from dateutil.rrule import weekday as rule_weekday

from phpsupport.lib import wording
from phpsupport.lib.errors import Refused

LONGEST_SERIES: Final = timedelta(days=5 * 366)
LONGEST_INTERVAL_WEEKS: Final = 52
MOST_SESSIONS: Final = 500
MOST_TIMES: Final = 50  # beside the first
SHIFT_AT_MOST: Final = 14  # days
FIRST_YEAR: Final = 2000  # a typing fault such as the year 26 is caught, and no date overflows
LAST_YEAR: Final = 2100
ONE_DAY: Final = timedelta(days=1)
ONE_MINUTE: Final = timedelta(minutes=1)
SKIP: Final = "skip"
SHIFT: Final = "shift"
KEEP: Final = "keep"
LAST: Final = -1
NTH: Final = {1: "1st", 2: "2nd", 3: "3rd", 4: "4th", LAST: "last"}
WEEKDAYS: Final = (
    "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday",
)  # fmt: skip
WEEKEND: Final = frozenset({5, 6})


class Verdict(StrEnum):
    """What becomes of one date of a series."""

    FINE = "fine"
    CLOSED = "closed"
    GAP = "gap"
    REPEATED = "repeated"
    SHIFTED = "shifted"
    KEPT = "kept"


@dataclass(frozen=True)
class Times:
    """A time of day on some weekdays (0 is Monday). Faults are refused beside `field`."""

    weekdays: frozenset[int]
    starts: time
    ends: time
    ends_next_day: bool = False

    def check(self, *, field: str = "") -> None:
        """Raise `Refused` for what cannot be; `field` replaces the names of the single values."""
        if not self.weekdays:
            raise Refused(
                "Choose at least one weekday.", field=field or "weekdays", code="required"
            )
        if not self.weekdays <= set(range(7)):
            raise Refused("Choose weekdays from Monday to Sunday.", field=field or "weekdays")
        if self.starts.tzinfo is not None or self.ends.tzinfo is not None:
            raise ValueError("the times of a pattern are local wall-clock times without a zone")
        _check_times(
            self.starts, self.ends, ends_next_day=self.ends_next_day, field=field or "ends"
        )

    @property
    def words(self) -> str:
        """ "10:00–10:50", "23:00–0:30 on the next day"."""
        return wording.span(self.starts, self.ends) + (
            " on the next day" if self.ends_next_day else ""
        )

    def stored(self) -> dict[str, Any]:
        """As a series keeps it; an end that is not after the start is on the next day."""
        return {
            "weekdays": sorted(self.weekdays),
            "starts": self.starts.isoformat("minutes"),
            "ends": self.ends.isoformat("minutes"),
        }

    @classmethod
    def of_stored(cls, row: Mapping[str, Any]) -> "Times":
        """The way back from `stored`."""
        starts, ends = time.fromisoformat(row["starts"]), time.fromisoformat(row["ends"])
        return cls(frozenset(row["weekdays"]), starts, ends, ends_next_day=ends <= starts)


@dataclass(frozen=True)
class Pattern:
    """When a series meets: weekdays (0 is Monday), local times, first and last day, zone.

    It ends on `until_on` or after `count` sessions. With `nth_of_month` (1 to 4, and -1 for the
    last) it goes by the month, else by every so many weeks. `more_times` are further times in the
    same weeks or months. Every value is checked and refused with `Refused`, whose `field` names it.
    """

    weekdays: frozenset[int]
    starts: time
    ends: time
    from_on: date
    until_on: date | None
    zone: str
    every_weeks: int = 1
    ends_next_day: bool = False
    nth_of_month: tuple[int, ...] = ()
    more_times: tuple[Times, ...] = ()
    count: int | None = None
    on_closure: str = SKIP

    def __init__(
        self,
        weekdays: Iterable[int],
        starts: time,
        ends: time,
        from_on: date,
        until_on: date | None,
        zone: str,
        every_weeks: int = 1,
        ends_next_day: bool = False,
        nth_of_month: Iterable[int] = (),
        more_times: Iterable[Times] = (),
        count: int | None = None,
        on_closure: str = SKIP,
    ) -> None:
        for name, value in {
            "weekdays": frozenset(weekdays),
            "starts": starts,
            "ends": ends,
            "from_on": from_on,
            "until_on": until_on,
            "zone": zone,
            "every_weeks": every_weeks,
            "ends_next_day": ends_next_day,
            "nth_of_month": tuple(sorted(set(nth_of_month), key=lambda n: n % 9)),
            "more_times": tuple(more_times),
            "count": count,
            "on_closure": on_closure,
        }.items():
            object.__setattr__(self, name, value)
        self._check()

    @cached_property
    def times(self) -> tuple[Times, ...]:
        """Every time of the pattern, its own first."""
        own = Times(self.weekdays, self.starts, self.ends, self.ends_next_day)
        return (own, *self.more_times)

    @cached_property
    def every_weekday(self) -> frozenset[int]:
        """The weekdays of all its times."""
        return frozenset().union(*(t.weekdays for t in self.times))

    def times_on(self, on: date) -> list[Times]:
        """The times of a date of the pattern, by start."""
        return sorted((t for t in self.times if on.weekday() in t.weekdays), key=lambda t: t.starts)

    @property
    def words(self) -> str:
        """ "Every 2 weeks on Mondays and Thursdays, 10:00–10:50"."""
        return in_words(self.times, every_weeks=self.every_weeks, nth_of_month=self.nth_of_month)

    def _check(self) -> None:
        self.times[0].check()
        if len(self.more_times) > MOST_TIMES:
            raise Refused(
                f"A series has at most {MOST_TIMES} further times. Plan the others as a series of "
                "their own.",
                field="more_times",
                code="out_of_range",
            )
        for times in self.more_times:
            times.check(field="more_times")
        _check_overlaps(self.times)
        self._check_days()
        if not 1 <= self.every_weeks <= LONGEST_INTERVAL_WEEKS:
            raise Refused(
                f"Weeks between sessions are a number from 1 to {LONGEST_INTERVAL_WEEKS}.",
                field="every_weeks",
                code="out_of_range",
            )
        if not set(self.nth_of_month) <= NTH.keys():
            raise Refused(
                "Choose from the 1st to the 4th, or the last one of the month.",
                field="nth_of_month",
            )
        if self.nth_of_month and self.every_weeks != 1:
            raise Refused(
                "A series goes by weeks or by the month, not by both. Choose one of them.",
                field="every_weeks",
            )
        if self.on_closure not in (SKIP, SHIFT, KEEP):
            raise Refused("Choose what becomes of closed days.", field="on_closure")
        find_zone(self.zone)

    def _check_days(self) -> None:
        for name, on in (("from_on", self.from_on), ("until_on", self.until_on)):
            if on is not None and not FIRST_YEAR <= on.year <= LAST_YEAR:
                raise Refused(
                    f"The year {on.year} cannot be right. Write a date between {FIRST_YEAR} "
                    f"and {LAST_YEAR}.",
                    field=name,
                    code="out_of_range",
                )
        if self.count is not None:
            if self.until_on is not None:
                raise Refused(
                    "A series ends on a day or after a number of sessions. Give one of the two.",
                    field="count",
                )
            if not 1 <= self.count <= MOST_SESSIONS:
                raise Refused(
                    f"The number of sessions is from 1 to {MOST_SESSIONS}.",
                    field="count",
                    code="out_of_range",
                )
            return
        if self.until_on is None:
            raise Refused(
                "Choose a last day, or after how many sessions the series ends.",
                field="until_on",
                code="required",
            )
        if self.until_on < self.from_on:
            raise Refused(
                f"The last day ({wording.date_in_full(self.until_on)}) comes before the first "
                f"({wording.date_in_full(self.from_on)}). Choose a later last day.",
                field="until_on",
                code="backwards",
            )
        if self.until_on - self.from_on > LONGEST_SERIES:
            raise Refused(
                "A series lasts at most five years. Choose an earlier last day.",
                field="until_on",
                code="too_long",
            )


def _check_times(starts: time, ends: time, *, ends_next_day: bool, field: str = "ends") -> None:
    if ends_next_day:
        if ends >= starts:
            far = "over 24 hours" if ends > starts else "a whole day"
            raise Refused(
                f"From {wording.span(starts, ends)} on the next day is {far}. "
                "Leave out “ends the next day”.",
                field=field,
                code="too_long",
            )
    elif ends == starts:
        raise Refused(
            f"The session ends when it starts, at {wording.clock_time(starts)}. "
            "Choose a later end.",
            field=field,
            code="backwards",
        )
    elif ends < starts:
        raise Refused(
            f"The end ({wording.clock_time(ends)}) comes before the start "
            f"({wording.clock_time(starts)}). Choose a later end, or say that it ends the next "
            "day.",
            field=field,
            code="backwards",
        )


def _check_overlaps(every: Sequence[Times]) -> None:
    """Refuse two times of one pattern that overlap on a day or over midnight."""
    if len(every) == 1 and not every[0].ends_next_day:
        return
    spans = []
    for times in every:
        for day in times.weekdays:
            start = _minutes(times.starts) + 24 * 60 * day
            length = (_minutes(times.ends) - _minutes(times.starts)) % (24 * 60)
            spans.append((start, start + length, times))
    spans.sort(key=lambda span: span[:2])
    week = 7 * 24 * 60
    following = [*spans[1:], (spans[0][0] + week, spans[0][1] + week, spans[0][2])]
    for (_, end, one), (start, _, two) in zip(spans, following, strict=True):
        if start < end:
            raise Refused(
                f"{one.words} and {two.words} overlap. Choose times that follow one another.",
                field="more_times",
                code="overlap",
            )


def _minutes(at: time) -> int:
    return at.hour * 60 + at.minute


# --- in words ---------------------------------------------------------------------------------------
def in_words(
    every: Sequence[Times], *, every_weeks: int = 1, nth_of_month: Sequence[int] = ()
) -> str:
    """How a person says a pattern, without its days from and until.

    "Mondays and Wednesdays, 10:00–10:50" · "Every 2 weeks on Mondays, 10:00–10:50, and Thursdays,
    14:00–14:50" · "The 2nd and last Tuesday of the month, 18:00–19:00"
    """
    said = []
    for number, times in enumerate(every):
        if nth_of_month:
            which = wording.listing([NTH[n] for n in nth_of_month])
            days = wording.listing([WEEKDAYS[d] for d in sorted(times.weekdays)])
            words = f"the {which} {days}" + ("" if number else " of the month")
        else:
            words = weekdays_in_words(times.weekdays)
            if number and words in ("Every day", "Monday to Friday"):
                words = words.replace("Every", "every")
        said.append(f"{words}, {times.words}")
    text = said[0] if len(said) == 1 else f"{', '.join(said[:-1])}, and {said[-1]}"
    if nth_of_month:
        return text[:1].upper() + text[1:]
    if every_weeks == 1:
        return text
    joined = {"Monday to Friday": "from ", "Every day": "every day"}
    for known, by in joined.items():
        if text.startswith(known):
            rest = text if by == "from " else text.removeprefix(known)
            return f"Every {every_weeks} weeks {by}{rest}"
    return f"Every {every_weeks} weeks on {text}"


def weekdays_in_words(weekdays: Iterable[int]) -> str:
    """ "Mondays", "Mondays and Wednesdays", "Monday to Friday"."""
    days = sorted(set(weekdays))
    if days == [0, 1, 2, 3, 4]:
        return "Monday to Friday"
    if days == list(range(7)):
        return "Every day"
    return wording.listing([f"{WEEKDAYS[d]}s" for d in days])


# --- dates ------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Occurrence:
    """One date of a series. `starts_at` and `ends_at` are in UTC; in a gap there are none.

    `reason` is a whole sentence when there is something to say, else ''. `starts` and `ends` are
    the times on the wall. A shifted one stands on `local_date` and knows its own day, `instead_of`.
    """

    local_date: date
    starts_at: datetime | None
    ends_at: datetime | None
    verdict: Verdict
    reason: str = ""
    starts: time = time.min
    ends: time = time.min
    instead_of: date | None = None

    @property
    def takes_place(self) -> bool:
        """Whether the date gives a session."""
        return self.verdict not in (Verdict.CLOSED, Verdict.GAP)

    @property
    def local_start(self) -> datetime:
        """Day and time on the wall: what tells two sessions of one day apart."""
        return datetime.combine(self.local_date, self.starts)

    @property
    def minutes(self) -> int | None:
        """Elapsed minutes; None for a GAP."""
        if self.starts_at is None or self.ends_at is None:
            return None
        return (self.ends_at - self.starts_at) // ONE_MINUTE


@dataclass(frozen=True)
class Reading:
    """What a local wall-clock time means in a zone: an instant in UTC, or none in a gap.

    In a gap `jump` is the pair of local times between which the clocks jump.
    """

    at: datetime | None
    repeated: bool = False
    jump: tuple[datetime, datetime] | None = None


@lru_cache(maxsize=256)
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)


def find_zone(name: str) -> ZoneInfo:
    """The time zone of an IANA name such as "America/New_York"; `Refused` (field "zone") else."""
    try:
        return _zone(name)
    except (ZoneInfoNotFoundError, ValueError, OSError, TypeError):
        raise Refused(
            f"The time zone “{name}” is not known. Write it as in America/New_York.",
            field="zone",
            code="unknown_zone",
        ) from None


def read_local(local: datetime, zone: ZoneInfo) -> Reading:
    """What the naive local time `local` means in `zone`. Raises `ValueError` if it is aware."""
    if local.tzinfo is not None:
        raise ValueError("a local wall-clock time carries no zone")
    local = local.replace(fold=0)
    first = local.replace(tzinfo=zone).astimezone(UTC)
    second = local.replace(tzinfo=zone, fold=1).astimezone(UTC)
    if first == second:
        return Reading(first)
    if first < second:
        return Reading(first, repeated=True)
    # In a gap the offset of before (fold 0) reads it as after the jump, and the other way round.
    after = first.astimezone(zone).replace(tzinfo=None, fold=0)
    before = second.astimezone(zone).replace(tzinfo=None, fold=0)
    size = after - local
    # The jump lies between `before` and `after`; both ends follow from any time inside it:
    # search the last existing minute before `local`.
    edge = local
    while edge > before and _in_gap(edge - ONE_MINUTE, zone):
        edge -= ONE_MINUTE
    return Reading(None, jump=(edge, edge + size))


def _in_gap(local: datetime, zone: ZoneInfo) -> bool:
    first = local.replace(tzinfo=zone).astimezone(UTC)
    return first.astimezone(zone).replace(tzinfo=None, fold=0) != local


def occurrences(pattern: Pattern, closures: Mapping[date, str]) -> list[Occurrence]:
    """Every date of the pattern in order, each with its verdict; closed dates are in the list.

    `closures` says why a local date is closed, for example {date(2026, 11, 26): "Thanksgiving"}.
    An empty list means that no date of the period falls on the weekdays. With a `count` the list
    ends with the session that fills it, and `Refused` says when five years do not suffice.
    """
    rule = _rule(pattern)
    zone = find_zone(pattern.zone)
    found: list[Occurrence] = []
    places, taken = 0, set[date]()
    for own in rule:
        target, closed = _placed(pattern, own.date(), rule, zone, closures, taken)
        for times in pattern.times_on(own.date()):
            made = _occurrence(times, own.date(), target, zone, closed)
            found.append(made)
            places += made.takes_place
            if places == pattern.count:
                return sorted(found, key=lambda o: o.local_start)
    if pattern.count is not None:
        said = wording.count(places, "session")
        raise Refused(
            f"Only {said} would take place within five years. Choose a smaller number.",
            field="count",
            code="too_long",
        )
    return sorted(found, key=lambda o: o.local_start)


def last_day(pattern: Pattern, dates: Iterable[Occurrence]) -> date:
    """The last day of the series: the one chosen, or that of the last session that is counted."""
    if pattern.until_on is not None:
        return pattern.until_on
    return max((o.local_date for o in dates if o.takes_place), default=pattern.from_on)


def _rule(pattern: Pattern) -> rrule:
    """The days of a pattern as naive midnights, whatever is closed."""
    days = sorted(pattern.every_weekday)
    last = pattern.until_on or pattern.from_on + LONGEST_SERIES
    by_month = bool(pattern.nth_of_month)
    return rrule(
        MONTHLY if by_month else WEEKLY,
        dtstart=datetime.combine(pattern.from_on, time.min),
        until=datetime.combine(last, time.min),
        interval=pattern.every_weeks,
        byweekday=(
            [rule_weekday(day, n) for day in days for n in pattern.nth_of_month]
            if by_month
            else days
        ),
        wkst=MO,
        cache=True,
    )


def _placed(
    pattern: Pattern,
    own: date,
    rule: rrule,
    zone: ZoneInfo,
    closures: Mapping[date, str],
    taken: set[date],
) -> tuple[date | None, str]:
    """Where a date of the pattern takes place, and what is said of a closed one; None: nowhere."""
    if own not in closures:
        return own, ""
    why = closures[own].strip().rstrip(".")
    said = f"Closed: {why}." if why else "Closed on this day."
    if pattern.on_closure == KEEP:
        return own, f"{said} It takes place all the same."
    if pattern.on_closure == SKIP:
        return None, said
    for day in _open_days(pattern, own, closures):
        free = day not in taken and datetime.combine(day, time.min) not in rule
        if free and all(
            read_local(at, zone).at is not None
            for times in pattern.times_on(own)
            for at in _ends_of(times, day)
        ):
            taken.add(day)
            told = (
                f"{wording.day(own)} is closed: {why}." if why else f"{wording.day(own)} is closed."
            )
            return day, f"{told} It takes place on {wording.day(day)} instead."
    return None, f"{said} No other open day follows soon enough."


def _open_days(pattern: Pattern, own: date, closures: Mapping[date, str]) -> Iterator[date]:
    """The days after a closed one that could take its place."""
    weekends = bool(pattern.every_weekday & WEEKEND)
    for days in range(1, SHIFT_AT_MOST + 1):
        day = own + timedelta(days=days)
        if pattern.until_on is not None and day > pattern.until_on:
            return
        if day not in closures and (weekends or day.weekday() not in WEEKEND):
            yield day


def _ends_of(times: Times, on: date) -> tuple[datetime, datetime]:
    """Start and end on the wall."""
    return (
        datetime.combine(on, times.starts),
        datetime.combine(on + ONE_DAY if times.ends_next_day else on, times.ends),
    )


def _occurrence(
    times: Times, own: date, target: date | None, zone: ZoneInfo, closed: str
) -> Occurrence:
    """One time of one date: `own` as the pattern has it, `target` where it takes place."""
    on = own if target is None else target
    starts, ends = _ends_of(times, on)
    start, end = read_local(starts, zone), read_local(ends, zone)
    known: dict[str, Any] = {"starts": times.starts, "ends": times.ends}
    if target is None:
        # What the date would have been is kept where it exists, so that it can still be shown.
        whole = start.at is not None and end.at is not None
        return Occurrence(
            on,
            start.at if whole else None,
            end.at if whole else None,
            Verdict.CLOSED,
            closed,
            **known,
        )
    if start.at is None or end.at is None:
        missing, reading = (starts, start) if start.at is None else (ends, end)
        return Occurrence(on, None, None, Verdict.GAP, _gap_sentence(missing, reading), **known)
    notes = [closed] if closed else []
    if start.repeated or end.repeated:
        twice = starts if start.repeated else ends
        notes.append(
            f"{wording.clock_time(twice)} comes twice on {wording.day(twice, year=True)}, "
            "when the clocks go back: the first one is meant."
        )
    said, lived = (ends - starts) // ONE_MINUTE, (end.at - start.at) // ONE_MINUTE
    if said != lived:
        notes.append(
            f"The clocks change during this session: it lasts {wording.count(lived, 'minute')}, "
            f"not {said}."
        )
    verdict = Verdict.REPEATED if start.repeated or end.repeated else Verdict.FINE
    if closed:
        verdict = Verdict.KEPT if on == own else Verdict.SHIFTED
    return Occurrence(
        on,
        start.at,
        end.at,
        verdict,
        " ".join(notes),
        **known,
        instead_of=own if on != own else None,
    )


def _gap_sentence(missing: datetime, reading: Reading) -> str:
    text = f"{wording.clock_time(missing)} does not exist on {wording.day(missing, year=True)}"
    if reading.jump:
        left, reached = reading.jump
        text += (
            f": the clocks go forward from {wording.clock_time(left)} "
            f"to {wording.clock_time(reached)}"
        )
    return f"{text}. Choose another time for this date or leave it out."


def wall_clock_before(starts_at: datetime, zone: str, hours: float) -> datetime:
    """The instant, in UTC, that people mean by "`hours` before" a session in `zone`.

    Whole days are counted on the wall clock: 24 hours before Monday 10:00 is Sunday 10:00, also
    when the clocks changed in between (23 or 25 hours of elapsed time). What is left over, and
    anything under 24 hours, is elapsed time: 2 hours before is 120 minutes before. If the wall
    clock shows that time twice, the first is taken; if it never shows it, the instant lies as far
    after the jump as the time lies into the gap (2:30 becomes 3:30), never earlier than asked.

    Raises `ValueError` for a naive instant or negative hours, `Refused` for an unknown zone.
    """
    if starts_at.utcoffset() is None:
        raise ValueError("the start of a session is an aware instant; this one is naive")
    if hours < 0:
        raise ValueError("hours before a session cannot be negative")
    days, rest = divmod(timedelta(hours=hours), ONE_DAY)
    start = starts_at.astimezone(UTC)
    if days:
        place = find_zone(zone)
        local = start.astimezone(place).replace(tzinfo=None)
        # fold: a session in the repeated hour is reminded of by its wall-clock time
        start = (local - days * ONE_DAY).replace(tzinfo=place, fold=0).astimezone(UTC)
    return start - rest


def wall_clock_after(ends_at: datetime, zone: str, hours: float) -> datetime:
    """The instant, in UTC, that people mean by "`hours` after" a session in `zone`: whole days by
    the clock on the wall, what is left over as elapsed time, as with `wall_clock_before`."""
    if ends_at.utcoffset() is None:
        raise ValueError("the end of a session is an aware instant; this one is naive")
    days, rest = divmod(timedelta(hours=hours), ONE_DAY)
    end = ends_at.astimezone(UTC)
    if days:
        place = find_zone(zone)
        local = end.astimezone(place).replace(tzinfo=None)
        end = (local + days * ONE_DAY).replace(tzinfo=place, fold=0).astimezone(UTC)
    return end + rest
