"""Who may be recognized in the notes of a session or in a hand-over: the roster, and others in the
program."""

from collections.abc import Iterable
from datetime import date
from typing import Any, Final
from uuid import UUID

from django.db.models import QuerySet, Value

from participants.models import EpisodeOfCare
from participants.names import display_name
from phpsupport.users.models import User
from sessions.models import GroupSeries, GroupSession, SeriesFacilitator, SessionFacilitator
from sessions.queries.attendance import Person
from sessions.screening import Named, Roster

OTHERS_AT_MOST: Final = 500
_NAMES: Final = ("first_name", "last_name", "preferred_name")


def nearby(session: GroupSession, people: Iterable[Person]) -> Roster:
    """The roster by all that people are called, the program's other participants of that day by
    their full names; the names of who leads the session may stand. One query."""
    leads = SessionFacilitator.objects.filter(session=session, active=True)
    there = _others_and_leads(session.program_id, session.local_date, leads, "person")
    return _gathered(people, there, fine=[session.series.group.name])


def nearby_series(
    series: GroupSeries, people: Iterable[Person], *, on: date, author: User
) -> Roster:
    """The same for a hand-over: who has a place in the series; its author and who usually leads it
    may be named."""
    leads = SeriesFacilitator.objects.filter(series=series)
    there = _others_and_leads(series.program_id, on, leads, "facilitator__user")
    mine = [getattr(author, name) for name in _NAMES]
    return _gathered(people, there, fine=[series.group.name, *mine])


def _gathered(
    people: Iterable[Person],
    there: Iterable[tuple[bool, UUID, str, str, str]],
    fine: list[str],
) -> Roster:
    named = [person.named for person in people]
    known = {person.participant_id for person in named}
    full = {(person.first.casefold(), person.last.casefold()) for person in named}
    for leads, pk, first, last, preferred in there:
        if leads:
            fine += [first, last, preferred]
        elif last and pk not in known and (first.casefold(), last.casefold()) not in full:
            shown = display_name(first, last, preferred)
            named.append(Named(pk, shown, first, last, preferred, near=True))
    return Roster.of(named, fine)


def _others_and_leads(
    program_id: UUID, on: date, leads: QuerySet[Any], person: str
) -> Iterable[tuple[bool, UUID, str, str, str]]:
    """Who is in the program that day, and who leads: True for the latter."""
    people = (
        EpisodeOfCare.objects.open_on(on)
        .filter(program_id=program_id, participant__sealed_at=None)
        .order_by()
        .annotate(leads=Value(False))
        .values_list("leads", "participant_id", *(f"participant__{name}" for name in _NAMES))
    )
    who_leads = (
        leads.order_by()
        .annotate(leads=Value(True))
        .values_list("leads", f"{person}_id", *(f"{person}__{name}" for name in _NAMES))
    )
    return who_leads.union(people, all=True)[:OTHERS_AT_MOST]
