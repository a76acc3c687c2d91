"""A participant's own account, with which they see their days and say what they would like."""

from datetime import datetime

from django.db import transaction

from participants.actions.guards import lock_person
from participants.models import ConsentChannel, ContactKind, Participant
from phpsupport.access.actions import account_for, give_role, readdress, send_invitation
from phpsupport.access.models import Invitation
from phpsupport.access.roles import Role
from phpsupport.audit.trail import record
from phpsupport.lib.errors import Refused
from phpsupport.programs.models import Program
from phpsupport.users.models import User


@transaction.atomic
def invite_participant(
    *, participant: Participant, program: Program, by: User, at: datetime
) -> Invitation | None:
    """Open an account for a participant and send the link to their e-mail address.

    Sending again renews the link; if their address was changed before they came in, it goes there
    and is the one they will sign in with. None when the account is in use already. Refuses without
    an open stay in the program, an address, or their consent to use it, and an address that
    somebody else signs in with.
    """
    person = lock_person(participant)
    if not person.episodes.filter(program=program, discharged_on=None).exists():
        raise Refused("Only somebody who is in the program gets an account.", code="no_stay")
    address = person.contacts.filter(kind=ContactKind.EMAIL).first()
    consents = person.channel_consents.filter(channel=ConsentChannel.EMAIL, revoked_at=None)
    if address is None or not consents.exists():
        raise Refused(
            "The link goes by e-mail. Enter their address and ask for their consent first.",
            code="no_address",
        )
    user = person.user
    if user is None:
        user = account_for(
            email=address.value, first_name=person.first_name, last_name=person.last_name
        )
        taken = user.role_assignments.exists() or Participant.objects.filter(user=user).exists()
        if taken or user.joined_at is not None or not user.is_active:
            raise Refused(
                "Somebody signs in with this address already. Ask for another one.", code="taken"
            )
        person.user = user
        person.save(update_fields=["user"])
        record("participant.account_opened", by=by, at=at, obj=person, program_id=program.pk)
    else:
        readdress(user=user, email=address.value, program=program, by=by, at=at)
    give_role(user=user, program=program, role=Role.PARTICIPANT, by=None, at=at)
    return send_invitation(user=user, program=program, by=by, at=at)
