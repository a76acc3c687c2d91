"""The letters that open an account. They name neither program nor role: the mailbox may be read
by others."""

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from allauth.account.forms import default_token_generator
from allauth.account.utils import user_pk_to_url_str
from django.conf import settings
from django.dispatch import receiver
from django.template.loader import render_to_string
from django.urls import reverse

from phpsupport.access.actions import (
    invitation_token,
    invited,
    may_set_a_password,
    password_asked,
)
from phpsupport.access.models import Invitation
from phpsupport.outbox.delivery import Planned, enqueue
from phpsupport.outbox.kinds import Letter, Withhold, kind
from phpsupport.outbox.models import OutboxMessage
from phpsupport.users.models import User

# Who asked for a new password looks for the letter now.
WAITS: Final = timedelta(minutes=30)


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


@receiver(password_asked, dispatch_uid="home.password_asked")
def plan_new_password(*, user_id: UUID, at: datetime, **kwargs: object) -> None:
    """Queue the letter, or one that will not go where there is no such account."""
    enqueue(
        [
            Planned(
                kind="new_password",
                key=f"new_password:{user_id}:{at.isoformat()}",
                recipient_id=user_id,
                due_at=at,
                expires_at=at + WAITS,
            )
        ],
        at=at,
    )


@kind("new_password")
def new_password_letter(message: OutboxMessage, at: datetime) -> Letter:
    """The letter with the link, to the address that the account has now."""
    user = User.objects.filter(pk=message.recipient_id, is_active=True).first()
    if user is None:
        raise Withhold("no-account")
    if not may_set_a_password(user, at=at):
        raise Withhold("invitation-over")
    token = default_token_generator.make_token(user)
    place = reverse("account_reset_password_from_key", args=[user_pk_to_url_str(user), token])
    facts = {"user": user, "password_reset_url": settings.BASE_URL + place}
    name = "account/email/password_reset_key"
    return Letter(
        to=user.email,
        subject=render_to_string(f"{name}_subject.txt").strip(),
        text=render_to_string(f"{name}_message.txt", facts),
    )
