"""The roster of one session, with what is marked."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import Exists, OuterRef, Q, QuerySet, Subquery

from participants import names
from participants.alike import Called
from participants.models import Participant
from phpsupport.lib import wording
from phpsupport.lib.mixed import mixed
from phpsupport.users.models import User
from sessions.line import falls_inside
from sessions.models import (
    CAME,
    Attendance,
    Enrollment,
    GroupSession,
    SessionFacilitator,
    Status,
)
from sessions.queries.safety import was_raised_at
from sessions.screening import Named

FIRST_DAYS = timedelta(days=7)
FOUND_AT_MOST = 8


@dataclass(frozen=True)
class Person:
    """One person on the roster of a session. `status` is '' as long as nobody marked them."""

    participant_id: UUID
    name: str
    hint: str
    tags: tuple[tuple[str, str], ...]
    named: Named
    enrolled: bool
    status: str = ""
    arrived: time | None = None
    departed: time | None = None
    reason: str = ""
    walk_in: bool = False
    marked_by: str = ""
    marked_at: datetime | None = None
    leaves_at: time | None = None  # planned, where it lies inside this session
    also_called: str = ""

    @property
    def came(self) -> bool:
        return self.status in CAME

    @property
    def mark(self) -> str:
        """The mark in words, '' where nobody marked them."""
        return mark_in_words(self.status, self.arrived, self.departed) if self.status else ""

    @property
    def called(self) -> Called:
        return Called(self.named.first, self.named.last, self.named.preferred, self.also_called)


def mark_in_words(status: str, arrived: time | None, departed: time | None) -> str:
    """ "Late 10:07", "Excused", "Present, left 12:50"."""
    if departed and not arrived and status != Status.LEFT_EARLY:
        return f"{Status(status).label}, left {wording.clock_time(departed)}"
    times = [wording.clock_time(at) for at in (arrived, departed) if at is not None]
    return " ".join([Status(status).label, "–".join(times)]).strip()


@dataclass(frozen=True)
class Heading:
    """What stands above every page of a session, in the site's time."""

    title: str
    when: str
    room: str
    starts: time
    ends: time
    zone: str
    step: str = ""  # of the curriculum

    @property
    def line(self) -> str:
        """When, where and which step."""
        return " · ".join(part for part in (self.when, self.room, self.step) if part)


def with_heading(
    sessions: QuerySet[GroupSession], *, reader: User | None = None
) -> QuerySet[GroupSession]:
    """Sessions with what `heading` needs; with `reader` also `led_by`, which is the reader's id
    where they lead the session and None where they do not, and whether a safety concern was
    raised (`safety_raised`)."""
    found = sessions.select_related("series__group", "room", "program__site", "item")
    if reader is None:
        return found
    leads = SessionFacilitator.objects.filter(session=OuterRef("pk"), person=reader, active=True)
    raised = was_raised_at(OuterRef("pk"))
    return found.annotate(
        led_by=Subquery(leads.values("person_id")[:1]), safety_raised=Exists(raised)
    )


def heading(session: GroupSession) -> Heading:
    """The words above a page of the session; load it through `with_heading`."""
    zone = session.program.zone
    starts = session.starts_at.astimezone(ZoneInfo(zone))
    ends = session.ends_at.astimezone(ZoneInfo(zone))
    return Heading(
        title=session.series.group.name,
        when=wording.day_and_span(starts, ends),
        room=session.room.name,
        starts=starts.time().replace(tzinfo=None),
        ends=ends.time().replace(tzinfo=None),
        zone=zone,
        step=session.item.title if session.item else "",
    )


def enrolled_on(day: date) -> Q:
    """Enrollments that hold on `day`; the former chart of somebody who works here is not among them."""
    return Q(Q(until_on=None) | Q(until_on__gte=day), from_on__lte=day, participant__sealed_at=None)


def people_of(session: GroupSession) -> QuerySet[Participant]:
    """Who is expected at the session or was marked there, whoever asks: for those who may mark it."""
    expected = Enrollment.objects.filter(
        enrolled_on(session.local_date), series_id=session.series_id
    )
    marked = Attendance.objects.filter(session=session, participant__sealed_at=None)
    return Participant.objects.filter(
        Q(pk__in=expected.values("participant_id")) | Q(pk__in=marked.values("participant_id"))
    )


_PERSON = (
    "record_number", "first_name", "last_name", "preferred_name", "also_called", "pronouns",
    "interpreter_needed",
)  # fmt: skip
_ROSTER = (
    "participant_id", *(f"participant__{name}" for name in _PERSON),
    "leaves_at", "episode_id", "episode__admitted_on",
    "status", "arrived", "departed", "reason", "walk_in", "at_kiosk", "marked_at",
    "marked_by_id", "marked_by__first_name", "marked_by__last_name", "marked_by__preferred_name",
)  # fmt: skip


def roster(session: GroupSession) -> list[Person]:
    """Who is expected or came, in order of the names shown. One query."""
    expected: dict[UUID, Enrollment] = {}
    marked: dict[UUID, Attendance] = {}
    for row in mixed(
        _ROSTER,
        Enrollment.objects.filter(enrolled_on(session.local_date), series_id=session.series_id),
        Attendance.objects.filter(session=session, participant__sealed_at=None),
    ):
        (expected if isinstance(row, Enrollment) else marked)[row.participant_id] = row
    people = []
    for participant_id, row in (marked | expected).items():
        admitted = row.episode.admitted_on if isinstance(row, Enrollment) and row.episode else None
        people.append(
            person_of(
                row.participant,
                on=session.local_date,
                admitted_on=admitted,
                enrolled=participant_id in expected,
                mark=marked.get(participant_id),
                leaves_at=_planned_leaving(expected.get(participant_id), session),
            )
        )
    return in_order(people)


def _planned_leaving(place: Enrollment | None, session: GroupSession) -> time | None:
    """When somebody is to leave this session before its end."""
    if place is None or place.leaves_at is None:
        return None
    zone = ZoneInfo(session.program.zone)
    starts, ends = (at.astimezone(zone).time() for at in (session.starts_at, session.ends_at))
    return place.leaves_at if falls_inside(place.leaves_at, starts, ends) else None


def planned_leaving(session: GroupSession, participant_id: UUID) -> time | None:
    """When somebody is to leave this session before its end, as planned. One query."""
    places = Enrollment.objects.filter(
        enrolled_on(session.local_date),
        series_id=session.series_id,
        participant_id=participant_id,
    )
    return _planned_leaving(places.first(), session)


def person_of(
    participant: Participant,
    *,
    on: date,
    admitted_on: date | None = None,
    enrolled: bool = False,
    mark: Attendance | None = None,
    leaves_at: time | None = None,
) -> Person:
    """One person as a roster shows them."""
    first, last = participant.first_name, participant.last_name
    name = names.display_name(first, last, participant.preferred_name)
    tags = []
    if participant.interpreter_needed:
        tags.append(("calm", "interpreter"))
    if admitted_on and timedelta(0) <= on - admitted_on < FIRST_DAYS:
        tags.append(("wait", "first week"))
    if participant.pronouns:
        tags.append(("plain", participant.pronouns))
    if leaves_at:
        tags.append(("calm", f"leaves {wording.clock_time(leaves_at)}"))
    if mark and mark.walk_in:
        tags.append(("plain", "walk-in"))
    if mark and mark.at_kiosk:
        tags.append(("plain", "at the kiosk"))
    marked_by = mark.marked_by if mark else None
    return Person(
        participant_id=participant.pk,
        name=name,
        hint=participant.record_number,
        tags=tuple(tags),
        named=Named(
            participant.pk, name, first, last, participant.preferred_name, participant.also_called
        ),
        enrolled=enrolled,
        status=mark.status if mark else "",
        arrived=mark.arrived if mark else None,
        departed=mark.departed if mark else None,
        reason=mark.reason if mark else "",
        walk_in=mark.walk_in if mark else not enrolled,
        marked_by=marked_by.name if marked_by else "",
        marked_at=mark.marked_at if mark else None,
        leaves_at=leaves_at,
        also_called=participant.also_called,
    )


def in_order(people: Iterable[Person]) -> list[Person]:
    """By the name shown; a record number stays beside a name that two people share."""
    people = list(people)
    often = Counter(person.name for person in people)
    told_apart = [
        person if often[person.name] > 1 else Person(**{**person.__dict__, "hint": ""})
        for person in people
    ]
    return sorted(
        told_apart,
        key=lambda p: (
            names.display_sort_key(p.named.first, p.named.last, p.named.preferred),
            p.hint,
        ),
    )
