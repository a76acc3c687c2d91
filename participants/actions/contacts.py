"""How a participant may be reached: addresses, and the permission to use them."""

from datetime import datetime
from typing import Final

from django.db import transaction

from participants.actions.guards import lock_person
from participants.models import (
    ChannelConsent,
    ConsentChannel,
    ContactKind,
    ContactPoint,
    Participant,
)
from participants.queries.reach import USES
from participants.reaching import clean_email, clean_phone
from phpsupport.access.actions import withdraw_invitations
from phpsupport.audit.trail import record
from phpsupport.lib.errors import Refused
from phpsupport.users.models import User

CLEAN: Final = {ContactKind.EMAIL: clean_email, ContactKind.PHONE: clean_phone}
ADDRESS_FIRST: Final = {
    ConsentChannel.EMAIL: "Add an e-mail address first. Then the consent to use it can be given.",
    ConsentChannel.TEXT: "Add a phone number first. Then the consent to send texts can be given.",
}


@transaction.atomic
def set_contact(
    *, participant: Participant, kind: str, value: str, by: User | None, at: datetime
) -> ContactPoint | None:
    """Keep an address or number, in place of the one before; '' takes it away.

    Without an address there is nothing to consent to: taking it away ends the consent, too. An
    invitation that waits at the address before works no more.
    """
    kind = ContactKind(kind)
    kept = CLEAN[kind](value)
    person = lock_person(participant)
    found = person.contacts.filter(kind=kind).first()
    if (found.value if found else "") == kept:
        return found
    if kind == ContactKind.EMAIL and person.user_id:  # the link may lie in a stranger's mailbox
        withdraw_invitations(user_id=person.user_id, by=by, at=at)
    if found and not kept:
        found.delete()
        record("contact.removed", by=by, at=at, obj=person, kind=kind)
        for channel, uses in USES.items():
            if uses == kind:
                revoke_channel_consent(participant=person, channel=channel, by=by, at=at)
        return None
    if found:
        found.value = kept
        found.save(update_fields=["value"])
    else:
        found = ContactPoint.objects.create(participant=person, kind=kind, value=kept)
    record("contact.set", by=by, at=at, obj=person, kind=kind)
    return found


@transaction.atomic
def give_consent(
    *, participant: Participant, channel: str, by: User | None, at: datetime
) -> ChannelConsent:
    """Note the permission to reach the person by a channel; one that stands already is kept."""
    channel = ConsentChannel(channel)
    person = lock_person(participant)
    standing = person.channel_consents.filter(channel=channel, revoked_at=None).first()
    if standing:
        return standing
    if not person.contacts.filter(kind=USES[channel]).exists():
        raise Refused(ADDRESS_FIRST[channel], field=f"ok_to_{channel}", code="no_address")
    given = ChannelConsent.objects.create(
        participant=person, channel=channel, given_at=at, given_to=by
    )
    record("consent.given", by=by, at=at, obj=given, participant=str(person.pk), channel=channel)
    return given


@transaction.atomic
def revoke_channel_consent(
    *, participant: Participant, channel: str, by: User | None, at: datetime
) -> bool:
    """End the permission at once; what is waiting to be sent asks again and stays unsent.

    Returns whether there was a consent to end.
    """
    channel = ConsentChannel(channel)
    person = lock_person(participant)
    standing = person.channel_consents.filter(channel=channel, revoked_at=None).first()
    if standing is None:
        return False
    standing.revoked_at = at
    standing.save(update_fields=["revoked_at"])
    record(
        "consent.revoked", by=by, at=at, obj=standing, participant=str(person.pk), channel=channel
    )
    return True
