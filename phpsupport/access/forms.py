"""Coming in by an invitation, and inviting."""

from typing import Any
from uuid import uuid4

from django import forms
from django.contrib.auth.password_validation import (
    validate_password,
)
from django.core.exceptions import ValidationError
from django.http import HttpRequest

from phpsupport.access.actions import ON_THEIR_PAGE, password_asked
from phpsupport.access.roles import Role
from phpsupport.lib import clock
from phpsupport.lib.forms import Form
from phpsupport.users import sign_in_forms
from phpsupport.users.models import User


class NewPasswordForm(sign_in_forms.NewPasswordForm):
    """Asking for a link by which to set a new password. The page says the same to everybody, and
    takes the same time: the letter is written later, and only where there is an account."""

    def save(self, request: HttpRequest, **kwargs: Any) -> str:
        email = str(self.cleaned_data["email"])
        found: list[User] = self.users
        # Not of who only asked to change to that address.
        own = [user.pk for user in found if user.email == email.lower()]
        for user_id in own or [uuid4()]:
            password_asked.send(User, user_id=user_id, at=clock.now())
        return email


class AcceptForm(Form):
    """Choosing a password."""

    submit = "Open my account"
    password = forms.CharField(
        label="Choose a password",
        strip=False,
        max_length=200,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text="At least 12 characters. A few words in a row are easy to remember.",
    )
    again = forms.CharField(
        label="The same password again",
        strip=False,
        max_length=200,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        self.user = user
        super().__init__(*args, **kwargs)

    def clean_password(self) -> str:
        password: str = self.cleaned_data["password"]
        validate_password(password, self.user)
        return password

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        if data.get("password") and data.get("again") and data["password"] != data["again"]:
            self.add_error(
                "again", ValidationError("The two passwords differ. Type the same one twice.")
            )
        return data


class InviteForm(Form):
    """Inviting a colleague."""

    submit = "Send the invitation"
    email = forms.EmailField(label="E-mail", max_length=254)
    first_name = forms.CharField(label="First name", max_length=80)
    last_name = forms.CharField(label="Last name", max_length=80, required=False)
    roles = forms.MultipleChoiceField(
        label="Roles", widget=forms.CheckboxSelectMultiple, help_text=ON_THEIR_PAGE
    )

    def __init__(self, *args: Any, roles: frozenset[Role], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["roles"].choices = [(r.value, r.label) for r in Role if r in roles]  # type: ignore[attr-defined]


class GiveRoleForm(InviteForm):
    """Giving more roles to somebody who is here already."""

    submit = "Give these roles"
    email = None  # type: ignore[assignment]
    first_name = None  # type: ignore[assignment]
    last_name = None  # type: ignore[assignment]
