"""Hand-overs: who is to write one, what waits to be read, one as it is read."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import Exists, OuterRef, Q

from participants import names
from phpsupport.access.scope import scope_of
from phpsupport.lib import wording
from phpsupport.programs.models import Program
from phpsupport.users.models import User
from sessions import reading
from sessions.models import (
    Enrollment,
    GroupSeries,
    HandOver,
    HandOverPart,
    SeriesFacilitator,
    SessionFacilitator,
)
from sessions.queries.attendance import Person, in_order, person_of

# How long a hand-over that somebody else wrote stands on the next one's day.
FRESH: Final = timedelta(days=21)


@dataclass(frozen=True)
class Leaving:
    """A series that somebody else leads from now on, and nothing is handed over yet."""

    series_id: UUID
    group: str


@dataclass(frozen=True)
class Given:
    """A hand-over that waits to be read."""

    id: UUID
    who: str
    group: str
    when: str


@dataclass(frozen=True)
class Handing:
    """What My day says about it."""

    to_write: list[Leaving]
    to_read: list[Given]


@dataclass(frozen=True)
class Told:
    """One hand-over as it is read."""

    group: str
    who: str
    when: str
    words: str
    parts: list[tuple[UUID, str, str]]  # participant, name, words
    rows: list[Any]


def left_lately(user: User, at: datetime) -> Any:
    """The series that the person led until lately or leads only until somebody else takes over."""
    usual: Any = SeriesFacilitator.pgh_event_model.objects.filter(  # type: ignore[attr-defined]
        facilitator__user=user, series_id=OuterRef("session__series_id")
    )
    now = SeriesFacilitator.objects.filter(series_id=OuterRef("session__series_id"))
    led = SessionFacilitator.objects.filter(
        ~Exists(now.filter(facilitator__user=user)),
        Exists(usual),
        person=user, active=True, ends_at__gte=at - reading.STILL_WRITING,
    )  # fmt: skip
    return led.values("session__series_id")


def roster_now(series: GroupSeries, today: date) -> list[Person]:
    """Who has a place in the series today. One query."""
    places = Enrollment.objects.filter(
        Q(until_on=None) | Q(until_on__gte=today),
        series=series, from_on__lte=today, participant__sealed_at=None,
    ).select_related("participant")  # fmt: skip
    people = {place.participant_id: place.participant for place in places}
    return in_order(person_of(person, on=today) for person in people.values())


def handing(*, user: User, program: Program, at: datetime) -> Handing:
    """What is to be written and to be read. Two queries."""
    written = HandOver.objects.filter(
        series=OuterRef("pk"), author=user, at__gte=at - 3 * reading.STILL_WRITING
    )
    others = SeriesFacilitator.objects.filter(series=OuterRef("pk"))
    to_write = (
        GroupSeries.objects.filter(
            ~Exists(written), Exists(others), pk__in=left_lately(user, at), program=program
        )
        .select_related("group")
        .order_by("group__name")
    )
    led = reading.led_about_now(scope_of(user)).values("series_id")
    to_read = (
        HandOver.objects.filter(program=program, series_id__in=led, at__gte=at - FRESH)
        .exclude(author=user)
        .select_related("author", "series__group")
    )
    zone = ZoneInfo(program.zone)
    return Handing(
        [Leaving(series.pk, series.group.name) for series in to_write],
        [
            Given(h.pk, h.author.name, h.series.group.name, wording.day(h.at.astimezone(zone)))
            for h in to_read
        ],
    )


def told(hand_over: HandOver, *, user: User) -> Told:
    """A hand-over with the parts that this reader may read. Two queries."""
    parts = list(
        HandOverPart.objects.visible_to(user)
        .filter(hand_over=hand_over)
        .select_related("participant")
    )
    zone = ZoneInfo(hand_over.program.zone)
    called = {
        p.pk: names.display_name(
            p.participant.first_name, p.participant.last_name, p.participant.preferred_name
        )
        for p in parts
    }
    parts.sort(key=lambda p: (called[p.pk], str(p.pk)))
    return Told(
        hand_over.series.group.name,
        hand_over.author.name,
        wording.day(hand_over.at.astimezone(zone), year=True),
        hand_over.words,
        [(p.participant_id, called[p.pk], p.words) for p in parts],
        parts,
    )
