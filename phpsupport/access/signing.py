"""Signing in and out stand in the trail of every program the person has a role in."""

from typing import Any

from django.contrib.auth.signals import user_logged_in, user_logged_out
from django.dispatch import receiver

from phpsupport.access.scope import scope_of
from phpsupport.audit.trail import record
from phpsupport.lib import clock
from phpsupport.users.models import User


@receiver(user_logged_in, dispatch_uid="access.signed_in")
def signed_in(*, user: User, **kwargs: Any) -> None:
    """Also after an invitation was accepted.

    Who came in another way (a new password asked for by e-mail) has joined, too: from then on no
    invitation opens the account.
    """
    if user.joined_at is None:
        user.joined_at = clock.now()
        user.save(update_fields=["joined_at"])
    _note("signed.in", user)


@receiver(user_logged_out, dispatch_uid="access.signed_out")
def signed_out(*, user: User | None, request: Any = None, **kwargs: Any) -> None:
    """By oneself, by the quick exit, or because nothing happened for a while."""
    if request is not None:
        request.signed_out = True  # the answer empties the browser's cache, see AnswerMiddleware
    if user is not None:
        _note("signed.out", user)


def _note(action: str, user: User) -> None:
    for program_id in scope_of(user).programs() or [None]:  # type: ignore[list-item]
        record(action, by=user, at=clock.now(), program_id=program_id)
