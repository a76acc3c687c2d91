"""What groups do when something happens in the apps below."""

from datetime import date, datetime
from typing import Any

from django.db.models import Q
from django.dispatch import receiver

from participants.models import EpisodeOfCare
from participants.signals import discharge_preview, episode_discharged
from phpsupport.users.models import User
from sessions.actions.enrollment import end_places_of_stay
from sessions.models import Enrollment, WaitlistEntry, WaitOutcome


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
            f"Waiting for {name} ends."
            for name in waiting.order_by(named).values_list(named, flat=True)
        ),
    ]
