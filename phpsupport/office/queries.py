"""What the office pages show."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from django.core.paginator import Page, Paginator

from phpsupport.access.models import Invitation, RoleAssignment
from phpsupport.access.roles import Role
from phpsupport.audit.models import AuditEvent
from phpsupport.programs.models import Program
from phpsupport.users.models import User


@dataclass(frozen=True)
class Holding:
    """A role somebody holds."""

    pk: UUID
    label: str
    until: date | None
    may_end: bool


@dataclass
class Colleague:
    """Somebody with roles in the program."""

    pk: UUID
    name: str
    email: str
    holdings: list[Holding]
    invitation: Invitation | None = None
    joined: bool = False


def people(
    *, program: Program, may_end: frozenset[Role], me: User, at: datetime, on: date
) -> list[Colleague]:
    """Everybody with a role on the day `on`, by name, with open invitations. Two queries."""
    found: dict[UUID, Colleague] = {}
    rows = RoleAssignment.objects.in_force(on).filter(program=program).select_related("user")
    for row in rows.order_by("user__last_name", "user__first_name", "role"):
        person = found.setdefault(
            row.user_id,
            Colleague(
                row.user_id,
                row.user.name,
                row.user.email,
                [],
                joined=row.user.joined_at is not None,
            ),
        )
        endable = Role(row.role) in may_end and row.user_id != me.pk
        person.holdings.append(Holding(row.pk, row.get_role_display(), row.ends_on, endable))
    for invitation in Invitation.objects.filter(
        program=program, accepted_at=None, withdrawn_at=None, expires_at__gt=at
    ):
        if invitation.user_id in found:
            found[invitation.user_id].invitation = invitation
    return list(found.values())


@dataclass(frozen=True)
class Entry:
    """One line of the trail, in words."""

    at: str
    who: str
    what: str
    about: str
    object_id: UUID | None


PER_PAGE = 100


def trail(
    *,
    program: Program,
    number: str | int = 1,
    action: str = "",
    person: UUID | None = None,
    about: UUID | None = None,
    day: date | None = None,
) -> tuple[Page, list[Entry]]:  # type: ignore[type-arg]
    """A page of the trail, the newest first, with actors named. Three queries."""
    zone = ZoneInfo(program.zone)
    events = AuditEvent.objects.filter(program_id=program.pk).order_by("-at", "pk")
    if action:
        events = events.filter(action__startswith=action)
    if person:
        events = events.filter(actor_id=person)
    if about:
        events = events.filter(object_id=about)
    if day:
        begin = datetime.combine(day, datetime.min.time(), zone)
        events = events.filter(
            at__gte=begin, at__lt=begin.replace(hour=23, minute=59, second=59, microsecond=999999)
        )
    page = Paginator(events, PER_PAGE).get_page(number)
    rows = list(page)
    names = {
        u.pk: u.name for u in User.objects.filter(pk__in={r.actor_id for r in rows if r.actor_id})
    }
    return page, [
        Entry(
            at=f"{r.at.astimezone(zone):%a %-d %b, %H:%M:%S}",
            who=names.get(r.actor_id, "The program itself"),
            what=r.action.replace(".", ": ").replace("_", " "),
            about=r.object_type.partition(".")[2] or "",
            object_id=r.object_id,
        )
        for r in rows
    ]
