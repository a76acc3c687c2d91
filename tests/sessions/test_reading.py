"""Who reads which note: every role and relation, before, on and after the first day."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

import pytest
import time_machine

from facilitators.models import Facilitator
from participants.models import CareTeamMembership, Participant
from phpsupport.access.roles import Role
from phpsupport.programs.models import Program
from phpsupport.users.models import User
from sessions.models import (
    Attendance,
    GroupNote,
    GroupSeries,
    GroupSession,
    ProgressNote,
    SeriesFacilitator,
)
from tests.factories import (
    enroll,
    make_facilitator,
    make_participant,
    make_program,
    make_series,
    make_session,
    make_staff,
)

pytestmark = pytest.mark.django_db

FIRST = date(2026, 3, 10)  # a Tuesday: the first day of the new facilitator
BEFORE, ON, AFTER = "before", "on the first day", "after"
# An evening group: in UTC each of its sessions is on the next day.
DAYS = {BEFORE: FIRST - timedelta(days=1), ON: FIRST, AFTER: FIRST + timedelta(days=7)}
NOW = datetime(2026, 3, 20, 15, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _then() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


@dataclass
class World:
    program: Program
    supervisor: User
    old: Facilitator
    colleague: Facilitator
    series: GroupSeries
    person: Participant
    sessions: dict[str, GroupSession]


def build() -> World:
    """Somebody led until the first day, a colleague covered every session from then on."""
    program = make_program()
    supervisor = make_staff(program, Role.SUPERVISOR)
    old = make_facilitator(program, supervisor=supervisor)
    colleague = make_facilitator(program)
    series = make_series(
        program, facilitator=old, weekdays=(0, 1), starts=time(20), ends=time(20, 50)
    )
    person = make_participant(program)
    enroll(series, person)
    sessions = {when: make_session(series, day) for when, day in DAYS.items()}
    for when, session in sessions.items():
        author = old if when == BEFORE else colleague
        if author is colleague:
            session.assignments.all().delete()
            session.assignments.create(
                facilitator=author, person=author.user, part="lead",
                starts_at=session.starts_at, ends_at=session.ends_at,
            )  # fmt: skip
        shared = {
            "program": program, "session": session, "author": author.user, "signed_at": NOW,
            "due_at": NOW, "credential": "x", "digest": "0" * 64,
        }  # fmt: skip
        ProgressNote.objects.create(participant=person, status="present", minutes=50, **shared)
        GroupNote.objects.create(
            started_at=session.starts_at, ended_at=session.ends_at, present=1, expected=1, **shared
        )
        Attendance.objects.create(
            program=program, session=session, participant=person, status="present", marked_at=NOW
        )
    series.assignments.all().delete()
    return World(program, supervisor, old, colleague, series, person, sessions)


def leads_from(world: World, first: date | None = FIRST, **fields: object) -> User:
    new = make_facilitator(world.program, **fields)  # type: ignore[arg-type]
    SeriesFacilitator.objects.create(series=world.series, facilitator=new, from_on=first)
    return new.user


def leads_what_nobody_is_in(world: World) -> User:
    user = leads_from(world)
    world.series.enrollments.update(until_on=NOW.date() - timedelta(days=2))
    return user


def covered_once_then_leads(world: World) -> User:
    """Covering a session long before does not move the first day; that session stays readable."""
    user = leads_from(world)
    new = Facilitator.objects.get(user=user)
    early = world.sessions[BEFORE]
    early.moved = True
    early.save()
    early.assignments.create(
        facilitator=new, person=user, part="co", starts_at=early.starts_at, ends_at=early.ends_at,
        active=False,
    )  # fmt: skip
    return user


def treats(world: World) -> User:
    user = make_staff(world.program, Role.CLINICIAN)
    CareTeamMembership.objects.create(
        episode=world.person.episodes.get(), user=user, from_on=date(2026, 1, 5)
    )
    return user


def oneself(world: World) -> User:
    user = make_staff(world.program, Role.PARTICIPANT)
    world.person.user = user
    world.person.save()
    return user


ALL, NONE = {BEFORE, ON, AFTER}, set[str]()
# Who: the notes about the person that they read, and the group notes.
TABLE: list[tuple[str, Callable[[World], User], set[str], set[str]]] = [
    ("leads from the first day", leads_from, {ON, AFTER}, {ON, AFTER}),
    ("leads from the day after", lambda w: leads_from(w, FIRST + timedelta(1)), {AFTER}, {AFTER}),
    ("leads from the day before", lambda w: leads_from(w, FIRST - timedelta(1)), ALL, ALL),
    ("on the series without a day or a session", lambda w: leads_from(w, None), NONE, NONE),
    ("leads, nobody has a place any more", leads_what_nobody_is_in, NONE, {ON, AFTER}),
    ("covered once, leads later", covered_once_then_leads, {ON, AFTER}, {ON, AFTER}),
    ("stopped on the first day", lambda w: w.old.user, {BEFORE}, {BEFORE}),
    ("covered two sessions", lambda w: w.colleague.user, {ON, AFTER}, {ON, AFTER}),
    ("another facilitator", lambda w: make_facilitator(w.program).user, NONE, NONE),
    ("supervisor of who stopped", lambda w: w.supervisor, {BEFORE}, {BEFORE}),
    ("another supervisor", lambda w: make_staff(w.program, Role.SUPERVISOR), NONE, NONE),
    ("care team", treats, ALL, ALL),
    ("another clinician", lambda w: make_staff(w.program, Role.CLINICIAN), NONE, NONE),
    ("oneself", oneself, ALL, NONE),
    ("another participant", lambda w: make_staff(w.program, Role.PARTICIPANT), NONE, NONE),
    ("scheduler", lambda w: make_staff(w.program, Role.SCHEDULER), NONE, NONE),
    ("program lead", lambda w: make_staff(w.program, Role.PROGRAM_LEAD), NONE, NONE),
    ("privacy officer", lambda w: make_staff(w.program, Role.PRIVACY_OFFICER), NONE, NONE),
    ("administrator", lambda w: make_staff(w.program, Role.ADMINISTRATOR), NONE, NONE),
    ("facilitator elsewhere", lambda w: make_facilitator(make_program()).user, NONE, NONE),
]  # fmt: skip


@pytest.mark.parametrize(("who", "parts", "groups"), [row[1:] for row in TABLE], ids=[r[0] for r in TABLE])  # fmt: skip
def test_who_reads_which_note(
    who: Callable[[World], User], parts: set[str], groups: set[str]
) -> None:
    world = build()
    user = who(world)
    for model, expected in ((ProgressNote, parts), (GroupNote, groups)):
        rows = model.objects.visible_to(user)
        for when, session in world.sessions.items():
            listed = rows.filter(session=session)
            assert listed.exists() is (when in expected), (model.__name__, when)
            # One rule for the list and the single row.
            one = model.objects.get(session=session)
            assert rows.filter(pk=one.pk).exists() is (when in expected)


def test_a_sealed_chart_is_read_by_nobody() -> None:
    world = build()
    world.person.sealed_at = NOW
    world.person.save()
    for user in (leads_from(world), treats(world), world.old.user):
        assert not ProgressNote.objects.visible_to(user).exists()


def test_who_stopped_does_not_read_what_a_colleague_signed_beside_them() -> None:
    world = build()
    session = world.sessions[BEFORE]
    ProgressNote.objects.create(
        program=world.program, session=session, participant=make_participant(world.program),
        author=world.colleague.user, signed_at=NOW, due_at=NOW, credential="x", digest="0" * 64,
        status="present", minutes=50,
    )  # fmt: skip
    seen = ProgressNote.objects.visible_to(world.old.user)
    assert [note.author_id for note in seen] == [world.old.user_id]


def test_who_leads_it_until_a_day_reads_until_then_and_what_they_signed_after() -> None:
    world = build()
    new = Facilitator.objects.get(user=leads_from(world))
    for last, reads in ((NOW.date(), {ON, AFTER}), (NOW.date() - timedelta(days=1), set())):
        world.series.assignments.update(until_on=last)
        user = User.objects.get(pk=new.user_id)
        notes = GroupNote.objects.visible_to(user).values_list("session_id", flat=True)
        assert {when for when, s in world.sessions.items() if s.pk in notes} == reads
