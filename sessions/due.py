"""When a session's notes are due. Pure: values in, instants and words out.

By hours, the time runs from the end of the session, as a payer's watch does, also across a change
of the clocks. By business days, notes are due when the n-th business day after the day on which
the session ended is over at the site: weekends and the program's closed days do not count.
"""

from collections.abc import Container, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from facilitators.cadence import business_day_after, due_by_end_of
from phpsupport.lib import wording
from phpsupport.lib.periods import local_day

BUSINESS_DAYS: Final = "business_days"
ONE_DAY: Final = timedelta(days=1)


def due_at(
    ends_at: datetime, zone: str, rules: Mapping[str, Any], closed: Container[date]
) -> datetime:
    """The instant after which a signature counts as late. `rules` are those of the session's day."""
    if rules["note_due_by"] != BUSINESS_DAYS:
        # In UTC: two instants of one zone are added up by the clock on the wall.
        return ends_at.astimezone(UTC) + timedelta(hours=rules["note_due_hours"])
    held_on = ends_at.astimezone(ZoneInfo(zone)).date()
    return due_by_end_of(business_day_after(held_on, rules["note_due_days"], closed), zone)


def in_words(due: datetime, zone: str) -> str:
    """ "Fri 28 Nov, 10:50", or "the end of Fri 28 Nov" where the day as a whole is the time."""
    local = due.astimezone(ZoneInfo(zone))
    if local_day(local.date(), zone).start == due:
        return f"the end of {wording.day(local.date() - ONE_DAY)}"
    return f"{wording.day(local)}, {wording.clock_time(local)}"


def apart(longer: timedelta) -> str:
    """How long, roughly and as people say it: "20 minutes", "5 hours", "3 days"."""
    minutes = max(1, int(longer.total_seconds() // 60))
    if minutes < 60:
        return wording.count(minutes, "minute")
    hours = minutes // 60
    return wording.count(hours, "hour") if hours < 48 else wording.count(hours // 24, "day")
