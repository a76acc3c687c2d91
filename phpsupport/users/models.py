"""People who sign in. What they may do is in phpsupport.access; this is only who they are."""

import zoneinfo
from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models.functions import Lower

from phpsupport.lib.history import tracked
from phpsupport.lib.models import Row


class UserManager(BaseUserManager["User"]):
    """Accounts by e-mail address."""

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "User":
        """A new account; without a password nobody can sign in to it until an invitation is accepted."""
        user = self.model(email=self.normalize_email(email).lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def get_by_natural_key(self, username: str | None) -> "User":
        return self.get(email__iexact=username)


class Theme(models.TextChoices):
    SYSTEM = "", "As my device"
    LIGHT = "light", "Light"
    DARK = "dark", "Dark"


def validate_zone(value: str) -> None:
    """Refuse what the time zone database does not know."""
    if value and value not in zoneinfo.available_timezones():
        raise ValidationError(
            f"{value} is not a time zone we know. Choose one such as America/New_York."
        )


@tracked(exclude=["password", "last_login"])
class User(Row, AbstractBaseUser):
    """An account. It has no rights of its own; rights are dated role assignments."""

    email = models.EmailField("e-mail", unique=True)
    first_name = models.CharField(max_length=80)
    last_name = models.CharField(max_length=80, blank=True)
    preferred_name = models.CharField(max_length=80, blank=True)
    pronouns = models.CharField(max_length=40, blank=True)
    time_zone = models.CharField(
        max_length=64,
        blank=True,
        validators=[validate_zone],
        help_text="Leave empty to see times as they are at the site.",
    )
    theme = models.CharField(max_length=5, choices=Theme, blank=True, default=Theme.SYSTEM)
    wants_reminders = models.BooleanField(default=True)
    is_active = models.BooleanField(default=True)
    joined_at = models.DateTimeField(null=True, blank=True, editable=False)

    objects = UserManager()
    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS = ["first_name"]

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(email=Lower("email")),
                name="email_in_lower_case",
                violation_error_message="Write the e-mail address in small letters.",
            )
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        """As colleagues say it: preferred or first name, then surname."""
        return f"{self.preferred_name or self.first_name} {self.last_name}".strip()
