"""What the pages of a stored series show, and holding its sessions."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.db.models.functions import JSONObject

from facilitators.models import Facilitator
from facilitators.queries.clearance import ClearanceFile, files_of
from phpsupport.lib import wording
from sessions.models import (
    Attendance,
    GroupNote,
    GroupNoteDraft,
    GroupSeries,
    GroupSession,
    Part,
    ProgressNote,
    ProgressNoteDraft,
    SeriesFacilitator,
    SessionFacilitator,
    SessionState,
    WaitlistEntry,
    WaitOutcome,
)
from sessions.queries.slots import person_name
from sessions.recurrence import (
    Pattern,
    Times,
    in_words,
)

SHOWN = 12


def hold_sessions(keys: Iterable[UUID]) -> None:
    """Hold these sessions until the transaction ends, in the order of their keys. One query.

    Read them after it, not by it: joined with its room, a session whose room somebody changed while
    this waited would match no more and be missing, and what is on record would be as it was before.
    """
    rows = GroupSession.objects.select_for_update(no_key=True).filter(pk__in=list(keys))
    list(rows.order_by("pk").values_list("pk"))


def with_records(sessions: QuerySet[GroupSession]) -> QuerySet[GroupSession]:
    """Annotate `recorded`: something is on record, so that the session is history."""
    here = {"session": OuterRef("pk")}
    return sessions.annotate(
        recorded=Exists(Attendance.objects.filter(**here))
        | Exists(GroupNote.objects.filter(**here))
        | Exists(ProgressNote.objects.filter(**here))
        | Exists(GroupNoteDraft.objects.filter(**here))
        | Exists(ProgressNoteDraft.objects.filter(**here))
    )


def times_of(series: GroupSeries) -> tuple[Times, ...]:
    """Every time of a stored series, its own first."""
    own = Times(
        frozenset(series.weekdays), series.starts, series.ends, series.ends <= series.starts
    )
    return (own, *(Times.of_stored(row) for row in series.more_times))


def pattern_of(
    series: GroupSeries, *, from_on: date | None = None, until_on: date | None = None
) -> Pattern:
    """The pattern of a stored series, for all its days or for those given."""
    own, *more = times_of(series)
    return Pattern(
        own.weekdays,
        own.starts,
        own.ends,
        from_on or series.from_on,
        until_on or series.until_on,
        series.zone,
        series.every_weeks,
        own.ends_next_day,
        series.nth_of_month,
        more,
        None,
        series.on_closure,
    )


def pattern_in_words(series: GroupSeries) -> str:
    """ "Mondays and Wednesdays, 10:00–10:50", "The 2nd Tuesday of the month, 18:00–19:00"."""
    return in_words(
        times_of(series), every_weeks=series.every_weeks, nth_of_month=series.nth_of_month
    )


@dataclass(frozen=True)
class SeriesLine:
    """One series in a list."""

    id: UUID
    group: str
    when: str
    room: str
    led_by: str
    places: str
    waiting: int
    days: str
    full: bool
    over: bool
    ended: bool
    running: bool

    @property
    def waiting_words(self) -> str:
        return f"{self.waiting} waiting"


def series_lines(rows: QuerySet[GroupSeries], *, today: date) -> list[SeriesLine]:
    """Series as lines of a list. Two queries."""
    on = Q(enrollments__from_on__lte=today) & (
        Q(enrollments__until_on=None) | Q(enrollments__until_on__gte=today)
    )
    found = list(
        rows.select_related("group", "room")
        .annotate(
            enrolled=Count(
                "enrollments", on & Q(enrollments__participant__sealed_at=None), distinct=True
            )
        )
        .order_by("until_on", "starts", "pk")
    )
    ids = [s.pk for s in found]
    leads: dict[UUID, list[str]] = {}
    waiting: dict[UUID, int] = {}
    for row in (
        SeriesFacilitator.objects.filter(
            Q(until_on=None) | Q(until_on__gte=today), series_id__in=ids
        )
        .select_related("facilitator__user")
        .order_by("-part", "pk")
    ):
        leads.setdefault(row.series_id, []).append(row.facilitator.user.name)
    for series_id in WaitlistEntry.objects.filter(
        series_id__in=ids, outcome=WaitOutcome.WAITING, participant__sealed_at=None
    ).values_list("series_id", flat=True):
        waiting[series_id] = waiting.get(series_id, 0) + 1
    return [
        SeriesLine(
            id=s.pk,
            group=s.group.name,
            when=pattern_in_words(s),
            room=s.room.name,
            led_by=wording.listing(leads.get(s.pk, [])) or "nobody yet",
            places=f"{s.enrolled} of {s.capacity}",  # type: ignore[attr-defined]
            waiting=waiting.get(s.pk, 0),
            days=f"{wording.date_in_full(s.from_on)} – {wording.date_in_full(s.until_on)}",
            full=s.enrolled >= s.capacity,  # type: ignore[attr-defined]
            over=s.enrolled > s.capacity,  # type: ignore[attr-defined]
            ended=s.until_on < today or s.ended_at is not None,
            running=s.from_on <= today <= s.until_on,
        )
        for s in found
    ]


@dataclass(frozen=True)
class SessionLine:
    """One date of a stored series."""

    id: UUID
    day: str
    times: str
    kind: str
    word: str
    line: str
    past: bool
    step: str = ""
    exception: bool = False
    cancelled: bool = False


@dataclass
class SeriesPage:
    """A series with its dates."""

    coming: list[SessionLine] = field(default_factory=list)
    past: list[SessionLine] = field(default_factory=list)
    warned: int = 0
    first_warned: SessionLine | None = None
    sessions: Sequence[GroupSession] = ()

    @property
    def exceptions(self) -> list[SessionLine]:
        """Coming dates that are not as the series has it."""
        return [line for line in self.coming if line.exception]

    @property
    def cancelled(self) -> list[SessionLine]:
        """Coming dates that do not take place."""
        return [line for line in self.coming if line.cancelled]

    @property
    def soon(self) -> list[SessionLine]:
        """The next dates, as many as one looks at."""
        return self.coming[:SHOWN]

    @property
    def later(self) -> list[SessionLine]:
        return self.coming[SHOWN:]

    @property
    def warned_words(self) -> str:
        return f"{wording.count(self.warned, 'coming date needs', 'coming dates need')} a look."


def led_by(of: str) -> ArraySubquery:
    """Who leads a session or a series, the lead first, as dicts: id (facilitator), person, names;
    of a series also their days, `since` and `until`."""
    model: Any = SessionFacilitator if of == "session" else SeriesFacilitator
    days = {} if of == "session" else {"since": "from_on", "until": "until_on"}
    return ArraySubquery(
        model.objects.filter(**{of: OuterRef("pk")})
        .order_by("-part", "pk")
        .values(
            row=JSONObject(
                id="facilitator_id",
                person="facilitator__user_id",
                part="part",
                answer="answer",
                first="facilitator__user__first_name",
                preferred="facilitator__user__preferred_name",
                last="facilitator__user__last_name",
                **days,
            )
        )
    )


def leading_on(series: GroupSeries, day: date) -> list[dict[str, Any]]:
    """Those of a series' `people` who lead it on a day. Load it with `people=led_by("series")`."""
    on = day.isoformat()
    return [
        p for p in series.people  # type: ignore[attr-defined]
        if (p["since"] or on) <= on <= (p["until"] or on)
    ]  # fmt: skip


def handed_over(
    usual: Mapping[UUID, SeriesFacilitator],
    old: Facilitator | None,
    new: Facilitator | None,
    from_on: date,
) -> bool:
    """Whether `new` leads instead of `old` from a day on by those who `usual`ly lead it."""
    leaving, there = (usual.get(f.pk) if f else None for f in (old, new))
    gone = leaving is None or (leaving.until_on is not None and leaving.until_on < from_on)
    comes = new is None or (
        there is not None and there.until_on is None and there.leads_on(from_on)
    )
    return gone and comes


def _why_not(file: ClearanceFile | None, on: date, part: str) -> str:
    """Why somebody may not take that part that day, leave included; '' when they may."""
    if file is None:
        return ""
    found = file.on(on, as_lead=part == Part.LEAD)
    return "" if found.cleared else " ".join(r.sentence for r in found.reasons)


def dates_of_series(series: GroupSeries, *, at: datetime) -> SeriesPage:
    """The stored dates of a series, the coming ones with what is wrong. Four queries.

    Load the series with `people=led_by("series")`.
    """
    zone = ZoneInfo(series.zone)
    page = SeriesPage()
    usual = {(d, t.starts, t.ends) for t in times_of(series) for d in t.weekdays}
    rows = list(
        series.sessions.select_related("room", "item")
        .annotate(people=led_by("session"))
        .order_by("starts_at")
    )
    page.sessions = rows
    files = files_of(
        {UUID(p["id"]) for s in rows if s.ends_at > at for p in s.people}  # type: ignore[attr-defined]
    )
    for s in rows:
        starts, ends = s.starts_at.astimezone(zone), s.ends_at.astimezone(zone)
        past = s.ends_at <= at
        people = s.people  # type: ignore[attr-defined]
        line = []
        if s.room_id != series.room_id:
            line.append(s.room.name)
        at_usual = (s.local_date.weekday(), starts.time(), ends.time()) in usual
        if s.moved:
            line.append("changed by hand" if at_usual else "moved")
        elif not (at_usual or past):
            # From before the pattern was changed from a day on, or shifted from a closed day.
            line.append("not at the usual time")
        if {p["id"] for p in people} != {p["id"] for p in leading_on(series, s.local_date)}:
            names = wording.listing([person_name(p) for p in people])
            line.append(f"led by {names}" if names else "nobody leads it")
        exception = bool(line)
        kind, word = _state(s, past=past)
        if not past and s.state == SessionState.SCHEDULED:
            reasons = [
                f"{person_name(p)}: {why}"
                for p in people
                if (why := _why_not(files.get(UUID(p["id"])), s.local_date, p["part"]))
            ]
            if not any(p["part"] == Part.LEAD for p in people):
                kind, word = "stop", "Needs a facilitator"
            elif reasons:
                kind, word = "wait", "Not cleared"
                line += reasons
            page.warned += kind != "good"
        if s.state_reason:
            line.append(s.state_reason)
        found = SessionLine(
            s.pk, wording.day(starts, year=True), wording.span(starts, ends), kind, word,
            " · ".join(line), past, s.item.title if s.item else "", exception,
            s.state == SessionState.CANCELLED,
        )  # fmt: skip
        (page.past if past else page.coming).append(found)
        if kind in ("stop", "wait") and not past and page.first_warned is None:
            page.first_warned = found
    page.past.reverse()
    return page


def _state(session: GroupSession, *, past: bool) -> tuple[str, str]:
    match session.state:
        case SessionState.CANCELLED:
            return "plain", "Cancelled"
        case SessionState.NOT_HELD:
            return "plain", "Not held"
        case SessionState.HELD:
            return "good", "Held"
    return ("wait", "Not reported") if past else ("good", "Planned")
