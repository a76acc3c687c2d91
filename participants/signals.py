"""What the upper apps may want to know; sent inside the action's transaction."""

from datetime import date

from django.dispatch import Signal

from participants.models import EpisodeOfCare

# episode: EpisodeOfCare, on: date (the last day), by: User | None, at: datetime
episode_discharged = Signal()

# episode: EpisodeOfCare, by: User | None, at: datetime. A discharge was taken back.
episode_reopened = Signal()

# episode: EpisodeOfCare, on: date. Each receiver returns a list of sentences that say what the
# discharge on that day would end, for example "The place in Morning Check-in ends (3 sessions)."
discharge_preview = Signal()


def what_ends(episode: EpisodeOfCare, on: date) -> list[str]:
    """The sentences of all receivers on what a discharge on the day `on` ends."""
    answers = discharge_preview.send(sender=EpisodeOfCare, episode=episode, on=on)
    return [sentence for _, sentences in answers for sentence in sentences or []]
