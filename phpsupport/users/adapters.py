"""How allauth behaves here: no open sign-up, second-factor secrets encrypted at rest."""

from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.adapter import DefaultMFAAdapter
from django.http import HttpRequest

from phpsupport.lib import encryption

MFA_CONTEXT = "mfa.secret"


class AccountAdapter(DefaultAccountAdapter):
    """Accounts are made by invitation only."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False


class MFAAdapter(DefaultMFAAdapter):
    """allauth keeps TOTP secrets and recovery seeds in clear unless told otherwise."""

    def encrypt(self, text: str) -> str:
        return encryption.encrypt(text, context=MFA_CONTEXT)

    def decrypt(self, encrypted_text: str) -> str:
        return encryption.decrypt(encrypted_text, context=MFA_CONTEXT)

    def is_mfa_enabled(self, user, types=None) -> bool:  # type: ignore[no-untyped-def]
        return user.is_active and super().is_mfa_enabled(user, types)
