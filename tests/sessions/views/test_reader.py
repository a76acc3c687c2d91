"""Reading: one's own part, and nobody else in it."""

import json
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any
from uuid import uuid4

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from participants.models import CareTeamMembership
from phpsupport.access.roles import Role
from phpsupport.audit.models import AuditEvent
from phpsupport.users.models import User
from sessions.actions.addenda import add_addendum, void_note
from sessions.actions.export import export_record
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
from tests.factories import (
    enroll,
    make_facilitator,
    make_goal,
    make_participant,
    make_program,
    make_session,
    make_staff,
)
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
    void_note(note=first, reason="Wrong person.", by=world.leader, at=AFTER)
    assert "“I rang my sister.”" not in client.get(record(world)).content.decode()


def notes_page(world: World) -> str:
    return reverse("sessions:notes-of-session", args=[world.session.pk])


def second_leader(world: World) -> User:
    """Leads the session and its series together with the author, from the first day on."""
    second = make_facilitator(world.program, first_name="Ana")
    world.series.assignments.create(facilitator=second, part="co", from_on=date(2026, 1, 5))
    world.session.assignments.create(
        facilitator=second, person=second.user, part="co",
        starts_at=world.session.starts_at, ends_at=world.session.ends_at,
    )  # fmt: skip
    return second.user


def test_a_comment_is_between_the_author_and_who_answers_for_the_note() -> None:
    world = make_world(2)
    first = world.signed().parts[0]
    return_note(note=first, comment="Between us.", by=world.supervisor, at=AFTER)
    second = second_leader(world)
    for by, page in (
        (treats(world), record(world)), (second, record(world)), (second, notes_page(world)),
    ):  # fmt: skip
        body = signed_in(by).get(page).content.decode()
        assert "“I rang my sister.”" in body
        assert "Between us." not in body
        assert "Returned with a comment" not in body
    for page in (record(world), notes_page(world)):
        assert "Between us." in signed_in(world.leader).get(page).content.decode()


def test_of_a_void_note_others_read_only_that_it_is() -> None:
    world = make_world(2)
    note = world.signed().parts[0]
    void_note(note=note, reason="About another person.", by=world.supervisor, at=AFTER)
    second = second_leader(world)
    for by, page in (
        (treats(world), record(world)), (second, record(world)), (second, notes_page(world)),
    ):  # fmt: skip
        body = signed_in(by).get(page).content.decode()
        for words in ("I rang my sister", "About another person.", world.supervisor.name):
            assert words not in body, words
        assert "Declared void" in body
        assert "Tue 3 Mar, 11:00" in body
        assert f"Signed by {world.leader.name}" in body
    read = AuditEvent.objects.filter(action__in=["record.read", "note.read"], object_id=note.pk)
    assert not read.exists(), "its words were shown to nobody"
    for page in (record(world), notes_page(world)):
        body = signed_in(world.leader).get(page).content.decode()
        assert "I rang my sister" in body
        assert "About another person." in body
    assert read.exists()


def test_what_is_void_has_no_part_of_the_group_beside_it() -> None:
    world = make_world(2)
    note = world.signed().parts[0]
    by = treats(world)
    assert "We opened with a round." in signed_in(by).get(record(world)).content.decode()
    void_note(note=note, reason="About another person.", by=world.leader, at=AFTER)
    assert "We opened with a round." not in signed_in(by).get(record(world)).content.decode()


def test_ones_own_record_and_the_file_of_it_leave_out_the_same_names() -> None:
    """Of notes to which nothing was added, too; of who left before, of who is only in the program."""
    world = make_world(3)
    person = world.people[0]
    gone = make_participant(world.program, first_name="Olu", last_name="Falana")
    enroll(world.series, gone, until_on=AFTER.date() - timedelta(days=30))
    make_participant(world.program, first_name="Ines", last_name="Abara")
    world.mark(Status.PRESENT, Status.PRESENT, Status.PRESENT)
    words = "“Bea, Olu and Ines Abara helped me; Ines did not.”"
    world.write("“Fine.”")
    world.sign(seen={None: 1, person.pk: 1})
    told = {
        "session": make_session(world.series, AFTER.date() - timedelta(days=7)),
        "program": world.program, "participant": person, "status": "present", "minutes": 50,
        "author": world.leader, "signed_at": AFTER, "due_at": AFTER, "credential": "x",
        "digest": "0" * 64,
    }  # fmt: skip
    goal = make_goal(person, world.leader, words="To cook with Bea.")
    ProgressNote.objects.create(own_words=words, goal=goal, **told)  # from before names were asked
    mine = oneself(world)
    own = signed_in(mine).get(record(world)).content.decode()
    clean = "“[another person], [another person] and [another person] helped me; Ines did not.”"
    assert own.count(clean) == 2, "with the goal"
    assert "To cook with [another person]." in own
    made = export_record(
        key=uuid4(), participant=person, program=world.program, parts=["notes", "goals"],
        kind="json", by=mine, at=AFTER,
    )  # fmt: skip
    file = json.loads(made.content)
    assert clean in {note["own_words"] for note in file["notes"]}
    assert [goal["words"] for goal in file["goals"]] == ["To cook with [another person]."]
    assert file["left_out"]["names_replaced"] == 4


def test_the_participant_reads_nobody_elses_name_on_their_own_record() -> None:
    world = make_world(3)
    goal = make_goal(world.people[0], world.leader)
    world.mark(Status.PRESENT, Status.PRESENT, Status.PRESENT)
    world.write("“Bea Kowalski and Tuấn helped me.”")
    ProgressNoteDraft.objects.update(goal=goal)
    keys = {f"{world.people[0].pk}:{p.pk}": "Bea asked for it." for p in world.people[1:]}
    signed = world.sign(seen={None: 1, world.people[0].pk: 1}, explained=keys)
    words = "Dana said it and Bea agreed."
    person, other = world.people[0], world.people[2]
    add_addendum(
        note=signed.parts[0], reason="Later", words=words, by=world.leader, at=AFTER,
        explained={f"{person.pk}:{other.pk}": "Bea wanted it said."},
    )  # fmt: skip
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
