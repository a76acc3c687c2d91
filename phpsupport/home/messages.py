"""The invitation's letter. It names neither program nor role: the mailbox may be read by others."""

from datetime import datetime

from django.conf import settings
from django.dispatch import receiver
from django.template.loader import render_to_string
from django.urls import reverse

from phpsupport.access.actions import invitation_token, invited
from phpsupport.access.models import Invitation
from phpsupport.outbox.delivery import Planned, enqueue
from phpsupport.outbox.kinds import Letter, Withhold, kind
from phpsupport.outbox.models import OutboxMessage


@receiver(invited, dispatch_uid="home.invited")
def plan_invitation(*, invitation: Invitation, at: datetime, **kwargs: object) -> None:
    """Queue the letter in the transaction that invites."""
    enqueue(
        [
            Planned(
                kind="invitation",
                key=f"invitation:{invitation.pk}",
                recipient_id=invitation.user_id,
                subject_id=invitation.pk,
                program_id=invitation.program_id,
                due_at=at,
                expires_at=invitation.expires_at,
            )
        ],
        at=at,
    )


@kind("invitation")
def invitation_letter(message: OutboxMessage, at: datetime) -> Letter:
    """The letter with the link; withheld once the invitation is accepted or withdrawn."""
    found = Invitation.objects.select_related("user").filter(pk=message.subject_id).first()  # type: ignore[misc]
    if found is None or not found.is_open(at):
        raise Withhold("invitation-over")
    link = settings.BASE_URL + reverse("access:accept-invitation", args=[invitation_token(found)])
    facts = {"first_name": found.user.first_name, "link": link}
    return Letter(
        to=found.user.email,
        subject="Your account is ready to be opened",
        text=render_to_string("email/invitation.txt", facts),
        html=render_to_string("email/invitation.html", facts),
    )
