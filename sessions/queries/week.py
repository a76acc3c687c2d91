"""The week as the page shows it: every session with what is known and what is missing."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from functools import cache
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import Count, Exists, IntegerField, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce
from django.urls import reverse

from facilitators.models import Facilitator, Stage
from facilitators.queries.clearance import files_of
from phpsupport.access.roles import Role
from phpsupport.access.scope import scope_of
from phpsupport.lib import wording
from phpsupport.lib.templatetags.look import slot_classes
from phpsupport.programs.models import Program
from phpsupport.users.models import User
from sessions.models import (
    CAME,
    Attendance,
    Enrollment,
    GroupKind,
    GroupNote,
    GroupSession,
    Part,
    Room,
    SessionState,
    WaitlistEntry,
    WaitOutcome,
)
from sessions.queries.series import closures_between, led_by
from sessions.queries.slots import person_name

SEES_CLEARANCE = (Role.SCHEDULER, Role.PROGRAM_LEAD, Role.SUPERVISOR)
EARLIEST, LATEST = 9, 15  # hours shown when nothing asks for more
WEEK = timedelta(days=7)
MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September",
    "October", "November", "December",
)  # fmt: skip


@dataclass
class Entry:
    """One session as any page of the schedule shows it, in the site's time."""

    id: UUID
    series_id: UUID
    group_id: UUID
    group: str
    kind: str
    room_id: UUID
    room: str
    on: date
    starts: datetime
    ends: datetime
    starts_at: datetime
    ends_at: datetime
    state: str
    reason: str
    moved: bool
    capacity: int
    enrolled: int
    waiting: int
    marked: int
    unmarked: int
    came: int
    noted: bool
    people: list[dict[str, str]]
    not_cleared: list[str] = field(default_factory=list)
    past: bool = False

    @property
    def cancelled(self) -> bool:
        return self.state == SessionState.CANCELLED

    @property
    def planned(self) -> bool:
        """Whether it still lies ahead and is to take place."""
        return self.state == SessionState.SCHEDULED and not self.past

    @property
    def led(self) -> bool:
        return any(p["part"] == Part.LEAD for p in self.people)

    @property
    def gap(self) -> bool:
        """Whether nobody leads a session that is to take place."""
        return self.planned and not self.led

    @property
    def unreported(self) -> bool:
        """Whether it is over and it is not yet said who came."""
        if not self.past or self.state not in (SessionState.SCHEDULED, SessionState.HELD):
            return False
        return self.state == SessionState.SCHEDULED or self.unmarked > 0

    @property
    def leads(self) -> str:
        return wording.listing([person_name(p) for p in self.people])

    @property
    def times(self) -> str:
        return wording.span(self.starts, self.ends)

    @property
    def look(self) -> str:
        """The kind of slot."""
        if self.cancelled or self.state == SessionState.NOT_HELD:
            return "cancelled"
        if self.past:
            return "held"
        if self.gap or self.not_cleared:
            return "gap"
        return "alumni" if self.kind == GroupKind.ALUMNI else "open"

    @property
    def words(self) -> str:
        """What stands behind the room: who came, how full it is, what is missing."""
        if self.cancelled:
            return "cancelled"
        if self.state == SessionState.NOT_HELD:
            return "not held"
        if self.past:
            if self.unreported:
                return "attendance is missing"
            return f"{self.came} of {max(self.enrolled, self.marked)} came"
        if self.gap:
            return "needs a facilitator"
        if self.not_cleared:
            return f"{wording.listing(self.not_cleared)} not cleared"
        full = f"{self.enrolled} of {self.capacity}"
        return f"{full}, {self.waiting} waiting" if self.waiting else full

    @property
    def title(self) -> str:
        """Everything in one line, for a pointer that rests on it."""
        led = f"led by {self.leads}" if self.people else "nobody leads it yet"
        return f"{self.group} · {self.times} · {self.room} · {self.words} · {led}"


def _number(rows: Any, key: str) -> Coalesce:
    counted = rows.order_by().values(key).annotate(n=Count("pk")).values("n")
    return Coalesce(Subquery(counted, output_field=IntegerField()), 0)


def entries(*, program: Program, since: datetime, until: datetime, at: datetime) -> list[Entry]:
    """The program's sessions that start between two instants. One query."""
    zone = ZoneInfo(program.zone)
    open_places = Enrollment.objects.filter(
        Q(until_on=None) | Q(until_on__gte=OuterRef("local_date")),
        series=OuterRef("series"),
        from_on__lte=OuterRef("local_date"),
        participant__sealed_at=None,
    )
    marks = Attendance.objects.filter(session=OuterRef("pk"), participant__sealed_at=None)
    waiting = WaitlistEntry.objects.filter(
        series=OuterRef("series"), outcome=WaitOutcome.WAITING, participant__sealed_at=None
    )
    here = Attendance.objects.filter(
        session=OuterRef(OuterRef("pk")), participant=OuterRef("participant")
    )
    rows = (
        GroupSession.objects.filter(program=program, starts_at__gte=since, starts_at__lt=until)
        .annotate(
            enrolled=_number(open_places, "series"),
            unmarked=_number(open_places.filter(~Exists(here)), "series"),
            waiting=_number(waiting, "series"),
            marked=_number(marks, "session"),
            came=_number(marks.filter(status__in=CAME), "session"),
            noted=Exists(GroupNote.objects.filter(session=OuterRef("pk"))),
            people=led_by("session"),
        )
        .order_by("starts_at", "series__group__name", "pk")
        .values(
            "pk", "series_id", "series__group_id", "series__group__name", "series__group__kind",
            "room_id", "room__name", "local_date", "starts_at", "ends_at", "state", "state_reason",
            "moved", "series__capacity", "enrolled", "unmarked", "waiting", "marked", "came",
            "noted", "people",
        )
    )  # fmt: skip
    return [
        Entry(
            id=r["pk"],
            series_id=r["series_id"],
            group_id=r["series__group_id"],
            group=r["series__group__name"],
            kind=r["series__group__kind"],
            room_id=r["room_id"],
            room=r["room__name"],
            on=r["local_date"],
            starts=r["starts_at"].astimezone(zone),
            ends=r["ends_at"].astimezone(zone),
            starts_at=r["starts_at"],
            ends_at=r["ends_at"],
            state=r["state"],
            reason=r["state_reason"],
            moved=r["moved"],
            capacity=r["series__capacity"],
            enrolled=r["enrolled"],
            waiting=r["waiting"],
            marked=r["marked"],
            unmarked=r["unmarked"],
            came=r["came"],
            noted=r["noted"],
            people=r["people"],
            past=r["ends_at"] <= at,
        )
        for r in rows
    ]


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


# --- the grid -------------------------------------------------------------------------------------
@dataclass
class Placed:
    """A session in the grid."""

    entry: Entry
    place: str
    url: str
    own: bool = False

    @property
    def lead_line(self) -> str:
        e = self.entry
        return "" if e.gap or e.not_cleared or e.cancelled else e.leads


@dataclass
class Lane:
    """A day of the grid."""

    key: str
    name: str
    note: str
    today: bool
    closed: str
    slots: list[Placed] = field(default_factory=list)
    now_row: int | None = None
    past: bool = False


@dataclass
class Cell:
    """What one room or facilitator has on one day."""

    lane: Lane
    slots: list[Placed]


@dataclass
class ResourceRow:
    """A room or a facilitator with its days."""

    name: str
    note: str
    cells: list[Cell]


@dataclass
class Choice:
    """One value of a filter."""

    value: str
    label: str
    chosen: bool = False


@dataclass
class Week:
    """Everything that the week page shows."""

    heading: str
    line: str
    first: date
    code: str
    earlier: str
    later: str
    this: bool
    by: str
    hours: list[tuple[str, str]] = field(default_factory=list)
    hour_count: int = 0
    lanes: list[Lane] = field(default_factory=list)
    rows: list[ResourceRow] = field(default_factory=list)
    groups: list[Choice] = field(default_factory=list)
    people: list[Choice] = field(default_factory=list)
    asks: list[dict[str, str]] = field(default_factory=list)
    filtered: bool = False
    nothing: bool = False
    total: int = 0


def week_code(first: date) -> str:
    """ "2026-W47"."""
    year, number, _ = first.isocalendar()
    return f"{year}-W{number:02d}"


def monday_of(code: str, today: date) -> date:
    """The Monday of "2026-W47"; of this week when it cannot be read."""
    found = re.fullmatch(r"(20\d\d)-W(\d\d?)", code)
    if found is None:
        return _monday(today)
    try:
        return date.fromisocalendar(int(found[1]), int(found[2]), 1)
    except ValueError:
        return _monday(today)


def _monday(day: date) -> date:
    return day - timedelta(days=day.weekday())


def week(
    *,
    user: User,
    program: Program,
    first: date,
    at: datetime,
    by: str = "time",
    group: str = "",
    facilitator: str = "",
) -> Week:
    """One week of a program. Two queries, three more for clearance, one more by room or person."""
    today = at.astimezone(ZoneInfo(program.zone)).date()
    found = entries(
        program=program,
        since=midnight(first, program),
        until=midnight(first + WEEK, program),
        at=at,
    )
    closed = closures_between(program.pk, first, first + 2 * WEEK)
    may_see = scope_of(user).has(program.pk, *SEES_CLEARANCE)
    if may_see:
        note_clearance(found)
    shown = [
        e
        for e in found
        if (not group or str(e.group_id) == group)
        and (not facilitator or any(p["id"] == facilitator for p in e.people))
    ]
    days = _days(first, found)
    page = Week(
        heading=f"Week of {first.day} {MONTHS[first.month - 1]}"
        + (f" {first.year}" if first.year != today.year else ""),
        line=_line(shown, closed, first, may_see=may_see),
        first=first,
        code=week_code(first),
        earlier=week_code(first - WEEK),
        later=week_code(first + WEEK),
        this=first == _monday(today),
        by=by if by in ("room", "facilitator") else "time",
        groups=_choices({str(e.group_id): e.group for e in found}, group),
        people=_choices({p["id"]: person_name(p) for e in found for p in e.people}, facilitator),
        filtered=bool(group or facilitator),
        nothing=not shown,
        total=len(found),
    )
    page.asks = _asks(shown) if may_see else []
    if page.by == "time":
        _grid(page, days, shown, closed, today, at.astimezone(ZoneInfo(program.zone)), user)
    elif page.by == "room":
        names = {
            str(pk): name
            for pk, name in Room.objects.filter(site_id=program.site_id, retired_on=None)
            .order_by("name")
            .values_list("pk", "name")
        }
        _resources(page, days, shown, closed, today, names, user, _room_keys)
    else:
        names = _facilitators(program)
        _resources(page, days, shown, closed, today, names, user, _person_keys)
    return page


def _facilitators(program: Program) -> dict[str, str]:
    rows = Facilitator.objects.filter(program=program).exclude(stage=Stage.ENDED)
    return {
        str(f.pk): f.user.name
        for f in rows.select_related("user").order_by("user__first_name", "user__last_name")
        if f.ended_on is None
    }


def _days(first: date, found: Iterable[Entry]) -> list[date]:
    """Monday to Friday, and the weekend as far as something takes place on it."""
    last = max((e.on.weekday() for e in found), default=4)
    return [first + timedelta(days=n) for n in range(max(last, 4) + 1)]


def _line(shown: Sequence[Entry], closed: dict[date, str], first: date, *, may_see: bool) -> str:
    parts = [wording.count(sum(not e.cancelled for e in shown), "session")]
    gaps = sum(e.gap for e in shown)
    if gaps:
        parts.append(f"{gaps} without a facilitator")
    unsure = sum(bool(e.not_cleared) and not e.gap for e in shown)
    if unsure and may_see:
        parts.append(f"{unsure} with somebody not cleared")
    weekdays = sorted(d for d in closed if d.weekday() < 5)
    for words in ("", " next week"):
        days = [
            f"{wording.WEEKDAYS[d.weekday()]} {d.day}"
            for d in weekdays
            if (d >= first + WEEK) == bool(words) and d < first + 2 * WEEK
        ]
        if days:
            parts.append(f"closed {wording.listing(days)}{words}")
    return " · ".join(parts)


def _choices(names: dict[str, str], chosen: str) -> list[Choice]:
    listed = [
        Choice(value, label, value == chosen)
        for value, label in sorted(names.items(), key=lambda item: item[1].casefold())
    ]
    if chosen and chosen not in names:
        listed.insert(0, Choice(chosen, "Not in this week", True))
    return listed


def _asks(shown: Sequence[Entry]) -> list[dict[str, str]]:
    """What needs a person in this week, the most pressing first; at most four."""
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
                "line": "They are marked in the grid below.",
                "url": "",
            }
        )
    return asks


def _ask(when: str, title: str, line: str, e: Entry) -> dict[str, str]:
    return {"when": when, "title": title, "line": line, "url": session_url(e.id)}


def who_is_not_cleared(e: Entry) -> str:
    """ "Ana Solís is not cleared"."""
    is_are = "is" if len(e.not_cleared) == 1 else "are"
    return f"{wording.listing(e.not_cleared)} {is_are} not cleared"


def short(e: Entry) -> str:
    """ "Wed 14:00"."""
    return f"{wording.WEEKDAYS[e.on.weekday()]} {wording.clock_time(e.starts)}"


@cache
def _address() -> str:
    nobody = "00000000-0000-0000-0000-000000000000"
    return reverse("sessions:session", args=[nobody]).replace(nobody, "{}")


def session_url(pk: UUID | str) -> str:
    """The address of a session's page, without asking the resolver for each."""
    return _address().format(pk)


def _minutes(at: datetime, on: date) -> int:
    """Minutes after midnight of `on`."""
    return (at.date() - on).days * 1440 + at.hour * 60 + at.minute


def _grid(
    page: Week,
    days: Sequence[date],
    shown: Sequence[Entry],
    closed: dict[date, str],
    today: date,
    now: datetime,
    user: User,
) -> None:
    first = min([EARLIEST, *(e.starts.hour for e in shown)])
    last = max([LATEST, *(-(-_minutes(e.ends, e.on) // 60) for e in shown)])
    page.hour_count = max(1, min(last, 24) - first)
    page.hours = [(f"row-{n * 12}", f"{first + n}:00") for n in range(page.hour_count)]
    for day in days:
        of_day = [e for e in shown if e.on == day]
        lane = Lane(
            key=f"d{day.isoformat()}",
            name=wording.WEEKDAYS[day.weekday()],
            note=str(day.day),
            today=day == today,
            closed=closed.get(day, ""),
            past=day < today,
        )
        for e, column, of in _columns(of_day):
            place = slot_classes(
                _minutes(e.starts, day), min(_minutes(e.ends, day), 1440), first, column, of
            )
            lane.slots.append(Placed(e, place, session_url(e.id), _own(e, user)))
        row = (_minutes(now, day) - first * 60) // 5
        if day == today and 0 <= row < page.hour_count * 12:
            lane.now_row = row
        page.lanes.append(lane)


def _own(e: Entry, user: User) -> bool:
    return any(p["person"] == str(user.pk) for p in e.people)


def _columns(found: Sequence[Entry]) -> list[tuple[Entry, int, int]]:
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


def _room_keys(e: Entry) -> dict[str, str]:
    return {str(e.room_id): e.room}


def _person_keys(e: Entry) -> dict[str, str]:
    return {p["id"]: person_name(p) for p in e.people} or {"": "Nobody yet"}


def _resources(
    page: Week,
    days: Sequence[date],
    shown: Sequence[Entry],
    closed: dict[date, str],
    today: date,
    names: dict[str, str],
    user: User,
    keys: Any,
) -> None:
    """Rows of rooms or people, with a cell for each day."""
    cells: dict[str, list[list[Placed]]] = {key: [[] for _ in days] for key in names}
    labels = dict(names)
    for e in shown:
        for key, label in keys(e).items():
            labels.setdefault(key, label)
            row = cells.setdefault(key, [[] for _ in days])
            row[days.index(e.on)].append(Placed(e, "", session_url(e.id), _own(e, user)))
    if page.filtered:
        cells = {key: row for key, row in cells.items() if any(row)}
    page.lanes = [
        Lane(
            key=f"d{d.isoformat()}",
            name=wording.WEEKDAYS[d.weekday()],
            note=str(d.day),
            today=d == today,
            closed=closed.get(d, ""),
            past=d < today,
        )
        for d in days
    ]
    order = sorted(cells, key=lambda key: (key != "", labels[key].casefold()))
    page.rows = [
        ResourceRow(
            labels[key],
            _load(cells[key]),
            [Cell(lane, slots) for lane, slots in zip(page.lanes, cells[key], strict=True)],
        )
        for key in order
    ]


def _load(cells: Sequence[Sequence[Placed]]) -> str:
    number = sum(not p.entry.cancelled for cell in cells for p in cell)
    return wording.count(number, "session") if number else "free all week"
