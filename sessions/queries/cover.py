"""Cover as the pages show it: who could take a session, what is open, who was asked."""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Count, Exists, OuterRef, Q
from django.db.models.functions import JSONObject

from facilitators.models import Availability, Facilitator, Stage
from phpsupport.access.models import RoleAssignment
from phpsupport.access.roles import Role
from phpsupport.lib import wording
from phpsupport.programs.models import Program
from phpsupport.users.models import User
from sessions.conflicts import Rule
from sessions.cover_ranking import Candidate, Ranking, rank
from sessions.models import (
    CoverAnswer,
    CoverAsk,
    CoverRequest,
    CoverState,
    GroupSession,
    Part,
    SessionFacilitator,
    SessionState,
)
from sessions.queries.slots import Obstacle, Wanted, obstacles

# About the session, whoever leads it; and what the ranking says in its own words.
OF_THE_SESSION = frozenset({"rule_room", "rule_turnaround", "rule_room_hours", "rule_participant"})
SAID_BY_RANKING = frozenset({"rule_load_day", "rule_language"})
# Cleared that day, there, and free: nobody covers otherwise, whatever the program's rules say.
NEEDED = frozenset({Rule.CLEARANCE, Rule.LEAVE, Rule.FACILITATOR})


# --- whether it holds -----------------------------------------------------------------------------
def holds() -> Q:
    """Cover that was found and still is so: who accepted it leads, and who needed it does not.

    It can be undone, or the session given back or to somebody else.
    """
    leads = SessionFacilitator.objects.filter(session=OuterRef("session"), active=True)
    return Q(
        Exists(leads.filter(facilitator=OuterRef("filled_by"))),
        ~Exists(leads.filter(facilitator=OuterRef("facilitator"))),
        state=CoverState.FILLED,
    )


# --- who could take it ----------------------------------------------------------------------------
def ranking(request: CoverRequest, *, at: datetime) -> Ranking:
    """Everybody of the program, ranked for this session."""
    language = request.session.series.group.language
    return rank(candidates(request, at=at), language=language)


def candidates(
    request: CoverRequest, *, at: datetime, only: Collection[UUID] | None = None
) -> list[Candidate]:
    """What is known about each facilitator at work and the request's session, in no order.

    Three queries beside those of the rules, however many people there are. Load the request with
    its session, series, group and room.
    """
    session = request.session
    zone = ZoneInfo(session.series.zone)
    people = list(_at_work(session).exclude(pk=request.facilitator_id))
    if only is not None:
        people = [p for p in people if p.pk in only]
    if not people:
        return []
    there = set(session.assignments.filter(active=True).values_list("facilitator_id", flat=True))
    found = _in_the_way(session, people, request.part)
    counted = _counted(session, [p.pk for p in people], zone)
    return [
        Candidate(
            id=p.pk,
            name=p.user.name,
            blocked=(f"{p.user.name} is on this session already.",)
            if p.pk in there
            else tuple(o.sentence for o in found[p.pk] if o.blocks),
            apart=any(o.blocks and o.kind is Rule.INTEREST for o in found[p.pk]),
            warned=tuple(o.sentence for o in found[p.pk] if not o.blocks),
            cleared=not any(o.kind is Rule.CLEARANCE for o in found[p.pk]),
            free=not any(o.kind in (Rule.LEAVE, Rule.FACILITATOR) for o in found[p.pk]),
            speaks=_speaks(p, session.series.group.language),
            in_hours=_in_hours(p.hours, session, zone),
            gave_hours=bool(p.hours),
            limit_day=p.max_groups_per_day,
            **counted.get(p.pk, {}),
        )
        for p in people
    ]


def _at_work(session: GroupSession) -> Any:
    role = RoleAssignment.objects.in_force(session.local_date).filter(
        program=session.program_id, role=Role.FACILITATOR, user=OuterRef("user")
    )
    hours = Availability.objects.filter(facilitator=OuterRef("pk")).values(
        row=JSONObject(weekday="weekday", starts="starts", ends="ends")
    )
    return (
        Facilitator.objects.filter(
            Q(ended_on=None) | Q(ended_on__gte=session.local_date),
            Exists(role),
            program=session.program_id,
            user__is_active=True,
        )
        .exclude(stage=Stage.ENDED)
        .select_related("user")
        .annotate(hours=ArraySubquery(hours))
    )


def _in_the_way(
    session: GroupSession, people: list[Facilitator], part: str
) -> dict[UUID, list[Obstacle]]:
    """What speaks against each facilitator, and what is worth knowing besides."""
    wanted = [
        Wanted(
            session.local_date, session.starts_at, session.ends_at, session.room, ((p, part),),
            session.series.group.name, key=session.pk, series_id=session.series_id,
            language=session.series.group.language,
        )
        for p in people
    ]  # fmt: skip
    found: dict[UUID, list[Obstacle]] = {p.pk: [] for p in people}
    for one in obstacles(
        wanted, program_id=session.program_id, zone=session.series.zone, always=NEEDED
    ):
        if one.rule in OF_THE_SESSION or (one.rule in SAID_BY_RANKING and not one.blocks):
            continue
        found[people[one.index].pk].append(one)
    return found


def _counted(
    session: GroupSession, facilitators: list[UUID], zone: ZoneInfo
) -> dict[UUID, dict[str, int]]:
    """How often each led this group before, and their other sessions that day and week."""
    day = session.local_date
    monday = day - timedelta(days=day.weekday())
    since, until = (_midnight(d, zone) for d in (day, day + timedelta(days=1)))
    first, last = (_midnight(d, zone) for d in (monday, monday + timedelta(days=7)))
    of_week = Q(starts_at__gte=first, starts_at__lt=last, active=True)
    of_group = Q(
        session__series__group=session.series.group_id,
        session__state__in=[SessionState.SCHEDULED, SessionState.HELD],
        starts_at__lt=session.starts_at,
        active=True,
    )
    rows: Any = (
        SessionFacilitator.objects.filter(of_week | of_group, facilitator__in=facilitators)
        .exclude(session=session.pk)
        .values("facilitator_id")
        .annotate(
            times_led=Count("pk", filter=of_group),
            load_day=Count("pk", filter=of_week & Q(starts_at__gte=since, starts_at__lt=until)),
            load_week=Count("pk", filter=of_week),
        )
    )
    names = ("times_led", "load_day", "load_week")
    return {row["facilitator_id"]: {name: row[name] for name in names} for row in rows}


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, datetime.min.time(), zone)


def _speaks(person: Facilitator, language: str) -> bool:
    known = {word.casefold() for word in person.languages} or {"english"}
    return not language or language.casefold() in known


def _in_hours(hours: list[dict[str, Any]], session: GroupSession, zone: ZoneInfo) -> bool:
    """Whether the whole session lies within the hours given; none given means no limits."""
    if not hours:
        return True
    starts, ends = session.starts_at.astimezone(zone), session.ends_at.astimezone(zone)
    begin, end = f"{starts:%H:%M:%S}", f"{ends:%H:%M:%S}"
    if ends.date() != starts.date():
        end = "24:00:00"
    return any(
        row["weekday"] == starts.weekday() and row["starts"] <= begin and end <= row["ends"]
        for row in hours
    )


# --- asking for it --------------------------------------------------------------------------------
@dataclass(frozen=True)
class Coming:
    """A coming session that somebody leads, and whether cover is looked for already."""

    session: GroupSession
    when: str
    title: str
    room: str
    part: str
    asked: bool


def coming_of(facilitator: Facilitator, *, since: date, until: date, at: datetime) -> list[Coming]:
    """What somebody leads in these days and has not begun. One query."""
    zone = ZoneInfo(facilitator.program.zone)
    looked_for = CoverRequest.objects.filter(
        session=OuterRef("session"), facilitator=facilitator, state=CoverState.OPEN
    )
    rows = (
        SessionFacilitator.objects.filter(
            facilitator=facilitator,
            active=True,
            session__state=SessionState.SCHEDULED,
            session__local_date__range=(since, until),
            starts_at__gt=at,
        )
        .select_related("session__series__group", "session__room")
        .annotate(looked_for=Exists(looked_for))
        .order_by("starts_at")
    )
    return [
        Coming(
            row.session,
            wording.day_and_span(row.starts_at.astimezone(zone), row.ends_at.astimezone(zone)),
            row.session.series.group.name,
            row.session.room.name,
            "" if row.part == Part.LEAD else "co-facilitates",
            row.looked_for,
        )
        for row in rows
    ]


# --- the planner's pages --------------------------------------------------------------------------
@dataclass(frozen=True)
class Line:
    """One request in the list."""

    id: UUID
    session_id: UUID
    title: str
    when: str
    who: str
    words: str
    tone: str
    state: str
    late: bool


def open_requests(program: Program, *, at: datetime) -> tuple[list[Line], list[Line]]:
    """What is looked for, the next session first, and what was settled for sessions to come.

    One query."""
    zone = ZoneInfo(program.zone)
    rows = (
        CoverRequest.objects.filter(
            Q(state=CoverState.OPEN) | holds(), program=program, session__starts_at__gt=at
        )
        .select_related("session__series__group", "facilitator__user", "filled_by__user")
        .annotate(
            asked=Count("asks"), cannot=Count("asks", filter=Q(asks__answer=CoverAnswer.DECLINED))
        )
        .order_by("session__starts_at", "asked_at")
    )
    lines: dict[bool, list[Line]] = {True: [], False: []}
    for row in rows:
        starts, ends = (t.astimezone(zone) for t in (row.session.starts_at, row.session.ends_at))
        open_ = row.state == CoverState.OPEN
        tone, state = _state_of(row)
        line = Line(
            row.pk, row.session_id, row.session.series.group.name,
            wording.day_and_span(starts, ends), row.facilitator.user.name, _asked_words(row), tone,
            state, open_ and row.escalated_at is not None,
        )  # fmt: skip
        lines[open_].append(line)
    return lines[True], lines[False]


def _state_of(row: Any) -> tuple[str, str]:
    if row.state == CoverState.FILLED:
        return "good", f"{row.filled_by.user.name} has it"
    if not row.asked:
        return "wait", "nobody asked yet"
    if row.cannot == row.asked:
        return "stop", "nobody asked can"
    return "calm", f"{row.asked - row.cannot} to answer"


def _asked_words(row: Any) -> str:
    if not row.asked:
        return "Nobody has been asked yet."
    said = f"{wording.count(row.asked, 'person', 'people')} asked"
    return f"{said}, {row.cannot} cannot." if row.cannot else f"{said}."


@dataclass(frozen=True)
class Asked:
    """Somebody who was asked, and what they said."""

    name: str
    words: str
    tone: str
    state: str


@dataclass
class RequestPage:
    """One request with its candidates."""

    title: str
    when: str
    room: str
    who: str
    part: str
    since: str
    open: bool
    state: str
    told: str
    language: str
    ranking: Ranking = field(default_factory=lambda: Ranking((), ()))
    asked: list[Asked] = field(default_factory=list)
    asked_ids: frozenset[UUID] = frozenset()

    @property
    def to_ask(self) -> list[Any]:
        return [r for r in self.ranking.able if r.candidate.id not in self.asked_ids]


def for_page() -> Any:
    """Requests with everything that their pages and actions read."""
    return CoverRequest.objects.select_related(
        "session__series__group", "session__room", "session__program__site", "facilitator__user",
        "facilitator__program__site", "filled_by__user", "program__site",
    )  # fmt: skip


def request_page(request: CoverRequest, *, at: datetime) -> RequestPage:
    """Who could take it and who was asked. One query beside those of `candidates`."""
    zone = ZoneInfo(request.session.series.zone)
    starts, ends = (
        t.astimezone(zone) for t in (request.session.starts_at, request.session.ends_at)
    )
    asks = list(request.asks.select_related("facilitator__user").order_by("asked_at", "pk"))
    open_ = request.state == CoverState.OPEN and request.session.starts_at > at
    page = RequestPage(
        title=request.session.series.group.name,
        when=wording.day_and_span(starts, ends),
        room=request.session.room.name,
        who=request.facilitator.user.name,
        part="lead it" if request.part == Part.LEAD else "co-facilitate it",
        since=_moment(request.asked_at, zone),
        open=open_,
        state=request.state,
        told=_moment(request.escalated_at, zone) if request.escalated_at else "",
        language=request.session.series.group.language,
        asked=[_asked(ask, zone, open_, request.state == CoverState.FILLED) for ask in asks],
        asked_ids=frozenset(ask.facilitator_id for ask in asks),
    )
    if open_:
        page.ranking = ranking(request, at=at)
    return page


def _asked(ask: CoverAsk, zone: ZoneInfo, open_: bool, filled: bool) -> Asked:
    tone, state = {
        CoverAnswer.ACCEPTED: ("good", "has it") if filled else ("plain", "had it"),
        CoverAnswer.DECLINED: ("plain", "cannot"),
    }.get(ask.answer, ("calm", "to answer") if open_ else ("plain", "did not answer"))  # type: ignore[call-overload]
    said = ask.answered_at
    words = f"answered {_moment(said, zone)}" if said else f"asked {_moment(ask.asked_at, zone)}"
    return Asked(ask.facilitator.user.name, words, tone, state)


def _moment(at: datetime, zone: ZoneInfo) -> str:
    local = at.astimezone(zone)
    return f"{wording.day(local)}, {wording.clock_time(local)}"


# --- the facilitator who was asked ----------------------------------------------------------------
@dataclass(frozen=True)
class AskPage:
    """What somebody who was asked reads before answering."""

    title: str
    when: str
    room: str
    who: str
    part: str
    open: bool
    answer: str
    state: str
    taken_by: str


def ask_page(ask: CoverAsk, *, at: datetime) -> AskPage:
    """No query: load the ask with its request and session."""
    request, session = ask.request, ask.request.session
    zone = ZoneInfo(session.series.zone)
    starts, ends = session.starts_at.astimezone(zone), session.ends_at.astimezone(zone)
    there = session.state == SessionState.SCHEDULED and session.starts_at == request.starts_at
    taken: User | None = request.filled_by.user if request.filled_by else None
    return AskPage(
        session.series.group.name,
        wording.day_and_span(starts, ends),
        session.room.name,
        request.facilitator.user.name,
        "lead" if request.part == Part.LEAD else "co-facilitate",
        request.state == CoverState.OPEN and there and session.starts_at > at,
        ask.answer,
        request.state,
        (taken.preferred_name or taken.first_name) if taken else "",
    )
