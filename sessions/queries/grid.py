"""Sessions laid out for the eye: lanes of a day or a week, rows of rooms and people, a month, a list.

Pure: entries and names come in, places go out; nothing here asks the database or the clock.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import cache
from uuid import UUID

from django.urls import reverse

from phpsupport.lib import wording
from phpsupport.lib.templatetags.look import slot_classes
from sessions.queries.entries import Entry
from sessions.queries.slots import person_name

EARLIEST, LATEST = 9, 15  # hours shown when nothing asks for more
IN_A_MONTHS_CELL = 5  # sessions named in one day of a month; the rest are counted
DAY = timedelta(days=1)


@dataclass
class Placed:
    """A session in the picture."""

    entry: Entry
    url: str
    place: str = ""
    own: bool = False

    @property
    def lead_line(self) -> str:
        e = self.entry
        return "" if e.gap or e.not_cleared or e.cancelled else e.leads

    @property
    def starts(self) -> str:
        """ "14:00"."""
        return wording.clock_time(self.entry.starts)

    @property
    def open(self) -> bool:
        """Whether it can still be moved, staffed or cancelled."""
        return self.entry.planned


@dataclass
class Lane:
    """A column of the grid: a day, or one room or person on a day."""

    key: str
    name: str
    note: str = ""
    today: bool = False
    closed: str = ""
    slots: list[Placed] = field(default_factory=list)
    now_row: int | None = None
    other: bool = False  # a day of the month before or after
    more: int = 0  # sessions of a month's day beyond those named
    beside: int = 1  # the most slots that share a time

    @property
    def iso(self) -> str:
        """The day of a lane of its own, as an address says it."""
        return self.key.removeprefix("d")

    @property
    def number(self) -> str:
        return wording.count(len(self.slots) + self.more, "session")


@dataclass
class Cell:
    """What one room or person has on one day."""

    lane: Lane
    slots: list[Placed]


@dataclass
class ResourceRow:
    """A room or a person with its days."""

    name: str
    note: str
    cells: list[Cell]


@dataclass
class Grid:
    """Lanes under one axis of hours."""

    hours: list[tuple[str, str]]
    hour_count: int
    lanes: list[Lane]


@dataclass(frozen=True)
class Eye:
    """For whom and for which instant something is laid out."""

    person: UUID
    now: datetime  # by the site's clock
    closed: Mapping[date, str]

    @property
    def today(self) -> date:
        return self.now.date()

    def placed(self, e: Entry, place: str = "") -> Placed:
        own = any(p["person"] == str(self.person) for p in e.people)
        return Placed(e, session_url(e.id), place, own)

    def lane(self, day: date) -> Lane:
        """The empty lane of a day."""
        return Lane(
            key=f"d{day.isoformat()}",
            name=wording.WEEKDAYS[day.weekday()],
            note=str(day.day),
            today=day == self.today,
            closed=self.closed.get(day, ""),
        )


@cache
def _address() -> str:
    nobody = "00000000-0000-0000-0000-000000000000"
    return reverse("sessions:session", args=[nobody]).replace(nobody, "{}")


def session_url(pk: UUID | str) -> str:
    """The address of a session's page, without asking the resolver for each."""
    return _address().format(pk)


# --- rooms and people -------------------------------------------------------------------------------
Keys = Callable[[Entry], dict[str, str]]
NOBODY = ""


def rooms_of(e: Entry) -> dict[str, str]:
    """The row of a session among the rooms."""
    return {str(e.room_id): e.room}


def people_of(e: Entry) -> dict[str, str]:
    """The rows of a session among the people; one of their own for what nobody leads."""
    return {p["id"]: person_name(p) for p in e.people} or {NOBODY: "Nobody yet"}


def resources(
    shown: Sequence[Entry], names: Mapping[str, str], keys: Keys, *, only_used: bool
) -> list[tuple[str, str]]:
    """Rooms or people in order, what belongs to nobody first; with a filter only those concerned."""
    used: dict[str, str] = {}
    for e in shown:
        used |= keys(e)
    listed = used if only_used else {**names, **used}
    labels = {**used, **names}
    return sorted(
        ((key, labels[key]) for key in listed),
        key=lambda item: (item[0] != NOBODY, item[1].casefold()),
    )


# --- lanes ------------------------------------------------------------------------------------------
def minutes_of(at: datetime, on: date) -> int:
    """Minutes after midnight of `on`."""
    return (at.date() - on).days * 1440 + at.hour * 60 + at.minute


def hours_of(shown: Sequence[Entry]) -> tuple[int, int]:
    """The first and the last hour that the axis needs."""
    first = min([EARLIEST, *(e.starts.hour for e in shown)])
    last = max([LATEST, *(-(-minutes_of(e.ends, e.on) // 60) for e in shown)])
    return first, max(first + 1, min(last, 24))


def by_day(days: Sequence[date], shown: Sequence[Entry], eye: Eye) -> Grid:
    """A lane for each day."""
    first, last = hours_of(shown)
    lanes = []
    for day in days:
        lane = eye.lane(day)
        fill(lane, [e for e in shown if e.on == day], day, first, last, eye)
        lanes.append(lane)
    return Grid(_axis(first, last), last - first, lanes)


def by_resource(
    day: date, shown: Sequence[Entry], listed: Sequence[tuple[str, str]], keys: Keys, eye: Eye
) -> Grid:
    """A lane for each room or person on one day."""
    first, last = hours_of(shown)
    lanes = []
    for key, name in listed:
        found = [e for e in shown if key in keys(e)]
        lane = Lane(key=f"r{key or 'nobody'}", name=name, note=load(found))
        lane.closed = eye.closed.get(day, "")
        fill(lane, found, day, first, last, eye)
        lanes.append(lane)
    return Grid(_axis(first, last), last - first, lanes)


def fill(lane: Lane, found: Sequence[Entry], day: date, first: int, last: int, eye: Eye) -> None:
    """Put sessions of a day into a lane, and the line of the present moment."""
    for e, column, of in columns(found):
        until = min(minutes_of(e.ends, day), 1440)
        place = slot_classes(minutes_of(e.starts, day), until, first, column, of)
        lane.slots.append(eye.placed(e, place))
        lane.beside = max(lane.beside, min(of, 12))
    row = (minutes_of(eye.now, day) - first * 60) // 5
    if day == eye.today and 0 <= row < (last - first) * 12:
        lane.now_row = row


def _axis(first: int, last: int) -> list[tuple[str, str]]:
    return [(f"row-{n * 12}", f"{first + n}:00") for n in range(last - first)]


def columns(found: Sequence[Entry]) -> list[tuple[Entry, int, int]]:
    """Sessions of a day with their column and the number of columns they share."""
    placed: list[tuple[Entry, int, int]] = []
    together: list[tuple[Entry, int]] = []
    until: datetime | None = None

    def close() -> None:
        of = max((column for _, column in together), default=1)
        placed.extend((e, column, of) for e, column in together)
        together.clear()

    for e in sorted(found, key=lambda e: (e.starts_at, e.ends_at, e.group)):
        if until is not None and e.starts_at >= until:
            close()
            until = None
        taken = {column for other, column in together if other.ends_at > e.starts_at}
        column = next(n for n in range(1, len(together) + 2) if n not in taken)
        together.append((e, column))
        until = max(until, e.ends_at) if until else e.ends_at
    close()
    return placed


# --- a table of rooms or people, a month, a list ----------------------------------------------------
def table(
    days: Sequence[date],
    shown: Sequence[Entry],
    listed: Sequence[tuple[str, str]],
    keys: Keys,
    eye: Eye,
) -> tuple[list[Lane], list[ResourceRow]]:
    """The days of the head, and a row for each room or person with a cell for each day."""
    lanes = [eye.lane(day) for day in days]
    rows = []
    for key, name in listed:
        found = [e for e in shown if key in keys(e)]
        cells = [
            Cell(lane, [eye.placed(e) for e in found if e.on == day])
            for day, lane in zip(days, lanes, strict=True)
        ]
        rows.append(ResourceRow(name, load(found) or "free all week", cells))
    return lanes, rows


def load(found: Sequence[Entry]) -> str:
    """How many sessions take place; '' for none."""
    number = sum(not e.cancelled for e in found)
    return wording.count(number, "session") if number else ""


def month(
    first: date, since: date, until: date, shown: Sequence[Entry], eye: Eye
) -> list[list[Lane]]:
    """The weeks of a month; a weekend only where something takes place on one, and no week of
    which then only days of another month are left."""
    width = max(5, 1 + max((e.on.weekday() for e in shown), default=4))
    weeks = []
    for n in range((until - since).days // 7):
        week = []
        for weekday in range(width):
            day = since + timedelta(days=7 * n + weekday)
            lane = eye.lane(day)
            lane.other = day.month != first.month
            found = [e for e in shown if e.on == day]
            named = found if len(found) <= IN_A_MONTHS_CELL else found[: IN_A_MONTHS_CELL - 1]
            lane.slots = [eye.placed(e) for e in named]
            lane.more = len(found) - len(named)
            week.append(lane)
        if not all(lane.other for lane in week):
            weeks.append(week)
    return weeks


def day_list(days: Sequence[date], shown: Sequence[Entry], eye: Eye) -> list[Lane]:
    """The days on which something takes place or which are closed, one below the other."""
    lanes = []
    for day in days:
        lane = eye.lane(day)
        lane.name = wording.day(day)
        lane.slots = [eye.placed(e) for e in shown if e.on == day]
        if lane.slots or lane.closed or lane.today:
            lanes.append(lane)
    return lanes
