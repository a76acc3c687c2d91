"""What the landing pages show."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from zoneinfo import ZoneInfo

from django.db.models import F, Q

from facilitators.models import Facilitator
from participants.models import Participant
from participants.names import display_name, full_name
from phpsupport.access.roles import Role
from phpsupport.access.scope import scope_of
from phpsupport.lib import clock
from phpsupport.programs.models import Program
from phpsupport.users.models import User
from sessions.models import GroupSession, SessionState, SupportGroup

AHEAD = timedelta(days=14)
FOUND_AT_MOST = 20


@dataclass(frozen=True)
class Appointment:
    """One appointment of a participant, with nobody else in it."""

    times: str
    group: str
    room: str
    cancelled: bool


@dataclass(frozen=True)
class Day:
    """A day with its appointments."""

    label: str
    is_today: bool
    appointments: list[Appointment]


def own_schedule(*, user: User, program: Program, at: datetime) -> list[Day]:
    """The participant's sessions from today on for two weeks, by the site's days. One query."""
    zone = ZoneInfo(program.zone)
    today = clock.local_date(at, program.zone)
    rows = (
        GroupSession.objects.filter(
            Q(series__enrollments__until_on=None)
            | Q(series__enrollments__until_on__gte=F("local_date")),
            series__enrollments__participant__user=user,
            series__enrollments__participant__sealed_at=None,
            series__enrollments__from_on__lte=F("local_date"),
            program=program,
            local_date__gte=today,
            local_date__lt=today + AHEAD,
            ends_at__gt=at,
        )
        .exclude(state=SessionState.NOT_HELD)
        .order_by("starts_at")
        .values("local_date", "starts_at", "ends_at", "state", "room__name", "series__group__name")
        .distinct()
    )
    return [
        Day(
            label=f"{day:%A %-d %B}",
            is_today=day == today,
            appointments=[
                Appointment(
                    times=f"{r['starts_at'].astimezone(zone):%-I:%M %p} to {r['ends_at'].astimezone(zone):%-I:%M %p}",
                    group=r["series__group__name"],
                    room=r["room__name"],
                    cancelled=r["state"] == SessionState.CANCELLED,
                )
                for r in found
            ],
        )
        for day, found in groupby(rows, key=lambda r: r["local_date"])
    ]


@dataclass(frozen=True)
class Found:
    """One thing that a search found."""

    kind: str
    icon: str
    name: str
    line: str
    url_name: str
    pk: object


SEARCHERS = (Role.SCHEDULER, Role.PROGRAM_LEAD, Role.CLINICIAN, Role.SUPERVISOR, Role.FACILITATOR)


def search(*, user: User, words: str, program: Program) -> list[Found]:
    """Participants, groups and facilitators that the person may see and that match every word.

    Three queries, at most twenty of each; none for fewer than two letters.
    """
    words = " ".join(words.replace("\x00", "").split())[:100]
    if len(words) < 2 or not scope_of(user).has(program.pk, *SEARCHERS, Role.PRIVACY_OFFICER):
        return []
    people = Participant.objects.visible_to(user).matching(words)
    people = people.filter(episodes__program=program).distinct().order_by("last_name", "first_name")
    staff_may_name = scope_of(user).has(
        program.pk, Role.SCHEDULER, Role.PROGRAM_LEAD, Role.CLINICIAN, Role.PRIVACY_OFFICER
    )
    named = full_name if staff_may_name else display_name
    found = [
        Found(
            "Participant",
            "person",
            named(p.first_name, p.last_name, p.preferred_name),
            f"Record {p.record_number}" if staff_may_name else "",
            "participants:detail",
            p.pk,
        )
        for p in people[:FOUND_AT_MOST]
    ]
    groups = SupportGroup.objects.visible_to(user).filter(program=program)
    facilitators = Facilitator.objects.visible_to(user).filter(program=program)
    for word in words.split():
        groups = groups.filter(name__icontains=word)
        facilitators = facilitators.filter(
            Q(user__first_name__icontains=word)
            | Q(user__last_name__icontains=word)
            | Q(user__preferred_name__icontains=word)
        )
    found += [
        Found("Group", "collection", g.name, g.get_kind_display(), "sessions:group", g.pk)
        for g in groups[:FOUND_AT_MOST]
    ]
    return found + [
        Found(
            "Facilitator",
            "person-badge",
            f.user.name,
            f.get_stage_display(),
            "facilitators:detail",
            f.pk,
        )
        for f in facilitators.select_related("user")[:FOUND_AT_MOST]
    ]
