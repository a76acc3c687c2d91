"""A weekly pattern in local wall-clock time and the dates it stands for. Pure: no clock, no rows.

A series says "Mondays at 10:00 in New York". Dates are expanded in naive local time and the zone is
attached afterwards, so that the local time stays and the distance to UTC changes with the season.

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
* With `every_weeks=2` the week (Monday to Sunday) that contains `from_on` is the first.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from dateutil.rrule import MO, WEEKLY, rrule

from phpsupport.lib import wording
from phpsupport.lib.errors import Refused

LONGEST_SERIES: Final = timedelta(days=5 * 366)
LONGEST_INTERVAL_WEEKS: Final = 52
FIRST_YEAR: Final = 2000  # a typing fault such as the year 26 is caught, and no date overflows
LAST_YEAR: Final = 2100
ONE_DAY: Final = timedelta(days=1)
ONE_MINUTE: Final = timedelta(minutes=1)


class Verdict(StrEnum):
    """What becomes of one date of a series."""

    FINE = "fine"
    CLOSED = "closed"
    GAP = "gap"
    REPEATED = "repeated"


@dataclass(frozen=True)
class Pattern:
    """When a series meets: weekdays (0 is Monday), local times, first and last day, zone.

    Every value is checked and refused with `Refused`, whose `field` names the value.
    """

    weekdays: frozenset[int]
    starts: time
    ends: time
    from_on: date
    until_on: date
    zone: str
    every_weeks: int = 1
    ends_next_day: bool = False

    def __init__(
        self,
        weekdays: Iterable[int],
        starts: time,
        ends: time,
        from_on: date,
        until_on: date,
        zone: str,
        every_weeks: int = 1,
        ends_next_day: bool = False,
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
        }.items():
            object.__setattr__(self, name, value)
        self._check()

    def _check(self) -> None:
        if not self.weekdays:
            raise Refused("Choose at least one weekday.", field="weekdays", code="required")
        if not self.weekdays <= set(range(7)):
            raise Refused("Choose weekdays from Monday to Sunday.", field="weekdays")
        if self.starts.tzinfo is not None or self.ends.tzinfo is not None:
            raise ValueError("the times of a pattern are local wall-clock times without a zone")
        _check_times(self.starts, self.ends, ends_next_day=self.ends_next_day)
        for name, on in (("from_on", self.from_on), ("until_on", self.until_on)):
            if not FIRST_YEAR <= on.year <= LAST_YEAR:
                raise Refused(
                    f"The year {on.year} cannot be right. Write a date between {FIRST_YEAR} "
                    f"and {LAST_YEAR}.",
                    field=name,
                    code="out_of_range",
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
        if not 1 <= self.every_weeks <= LONGEST_INTERVAL_WEEKS:
            raise Refused(
                f"Weeks between sessions are a number from 1 to {LONGEST_INTERVAL_WEEKS}.",
                field="every_weeks",
                code="out_of_range",
            )
        find_zone(self.zone)


def _check_times(starts: time, ends: time, *, ends_next_day: bool) -> None:
    if ends_next_day:
        if ends > starts:
            raise Refused(
                f"From {wording.span(starts, ends)} on the next day is over 24 hours. "
                "Leave out “ends the next day”.",
                field="ends",
                code="too_long",
            )
    elif ends == starts:
        raise Refused(
            f"The session ends when it starts, at {wording.clock_time(starts)}. "
            "Choose a later end.",
            field="ends",
            code="backwards",
        )
    elif ends < starts:
        raise Refused(
            f"The end ({wording.clock_time(ends)}) comes before the start "
            f"({wording.clock_time(starts)}). Choose a later end, or say that it ends the next "
            "day.",
            field="ends",
            code="backwards",
        )


@dataclass(frozen=True)
class Occurrence:
    """One date of a series. `starts_at` and `ends_at` are in UTC; in a gap there are none.

    `reason` is a whole sentence when there is something to say, else ''.
    """

    local_date: date
    starts_at: datetime | None
    ends_at: datetime | None
    verdict: Verdict
    reason: str = ""

    @property
    def takes_place(self) -> bool:
        """Whether the date gives a session: FINE or REPEATED."""
        return self.verdict in (Verdict.FINE, Verdict.REPEATED)

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
    An empty list means that no date of the period falls on the weekdays.
    """
    rule = rrule(
        WEEKLY,
        dtstart=datetime.combine(pattern.from_on, pattern.starts),
        until=datetime.combine(pattern.until_on, time.max),
        interval=pattern.every_weeks,
        byweekday=sorted(pattern.weekdays),
        wkst=MO,
    )
    zone = find_zone(pattern.zone)
    return [_occurrence(pattern, local.date(), zone, closures) for local in rule]


def _occurrence(
    pattern: Pattern, on: date, zone: ZoneInfo, closures: Mapping[date, str]
) -> Occurrence:
    starts = datetime.combine(on, pattern.starts)
    ends = datetime.combine(on + ONE_DAY if pattern.ends_next_day else on, pattern.ends)
    start, end = read_local(starts, zone), read_local(ends, zone)
    if on in closures:
        why = closures[on].strip().rstrip(".")
        reason = f"Closed: {why}." if why else "Closed on this day."
        # What the date would have been is kept where it exists, so that it can still be shown.
        whole = start.at is not None and end.at is not None
        return Occurrence(
            on,
            start.at if whole else None,
            end.at if whole else None,
            Verdict.CLOSED,
            reason,
        )
    if start.at is None or end.at is None:
        missing, reading = (starts, start) if start.at is None else (ends, end)
        return Occurrence(on, None, None, Verdict.GAP, _gap_sentence(missing, reading))
    notes = []
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
    return Occurrence(on, start.at, end.at, verdict, " ".join(notes))


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
