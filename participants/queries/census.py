"""The census: who is here, who comes, who leaves, in a fixed number of queries."""

from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any, Final
from uuid import UUID

from django.core.paginator import Page, Paginator
from django.db.models import Case, Count, Exists, F, OuterRef, Q, QuerySet, Value, When

from participants.models import (
    ChannelConsent,
    ConsentChannel,
    EpisodeOfCare,
    LevelOfCare,
    Participant,
)
from participants.names import display_name, listed_name, sort_key
from phpsupport.lib.wording import day
from phpsupport.programs.models import Program
from phpsupport.users.models import User

PER_PAGE: Final = 50
FOUND_AT_MOST: Final = 200
FIRST_DAYS: Final = 7

# Key and words of each status, in the order in which they are offered.
STATUSES: Final = (
    ("in", "Here now"),
    ("planned", "Discharge planned"),
    ("coming", "Coming"),
    ("discharged", "Discharged"),
    ("all", "All"),
)
SORTS: Final = ("name", "-name", "admitted", "-admitted", "leaving", "-leaving")


@dataclass(frozen=True)
class Filters:
    """What was asked for; empty means no restriction."""

    words: str = ""
    status: str = "in"
    level: str = ""
    track: str = ""
    language: str = ""
    interpreter: bool = False
    first_week: bool = False
    no_email_consent: bool = False
    sort: str = "name"

    @property
    def narrowed(self) -> bool:
        """Whether more than the status is asked for."""
        return any(
            (self.words, self.level, self.track, self.language, self.interpreter,
             self.first_week, self.no_email_consent)
        )  # fmt: skip


@dataclass(frozen=True)
class Row:
    """One person as the table shows them."""

    participant_id: UUID
    name: str
    called: str
    pronouns: str
    record_number: str
    level: str
    level_kind: str
    state: str
    state_kind: str
    since: str
    leaving: str
    leaving_kind: str
    language: str
    interpreter: bool
    email_ok: bool
    text_ok: bool
    track: str


@dataclass(frozen=True)
class Census:
    """The page's data."""

    rows: list[Row]
    page: Page[Any]
    counts: dict[str, int]
    tracks: list[str] = field(default_factory=list)
    languages: list[str] = field(default_factory=list)


def census(
    program: Program, filters: Filters, today: date, *, seen_by: User, page: str | int = 1
) -> Census:
    """The stays of the program that `seen_by` may see, the newest of each person.

    `today` is the site's day. Four queries. Names are put in order here, as people look for them;
    a program has some hundred stays, of which one page is read in full.
    """
    every = _newest(program, seen_by)
    counts = every.aggregate(
        **{key: Count("pk", filter=_in_status(key, today)) for key, _ in STATUSES}
    )
    choices = every.filter(_in_status(filters.status, today)).values_list(
        "track", "participant__language"
    )
    offered = list(choices.distinct())
    found = _narrow(every, filters, today)
    # What was looked for does not stand in an address, so all of it stands on one page.
    most = FOUND_AT_MOST if filters.words else PER_PAGE
    paginator = Paginator(_in_order(found, filters.sort), most)
    shown = paginator.get_page(page)
    stays = {stay.pk: stay for stay in found.filter(pk__in=list(shown.object_list))}
    return Census(
        rows=[_row(stays[pk], today) for pk in shown.object_list if pk in stays],
        page=shown,
        counts=counts,
        tracks=sorted({track for track, _ in offered if track} | {filters.track} - {""}),
        languages=sorted({spoken for _, spoken in offered if spoken} | {filters.language} - {""}),
    )


def _newest(program: Program, seen_by: User) -> QuerySet[EpisodeOfCare]:
    later = EpisodeOfCare.objects.filter(
        participant=OuterRef("participant"),
        program=OuterRef("program"),
        admitted_on__gt=OuterRef("admitted_on"),
    )
    seen: QuerySet[EpisodeOfCare] = EpisodeOfCare.objects.visible_to(seen_by)
    return seen.filter(~Exists(later), program=program)


def _in_status(status: str, today: date) -> Q:
    here = Q(admitted_on__lte=today) & (Q(discharged_on=None) | Q(discharged_on__gte=today))
    return {
        "in": here,
        "planned": Q(discharged_on=None, planned_discharge_on__isnull=False),
        "coming": Q(admitted_on__gt=today),
        "discharged": Q(discharged_on__isnull=False),
        "all": Q(pk__isnull=False),
    }.get(status, here)


def _narrow(
    every: QuerySet[EpisodeOfCare], filters: Filters, today: date
) -> QuerySet[EpisodeOfCare]:
    found = every.filter(_in_status(filters.status, today)).with_level(today)  # type: ignore[attr-defined]
    if filters.words:
        people = Participant.objects.matching(filters.words)
        found = found.filter(participant__in=people.values("pk"))
    if filters.level:
        found = found.filter(level=filters.level)
    if filters.track:
        found = found.filter(track=filters.track)
    if filters.language:
        found = found.filter(participant__language=filters.language)
    if filters.interpreter:
        found = found.filter(participant__interpreter_needed=True)
    if filters.first_week:
        begin = today - timedelta(days=FIRST_DAYS - 1)
        found = found.filter(admitted_on__gte=begin, admitted_on__lte=today)
    consents = ChannelConsent.objects.filter(participant=OuterRef("participant"), revoked_at=None)
    found = found.annotate(
        email_ok=Exists(consents.filter(channel=ConsentChannel.EMAIL)),
        text_ok=Exists(consents.filter(channel=ConsentChannel.TEXT)),
        leaving=Case(
            When(discharged_on=None, then=F("planned_discharge_on")),
            default=F("discharged_on"),
        ),
    )
    if filters.no_email_consent:
        found = found.filter(email_ok=Value(False))
    return found.select_related("participant")


def _in_order(found: QuerySet[EpisodeOfCare], sort: str) -> list[UUID]:
    """The keys of the stays in the order asked for; equal ones by name, a missing day last."""
    rows = [
        (sort_key(first, last), admitted, leaving, pk)
        for pk, first, last, admitted, leaving in found.values_list(
            "pk",
            "participant__first_name",
            "participant__last_name",
            "admitted_on",
            "leaving",  # type: ignore[misc]
        )
    ]
    rows.sort(key=lambda row: (row[0], str(row[3])))
    place = {"admitted": 1, "leaving": 2}.get(sort.removeprefix("-"), 0)
    known = [row for row in rows if row[place] is not None]
    known.sort(key=lambda row: row[place], reverse=sort.startswith("-"))
    return [row[3] for row in known] + [row[3] for row in rows if row[place] is None]


def _row(stay: EpisodeOfCare, today: date) -> Row:
    person = stay.participant
    names = (person.first_name, person.last_name, person.preferred_name)
    state, state_kind = state_of(stay, today)
    leaving, leaving_kind = leaving_of(stay, today)
    return Row(
        participant_id=person.pk,
        name=listed_name(*names),
        called=display_name(*names),
        pronouns=person.pronouns,
        record_number=person.record_number,
        level=stay.level or "",  # type: ignore[attr-defined]
        level_kind=level_kind(stay.level),  # type: ignore[attr-defined]
        state=state,
        state_kind=state_kind,
        since=f"since {day(stay.admitted_on, year=stay.admitted_on.year != today.year)}",
        leaving=leaving,
        leaving_kind=leaving_kind,
        language=person.language,
        interpreter=person.interpreter_needed,
        email_ok=stay.email_ok,  # type: ignore[attr-defined]
        text_ok=stay.text_ok,  # type: ignore[attr-defined]
        track=stay.track,
    )


def level_kind(level: str | None) -> str:
    """The kind of the pill of a level of care; the word says it, the colour helps to skim."""
    return "calm" if level == LevelOfCare.IOP else "plain"


def day_of_stay(stay: EpisodeOfCare, today: date) -> int:
    """1 on the day of admission; not above the last day of a stay that has ended."""
    last = min(today, stay.discharged_on) if stay.discharged_on else today
    return (last - stay.admitted_on).days + 1


def state_of(stay: EpisodeOfCare, today: date) -> tuple[str, str]:
    """Where the stay stands, in words, and the kind of its pill."""
    if stay.admitted_on > today:
        return f"comes {day(stay.admitted_on)}", "calm"
    if stay.discharged_on and stay.discharged_on < today:
        return "discharged", "plain"
    if stay.discharged_on:
        return "last day today", "wait"
    return f"day {day_of_stay(stay, today)}", "plain"


def leaving_of(stay: EpisodeOfCare, today: date) -> tuple[str, str]:
    """The discharge, done or planned, in words, and how pressing it is."""
    if stay.discharged_on:
        return day(stay.discharged_on, year=stay.discharged_on.year != today.year), ""
    if not stay.planned_discharge_on:
        return "", ""
    said = day(stay.planned_discharge_on, year=stay.planned_discharge_on.year != today.year)
    if stay.planned_discharge_on < today:
        return f"{said}, passed", "stop"
    if stay.planned_discharge_on == today:
        return "today", "wait"
    return said, ""
