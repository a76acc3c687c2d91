"""One more session of a series, beside its pattern, before it is written."""

from datetime import date, datetime, time

from phpsupport.lib import clock, wording
from phpsupport.lib.errors import Refused
from sessions.models import GroupSeries, Room
from sessions.queries.consequence import Fresh
from sessions.queries.series import times_of
from sessions.recurrence import Pattern, occurrences


def one_more(
    *, series: GroupSeries, on: date, starts: time, ends: time, room: Room, at: datetime
) -> Fresh:
    """The session that would be made, led by those who lead the series on its day. One query.

    Refuses a day outside the series, a time that is over or does not exist, and a room that cannot
    be booked. Load the series with its group and its program's site.
    """
    if series.ended_at is not None:
        raise Refused("This series has ended. Plan a new one, or undo its end.", code="ended")
    if not max(series.from_on, clock.local_date(at, series.zone)) <= on <= series.until_on:
        raise Refused(
            f"Choose a day to come on which the series runs: it runs from "
            f"{wording.day(series.from_on, year=True)} to "
            f"{wording.day(series.until_on, year=True)}.",
            field="on",
            code="outside",
        )
    if room.site_id != series.program.site_id:
        raise Refused("Choose a room of this site.", field="room", code="stranger")
    if room.retired_on and room.retired_on <= on:
        raise Refused(f"{room.name} is no longer in use. Choose another room.", field="room")
    over_midnight = ends < starts and any(times.ends_next_day for times in times_of(series))
    pattern = Pattern(
        [on.weekday()], starts, ends, on, on, series.zone, ends_next_day=over_midnight
    )
    d = occurrences(pattern, {})[0]
    if d.starts_at is None or d.ends_at is None:
        raise Refused(d.reason, field="starts", code="gap")
    if d.starts_at <= at:
        raise Refused("That time is over. Choose a later one.", field="starts", code="past")
    led = series.assignments.on(on).select_related("facilitator__user").order_by("-part", "pk")
    people = tuple((row.facilitator, row.part) for row in led)
    return Fresh(series, on, d.starts_at, d.ends_at, room, people, by_hand=True)
