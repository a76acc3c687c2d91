"""A clinician's own people."""

from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

from django.db.models import Q

from participants.models import EpisodeOfCare
from participants.names import display_name, full_name, sort_key
from participants.queries.census import FIRST_DAYS, day_of_stay, leaving_of, level_kind, state_of
from phpsupport.lib.wording import day
from phpsupport.programs.models import Program
from phpsupport.users.models import User

SOON = timedelta(days=7)


@dataclass(frozen=True)
class Step:
    """Something that comes next."""

    kind: str
    words: str


@dataclass(frozen=True)
class MyPerson:
    """One person of the clinician's care team."""

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
    steps: list[Step]


def my_people(program: Program, user: User, today: date) -> list[MyPerson]:
    """Those on whose care team `user` is on the site's day `today`, open stays only. One query."""
    rows = (
        EpisodeOfCare.objects.visible_to(user)
        .filter(program=program)
        .filter(Q(discharged_on=None) | Q(discharged_on__gte=today))
        .filter(
            Q(care_team__until_on=None) | Q(care_team__until_on__gte=today),
            care_team__user=user,
            care_team__from_on__lte=today,
        )
        .with_level(today)
        .select_related("participant")
        .distinct()
    )
    people = []
    for stay in sorted(
        rows, key=lambda s: sort_key(s.participant.first_name, s.participant.last_name)
    ):
        person = stay.participant
        names = (person.first_name, person.last_name, person.preferred_name)
        state, state_kind = state_of(stay, today)
        leaving, leaving_kind = leaving_of(stay, today)
        people.append(
            MyPerson(
                participant_id=person.pk,
                name=full_name(*names),
                called=display_name(*names),
                pronouns=person.pronouns,
                record_number=person.record_number,
                level=stay.level or "",
                level_kind=level_kind(stay.level),
                state=state,
                state_kind=state_kind,
                since=f"since {day(stay.admitted_on)}",
                leaving=leaving,
                leaving_kind=leaving_kind,
                steps=next_steps(stay, today),
            )
        )
    return people


def next_steps(stay: EpisodeOfCare, today: date) -> list[Step]:
    """What comes next for a stay, the most pressing first."""
    found: list[Step] = []
    planned = stay.planned_discharge_on
    if stay.discharged_on:
        found.append(Step("wait", "Last day today"))
    elif planned and planned < today:
        found.append(Step("stop", "Planned discharge has passed"))
    elif planned and planned <= today + SOON:
        when = "today" if planned == today else day(planned)
        found.append(Step("wait", f"Discharge planned {when}"))
    if 1 <= day_of_stay(stay, today) <= FIRST_DAYS:
        found.append(Step("calm", "First week"))
    if not stay.discharged_on and not planned:
        found.append(Step("plain", "No discharge planned yet"))
    if stay.participant.interpreter_needed:
        found.append(Step("calm", f"Interpreter: {stay.participant.language}"))
    return found
