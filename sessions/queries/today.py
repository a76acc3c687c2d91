"""What the scheduler sees first: what needs a person, and each room now and next."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import F, Q, Window
from django.db.models.functions import RowNumber
from django.urls import reverse

from participants.names import display_name
from phpsupport.lib import wording
from phpsupport.programs.models import Closure, Program
from phpsupport.users.models import User
from sessions.models import Attendance, Room, SessionState, Status, WaitlistEntry, WaitOutcome
from sessions.queries.answers import Matter, matter_parts, matters_of
from sessions.queries.kinds import of_kind, read_together
from sessions.queries.touched import still_open
from sessions.queries.week import (
    Entry,
    entries,
    midnight,
    note_clearance,
    session_url,
    short,
    who_is_not_cleared,
)

BEFORE = timedelta(days=7)
AHEAD = timedelta(days=7)
LOOK_BACK = timedelta(days=21)
FIRST_DAYS = timedelta(days=7)
ASKS_AT_MOST = 6
NAMED_AT_MOST = 3
ONE_DAY = timedelta(days=1)


@dataclass
class RoomLane:
    """One room today."""

    name: str
    now: Entry | None = None
    next: Entry | None = None
    rest: list[Entry] = field(default_factory=list)
    done: int = 0


@dataclass(frozen=True)
class Ask:
    """One thing that needs a person."""

    when: str
    title: str
    line: str
    url: str
    participants: tuple[str, ...] = ()  # whom it names


@dataclass
class Today:
    """The landing page of those who plan."""

    day: str
    line: str
    closed: str
    asks: list[Ask]
    rest: list[Ask]
    lanes: list[RoomLane]
    free: str
    tomorrow: list[Entry]
    tomorrow_day: str
    nothing: bool

    @property
    def participants(self) -> list[str]:
        """Everybody who is named, by id."""
        return [pk for ask in (*self.asks, *self.rest) for pk in ask.participants]


def today(*, user: User, program: Program, at: datetime) -> Today:
    """The day at the site. Seven queries: sessions, clearance (3), what is to be settled, absences,
    and the rest together: cover and answers, places that are kept, rooms, closed days."""
    here = at.astimezone(ZoneInfo(program.zone))
    on = here.date()
    found = entries(
        program=program,
        since=midnight(on - BEFORE, program),
        until=midnight(on + AHEAD + ONE_DAY, program),
        at=at,
    )
    note_clearance(found)
    beside = _beside(user, program, on, at)
    asks = [
        *_without_facilitator(found),
        *_to_settle(program, at, midnight(on + AHEAD + ONE_DAY, program)),
        *[Ask(m.tone, m.sentence, m.line, m.url) for m in beside.matters],
        *_misses(user, program, on),
        *_unreported(found),
        *_kept(beside.kept, here),
        *_full(found, on, beside.kept),
    ]
    order = {"now": 0, "soon": 1, "plain": 2}
    asks.sort(key=lambda ask: order[ask.when])
    of_today = [e for e in found if e.on == on and not e.cancelled]
    lanes, free = _lanes(beside.rooms, of_today, at)
    following = _next_day(found, on)
    return Today(
        day=f"{wording.day(on)}",
        line=_line(of_today, at),
        closed=beside.closed,
        asks=asks[:ASKS_AT_MOST],
        rest=asks[ASKS_AT_MOST:],
        lanes=lanes,
        free=wording.listing(free),
        tomorrow=following,
        tomorrow_day=wording.day(following[0].on) if following else "",
        nothing=not found,
    )


@dataclass
class _Beside:
    """What is read beside the sessions."""

    matters: list[Matter] = field(default_factory=list)
    rooms: list[tuple[UUID, str]] = field(default_factory=list)
    # By series, the place that is kept for the shortest time first.
    kept: dict[UUID, list[dict[str, Any]]] = field(default_factory=dict)
    closed: str = ""


def _beside(user: User, program: Program, on: date, at: datetime) -> _Beside:
    """Cover and answers, places that are kept, rooms, and whether today is closed. One query."""
    rooms = Room.objects.filter(site_id=program.site_id, retired_on=None)
    closed = Closure.objects.filter(program=program, date=on)
    offers = WaitlistEntry.objects.visible_to(user).filter(
        program=program, outcome=WaitOutcome.WAITING, offer_until__gt=at
    )
    rows = read_together(
        [
            *matter_parts(program, at=at),
            of_kind(rooms, "room", id="pk", name="name"),
            of_kind(closed, "closed", reason="reason"),
            of_kind(
                offers, "kept", series="series_id", group="series__group__name",
                until="offer_until",
            ),
        ]
    )  # fmt: skip
    by_kind: dict[str, list[dict[str, Any]]] = {"room": [], "closed": [], "kept": []}
    matters = [(what, row) for what, row in rows if what not in by_kind]
    for what, row in rows:
        if what in by_kind:
            by_kind[what].append(row)
    found = _Beside(
        matters=matters_of(matters, program),
        rooms=sorted(
            ((UUID(r["id"]), r["name"]) for r in by_kind["room"]), key=lambda r: r[1].casefold()
        ),
        closed="".join(row["reason"] for row in by_kind["closed"]),
    )
    for row in by_kind["kept"]:
        row["until"] = datetime.fromisoformat(row["until"])
        found.kept.setdefault(UUID(row["series"]), []).append(row)
    for places in found.kept.values():
        places.sort(key=lambda row: row["until"])
    return found


def _line(of_today: Sequence[Entry], at: datetime) -> str:
    if not of_today:
        return "No sessions today"
    running = sum(e.starts_at <= at < e.ends_at for e in of_today)
    left = sum(e.starts_at > at for e in of_today)
    parts = [wording.count(len(of_today), "session")]
    if running:
        parts.append(f"{running} now")
    parts.append(f"{left} to come" if left else "none to come")
    return " · ".join(parts)


def _lanes(
    rooms: Iterable[tuple[UUID, str]], of_today: Sequence[Entry], at: datetime
) -> tuple[list[RoomLane], list[str]]:
    """Rooms with something today, and the names of those that are free all day."""
    lanes: dict[UUID, RoomLane] = {pk: RoomLane(name) for pk, name in rooms}
    for e in of_today:
        lane = lanes.setdefault(e.room_id, RoomLane(e.room))
        if e.ends_at <= at:
            lane.done += 1
        elif e.starts_at <= at:
            lane.now = e
        elif lane.next is None:
            lane.next = e
        else:
            lane.rest.append(e)
    used = [lane for lane in lanes.values() if lane.now or lane.next or lane.done]
    return used, [lane.name for lane in lanes.values() if lane not in used]


def _next_day(found: Sequence[Entry], on: date) -> list[Entry]:
    """The sessions of the next day that has any."""
    coming = [e for e in found if e.on > on and not e.cancelled]
    return [e for e in coming if e.on == coming[0].on] if coming else []


def _without_facilitator(found: Sequence[Entry]) -> list[Ask]:
    asks = [
        Ask("now", f"{short(e)} has no facilitator", f"{e.group} · {e.room}", session_url(e.id))
        for e in found
        if e.gap
    ]
    unsure: dict[str, list[Entry]] = {}
    for e in found:
        if e.not_cleared and not e.gap:
            unsure.setdefault(who_is_not_cleared(e), []).append(e)
    for words, of in unsure.items():
        first = of[0]
        rest = f" and {wording.count(len(of) - 1, 'more session')}" if len(of) > 1 else ""
        asks.append(
            Ask("soon", words, f"{short(first)}, {first.group}{rest}", session_url(first.id))
        )
    return asks


def _to_settle(program: Program, at: datetime, beyond: datetime) -> list[Ask]:
    """Sessions on closed days and in leave about which nobody has decided, and how many beyond
    these days have somebody not cleared. One query."""
    return [
        Ask("soon", o.words, o.line, reverse(o.url_name, args=[o.pk] if o.pk else []))
        for o in still_open(program, at=at, cleared_from=beyond)
    ]


def _unreported(found: Sequence[Entry]) -> list[Ask]:
    open_ = [e for e in found if e.unreported]
    if not open_:
        return []
    if len(open_) == 1:
        e = open_[0]
        line = f"{e.group} · {e.leads or 'nobody led it'}"
        return [Ask("soon", f"{short(e)}: attendance is missing", line, session_url(e.id))]
    first = open_[0]
    return [
        Ask(
            "soon",
            f"{len(open_)} sessions without attendance",
            f"The first is {first.group}, {wording.day(first.on)}",
            session_url(first.id),
        )
    ]


def _kept(by_series: dict[UUID, list[dict[str, Any]]], here: datetime) -> list[Ask]:
    """Places that are offered to somebody who waits, once for each group; who it is stands on the
    roster. What runs out today is asked about soon."""
    asks = []
    for pk, places in sorted(by_series.items(), key=lambda item: (item[1][0]["until"], item[0])):
        until = places[0]["until"].astimezone(here.tzinfo)
        last = f"until {wording.day(until)}, {wording.clock_time(until)}"
        many = len(places) > 1
        is_are = f"{len(places)} places are" if many else "A place is"
        asks.append(
            Ask(
                "soon" if until.date() == here.date() else "plain",
                f"{is_are} kept in {places[0]['group']}",
                f"{'The first ' if many else 'Offered '}{last}. The roster says for whom.",
                reverse("sessions:series", args=[pk]) + "#waiting",
            )
        )
    return asks


def _full(found: Sequence[Entry], on: date, kept: dict[UUID, list[dict[str, Any]]]) -> list[Ask]:
    """Groups over their cap, and groups with people waiting to whom nothing is offered; each series
    once."""
    asks, seen = [], set()
    for e in found:
        if e.on < on or e.cancelled or e.series_id in seen:
            continue
        seen.add(e.series_id)
        url = reverse("sessions:series", args=[e.series_id])
        offered = len(kept.get(e.series_id, ()))
        waiting = e.waiting - offered
        if e.enrolled > e.capacity:
            asks.append(
                Ask(
                    "soon",
                    f"{e.group} is over its cap",
                    f"{e.enrolled} people, {e.capacity} places",
                    url,
                )
            )
        elif waiting > 0:
            line = f"{e.enrolled} of {e.capacity} places taken"
            asks.append(
                Ask(
                    "plain",
                    f"{wording.count(waiting, 'person waits', 'people wait')} for {e.group}",
                    f"{line}, {offered} kept" if offered else line,
                    url,
                )
            )
    return asks


def _misses(user: User, program: Program, on: date) -> list[Ask]:
    """A miss in the first week, or two in a row: worth telling at once. One query.

    Only "absent" is a miss: excused and "declined today" are not, nor is what nobody marked. What
    was missed in an earlier stay is none of this one.
    """
    rows = (
        Attendance.objects.visible_to(user)
        .filter(
            participant__episodes__program=program,
            participant__episodes__discharged_on=None,
            participant__episodes__admitted_on__lte=F("session__local_date"),
            program=program,
            session__local_date__gte=on - LOOK_BACK,
            session__local_date__lte=on,
        )
        .exclude(session__state__in=[SessionState.CANCELLED, SessionState.NOT_HELD])
        .annotate(
            number=Window(
                RowNumber(),
                partition_by=F("participant_id"),
                order_by=[F("session__starts_at").desc(), F("pk").asc()],
            ),
            admitted_on=F("participant__episodes__admitted_on"),
        )
        .filter(Q(number__lte=2) | Q(status=Status.ABSENT))
        .order_by("participant_id", "number")
        .values_list(
            "participant_id", "participant__first_name", "participant__last_name",
            "participant__preferred_name", "status", "number", "session__local_date",
            "admitted_on",
        )
    )  # fmt: skip
    twice: list[str] = []
    early: list[str] = []
    last: dict[UUID, dict[int, str]] = {}
    who: dict[UUID, str] = {}
    first_week: set[UUID] = set()
    for pk, first, family, preferred, status, number, day, admitted in rows:
        who[pk] = display_name(first, family, preferred)
        last.setdefault(pk, {})[number] = status
        if (
            status == Status.ABSENT
            and day < admitted + FIRST_DAYS
            and on < admitted + 2 * FIRST_DAYS
        ):
            first_week.add(pk)
    for pk, marks in last.items():
        if marks.get(1) == marks.get(2) == Status.ABSENT:
            twice.append(str(pk))
        elif pk in first_week:
            early.append(str(pk))
    return [
        *_miss(twice, who, "missed twice in a row", "Today is a good day to call."),
        *_miss(early, who, "missed a session in the first week", "A friendly call helps most now."),
    ]


def _miss(ids: list[str], who: dict[UUID, str], what: str, line: str) -> list[Ask]:
    if not ids:
        return []
    names = [who[UUID(pk)] for pk in ids]
    url = (
        reverse("participants:census")
        if len(ids) > 1
        else reverse("participants:detail", args=[ids[0]])
    )
    if len(ids) == 1:
        return [Ask("now", f"{names[0]} {what}", line, url, tuple(ids))]
    named = names[:NAMED_AT_MOST]
    more = [f"{len(names) - len(named)} more"] if len(names) > len(named) else []
    shown = wording.listing([*named, *more])
    end = "" if shown.endswith(".") else "."
    title, line = f"{len(ids)} people {what}", f"{shown}{end} {line}"
    return [Ask("now", title, line, url, tuple(ids[:NAMED_AT_MOST]))]
