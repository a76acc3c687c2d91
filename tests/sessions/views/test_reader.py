"""Reading: one's own part, and nobody else in it."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from participants.models import CareTeamMembership
from phpsupport.access.roles import Role
from phpsupport.users.models import User
from sessions.actions.addenda import add_addendum, void_note
from sessions.actions.handing_over import write_hand_over
from sessions.actions.review import return_note
from sessions.actions.safety import close_concern, raise_concern
from sessions.models import (
    Attendance,
    HandOver,
    HandOverPart,
    ProgressNote,
    ProgressNoteDraft,
    Status,
)
from tests.factories import make_facilitator, make_goal, make_program, make_session, make_staff
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


def test_the_participant_reads_nobody_elses_name_on_their_own_record() -> None:
    world = make_world(3)
    goal = make_goal(world.people[0], world.leader)
    world.mark(Status.PRESENT, Status.PRESENT, Status.PRESENT)
    world.write("“Bea Kowalski and Tuấn helped me.”")
    ProgressNoteDraft.objects.update(goal=goal)
    keys = {f"{world.people[0].pk}:{p.pk}": "Bea asked for it." for p in world.people[1:]}
    signed = world.sign(seen={None: 1, world.people[0].pk: 1}, explained=keys)
    words = "Dana said it and Bea agreed."
    add_addendum(note=signed.parts[0], reason="Later", words=words, by=world.leader, at=AFTER)
    person, other = world.people[0], world.people[2]
    write_hand_over(
        series=world.series, words="A calm group.", by=world.leader, at=AFTER,
        parts={person.pk: "Sits beside Bea Kowalski."},
        explained={f"{person.pk}:{other.pk}": "She asked for it."},
    )  # fmt: skip
    raised = raise_concern(
        session=world.session,
        participant=person,
        by=world.leader,
        at=AFTER,
    )
    lead = make_staff(world.program, Role.PROGRAM_LEAD)
    close_concern(concern=raised, words="Rang Bea, then the family.", by=lead, at=AFTER)
    own = signed_in(oneself(world)).get(record(world)).content.decode()
    for name in ("Kowalski", "Tuấn", "Bea"):
        assert name not in own
    assert "Sits beside [another person]." in own
    assert own.count("“[another person] and [another person] helped me.”") == 2, "with the goal"
    assert "Dana said it and [another person] agreed." in own
    assert "Rang [another person], then the family." in own
    assert "“Bea Kowalski and Tuấn" in signed_in(treats(world)).get(record(world)).content.decode()
    assert ProgressNote.objects.get().own_words == "“Bea Kowalski and Tuấn helped me.”"


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


@pytest.mark.parametrize(("who", "most"), [("care_team", 12), ("leader", 11), ("oneself", 15)])
def test_a_record_costs_the_same_with_more_on_it(who: str, most: int) -> None:
    """One or three sessions, notes, goals with a note about each, hand-overs, safety concerns."""
    world = make_world(2)
    world.signed()
    person = world.people[0]
    by = {
        "care_team": lambda: treats(world),
        "leader": lambda: world.leader,
        "oneself": lambda: oneself(world),
    }[who]()
    lead, client, counts = make_staff(world.program, Role.PROGRAM_LEAD), signed_in(by), []
    shared = {"program": world.program, "participant": person, "status": "present"}
    for n in range(3):
        session = make_session(world.series, date(2026, 2, 3 + 7 * n))
        Attendance.objects.create(session=session, marked_at=AFTER, **shared)
        ProgressNote.objects.create(
            session=session, author=world.leader, signed_at=AFTER, due_at=AFTER, credential="x",
            digest="0" * 64, minutes=50, own_words=f"words {n}", goal=make_goal(person, lead), **shared
        )  # fmt: skip
        told = HandOver.objects.create(
            program=world.program, series=world.series, author=world.leader, at=AFTER, words=""
        )
        HandOverPart.objects.create(hand_over=told, participant=person, words="Tea.")
        raised = raise_concern(session=session, participant=person, by=world.leader, at=AFTER)
        close_concern(concern=raised, words="We talked.", by=lead, at=AFTER)
        if n == 1:
            continue
        client.get(record(world))
        with CaptureQueriesContext(connection) as seen:
            page = client.get(record(world))
        told_of = page.context["record"]
        assert len(told_of.notes) == n + 2
        assert [len(about.notes) for about in told_of.goals] == [1] * (n + 1)
        assert len(page.context["on_record"]) == n + 1
        counts.append(len(seen))
    # Session, person, roles; whom it is about, marks, goals, notes and what stands beside them,
    # hand-overs, concerns, the trail; for the care team also the nameless parts; for oneself
    # whose names are taken out, and what every page of a participant asks: whether there is a record,
    # and the crisis line.
    assert counts == [most, most], "\n".join(q["sql"][:60] + q["sql"][-90:] for q in seen)
