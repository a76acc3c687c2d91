"""The line in front of a full group, and leaving before the end. Pure: values in, values out."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta

from phpsupport.lib.periods import Period
from sessions.conflicts import first_date_over_capacity
from sessions.recurrence import find_zone

ONE_DAY = timedelta(days=1)


def kept_until(at: datetime, zone: str, hours: int) -> datetime:
    """The instant, in UTC, until which an offer made at `at` keeps a place in `zone`.

    Whole days are counted on the wall clock: 24 hours after Saturday 14:00 is Sunday 14:00, also
    when the clocks changed in between. What is left over, and anything under 24 hours, is elapsed
    time. Where the wall clock shows that time twice, the second counts; where it never shows it,
    the offer ends as long after the jump: never earlier than people were told.
    """
    if at.utcoffset() is None:
        raise ValueError("an offer is made at an aware instant; this one is naive")
    days, rest = divmod(timedelta(hours=hours), ONE_DAY)
    start = at.astimezone(UTC)
    if days:
        place = find_zone(zone)
        local = start.astimezone(place).replace(tzinfo=None) + days * ONE_DAY
        start = max(local.replace(tzinfo=place, fold=fold).astimezone(UTC) for fold in (0, 1))
    return start + rest


def first_free(
    taken: Iterable[Period[date]], capacity: int, first: date, last: date
) -> date | None:
    """The earliest day in `first`–`last` from which a place is free to the end; None if none is."""
    taken = list(taken)
    starts = {first} | {p.end for p in taken if p.end is not None and first < p.end <= last}
    for start in sorted(starts):
        if first_date_over_capacity(taken, capacity, Period.days(start, last)) is None:
            return start
    return None


def falls_inside(at: time, starts: time, ends: time) -> bool:
    """Whether a time of day lies after the start and before the end, also across midnight."""
    if starts < ends:
        return starts < at < ends
    return at > starts or at < ends
