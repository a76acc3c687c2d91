"""What the upper apps may want to know; sent inside the action's transaction."""

from django.dispatch import Signal

# episode: EpisodeOfCare, on: date (the last day), by: User, at: datetime
episode_discharged = Signal()
