"""Minutes attended: pure arithmetic over instants, in whole minutes.

Sources: shared rules of the program, "Attendance" (arrival and departure) and "Units" (units are
computed from minutes, which therefore are never rounded up here).
"""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from phpsupport.lib.errors import Refused

ONE_MINUTE = timedelta(minutes=1)
NOON = time(12)


def instant_of(clock: time, starts_at: datetime, ends_at: datetime, zone: ZoneInfo) -> datetime:
    """The instant at which the clock on the wall shows `clock` around a session: on the local day
    on which it starts, or, where it ends on the next day and it is before noon, on that day."""
    first, last = starts_at.astimezone(zone).date(), ends_at.astimezone(zone).date()
    return datetime.combine(last if last > first and clock < NOON else first, clock, zone)


def minutes_attended(
    starts_at: datetime,
    ends_at: datetime,
    arrived_at: datetime | None = None,
    departed_at: datetime | None = None,
) -> int:
    """Whole minutes that a person was there while the session ran, rounded down; never negative.

    No arrival means there from the start, no departure means there until the end. Coming early and
    staying on do not count; coming after the end counts 0. All instants are aware; the minutes are
    elapsed time, so an hour during which the clocks change is counted as it was lived.

    Raises `Refused` when the session ends before it starts (field "ends_at") or the departure
    comes before the arrival (field "departed_at"), and `ValueError` for a naive instant.
    """
    start, end = _instant(starts_at), _instant(ends_at)
    if end < start:
        raise Refused(
            "The session ends before it starts. Correct its times.",
            field="ends_at",
            code="backwards",
        )
    arrived = start if arrived_at is None else _instant(arrived_at)
    departed = end if departed_at is None else _instant(departed_at)
    if arrived_at is not None and departed_at is not None and departed < arrived:
        raise Refused(
            "The departure comes before the arrival. Correct one of them.",
            field="departed_at",
            code="backwards",
        )
    return max(timedelta(), min(departed, end) - max(arrived, start)) // ONE_MINUTE


def _instant(at: datetime) -> datetime:
    if at.utcoffset() is None:
        raise ValueError("minutes are counted between aware instants; this one is naive")
    return at.astimezone(UTC)
