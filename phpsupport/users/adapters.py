"""How allauth behaves here: no open sign-up, second-factor secrets encrypted at rest."""

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.models import EmailAddress
from allauth.mfa.adapter import DefaultMFAAdapter
from django.http import HttpRequest

from phpsupport.lib import encryption
from phpsupport.users.models import User

MFA_CONTEXT = "mfa.secret"


class AccountAdapter(DefaultAccountAdapter):
    """Accounts are made by invitation only."""

    error_messages = DefaultAccountAdapter.error_messages | {
        "account_inactive": "This account is closed. If that is a mistake, ask your program lead.",
        "email_password_mismatch": "The address or the password is not right. Try again, or set a new password.",
        "email_taken": "This address belongs to another account. Use a different one.",
        "enter_current_password": "This is not your password of today. Try again.",
        "incorrect_code": "This code is not right, or too old. Enter the one that is shown now.",
        "incorrect_password": "This is not your password. Try again.",
        "rate_limited": "That was too often in a short time. Wait some minutes, then try again.",
        "same_as_current": "This is the address you have now. Enter another one.",
        "too_many_login_attempts": "Too many tries went wrong. Wait some minutes, then try again.",
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def can_delete_email(self, email_address: EmailAddress) -> bool:
        """Never the address with which somebody signs in."""
        if email_address.email.lower() == email_address.user.email:
            return False
        return bool(super().can_delete_email(email_address))

    def confirm_email(self, request: HttpRequest, email_address: EmailAddress) -> bool:
        """An address that somebody else signs in with stays theirs. Whoever asked for it was not
        told, so that nobody learns in this way who has an account."""
        others = User.objects.exclude(pk=email_address.user_id)
        if others.filter(email=email_address.email.lower()).exists():
            return False
        return bool(super().confirm_email(request, email_address))


class MFAAdapter(DefaultMFAAdapter):
    """allauth keeps TOTP secrets and recovery seeds in clear unless told otherwise."""

    error_messages = DefaultMFAAdapter.error_messages | {
        "incorrect_code": "This code is not right, or too old. Enter the one that is shown now.",
    }

    def encrypt(self, text: str) -> str:
        return encryption.encrypt(text, context=MFA_CONTEXT)

    def decrypt(self, encrypted_text: str) -> str:
        return encryption.decrypt(encrypted_text, context=MFA_CONTEXT)

    def is_mfa_enabled(self, user, types=None) -> bool:  # type: ignore[no-untyped-def]
        return user.is_active and super().is_mfa_enabled(user, types)
