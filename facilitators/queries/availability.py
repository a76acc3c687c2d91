"""When a facilitator can take groups, and when they are away, in words."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from facilitators.models import Availability, Facilitator
from facilitators.queries.clearance import Away
from phpsupport.lib import wording
from phpsupport.lib.ranges import Weekday


@dataclass(frozen=True)
class DayHours:
    """One weekday with its hours."""

    day: str
    hours: str


@dataclass(frozen=True)
class LeaveRow:
    """Days away, as they are shown."""

    id: UUID
    words: str
    note: str
    can_cancel: bool


def weekly_hours(facilitator: Facilitator) -> list[DayHours]:
    """The weekdays with hours, in order: one query. Empty means no limits."""
    by_day: dict[int, list[str]] = {}
    rows = Availability.objects.filter(facilitator=facilitator).order_by("weekday", "starts")
    for row in rows:
        by_day.setdefault(row.weekday, []).append(wording.span(row.starts, row.ends))
    return [DayHours(Weekday(day).label, wording.listing(said)) for day, said in by_day.items()]


def leave_rows(leave: Iterable[Away], today: date) -> tuple[list[LeaveRow], list[LeaveRow]]:
    """Leave now or to come, the next first; and what is over, the latest first."""
    coming: list[LeaveRow] = []
    over: list[LeaveRow] = []
    for away in leave:
        began, ended = away.from_on <= today, away.until_on < today
        row = LeaveRow(
            id=away.id,
            words=days_words(away.from_on, away.until_on),
            note="now" if began and not ended else "",
            can_cancel=not ended,
        )
        (over if ended else coming).append(row)
    return coming, over[::-1]


def days_words(first: date, last: date) -> str:
    """ "Mon 2 Mar 2026 through Fri 6 Mar 2026", or the one day."""
    if first == last:
        return wording.day(first, year=True)
    return (
        f"{wording.day(first, year=first.year != last.year)} through {wording.day(last, year=True)}"
    )
