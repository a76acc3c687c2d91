"""What groups do when something happens in the apps below."""

from collections.abc import Collection
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db.models import Q
from django.dispatch import receiver

from facilitators.models import ConflictOfInterest, Leave
from facilitators.signals import (
    clearance_changed,
    interest_declared,
    leave_changed,
    leave_preview,
)
from participants.models import EpisodeOfCare
from participants.signals import discharge_preview, episode_discharged
from phpsupport.programs.models import Program
from phpsupport.users.models import User
from sessions.actions.asking import PLAN_AWAITS, ask_those_who_plan
from sessions.actions.leaving import end_places_of_stay
from sessions.actions.rejudging import rejudge
from sessions.models import Enrollment, WaitlistEntry, WaitOutcome
from sessions.queries.apart import of_interest
from sessions.queries.touched import in_leave


@receiver(episode_discharged, dispatch_uid="sessions.free_places")
def free_places(
    sender: Any, *, episode: EpisodeOfCare, on: date, by: User | None, at: datetime, **_: Any
) -> None:
    """A discharge ends places and waiting; whoever waits moves up. In the discharge's transaction."""
    end_places_of_stay(episode=episode, on=on, by=by, at=at)


@receiver(discharge_preview, dispatch_uid="sessions.what_ends")
def what_ends(sender: Any, *, episode: EpisodeOfCare, on: date, **_: Any) -> list[str]:
    """The places and the waiting that a discharge on the day `on` would end. Two queries."""
    places = Enrollment.objects.filter(Q(until_on=None) | Q(until_on__gt=on), episode=episode)
    waiting = WaitlistEntry.objects.filter(episode=episode, outcome=WaitOutcome.WAITING)
    named = "series__group__name"
    return [
        *(
            f"The place in {name} ends."
            for name in places.order_by(named).values_list(named, flat=True)
        ),
        *(
            f"The place in {name} that is kept for them goes to the next in line."
            if kept
            else f"Waiting for {name} ends."
            for name, kept in waiting.order_by(named).values_list(named, "offer_until")
        ),
    ]


@receiver(clearance_changed, dispatch_uid="sessions.judge_anew")
def judge_anew(
    sender: Any,
    *,
    program: Program,
    facilitator_ids: Collection[UUID] | None,
    at: datetime,
    **_: Any,
) -> None:
    """Coming sessions are judged anew at once, in the transaction of the change."""
    rejudge(program=program, facilitator_ids=facilitator_ids, at=at)


@receiver(leave_changed, dispatch_uid="sessions.ask_about_leave")
def ask_about_leave(sender: Any, *, leave: Leave, by: User | None, at: datetime, **_: Any) -> None:
    """Those who plan hear of leave that touches sessions; whoever wrote it down does not."""
    if in_leave(leave, at=at).exists():
        ask_those_who_plan(
            PLAN_AWAITS, program=leave.facilitator.program, about=leave.pk, at=at,
            but=by.pk if by else None, facts={"about": "leave"},
        )  # fmt: skip


@receiver(leave_preview, dispatch_uid="sessions.in_leave")
def how_many_in_leave(sender: Any, *, leave: Leave, at: datetime, **_: Any) -> int:
    """Coming sessions that fall into somebody's leave. One query."""
    return in_leave(leave, at=at).count()


@receiver(interest_declared, dispatch_uid="sessions.keep_apart")
def keep_apart(
    sender: Any, *, interest: ConflictOfInterest, by: User | None, at: datetime, **_: Any
) -> None:
    """Those who plan hear, without the why, when the two stand on one coming roster."""
    if of_interest(interest, at=at).exists():
        ask_those_who_plan(
            PLAN_AWAITS, program=interest.program, about=interest.pk, at=at,
            but=by.pk if by else None, facts={"about": "interest"},
        )  # fmt: skip
