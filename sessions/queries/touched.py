"""Sessions that a closed day or somebody's leave touches, and what was decided about each."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import (
    CharField,
    Count,
    Exists,
    F,
    Min,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    UUIDField,
    Value,
)
from django.db.models.functions import Coalesce, Concat, NullIf

from facilitators.models import Leave
from phpsupport.lib import wording
from phpsupport.programs.models import Closure, Program
from sessions.models import (
    Choice,
    CoverRequest,
    CoverState,
    Enrollment,
    GroupSession,
    OnClosure,
    Resolution,
    SessionFacilitator,
    SessionState,
)
from sessions.queries.apart import kept_apart
from sessions.queries.attendance import enrolled_on
from sessions.queries.not_cleared import flagged
from sessions.queries.series import led_by
from sessions.queries.slots import person_name

# What can be chosen. Nobody can stand in for a closed house.
FOR_CLOSURE = (Choice.CANCEL, Choice.MOVE, Choice.KEEP)
FOR_LEAVE = (Choice.COVER, Choice.CANCEL, Choice.MOVE, Choice.KEEP)


def on_closed_day(closure: Closure, *, at: datetime) -> QuerySet[GroupSession]:
    """Coming sessions that stand on a closed day."""
    return GroupSession.objects.filter(
        program_id=closure.program_id,
        local_date=closure.date,
        state=SessionState.SCHEDULED,
        starts_at__gt=at,
    )


def in_leave(leave: Leave, *, at: datetime) -> QuerySet[GroupSession]:
    """Coming sessions that somebody is to lead while on leave. None once the leave is cancelled."""
    if leave.cancelled_at is not None:
        return GroupSession.objects.none()
    theirs = SessionFacilitator.objects.filter(
        session=OuterRef("pk"), facilitator_id=leave.facilitator_id, active=True
    )
    return GroupSession.objects.filter(
        Exists(theirs),
        local_date__range=(leave.from_on, leave.until_on),
        state=SessionState.SCHEDULED,
        starts_at__gt=at,
    )


def _decided(newest: QuerySet[Resolution]) -> Subquery:
    return Subquery(newest.order_by("-at").values("choice")[:1])


def undecided_on_closed_days(program: Program, *, at: datetime) -> QuerySet[GroupSession]:
    """Coming sessions on closed days about which nothing stands, with the closure's id and reason.

    A session that was to be cancelled or moved and stands there again (it was undone) asks anew.
    A series that meets on closed days by choice asks nothing.
    """
    closed = Closure.objects.filter(program_id=OuterRef("program_id"), date=OuterRef("local_date"))
    newest = Resolution.objects.filter(session=OuterRef("pk"), closed_on=OuterRef("local_date"))
    return (
        GroupSession.objects.filter(program=program, state=SessionState.SCHEDULED, starts_at__gt=at)
        .exclude(series__on_closure=OnClosure.KEEP)
        .annotate(
            closure_id=Subquery(closed.values("pk")),
            reason=Subquery(closed.values("reason")),
            decided=_decided(newest),
        )
        .filter(closure_id__isnull=False)
        .filter(Q(decided=None) | ~Q(decided=Choice.KEEP))
    )


def undecided_in_leave(program: Program, *, at: datetime) -> QuerySet[SessionFacilitator]:
    """Coming assignments of people on leave about which nothing stands, with `leave_id`."""
    away = Leave.objects.filter(
        facilitator=OuterRef("facilitator"),
        cancelled_at=None,
        from_on__lte=OuterRef("session__local_date"),
        until_on__gte=OuterRef("session__local_date"),
    )
    newest = Resolution.objects.filter(
        session=OuterRef("session"), leave__facilitator=OuterRef("facilitator")
    )
    asked = CoverRequest.objects.filter(
        session=OuterRef("session"), facilitator=OuterRef("facilitator"), state=CoverState.OPEN
    )
    return (
        SessionFacilitator.objects.filter(
            session__program=program,
            session__state=SessionState.SCHEDULED,
            starts_at__gt=at,
            active=True,
        )
        .annotate(leave_id=Subquery(away.values("pk")[:1]), decided=_decided(newest))
        .filter(leave_id__isnull=False)
        .filter(Q(decided=None) | ~Q(decided=Choice.KEEP))
        .exclude(Exists(asked))
    )


# --- a page ---------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Touched:
    """One session as the page that asks about it shows it."""

    session: GroupSession
    day: str
    times: str
    group: str
    room: str
    leads: str
    expected: int
    decided: str  # the newest choice, or ''
    suggested: str  # what is chosen at first, or '': never that it is cancelled

    @property
    def settled(self) -> bool:
        """Whether there is nothing to ask: it is kept on purpose."""
        return self.decided == Choice.KEEP


def touched(
    rows: QuerySet[GroupSession],
    *,
    zone: str,
    closed_on: date | None = None,
    leave: Leave | None = None,
) -> list[Touched]:
    """The sessions of `on_closed_day` or `in_leave`, ready for a page. One query."""
    place = ZoneInfo(zone)
    about = {"closed_on": closed_on} if closed_on else {"leave": leave}
    places = (
        Enrollment.objects.filter(
            enrolled_on(OuterRef("local_date")),  # type: ignore[arg-type]
            series=OuterRef("series"),
            participant__sealed_at=None,
        )
        .order_by()
        .values("series")
        .annotate(n=Count("pk"))
        .values("n")
    )
    found = (
        rows.select_related("series__group", "room", "program__site")
        .annotate(
            people=led_by("session"),
            expected=Coalesce(Subquery(places), 0),
            decided=_decided(Resolution.objects.filter(session=OuterRef("pk"), **about)),
            keeps=F("series__on_closure"),
        )
        .order_by("starts_at", "pk")
    )
    return [
        Touched(
            session=s,
            day=wording.day(s.local_date),
            times=wording.span(s.starts_at.astimezone(place), s.ends_at.astimezone(place)),
            group=s.series.group.name,
            room=s.room.name,
            leads=wording.listing([person_name(p) for p in s.people]) or "nobody yet",
            expected=s.expected,
            decided=s.decided or "",
            suggested=_suggested(s.keeps, leave),
        )
        for s in found
    ]


def _suggested(on_closure: str, leave: Leave | None) -> str:
    if leave is not None:
        return Choice.COVER
    return {OnClosure.SHIFT: Choice.MOVE, OnClosure.KEEP: Choice.KEEP}.get(
        OnClosure(on_closure), ""
    )


@dataclass(frozen=True)
class Open:
    """A closed day, a leave or a roster with sessions that wait for a decision."""

    words: str
    line: str
    url_name: str
    pk: UUID | None
    sessions: int
    first: date


def still_open(
    program: Program, *, at: datetime, cleared_from: datetime | None = None
) -> list[Open]:
    """Closed days and leave whose sessions nobody has decided about, and rosters with two people to
    keep apart, the first day first; with `cleared_from` also how many people are not cleared for
    sessions from then on. One query."""
    closed = undecided_on_closed_days(program, at=at).values_list(
        Value("sessions:closure"), "closure_id", "reason", "local_date", "pk"
    )
    user = "facilitator__user__"
    away = undecided_in_leave(program, at=at).values_list(
        Value("sessions:leave"),
        "leave_id",
        Concat(
            Coalesce(NullIf(f"{user}preferred_name", Value("")), f"{user}first_name"),
            Value(" "),
            f"{user}last_name",
            output_field=CharField(),
        ),
        "session__local_date",
        "session_id",
    )
    together = kept_apart(program, at=at).values_list(
        Value("sessions:series"),
        "session__series_id",
        "session__series__group__name",
        "session__local_date",
        "session_id",
    )
    rows = closed.union(away, together)
    if cleared_from is not None:
        nobody = Value(None, output_field=UUIDField())
        marked = flagged(program, at=cleared_from).order_by().values("facilitator_id")
        rows = closed.union(
            away,
            together,
            marked.values_list(
                Value("sessions:not-cleared"),
                nobody,
                Value(""),
                Min("session__local_date"),
                "facilitator_id",
            ),
        )
    found: dict[tuple[str, UUID | None], list[tuple[date, str]]] = {}
    for url_name, pk, words, on, _ in rows:
        found.setdefault((url_name, pk), []).append((on, words))
    return sorted(
        (_open(url_name, pk, sorted(of)) for (url_name, pk), of in found.items()),
        key=lambda o: (o.first, o.words),
    )


def _open(url_name: str, pk: UUID | None, of: list[tuple[date, str]]) -> Open:
    (first, words), number = of[0], wording.count(len(of), "session")
    if url_name == "sessions:leave":
        said = f"{words.strip()} is away: {number} to settle"
        return Open(said, f"The first is on {wording.day(first)}", url_name, pk, len(of), first)
    if url_name == "sessions:not-cleared":
        people = wording.count(len(of), "person is", "people are")
        said = f"{people} not cleared for later sessions"
        line = f"The first is on {wording.day(first)}"
        return Open(said, line, url_name, None, len(of), first)
    if url_name == "sessions:series":
        line = f"{words}, {number}, the first on {wording.day(first)}"
        said = "Keep apart: two people on one roster"
        return Open(said, line, url_name, pk, len(of), first)
    said = f"{number} on a closed day"
    return Open(said, f"{wording.day(first)}: {words}", url_name, pk, len(of), first)
