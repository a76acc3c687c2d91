"""Cosigned once, or returned until it is right."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection

from phpsupport.access.roles import Role
from phpsupport.lib.errors import Refused
from phpsupport.outbox.models import OutboxMessage
from sessions import digest
from sessions.actions.addenda import add_addendum, void_note
from sessions.actions.beside import add_beside
from sessions.actions.review import cosign_note, return_note
from sessions.models import EXPLAINED, Addendum, Cosignature, GroupNote, ProgressNote, Status
from sessions.queries.notes import beside, needs_an_answer, returned_notes, state_of
from sessions.queries.review import review_queue, waiting_by_author
from sessions.queries.signatures import verify
from tests.factories import give_role, make_group, make_program, make_staff
from tests.sessions.worlds import AFTER, make_world

pytestmark = pytest.mark.django_db
LATER = AFTER + timedelta(hours=1)


def test_a_cosignature_stands_over_the_words() -> None:
    world = make_world(2)
    note = world.signed().parts[0]
    answer = cosign_note(note=note, by=world.supervisor, at=LATER)
    assert answer.digest == digest.cosignature_digest(answer, note.digest, [])
    assert note.pk not in needs_an_answer(ProgressNote).values_list("pk", flat=True)
    assert not verify().wrong


def test_a_note_is_cosigned_once() -> None:
    world = make_world(2)
    note = world.signed().parts[0]
    cosign_note(note=note, by=world.supervisor, at=LATER)
    for act, more in ((cosign_note, {}), (return_note, {"comment": "x"})):
        with pytest.raises(Refused) as fault:
            act(note=note, by=world.supervisor, at=LATER, **more)
        assert fault.value.code == "cosigned"
    assert Cosignature.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_of_two_cosignatures_at_once_one_stands() -> None:
    world = make_world(2)
    lead = make_staff(world.program, Role.PROGRAM_LEAD)
    note = world.signed().parts[0]

    def answer(by: object) -> str:
        try:
            cosign_note(note=note, by=by, at=LATER)  # type: ignore[arg-type]
        except Refused as refusal:
            return refusal.code
        finally:
            connection.close()
        return "given"

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(answer, [world.supervisor, lead])) == ["cosigned", "given"]


def test_only_the_supervisor_or_the_program_lead_cosigns_and_never_their_own() -> None:
    world = make_world(2)
    first, second = world.signed().parts
    give_role(world.leader, world.program, Role.SUPERVISOR)
    give_role(world.leader, world.program, Role.PROGRAM_LEAD)
    others = [
        world.leader,
        make_staff(world.program, Role.SUPERVISOR),
        make_staff(world.program, Role.CLINICIAN, Role.SCHEDULER),
        make_staff(make_program(), Role.SUPERVISOR, Role.PROGRAM_LEAD),
    ]
    for by in others:
        with pytest.raises(Refused) as fault:
            cosign_note(note=first, by=by, at=LATER)
        assert fault.value.code == "not-allowed"
    cosign_note(note=first, by=world.supervisor, at=LATER)
    cosign_note(note=second, by=make_staff(world.program, Role.PROGRAM_LEAD), at=LATER)


def test_a_returned_note_waits_for_its_author_then_again_for_the_supervisor() -> None:
    world = make_world(2)
    note = world.signed().parts[0]
    with pytest.raises(Refused, match="what is missing"):
        return_note(note=note, comment=" ", by=world.supervisor, at=LATER)
    return_note(note=note, comment="What happens on Friday?", by=world.supervisor, at=LATER)
    assert OutboxMessage.objects.get(kind="note_returned").recipient_id == world.leader.pk
    assert list(returned_notes(ProgressNote).values_list("pk", flat=True)) == [note.pk]
    assert note.pk not in needs_an_answer(ProgressNote).values_list("pk", flat=True)
    with pytest.raises(Refused, match="waits for its author"):
        cosign_note(note=note, by=world.supervisor, at=LATER)
    add_addendum(
        note=note, reason="Your question", words="She calls.", by=world.leader,
        at=LATER + timedelta(minutes=1),
    )  # fmt: skip
    assert not returned_notes(ProgressNote).exists()
    assert note.pk in needs_an_answer(ProgressNote).values_list("pk", flat=True)
    answer = cosign_note(note=note, by=world.supervisor, at=LATER + timedelta(minutes=2))
    assert answer.digest != digest.cosignature_digest(answer, note.digest, [])
    assert not verify().wrong


def where(note: Any) -> set[str]:
    """Where a note stands: read as one row, and counted by the database."""
    found = {state_of(note, beside([note])[note.pk])}
    model = type(note)
    for state, rows in (("waiting", needs_an_answer(model)), ("returned", returned_notes(model))):
        if rows.filter(pk=note.pk).exists():
            found.add(state)
    return found


@pytest.mark.parametrize("kind", ["group", "progress"])
@pytest.mark.parametrize(
    ("what", "state"),
    [
        ("the scheduler corrects attendance", "returned"),
        ("the author corrects attendance", "returned"),
        ("the supervisor adds", "returned"),
        ("the program lead adds", "returned"),
        ("the author added before", "returned"),
        ("the author adds", "waiting"),
        ("the author corrects and adds", "waiting"),
        ("the author answers the second time", "waiting"),
        ("nobody answers the second time", "returned"),
    ],
)
def test_only_the_authors_own_words_answer_a_comment(kind: str, what: str, state: str) -> None:
    world = make_world(3)
    signed = world.signed()
    note: Any = signed.group if kind == "group" else signed.parts[0]
    lead = make_staff(world.program, Role.PROGRAM_LEAD)
    scheduler = make_staff(world.program, Role.SCHEDULER)
    shown = {"note": note, "reason": "Asked"}
    if what == "the author added before":
        add_addendum(**shown, words="Before.", by=world.leader, at=LATER)
    return_note(note=note, comment="What next?", by=world.supervisor, at=LATER)
    later = LATER + timedelta(minutes=1)
    if "corrects" in what:
        by = scheduler if "scheduler" in what else world.leader
        world.mark(Status.ABSENT, by=by, at=later, why="On the wrong line.")
        if kind == "progress":
            assert Addendum.objects.get(progress_note=note).automatic
    if "supervisor adds" in what:
        add_addendum(**shown, words="Seen.", by=world.supervisor, at=later)
    if "program lead adds" in what:
        add_addendum(**shown, words="Seen.", by=lead, at=later)
    if "author adds" in what or "and adds" in what or "second time" in what:
        add_addendum(**shown, words="She calls.", by=world.leader, at=later)
    if "second time" in what:
        return_note(note=note, comment="And then?", by=world.supervisor, at=later)
    if what == "the author answers the second time":
        add_addendum(**shown, words="On Friday.", by=world.leader, at=later)
    assert where(note) == {state}
    assert not verify().wrong


def test_a_name_explained_beside_an_answer_is_no_second_answer() -> None:
    """What explains a name comes with other words; by itself it answers nothing."""
    world = make_world(3)
    note = world.signed().parts[0]
    return_note(note=note, comment="What next?", by=world.supervisor, at=LATER)
    add_beside([(note, EXPLAINED, "Her sister.")], by=world.leader, at=LATER)
    assert where(note) == {"returned"}


def test_neither_void_nor_final_notes_are_cosigned() -> None:
    world = make_world(2)
    note = world.signed().parts[0]
    void_note(note=note, reason="Wrong person.", by=world.leader, at=LATER)
    plain = make_world(2, stage="active")
    final = plain.signed().parts[0]
    for which, supervisor, code in (
        (note, world.supervisor, "void"),
        (final, plain.supervisor, "final"),
    ):
        with pytest.raises(Refused) as fault:
            cosign_note(note=which, by=supervisor, at=LATER)
        assert fault.value.code == code


def test_the_queue_is_ordered_by_due_time_and_holds_only_ones_own() -> None:
    world = make_world(2)
    world.signed()
    other = make_world(2, program=world.program, group=make_group(world.program))
    other.signed()
    rows = review_queue(user=world.supervisor, program=world.program, at=LATER)
    assert [(r.session_id, r.notes, r.author) for r in rows] == [
        (world.session.pk, 3, world.leader.name)
    ]
    lead = make_staff(world.program, Role.PROGRAM_LEAD)
    assert len(review_queue(user=lead, program=world.program, at=LATER)) == 2
    assert waiting_by_author(world.program.pk, [world.leader.pk]) == {world.leader.pk: 3}


def test_nothing_waits_once_everything_is_answered() -> None:
    world = make_world(2)
    for note in world.signed().notes:
        cosign_note(note=note, by=world.supervisor, at=LATER)
    assert review_queue(user=world.supervisor, program=world.program, at=LATER) == []
    assert not needs_an_answer(GroupNote).exists()
