"""Half-open periods of days or of instants: the start belongs to a period, the end does not.

One shape for enrollments, leave, assignments and sessions, so that "until" means one thing:
a session that ends at 10:50 leaves the room free at 10:50, and an assignment that ends on the 4th
is over on the 4th. PostgreSQL's `daterange` and `tstzrange` with bounds "[)" are the same thing.

People say the last day: `Period.days(first, last)` and `last_day` translate.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Generic, Self, TypeVar
from zoneinfo import ZoneInfo

T = TypeVar("T", date, datetime)
ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Period(Generic[T]):
    """From `start` (in it) until `end` (not in it); `end` None means without an end.

    Both bounds are dates, or both are aware instants; instants are kept in UTC and so compared
    and measured as instants, whatever their zones. Raises `ValueError` for a naive instant, for a mixture and when
    the end comes before the start. A period whose end is its start is empty: it contains nothing
    and overlaps nothing (somebody admitted and discharged on one day, in half-open days).
    """

    start: T
    end: T | None = None

    def __post_init__(self) -> None:
        instants = isinstance(self.start, datetime)
        for bound in (self.start, self.end):
            if bound is None:
                continue
            if isinstance(bound, datetime) is not instants:
                raise ValueError("a period is of dates or of instants, not of both")
            if isinstance(bound, datetime) and bound.utcoffset() is None:
                raise ValueError("an instant needs a zone: this one is naive")
        # Zones are dropped: two instants of one zone would compare and subtract as wall clock.
        if isinstance(self.start, datetime):
            object.__setattr__(self, "start", self.start.astimezone(UTC))
        if isinstance(self.end, datetime):
            object.__setattr__(self, "end", self.end.astimezone(UTC))
        if self.end is not None and self.end < self.start:
            raise ValueError(f"a period cannot end ({self.end}) before it starts ({self.start})")

    # -- days as people say them ---------------------------------------------------------------
    @classmethod
    def days(cls, first: date, last: date | None = None) -> "Period[date]":
        """From `first` through `last`, the last day included; None means without an end."""
        return Period(first, None if last is None or last == date.max else last + ONE_DAY)

    @property
    def last_day(self) -> date | None:
        """The last day in a period of days; None when it has no end or is empty."""
        if isinstance(self.start, datetime):
            raise TypeError("last_day is for periods of days")
        return None if self.end is None or self.is_empty else self.end - ONE_DAY

    # -- one period ----------------------------------------------------------------------------
    @property
    def is_empty(self) -> bool:
        """Whether nothing is in it."""
        return self.end is not None and self.end == self.start

    @property
    def is_open(self) -> bool:
        """Whether it has no end."""
        return self.end is None

    @property
    def duration(self) -> timedelta:
        """How long it lasts: elapsed time for instants, days for dates. Open: `ValueError`."""
        if self.end is None:
            raise ValueError("a period without an end has no duration")
        return self.end - self.start

    def __contains__(self, moment: T) -> bool:
        return self.contains(moment)

    def contains(self, moment: T) -> bool:
        """Whether the day or instant lies in the period."""
        self._same_kind(moment)
        return self.start <= moment and (self.end is None or moment < self.end)

    # -- two periods ---------------------------------------------------------------------------
    def contains_period(self, other: "Period[T]") -> bool:
        """Whether every moment of `other` lies in this one. An empty one lies in any."""
        self._same_kind(other.start)
        if other.is_empty:
            return True
        if other.start < self.start:
            return False
        return self.end is None or (other.end is not None and other.end <= self.end)

    def overlaps(self, other: "Period[T]") -> bool:
        """Whether some moment lies in both."""
        return self.intersection(other) is not None

    def intersection(self, other: "Period[T]") -> "Period[T] | None":
        """What lies in both; None when nothing does."""
        self._same_kind(other.start)
        start = max(self.start, other.start)
        ends = [end for end in (self.end, other.end) if end is not None]
        end = min(ends) if ends else None
        return Period(start, end) if end is None or start < end else None

    def touches(self, other: "Period[T]") -> bool:
        """Whether one starts exactly where the other ends."""
        self._same_kind(other.start)
        return self.end == other.start or other.end == self.start

    def _same_kind(self, moment: Any) -> None:
        if isinstance(moment, datetime) is not isinstance(self.start, datetime):
            raise TypeError("a day is compared with days and an instant with instants")
        if isinstance(moment, datetime) and moment.utcoffset() is None:
            raise ValueError("an instant needs a zone: this one is naive")

    # -- ranges of the database ----------------------------------------------------------------
    @classmethod
    def from_range(cls, value: Any) -> Self:
        """From a psycopg or Django range with bounds "[)", as PostgreSQL gives them back."""
        if value.isempty or value.lower is None or not value.lower_inc or value.upper_inc:
            raise ValueError("only a non-empty range with bounds [) and a start is a period")
        return cls(value.lower, value.upper)


# --- many periods ---------------------------------------------------------------------------------
def merge(periods: Iterable[Period[T]]) -> list[Period[T]]:
    """The same moments in the fewest periods, by start; periods that touch become one."""
    merged: list[Period[T]] = []
    for period in sorted((p for p in periods if not p.is_empty), key=lambda p: p.start):
        last = merged[-1] if merged else None
        if last is None or (last.end is not None and last.end < period.start):
            merged.append(period)
        elif last.end is not None and (period.end is None or period.end > last.end):
            merged[-1] = Period(last.start, period.end)
    return merged


def gaps(within: Period[T], periods: Iterable[Period[T]]) -> list[Period[T]]:
    """The parts of `within` that no period covers, by start."""
    free: list[Period[T]] = []
    start = within.start
    for period in merge(periods):
        if within.end is not None and period.start >= within.end:
            break
        if period.start > start:
            free.append(Period(start, period.start))
        if period.end is None:
            return free
        start = max(start, period.end)
    if within.end is None or start < within.end:
        free.append(Period(start, within.end))
    return free


def total(periods: Iterable[Period[T]]) -> timedelta:
    """How long the periods last together, what overlaps counted once. Open: `ValueError`."""
    return sum((p.duration for p in merge(periods)), timedelta())


def each_day(period: Period[date]) -> Iterator[date]:
    """The days of a period, in order, without end for an open one (until the last date)."""
    on = period.start
    while on in period:
        yield on
        if on == date.max:
            return
        on += ONE_DAY


def local_day(on: date, zone: str | ZoneInfo) -> Period[datetime]:
    """The instants of the calendar day `on` in `zone`: 23, 24 or 25 hours.

    Where midnight does not exist or comes twice, the day begins at its first instant.
    """
    return Period(_day_start(on, zone), _day_start(on + ONE_DAY, zone))


def _day_start(on: date, zone: str | ZoneInfo) -> datetime:
    place = ZoneInfo(zone) if isinstance(zone, str) else zone
    midnight = datetime.combine(on, time.min, tzinfo=place)
    start = midnight.astimezone(UTC)
    if start.astimezone(place).replace(tzinfo=None) != midnight.replace(tzinfo=None):
        # Midnight falls into a gap. Read with the offset of after (fold=1) it lies before the
        # gap; the gap's end is where the local clock jumps: search the minute.
        before = midnight.replace(fold=1).astimezone(UTC)
        while before.astimezone(place).date() < on:
            before += timedelta(minutes=1)
        start = before
    return start
