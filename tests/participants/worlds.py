"""What the tests of participants share."""

from datetime import UTC, date, datetime

from participants.models import EpisodeOfCare, Participant

# Tue 10 Mar 2026, 11:00 in New York.
AT = datetime(2026, 3, 10, 15, 0, tzinfo=UTC)
TODAY = date(2026, 3, 10)


def stay_of(participant: Participant) -> EpisodeOfCare:
    """The open stay, or the newest."""
    stay = participant.episodes.order_by("-admitted_on").first()
    assert stay is not None
    return stay
