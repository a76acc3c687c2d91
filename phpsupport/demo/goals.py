"""What some participants of the demo program want for themselves."""

from participants.models import Goal, GoalState
from phpsupport.demo.made import World
from phpsupport.demo.people import GOALS


def name_goals(w: World) -> None:
    """Their goals in their own words, named with the person who leads their first group."""
    for record, goals in GOALS.items():
        for back, words, state in goals:
            named_on = w.program_day(back)
            Goal.objects.create(
                participant=w.people[record],
                words=words,
                named_on=named_on,
                state=state,
                state_on=named_on if state == GoalState.OPEN else w.program_day(1),
                written_by=w.users["ana"],
            )


def goal_of(w: World) -> dict[object, Goal]:
    """The first open goal of each participant, by their key."""
    found: dict[object, Goal] = {}
    for goal in Goal.objects.filter(state=GoalState.OPEN).order_by("named_on", "pk"):
        found.setdefault(goal.participant_id, goal)
    return found
