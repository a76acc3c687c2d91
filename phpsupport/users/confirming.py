"""Asking again who somebody is, at the moment they sign something."""

from allauth.core import ratelimit
from allauth.mfa.models import Authenticator
from django.contrib.auth.hashers import check_password
from django.http import HttpRequest

from phpsupport.lib.errors import Refused
from phpsupport.users.models import User


def confirm_identity(request: HttpRequest, secret: str) -> None:
    """Refuse unless `secret` is the signed-in person's password or a code from their authenticator.

    Attempts are limited as for signing in.
    """
    user: User = request.user  # type: ignore[assignment]
    if not ratelimit.consume(request, action="reauthenticate", user=user):
        raise Refused(
            "Too many attempts. Wait a minute, then try again.", field="secret", code="too-many"
        )
    if check_password(secret, user.password) or _is_code(user, secret):
        return
    raise Refused(
        "That is neither your password nor a current code. Nothing was signed; try again.",
        field="secret",
        code="secret",
    )


def _is_code(user: User, secret: str) -> bool:
    code = "".join(secret.split())
    if not (code.isdigit() and len(code) == 6):
        return False
    found = Authenticator.objects.filter(user=user, type=Authenticator.Type.TOTP).first()
    return bool(found and found.wrap().validate_code(code))
