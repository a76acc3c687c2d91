"""Who is to be kept apart from whom, as declared."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from facilitators.models import ConflictOfInterest, Facilitator, Stage
from participants.models import Participant
from participants.names import display_name, full_name
from phpsupport.access.roles import Role
from phpsupport.access.scope import scope_of
from phpsupport.lib import wording
from phpsupport.programs.models import Program
from phpsupport.users.models import User

OFFERED = 20  # participants to choose from at once; a search finds the others


def pairs(
    facilitator_ids: Iterable[UUID], participant_ids: Iterable[UUID]
) -> set[tuple[UUID, UUID]]:
    """The declared pairs of a facilitator and a participant among these. One query.

    What the relation is stays with who declared it.
    """
    rows = ConflictOfInterest.objects.filter(
        facilitator_id__in=list(facilitator_ids),
        participant_id__in=list(participant_ids),
        ended_at=None,
    )
    return set(rows.values_list("facilitator_id", "participant_id"))


@dataclass(frozen=True)
class Declared:
    """One declared pair as a line of the list."""

    id: UUID
    facilitator: str
    participant: str
    line: str
    ended: bool
    own: bool


def declared(user: User, program: Program) -> list[Declared]:
    """What the person may see of what was declared in the program; what holds first. One query."""
    rows = (
        ConflictOfInterest.objects.visible_to(user)
        .filter(program=program)
        .select_related("facilitator__user", "participant", "declared_by")
        .order_by("-declared_at")
    )
    zone = ZoneInfo(program.zone)
    found = [
        Declared(
            row.pk,
            row.facilitator.user.name,
            name_of(row.participant, full=_judges(user, program)),
            _line(row, zone),
            row.ended_at is not None,
            row.facilitator.user_id == user.pk,
        )
        for row in rows
    ]
    return sorted(found, key=lambda d: d.ended)


def _line(row: ConflictOfInterest, zone: ZoneInfo) -> str:
    since = wording.date_in_full(row.declared_at.astimezone(zone).date())
    if row.ended_at is None:
        return f"since {since}"
    return f"{since} – {wording.date_in_full(row.ended_at.astimezone(zone).date())}"


def _judges(user: User, program: Program) -> bool:
    return scope_of(user).has(program.pk, Role.SUPERVISOR, Role.PROGRAM_LEAD)


def name_of(participant: Participant, *, full: bool) -> str:
    """The whole name for who supervises; a facilitator knows people as rosters name them."""
    say = full_name if full else display_name
    return say(participant.first_name, participant.last_name, participant.preferred_name)


@dataclass(frozen=True)
class Page:
    """One declared pair with what was said about it."""

    facilitator: str
    participant: str
    relation: str
    note: str
    declared: str
    ended: str
    own: bool


def interest_page(interest: ConflictOfInterest, user: User) -> Page:
    """Load it with facilitator, participant, program and who declared it. No query."""
    zone = ZoneInfo(interest.program.zone)

    def said(at: datetime) -> str:
        local = at.astimezone(zone)
        return f"{wording.day(local, year=True)}, {wording.clock_time(local)}"

    return Page(
        interest.facilitator.user.name,
        name_of(interest.participant, full=_judges(user, interest.program)),
        interest.get_relation_display(),
        interest.note,
        f"{interest.declared_by.name}, {said(interest.declared_at)}",
        said(interest.ended_at) if interest.ended_at else "",
        interest.facilitator.user_id == user.pk,
    )


def may_declare_for(user: User, program: Program) -> list[Facilitator]:
    """Those for whom the person may declare one, themselves first. One query."""
    scope = scope_of(user)
    rows = (
        Facilitator.objects.filter(program=program)
        .exclude(stage=Stage.ENDED)
        .select_related("user")
        .order_by("user__first_name", "user__last_name")
    )
    if not scope.has(program.pk, Role.PROGRAM_LEAD):
        mine = []
        if scope.has(program.pk, Role.FACILITATOR):
            mine += [row for row in rows if row.user_id == user.pk]
        if scope.has(program.pk, Role.SUPERVISOR):
            mine += [row for row in rows if row.supervisor_id == user.pk]
        return mine
    return sorted(rows, key=lambda row: row.user_id != user.pk)


def people_to_choose(user: User, program: Program, words: str) -> list[tuple[str, str]]:
    """Participants whom the person can see, found by name, as choices; namesakes are told apart by
    their record number. One query."""
    rows = (
        Participant.objects.visible_to(user)
        .filter(organization=program.site.organization_id, sealed_at=None)
        .exclude(user=user)
        .matching(words[:80])
        .order_by("first_name", "last_name", "pk")[:OFFERED]
    )
    full = _judges(user, program)
    named = [(row, name_of(row, full=full)) for row in rows]
    names = [name for _, name in named]
    return [
        (str(row.pk), f"{name} · {row.record_number}" if names.count(name) > 1 else name)
        for row, name in named
    ]
