"""The supervisor's pages."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from phpsupport.access.roles import Role
from phpsupport.audit.models import AuditEvent
from phpsupport.programs.models import PolicyProfile
from phpsupport.users.models import User
from sessions.actions.addenda import add_addendum, void_note
from sessions.actions.review import cosign_note, return_note
from sessions.models import (
    Addendum,
    Cosignature,
    CosignatureDecision,
    GroupNote,
    NoteVoid,
    ProgressNote,
)
from tests.factories import PASSWORD, make_facilitator, make_group, make_program, make_staff
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


def page(world: World) -> str:
    return reverse("sessions:review", args=[world.session.pk])


def test_the_queue_and_its_empty_state() -> None:
    world = make_world(2)
    client = signed_in(world.supervisor)
    queue = reverse("sessions:review-queue")
    assert "Nothing waits for you" in client.get(queue).content.decode()
    world.signed()
    body = client.get(queue).content.decode()
    assert "3 notes wait" in body
    assert "Marisol" not in body
    assert "sister" not in body


@pytest.mark.parametrize(
    ("who", "status"),
    [("facilitator", 403), ("scheduler", 403), ("other_supervisor", 404), ("stranger", 404), ("lead", 200)],
)  # fmt: skip
def test_who_opens_the_review(who: str, status: int) -> None:
    world = make_world(2)
    world.signed()
    by = {
        "facilitator": lambda: world.leader,
        "scheduler": lambda: make_staff(world.program, Role.SCHEDULER),
        "other_supervisor": lambda: make_staff(world.program, Role.SUPERVISOR),
        "stranger": lambda: make_staff(make_program(), Role.SUPERVISOR),
        "lead": lambda: make_staff(world.program, Role.PROGRAM_LEAD),
    }[who]()
    client = signed_in(by)
    assert client.get(page(world)).status_code == status
    if status != 200:
        assert client.post(page(world), {"secret": PASSWORD}).status_code == status


def test_opening_is_noted_for_each_note() -> None:
    world = make_world(2)
    world.signed()
    signed_in(world.supervisor).get(page(world))
    read = AuditEvent.objects.filter(action="note.read", actor_id=world.supervisor.pk)
    assert read.count() == 3


def test_cosigning_what_was_read() -> None:
    world = make_world(2)
    notes = world.signed().notes
    client = signed_in(world.supervisor)
    read = client.get(page(world)).context["read"]
    data = {"read": read, "secret": PASSWORD, "note": [str(notes[0].pk)]}
    answer = client.post(page(world), data)
    assert answer.headers["Location"] == f"{page(world)}?author={world.leader.pk}"
    assert Cosignature.objects.get().group_note_id == notes[0].pk
    data["note"] = [str(n.pk) for n in notes[1:]]
    answer = client.post(page(world), data)
    assert answer.headers["Location"] == reverse("sessions:review-queue")
    assert Cosignature.objects.count() == 3


@pytest.mark.parametrize(
    "fault", ["unread", "forged", "somebody_elses", "none", "password", "twice"]
)
def test_no_cosignature_without_reading_choosing_and_the_password(fault: str) -> None:
    world = make_world(2)
    notes = world.signed().notes
    client = signed_in(world.supervisor)
    data: dict[str, Any] = {
        "read": client.get(page(world)).context["read"], "secret": PASSWORD,
        "note": [str(notes[0].pk)],
    }  # fmt: skip
    match fault:
        case "unread":
            data["read"] = ""
        case "forged":
            data["read"] = data["read"][:-3] + "abc"
        case "somebody_elses":
            lead = signed_in(make_staff(world.program, Role.PROGRAM_LEAD))
            data["read"] = lead.get(page(world)).context["read"]
        case "none":
            data["note"] = []
        case "password":
            data["secret"] = "wrong"
        case "twice":
            client.post(page(world), data)
    answer = client.post(page(world), data)
    assert answer.status_code == 422
    assert "Nothing was cosigned." in answer.content.decode()
    assert Cosignature.objects.count() == (1 if fault == "twice" else 0)


def test_returning_with_a_comment() -> None:
    world = make_world(2)
    note = world.signed().parts[0]
    client = signed_in(world.supervisor)
    address = reverse("sessions:return", args=["progress", note.pk])
    assert client.get(address).status_code == 200
    assert client.post(address, {"comment": ""}).status_code == 422
    assert client.post(address, {"comment": "What next?"}).status_code == 302
    assert Cosignature.objects.get().decision == CosignatureDecision.RETURNED
    assert client.post(address, {"comment": "Again."}).status_code == 422
    seen = signed_in(world.leader).get(
        reverse("sessions:notes-of-session", args=[world.session.pk])
    )
    assert "What next?" in seen.content.decode()


@pytest.mark.parametrize("who", ["supervisor", "lead"])
def test_who_reviews_may_add_to_every_note_that_is_not_void(who: str) -> None:
    world = make_world(2)
    group, first, second = world.signed().notes
    by = world.supervisor if who == "supervisor" else make_staff(world.program, Role.PROGRAM_LEAD)
    client = signed_in(by)

    def offered() -> dict[Any, tuple[str, str]]:
        body = client.get(page(world)).content.decode()
        kinds = {group.pk: "group", first.pk: "progress", second.pk: "progress"}
        return {
            pk: addresses for pk, kind in kinds.items()
            if (addresses := (reverse("sessions:addendum", args=[kind, pk]),
                              reverse("sessions:void", args=[kind, pk])))
            and all(f'href="{address}"' in body for address in addresses)
        }  # fmt: skip

    assert offered().keys() == {group.pk, first.pk, second.pk}
    cosign_note(note=group, by=by, at=AFTER)
    return_note(note=first, comment="More?", by=by, at=AFTER)
    add, void = offered()[first.pk]
    answer = client.post(add, {"reason": "Seen", "words": "We talked about it."})
    assert answer.headers["Location"] == f"{page(world)}#note-{first.pk}"
    assert client.post(void, {"reason": "Another session."}).status_code == 302
    assert offered().keys() == {group.pk, second.pk}
    assert client.post(void, {"reason": "Again."}).status_code == 422
    assert "We talked about it." in client.get(page(world)).content.decode()


def test_a_name_in_what_is_written_beside_a_note_is_taken_out_or_explained() -> None:
    world = make_world(3)
    note = world.signed().parts[0]
    first, _, bea = (person.pk for person in world.people)
    reason = {f"explain-{first}-{bea}": "It is her sister’s name"}
    for by, name, typed, stored in (
        (
            world.leader,
            "addendum",
            {"reason": "Later", "words": "Her sister Bea called."},
            Addendum,
        ),
        (world.supervisor, "return", {"comment": "What did Bea say?"}, Cosignature),
        (world.supervisor, "void", {"reason": "This was about Bea."}, NoteVoid),
    ):
        client = signed_in(by)
        address = reverse(f"sessions:{name}", args=["progress", note.pk])
        refused = client.post(address, typed)
        assert refused.status_code == 422
        body = refused.content.decode()
        assert "“Bea” may be Bea K. Why does it stay?" in body
        assert "Take the name out above, or say why it stays." in body
        for words in typed.values():
            assert words in body, "what was typed stays"
        assert not stored.objects.exists()
        assert client.post(address, typed | reason).status_code == 302
        assert stored.objects.exists()


def test_what_was_read_is_known_while_a_name_is_explained() -> None:
    world = make_world(3)
    note = world.signed().parts[0]
    client = signed_in(world.supervisor)
    address = reverse("sessions:return", args=["progress", note.pk])
    typed = {"comment": "What did Bea say?", "read": client.get(page(world)).context["read"]}
    assert f'name="read" value="{typed["read"]}"' in client.post(address, typed).content.decode()
    add_addendum(note=note, reason="More", words="Yes.", by=world.leader, at=AFTER)
    first, _, bea = (person.pk for person in world.people)
    reason = {f"explain-{first}-{bea}": "Her sister."}
    refused = client.post(address, typed | reason)
    assert refused.status_code == 422
    assert "Something was added" in refused.content.decode()
    # Whoever has read it by then sends the same words again from here.
    assert typed["read"] not in refused.content.decode()
    assert client.post(address, typed | reason | {"read": ""}).status_code == 302


@pytest.mark.parametrize(("who", "status"), [("author", 403), ("other", 404), ("stranger", 404)])
def test_others_return_nothing(who: str, status: int) -> None:
    world = make_world(2)
    note = world.signed().parts[0]
    by = {
        "author": lambda: world.leader,
        "other": lambda: make_staff(world.program, Role.SUPERVISOR),
        "stranger": lambda: make_staff(make_program(), Role.SUPERVISOR, Role.PROGRAM_LEAD),
    }[who]()
    address = reverse("sessions:return", args=["progress", note.pk])
    assert signed_in(by).post(address, {"comment": "x"}).status_code == status
    assert not Cosignature.objects.exists()


@pytest.mark.parametrize("which", ["queue", "review"])
def test_the_number_of_queries_does_not_grow(
    which: str, django_assert_max_num_queries: Any
) -> None:
    counts = []
    for people in (1, 3):
        world = make_world(people)
        world.mark(*["present"] * people)
        world.write(*["words"] * people)
        world.sign(seen={None: 1, **{p.pk: 1 for p in world.people}})
        for _ in range(people - 1):
            more = make_world(2, program=world.program, group=make_group(world.program))
            type(more.facilitator).objects.filter(pk=more.facilitator.pk).update(
                supervisor=world.supervisor
            )
            more.signed()
        client = signed_in(world.supervisor)
        address = reverse("sessions:review-queue") if which == "queue" else page(world)
        client.get(address)
        with django_assert_max_num_queries(14) as seen:
            assert client.get(address).status_code == 200
        counts.append(len(seen))
    assert counts[0] == counts[1]
    assert counts[0] <= 12, [q["sql"][:90] for q in seen]


def test_a_facilitator_has_no_queue() -> None:
    world = make_world(1)
    make_facilitator(world.program)
    assert signed_in(world.leader).get(reverse("sessions:review-queue")).status_code == 403


def following_session(world: World, name: str, **more: Any) -> World:
    """Another session of the program, of another facilitator of the same supervisor."""
    other = make_world(2, program=world.program, group=make_group(world.program, name))
    type(other.facilitator).objects.filter(pk=other.facilitator.pk).update(
        supervisor=world.supervisor
    )
    other.signed(**more)
    return other


def test_the_queue_says_what_is_late_and_shows_one_author_where_asked() -> None:
    world = make_world(2)
    world.signed()
    late = following_session(world, "Evening Circle", at=AFTER + timedelta(hours=29))
    client = signed_in(world.supervisor)
    queue = reverse("sessions:review-queue")
    body = client.get(queue).content.decode()
    assert "signed 5 hours late" in body
    answer = client.get(queue, {"author": str(late.leader.pk)})
    assert [row.session_id for row in answer.context["rows"]] == [late.session.pk]
    # Whoever asks for nonsense sees everything.
    assert len(client.get(queue, {"author": "x"}).context["rows"]) == 2


def test_the_first_due_stands_first_whenever_it_was_signed() -> None:
    world = make_world(2)
    world.signed()
    PolicyProfile.objects.create(
        program=world.program, effective_from=date(2026, 1, 1), rules={"note_due_hours": 2},
        set_at=AFTER,
    )  # fmt: skip
    sooner = following_session(world, "Evening Circle", at=AFTER + timedelta(hours=1))
    rows = signed_in(world.supervisor).get(reverse("sessions:review-queue")).context["rows"]
    assert [row.session_id for row in rows] == [sooner.session.pk, world.session.pk]


def test_after_the_last_note_of_a_session_the_next_one_comes() -> None:
    world = make_world(2)
    notes = world.signed().notes
    other = following_session(world, "Evening Circle", at=AFTER + timedelta(minutes=1))
    client = signed_in(world.supervisor)
    mine = f"{page(world)}?author={world.leader.pk}"
    theirs = f"{page(other)}?author={other.leader.pk}"
    shown = client.get(mine)
    assert shown.context["after"].session_id == other.session.pk
    data = {"read": shown.context["read"], "secret": PASSWORD}
    first, *rest = (str(note.pk) for note in notes)
    assert client.post(mine, data | {"note": first}).headers["Location"] == mine
    assert client.post(mine, data | {"note": rest}).headers["Location"] == theirs
    # The last one returned leads to the empty queue.
    read = client.get(theirs).context["read"]
    for place, note in enumerate((*ProgressNote.objects.filter(session=other.session),
                                  *GroupNote.objects.filter(session=other.session))):  # fmt: skip
        kind = "group" if isinstance(note, GroupNote) else "progress"
        answer = client.post(
            reverse("sessions:return", args=[kind, note.pk]), {"comment": "More?", "read": read}
        )
        then = theirs if place < 2 else reverse("sessions:review-queue")
        assert answer.headers["Location"] == then


def test_what_was_added_meanwhile_is_read_before_it_is_returned() -> None:
    world = make_world(2)
    note = world.signed().parts[0]
    client = signed_in(world.supervisor)
    read = client.get(page(world)).context["read"]
    add_addendum(note=note, reason="More", words="Yes.", by=world.leader, at=AFTER)
    address = reverse("sessions:return", args=["progress", note.pk])
    answer = client.post(address, {"comment": "What next?", "read": read})
    assert answer.status_code == 422
    assert "Something was added" in answer.content.decode()
    # What was typed is still there, and goes once the addendum was read.
    assert "What next?" in answer.content.decode()
    read = client.get(page(world)).context["read"]
    assert client.post(address, {"comment": "What next?", "read": read}).status_code == 302


def test_a_note_is_shown_with_what_its_state_is_called() -> None:
    world = make_world(2)
    group, first, second = world.signed().notes
    cosign_note(note=group, by=world.supervisor, at=AFTER)
    return_note(note=first, comment="More?", by=world.supervisor, at=AFTER)
    void_note(note=second, reason="Another person.", by=world.leader, at=AFTER)
    shown = signed_in(world.supervisor).get(page(world)).context
    said = {sheet.id: sheet.state_words for sheet in (*shown["group_notes"], *shown["part_notes"])}
    assert said == {group.pk: "cosigned and locked", first.pk: "returned", second.pk: "void"}
    assert shown["waiting"] == 0


@pytest.mark.parametrize("name", ["addendum", "void"])
def test_writing_beside_a_note_costs_the_same_however_much_stands_there(
    name: str, django_assert_max_num_queries: Any
) -> None:
    counts = []
    for entries in (1, 3):
        world = make_world(2)
        note = world.signed().parts[0]
        for n in range(entries):
            add_addendum(note=note, reason=str(n), words="x", by=world.leader, at=AFTER)
        client = signed_in(world.leader)
        address = reverse(f"sessions:{name}", args=["progress", note.pk])
        client.get(address)
        with django_assert_max_num_queries(12) as seen:
            assert client.get(address).status_code == 200
        counts.append(len(seen))
    assert counts[0] == counts[1]
