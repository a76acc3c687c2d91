"""The schedule of a day, a week or a month as its page shows it: what is known, what is missing."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from facilitators.models import Facilitator
from facilitators.queries.clearance import files_of
from phpsupport.access.roles import Role
from phpsupport.access.scope import scope_of
from phpsupport.lib import wording
from phpsupport.programs.models import Program
from phpsupport.users.models import User
from sessions.models import Part, Room
from sessions.queries import grid
from sessions.queries.entries import Entry, entries
from sessions.queries.grid import EARLIEST, LATEST, Eye, Grid, Lane, ResourceRow, session_url
from sessions.queries.series_preview import closures_between
from sessions.queries.slots import person_name
from sessions.queries.wish import DAY, WEEK, Wish

SEES_CLEARANCE = (Role.SCHEDULER, Role.PROGRAM_LEAD, Role.SUPERVISOR)
MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September",
    "October", "November", "December",
)  # fmt: skip
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


# --- what other pages of the schedule say as well ---------------------------------------------------
def note_clearance(found: Sequence[Entry]) -> None:
    """Write into coming sessions who of those who lead is not cleared that day. Three queries."""
    files = files_of({UUID(p["id"]) for e in found if e.planned for p in e.people})
    for e in found:
        if not e.planned:
            continue
        e.not_cleared = [
            person_name(p)
            for p in e.people
            if _away_or_not_cleared(files.get(UUID(p["id"])), e.on, p["part"])
        ]


def _away_or_not_cleared(file: Any, on: date, part: str) -> bool:
    return file is not None and not file.on(on, as_lead=part == Part.LEAD).cleared


def midnight(on: date, program: Program) -> datetime:
    """The instant at which a day begins at the site."""
    return datetime.combine(on, time.min, ZoneInfo(program.zone))


def who_is_not_cleared(e: Entry) -> str:
    """ "Ana Solís is not cleared"."""
    is_are = "is" if len(e.not_cleared) == 1 else "are"
    return f"{wording.listing(e.not_cleared)} {is_are} not cleared"


def short(e: Entry) -> str:
    """ "Wed 14:00"."""
    return f"{wording.WEEKDAYS[e.on.weekday()]} {wording.clock_time(e.starts)}"


# --- the page ---------------------------------------------------------------------------------------
@dataclass
class Choice:
    """One value of a filter."""

    value: str
    label: str
    chosen: bool = False


@dataclass
class Hand:
    """Somebody who can be put on a session."""

    id: str
    name: str
    load: str


@dataclass
class Week:
    """Everything that the page shows."""

    wish: Wish
    heading: str
    line: str
    this: bool
    total: int
    nothing: bool
    days: list[date]
    groups: list[Choice]
    people: list[Choice]
    rooms: list[Choice]
    asks: list[dict[str, str]] = field(default_factory=list)
    grid: Grid | None = None
    lanes: list[Lane] = field(default_factory=list)
    rows: list[ResourceRow] = field(default_factory=list)
    weeks: list[list[Lane]] = field(default_factory=list)
    hands: list[Hand] = field(default_factory=list)
    first_hour: int = EARLIEST
    last_hour: int = LATEST

    @property
    def by(self) -> str:
        return self.wish.by

    @property
    def width(self) -> int:
        """How many days of the week are shown."""
        return len(self.weeks[0]) if self.weeks else len(self.days)


def week(*, user: User, program: Program, wish: Wish, at: datetime) -> Week:
    """The page. Two queries, three more for clearance, one each for the names of rooms or people."""
    now = at.astimezone(ZoneInfo(program.zone))
    since, until = wish.span
    found = entries(
        program=program, since=midnight(since, program), until=midnight(until, program), at=at
    )
    closed = closures_between(program.pk, since, until + WEEK)
    may_see = scope_of(user).has(program.pk, *SEES_CLEARANCE)
    if may_see:
        note_clearance(found)
    shown = [e for e in found if wish.wants(e)]
    page = Week(
        wish=wish,
        heading=heading(wish, now.date()),
        line=_line(shown, closed, wish, may_see=may_see),
        this=wish.first <= now.date() < until and (wish.view != "month" or _same(wish, now)),
        total=len(found),
        nothing=not shown,
        days=_days(since, until, found),
        groups=_choices({str(e.group_id): e.group for e in found}, wish.group),
        people=_choices(
            {p["id"]: person_name(p) for e in found for p in e.people}, wish.facilitator
        ),
        rooms=_choices({str(e.room_id): e.room for e in found}, wish.room),
    )
    page.first_hour, page.last_hour = grid.hours_of(shown)
    page.asks = _asks(shown) if may_see and wish.view != "month" else []
    _lay_out(page, program, shown, Eye(user.pk, now, closed))
    return page


def _lay_out(page: Week, program: Program, shown: Sequence[Entry], eye: Eye) -> None:
    wish = page.wish
    if wish.arrange:
        names = facilitators(program, on=eye.today)
        page.hands = [
            Hand(key, name, grid.load([e for e in shown if key in grid.people_of(e)]) or "free")
            for key, name in names.items()
        ]
    if wish.view == "month":
        since, until = wish.span
        page.weeks = grid.month(wish.first, since, until, shown, eye)
    elif wish.view == "list":
        page.lanes = grid.day_list(page.days, shown, eye)
    elif wish.by == "time":
        page.grid = grid.by_day(page.days, shown, eye)
        page.lanes = page.grid.lanes
    else:
        by_room = wish.by == "room"
        keys = grid.rooms_of if by_room else grid.people_of
        if by_room:
            names = rooms(program)
        elif not wish.arrange:
            names = facilitators(program, on=eye.today)
        listed = grid.resources(shown, names, keys, only_used=wish.filtered)
        if wish.view == "day":
            page.grid = grid.by_resource(wish.on, shown, listed, keys, eye)
            page.lanes = page.grid.lanes
        else:
            page.lanes, page.rows = grid.table(page.days, shown, listed, keys, eye)


def rooms(program: Program) -> dict[str, str]:
    """The rooms in use at the site, by name. One query."""
    rows = Room.objects.filter(site_id=program.site_id, retired_on=None).order_by("name")
    return {str(pk): name for pk, name in rows.values_list("pk", "name")}


def facilitators(program: Program, *, on: date) -> dict[str, str]:
    """Whom one can put on the schedule from the day `on`, by name. One query."""
    rows = Facilitator.objects.filter(program=program).to_plan(on)
    return {
        str(f.pk): f.user.name
        for f in rows.select_related("user").order_by("user__first_name", "user__last_name")
        if f.ended_on is None
    }


def heading(wish: Wish, today: date) -> str:
    """ "Week of 16 November", "Wednesday 18 November", "November"; with the year where it differs."""
    first = wish.first
    words = f"{first.day} {MONTHS[first.month - 1]}"
    if wish.view == "month":
        return f"{MONTHS[first.month - 1]} {first.year}"
    words = f"{WEEKDAYS[first.weekday()]} {words}" if wish.view == "day" else f"Week of {words}"
    return f"{words} {first.year}" if first.year != today.year else words


def _same(wish: Wish, now: datetime) -> bool:
    return (wish.first.year, wish.first.month) == (now.year, now.month)


def _days(since: date, until: date, found: Sequence[Entry]) -> list[date]:
    """Monday to Friday, and the weekend as far as something takes place on it; one day as it is."""
    if until - since == DAY:
        return [since]
    last = max((e.on.weekday() for e in found), default=4)
    return [
        since + timedelta(days=n)
        for n in range((until - since).days)
        if (since + timedelta(days=n)).weekday() <= max(last, 4)
    ]


def _line(shown: Sequence[Entry], closed: dict[date, str], wish: Wish, *, may_see: bool) -> str:
    parts = [wording.count(sum(not e.cancelled for e in shown), "session")]
    gaps = sum(e.gap for e in shown)
    if gaps:
        parts.append(f"{gaps} without a facilitator")
    unsure = sum(bool(e.not_cleared) and not e.gap for e in shown)
    if unsure and may_see:
        parts.append(f"{unsure} with somebody not cleared")
    since, until = wish.span
    if wish.view == "day":
        parts += [f"closed: {closed[since]}"] if since in closed else []
        return " · ".join(parts)
    for words, of in (("", (since, until)), (" next week", (until, until + WEEK))):
        days = [
            f"{wording.WEEKDAYS[d.weekday()]} {d.day}"
            for d in sorted(closed)
            if d.weekday() < 5 and of[0] <= d < of[1]
        ]
        if days and (not words or wish.view != "month"):
            parts.append(f"closed {wording.listing(days)}{words}")
    return " · ".join(parts)


def _choices(names: dict[str, str], chosen: str) -> list[Choice]:
    listed = [
        Choice(value, label, value == chosen)
        for value, label in sorted(names.items(), key=lambda item: item[1].casefold())
    ]
    if chosen and chosen not in names:
        listed.insert(0, Choice(chosen, "Not in these days", True))
    return listed


def _asks(shown: Sequence[Entry]) -> list[dict[str, str]]:
    """What needs a person in these days, the most pressing first; at most four."""
    asks = [
        _ask("now", f"{short(e)} has no facilitator", f"{e.group} · {e.room}", e)
        for e in shown
        if e.gap
    ]
    asks += [
        _ask("soon", f"{short(e)}: {who_is_not_cleared(e)}", f"{e.group} · {e.room}", e)
        for e in shown
        if e.not_cleared and not e.gap
    ]
    if len(asks) > 4:
        rest = len(asks) - 3
        asks = asks[:3]
        asks.append(
            {
                "when": "plain",
                "title": f"{rest} more like these",
                "line": "They are marked below.",
                "url": "",
            }
        )
    return asks


def _ask(when: str, title: str, line: str, e: Entry) -> dict[str, str]:
    return {"when": when, "title": title, "line": line, "url": session_url(e.id)}
