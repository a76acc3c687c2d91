"""Who may be recognized in the notes of a session: its roster, and others in the program."""

from collections.abc import Iterable
from typing import Final
from uuid import UUID

from django.db.models import Value

from participants.models import EpisodeOfCare
from participants.names import display_name
from sessions.models import GroupSession, SessionFacilitator
from sessions.queries.attendance import Person
from sessions.screening import Named, Roster

OTHERS_AT_MOST: Final = 500
_NAMES: Final = ("first_name", "last_name", "preferred_name")


def nearby(session: GroupSession, people: Iterable[Person]) -> Roster:
    """The roster by all that people are called, the program's other participants of that day by
    their full names; the names of who leads the session may stand. One query."""
    named = [person.named for person in people]
    known = {person.participant_id for person in named}
    full = {(person.first.casefold(), person.last.casefold()) for person in named}
    fine = [session.series.group.name]
    for leads, pk, first, last, preferred in _others_and_leads(session):
        if leads:
            fine += [first, last, preferred]
        elif last and pk not in known and (first.casefold(), last.casefold()) not in full:
            shown = display_name(first, last, preferred)
            named.append(Named(pk, shown, first, last, preferred, near=True))
    return Roster.of(named, fine)


def _others_and_leads(session: GroupSession) -> Iterable[tuple[bool, UUID, str, str, str]]:
    """Who is in the program that day, and who leads the session: True for the latter."""
    people = (
        EpisodeOfCare.objects.open_on(session.local_date)
        .filter(program_id=session.program_id, participant__sealed_at=None)
        .order_by()
        .annotate(leads=Value(False))
        .values_list("leads", "participant_id", *(f"participant__{name}" for name in _NAMES))
    )
    leads = (
        SessionFacilitator.objects.filter(session=session, active=True)
        .order_by()
        .annotate(leads=Value(True))
        .values_list("leads", "person_id", *(f"person__{name}" for name in _NAMES))
    )
    return leads.union(people, all=True)[:OTHERS_AT_MOST]
