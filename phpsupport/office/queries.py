"""What the office pages show."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import groupby
from uuid import UUID
from zoneinfo import ZoneInfo

from django.apps import apps
from django.core.paginator import Page, Paginator
from django.db.models import Q

from facilitators.grants import nobody_named
from facilitators.models import BoundaryConcern
from phpsupport.access.models import Invitation, RoleAssignment
from phpsupport.access.roles import Role
from phpsupport.access.scope import scope_of
from phpsupport.audit.models import AuditEvent
from phpsupport.lib import wording
from phpsupport.programs.models import Program
from phpsupport.users.models import User
from sessions.models import GroupSession, SessionState


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

    time: str
    who: str
    actor_id: UUID | None
    what: str
    about: str
    object_id: UUID | None


@dataclass(frozen=True)
class TrailDay:
    """A day of the trail at the site, the latest entry first."""

    label: str
    entries: list[Entry]


PER_PAGE = 100


def trail(
    *,
    program: Program,
    seen_by: User,
    number: str | int = 1,
    action: str = "",
    person: UUID | None = None,
    about: UUID | None = None,
    day: date | None = None,
) -> tuple[Page, list[TrailDay]]:  # type: ignore[type-arg]
    """A page of the trail, the newest first, with actors named. Three queries.

    A concern that names the reader, or somebody they are tied to, leaves no line: it would tell
    that it exists and who reported it.
    """
    zone = ZoneInfo(program.zone)
    closed = BoundaryConcern.objects.filter(program=program).exclude(
        nobody_named(scope_of(seen_by))
    )
    events = (
        AuditEvent.objects.filter(program_id=program.pk)
        .exclude(object_type=BoundaryConcern._meta.label_lower, object_id__in=closed.values("pk"))
        .order_by("-at", "pk")
    )
    if action:
        typed = action.strip().lower().replace(": ", ".")
        events = events.filter(
            Q(action__startswith=typed.replace(" ", "_"))
            | Q(action__startswith=typed.replace(" ", ""))
        )
    if person:
        events = events.filter(actor_id=person)
    if about:
        events = events.filter(object_id=about)
    if day:
        events = events.filter(at__gte=_midnight(day, zone))
        if day < date.max:
            events = events.filter(at__lt=_midnight(day + timedelta(days=1), zone))
    page = Paginator(events, PER_PAGE).get_page(number)
    rows = list(page)
    names = {
        u.pk: u.name for u in User.objects.filter(pk__in={r.actor_id for r in rows if r.actor_id})
    }
    entries = [
        (r.at.astimezone(zone), r, names.get(r.actor_id) if r.actor_id else None) for r in rows
    ]
    return page, [
        TrailDay(
            label=wording.day(on, year=True),
            entries=[
                Entry(
                    time=f"{at:%H:%M:%S}",
                    who=name or "The program itself",
                    actor_id=row.actor_id if name else None,
                    what=_what(row),
                    about=_about(row),
                    object_id=row.object_id,
                )
                for at, row, name in found
            ],
        )
        for on, found in groupby(entries, key=lambda entry: entry[0].date())
    ]


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    # Half a day inside the calendar's ends, where no zone leads out of it.
    if day == date.min:
        return datetime.min.replace(tzinfo=UTC)
    return datetime.combine(day, time.min, zone)


def _what(event: AuditEvent) -> str:
    """ "participant.read" as "Participant: read", "signed.in" as "Signed in"."""
    between = " " if event.action.startswith("signed.") else ": "
    subject, _, act = event.action.partition(".")
    if subject == event.object_type.partition(".")[2]:
        subject = _kind(event)
    words = (f"{subject}{between}{act}" if act else subject).replace("_", " ")
    if event.action == "access.refused":
        words += f" ({event.detail.get('page', '')})"
    return words[:1].upper() + words[1:]


def _about(event: AuditEvent) -> str:
    """What kind of row it was, unless the act says so already, and the beginning of its key."""
    if event.object_id is None:
        return ""
    kind = _kind(event)
    subject = event.action.partition(".")[0].replace("_", " ")
    said = subject in (kind, event.object_type.partition(".")[2])
    return f"{'' if said else kind} {str(event.object_id)[:8]}".strip()


def _kind(event: AuditEvent) -> str:
    """The kind of row in words, "group session" for sessions.groupsession."""
    try:
        return str(apps.get_model(event.object_type)._meta.verbose_name)
    except (LookupError, ValueError):  # of a model that is gone
        return event.object_type.partition(".")[2]


def sessions_on(*, program: Program, day: date) -> int:
    """How many sessions are still planned on a day. One query."""
    planned = GroupSession.objects.filter(program=program, local_date=day)
    return planned.filter(state=SessionState.SCHEDULED).count()
