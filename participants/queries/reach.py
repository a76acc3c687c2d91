"""May a message go to this participant now, and where to? Asked again when it is sent."""

from typing import Final
from uuid import UUID

from participants.models import ChannelConsent, ConsentChannel, ContactKind, ContactPoint

# Which address a channel uses.
USES: Final = {
    ConsentChannel.EMAIL: ContactKind.EMAIL,
    ConsentChannel.TEXT: ContactKind.PHONE,
}


def address_with_consent(participant_id: UUID, channel: str = ConsentChannel.EMAIL) -> str | None:
    """The address of the channel if the person agreed to it and has not taken that back.

    None without an address, without a live consent, and for a sealed chart. One query.
    """
    live = ChannelConsent.objects.filter(
        participant_id=participant_id, channel=channel, revoked_at=None
    )
    return (
        ContactPoint.objects.filter(
            participant_id=participant_id,
            participant__sealed_at=None,
            kind=USES[ConsentChannel(channel)],
            participant_id__in=live.values("participant_id"),
        )
        .values_list("value", flat=True)
        .first()
    )
