"""A participant's own record as they read it themself: nobody else's name in it.

A name that stands in a signed note, or in what was handed over, was explained before, and the
explanation stands beside it; what was written about a safety concern, in haste, asks for none. The
care team and who leads read the words as they were written; the person whose record it is reads
`[another person]`, by the same screen as the copy that they may take along. What is stored stays.
"""

from collections.abc import Iterable
from dataclasses import replace

from django.db.models import Q

from participants.models import Participant
from participants.queries.goals import GoalLine
from sessions.models import PART_TEXTS, HandOverPart, ProgressNote
from sessions.queries.notes import Beside
from sessions.queries.safety_on_record import OnRecord
from sessions.queries.screened import Screen


def screen_of(participant: Participant) -> Screen:
    """For the whole record, in all programs of the person's stays. Two queries; load the person
    `with_programs`."""
    programs = participant.program_ids()
    return Screen(participant, programs, Q(program__in=programs))


def take_out(
    screen: Screen,
    notes: Iterable[tuple[ProgressNote, Beside]],
    handed: Iterable[HandOverPart],
) -> None:
    """Take other people's names out of these notes, of what was added to them and of what was handed
    over, in memory."""
    for note, there in notes:
        for name in (*PART_TEXTS, "goal_words"):
            setattr(note, name, screen(getattr(note, name)))
        for addendum in there.addenda:
            addendum.reason, addendum.words = screen(addendum.reason), screen(addendum.words)
    for part in handed:
        part.words = screen(part.words)


def goals_without_names(screen: Screen, goals: Iterable[GoalLine]) -> list[GoalLine]:
    """The same goals without them."""
    return [replace(goal, words=screen(goal.words)) for goal in goals]


def safety_without_names(screen: Screen, safety: Iterable[OnRecord]) -> list[OnRecord]:
    """The same safety concerns without them."""
    return [
        replace(found, steps=[replace(step, words=screen(step.words)) for step in found.steps])
        for found in safety
    ]
