"""The sign-in library's forms, with the words of this application."""

from typing import Any

from allauth.account.forms import AddEmailForm, LoginForm, ResetPasswordForm

LABEL = "E-mail"


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


def _name(field: Any) -> None:
    field.label = LABEL
    field.widget.attrs.pop("placeholder", None)
