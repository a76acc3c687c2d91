"""Hand-overs: who is to write one, what waits to be read, one as it is read."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import BooleanField, ExpressionWrapper, Q

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
)
from sessions.queries.attendance import Person, in_order, person_of
from sessions.queries.leavers import COUNTS_FOR, Leaver, leavers, still_open, with_authors

# How long a hand-over that somebody else wrote stands on the next one's day.
FRESH: Final = timedelta(days=21)


@dataclass(frozen=True)
class Leaving:
    """A series that the person stops leading, and nothing is handed over yet."""

    series_id: UUID
    group: str
    words: str
    due: str
    overdue: bool


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
    found = leavers(program, at, back=reading.STILL_WRITING, person=user)
    led = reading.led_about_now(scope_of(user)).values("series_id")
    there = (
        with_authors(HandOver.objects.filter(program=program))
        .filter(
            Q(series_id__in=led, at__gte=at - FRESH) & ~Q(author=user)
            | Q(series_id__in=[one.series_id for one in found])
            & Q(at__gte=at - reading.STILL_WRITING - COUNTS_FOR)
        )
        .annotate(led=ExpressionWrapper(Q(series_id__in=led), output_field=BooleanField()))
        .select_related("author", "series__group")
    )
    zone = ZoneInfo(program.zone)
    hand_overs = list(there)
    return Handing(
        [_leaving(one, at, zone) for one in still_open(found, hand_overs)],
        [
            Given(h.pk, h.author.name, h.series.group.name, wording.day(h.at.astimezone(zone)))
            for h in hand_overs
            if h.led and h.words and h.author_id != user.pk and h.at >= at - FRESH
        ],
    )


def _leaving(one: Leaver, at: datetime, zone: ZoneInfo) -> Leaving:
    if one.followed:
        words = "Somebody else leads it next. What should they know?"
    else:
        words = "Nobody leads it next yet. What should whoever comes know?"
    last = one.last.astimezone(zone)
    over = at.astimezone(zone).date() > last.date()
    return Leaving(one.series_id, one.group, words, wording.day(last), over)


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
