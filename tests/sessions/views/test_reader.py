"""Reading: one's own part, and nobody else in it."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from participants.models import CareTeamMembership
from phpsupport.access.roles import Role
from phpsupport.users.models import User
from sessions.actions.addenda import void_note
from sessions.actions.review import return_note
from tests.factories import make_facilitator, make_program, make_staff
from tests.sessions.worlds import AFTER, World, make_world

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _that_tuesday() -> Iterator[None]:
    with time_machine.travel(AFTER, tick=False):
        yield


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def treats(world: World, **more: Any) -> User:
    user = make_staff(world.program, Role.CLINICIAN)
    CareTeamMembership.objects.create(
        episode=world.people[0].episodes.get(), user=user, from_on=date(2026, 1, 5), **more
    )
    return user


def record(world: World, which: int = 0) -> str:
    return reverse("sessions:participant-record", args=[world.people[which].pk])


def oneself(world: World, which: int = 0) -> User:
    user = make_staff(world.program, Role.PARTICIPANT)
    world.people[which].user = user
    world.people[which].save()
    return user


@pytest.mark.parametrize(
    ("who", "status"),
    [
        ("care_team", 200), ("leader", 200), ("oneself", 200), ("another_participant", 404),
        ("clinician", 403), ("former_care_team", 403), ("other_leader", 404), ("stranger", 404),
        ("scheduler", 403), ("supervisor", 403),
    ],
)  # fmt: skip
def test_who_reads_a_participants_part(who: str, status: int) -> None:
    world = make_world(2)
    world.signed()
    by = {
        "care_team": lambda: treats(world),
        "leader": lambda: world.leader,
        "oneself": lambda: oneself(world),
        "another_participant": lambda: oneself(world, 1),
        "clinician": lambda: make_staff(world.program, Role.CLINICIAN),
        "former_care_team": lambda: treats(world, until_on=AFTER.date() - timedelta(days=1)),
        "other_leader": lambda: make_facilitator(world.program).user,
        "stranger": lambda: make_staff(make_program(), Role.CLINICIAN),
        "scheduler": lambda: make_staff(world.program, Role.SCHEDULER),
        "supervisor": lambda: world.supervisor,
    }[who]()
    answer = signed_in(by).get(record(world))
    assert answer.status_code == status
    body = answer.content.decode()
    assert ("“I rang my sister.”" in body) is (status == 200)
    assert "“A good day.”" not in body
    assert "Tuấn" not in body


def test_the_participant_sees_what_stands_and_not_the_comments() -> None:
    world = make_world(2)
    first = world.signed().parts[0]
    return_note(note=first, comment="Between us.", by=world.supervisor, at=AFTER)
    client = signed_in(oneself(world))
    body = client.get(record(world)).content.decode()
    assert "Between us." not in body
    assert "988" in body
    assert "Between us." in signed_in(treats(world)).get(record(world)).content.decode()
    void_note(note=first, reason="Wrong person.", by=world.leader, at=AFTER)
    assert "“I rang my sister.”" not in client.get(record(world)).content.decode()


def test_a_leader_of_one_group_reads_only_that_group() -> None:
    world = make_world(2)
    world.signed()
    second = make_facilitator(world.program)
    world.series.assignments.create(facilitator=second, part="co")
    # on the roster from now on, but not one who led that session
    body = signed_in(second.user).get(record(world))
    assert body.status_code == 200
    assert "“I rang my sister.”" not in body.content.decode()


def test_a_sealed_chart_is_closed() -> None:
    world = make_world(2)
    world.signed()
    by = treats(world)
    type(world.people[0]).objects.filter(pk=world.people[0].pk).update(sealed_at=AFTER)
    assert signed_in(by).get(record(world)).status_code == 404
    body = (
        signed_in(world.leader)
        .get(reverse("sessions:notes-of-session", args=[world.session.pk]))
        .content.decode()
    )
    assert "“I rang my sister.”" not in body
    assert "“A good day.”" in body


def test_the_number_of_queries_does_not_grow(django_assert_max_num_queries: Any) -> None:
    from sessions.models import Attendance, ProgressNote
    from tests.factories import make_session

    world = make_world(2)
    world.signed()
    client = signed_in(treats(world))
    client.get(record(world))
    counts = []
    for more in (0, 2):
        for n in range(more):
            session = make_session(world.series, date(2026, 2, 3 + 7 * n))
            Attendance.objects.create(
                program=world.program, session=session, participant=world.people[0],
                status="present", marked_at=AFTER,
            )  # fmt: skip
            ProgressNote.objects.create(
                program=world.program, session=session, participant=world.people[0],
                author=world.leader, signed_at=AFTER, due_at=AFTER, credential="x", digest="0" * 64,
                status="present", minutes=50, own_words=f"words {n}",
            )  # fmt: skip
        with django_assert_max_num_queries(15) as seen:
            assert client.get(record(world)).status_code == 200
        counts.append(len(seen))
    assert counts[0] == counts[1]
    assert counts[0] <= 15, [q["sql"][:100] for q in seen]
