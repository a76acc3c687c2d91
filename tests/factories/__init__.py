"""Small worlds for tests: every function makes valid rows and lets the test name what matters."""

from datetime import date, datetime, time, timedelta
from itertools import count
from typing import Any
from zoneinfo import ZoneInfo

from facilitators.models import (
    Certification,
    CertificationKind,
    Facilitator,
    TrainingRecord,
    TrainingRequirement,
)
from facilitators.taxonomy import TRAINING_AREAS
from participants.models import (
    ChannelConsent,
    ContactPoint,
    EpisodeOfCare,
    Goal,
    LevelOfCare,
    LevelOfCareChange,
    Participant,
)
from phpsupport.access.models import RoleAssignment
from phpsupport.access.roles import Role
from phpsupport.programs.models import Organization, Program, Site
from phpsupport.users.models import User
from sessions.models import (
    Enrollment,
    GroupSeries,
    GroupSession,
    Part,
    Room,
    SeriesFacilitator,
    SessionFacilitator,
    SupportGroup,
)

_n = count(1)
NEW_YORK = "America/New_York"
LONG_AGO = date(2020, 1, 1)
PASSWORD = "a-calm-harbor-42"


def make_program(name: str = "", *, zone: str = NEW_YORK, site: Site | None = None) -> Program:
    """A program at a site of its own, or at the one given."""
    n = next(_n)
    if site is None:
        organization = Organization.objects.create(name=f"Organization {n}")
        site = Site.objects.create(organization=organization, name=f"Site {n}", time_zone=zone)
    return Program.objects.create(site=site, name=name or f"Program {n}")


def make_user(*, first_name: str = "Robin", last_name: str = "", **fields: Any) -> User:
    """An account with a password."""
    n = next(_n)
    return User.objects.create_user(
        fields.pop("email", f"person{n}@staff.example"),
        fields.pop("password", PASSWORD),
        first_name=first_name,
        last_name=last_name or f"Person{n}",
        **fields,
    )


def give_role(
    user: User,
    program: Program,
    role: Role,
    *,
    starts_on: date = LONG_AGO,
    ends_on: date | None = None,
) -> RoleAssignment:
    """A role in a program; the user's cached scope is dropped."""
    user.__dict__.pop("_scope", None)
    return RoleAssignment.objects.create(
        user=user, program=program, role=role, starts_on=starts_on, ends_on=ends_on
    )


def make_staff(program: Program, *roles: Role, **fields: Any) -> User:
    """An account with roles in the program."""
    user = make_user(**fields)
    for role in roles:
        give_role(user, program, role)
    return user


def make_requirements(program: Program, areas: int = 2) -> list[TrainingRequirement]:
    """The first `areas` training requirements for facilitators, each counting for 12 months."""
    return [
        TrainingRequirement.objects.get_or_create(
            program=program, role=Role.FACILITATOR, name=name,
            defaults={"validity_months": 12, "position": place},
        )[0]
        for place, (_, name) in enumerate(TRAINING_AREAS[:areas])
    ]  # fmt: skip


def make_facilitator(
    program: Program,
    *,
    cleared: bool = True,
    supervisor: User | None = None,
    on: date = date(2026, 1, 1),
    through: date = date(2030, 12, 31),
    user: User | None = None,
    **fields: Any,
) -> Facilitator:
    """A facilitator with an account; `cleared` gives a full certification and all trainings."""
    n = next(_n)
    if user is None:
        user = make_user(
            first_name=fields.pop("first_name", "Sam"), last_name=fields.pop("last_name", "")
        )
    give_role(user, program, Role.FACILITATOR)
    facilitator = Facilitator.objects.create(
        program=program,
        user=user,
        staff_id=f"S{n}",
        supervisor=supervisor,
        languages=["English"],
        **fields,
    )
    requirements = make_requirements(program)
    if cleared:
        Certification.objects.create(
            facilitator=facilitator, kind=CertificationKind.FULL, number=f"CPS-{n}",
            issued_on=on, expires_on=through,
        )  # fmt: skip
        for requirement in requirements:
            TrainingRecord.objects.create(
                facilitator=facilitator,
                requirement=requirement,
                completed_on=on,
                expires_on=through,
            )
    return facilitator


def make_participant(
    program: Program,
    *,
    admitted_on: date = date(2026, 1, 5),
    level: str = LevelOfCare.PHP,
    email: str | None = None,
    admitted: bool = True,
    **fields: Any,
) -> Participant:
    """A participant with an open episode; `email` also records the consent to use it."""
    n = next(_n)
    participant = Participant.objects.create(
        organization=program.site.organization,
        record_number=fields.pop("record_number", f"H{n}"),
        first_name=fields.pop("first_name", "Jo"),
        last_name=fields.pop("last_name", f"Participant{n}"),
        **fields,
    )
    if admitted:
        episode = EpisodeOfCare.objects.create(
            participant=participant, program=program, admitted_on=admitted_on
        )
        LevelOfCareChange.objects.create(episode=episode, level=level, from_on=admitted_on)
    if email:
        ContactPoint.objects.create(participant=participant, kind="email", value=email)
        ChannelConsent.objects.create(
            participant=participant, channel="email",
            given_at=datetime(2026, 1, 5, 12, tzinfo=ZoneInfo("UTC")),
        )  # fmt: skip
    return participant


def make_room(program: Program, name: str = "", *, seats: int = 12) -> Room:
    """A room of the program's site."""
    return Room.objects.create(site=program.site, name=name or f"Room {next(_n)}", seats=seats)


def make_group(
    program: Program, name: str = "", *, capacity: int = 12, **fields: Any
) -> SupportGroup:
    """A support group of the catalogue."""
    return SupportGroup.objects.create(
        program=program, name=name or f"Group {next(_n)}", capacity=capacity, **fields
    )


def make_series(
    program: Program,
    *,
    facilitator: Facilitator | None = None,
    co: Facilitator | None = None,
    group: SupportGroup | None = None,
    room: Room | None = None,
    weekdays: tuple[int, ...] = (0,),
    starts: time = time(10),
    ends: time = time(10, 50),
    from_on: date = date(2026, 1, 5),
    until_on: date = date(2026, 12, 31),
    capacity: int = 12,
) -> GroupSeries:
    """A series without its sessions; see `make_session`."""
    series = GroupSeries.objects.create(
        program=program,
        group=group or make_group(program, capacity=capacity),
        room=room or make_room(program),
        weekdays=list(weekdays),
        starts=starts,
        ends=ends,
        zone=program.zone,
        from_on=from_on,
        until_on=until_on,
        capacity=capacity,
    )
    for person, part in ((facilitator, Part.LEAD), (co, Part.CO)):
        if person:
            SeriesFacilitator.objects.create(series=series, facilitator=person, part=part)
    return series


def make_session(series: GroupSeries, day: date, **fields: Any) -> GroupSession:
    """One session of the series on `day` at its wall-clock time, led by the series' facilitators."""
    zone = ZoneInfo(series.zone)
    starts_at = fields.pop("starts_at", datetime.combine(day, series.starts, zone))
    ends_at = fields.pop("ends_at", datetime.combine(day, series.ends, zone))
    session = GroupSession.objects.create(
        program=series.program, series=series, room=fields.pop("room", series.room), local_date=day,
        starts_at=starts_at, ends_at=ends_at, **fields,
    )  # fmt: skip
    for assignment in series.assignments.select_related("facilitator"):
        SessionFacilitator.objects.create(
            session=session, facilitator=assignment.facilitator, person=assignment.facilitator.user,
            part=assignment.part, starts_at=starts_at, ends_at=ends_at,
        )  # fmt: skip
    return session


def enroll(
    series: GroupSeries, participant: Participant, *, from_on: date | None = None, **fields: Any
) -> Enrollment:
    """A place in the series."""
    return Enrollment.objects.create(
        program=series.program,
        series=series,
        participant=participant,
        episode=participant.episodes.first(),
        from_on=from_on or series.from_on,
        **fields,
    )


def days(n: int) -> timedelta:
    """`n` days."""
    return timedelta(days=n)


def make_goal(
    participant: Participant, by: User, words: str = "Evenings of my own.", **fields: Any
) -> Goal:
    """An open goal in the person's own words."""
    day = fields.pop("named_on", date(2026, 1, 5))
    return Goal.objects.create(
        participant=participant, words=words, named_on=day, state_on=day, written_by=by, **fields
    )
