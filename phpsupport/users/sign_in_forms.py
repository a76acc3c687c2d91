"""The sign-in library's forms, with the words of this application."""

from typing import Any

from allauth.account.forms import (
    AddEmailForm,
    ChangePasswordForm,
    LoginForm,
    ResetPasswordForm,
    ResetPasswordKeyForm,
    SetPasswordForm,
)
from allauth.account.models import EmailAddress
from django.http import HttpRequest

LABEL = "E-mail"
PASSWORDS = {
    "oldpassword": "Current password",
    "password1": "New password",
    "password2": "New password, again",
}


class SignInForm(LoginForm):  # type: ignore[misc]
    """Address and password."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _name(self.fields["login"])


class NewPasswordForm(ResetPasswordForm):  # type: ignore[misc]
    """Asking for a link by which to set a new password."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _name(self.fields["email"])


class ChangeAddressForm(AddEmailForm):  # type: ignore[misc]
    """Another address to sign in with."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _name(self.fields["email"])

    def save(self, request: HttpRequest) -> EmailAddress:
        """Ask the new mailbox. The address of today stands until then: without a confirmed one
        allauth takes it for the one that is asked for, and empties the account's.

        It counts as confirmed because the invitation was opened from that mailbox.
        """
        EmailAddress.objects.update_or_create(
            user=self.user, email=self.user.email, defaults={"verified": True, "primary": True}
        )
        return super().save(request)


class OtherPasswordForm(ChangePasswordForm):  # type: ignore[misc]
    """Another password instead of the current one."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _name_passwords(self.fields)


class FirstPasswordForm(SetPasswordForm):  # type: ignore[misc]
    """The first password of an account that has none."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _name_passwords(self.fields)


class PasswordByLinkForm(ResetPasswordKeyForm):  # type: ignore[misc]
    """A new password, after the link from the mailbox."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _name_passwords(self.fields)


def _name_passwords(fields: dict[str, Any]) -> None:
    for name, label in PASSWORDS.items():
        if name in fields:
            fields[name].label = label
            fields[name].widget.attrs.pop("placeholder", None)


def _name(field: Any) -> None:
    field.label = LABEL
    field.widget.attrs.pop("placeholder", None)
