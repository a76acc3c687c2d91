"""A participant's own notes as they read them themself: nobody else's name in it.

A name that stands in a signed note, or in what was handed over, was explained before, and the
explanation stands beside it; what was written about a safety concern, in haste, asks for none. The
care team and who leads read the words as they were written; the person whose record it is reads
`[another person]`, as in the copy that they may take along. What is stored stays as it is.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from uuid import UUID

from django.db.models import Exists, OuterRef

from participants.models import Participant
from participants.names import display_name
from sessions.actions.handing_over import STAYS
from sessions.models import (
    PART_TEXTS,
    Attendance,
    Enrollment,
    HandOverPart,
    ProgressNote,
    SessionFacilitator,
)
from sessions.queries.export import Screen
from sessions.queries.notes import Beside
from sessions.queries.safety_on_record import OnRecord
from sessions.screening import Named, Roster


def without_others(
    participant: Participant,
    notes: Sequence[ProgressNote],
    there: Mapping[UUID, Beside],
    handed: Sequence[HandOverPart],
    safety: Sequence[OnRecord],
) -> list[OnRecord]:
    """Take other people's names out of these notes, of what was added `there` and of what was
    handed over, in memory; the safety concerns are given back without them.

    Two queries where something was added to a note, a name was explained or a concern stands, none
    else.
    """
    doubtful = [note for note in notes if there[note.pk].addenda]
    parts = [part for part in handed if STAYS in part.words]
    sessions = {note.session_id: note.session for note in doubtful}
    sessions |= {found.concern.session_id: found.concern.session for found in safety}
    if not sessions and not parts:
        return []
    groups = {session.series_id: session.series.group.name for session in sessions.values()}
    groups |= {part.hand_over.series_id: part.hand_over.series.group.name for part in parts}
    screen = Screen(_roster(groups, sessions), participant.pk)
    for part in parts:
        part.words = screen(part.words)
    for note in doubtful:
        for name in (*PART_TEXTS, "goal_words"):
            setattr(note, name, screen(getattr(note, name)))
    for addenda in {note.pk: there[note.pk].addenda for note in doubtful}.values():
        for addendum in addenda:
            addendum.reason, addendum.words = screen(addendum.reason), screen(addendum.words)
    return [
        replace(found, steps=[replace(step, words=screen(step.words)) for step in found.steps])
        for found in safety
    ]


def _roster(groups: Mapping[UUID, str], sessions: Collection[UUID]) -> Roster:
    """Everybody who had or has a place in these series (with their groups' names), or was in these
    sessions."""
    series = list(groups)
    places = Enrollment.objects.filter(series_id__in=series, participant=OuterRef("pk"))
    marks = Attendance.objects.filter(session_id__in=sessions, participant=OuterRef("pk"))
    people = Participant.objects.filter(Exists(places) | Exists(marks)).values_list(
        "pk", "first_name", "last_name", "preferred_name", "also_called"
    )
    named = [
        Named(pk, display_name(first, last, preferred), first, last, preferred, also)
        for pk, first, last, preferred, also in people
    ]
    led = SessionFacilitator.objects.filter(
        session__series__in=series, person__participant=None
    ).values_list("person__first_name", "person__last_name", "person__preferred_name")
    taken = {word for person in named for word in (person.first, person.last, person.preferred)}
    leads = {name for names in led.distinct() for name in names if name and name not in taken}
    return Roster.of(named, [*leads, *groups.values()])
