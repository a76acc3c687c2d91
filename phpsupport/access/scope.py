"""What a person may reach: their roles by program, read once per request."""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from phpsupport.access.models import RoleAssignment
from phpsupport.access.roles import Role
from phpsupport.lib import clock
from phpsupport.programs.models import Program
from phpsupport.users.models import User


@dataclass(frozen=True)
class Scope:
    """A person with the roles that hold at an instant, per program."""

    user: User
    at: datetime
    roles: dict[UUID, frozenset[Role]] = field(default_factory=dict)
    places: tuple[Program, ...] = ()

    def programs(self, *roles: Role) -> list[UUID]:
        """The programs in which the person holds one of `roles` (any role when none is named)."""
        wanted = frozenset(roles) or frozenset(Role)
        return [program for program, held in self.roles.items() if held & wanted]

    def has(self, program_id: UUID | None, *roles: Role) -> bool:
        """Whether the person holds one of `roles` in that program."""
        return bool(program_id and self.roles.get(program_id, frozenset()) & frozenset(roles))

    def has_any(self, program_ids: Collection[UUID], *roles: Role) -> bool:
        """Whether the person holds one of `roles` in one of those programs."""
        return any(self.has(program_id, *roles) for program_id in program_ids)


def scope_of(user: User) -> Scope:
    """The person's scope, read once per user object; an anonymous or inactive one reaches nothing.

    A role's days are the site's days: the site may be a day behind or ahead of UTC.
    """
    cached: Scope | None = getattr(user, "_scope", None)
    if cached is None:
        at = clock.now()
        roles: dict[UUID, set[Role]] = {}
        places: dict[UUID, Program] = {}
        if user.is_authenticated and user.is_active:
            rows = RoleAssignment.objects.filter(user=user).select_related("program__site")
            for row in rows.order_by("program__name", "program__site__name", "program_id"):
                today = clock.local_date(at, row.program.zone)
                if row.starts_on <= today and (row.ends_on is None or today <= row.ends_on):
                    roles.setdefault(row.program_id, set()).add(Role(row.role))
                    places[row.program_id] = row.program
        cached = Scope(
            user, at, {p: frozenset(held) for p, held in roles.items()}, tuple(places.values())
        )
        user._scope = cached  # type: ignore[attr-defined]
    return cached
