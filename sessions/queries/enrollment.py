"""Rosters and waitlists, and what a person is enrolled in."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import Count, Exists, OuterRef, Q, QuerySet, Subquery

from participants.models import EpisodeOfCare, LevelOfCare, Participant
from participants.names import display_name, display_sort_key, full_name, sort_key
from participants.policies import WHOLE_PAGE
from phpsupport.access.scope import scope_of
from phpsupport.lib import wording
from phpsupport.lib.periods import Period
from phpsupport.programs.models import Program, policy_in_force
from phpsupport.users.models import User
from sessions.conflicts import first_date_over_capacity
from sessions.models import (
    Enrollment,
    GroupKind,
    GroupSeries,
    WaitlistEntry,
    WaitOutcome,
)
from sessions.queries.placing import kept_days
from sessions.queries.series import pattern_in_words


@dataclass(frozen=True)
class Place:
    """A place on a roster."""

    id: UUID
    participant_id: UUID
    name: str
    record_number: str
    line: str
    ended: bool
    leaves: str = ""


@dataclass(frozen=True)
class Waiting:
    """A place in the line; `kept` says until when a place is kept for them, and how long that is."""

    id: UUID
    participant_id: UUID
    name: str
    number: int
    line: str
    kept: str = ""


@dataclass
class SeriesRoster:
    """Who has, had and waits for a place in a series."""

    places: list[Place] = field(default_factory=list)
    ended: list[Place] = field(default_factory=list)
    waiting: list[Waiting] = field(default_factory=list)
    now: int = 0
    kept: int = 0
    full_on: date | None = None

    @property
    def participant_ids(self) -> list[str]:
        """Everybody who is named, each once."""
        places = (place.participant_id for place in (*self.places, *self.ended))
        waiting = (entry.participant_id for entry in self.waiting)
        return list(dict.fromkeys(map(str, (*places, *waiting))))


def roster_of_series(series: GroupSeries, *, user: User, at: datetime) -> SeriesRoster:
    """The roster and the waitlist as the person may see them. Two queries.

    Whole names and record numbers are for those who plan and treat; a supervisor sees people as
    those do who lead the group.
    """
    found = SeriesRoster()
    zone = ZoneInfo(series.zone)
    today = at.astimezone(zone).date()
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
            f"leaves {wording.clock_time(row.leaves_at)}" if row.leaves_at else "",
        )  # fmt: skip
        (found.ended if ended else found.places).append(place)
        found.now += not ended and row.from_on <= today
    line = list(
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
            f"since {wording.day(row.queued_at.astimezone(zone))}, "
            f"wants to begin {wording.day(row.wanted_from)}",
            kept_in_words(row, at, zone),
        )
        for number, row in enumerate(line, start=1)
    ]
    kept = [days for row in line if (days := kept_days(row, at))]
    found.kept = len(kept)
    first = max(today, series.from_on)
    if first <= series.until_on:
        found.full_on = first_date_over_capacity(
            [Period.days(r.from_on, r.until_on) for r in rows] + kept,
            series.capacity,
            Period.days(first, series.until_on),
        )
    return found


def kept_in_words(entry: WaitlistEntry, at: datetime, zone: ZoneInfo) -> str:
    """ "A place is kept until Wed 4 Mar, 14:00, for 3 more hours"; "" where none is."""
    if entry.offer_until is None or entry.offer_until <= at:
        return ""
    until = entry.offer_until.astimezone(zone)
    minutes = int((entry.offer_until - at).total_seconds()) // 60
    days, hours = divmod(minutes // 60, 24)
    if days > 1:
        left = wording.count(days, "more day")
    elif minutes >= 60:
        left = wording.count(24 * days + hours, "more hour")
    else:
        left = wording.count(max(minutes, 1), "more minute")
    return f"A place is kept until {wording.day(until)}, {wording.clock_time(until)}, for {left}."


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
    """Whom one may enroll: people with a stay now or booked; in an alumni group those who finished,
    and others only where the program mixes them."""
    stays = EpisodeOfCare.objects.filter(program=program)
    found = Participant.objects.visible_to(user)
    if series.group.kind != GroupKind.ALUMNI:
        stays = stays.filter(Q(discharged_on=None) | Q(discharged_on__gte=today))
    elif policy_in_force(program.pk, today)["alumni_mixed"] == "block":
        found = found.exclude(pk__in=stays.filter(discharged_on=None).values("participant_id"))
    return found.filter(pk__in=stays.values("participant_id"), sealed_at=None).order_by(
        "last_name", "first_name", "record_number"
    )


def newcomers(rows: QuerySet[Participant], series: GroupSeries, today: date) -> list[Participant]:
    """`rows` by name, each with `level`, the level of care today, and `inside`: whether they have a
    place now or later, or wait. One query."""
    has = Enrollment.objects.filter(
        Q(until_on=None) | Q(until_on__gte=today), series=series, participant=OuterRef("pk")
    )
    waits = WaitlistEntry.objects.filter(
        series=series, outcome=WaitOutcome.WAITING, participant=OuterRef("pk")
    )
    stay = EpisodeOfCare.objects.filter(
        participant=OuterRef("pk"), program_id=series.program_id, discharged_on=None
    ).with_level(today)
    found = rows.annotate(
        level=Subquery(stay.values("level")[:1]), inside=Exists(has) | Exists(waits)
    )
    return sorted(found, key=lambda p: (sort_key(p.first_name, p.last_name), p.record_number))


@dataclass(frozen=True)
class Choice:
    """Somebody or something to choose from a list."""

    value: str
    name: str
    line: str = ""


def participant_choices(people: Iterable[Participant]) -> list[Choice]:
    """People for a list to choose from; the record number tells two of one name apart."""
    return [
        Choice(
            str(p.pk),
            shown_name(p, whole=True),
            " · ".join(
                [p.record_number]
                + [str(at) for at in [getattr(p, "level", None)] if at == LevelOfCare.IOP]
            ),
        )
        for p in people
    ]


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
    alumni: bool = False
    kept: str = ""


def groups_of(participant: Participant, *, user: User, at: datetime, today: date) -> list[OwnGroup]:
    """What a person is, was and waits to be in; alumni groups after those of the program. Two
    queries."""
    found = [
        OwnGroup(
            row.pk, row.series_id, row.series.group.name, pattern_in_words(row.series),
            _days(row, today) + _leaving(row), False,
            row.until_on is not None and row.until_on < today,
            row.series.group.kind == GroupKind.ALUMNI,
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
            True, False, row.series.group.kind == GroupKind.ALUMNI,
            kept_in_words(row, at, ZoneInfo(row.series.zone)),
        )
        for row in WaitlistEntry.objects.visible_to(user)
        .filter(participant=participant, outcome=WaitOutcome.WAITING)
        .select_related("series__group")
        .order_by("queued_at", "pk")
    ]  # fmt: skip
    return sorted(found, key=lambda g: (g.ended, g.alumni))


def _leaving(row: Enrollment) -> str:
    return f", leaves {wording.clock_time(row.leaves_at)}" if row.leaves_at else ""


@dataclass(frozen=True)
class Offer:
    """A series that a person could join; `inside` when they have a place or wait."""

    id: UUID
    name: str
    line: str
    alumni: bool
    inside: bool
    series: GroupSeries


def offers(program: Program, *, participant: Participant, today: date, at: datetime) -> list[Offer]:
    """The program's series that still run and are offered, alumni groups last; a place that is kept
    for somebody counts as taken. One query."""
    taken = Q(enrollments__from_on__lte=today) & (
        Q(enrollments__until_on=None) | Q(enrollments__until_on__gte=today)
    )
    kept = Q(
        waitlist__outcome=WaitOutcome.WAITING,
        waitlist__offer_until__gt=at,
        waitlist__offered_from__lte=today,
    )
    has = Enrollment.objects.filter(
        Q(until_on=None) | Q(until_on__gte=today), series=OuterRef("pk"), participant=participant
    )
    waits = WaitlistEntry.objects.filter(
        series=OuterRef("pk"), participant=participant, outcome=WaitOutcome.WAITING
    )
    rows = (
        GroupSeries.objects.filter(
            Q(group__retired_on=None) | Q(group__retired_on__gt=today),
            program=program,
            until_on__gte=today,
        )
        .select_related("group")
        .annotate(
            taken=Count("enrollments", filter=taken, distinct=True)
            + Count("waitlist", filter=kept, distinct=True),
            inside=Exists(has) | Exists(waits),
        )
        .order_by("group__name", "starts", "pk")
    )
    found = [
        Offer(
            s.pk,
            s.group.name,
            f"{pattern_in_words(s)} · {s.taken} of {s.capacity}"  # type: ignore[attr-defined]
            + (" · full: waits" if s.taken >= s.capacity else ""),  # type: ignore[attr-defined]
            s.group.kind == GroupKind.ALUMNI,
            s.inside,  # type: ignore[attr-defined]
            s,
        )
        for s in rows
    ]
    return sorted(found, key=lambda o: o.alumni)


@dataclass(frozen=True)
class KeptPlace:
    """A place that is kept for a participant, in their own words and the site's time."""

    id: UUID
    group: str
    when: str
    until: str


_SPAN = re.compile(r"(\d{1,2}:\d\d)–(\d{1,2}:\d\d)")


def _on_the_dial(span: re.Match[str]) -> str:
    """ "14:00–14:50" as participants read it: "2:00 PM to 2:50 PM"."""
    starts, ends = (datetime.strptime(at, "%H:%M") for at in span.groups())  # noqa: DTZ007
    return f"{starts:%-I:%M %p} to {ends:%-I:%M %p}"


def kept_for(user: User, program: Program, *, at: datetime) -> list[KeptPlace]:
    """The places that are kept for the person themselves. One query."""
    zone = ZoneInfo(program.zone)
    rows = (
        WaitlistEntry.objects.filter(
            participant__user=user,
            participant__sealed_at=None,
            program=program,
            outcome=WaitOutcome.WAITING,
            offer_until__gt=at,
        )
        .select_related("series__group")
        .order_by("offer_until", "pk")
    )
    return [
        KeptPlace(
            row.pk,
            row.series.group.name,
            _SPAN.sub(_on_the_dial, pattern_in_words(row.series)),
            f"{wording.day(until)}, {until:%-I:%M %p}",
        )
        for row in rows
        if (until := row.offer_until.astimezone(zone))  # type: ignore[union-attr]
    ]
