"""What is written beside a signed note names nobody else, or says why: an addendum, why a note is
void or comes back, why a mark changes."""

from datetime import timedelta
from typing import Any

import pytest

from phpsupport.access.roles import Role
from phpsupport.lib.errors import Refused
from sessions.actions.addenda import add_addendum, void_note
from sessions.actions.naming import NamesOthers
from sessions.actions.review import return_note
from sessions.models import EXPLAINED, Addendum, Attendance, Cosignature, NoteVoid, Status
from sessions.queries.signatures import verify
from tests.factories import enroll, make_participant, make_staff
from tests.sessions.worlds import AFTER, World, make_world

pytestmark = pytest.mark.django_db
LATER = AFTER + timedelta(hours=1)
ACTS = ["addendum", "reason of an addendum", "void", "return", "correction"]


def write(world: World, note: Any, act: str, words: str, **more: Any) -> Any:
    """One act beside a note, with these words."""
    if act == "correction":
        return world.mark(Status.ABSENT, at=LATER, why=words, **more)
    shared = {"note": note, "at": LATER} | more
    if act == "addendum":
        return add_addendum(reason="Later", words=words, by=world.leader, **shared)
    if act == "reason of an addendum":
        return add_addendum(reason=words, words="See above.", by=world.leader, **shared)
    if act == "void":
        return void_note(reason=words, by=world.leader, **shared)
    return return_note(comment=words, by=world.supervisor, **shared)


def nothing_was_written() -> bool:
    return not any(model.objects.exists() for model in (Addendum, Cosignature, NoteVoid))


@pytest.mark.parametrize("act", ACTS)
@pytest.mark.parametrize("words", ["It was Bea who said it.", "She met Kowalsky there."])
def test_somebody_elses_name_is_taken_out(act: str, words: str) -> None:
    world = make_world(3)
    note = world.signed().parts[0]
    with pytest.raises(NamesOthers, match=r"may be Bea K\..*say why it stays") as no:
        write(world, note, act, words)
    assert no.value.code == "named"
    assert {finding.about for doubt in no.value.doubts for finding in doubt.findings} == {
        world.people[2].pk
    }
    assert nothing_was_written()
    assert Attendance.objects.get(participant=world.people[0]).status == Status.PRESENT
    write(world, note, act, "Somebody in the group said it.")


@pytest.mark.parametrize("act", ACTS)
def test_ones_own_name_is_no_finding(act: str) -> None:
    world = make_world(3)
    write(world, world.signed().parts[0], act, "Marisol said it.")
    assert not nothing_was_written()


@pytest.mark.parametrize("act", ["addendum", "void", "return"])
def test_beside_the_groups_note_nobody_is_named(act: str) -> None:
    world = make_world(3)
    group = world.signed().group
    with pytest.raises(Refused) as no:
        write(world, group, act, "Marisol opened.")
    assert no.value.code == "named"
    assert nothing_was_written()


@pytest.mark.parametrize("act", ACTS)
def test_a_name_stays_with_a_reason(act: str) -> None:
    world = make_world(3)
    note = world.signed().parts[0]
    words, key = "Her sister Bea called.", f"{world.people[0].pk}:{world.people[2].pk}"
    with pytest.raises(NamesOthers):
        write(world, note, act, words, explained={key: "  "})
    with pytest.raises(NamesOthers):  # a reason for another name
        write(world, note, act, words, explained={f"{world.people[0].pk}:x": "Her sister."})
    write(world, note, act, words, explained={key: "It is her sister’s name"})
    if act in {"void", "return"}:
        entry: Any = (NoteVoid if act == "void" else Cosignature).objects.get()
        text = entry.reason if act == "void" else entry.comment
        assert text == f"{words}\n\n{EXPLAINED}: It is her sister’s name."
    else:
        said, why = Addendum.objects.order_by("at", "automatic")
        if act == "correction":
            said, why = sorted((said, why), key=lambda addendum: addendum.reason)
        assert words in f"{said.reason} {said.words}"
        assert (why.reason, why.words) == (EXPLAINED, "It is her sister’s name")
        assert why.automatic
        assert said.automatic is (act == "correction")
    assert not verify().wrong


def test_an_explained_addendum_sent_twice_stands_once() -> None:
    world = make_world(3)
    note = world.signed().parts[0]
    explained = {f"{world.people[0].pk}:{world.people[2].pk}": "Her sister."}
    first, again = (
        write(world, note, "addendum", "Bea called.", explained=explained) for _ in range(2)
    )
    assert first == again
    assert Addendum.objects.count() == 2


def test_who_came_since_the_session_is_looked_for_too() -> None:
    world = make_world(3)
    note = world.signed().parts[0]
    came = make_participant(world.program, first_name="Renata", last_name="Okafor")
    enroll(world.series, came, from_on=AFTER.date() + timedelta(days=3))
    write(world, note, "addendum", "She talked with Renata.")
    with pytest.raises(NamesOthers):
        write(world, note, "addendum", "She talks with Renata.", at=LATER + timedelta(days=3))


def test_one_reason_is_asked_about_all_marks_that_change_beside_a_note() -> None:
    world = make_world(3)
    world.signed()
    why = "Bea told me."
    with pytest.raises(NamesOthers) as no:
        world.mark(Status.ABSENT, Status.ABSENT, at=LATER, why=why)
    first, second, bea = (person.pk for person in world.people)
    keys = [finding.key for doubt in no.value.doubts for finding in doubt.findings]
    assert keys == [f"{first}:{bea}", f"{second}:{bea}"]
    with pytest.raises(NamesOthers):
        world.mark(Status.ABSENT, Status.ABSENT, at=LATER, why=why, explained={keys[0]: "A song."})
    world.mark(Status.ABSENT, Status.ABSENT, at=LATER, why=why, explained=dict.fromkeys(keys, "x"))
    assert Addendum.objects.filter(automatic=True).count() == 4


def test_a_reason_that_stands_beside_no_note_is_the_sheets_alone() -> None:
    world = make_world(3)
    world.mark(Status.PRESENT, Status.PRESENT)
    world.mark(Status.ABSENT, at=LATER + timedelta(days=4), why="Mixed up with Bea.")
    assert Attendance.objects.get(participant=world.people[0]).why == "Mixed up with Bea."


def test_strangers_are_refused_before_anything_is_looked_for() -> None:
    world = make_world(3)
    note = world.signed().parts[0]
    stranger = make_staff(world.program, Role.SUPERVISOR)
    with pytest.raises(Refused) as no:
        add_addendum(note=note, reason="x", words="Bea.", by=stranger, at=LATER)
    assert no.value.code == "not-allowed"
