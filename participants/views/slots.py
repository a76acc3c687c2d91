"""Places on a page that an app above fills, known by the name of its address only."""

from uuid import UUID

from django.urls import NoReverseMatch, resolve, reverse

from phpsupport.access.scope import scope_of
from phpsupport.users.models import User


def address_for(name: str, user: User, program_ids: list[UUID], *args: object) -> str:
    """The address `name` if there is one and its gate lets `user` in by a role in one of those
    programs; else ''."""
    try:
        found = reverse(name, args=args)
    except NoReverseMatch:
        return ""
    roles = getattr(resolve(found).func, "allowed_roles", None) or ()
    return found if scope_of(user).has_any(program_ids, *roles) else ""
