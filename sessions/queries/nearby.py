"""Who may be recognized in what is written: in the notes of a session, beside them, in a hand-over, in
all that stands on one participant's record. Who was there, or until lately, by all that they are
called; who else was in the program, or until lately, by the full name."""

from collections.abc import Collection, Iterable
from datetime import date, timedelta
from typing import Any, Final, NamedTuple
from uuid import UUID

from django.db.models import (
    BooleanField,
    Exists,
    ExpressionWrapper,
    F,
    OuterRef,
    Q,
    QuerySet,
    Value,
)
from django.db.models.functions import Coalesce

from participants.models import EpisodeOfCare, Participant
from participants.names import display_name, display_sort_key
from phpsupport.users.models import User
from sessions.models import (
    Attendance,
    Enrollment,
    GroupSeries,
    GroupSession,
    ProgressNote,
    SafetyConcern,
    SeriesFacilitator,
    SessionFacilitator,
)
from sessions.queries.attendance import Person
from sessions.screening import Named, Roster

# How long people still speak of somebody who left a group or the program. Nearly three times a usual
# stay: whoever was there together with those of today left within it.
LATELY: Final = timedelta(days=60)
AT_MOST: Final = 2000
_NAMES: Final = ("first_name", "last_name", "preferred_name")
_NO: Final = Value(False)
# In this order: what goes past AT_MOST are others of the program.
_LEADS, _WAS_THERE, _IN_PROGRAM = range(3)


class _Row(NamedTuple):
    kind: int
    pk: UUID
    left: bool  # was there only until lately
    first: str
    last: str
    preferred: str
    also: str


# --- before something is signed or handed over ------------------------------------------------------
def nearby(
    session: GroupSession, people: Iterable[Person] = (), *, written_on: date | None = None
) -> Roster:
    """Who was on the roster or had a place in the series until lately, by all that they are called;
    who else was in the program that day or until lately, by their full names. The names of who
    leads the session may stand. One query.

    `people` are those of the roster whom the caller has read. What is written only on a later day
    (`written_on`) may also name who came since.
    """
    leads = SessionFacilitator.objects.filter(session=session, active=True)
    day = session.local_date
    there = _there(session.series, leads, "person", on=day, until=max(day, written_on or day))
    return _gathered([person.named for person in people], there, [session.series.group.name])


def nearby_series(
    series: GroupSeries, people: Iterable[Person], *, on: date, author: User
) -> Roster:
    """The same for a hand-over: who has a place in the series or had one until lately; its author
    and who usually leads it may be named."""
    leads = SeriesFacilitator.objects.filter(series=series)
    there = _there(series, leads, "facilitator__user", on=on, until=on)
    mine = [getattr(author, name) for name in _NAMES]
    return _gathered([person.named for person in people], there, [series.group.name, *mine])


def _there(
    series: GroupSeries, leads: QuerySet[Any], person: str, *, on: date, until: date
) -> list[_Row]:
    """Who leads; who had a place in the series or walked in between what counts as lately before
    `on` and `until`; who was in the program then. Nobody's former chart who works here is told."""
    since, open_chart = on - LATELY, Q(participant__sealed_at=None)
    places = Enrollment.objects.filter(
        open_chart, Q(until_on=None) | Q(until_on__gte=since), series=series, from_on__lte=until
    )
    walked_in = Attendance.objects.filter(
        open_chart, session__series=series, session__local_date__range=(since, until), walk_in=True
    )
    stays = EpisodeOfCare.objects.filter(
        open_chart, Q(discharged_on=None) | Q(discharged_on__gte=since),
        program_id=series.program_id, admitted_on__lte=until,
    )  # fmt: skip
    found = _leading(leads, person).union(
        _participants(places, _WAS_THERE, left=Q(until_on__isnull=False, until_on__lt=on)),
        _participants(walked_in, _WAS_THERE, left=Q(session__local_date__lt=on)),
        _participants(stays, _IN_PROGRAM),
    )
    return [_Row(*row) for row in found.order_by("kind")[:AT_MOST]]


# --- in what stands on somebody's record ------------------------------------------------------------
def around(participant: Participant, programs: Collection[UUID], during: Q) -> Roster:
    """Who may be named on the record of somebody: who was on the roster of one of their sessions of
    these days or until lately before it; who else was in these programs since, or until lately. Who
    led these sessions and what the groups are called stays. Two queries."""
    own = list(
        _sessions(participant, during).values_list(
            "pk", "local_date", "series_id", "series__group__name"
        )
    )
    days = [day for _, day, _, _ in own] or [date.max]
    sessions = GroupSession.objects.filter(pk__in=[pk for pk, *_ in own])
    series = {series for _, _, series, _ in own}
    leads = SessionFacilitator.objects.filter(session__in=sessions, person__participant=None)
    first, last = min(days) - LATELY, max(days)
    places = Enrollment.objects.filter(series__in=series)
    marks = Attendance.objects.filter(session__in=sessions)
    walked_in = Attendance.objects.filter(
        session__series__in=series, session__local_date__range=(first, last), walk_in=True
    )
    stays = EpisodeOfCare.objects.filter(
        Q(discharged_on=None) | Q(discharged_on__gte=first), program__in=programs
    )
    found = _leading(leads, "person").union(
        _participants(places.filter(_held(sessions, LATELY)), _WAS_THERE, left=~_held(sessions)),
        _participants(marks, _WAS_THERE),
        _participants(walked_in.filter(_followed(sessions)), _WAS_THERE, left=Q(pk__isnull=False)),
        _participants(stays, _IN_PROGRAM),
    )
    given = [getattr(participant, name) for name in (*_NAMES, "also_called")]
    person = Named(participant.pk, "", *given)
    return _gathered([person], [_Row(*row) for row in found], [group for *_, group in own])


def _sessions(participant: Participant, during: Q) -> QuerySet[GroupSession]:
    """Those of these days that the person was in or had a place in."""
    own = [
        Exists(model.objects.filter(participant=participant, session=OuterRef("pk")))
        for model in (Attendance, ProgressNote, SafetyConcern)
    ]
    place = Enrollment.objects.filter(
        Q(until_on=None) | Q(until_on__gte=OuterRef("local_date")),
        participant=participant, series=OuterRef("series"), from_on__lte=OuterRef("local_date"),
    )  # fmt: skip
    return GroupSession.objects.filter(during, own[0] | own[1] | own[2] | Exists(place))


def _held(sessions: QuerySet[GroupSession], after: timedelta = timedelta(0)) -> Exists:
    """Whether a place held on the day of one of the sessions, or until that long before it."""
    until = Coalesce(OuterRef("until_on"), Value(date(9000, 1, 1))) + after
    return Exists(
        sessions.filter(
            series=OuterRef("series"), local_date__gte=OuterRef("from_on"), local_date__lte=until
        )
    )


def _followed(sessions: QuerySet[GroupSession]) -> Exists:
    """Whether one of the sessions came lately after the day of a mark."""
    day = OuterRef("session__local_date")
    return Exists(
        sessions.filter(
            series=OuterRef("session__series"), local_date__gte=day, local_date__lte=day + LATELY
        )
    )


# --- what all of them share -------------------------------------------------------------------------
def _leading(rows: QuerySet[Any], person: str) -> Any:
    return _rows(rows, _LEADS, person, _NO, Value(""))


def _participants(rows: QuerySet[Any], kind: int, *, left: Any = _NO) -> Any:
    return _rows(rows, kind, "participant", left, F("participant__also_called"))


def _rows(rows: QuerySet[Any], kind: int, who: str, left: Any, also: Any) -> Any:
    flag = ExpressionWrapper(left, output_field=BooleanField())
    named = rows.order_by().annotate(kind=Value(kind), left=flag, also=also)
    columns = ("kind", f"{who}_id", "left", *(f"{who}__{name}" for name in _NAMES), "also")
    return named.values_list(*columns)


def _gathered(named: list[Named], there: Iterable[_Row], fine: list[str]) -> Roster:
    known = {person.participant_id for person in named}
    were_there: dict[UUID, list[_Row]] = {}
    others = []
    for row in there:
        if row.kind == _LEADS:
            fine += [row.first, row.last, row.preferred]
        elif row.kind == _IN_PROGRAM:
            others.append(row)
        elif row.pk not in known:
            were_there.setdefault(row.pk, []).append(row)
    named += [
        _named(rows[0], left=all(row.left for row in rows))
        for rows in sorted(were_there.values(), key=_by_name)
    ]
    known |= were_there.keys()
    full = {(person.first.casefold(), person.last.casefold()) for person in named}
    for row in others:
        # Of two people of one name whoever was there is meant.
        if row.last and row.pk not in known and _full(row) not in full:
            named.append(_named(row, near=True))
            known.add(row.pk)
    return Roster.of(named, fine)


def _named(row: _Row, *, near: bool = False, left: bool = False) -> Named:
    shown = display_name(row.first, row.last, row.preferred)
    return Named(row.pk, shown, row.first, row.last, row.preferred, row.also, near=near, left=left)


def _full(row: _Row) -> tuple[str, str]:
    return row.first.casefold(), row.last.casefold()


def _by_name(rows: list[_Row]) -> Any:
    row = rows[0]
    return display_sort_key(row.first, row.last, row.preferred), row.pk
