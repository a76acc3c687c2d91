"""Rosters and waitlists, and what a person is enrolled in."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import Count, Q, QuerySet

from participants.models import EpisodeOfCare, Participant
from participants.names import display_name, display_sort_key, full_name, sort_key
from participants.policies import WHOLE_PAGE
from phpsupport.access.scope import scope_of
from phpsupport.lib import wording
from phpsupport.lib.periods import Period
from phpsupport.programs.models import Program
from phpsupport.users.models import User
from sessions.conflicts import first_date_over_capacity
from sessions.models import (
    Enrollment,
    GroupKind,
    GroupSeries,
    GroupSession,
    SessionState,
    WaitlistEntry,
    WaitOutcome,
)
from sessions.queries.series import pattern_in_words

AHEAD = timedelta(days=28)


@dataclass(frozen=True)
class Place:
    """A place on a roster."""

    id: UUID
    participant_id: UUID
    name: str
    record_number: str
    line: str
    ended: bool


@dataclass(frozen=True)
class Waiting:
    """A place in the line."""

    id: UUID
    participant_id: UUID
    name: str
    number: int
    line: str


@dataclass
class SeriesRoster:
    """Who has, had and waits for a place in a series."""

    places: list[Place] = field(default_factory=list)
    ended: list[Place] = field(default_factory=list)
    waiting: list[Waiting] = field(default_factory=list)
    now: int = 0
    full_on: date | None = None


def roster_of_series(series: GroupSeries, *, user: User, today: date) -> SeriesRoster:
    """The roster and the waitlist as the person may see them. Two queries.

    Whole names and record numbers are for those who plan and treat; a supervisor sees people as
    those do who lead the group.
    """
    found = SeriesRoster()
    whole = sees_whole_names(user, series.program_id)
    rows = list(
        Enrollment.objects.visible_to(user).filter(series=series).select_related("participant")
    )
    rows.sort(key=lambda r: display_sort_key(
        r.participant.first_name, r.participant.last_name, r.participant.preferred_name
    ))  # fmt: skip
    for row in rows:
        ended = row.until_on is not None and row.until_on < today
        place = Place(
            row.pk, row.participant_id, shown_name(row.participant, whole=whole),
            row.participant.record_number if whole else "", _days(row, today), ended,
        )  # fmt: skip
        (found.ended if ended else found.places).append(place)
        found.now += not ended and row.from_on <= today
    line = (
        WaitlistEntry.objects.visible_to(user)
        .filter(series=series, outcome=WaitOutcome.WAITING)
        .select_related("participant")
        .order_by("position")
    )
    found.waiting = [
        Waiting(
            row.pk,
            row.participant_id,
            shown_name(row.participant, whole=whole),
            number,
            f"since {wording.day(row.queued_at.astimezone(ZoneInfo(series.zone)))}, "
            f"wants to begin {wording.day(row.wanted_from)}",
        )
        for number, row in enumerate(line, start=1)
    ]
    first = max(today, series.from_on)
    if first <= series.until_on:
        found.full_on = first_date_over_capacity(
            [Period.days(r.from_on, r.until_on) for r in rows],
            series.capacity,
            Period.days(first, series.until_on),
        )
    return found


def sees_whole_names(user: User, program_id: UUID) -> bool:
    """Whether surnames and record numbers are for this person's eyes in the program."""
    return scope_of(user).has(program_id, *WHOLE_PAGE)


def shown_name(participant: Participant, *, whole: bool) -> str:
    """The name as a page says it: whole, or with the last initial."""
    name = full_name if whole else display_name
    return name(participant.first_name, participant.last_name, participant.preferred_name)


def _days(row: Enrollment, today: date) -> str:
    since = "from" if row.from_on > today else "since"
    words = f"{since} {wording.day(row.from_on)}"
    if row.until_on:
        last = "until" if row.until_on >= today else "was here until"
        words += f", {last} {wording.day(row.until_on)}"
    return words


def may_join(
    program: Program, series: GroupSeries, *, user: User, today: date
) -> QuerySet[Participant]:
    """Whom one may enroll: people with a stay now or booked; for alumni groups, all who were here."""
    stays = EpisodeOfCare.objects.filter(program=program)
    if series.group.kind != GroupKind.ALUMNI:
        stays = stays.filter(Q(discharged_on=None) | Q(discharged_on__gte=today))
    return (
        Participant.objects.visible_to(user)
        .filter(pk__in=stays.values("participant_id"), sealed_at=None)
        .order_by("last_name", "first_name", "record_number")
    )


def participant_choices(rows: Iterable[Participant]) -> list[tuple[str, str]]:
    """People for a list to choose from; the record number tells two of one name apart."""
    people = sorted(rows, key=lambda p: (sort_key(p.first_name, p.last_name), p.record_number))
    return [(str(p.pk), f"{shown_name(p, whole=True)} · {p.record_number}") for p in people]


# --- one participant ------------------------------------------------------------------------------
@dataclass(frozen=True)
class OwnGroup:
    """A series that a person belongs to or waits for."""

    id: UUID
    series_id: UUID
    name: str
    when: str
    line: str
    waiting: bool
    ended: bool


def groups_of(participant: Participant, *, user: User, today: date) -> list[OwnGroup]:
    """What a person is, was and waits to be in. Two queries."""
    found = [
        OwnGroup(
            row.pk, row.series_id, row.series.group.name, pattern_in_words(row.series),
            _days(row, today), False, row.until_on is not None and row.until_on < today,
        )
        for row in Enrollment.objects.visible_to(user)
        .filter(participant=participant)
        .select_related("series__group")
        .order_by("series__starts", "from_on", "pk")
    ]  # fmt: skip
    found += [
        OwnGroup(
            row.pk, row.series_id, row.series.group.name, pattern_in_words(row.series),
            f"waiting since {wording.day(row.queued_at.astimezone(ZoneInfo(row.series.zone)))}",
            True, False,
        )
        for row in WaitlistEntry.objects.visible_to(user)
        .filter(participant=participant, outcome=WaitOutcome.WAITING)
        .select_related("series__group")
        .order_by("queued_at", "pk")
    ]  # fmt: skip
    return sorted(found, key=lambda g: g.ended)


@dataclass(frozen=True)
class Offer:
    """A series that a person could join."""

    id: UUID
    label: str
    full: bool


def offers(program: Program, *, participant: Participant, today: date) -> list[Offer]:
    """The program's series that still run and that the person is not in. One query."""
    taken = Q(enrollments__from_on__lte=today) & (
        Q(enrollments__until_on=None) | Q(enrollments__until_on__gte=today)
    )
    mine = Enrollment.objects.filter(
        Q(until_on=None) | Q(until_on__gte=today), participant=participant
    )
    rows = (
        GroupSeries.objects.filter(program=program, until_on__gte=today)
        .exclude(pk__in=mine.values("series_id"))
        .exclude(waitlist__in=WaitlistEntry.objects.filter(
            participant=participant, outcome=WaitOutcome.WAITING
        ))
        .select_related("group")
        .annotate(taken=Count("enrollments", taken, distinct=True))
        .order_by("group__name", "starts", "pk")
    )  # fmt: skip
    return [
        Offer(
            s.pk,
            f"{s.group.name} · {pattern_in_words(s)} · {s.taken} of {s.capacity}",  # type: ignore[attr-defined]
            s.taken >= s.capacity,  # type: ignore[attr-defined]
        )
        for s in rows
    ]


def overlaps(
    participant: Participant,
    series_ids: Iterable[UUID],
    *,
    program: Program,
    from_on: date,
    at: datetime,
) -> list[str]:
    """Where the person would be expected twice at one time, in words; each pair once. One query.

    A group of another program is told without its name.
    """
    wanted = set(series_ids)
    mine = Enrollment.objects.filter(
        Q(until_on=None) | Q(until_on__gte=from_on), participant=participant
    ).values("series_id")
    rows = (
        GroupSession.objects.filter(
            Q(series_id__in=wanted) | Q(series_id__in=mine),
            local_date__gte=from_on,
            local_date__lt=from_on + AHEAD,
            ends_at__gt=at,
            state__in=[SessionState.SCHEDULED, SessionState.HELD],
        )
        .order_by("starts_at", "pk")
        .values_list("series_id", "series__group__name", "program_id", "starts_at", "ends_at")
    )
    sentences: list[str] = []
    seen: set[frozenset[UUID]] = set()
    running: list[tuple[UUID, str, datetime]] = []
    zone = ZoneInfo(program.zone)
    for series_id, group, program_id, starts, ends in rows:
        name = group if program_id == program.pk else "a group of another program"
        running = [r for r in running if r[2] > starts]
        for other_id, other, until in running:
            pair = frozenset({series_id, other_id})
            if other_id == series_id or pair in seen or not pair & wanted:
                continue
            seen.add(pair)
            local, last = starts.astimezone(zone), min(until, ends).astimezone(zone)
            sentences.append(
                f"{name} and {other} meet at the same time: "
                f"{wording.day_and_span(local, last)}, for the first time."
            )
        running.append((series_id, name, ends))
    return sentences
