"""A participant's goals: naming one, wording it anew, letting it rest, reaching it."""

from datetime import date, datetime
from hashlib import sha256
from typing import Final

from django.db import transaction

from participants.actions.guards import lock_person
from participants.goals import refuse_goal
from participants.models import Goal, GoalState, Participant
from phpsupport.audit.trail import record
from phpsupport.lib.errors import Refused
from phpsupport.users.models import User

# What a button is called, and where the goal then stands.
STEPS: Final = {
    "rest": GoalState.PAUSED,
    "reach": GoalState.REACHED,
    "let_go": GoalState.LET_GO,
    "take_up": GoalState.OPEN,
}


def mark_of(words: str) -> str:
    """What a form carries to tell whether somebody else has worded the goal meanwhile."""
    return sha256(words.encode()).hexdigest()[:16]


def _clean(words: str) -> str:
    words = words.strip()
    if not words:
        raise Refused("Write the goal in a few words.", field="words")
    return words


def _may(user: User, participant: Participant, at: datetime) -> None:
    if why := refuse_goal(user, participant, at):
        raise Refused(why, code="not-theirs")


@transaction.atomic
def name_goal(*, participant: Participant, words: str, by: User, at: datetime, today: date) -> Goal:
    """A new goal in the participant's own words. The same words twice are one goal."""
    words = _clean(words)
    person = lock_person(participant)
    _may(by, person, at)
    for goal in person.goals.filter(state=GoalState.OPEN):
        if goal.words == words:
            return goal
    made = Goal.objects.create(
        participant=person, words=words, named_on=today, state_on=today, written_by=by
    )
    record("goal.named", by=by, at=at, obj=made, participant=str(person.pk))
    return made


@transaction.atomic
def reword_goal(*, goal: Goal, words: str, was: str, by: User, at: datetime) -> Goal:
    """Other words for the same goal; the earlier ones stay in the history of the row.

    `was` is the mark of the words that the writer saw.
    """
    words = _clean(words)
    person = lock_person(goal.participant)
    found = Goal.objects.select_for_update(no_key=True, of=("self",)).get(pk=goal.pk)
    _may(by, person, at)
    if found.words == words:
        return found
    if mark_of(found.words) != was:
        raise Refused(
            "Somebody else has worded this goal since you opened it. Look at it again, then "
            "change what is still to change.",
            field="words",
            code="stale",
        )
    found.words, found.written_by = words, by
    found.save(update_fields=["words", "written_by"])
    record("goal.reworded", by=by, at=at, obj=found, participant=str(found.participant_id))
    return found


@transaction.atomic
def step_goal(*, goal: Goal, step: str, by: User, at: datetime, today: date) -> Goal:
    """Let it rest, reach it, let it go, take it up again. A second click does nothing."""
    if step not in STEPS:
        raise Refused("Choose what becomes of the goal.", code="unknown")
    person = lock_person(goal.participant)
    found = Goal.objects.select_for_update(no_key=True, of=("self",)).get(pk=goal.pk)
    _may(by, person, at)
    if found.state == STEPS[step]:
        return found
    found.state, found.state_on = STEPS[step], today
    found.save(update_fields=["state", "state_on"])
    record(
        "goal.stepped", by=by, at=at, obj=found, state=found.state,
        participant=str(found.participant_id),
    )  # fmt: skip
    return found
