"""What groups do when something happens in the apps below."""

from datetime import date, datetime
from typing import Any

from django.dispatch import receiver

from participants.models import EpisodeOfCare
from participants.signals import episode_discharged
from phpsupport.users.models import User
from sessions.actions.enrollment import end_places_of_stay


@receiver(episode_discharged, dispatch_uid="sessions.free_places")
def free_places(
    sender: Any, *, episode: EpisodeOfCare, on: date, by: User | None, at: datetime, **_: Any
) -> None:
    """A discharge ends places and waiting; whoever waits moves up. In the discharge's transaction."""
    end_places_of_stay(episode=episode, on=on, by=by, at=at)
