"""A participant's goals as they are read: their words now and before, where they stand, by whom."""

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from participants.models import Goal, GoalState, Participant
from participants.names import display_name
from phpsupport.lib.wording import date_in_full
from phpsupport.users.models import User

KINDS = {
    GoalState.OPEN: "calm",
    GoalState.REACHED: "good",
    GoalState.PAUSED: "plain",
    GoalState.LET_GO: "plain",
}


@dataclass(frozen=True)
class GoalLine:
    """One goal. `steps` are the buttons: name and words."""

    id: UUID
    words: str
    state: str
    state_words: str
    kind: str
    said: str
    steps: tuple[tuple[str, str], ...]
    earlier: list[tuple[str, str]] = field(default_factory=list)

    @property
    def open(self) -> bool:
        return self.state == GoalState.OPEN


_STEPS = {
    GoalState.OPEN: (("reach", "Reached"), ("rest", "Let it rest"), ("let_go", "Let it go")),
    GoalState.PAUSED: (("take_up", "Take it up again"), ("reach", "Reached"), ("let_go", "Let it go")),
    GoalState.REACHED: (("take_up", "Take it up again"),),
    GoalState.LET_GO: (("take_up", "Take it up again"),),
}  # fmt: skip


def goals_of(
    *, participant: Participant, user: User, zone: str, earlier: bool = True
) -> list[GoalLine]:
    """The goals that `user` may read, open ones first. Two queries; one without the `earlier`
    words."""
    own = participant.user_id == user.pk
    called = display_name(participant.first_name, participant.last_name, participant.preferred_name)

    def written(by: User) -> str:
        if by.pk == participant.user_id:
            return "written by you" if own else f"written by {called}"
        if by.pk == user.pk:
            return f"written together with {called}"
        return f"written together with {by.name}"

    goals = list(
        Goal.objects.visible_to(user).filter(participant=participant).select_related("written_by")
    )
    history: Any = Goal.pgh_event_model.objects.filter(  # type: ignore[attr-defined]
        id__in=[goal.pk for goal in goals]
    ).select_related("written_by")
    before: dict[UUID, list[tuple[str, str]]] = {}
    last: dict[UUID, Any] = {}
    for row in history.order_by("pgh_created_at", "pgh_id") if goals and earlier else ():
        was = last.get(row.id)
        if was is not None and was.words != row.words:
            until = row.pgh_created_at.astimezone(ZoneInfo(zone)).date()
            told = f"{written(was.written_by)}, until {date_in_full(until)}"
            before.setdefault(row.id, []).insert(0, (was.words, told))
        last[row.id] = row
    lines = []
    for goal in goals:
        state = GoalState(goal.state)
        said = f"Named {date_in_full(goal.named_on)}, {written(goal.written_by)}"
        if state != GoalState.OPEN:
            said = f"{state.label} since {date_in_full(goal.state_on)}. {said}"
        if state == GoalState.REACHED:
            said = said.replace("Reached since", "Reached on", 1)
        lines.append(
            GoalLine(
                goal.pk, goal.words, goal.state, str(state.label), KINDS[state], said,
                _STEPS[state], before.get(goal.pk, []),
            )
        )  # fmt: skip
    order = [GoalState.OPEN, GoalState.PAUSED, GoalState.REACHED, GoalState.LET_GO]
    return sorted(lines, key=lambda line: order.index(GoalState(line.state)))
