"""What an address of the week asks for: a view, a day, an order, filters. Pure."""

import re
from dataclasses import dataclass
from datetime import date, timedelta

from sessions.queries.entries import Entry

VIEWS = ("day", "week", "month", "list")
WAYS = ("time", "room", "facilitator")
DAY, WEEK = timedelta(days=1), timedelta(days=7)


@dataclass(frozen=True)
class Wish:
    """A view of the schedule, as its address says it. Whatever cannot be read is left at its rest."""

    view: str
    on: date
    by: str = "time"
    group: str = ""
    facilitator: str = ""
    room: str = ""
    arrange: bool = False

    @classmethod
    def read(cls, asked: dict[str, str], *, today: date, resting: str = "week") -> "Wish":
        """From the parts of an address; `week=2026-W47` names a Monday, as older addresses do."""
        view, by = asked.get("view", ""), asked.get("by", "")
        return cls(
            view=view if view in VIEWS else resting,
            on=day_of(asked.get("date", "")) or monday_of(asked.get("week", "")) or today,
            by=by if by in WAYS else "time",
            group=asked.get("group", ""),
            facilitator=asked.get("facilitator", ""),
            room=asked.get("room", ""),
            arrange=bool(asked.get("arrange")),
        )

    @property
    def filtered(self) -> bool:
        return bool(self.group or self.facilitator or self.room)

    @property
    def first(self) -> date:
        """The first day of the day, week or month that is meant."""
        if self.view == "day":
            return self.on
        return self.on.replace(day=1) if self.view == "month" else monday(self.on)

    @property
    def span(self) -> tuple[date, date]:
        """The days shown, the second one not included; a month is shown in whole weeks."""
        if self.view == "day":
            return self.on, self.on + DAY
        if self.view != "month":
            return self.first, self.first + WEEK
        last = (self.first + timedelta(days=32)).replace(day=1) - DAY
        return monday(self.first), monday(last) + WEEK

    @property
    def beside(self) -> tuple[date, date]:
        """Days in the period before and in the one after."""
        if self.view == "month":
            return (self.first - DAY).replace(day=1), (self.first + timedelta(days=32)).replace(
                day=1
            )
        step = DAY if self.view == "day" else WEEK
        return self.on - step, self.on + step

    def wants(self, e: Entry) -> bool:
        """Whether a session passes the filters."""
        return (
            (not self.group or str(e.group_id) == self.group)
            and (not self.room or str(e.room_id) == self.room)
            and (not self.facilitator or any(p["id"] == self.facilitator for p in e.people))
        )


def monday(day: date) -> date:
    """The Monday of a day's week."""
    return day - timedelta(days=day.weekday())


def monday_of(code: str) -> date | None:
    """The Monday of "2026-W47"; None when it cannot be read."""
    found = re.fullmatch(r"(20\d\d)-W(\d\d?)", code)
    if found is None:
        return None
    try:
        return date.fromisocalendar(int(found[1]), int(found[2]), 1)
    except ValueError:
        return None


def day_of(text: str) -> date | None:
    """The day of "2026-11-18"; None when it cannot be read."""
    if not re.fullmatch(r"20\d\d-\d\d-\d\d", text):
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
