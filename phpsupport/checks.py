"""What must hold before the application serves anybody."""

from typing import Any

from django.conf import settings
from django.core.checks import Tags, Warning, register


@register(Tags.security, deploy=True)
def two_database_roles(**kwargs: Any) -> list[Warning]:
    """The role that serves must not own the tables: an owner can drop the locks on the records."""
    if settings.APPLICATION_ROLE != settings.OWNER_ROLE:
        return []
    return [
        Warning(
            "The application signs in to the database as the owner of the tables.",
            hint="Give DATABASE_URL a role of its own and put the owner's address in DATABASE_OWNER_URL.",
            id="phpsupport.W001",
        )
    ]
