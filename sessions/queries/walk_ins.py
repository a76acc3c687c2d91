"""Who may walk in, how they are found, and what to look at before they are added."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol
from uuid import UUID

from django.db.models import Exists, OuterRef

from participants.alike import Called, alike, answers_to
from participants.models import EpisodeOfCare, Participant
from participants.models.participant import ParticipantQuerySet
from phpsupport.lib import wording
from sessions.models import GroupKind, GroupSession
from sessions.queries.attendance import Person, person_of
from sessions.queries.placing import kept_apart_from

FOUND_AT_MOST: Final = 8
SHORTEST: Final = 2


class Somebody(Protocol):
    """Anybody with a name to show and the names they go by."""

    @property
    def name(self) -> str: ...
    @property
    def called(self) -> Called: ...


def can_walk_in(session: GroupSession) -> ParticipantQuerySet:
    """Who may walk in: people in the program that day; to an alumni group, also those of before."""
    stays: Any = EpisodeOfCare.objects.filter(
        participant=OuterRef("pk"), program_id=session.program_id
    )
    if session.series.group.kind == GroupKind.ALUMNI:
        stays = stays.filter(admitted_on__lte=session.local_date)
    else:
        stays = stays.open_on(session.local_date)
    found: ParticipantQuerySet = Participant.objects.filter(Exists(stays), sealed_at=None)
    return found


@dataclass(frozen=True)
class Found:
    """What a search for somebody who walked in came to."""

    here: list[Person]  # on the sheet already
    others: list[Person]


def find_walk_ins(session: GroupSession, words: str, sheet: Iterable[Person]) -> Found:
    """People by name, nickname or record number, spelled nearly right: first those who are on the
    sheet already, then those who may walk in. One query."""
    sheet = list(sheet)
    if len(words.strip()) < SHORTEST:
        return Found([], [])
    others = [
        person_of(participant, on=session.local_date)
        for participant in everybody(session).values()
        if _meant(participant, words)
    ]
    there = {person.participant_id for person in sheet}
    return Found(
        [person for person in sheet if answers_to(person.called, words)],
        [person for person in others if person.participant_id not in there][:FOUND_AT_MOST],
    )


def everybody(session: GroupSession) -> dict[UUID, Participant]:
    """All who may walk in, by first name. One query."""
    rows = can_walk_in(session).only(
        "record_number", "first_name", "last_name", "preferred_name", "also_called", "pronouns",
        "interpreter_needed",
    )  # fmt: skip
    return {p.pk: p for p in rows.order_by("first_name", "last_name", "record_number")}


def called(participant: Participant) -> Called:
    return Called(
        participant.first_name,
        participant.last_name,
        participant.preferred_name,
        participant.also_called,
    )


def _meant(participant: Participant, words: str) -> bool:
    number = participant.record_number.casefold()
    return number.startswith(words.strip().casefold()) or answers_to(called(participant), words)


def look_twice(
    added: Participant, sheet: Collection[Somebody], program: Iterable[Participant]
) -> list[str]:
    """Why `added` may be somebody who is here already, in sentences; none where no name is alike.

    `sheet` is without them, `program` is everybody who may walk in.
    """
    own = called(added)
    found = [
        f"{person.name} is on the roster already." for person in sheet if alike(own, person.called)
    ]
    for other in program:
        if other.pk != added.pk and not found and alike(own, called(other)):
            found.append(
                f"There is another record of much the same name, {other.record_number}; "
                f"this one is {added.record_number}. Ask for the date of birth if you are not sure."
            )
    return found


@dataclass(frozen=True)
class Before:
    """What to know before somebody is added."""

    warnings: tuple[str, ...] = ()
    look_twice: tuple[str, ...] = ()  # needs somebody to say that they looked


def before_adding(
    session: GroupSession, added: Sequence[Person], people: Sequence[Person]
) -> dict[UUID, Before]:
    """What whoever marks should know before keeping these walk-ins. Three queries, none without
    walk-ins. Nobody is turned away by it: the people in the room decide."""
    if not added:
        return {}
    apart = kept_apart_from(session, [person.participant_id for person in added])
    program = everybody(session)
    # Whoever said they would not come leaves their place to somebody else that day.
    there = sum(person.came or not person.status for person in people)
    capacity = session.series.capacity
    found = {}
    for number, person in enumerate(added, start=1):
        warnings = []
        if person.participant_id in apart:
            warnings.append(
                f"{person.name} and somebody who leads this session are kept apart. Talk to a "
                "colleague before you add them."
            )
        if there + number > capacity:
            warnings.append(
                f"With {person.name} there are {there + number} of "
                f"{wording.count(capacity, 'place')}."
            )
        one = program.get(person.participant_id)
        others = [p for p in (*people, *added) if p.participant_id != person.participant_id]
        doubts = look_twice(one, others, program.values()) if one else []
        found[person.participant_id] = Before(tuple(warnings), tuple(doubts))
    return found
