"""What the actions share: locks in one order (organization, person, stay)."""

from participants.models import EpisodeOfCare, Participant
from phpsupport.lib.errors import Refused
from phpsupport.lib.wording import day


def lock_person(participant: Participant) -> Participant:
    """The person's row, locked to the end of the transaction, as it is now."""
    found = Participant.objects.select_for_update(no_key=True).get(pk=participant.pk)
    refuse_sealed(found)
    return found


def lock_stay(episode: EpisodeOfCare) -> EpisodeOfCare:
    """The person's row and then the stay's, locked, as they are now."""
    person = lock_person(episode.participant)
    found = (
        EpisodeOfCare.objects.select_for_update(no_key=True, of=("self",))
        .select_related("program__site")
        .get(pk=episode.pk)
    )
    found.participant = person
    return found


def lock_open_stay(episode: EpisodeOfCare) -> EpisodeOfCare:
    """As `lock_stay`, refused when the stay has ended."""
    found = lock_stay(episode)
    if found.discharged_on:
        raise Refused(
            f"This stay ended on {day(found.discharged_on)}. Re-admit the person to begin a new one.",
            code="closed",
        )
    return found


def refuse_sealed(participant: Participant) -> None:
    if participant.sealed_at:
        raise Refused("This chart is sealed. Nothing in it can be changed.", code="sealed")
